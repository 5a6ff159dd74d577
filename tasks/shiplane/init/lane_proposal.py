"""The lanes that follow from the images that workflows publish, and from Dockerfiles where no workflow says more."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from shiplane.config.lane import BUILT_IN, NAME, Lane
from shiplane.config.names.version_schemes import Scheme
from shiplane.config.names.version_tag import PLACEHOLDER
from shiplane.init.facts import Facts
from shiplane.init.git_tags import forms_of_tags, scheme_of, versions_among
from shiplane.init.proposal import Entry, ProposedTable
from shiplane.init.toml_text import Value
from shiplane.init.workflows.published_image import PublishedImage, dockerfile_suffix
from shiplane.init.workflows.tag_rules import FloatingRule

_BY_DOCKERFILE = {lane.dockerfile: lane for lane in BUILT_IN}
_BARE_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+(?:[-.a-z0-9]*)", re.ASCII)
# What a job or a matrix value is called that says nothing of the image.
_GENERIC = {"", "build", "docker", "publish", "push", "release", "image", "images", "deploy", "ci", "main", "ghcr"}


@dataclass(frozen=True, kw_only=True)
class ProposedLane:
    """A lane.

    Attributes:
        name: Of its table.
        entries: The values that are not those of a lane of that name anyway.
        source: Why there is one.
        image: What it was proposed from; None for a Dockerfile alone.
    """

    name: str
    entries: Mapping[str, Entry]
    source: str
    image: PublishedImage | None = None

    @property
    def built_in(self) -> Lane | None:
        """The lane that is built in under its name."""
        return next((lane for lane in BUILT_IN if lane.name == self.name), None)

    @property
    def git_tag(self) -> str:
        """The form of the git tags that release it, also where no value says it."""
        if "git-tag" in self.entries:
            return str(self.entries["git-tag"].value)
        return _default_git_tag(self.built_in, self.name)

    @property
    def table(self) -> ProposedTable:
        """Its table; one that is built in and changes nothing still has to be named beside others."""
        dockerfile = self.built_in.dockerfile if self.built_in else ""
        entries = self.entries or {"dockerfile": Entry(dockerfile, self.source)}
        return ProposedTable(("lanes", self.name), entries)


def propose_lanes(facts: Facts) -> list[ProposedLane]:
    """The lanes: those of the images that are published, and of the Dockerfiles that are left."""
    images = _merged(facts.images)
    names = iter(_names([image for image in images if not image.tags.is_empty]))
    lanes = [
        _of_dockerfile(image.dockerfile, facts, image) if image.tags.is_empty else _of_tags(image, next(names), facts)
        for image in images
    ]
    return sorted([*lanes, *(_of_dockerfile(path, facts) for path in facts.dockerfiles)], key=_is_variant)


def _is_variant(lane: ProposedLane) -> bool:
    """Whether its tags say more than the version: the others go first, and a group is called like its first lane."""
    tag = lane.entries.get("tag")
    return tag is not None and tag.value not in (PLACEHOLDER, f"v{PLACEHOLDER}")


def _merged(images: Iterable[PublishedImage]) -> list[PublishedImage]:
    """The images, those of one workflow for versions and of another for a branch as one."""
    merged: list[PublishedImage] = []
    for image in images:
        at = next((n for n, other in enumerate(merged) if _go_together(other, image)), None)
        if at is None:
            merged.append(image)
        else:
            first, second = sorted((merged[at], image), key=lambda one: not one.tags.versions)
            tags = replace(
                first.tags,
                following=[*first.tags.following, *second.tags.following],
                kept=[*first.tags.kept, *second.tags.kept],
            )
            merged[at] = replace(first, tags=tags)
    return merged


def _go_together(one: PublishedImage, other: PublishedImage) -> bool:
    return one.identity == other.identity and not (one.tags.versions and other.tags.versions)


def _names(images: Sequence[PublishedImage]) -> list[str]:
    """What their lanes are called: by the first thing that tells them apart."""
    repositories = tuple(posixpath.basename(image.images[0]) if image.images else "" for image in images)
    choices: list[tuple[str, ...]] = [*zip(*(image.names for image in images), strict=True)]
    choices = [repositories, *choices] if len(images) == 1 else [*choices, repositories]
    stems = [_stem(image) or repository for image, repository in zip(images, repositories, strict=True)]
    choices = [*choices, tuple(stems)]
    for choice in choices:
        names = [_name(text) for text in choice]
        if len(set(names)) == len(names) and not _GENERIC & set(names):
            return names
    return [f"lane-{number}" for number in range(1, len(images) + 1)]


def _stem(image: PublishedImage) -> str:
    """What stands around the version in its tag."""
    return next(iter(image.tags.versions), "").replace("v{version}", "").replace(PLACEHOLDER, "").strip("-_.")


def _name(text: str) -> str:
    """A text as the name of a lane; empty if nothing remains of it."""
    name = re.sub(r"[^a-z0-9.-]+", "-", text.lower()).lstrip("-.0123456789")[:31].rstrip("-.")
    return name if NAME.fits(name) else ""


def _of_tags(image: PublishedImage, name: str, facts: Facts) -> ProposedLane:
    """The lane of an image whose tags were understood."""
    tags, why = image.tags, str(image.source)
    values: dict[str, Value] = {"dockerfile": image.dockerfile}
    values |= {"context": image.context} if image.context != "." else {}
    values |= {"target": image.target} if image.target else {}
    versions = tags.versions or ([_as_tag(image.git_tag)] if tags.floating else [])
    if versions:
        scheme = _scheme(facts, image.git_tag) if tags.scheme is Scheme.SEMVER else tags.scheme
        values |= {"versions": scheme.value} if scheme is not Scheme.SEMVER else {}
        values |= {"tag": versions[0]}
        values |= {"aliases": versions[1:]} if versions[1:] else {}
    values |= {"floating": _floating(tags.floating)}
    values |= {"git-tag": image.git_tag} if versions else {}
    # docker/metadata-action moves them with every version.
    values |= {"publish-latest": True} if tags.floating else {}
    values |= image.build
    entries = {key: Entry(value, why) for key, value in values.items()}
    return ProposedLane(name=name, entries=entries, source=why, image=image)


def _as_tag(git_tag: str) -> str:
    return git_tag.rpartition("/")[2]


def _floating(rules: Sequence[FloatingRule]) -> Value:
    """The value of ``floating``."""
    texts: list[Value] = [
        {"tag": rule.text, "prereleases": list(rule.prereleases)} if rule.prereleases else rule.text for rule in rules
    ]
    if not texts:
        return False
    return texts[0] if len(texts) == 1 and isinstance(texts[0], str) else texts


def _of_dockerfile(path: str, facts: Facts, image: PublishedImage | None = None) -> ProposedLane:
    """The lane of a Dockerfile of whose tags no workflow says anything: the registry's and git's tags decide."""
    variant = _name(image.variant) if image else ""
    base = None if variant else _BY_DOCKERFILE.get(path)
    name = base.name if base else variant or _name(dockerfile_suffix(path)) or "image"
    forms = forms_of_tags(facts.git_tags)
    git_tag, why = _git_tag(base, name, forms, image)
    source = str(image.source) if image else f"{path} is there"
    entries: dict[str, Entry] = {} if base else {"dockerfile": Entry(path, source)}
    context = image.context if image else facts.contexts.get(path, posixpath.dirname(path) or ".")
    entries |= {"context": Entry(context, source)} if context != "." else {}
    entries |= {"target": Entry(image.target, source)} if image and image.target else {}
    entries |= {key: Entry(value, source) for key, value in image.build.items()} if image else {}
    if base is None or git_tag != base.git_tag:
        entries["git-tag"] = Entry(git_tag, why)
        shared = [other for other in facts.images if image and other.images == image.images]
        if base is None and image and image.images and len(shared) == 1:
            reason = f"it has {image.images[0]} to itself"
            entries |= {"tag": Entry("v{version}", reason), "floating": Entry("latest", reason)}
        entries |= _by_registry(facts, is_main=base is not None and base.name == "main")
        scheme = _scheme(facts, git_tag)
        entries |= {"versions": Entry(scheme.value, "git tags")} if scheme is not Scheme.SEMVER else {}
    return ProposedLane(name=name, entries=entries, source=source, image=image)


def _git_tag(base: Lane | None, name: str, forms: Sequence[str], image: PublishedImage | None) -> tuple[str, str]:
    """The form of the git tags that release a lane, and why."""
    default = _default_git_tag(base, name)
    if image and image.git_tag:
        return image.git_tag, f"{image.source.path} is started by it"
    if default in forms or not forms or (base and base.name != "main"):
        return default, "git tags" if default in forms else "default"
    return forms[0], "git tags"


def _default_git_tag(base: Lane | None, name: str) -> str:
    return base.git_tag if base else f"{name}-v{{version}}"


def _by_registry(facts: Facts, *, is_main: bool) -> dict[str, Entry]:
    """What the tags in the registry say of those of the main lane, which have nothing before their version."""
    tags = facts.registry_tags if is_main else ()
    bare = [tag for tag in tags if _BARE_VERSION.fullmatch(tag)]
    with_v = [tag for tag in tags if tag[:1] == "v" and _BARE_VERSION.fullmatch(tag[1:])]
    if not bare and not with_v:
        return {}
    letter, why = ("v" if len(with_v) >= len(bare) else ""), f"tags of {facts.registry}"
    ranges = [
        form
        for form, test in (("{major}", r"[0-9]+"), ("{major}.{minor}", r"[0-9]+\.[0-9]+"))
        if any(re.fullmatch(letter + test, tag) for tag in tags)
    ]
    return {
        **({} if letter else {"tag": Entry("{version}", why)}),
        **({"floating": Entry(["latest", *(f"{letter}{form}" for form in ranges)], why)} if ranges else {}),
    }


def _scheme(facts: Facts, git_tag: str) -> Scheme:
    return scheme_of(versions_among(facts.git_tags, git_tag))
