"""Channels: tags that follow a branch, as ``edge`` follows ``main``.

A channel's tag moves with each publish of the channel, and only to a descendant of the commit that it is at. Beside it
each build may keep a tag of its own, ``sha-<commit>``. Neither is ever a version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from shiplane.config.channel_names import ChannelTemplate, check_template
from shiplane.config.lane import NAME, Lane
from shiplane.core.errors import UsageError, did_you_mean
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, Table, keys_of
from shiplane.core.schema.values import Array, Choice, Either, Json, Named, Text
from shiplane.registry.oci.names import Tag

# What git takes for a branch (git-check-ref-format(1)), less the signs that a shell or a workflow's pattern would read.
_BRANCH = Text(
    pattern=r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)))[A-Za-z0-9_](?:[A-Za-z0-9._/-]{0,98}[A-Za-z0-9_-])?",
    problem="is not the name of a branch",
    remedy="One branch, as in main or release/1.x, without refs/heads/ and without patterns.",
)
_CHANNEL_NAME = Text(pattern=NAME.pattern, problem="is not a channel name", remedy=NAME.remedy)
# The lengths keep every tag within 128 characters, with a lane's 31 and the 64 of a SHA-256 commit.
_SIGN = "[a-zA-Z0-9._-]"
_TAG = Text(
    pattern=rf"(?![.-])(?:{_SIGN}{{1,128}}|{_SIGN}{{0,48}}\{{lane\}}{_SIGN}{{0,48}})",
    problem="is not a channel's tag",
    remedy="Expected a tag, as in edge, or one with {lane} once, as in {lane}-edge.",
)
_KEEP = Text(
    pattern=rf"(?![.-])(?:{_SIGN}{{0,32}}\{{commit\}}{_SIGN}{{0,32}}"
    rf"|{_SIGN}{{0,11}}\{{lane\}}{_SIGN}{{0,11}}\{{commit\}}{_SIGN}{{0,11}}"
    rf"|{_SIGN}{{0,11}}\{{commit\}}{_SIGN}{{0,11}}\{{lane\}}{_SIGN}{{0,11}}"
    r"|(?=.*\{commit\})(?=.*\{date\})(?!.*\{(commit|date|lane)\}.*\{\1\})"
    rf"(?:{_SIGN}|\{{commit\}}|\{{date\}}|\{{lane\}}){{2,25}})",
    problem="is not a tag that a build can keep",
    remedy="Expected a tag with {commit} once, {date} and {lane} at most once each, as in sha-{commit} or "
    "{date}-{commit}; or false for none.",
)


@dataclass(frozen=True, kw_only=True)
class Channel:
    """What follows a branch.

    Attributes:
        name: What ``--channel`` takes.
        lanes: The names of its lanes, at least one.
        keep: The template of each build's own tag; None where none is kept.
    """

    name: str
    branch: Annotated[str, Key("The branch that it follows.", _BRANCH)]
    lanes: Annotated[
        tuple[str, ...],
        Key("Names of its lanes. Default: every lane.", Array(of=NAME, unique=True, least=1)),
    ] = ()
    tag: Annotated[
        str,
        Key(
            "The tag that follows the branch: it moves only to descendants of the commit that it is at. {lane} stands "
            "for the lane's name, and is needed in a channel of several lanes. Default: the channel's name.",
            _TAG,
        ),
    ] = ""
    keep: Annotated[
        str | None,
        Key(
            "A tag that each build keeps, created once: {commit} stands for the commit's full hash, {date} for its day "
            "in UTC, as in 2026-11-29, {lane} for the lane's name. false: none.",
            Either((_KEEP, Choice(((False, None),)))),
        ),
    ] = "sha-{commit}"

    def tag_of(self, lane: Lane) -> Tag:
        """The tag that follows the branch."""
        return Tag(self.tag.replace("{lane}", lane.name))

    def dated(self, created: str) -> Channel:
        """The channel with the day of a commit in what its build keeps; ``created`` is its time, RFC 3339 in UTC."""
        return replace(self, keep=self.keep.replace("{date}", created[:10])) if self.keep else self

    def kept_tag(self, lane: Lane, commit: str) -> Tag | None:
        """The tag that a commit's build keeps; None where none is kept."""
        return Tag(self.keep.replace("{lane}", lane.name).replace("{commit}", commit)) if self.keep else None

    def tags_of(self, lane: Lane, commit: str) -> tuple[Tag, ...]:
        """The tags that a commit's publication writes."""
        kept = self.kept_tag(lane, commit)
        return (self.tag_of(lane), *([kept] if kept else []))

    def keeps(self, tag: str) -> bool:
        """Whether a tag is one that a build of it keeps."""
        return any(template.key == "keep" and template.fits(tag) for template in self.templates())

    def follows_as(self, tag: str) -> bool:
        """Whether a tag is one that follows its branch."""
        return any(template.key == "tag" and template.fits(tag) for template in self.templates())

    def chosen(self, lanes: Sequence[str]) -> tuple[str, ...]:
        """The names of those lanes that are asked for; without any, all of them.

        Raises:
            UsageError: One is none of the channel's.
        """
        for lane in lanes:
            if lane not in self.lanes:
                raise UsageError(
                    f"lane {lane[:40]} is not one of channel {self.name}", remedy=f"Its lanes: {', '.join(self.lanes)}."
                )
        return tuple(lanes) or self.lanes

    def templates(self) -> Iterator[ChannelTemplate]:
        """What its tags look like, for each lane."""
        for lane in self.lanes:
            for key, text in (("tag", self.tag), ("keep", self.keep)):
                if text:
                    yield ChannelTemplate(channel=self.name, key=key, lane=lane, text=text.replace("{lane}", lane))


# The file's table lacks the name and what is meant by default: the channel is made by make_channels, with the lanes.
CHANNELS = Named(of=Table("channel", "What follows a branch.", dict, lambda: keys_of(Channel)), names=_CHANNEL_NAME)


def make_channels(given: Mapping[str, Json], lanes: Sequence[Lane], location: Location) -> tuple[Channel, ...]:
    """The channels of the project file.

    Raises:
        ConfigurationError: One names a lane that does not exist, or a tag that could be something else as well.
    """
    channels = tuple(_channel(name, fields, lanes) for name, fields in given.items())
    for channel in channels:
        _check_lanes(channel, lanes, location.key(channel.name))
    templates = [template for channel in channels for template in channel.templates()]
    for template in templates:
        check_template(template, templates, lanes, location.key(template.channel).key(template.key))
    return channels


def _channel(name: str, fields: Json, lanes: Sequence[Lane]) -> Channel:
    channel = Channel(name=name, **fields)
    return replace(channel, tag=channel.tag or name, lanes=channel.lanes or tuple(lane.name for lane in lanes))


def channel_of_tag(channels: Sequence[Channel], tag: str) -> Channel | None:
    """The channel that a tag belongs to; None where it is no channel's."""
    return next((channel for channel in channels if channel.follows_as(tag) or channel.keeps(tag)), None)


def channel_named(channels: Sequence[Channel], name: str) -> Channel:
    """One channel by its name.

    Raises:
        UsageError: There is no such channel.
    """
    for channel in channels:
        if channel.name == name:
            return channel
    names = ", ".join(channel.name for channel in channels)
    asked = did_you_mean(name, (channel.name for channel in channels))
    raise UsageError(
        f"there is no channel {name[:40]!r}",
        remedy=f"Channels: {names}. {asked}".rstrip()
        if names
        else 'Add one to shiplane.toml: [channels.edge] with branch = "main".',
    )


def _check_lanes(channel: Channel, lanes: Sequence[Lane], location: Location) -> None:
    """Refuse a lane that does not exist, and several lanes that would share a tag.

    Raises:
        ConfigurationError: One of these.
    """
    names = [lane.name for lane in lanes]
    for name in channel.lanes:
        if name not in names:
            raise location.key("lanes").error(f"names {name}, which is no lane", remedy=f"Lanes: {', '.join(names)}.")
    shared = {
        key: text for key, text in (("tag", channel.tag), ("keep", channel.keep)) if text and "{lane}" not in text
    }
    if len(channel.lanes) > 1 and shared:
        raise location.error(
            f"has the lanes {', '.join(channel.lanes)}, and {' and '.join(shared)} would be the same tag for each",
            remedy=f'Name one lane, as in lanes = ["{channel.lanes[0]}"], or put {{lane}} into the tag: '
            + ", ".join(f'{key} = "{{lane}}-{text}"' for key, text in shared.items())
            + ".",
        )
