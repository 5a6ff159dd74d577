"""Lanes: an image line with its own Dockerfile, version tags, floating tag and git tags.

Everything that maps a version to a name, or a name back to a version, is here, so that no lane can ever write a
name that is another lane's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated

from shiplane.config.build_settings import NOTHING_GIVEN, BuildSettings
from shiplane.config.floating_tag import FloatingTag, FloatingTemplate, in_moving_order
from shiplane.config.keys.floating import FLOATING
from shiplane.config.keys.texts import IMAGES, PATH, PLATFORMS, VERSION_FILE
from shiplane.config.names.version_schemes import Scheme, VersionError
from shiplane.config.names.version_tag import GIT_TAG, PLAIN, TAG, TagTemplate
from shiplane.config.version import Version
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Array, Boolean, Choice, Text
from shiplane.core.text import quoted
from shiplane.registry.oci.names import Platform, Repository, Tag, parse_tag

NAME = Text(
    pattern=r"[a-z](?:\.?[a-z0-9-])*",
    most=31,
    problem="is not a lane name",
    remedy="A lower-case letter, then lower-case letters, digits, '-' and single '.', at most 31.",
)


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One independent line of releases within a repository.

    Attributes:
        name: What ``--lane`` takes.
        version_file: Empty for none; None for the project's.
        names: What other tools called versions of it, where that is no tag of ours: see
            :mod:`shiplane.ledger.foreign_tags`. Not part of what the lane is.
        reserved: Endings that no version of it may have, each with the lane whose versions they mark: beside a lane
            ``{version}-alpine`` the one of ``{version}`` would write the other's tag for 1.0.0-alpine.
        rivals: The names of the lanes that have tags of the same names, and so must be in other repositories.

    Raises:
        ConfigurationError: A field has an impossible form.
    """

    name: str
    dockerfile: Annotated[
        str,
        Key("Path of the Dockerfile, relative to the project's root. Default of a new lane: Dockerfile.<name>.", PATH),
    ]
    version_template: Annotated[
        TagTemplate,
        Key(
            "The version tag, written once and never moved, with {version} once: v{version}, {version}, "
            "{version}-alpine. Default of a new lane: <name>-v{version}.",
            replace(TAG, parse=TagTemplate.parse),
            "tag",
        ),
    ]
    floating_templates: Annotated[
        tuple[FloatingTemplate, ...],
        Key(
            "The lane's floating tags, the only tags that move, each forward within its range: latest through all "
            "releases, v{major} through those of one major version, v{major}.{minor} through those of one minor "
            "version. One, a list, or false for none. Default of a new lane: <name>-latest.",
            FLOATING,
            "floating",
        ),
    ]
    git_tag: Annotated[
        str,
        Key(
            "The git tag that starts the lane's workflow, with {version} once, at its end. "
            "Default of a new lane: <name>-v{version}.",
            GIT_TAG,
        ),
    ]
    alias_templates: Annotated[
        tuple[TagTemplate, ...],
        Key(
            "Further tags of each version, written once like the version tag, each with {version} once: "
            "{version}-bookworm.",
            Array(of=replace(TAG, parse=TagTemplate.parse), unique=True),
            "aliases",
        ),
    ] = ()
    versions: Annotated[
        Scheme,
        Key(
            "How its versions are written and ordered: semver, pep440, or calver (dates and plain numbers, of any "
            "count, with leading zeros).",
            Choice(tuple((scheme.value, scheme) for scheme in Scheme)),
        ),
    ] = Scheme.SEMVER
    version_file: Annotated[
        str | None,
        Key("The lane's own version-file, or false for none. Default: that of the project.", VERSION_FILE),
    ] = None
    publish_latest: Annotated[bool, Key("Whether a publish moves the floating tag by default.", Boolean())] = False
    context: Annotated[str, Key("Build context, relative to the project's root.", PATH)] = "."
    platforms: Annotated[
        tuple[Platform, ...], Key("The lane's target platforms. Default: those of the project.", PLATFORMS)
    ] = ()
    images: Annotated[
        tuple[Repository, ...],
        Key(
            "The lane's own image repository, or several: the first is the primary, the others get the same bytes. "
            "Default: those of the project.",
            IMAGES,
            "image",
        ),
    ] = ()
    build: Annotated[BuildSettings, Key("", Table.of(BuildSettings, ""), inline=True)] = NOTHING_GIVEN
    names: Mapping[Version, Tag] = field(default_factory=dict, compare=False)
    reserved: Mapping[str, str] = field(default_factory=dict, compare=False)
    rivals: frozenset[str] = field(default=frozenset(), compare=False)

    def __post_init__(self) -> None:
        for value, form, key in (
            (self.name, NAME, "name"),
            *((str(template), TAG, "tag") for template in self.written_templates),
            (self.git_tag, GIT_TAG, "git-tag"),
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
        return parse_tag(self.version_template.fill(version))

    def aliases_of(self, version: Version) -> tuple[Tag, ...]:
        """The further tags that a release writes for its version: once, never again."""
        return tuple(parse_tag(template.fill(version)) for template in self.alias_templates)

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
        """Whether a tag is one of this lane's names: a version's or its alias, a floating one, the ledger's."""
        return tag == self.ledger or self.floating_tag(tag) is not None or self.version_under(tag) is not None

    def git_tag_of(self, version: Version) -> str:
        """The git tag that triggers this version's release."""
        return self.git_template.fill(version)

    @property
    def written_templates(self) -> tuple[TagTemplate, ...]:
        """What the tags are made by that a release writes for its version."""
        return (self.version_template, *self.alias_templates)

    @cached_property
    def git_template(self) -> TagTemplate:
        """The git tags that trigger its releases."""
        return TagTemplate.parse(self.git_tag)

    def version_of(self, text: str) -> Version | None:
        """The version that a text is without anything around it, or None when the lane can have no such version."""
        try:
            version = Version.parse(text, self.versions)
        except UsageError:
            return None
        return None if self._reserving(text) else version

    def snapshot(self, commit: str) -> Version:
        """The version of a commit without a git tag."""
        return Version.snapshot(commit, self.versions)

    def version_of_tag(self, tag: str) -> Version | None:
        """The version that an image tag stands for, or None when it is no version tag of this lane."""
        named = next((version for version, name in self.names.items() if name == tag), None)
        return named or self._read(tag, (self.version_template,))

    def version_of_alias(self, tag: str) -> Version | None:
        """The version that an image tag is an alias of, or None."""
        return self._read(tag, self.alias_templates)

    def version_under(self, tag: str) -> Version | None:
        """The version that a release writes under an image tag, its version tag or an alias, or None."""
        return self.version_of_tag(tag) or self.version_of_alias(tag)

    def version_of_git_tag(self, git_tag: str) -> Version | None:
        """The version that a git tag stands for, or None when it does not trigger this lane."""
        return self._read(git_tag, (self.git_template,))

    def spellings(self, version: Version) -> tuple[str, ...]:
        """Every text by which people and other tools name this version, the lane's own tag first."""
        forms = (template.fill(version) for template in (*self.alias_templates, *self._foreign_templates))
        return tuple(dict.fromkeys((self.tag_of(version), self.git_tag_of(version), *forms)))

    def label_spellings(self, version: Version) -> frozenset[str]:
        """What an image of this version may say of it in its label; of a release ``0.2`` and ``0``, too.

        docker/metadata-action writes the first of the tags that it made (``src/meta.ts``: ``image.version`` is
        ``version.main``): ``v2.0.0`` by the git tag, ``2.0`` where the pattern with major and minor stands first.
        """
        parts = () if version.is_prerelease else (".".join(version.numbers[:2]), version.numbers[0])
        ranges = (template.fill(part) for part in parts for template in self._foreign_templates)
        return frozenset((*self.spellings(version), *ranges))

    def tags_by_others(self, version: Version) -> tuple[str, ...]:
        """What another tool may have tagged this version: without ``v`` where the lane has one, and the reverse."""
        return tuple(template.fill(version) for template in self.version_template.variants[::-1])

    def version_tagged(self, tag: str) -> Version | None:
        """The version whose tag this is, by us or by another tool: our own, with or without ``v``, or the git tag."""
        version = self.version_of_tag(tag) or self.version_of_git_tag(tag)
        return version or self._read(tag, (*self.version_template.variants, *self.alias_templates))

    def version_spelled(self, text: str) -> Version | None:
        """The version that a text names in any of its spellings, or None."""
        return self.version_of_tag(text) or self._read(text, self._readers)

    def parse_version(self, text: str) -> Version:
        """Read a version as people write it: ``0.2.1``, ``v0.2.1``, the lane's image tag or its git tag.

        Raises:
            UsageError: The text is something else: another lane's tag, a floating tag, no version at all.
        """
        version = self.version_of_tag(text) or self._read(text, (*self.alias_templates, self.git_template, *PLAIN))
        if version:
            return version
        raise self._not_a_version(text)

    def _not_a_version(self, text: str) -> UsageError:
        reason, example = self._reason_against(text), Version.parse(self.versions.example, self.versions)
        *forms, last = dict.fromkeys((str(example), f"v{example}", str(self.tag_of(example)), self.git_tag_of(example)))
        return UsageError(
            f"{quoted(text)} is not a version of lane {self.name}{reason and ': '}{reason}",
            remedy=f"Expected {', '.join(forms)} or {last} ({self.versions.note}).",
        )

    def _reason_against(self, text: str) -> str:
        """Why a text is no version, where its form alone does not say it."""
        bare = next(filter(None, (template.read(text) for template in (self.git_template, *PLAIN))), "")
        if ending := self._reserving(bare):
            return f"tags that end in {ending} are those of lane {self._endings[ending]}"
        reason = ""
        try:
            Version.parse(bare, self.versions)
        except UsageError as error:
            reason = error.reason if isinstance(error, VersionError) else error.what
        return reason

    @cached_property
    def _foreign_templates(self) -> tuple[TagTemplate, ...]:
        """How versions are mostly written: with and without what stands around them, with and without ``v``."""
        return (*self.version_template.variants, *PLAIN)

    @cached_property
    def _readers(self) -> tuple[TagTemplate, ...]:
        return (*self.alias_templates, self.git_template, *self._foreign_templates)

    @cached_property
    def _endings(self) -> Mapping[str, str]:
        """The endings that no version of it may have, its own among them, each with the lane that has it."""
        own = {template.after: self.name for template in self.written_templates if template.after}
        return {**own, **self.reserved}

    def _reserving(self, text: str) -> str:
        return next((ending for ending in self._endings if text.endswith(ending)), "")

    def reads(self, template: TagTemplate) -> Callable[[str], Version | None]:
        """Reads names of a template of its own."""
        return lambda name: self._read(name, (template,))

    def _read(self, name: str, templates: Iterable[TagTemplate]) -> Version | None:
        bare = (template.read(name) for template in templates)
        return next(filter(None, (self.version_of(text) for text in bare if text)), None)


MAIN = Lane(
    name="main",
    dockerfile="Dockerfile",
    version_template=TagTemplate("v"),
    floating_templates=(FloatingTemplate(text="latest"),),
    git_tag="docker-v{version}",
)
STANDALONE = Lane(
    name="standalone",
    dockerfile="Dockerfile.standalone",
    version_template=TagTemplate("standalone-v"),
    floating_templates=(FloatingTemplate(text="standalone-latest"),),
    git_tag="standalone-v{version}",
    publish_latest=True,
)
BUILT_IN = (MAIN, STANDALONE)


def groups_of(lanes: Iterable[Lane]) -> tuple[tuple[Lane, ...], ...]:
    """The lanes by the git tag that starts them: those of one template are released together."""
    groups: dict[str, list[Lane]] = {}
    for lane in lanes:
        groups.setdefault(lane.git_tag, []).append(lane)
    return tuple(map(tuple, groups.values()))
