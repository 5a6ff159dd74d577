"""What BuildKit's provenance claims: who built an image, how, from which commit and which other images. Pure.

Sources: SLSA provenance v0.2 and v1; BuildKit docs/attestations/slsa-definitions.md. A dirty tree is named only if
buildx was asked to look for one (``BUILDX_GIT_CHECK_DIRTY``), so a commit without a word about it may be either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict
from urllib.parse import unquote

from shiplane.git.remote_url import without_credentials
from shiplane.verify.attestations.statement import SLSA_02, Statement, table, tables, text

_DIRTY = "-dirty"
_METADATA = "https://mobyproject.org/buildkit@v1#metadata"
_IMAGE, _LABEL = "pkg:docker/", "label:"
# How a statement may call the hash of a commit.
_COMMIT_DIGESTS = ("sha1", "gitCommit", "sha256")
# A multi-stage build has a dozen; more are counted and not listed.
_MOST_MATERIALS = 100


class MaterialJson(TypedDict):
    """Something that the build used: an image, a git repository, a file from the network."""

    uri: Annotated[str, "Its URI: pkg:docker/... for an image."]
    digest: Annotated[str, "Its digest, as algorithm:value; empty if the provenance names none."]


class ProvenanceJson(TypedDict):
    """What a provenance claims."""

    build_type: Annotated[str, "How it was built: the URI that the builder gives for it."]
    builder: Annotated[str | None, "The builder's id; null if it has none, as BuildKit by default."]
    mode: Annotated[str, "max if it has the parameters of the build, else min."]
    commit: Annotated[str | None, "The commit that it was built from; null if it names none."]
    dirty: Annotated[
        bool | None,
        "True if it says that the tree differed from the commit; null if it says nothing, as BuildKit does of any tree "
        "unless BUILDX_GIT_CHECK_DIRTY=1.",
    ]
    source: Annotated[str | None, "The repository of the commit, without credentials; null if it names none."]
    materials: Annotated[list[MaterialJson], {"most": _MOST_MATERIALS}, "What the build used."]
    further_materials: Annotated[int, "How many more of them there are."]
    labels: Annotated[dict[str, str], "The labels that the build was given; with mode max."]


@dataclass(frozen=True)
class Material:
    """Something that the build used; ``digest`` is ``sha256:...``, or empty."""

    uri: str
    digest: str

    @property
    def image(self) -> str:
        """An image as people write it, ``busybox:stable@sha256:...``; empty for anything else."""
        if not self.uri.startswith(_IMAGE):
            return ""
        name, _, tag = unquote(self.uri.removeprefix(_IMAGE).partition("?")[0]).rpartition("@")
        return f"{name or tag}{f':{tag}' if name else ''}{f'@{self.digest[:19]}' if self.digest else ''}"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a provenance claims; a text is empty where it says nothing. See :class:`ProvenanceJson`."""

    build_type: str
    builder: str
    mode: str
    commit: str
    source: str
    dirty: bool = False
    materials: tuple[Material, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> ProvenanceJson:
        """As JSON values."""
        materials = self.materials[:_MOST_MATERIALS]
        return {
            "build_type": self.build_type,
            "builder": self.builder or None,
            "mode": self.mode,
            "commit": self.commit or None,
            "dirty": self.dirty or None,
            "source": self.source or None,
            "materials": [{"uri": material.uri, "digest": material.digest} for material in materials],
            "further_materials": len(self.materials) - len(materials),
            "labels": dict(self.labels),
        }


def parse_provenance(statement: Statement) -> Provenance:
    """The claims of a statement with a provenance of v0.2 or v1.

    Raises:
        ValueError: A part has another type than the specification says.
    """
    return (_slsa_02 if statement.predicate_type == SLSA_02 else _slsa_1)(statement.predicate)


def _slsa_02(predicate: Mapping[str, Any]) -> Provenance:
    parameters = table(predicate, "invocation", "parameters")
    return _provenance(
        build_type=predicate.get("buildType"),
        builder=table(predicate, "builder"),
        is_complete=table(predicate, "metadata", "completeness").get("parameters"),
        vcs=table(predicate, "metadata", _METADATA, "vcs"),
        source=table(predicate, "invocation", "configSource"),
        materials=tables(predicate, "materials"),
        arguments=table(parameters, "args"),
    )


def _slsa_1(predicate: Mapping[str, Any]) -> Provenance:
    definition, details = table(predicate, "buildDefinition"), table(predicate, "runDetails")
    metadata = table(details, "metadata")
    external = table(definition, "externalParameters")
    return _provenance(
        build_type=definition.get("buildType"),
        builder=table(details, "builder"),
        is_complete=table(metadata, "buildkit_completeness").get("request"),
        vcs=table(metadata, "buildkit_metadata", "vcs"),
        source=table(external, "configSource"),
        materials=tables(definition, "resolvedDependencies"),
        arguments=table(external, "request", "args"),
    )


def _provenance(
    *,
    build_type: object,
    builder: Mapping[str, Any],
    is_complete: object,
    vcs: Mapping[str, Any],
    source: Mapping[str, Any],
    materials: Sequence[Mapping[str, Any]],
    arguments: Mapping[str, Any],
) -> Provenance:
    """The claims of either form: a local folder's commit is in ``vcs``, that of a build from git in its source."""
    commit = text(vcs.get("revision")) or _commit_of(table(source, "digest"))
    remote = text(vcs.get("source")) or text(source.get("uri"))
    return Provenance(
        build_type=text(build_type),
        builder=text(builder.get("id")),
        mode="max" if is_complete is True else "min",
        commit=commit.removesuffix(_DIRTY),
        dirty=commit.endswith(_DIRTY),
        source=without_credentials(remote),
        materials=tuple(Material(text(each.get("uri")), _digest_of(table(each, "digest"))) for each in materials),
        labels={key.removeprefix(_LABEL): text(value) for key, value in arguments.items() if key.startswith(_LABEL)},
    )


def _commit_of(digests: Mapping[str, Any]) -> str:
    return next((text(digests[name]) for name in _COMMIT_DIGESTS if name in digests), "")


def _digest_of(digests: Mapping[str, Any]) -> str:
    return next((f"{name}:{text(value)}" for name, value in digests.items()), "")
