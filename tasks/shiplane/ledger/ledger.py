"""The ledger: what was done to a lane's tags, by whom and why, as lines of JSON that name each the one before.

A line's ``previous`` is the SHA-256 of the line before it, so that nothing in the middle can be changed, taken out or
put in unseen. What was cut off at the end can be seen elsewhere: the registry is ahead of such a ledger.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, TypedDict, cast

from shiplane.config.version import Version
from shiplane.core import strict_json
from shiplane.core.errors import UsageError, VerificationError
from shiplane.core.redact import one_line
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.names import Digest, Platform, Tag, parse_tag

_MAX_WORDS = 500


class BrokenLedgerError(VerificationError):
    """A ledger that is not one, or not whole: its chain is broken, a part is missing, or it was written anew."""

    kind = "broken-ledger"


class Action(Enum):
    """What an entry tells of."""

    PUBLISH = "publish"
    FLOAT = "float"
    ROLLBACK = "rollback"
    MARK = "mark"
    UNMARK = "unmark"
    RESTART = "restart"


# The actions that move a floating tag.
MOVES = (Action.FLOAT, Action.ROLLBACK)


# "from" is no name in Python, so that this part is written as a call.
_MoveJson = TypedDict(
    "_MoveJson",
    {"from": Annotated[DigestJson | None, "What a tag that was moved had before."]},
    total=False,
)


class _DoneJson(TypedDict):
    id: Annotated[str, "A random word."]
    action: Annotated[str, Action, "What was done."]
    when: Annotated[str, "When, RFC 3339."]
    who: Annotated[str, "The account or user."]
    tag: TagJson
    version: Annotated[str, "The version concerned."]
    to: DigestJson


class EntryJson(_DoneJson, _MoveJson, total=False):
    """One entry of a ledger; what is empty is left out."""

    commit: Annotated[str, "What the image was built from."]
    platforms: Annotated[dict[str, DigestJson], "Each platform's manifest."]
    why: Annotated[str, "The reason."]
    run: Annotated[str, "The URL of the CI run."]
    late: Annotated[bool, "Whether a later run wrote it, which found it missing."]
    overtaken_by: Annotated[str, "The id of the move that went on from it and was recorded sooner."]
    adopted: Annotated[bool, "Whether another tool did it, and it was taken into the ledger later."]
    created: Annotated[str, "When an adopted image was made, as it says itself; RFC 3339."]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that was done.

    Attributes:
        action: What.
        id: A random word, by which a writer finds its own entry again.
        when: RFC 3339 in UTC.
        who: The account or user.
        tag: The tag that it was done to: a version tag, or for a move the floating tag.
        version: The version concerned; for a move the one that the floating tag was set to.
        before: What the tag had before, for a move; None where there was nothing.
        after: What the tag has since.
        commit: What the image was built from, as far as it was known.
        platforms: Of a published image: each platform's manifest.
        why: The reason, where one was given.
        run: The URL of the CI run, where there was one.
        late: Whether it was written by a later run, which found it missing.
        overtaken_by: For a move, the id of the move that went on from it and was recorded sooner; mostly nothing.
        adopted: Whether another tool did it, and somebody took it into the ledger later: then ``when`` and ``who`` are
            of the adoption. It is no action of its own, since a reader that does not know an action refuses the whole
            ledger, and one that passes over this field still reads what is there.
        created: When an adopted image was made, as it says itself; RFC 3339.
    """

    action: Action
    id: str
    when: str
    who: str
    tag: Tag
    version: str
    after: Digest
    before: Digest | None = None
    commit: str = ""
    platforms: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    run: str = ""
    late: bool = False
    overtaken_by: str = ""
    adopted: bool = False
    created: str = ""

    @property
    def reason(self) -> str:
        """The reason for people to read, also where none was given."""
        return self.why or "no reason given"

    @property
    def how(self) -> str:
        """The action in one word, for people."""
        return "adopted" if self.adopted else self.action.value

    @property
    def release(self) -> Version | None:
        """The version concerned; None where the text is none: whoever may push can write here."""
        try:
            return Version.parse(self.version)
        except UsageError:
            return None

    def to_json(self) -> EntryJson:
        """The entry as JSON values, without what is empty."""
        known: EntryJson = {
            "id": self.id,
            "action": self.action.value,
            "when": self.when,
            "who": self.who,
            "tag": self.tag,
            "version": self.version,
            "from": str(self.before) if self.before else None,
            "to": str(self.after),
            "commit": self.commit,
            "platforms": dict(self.platforms),
            "why": self.why,
            "run": self.run,
            "late": self.late,
            "overtaken_by": self.overtaken_by,
            "adopted": self.adopted,
            "created": self.created,
        }
        kept = {name: value for name, value in known.items() if value or (name == "from" and self.action in MOVES)}
        return cast("EntryJson", kept)


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All entries of a lane, the oldest first, with the very lines in which they stand."""

    entries: tuple[Entry, ...] = ()
    lines: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, content: bytes) -> Ledger:
        """Read lines, and check that each names the one before.

        Raises:
            BrokenLedgerError: Naming the first line that is wrong.
        """
        lines = tuple(content.split(b"\n")[:-1])
        if content and not content.endswith(b"\n"):
            raise BrokenLedgerError(f"line {len(lines) + 1} of the ledger is cut off")
        entries = []
        for number, line in enumerate(lines, start=1):
            before = lines[number - 2] if number > 1 else None
            entries.append(_entry(number, line, before))
        return cls(entries=tuple(entries), lines=lines)

    def append(self, entries: Iterable[Entry]) -> Ledger:
        """The ledger with further entries at its end."""
        lines, known = list(self.lines), list(self.entries)
        for entry in entries:
            chain = {"number": len(lines) + 1, "previous": _hash(lines[-1]) if lines else None}
            lines.append(json.dumps({**chain, **entry.to_json()}, separators=(",", ":")).encode())
            known.append(entry)
        return Ledger(entries=tuple(known), lines=tuple(lines))

    def lacking(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those of the entries that do not stand here."""
        known = {entry.id for entry in self.entries}
        return [entry for entry in entries if entry.id not in known]

    def precedes(self, other: Ledger) -> bool:
        """Whether this is what the other one was before entries were added to it."""
        return len(self.lines) < len(other.lines) and other.lines[: len(self.lines)] == self.lines

    def published(self, tag: Tag) -> Entry | None:
        """The entry of a version's publication."""
        found = (entry for entry in reversed(self.entries) if entry.action is Action.PUBLISH and entry.tag == tag)
        return next(found, None)

    def moves(self, floating: Tag) -> list[Entry]:
        """Every recorded move of a floating tag, the oldest first: in the ledger's order, but for who was overtaken."""
        moves: list[Entry] = []
        for entry in self.entries:
            if entry.action in MOVES and entry.tag == floating:
                places = (at for at, other in enumerate(moves) if other.id == entry.overtaken_by)
                moves.insert(next(places, len(moves)), entry)
        return moves

    def position(self, floating: Tag) -> Entry | None:
        """The last recorded move of a floating tag: where it should be."""
        return next(reversed(self.moves(floating)), None)

    def gaps(self, floating: Tag) -> list[Entry]:
        """The moves that began elsewhere than where the one before had ended: somebody moved the tag unrecorded.

        What was adopted as a place may be told once more by who had moved the tag there, and was slower to record it.
        """
        pairs = itertools.pairwise(self.moves(floating))
        return [
            move
            for before, move in pairs
            if move.before != before.after and not (before.adopted and before.after == move.after)
        ]

    @property
    def marks(self) -> dict[Tag, Entry]:
        """The versions that are marked as bad at present, by version tag."""
        marks: dict[Tag, Entry] = {}
        for entry in self.entries:
            if entry.action is Action.MARK:
                marks[entry.tag] = entry
            elif entry.action is Action.UNMARK:
                marks.pop(entry.tag, None)
        return marks


def _hash(line: bytes) -> str:
    return str(Digest.of(line))


def _entry(number: int, line: bytes, before: bytes | None) -> Entry:
    try:
        fields = strict_json.loads(line)
        if not isinstance(fields, dict):
            raise TypeError("no JSON object")
        wanted = (number, _hash(before) if before is not None else None)
        if (fields.get("number"), fields.get("previous")) != wanted:
            raise ValueError("it does not follow on the line before it")
        return _parsed(fields)
    except (ValueError, KeyError, TypeError, UsageError) as error:
        words = one_line(str(error))[:200]
        raise BrokenLedgerError(f"line {number} of the ledger is wrong: {words}") from error


def _parsed(fields: Mapping[str, Any]) -> Entry:
    before = fields.get("from")
    platforms = fields.get("platforms", {})
    if not isinstance(platforms, dict):
        raise TypeError("platforms is no object")
    return Entry(
        action=Action(fields["action"]),
        id=_text(fields, "id"),
        when=_text(fields, "when"),
        who=_text(fields, "who"),
        tag=parse_tag(_text(fields, "tag")),
        version=_text(fields, "version"),
        after=Digest(_text(fields, "to")),
        before=None if before is None else Digest(_text(fields, "from")),
        commit=_text(fields, "commit"),
        platforms={str(Platform.parse(key)): str(Digest(_text(platforms, key))) for key in platforms},
        why=_text(fields, "why"),
        run=_text(fields, "run"),
        late=fields.get("late") is True,
        overtaken_by=_text(fields, "overtaken_by"),
        adopted=fields.get("adopted") is True,
        created=_text(fields, "created"),
    )


def _text(fields: Mapping[str, Any], key: str) -> str:
    """A text that may be printed as it is; whoever may push can write here."""
    value = fields.get(key, "")
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return one_line(value)[:_MAX_WORDS]


def segments(lines: Sequence[bytes], size: int) -> list[bytes]:
    """Lines as pieces of at most ``size`` bytes (a longer line has its own): adding lines changes none but the last."""
    pieces: list[bytes] = []
    for line in lines:
        whole = line + b"\n"
        if pieces and len(pieces[-1]) + len(whole) <= size:
            pieces[-1] += whole
        else:
            pieces.append(whole)
    return pieces
