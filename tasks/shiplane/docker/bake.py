"""Bake definitions for buildx.

Bake reads JSON strings as HCL templates, so ``${`` and ``%{`` in values must be doubled (buildx docs/bake-reference.md;
HCL "Template Expressions").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from posixpath import relpath
from types import MappingProxyType
from typing import Any

from shiplane.config.build_settings import NOTHING_GIVEN, BuildSettings
from shiplane.config.plan import LanePlan, Plan
from shiplane.registry.oci.names import Platform, Repository

# Ends the name of a dry run's second build of a lane. Two underscores: no lane's target has them.
OTHERS = "__others"
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Build:
    """A bake target: a lane's image for some platforms, with one destination.

    Attributes:
        dockerfile: Relative to the project's root, like ``context``.
        labels: For each image's config.
        annotations: For manifests and index when pushed.
        push: The repository to push to by digest, or None.
        load: The local image name to load it as, or nothing.
    """

    name: str
    dockerfile: str
    context: str
    platforms: tuple[Platform, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    push: Repository | None = None
    load: str = ""
    settings: BuildSettings = NOTHING_GIVEN

    @property
    def target(self) -> str:
        """Its name in bake, where a dot has another meaning (buildx bake/bake.go, validTargetNameChars)."""
        return self.name.replace(".", "_")

    @property
    def cached_at(self) -> str:
        """The location of its cache, or nothing."""
        return self.settings.cache.place if self.settings.cache else ""

    @property
    def without_cache(self) -> Build:
        """The same build with the builder's own cache only."""
        return replace(self, settings=replace(self.settings, cache=None))


def staging(plan: Plan, lanes: Iterable[LanePlan], platforms: Sequence[Platform] | None = None) -> list[Build]:
    """The builds of a release, pushed by digest, for each lane's platforms, or for some of them."""
    return [
        _build(plan, lane, platforms=tuple(platforms or lane.platforms.value), push=lane.repository) for lane in lanes
    ]


def trial(plan: Plan, native: Platform, *, every: bool) -> list[Build]:
    """The builds of a dry run: one platform of each lane is loaded into the local engine.

    Args:
        plan: What a release would build.
        native: The engine's platform: loaded if a lane has it, so that the image can be run; else the lane's first.
        every: Whether the other platforms are built as well.
    """
    builds = []
    for lane_plan in plan.lanes:
        platforms = lane_plan.platforms.value
        first = native if native in platforms else platforms[0]
        others = tuple(platform for platform in platforms if platform != first) if every else ()
        builds.append(_build(plan, lane_plan, platforms=(first,), load=local_name(plan, lane_plan)))
        if others:
            builds.append(_build(plan, lane_plan, platforms=others, name=f"{lane_plan.lane.name}{OTHERS}"))
    return builds


def local_name(plan: Plan, lane_plan: LanePlan) -> str:
    """A dry run's local image name, under ``localhost/`` to differ from anything published.

    It has the registry where two registries have a repository of that path.
    """
    primary = lane_plan.repository
    shared = any(other.path == primary.path for other in plan.primaries if other != primary)
    registry = f"{primary.registry.replace(':', '-')}/" if shared else ""
    return f"localhost/{registry}{primary.path}:{lane_plan.tag}"


def definition(builds: Iterable[Build], env: Mapping[str, str] = _NOTHING) -> dict[str, Any]:
    """The definition as JSON for bake.

    Build args take their values from ``env``; secrets do not, buildx reads them from its own environment.
    """
    targets = {build.target: _target(build, env) for build in builds}
    return {"group": {"default": {"targets": list(targets)}}, "target": targets}


def _build(
    plan: Plan,
    lane_plan: LanePlan,
    *,
    platforms: tuple[Platform, ...],
    name: str = "",
    push: Repository | None = None,
    load: str = "",
) -> Build:
    return Build(
        name=name or lane_plan.lane.name,
        dockerfile=lane_plan.lane.dockerfile,
        context=lane_plan.lane.context,
        platforms=platforms,
        labels=plan.labels(lane_plan),
        annotations=plan.annotations(lane_plan),
        push=push,
        load=load,
        settings=plan.build(lane_plan),
    )


def _target(build: Build, env: Mapping[str, str]) -> dict[str, Any]:
    target: dict[str, Any] = {
        "context": _local_context(build.context),
        "dockerfile": literal(_dockerfile_path(build.context, build.dockerfile)),
        "platforms": [str(platform) for platform in build.platforms],
        "labels": {key: literal(value) for key, value in build.labels.items()},
        "output": [_output(build)],
    }
    if build.push:
        # A single image without attestations is no index, and BuildKit rejects index annotations for it.
        indexed = len(build.platforms) > 1 or build.settings.attested
        target["annotations"] = [
            literal(f"{kind}:{key}={value}")
            for kind in (("index", "manifest") if indexed else ("manifest",))
            for key, value in build.annotations.items()
        ]
    if build.load:
        target["tags"] = [build.load]
    return {**target, **_inputs(build, env), **_cache_options(build), "attest": _attestations(build)}


def _dockerfile_path(context: str, dockerfile: str) -> str:
    """A Dockerfile's path relative to its context, which bake joins (buildx bake/bake.go, toBuildOpt).

    A Dockerfile outside of the context works: BuildKit gets its folder separately, and looks there for
    ``<Dockerfile>.dockerignore``, else for ``.dockerignore`` in the context.
    """
    # Without "./" such a context is taken for a remote there, and nothing is joined.
    return dockerfile if context.startswith("github.com/") else relpath(dockerfile, context)


def _inputs(build: Build, env: Mapping[str, str]) -> dict[str, Any]:
    """Target, build args and secrets."""
    settings = build.settings
    inputs: dict[str, Any] = {"target": literal(settings.target)} if settings.target else {}
    args = {arg.name: literal(env.get(arg.env, "") if arg.env else arg.value) for arg in settings.args}
    inputs |= {"args": args} if args else {}
    inputs |= {"secret": [literal(str(secret)) for secret in settings.secrets]} if settings.secrets else {}
    return inputs


def _cache_options(build: Build) -> dict[str, list[str]]:
    """Cache options; only a push writes to the cache, since a dry run changes nothing shared."""
    cache = build.settings.cache
    if cache is None:
        return {}
    part = cache.at(build.platforms[0].dashed if len(build.platforms) == 1 else "")
    sources = [part.source] if part == cache else [part.source, cache.source]
    return {
        "cache-from": [literal(source) for source in sources],
        **({"cache-to": [literal(part.target)]} if build.push else {}),
    }


def _attestations(build: Build) -> list[str]:
    """Explicit attestations: the defaults differ between BuildKit releases, and with them every digest."""
    settings = build.settings if build.push else BuildSettings(provenance="")
    provenance = f"mode={settings.provenance}" if settings.provenance else "disabled=true"
    return [f"type=provenance,{provenance}", *(["type=sbom"] if settings.sbom else [])]


def _output(build: Build) -> str:
    if build.push:
        # An untagged name and push-by-digest: BuildKit pushes content without a tag. store=false: otherwise a builder
        # with an image store tags it there, and two lanes at once collide on that name ("already exists").
        fixed = "push-by-digest=true,push=true,store=false,oci-mediatypes=true,oci-artifact=false"
        # Plain http, for loopback only, must be allowed explicitly.
        plain = ",registry.insecure=true" if build.push.is_loopback else ""
        return f"type=image,name={literal(str(build.push))},{fixed}{plain}"
    return "type=docker" if build.load else "type=cacheonly"


def _local_context(path: str) -> str:
    """A project folder as an unambiguous context: ``github.com/x`` would be a remote, ``-`` standard input."""
    return literal(path if path == "." else f"./{path}")


def literal(text: str) -> str:
    """Escape a text for bake's templates."""
    return text.replace("${", "$${").replace("%{", "%%{")
