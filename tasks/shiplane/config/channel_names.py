"""That a channel's tags are nothing else: no lane's version, floating tag or ledger, and no other channel's tag.

Decided from the templates, when the file is read. A template's tags are compared sign by sign, a commit's place being
any hexadecimal digits and a date's any digits; what a lane reads as a version is found out with commits of every kind
that such readers tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from shiplane.core.schema.location import Location

if TYPE_CHECKING:
    from shiplane.config.lane import Lane

# A SHA-1 and a SHA-256 commit.
_LENGTHS = (40, 64)
_DIGITS = frozenset("0123456789")
_HEX = _DIGITS | frozenset("abcdef")
# How a commit may begin, to whatever reads versions: a number, one with a leading zero, letters, PEP 440's a, b and c,
# an exponent; and how it may go on.
_BEGINNINGS, _ENDINGS = (
    ("1", "0", "10", "a", "b", "c", "d", "e", "f", "1a", "1b", "1c", "1e", "a1", "0a"),
    ("1", "0", "a"),
)
_DATES = ("2026-11-29", "2027-01-02")
# What each sign of a tag can be.
_Form: TypeAlias = tuple[frozenset[str], ...]
_REMEDY = "Give it another tag."


@dataclass(frozen=True, kw_only=True)
class ChannelTemplate:
    """What a channel's tags for one lane look like.

    Attributes:
        channel: The channel's name.
        key: What says so in the channel's table: ``tag`` or ``keep``.
        lane: The lane's name.
        text: The template; of its placeholders ``{commit}`` and ``{date}`` are left.
    """

    channel: str
    key: str
    lane: str
    text: str

    @property
    def forms(self) -> tuple[_Form, ...]:
        """Each form that a tag may have."""
        return tuple(dict.fromkeys(_form(self.text, length) for length in _LENGTHS))

    @property
    def examples(self) -> Iterator[str]:
        """Tags: the one, or one for each kind of commit and of date."""
        for length, date in product(_LENGTHS, _DATES):
            for beginning, ending in product(_BEGINNINGS, _ENDINGS):
                commit = beginning + ending * (length - len(beginning))
                yield self.text.replace("{date}", date).replace("{commit}", commit)

    def fits(self, tag: str) -> bool:
        """Whether a tag is one of these."""
        return any(_overlap(form, _form(tag)) for form in self.forms)

    def writes_as(self, other: ChannelTemplate) -> bool:
        """Whether both are one thing: the same key of one channel, or a build's tag that two channels keep alike."""
        same_lane = (self.key, self.lane) == (other.key, other.lane)
        return same_lane and (self.channel == other.channel or (self.key == "keep" and self.text == other.text))


def check_template(
    template: ChannelTemplate, others: Sequence[ChannelTemplate], lanes: Sequence[Lane], location: Location
) -> None:
    """Refuse a template one of whose tags could be something else as well.

    Args:
        template: The template.
        others: Those of every channel of the project.
        lanes: Every lane of the project.
        location: Where the template is in the file.

    Raises:
        ConfigurationError: With an example of such a tag.
    """
    for tag in dict.fromkeys(template.examples):
        if meaning := _meaning(tag, lanes):
            raise location.error(f"could be {tag}, which is {meaning}", remedy=_REMEDY)
    for form in template.forms:
        for other in others:
            tag = next((_first(form, another) for another in other.forms if _overlap(form, another)), "")
            if tag and not template.writes_as(other):
                raise location.error(
                    f"could be {tag}, as {other.key} of channel {other.channel} for lane {other.lane}", remedy=_REMEDY
                )


def _meaning(tag: str, lanes: Sequence[Lane]) -> str:
    """What a tag is besides a channel's; empty where it is nothing."""
    if tag.startswith("sha256-"):
        return "where registries list referrers, and cosign its signatures"
    for lane in lanes:
        if tag == lane.ledger:
            return f"lane {lane.name}'s ledger"
        if lane.floating_tag(tag):
            return f"a floating tag of lane {lane.name}"
        if lane.owns(tag) or lane.version_tagged(tag) or lane.version_spelled(tag):
            return f"a version of lane {lane.name}"
    return ""


def _form(text: str, commit: int = 0) -> _Form:
    """What each sign of a template's tags can be, with commits of that length."""
    signs = {
        "{commit}": [_HEX] * commit,
        "{date}": [_DIGITS if sign == "d" else frozenset(sign) for sign in "dddd-dd-dd"],
    }
    parts = re.split(r"(\{[a-z]+\})", text)
    return tuple(sign for part in parts for sign in signs.get(part) or map(frozenset, part))


def _overlap(form: _Form, other: _Form) -> bool:
    """Whether a tag can have both forms."""
    return len(form) == len(other) and all(mine & theirs for mine, theirs in zip(form, other, strict=True))


def _first(form: _Form, other: _Form) -> str:
    """A tag that has both forms."""
    return "".join(min(mine & theirs) for mine, theirs in zip(form, other, strict=True))
