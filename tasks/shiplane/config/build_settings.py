"""The settings of a lane's build besides Dockerfile and context: target, build args, labels, secrets, cache, proofs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, TypedDict

from shiplane.config.keys import build as forms
from shiplane.config.placeholders import check_placeholders, resolve_placeholders
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.core.schema.tables import Key, OneOf, Table
from shiplane.core.schema.values import Boolean, Choice, Either, Named, Text

# What buildx takes from an Actions job for `type=gha` (buildx util/buildflags/cache.go); the token is a secret.
GHA_TOKEN = "ACTIONS_RUNTIME_TOKEN"  # noqa: S105 -- the name of a variable
GHA_VARIABLES = (GHA_TOKEN, "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL", "ACTIONS_CACHE_SERVICE_V2")


@dataclass(frozen=True, kw_only=True)
class BuildArg:
    """One ``ARG`` of a Dockerfile: a value, maybe with placeholders, or the variable of the environment that has it."""

    name: str
    value: str = ""
    env: str = ""

    def __str__(self) -> str:
        """As ``--build-arg`` takes it: a name alone means the variable of that name."""
        value = f"${self.env}" if self.env else self.value
        return self.name if self.env == self.name else f"{self.name}={value}"


@dataclass(frozen=True, kw_only=True)
class BuildSecret:
    """What ``RUN --mount=type=secret,id=...`` finds: the content of a variable, or of a file."""

    id: str
    env: Annotated[str, Key("Name of the variable that holds it; it must be set.", forms.VARIABLE)] = ""
    file: Annotated[
        str, Key("Path of the file that holds it, absolute or relative to the project's root.", forms.FILE)
    ] = ""

    def __str__(self) -> str:
        """As ``--secret`` takes it."""
        return f"id={self.id},env={self.env}" if self.env else f"id={self.id},src={self.file}"


@dataclass(frozen=True, kw_only=True)
class Cache:
    """Where layers are cached between builds on different machines.

    Attributes:
        type: ``registry``, ``gha`` or ``local``.
        place: The reference, the scope or the folder; empty in a project file where it is the lane's name.
        mode: ``min``: the layers of the image; ``max``: those of every stage.
    """

    type: str
    place: str = ""
    mode: str = "min"

    def at(self, suffix: str) -> Cache:
        """The cache beside this one for a part of the platforms: two machines must not overwrite each other's."""
        return Cache(type=self.type, place=f"{self.place}-{suffix}", mode=self.mode) if suffix else self

    @property
    def source(self) -> str:
        """As ``--cache-from`` takes it."""
        return f"type={self.type},{_PLACES[self.type][0]}={self.place}"

    @property
    def target(self) -> str:
        """As ``--cache-to`` takes it: since BuildKit 0.28 a fault of the cache would cancel the push otherwise."""
        return f"type={self.type},{_PLACES[self.type][1]}={self.place},mode={self.mode},ignore-error=true"


_PLACES = {"registry": ("ref", "ref"), "gha": ("scope", "scope"), "local": ("src", "dest")}
_BUILD_ARG = Table(
    "build-arg",
    "A build arg whose value comes from a variable.",
    dict,
    lambda: {"env": Key("Name of the variable; it must be set.", forms.PUBLIC_NAME, "env", required=True)},
)
_BUILD_ARGS = Named(
    of=Either((Text(parse=lambda text: {"value": check_placeholders(text)}), _BUILD_ARG)),
    names=forms.PUBLIC_NAME,
    make=lambda args: tuple(BuildArg(name=name, **given) for name, given in args.items()),
)
_SECRETS = Named(
    of=Table.of(
        BuildSecret, "build-secret", "Where a secret comes from: exactly one of the two.", partial=True, one_key=True
    ),
    names=forms.SECRET_ID,
    make=lambda secrets: tuple(BuildSecret(id=name, **given) for name, given in secrets.items()),
)


def _cache(kind: str, place: Key) -> Table:
    mode = Key("min: the layers of the image; max: those of every stage.", forms.MODE, "mode", default="min")
    keys = {"type": Key("Which kind of cache.", Choice.of(kind), "type", required=True), "place": place, "mode": mode}
    return Table(f"{kind}-cache", f"A cache of the type {kind}.", Cache, keys.copy)


_CACHE = OneOf(
    {
        "registry": _cache(
            "registry",
            Key(
                "Where the cache is pushed, with a tag that no lane uses: ghcr.io/<owner>/<name>:cache-main. "
                "Builds for one platform append the platform.",
                forms.CACHE_REFERENCE,
                "ref",
                required=True,
            ),
        ),
        "gha": _cache(
            "gha",
            Key("Scope of the workflow cache. Default: the lane's name.", forms.SCOPE, "scope"),
        ),
        "local": _cache(
            "local",
            Key(
                "Folder, absolute or relative to the project's root; keep it outside the build context.",
                forms.FILE,
                "path",
                required=True,
            ),
        ),
    },
    tag="type",
)


class BuildArgJson(TypedDict):
    """A build arg from the environment."""

    env: Annotated[str, "The variable."]


class CacheJson(TypedDict):
    """Where layers are cached."""

    type: Annotated[str, Choice.of(*_CACHE.tables), "The kind."]
    place: Annotated[str, "The reference, the scope or the folder."]
    mode: Annotated[str, forms.MODE, "Which layers: the image's, or those of every stage."]


class BuildSettingsJson(TypedDict):
    """The settings of the lane's build."""

    target: Annotated[str | None, "Stage of the Dockerfile to build; null for the last one."]
    build_args: Annotated[dict[str, str | BuildArgJson], "Each build arg: its value, or the variable that holds it."]
    labels: Annotated[dict[str, str], "Labels besides those of every release."]
    annotations: Annotated[dict[str, str], "Annotations besides those of every release."]
    secrets: Annotated[list[str], "The ids of build secrets."]
    cache: Annotated[CacheJson | None, "Where layers are cached; null if they are not."]
    provenance: Annotated[str | bool, forms.PROVENANCE, "Level of provenance, or false."]
    sbom: Annotated[bool, "Whether an SBOM is generated."]


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """All settings of a lane's build; ``target`` and ``provenance`` are empty where there is none.

    Attributes:
        asks_for_provenance: Whether the project file itself asks for provenance, which by default is attested as well.
    """

    target: Annotated[str, Key("Stage of the Dockerfile to build. Default: the last one.", forms.TARGET)] = ""
    args: Annotated[
        tuple[BuildArg, ...],
        Key(
            'Build args: a string, or { env = "NAME" } for the value of a variable. {version}, {commit}, {created}, '
            "{git-tag} and {lane} in a string stand for those of the release; {{version}} is the text {version}. "
            "They are public (provenance shows them), so names that look like a secret's are refused.",
            _BUILD_ARGS,
            "build-args",
        ),
    ] = ()
    labels: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            "Labels of the image besides those of every release (source, revision, version, created); placeholders as "
            "in build-args.",
            forms.LABELS,
        ),
    ] = ()
    annotations: Annotated[
        tuple[tuple[str, str], ...],
        Key("Annotations of the index and of each platform's manifest, like labels.", forms.LABELS),
    ] = ()
    secrets: Annotated[
        tuple[BuildSecret, ...],
        Key(
            'Build secrets by id, for RUN --mount=type=secret,id=...: { env = "NAME" } or { file = "path" }. '
            "Only the build sees the variable.",
            _SECRETS,
        ),
    ] = ()
    cache: Annotated[
        Cache | None,
        Key("Where layers are cached between machines. Cache errors never fail a release.", _CACHE),
    ] = None
    provenance: Annotated[
        str,
        Key(
            "Provenance attested for each image, or false. max includes build args. If it is set to min or max, verify "
            "fails for an image of the lane without one.",
            forms.PROVENANCE,
        ),
    ] = "min"
    sbom: Annotated[
        bool,
        Key(
            "Whether each image gets an SBOM; BuildKit pulls a scanner for it. If true, verify fails for an image of "
            "the lane without one.",
            Boolean(),
        ),
    ] = False
    asks_for_provenance: bool = field(default=False, compare=False)

    def resolved(self, values: Mapping[str, str]) -> BuildSettings:
        """The settings of one release: with what the placeholders stand for in it."""

        def resolve(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
            return tuple((key, resolve_placeholders(text, values)) for key, text in pairs)

        args = tuple(replace(arg, value=resolve_placeholders(arg.value, values)) for arg in self.args)
        return replace(self, args=args, labels=resolve(self.labels), annotations=resolve(self.annotations))

    @property
    def attested(self) -> bool:
        """Whether an attestation stands beside each image: then even one platform is pushed as an index."""
        return bool(self.provenance) or self.sbom

    @property
    def uses_files(self) -> bool:
        """Whether it reads or writes files that may be outside the build context."""
        return any(secret.file for secret in self.secrets) or (self.cache is not None and self.cache.type == "local")

    def flags(self) -> list[str]:
        """The same as flags of ``docker buildx build``, for people: values from the environment by name only."""
        target = ["--target", self.target] if self.target else []
        args = [word for arg in self.args for word in ("--build-arg", str(arg))]
        args += [word for key, value in self.labels for word in ("--label", f"{key}={value}")]
        args += [word for key, value in self.annotations for word in ("--annotation", f"index,manifest:{key}={value}")]
        secrets = [word for secret in self.secrets for word in ("--secret", str(secret))]
        cache = ["--cache-from", self.cache.source, "--cache-to", self.cache.target] if self.cache else []
        attest = ["--provenance", f"mode={self.provenance}" if self.provenance else "false"]
        return [*target, *args, *secrets, *cache, *attest, *(["--sbom", "true"] if self.sbom else [])]

    def to_json(self) -> BuildSettingsJson:
        """As JSON values; of what comes from the environment the variable's name, of a secret its id."""
        return {
            "target": self.target or None,
            "build_args": {arg.name: {"env": arg.env} if arg.env else arg.value for arg in self.args},
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "secrets": [secret.id for secret in self.secrets],
            "cache": {"type": self.cache.type, "place": self.cache.place, "mode": self.cache.mode}
            if self.cache
            else None,
            "provenance": self.provenance or False,
            "sbom": self.sbom,
        }


NOTHING_GIVEN = BuildSettings()


def secret_variables(settings: Iterable[BuildSettings]) -> set[str]:
    """The variables that hold build secrets: only the build may see them."""
    return {secret.env for lane in settings for secret in lane.secrets if secret.env}


def needed_variables(settings: Iterable[BuildSettings]) -> set[str]:
    """The variables that the build's own process needs in its environment beyond what every child has."""
    lanes = list(settings)
    cached = GHA_VARIABLES if any(lane.cache and lane.cache.type == "gha" for lane in lanes) else ()
    return {*secret_variables(lanes), *cached}


def check_variables(lane: str, settings: BuildSettings, env: Mapping[str, str]) -> None:
    """Refuse a build that names a variable which is not set: it would get an empty value, and succeed.

    Raises:
        UsageError: Naming lane, setting and variable.
    """
    for key, name, variable in unset_variables(settings, env):
        raise UsageError(
            f"lane {lane}: {key}: {name} comes from {variable}, which is not set",
            remedy=f"Set {variable} in the environment of this command.",
        )


def check_public(lane: str, settings: BuildSettings, private: Collection[str]) -> None:
    """Refuse a build arg that comes from a variable which holds a secret: provenance and history show build args.

    Raises:
        ConfigurationError: Naming lane, build arg and variable.
    """
    for arg in settings.args:
        if arg.env and arg.env in private:
            raise ConfigurationError(
                f"lane {lane}: build-args: {arg.name} comes from {arg.env}, which is a secret as well: build args are "
                "public",
                remedy="Let it come from a variable of its own.",
            )


def unset_variables(settings: BuildSettings, env: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """What comes from a variable that is not set: its key, its name, the variable."""
    named = [("build-args", arg.name, arg.env) for arg in settings.args]
    named += [("secrets", secret.id, secret.env) for secret in settings.secrets]
    return (given for given in named if given[2] and not env.get(given[2]))


def without_unset(settings: BuildSettings, env: Mapping[str, str]) -> BuildSettings:
    """The settings without what comes from a variable that is not set: the Dockerfile's defaults stand for it."""
    unset = {variable for _, _, variable in unset_variables(settings, env)}
    return replace(
        settings,
        args=tuple(arg for arg in settings.args if arg.env not in unset),
        secrets=tuple(secret for secret in settings.secrets if secret.env not in unset),
    )
