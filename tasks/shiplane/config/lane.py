"""Lanes: an image line with its own Dockerfile, version tags, floating tag and git tags.

Everything that maps a version to a name, or a name back to a version, is here, so that no lane can ever write a
name that is another lane's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from shiplane.config.build_settings import NOTHING_GIVEN, BuildSettings
from shiplane.config.floating_tag import FloatingTag, FloatingTemplate, in_moving_order
from shiplane.config.keys.floating import FLOATING
from shiplane.config.keys.texts import PATH, PLATFORMS
from shiplane.config.version import Version
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Boolean, Text
from shiplane.core.text import quoted
from shiplane.registry.oci.names import Platform, Tag, parse_tag

NAME = Text(
    pattern="[a-z][a-z0-9-]{0,30}",
    problem="is not a lane name",
    remedy="A lower-case letter, then lower-case letters, digits and '-', at most 31.",
)
_PREFIX = Text(
    pattern="(?:[a-z0-9][a-z0-9._-]{0,30}[._-])?",
    problem="is not a version tag prefix",
    remedy="Empty, or lower-case letters, digits, '.', '_' and '-', ending in '-', '.' or '_'.",
)
# What git takes for a ref (git-check-ref-format(1)), less the signs that a shell or a workflow would read.
_GIT_TAG = Text(
    pattern=r"(?!.*(?:\.\.|//|/\.|\.lock/))[A-Za-z0-9][A-Za-z0-9._/-]{0,99}\{version\}",
    problem="is not a git tag form",
    remedy="Expected a form like 'docker-v{version}', with {version} once, at its end.",
)
# Any version serves to find out what can be read as what.
_PROBE = Version(1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One independent line of releases within a repository.

    Attributes:
        name: What ``--lane`` takes.
        names: What other tools called versions of it, where that is no tag of ours: see
            :mod:`shiplane.ledger.foreign_tags`. Not part of what the lane is.

    Raises:
        ConfigurationError: A field has an impossible form.
    """

    name: str
    dockerfile: Annotated[
        str,
        Key("Path of the Dockerfile, relative to the project's root. Default of a new lane: Dockerfile.<name>.", PATH),
    ]
    prefix: Annotated[
        str,
        Key(
            "Prefix of vX.Y.Z in the version tag: empty, or ending in '-', '.' or '_'. Default of a new lane: <name>-.",
            _PREFIX,
        ),
    ]
    floating_templates: Annotated[
        tuple[FloatingTemplate, ...],
        Key(
            "The lane's floating tags, the only tags that move, each forward within its range: latest through all "
            "releases, v{major} through those of one major version, v{major}.{minor} through those of one minor "
            "version. One, or a list. Default of a new lane: <name>-latest.",
            FLOATING,
            "floating",
        ),
    ]
    git_tag: Annotated[
        str,
        Key(
            "The git tag that starts the lane's workflow, with {version} once, at its end. "
            "Default of a new lane: <name>-v{version}.",
            _GIT_TAG,
        ),
    ]
    publish_latest: Annotated[bool, Key("Whether a publish moves the floating tag by default.", Boolean())] = False
    context: Annotated[str, Key("Build context, relative to the project's root.", PATH)] = "."
    platforms: Annotated[
        tuple[Platform, ...], Key("The lane's target platforms. Default: those of the project.", PLATFORMS)
    ] = ()
    build: Annotated[BuildSettings, Key("", Table.of(BuildSettings, ""), inline=True)] = NOTHING_GIVEN
    names: Mapping[Version, Tag] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for value, form, key in (
            (self.name, NAME, "name"),
            (self.prefix, _PREFIX, "prefix"),
            (self.git_tag, _GIT_TAG, "git-tag"),
        ):
            if not form.fits(value):
                raise ConfigurationError(
                    f"lane {quoted(self.name, 40)} has the {key} {quoted(value, 80)}", remedy=form.remedy
                )

    def tag_of(self, version: Version) -> Tag:
        """The tag under which a version is found: its own, or what another tool called it."""
        return self.names.get(version) or self.own_tag_of(version)

    def own_tag_of(self, version: Version) -> Tag:
        """The version tag that a release writes: once, never again."""
        return parse_tag(f"{self.prefix}v{version}")

    @property
    def floating(self) -> Tag:
        """The floating tag whose range is widest."""
        return Tag(in_moving_order(self.floating_templates)[-1].text)

    def floating_tags(self, version: Version) -> tuple[FloatingTag, ...]:
        """The floating tags in whose range a version is, in the order in which they move."""
        return tuple(filter(None, (template.of(version) for template in in_moving_order(self.floating_templates))))

    def floating_tag(self, tag: str) -> FloatingTag | None:
        """The floating tag of this name, or None when it is none of this lane's."""
        return next(filter(None, (template.read(tag) for template in self.floating_templates)), None)

    def floating_tags_among(self, tags: Iterable[str]) -> tuple[FloatingTag, ...]:
        """The lane's floating tags among some tags, and every one that has no range, in the order in which they move.

        Of those with a range the higher ones come last.
        """
        templates = in_moving_order(self.floating_templates)
        fixed = {template.text for template in templates if not template.depth}
        found = [
            (number, [int(part) for part in floating.range], floating)
            for number, template in enumerate(templates)
            for floating in filter(None, map(template.read, {*tags, *fixed}))
        ]
        return tuple(floating for *_, floating in sorted(found, key=lambda item: item[:2]))

    @property
    def ledger(self) -> Tag:
        """The tag under which the lane's ledger is kept; no lane can have it for a version or to float."""
        return Tag(f"ledger-{self.name}")

    def owns(self, tag: str) -> bool:
        """Whether a tag is one of this lane's names: a version's, the floating one, the ledger's."""
        return tag == self.ledger or self.floating_tag(tag) is not None or self.version_of_tag(tag) is not None

    def git_tag_of(self, version: Version) -> str:
        """The git tag that triggers this version's release."""
        return self.git_tag.replace("{version}", str(version))

    def version_of_tag(self, tag: str) -> Version | None:
        """The version that an image tag stands for, or None when it is no version tag of this lane."""
        named = next((version for version, name in self.names.items() if name == tag), None)
        return named or _version_behind(_stem(self), tag)

    def version_of_git_tag(self, git_tag: str) -> Version | None:
        """The version that a git tag stands for, or None when it does not trigger this lane."""
        return _version_behind(_git_stem(self), git_tag)

    def spellings(self, version: Version) -> tuple[str, ...]:
        """Every text by which people and other tools name this version, the lane's own tag first."""
        return tuple(
            dict.fromkeys((self.tag_of(version), self.git_tag_of(version), *_plain(self.prefix, str(version))))
        )

    def label_spellings(self, version: Version) -> frozenset[str]:
        """What an image of this version may say of it in its label; of a release ``0.2`` and ``0``, too.

        docker/metadata-action writes the first of the tags that it made (``src/meta.ts``: ``image.version`` is
        ``version.main``): ``v2.0.0`` by the git tag, ``2.0`` where the pattern with major and minor stands first.
        """
        parts = () if version.is_prerelease else (f"{version.major}.{version.minor}", str(version.major))
        return frozenset((*self.spellings(version), *(text for part in parts for text in _plain(self.prefix, part))))

    def version_tagged(self, tag: str) -> Version | None:
        """The version whose tag this is, by us or by another tool: our own, without ``v``, or the git tag as it is."""
        version = self.version_of_tag(tag) or self.version_of_git_tag(tag)
        return version or _version_behind(self.prefix, tag)

    def version_spelled(self, text: str) -> Version | None:
        """The version that a text names in any of its spellings, or None."""
        version = self.version_of_tag(text) or self.version_of_git_tag(text)
        return version or next(filter(None, (_version_behind(stem, text) for stem in _plain(self.prefix, ""))), None)

    def parse_version(self, text: str) -> Version:
        """Read a version as people write it: ``0.2.1``, ``v0.2.1``, the lane's image tag or its git tag.

        Raises:
            UsageError: The text is something else: another lane's tag, a floating tag, no version at all.
        """
        named = self.version_of_tag(text) or self.version_of_git_tag(text) or _version_behind("v", text)
        if named:
            return named
        try:
            return Version.parse(text)
        except UsageError as error:
            example = Version(0, 2, 1)
            *forms, last = dict.fromkeys(("0.2.1", "v0.2.1", str(self.tag_of(example)), self.git_tag_of(example)))
            raise UsageError(
                f"{quoted(text)} is not a version of lane {self.name}",
                remedy=f"Expected {', '.join(forms)} or {last} (a pre-release as in 0.2.1-rc.1; no build metadata).",
            ) from error


MAIN = Lane(
    name="main",
    dockerfile="Dockerfile",
    prefix="",
    floating_templates=(FloatingTemplate(text="latest"),),
    git_tag="docker-v{version}",
)
STANDALONE = Lane(
    name="standalone",
    dockerfile="Dockerfile.standalone",
    prefix="standalone-",
    floating_templates=(FloatingTemplate(text="standalone-latest"),),
    git_tag="standalone-v{version}",
    publish_latest=True,
)
BUILT_IN = (MAIN, STANDALONE)


def check_disjoint(lanes: Iterable[Lane]) -> None:
    """Refuse lanes of which one could write, or be triggered by, a name of another.

    Raises:
        ConfigurationError: Two lanes share a name, or one's names can be read as the other's.
    """
    lanes = tuple(lanes)
    for number, lane in enumerate(lanes):
        if clash := _own_clash(lane):
            raise ConfigurationError(f"lane {lane.name}: {clash}", remedy=_APART)
        for other in lanes[:number] + lanes[number + 1 :]:
            if overlap := _overlap(lane, other):
                raise ConfigurationError(f"lanes {lane.name} and {other.name} overlap: {overlap}", remedy=_APART)


_APART = "Give each lane its own name, prefix, floating tag and git tag."


def _stem(lane: Lane) -> str:
    return f"{lane.prefix}v"


def _git_stem(lane: Lane) -> str:
    return lane.git_tag.removesuffix("{version}")


def _overlap(lane: Lane, other: Lane) -> str:
    if lane.name == other.name:
        return "they have the same name"
    if lane.floating == other.floating:
        return f"both move {lane.floating}"
    if _can_read(_stem(lane), _stem(other)):
        return f"a tag such as {other.tag_of(_PROBE)} can be read as one of {lane.name}"
    if _can_read(_git_stem(lane), _git_stem(other)):
        return f"a git tag such as {other.git_tag_of(_PROBE)} triggers both"
    return _floating_problem(lane, other.floating) or _cross_reading(lane, other)


def _cross_reading(lane: Lane, other: Lane) -> str:
    """What is a git tag to one lane and an image tag to another: ``--tag`` takes both."""
    # "v1.2.3" alone belongs to no lane: each takes it for its own version of that number.
    if _git_stem(other) != "v" and _can_read(_stem(lane), _git_stem(other)):
        return f"{other.git_tag_of(_PROBE)} is a git tag of {other.name} and an image tag of {lane.name}"
    if _stem(other) != "v" and _can_read(_git_stem(lane), _stem(other)):
        return f"{other.tag_of(_PROBE)} is an image tag of {other.name} and a git tag of {lane.name}"
    return ""


def _own_clash(lane: Lane) -> str:
    """What in a lane alone has two meanings: :meth:`Lane.parse_version` must have no choice."""
    tag, git = _stem(lane), _git_stem(lane)
    if problem := _floating_problem(lane, lane.floating):
        return problem
    if tag != git and (_can_read(tag, git) or _can_read(git, tag)):
        return f"{lane.tag_of(_PROBE)} and {lane.git_tag_of(_PROBE)} can be read as each other's versions"
    for stem in (tag, git):
        if stem != "v" and (_can_read("v", stem) or _can_read("", stem)):
            return f"{stem}{_PROBE} can be read as a version without prefix"
    return ""


def _floating_problem(lane: Lane, floating: Tag) -> str:
    if floating == lane.ledger:
        return f"{floating} is the tag of {lane.name}'s ledger"
    if any(_version_behind(stem, floating) for stem in (_stem(lane), _git_stem(lane), "v", "")):
        return f"the floating tag {floating} can be read as a version of {lane.name}"
    return ""


def _plain(prefix: str, number: str) -> tuple[str, ...]:
    """A number as it is mostly written: with and without the prefix, with and without ``v``."""
    return (f"{prefix}v{number}", f"{prefix}{number}", f"v{number}", number)


def _can_read(stem: str, other: str) -> bool:
    """Whether ``other`` and a version can be ``stem`` and a version: ``v`` reads ``v1.0.0-v`` and 2.0.0."""
    return other == stem or _version_behind(stem, f"{other}{_PROBE}") is not None


def _version_behind(stem: str, text: str) -> Version | None:
    if not text.startswith(stem):
        return None
    try:
        return Version.parse(text.removeprefix(stem))
    except UsageError:
        return None
