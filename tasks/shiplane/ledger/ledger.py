"""The ledger: who did what to a lane's tags, and why, as JSON lines that each contain the hash of the one before.

A line's ``previous`` is the SHA-256 of the line before it, so nothing can be changed, removed or inserted in the middle
unnoticed. A truncated end shows elsewhere: the registry is then ahead of the ledger.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Annotated, Any, TypedDict, cast

from shiplane.config.names.version_schemes import Scheme
from shiplane.config.version import Version
from shiplane.core import strict_json
from shiplane.core.errors import UsageError, VerificationError
from shiplane.core.text import one_line
from shiplane.ledger.evidence import RecordedEvidence, RecordedEvidenceJson, parse_evidence
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.names import Digest, Platform, Tag, parse_tag

_MAX_TEXT = 500


class BrokenLedgerError(VerificationError):
    """A tag that is no ledger, or a ledger that is incomplete, rewritten or has a broken chain."""

    kind = "broken-ledger"


class Action(Enum):
    """What an entry records."""

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
    evidence: Annotated[list[RecordedEvidenceJson], "What gates and checks answered before it, or after a rollback."]
    promoted_from: Annotated[str, "The reference that a promoted image was copied from."]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One recorded action.

    Attributes:
        id: A random id, by which a writer recognises its own entry.
        when: RFC 3339 in UTC.
        who: The account or user.
        tag: The version tag; for a move the floating tag.
        version: The version concerned; for a move the one that the floating tag moved to.
        before: For a move, the digest that the tag had before; None if it did not exist.
        after: The digest that the tag has had since.
        commit: What the image was built from, if known.
        platforms: Of a published image: each platform's manifest.
        why: The reason that was given.
        run: The URL of the CI run.
        late: Whether a later run wrote it, having found it missing.
        overtaken_by: For a move, the id of the move that continued from it and was recorded sooner.
        adopted: Whether another tool did it and somebody adopted it later; then ``when`` and ``who`` are the
            adoption's. It is a field and no action, since a reader refuses a ledger with an unknown action and ignores
            an unknown field.
        created: When an adopted image was made, by its own labels; RFC 3339.
        evidence: What gates and checks answered before it, or after a rollback.
        promoted_from: For a publication, the reference in another repository that it was copied from.
        scheme: How the lane's versions are written; not in the ledger itself.
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
    evidence: tuple[RecordedEvidence, ...] = ()
    promoted_from: str = ""
    scheme: Scheme = field(default=Scheme.SEMVER, compare=False)

    @property
    def reason(self) -> str:
        """The reason for display, also where none was given."""
        return self.why or "no reason given"

    @property
    def how(self) -> str:
        """The action in one word, for display."""
        return "adopted" if self.adopted else "promoted" if self.promoted_from else self.action.value

    @property
    def release(self) -> Version | None:
        """The version concerned; None if the text is not a version: anybody who may push can write here."""
        try:
            return Version.parse(self.version, self.scheme)
        except UsageError:
            return None

    def to_json(self) -> EntryJson:
        """The entry as JSON values, without empty ones."""
        fields: EntryJson = {
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
            "evidence": [evidence.to_json() for evidence in self.evidence],
            "promoted_from": self.promoted_from,
        }
        kept = {key: value for key, value in fields.items() if value or (key == "from" and self.action in MOVES)}
        return cast("EntryJson", kept)


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where a ledger's lines begin: how many are before them, and the hash of the last of those."""

    count: int = 0
    previous: str | None = None


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """A lane's entries, the oldest first, with the exact lines that hold them.

    Of one that does not start at its first line, ``entries`` begins with those that a checkpoint carried.
    """

    entries: tuple[Entry, ...] = ()
    lines: tuple[bytes, ...] = ()
    start: Start = Start()

    @classmethod
    def parse(cls, content: bytes, scheme: Scheme = Scheme.SEMVER) -> Ledger:
        """Parse the lines and check their chain; the lane's versions are those of a scheme.

        Raises:
            BrokenLedgerError: Naming the first invalid line.
        """
        return cls().extended(lines_of(content), scheme)

    @property
    def count(self) -> int:
        """How many entries were ever added."""
        return self.start.count + len(self.lines)

    @property
    def tip(self) -> str | None:
        """The hash of the last line; None without any."""
        return _hash(self.lines[-1]) if self.lines else self.start.previous

    def extended(self, lines: Sequence[bytes], scheme: Scheme = Scheme.SEMVER) -> Ledger:
        """The ledger with further lines at its end.

        Raises:
            BrokenLedgerError: Naming the first that is invalid, or does not continue the one before.
        """
        entries, previous = list(self.entries), self.tip
        for number, line in enumerate(lines, start=self.count + 1):
            entries.append(replace(_parse_line(number, line, previous), scheme=scheme))
            previous = _hash(line)
        return replace(self, entries=tuple(entries), lines=(*self.lines, *lines))

    def append(self, entries: Iterable[Entry]) -> Ledger:
        """The ledger with further entries at its end."""
        added, previous = list(entries), self.tip
        lines = list(self.lines)
        for number, entry in enumerate(added, start=self.count + 1):
            chain = {"number": number, "previous": previous}
            lines.append(json.dumps({**chain, **entry.to_json()}, separators=(",", ":")).encode())
            previous = _hash(lines[-1])
        return replace(self, entries=(*self.entries, *added), lines=tuple(lines))

    def followed_by(self, later: Ledger) -> Ledger | None:
        """This ledger with what a later state has beyond it; None if that one does not continue it."""
        place = self.count - later.start.count
        if not 0 <= place <= len(later.lines) or later.tip_at(place) != self.tip:
            return None
        lines = later.lines[place:]
        entries = later.entries[len(later.entries) - len(lines) :]
        return replace(self, entries=(*self.entries, *entries), lines=(*self.lines, *lines))

    def tip_at(self, place: int) -> str | None:
        """The hash of the line before a place among the lines."""
        return _hash(self.lines[place - 1]) if place else self.start.previous

    def missing(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those of the entries that are not in the ledger."""
        ids = {entry.id for entry in self.entries}
        return [entry for entry in entries if entry.id not in ids]

    def precedes(self, other: Ledger) -> bool:
        """Whether the other ledger is this one with further entries; it counts as that if its lines start later."""
        place = self.count - other.start.count
        return self.count < other.count and (place < 0 or other.tip_at(place) == self.tip)

    def published(self, tag: Tag) -> Entry | None:
        """The entry of a version's publication."""
        return self._publications.get(tag)

    @functools.cached_property
    def _publications(self) -> dict[Tag, Entry]:
        """Each version tag's last publication: one look at each entry, however many versions are asked for."""
        return {entry.tag: entry for entry in self.entries if entry.action is Action.PUBLISH}

    def evidence(self, tag: Tag, digest: Digest | None) -> tuple[RecordedEvidence, ...]:
        """What was asked before a version was published; nothing where its tag has another digest now."""
        entry = self.published(tag)
        return entry.evidence if entry and entry.after == digest else ()

    def asked_after(self, move: Entry, ledger: Tag) -> tuple[RecordedEvidence, ...]:
        """What the gates answered after a rollback of a floating tag: an entry under the ledger's own tag."""
        if move.action is not Action.ROLLBACK:
            return ()
        later = itertools.dropwhile(lambda entry: entry.id != move.id, self.entries)
        following = (one for one in later if one.tag == ledger or (one.action in MOVES and one.tag == move.tag))
        asked = next(itertools.islice(following, 1, None), None)
        return asked.evidence if asked and asked.tag == ledger and asked.after == move.after else ()

    def moves(self, floating: Tag) -> list[Entry]:
        """Every recorded move of a floating tag, the oldest first; one that was overtaken before what followed it."""
        return list(self._moves.get(floating, ()))

    @functools.cached_property
    def _moves(self) -> dict[Tag, list[Entry]]:
        """The moves of each floating tag: one look at each entry, however many moves are asked about."""
        moves: dict[Tag, list[Entry]] = {}
        for entry in self.entries:
            if entry.action in MOVES:
                before = moves.setdefault(entry.tag, [])
                before.insert(_place(entry, before), entry)
        return moves

    def position(self, floating: Tag) -> Entry | None:
        """The last recorded move of a floating tag: where it should be."""
        return next(reversed(self.moves(floating)), None)

    def gaps(self, floating: Tag) -> list[Entry]:
        """Moves that did not start where the one before ended: somebody moved the tag without a record.

        A position that was adopted may be recorded again by the slower run that had moved the tag there.
        """
        pairs = itertools.pairwise(self.moves(floating))
        return [
            move
            for previous, move in pairs
            if move.before != previous.after and not (previous.adopted and previous.after == move.after)
        ]

    @functools.cached_property
    def marks(self) -> Mapping[Tag, Entry]:
        """The mark of each version that is marked as bad, by version tag."""
        marks: dict[Tag, Entry] = {}
        for entry in self.entries:
            if entry.action is Action.MARK:
                marks[entry.tag] = entry
            elif entry.action is Action.UNMARK:
                marks.pop(entry.tag, None)
        return marks


def with_evidence(entries: Sequence[Entry], evidence: tuple[RecordedEvidence, ...]) -> list[Entry]:
    """The entries that a run adds to one ledger, the first of them with what was asked before."""
    return [replace(entry, evidence=evidence if entry is entries[0] else ()) for entry in entries]


def _place(move: Entry, moves: Sequence[Entry]) -> int:
    """Where a move stands among those that were recorded before it."""
    if not move.overtaken_by:
        return len(moves)
    return next((index for index, other in enumerate(moves) if other.id == move.overtaken_by), len(moves))


def _hash(line: bytes) -> str:
    return str(Digest.of(line))


def _parse_line(number: int, line: bytes, previous: str | None) -> Entry:
    try:
        fields = strict_json.loads(line)
        if not isinstance(fields, dict):
            raise TypeError("not a JSON object")
        if (fields.get("number"), fields.get("previous")) != (number, previous):
            raise ValueError("it does not continue the line before it")
        return parse_entry(fields)
    except (ValueError, KeyError, TypeError, UsageError) as error:
        reason = one_line(str(error))[:200]
        raise BrokenLedgerError(f"line {number} of the ledger is invalid: {reason}") from error


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a ledger. Raises BrokenLedgerError where the last one is truncated."""
    lines = content.split(b"\n")
    if lines.pop():
        raise BrokenLedgerError(f"line {len(lines) + 1} of the ledger is truncated")
    return lines


def parse_entry(fields: Mapping[str, Any]) -> Entry:
    """Read an entry: anybody who may push can write it.

    Raises:
        ValueError, KeyError, TypeError, UsageError: It has another form.
    """
    before = fields.get("from")
    platforms = fields.get("platforms", {})
    if not isinstance(platforms, dict):
        raise TypeError("platforms is not an object")
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
        evidence=parse_evidence(fields.get("evidence", [])),
        promoted_from=_text(fields, "promoted_from"),
    )


def _text(fields: Mapping[str, Any], key: str) -> str:
    """A text that is safe to print: anybody who may push can write here."""
    value = fields.get(key, "")
    if not isinstance(value, str):
        raise TypeError(f"{key} is not a string")
    return one_line(value)[:_MAX_TEXT]
