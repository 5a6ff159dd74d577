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
class Ledger:
    """A lane's entries, the oldest first, with the exact lines that hold them."""

    entries: tuple[Entry, ...] = ()
    lines: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, content: bytes, scheme: Scheme = Scheme.SEMVER) -> Ledger:
        """Parse the lines and check their chain; the lane's versions are those of a scheme.

        Raises:
            BrokenLedgerError: Naming the first invalid line.
        """
        lines = tuple(content.split(b"\n")[:-1])
        if content and not content.endswith(b"\n"):
            raise BrokenLedgerError(f"line {len(lines) + 1} of the ledger is truncated")
        entries = []
        for number, line in enumerate(lines, start=1):
            before = lines[number - 2] if number > 1 else None
            entries.append(replace(_parse_line(number, line, before), scheme=scheme))
        return cls(entries=tuple(entries), lines=lines)

    def append(self, entries: Iterable[Entry]) -> Ledger:
        """The ledger with further entries at its end."""
        lines, extended = list(self.lines), list(self.entries)
        for entry in entries:
            chain = {"number": len(lines) + 1, "previous": _hash(lines[-1]) if lines else None}
            lines.append(json.dumps({**chain, **entry.to_json()}, separators=(",", ":")).encode())
            extended.append(entry)
        return Ledger(entries=tuple(extended), lines=tuple(lines))

    def missing(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those of the entries that are not in the ledger."""
        ids = {entry.id for entry in self.entries}
        return [entry for entry in entries if entry.id not in ids]

    def precedes(self, other: Ledger) -> bool:
        """Whether the other ledger is this one with further entries."""
        return len(self.lines) < len(other.lines) and other.lines[: len(self.lines)] == self.lines

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
        later = itertools.dropwhile(lambda entry: entry.id != move.id, self.entries)
        moved = {entry.id for entry in self.moves(move.tag)}
        following = [entry for entry in later if entry.tag == ledger or entry.id in moved]
        asked = following[1] if len(following) > 1 else None
        return asked.evidence if asked and asked.tag == ledger and asked.after == move.after else ()

    def moves(self, floating: Tag) -> list[Entry]:
        """Every recorded move of a floating tag, the oldest first.

        One that was overtaken stands before the move that continued from it.
        """
        moves: list[Entry] = []
        for entry in self.entries:
            if entry.action in MOVES and entry.tag == floating:
                positions = (index for index, other in enumerate(moves) if other.id == entry.overtaken_by)
                moves.insert(next(positions, len(moves)), entry)
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


def _hash(line: bytes) -> str:
    return str(Digest.of(line))


def _parse_line(number: int, line: bytes, before: bytes | None) -> Entry:
    try:
        fields = strict_json.loads(line)
        if not isinstance(fields, dict):
            raise TypeError("not a JSON object")
        expected = (number, _hash(before) if before is not None else None)
        if (fields.get("number"), fields.get("previous")) != expected:
            raise ValueError("it does not continue the line before it")
        return _parse_entry(fields)
    except (ValueError, KeyError, TypeError, UsageError) as error:
        reason = one_line(str(error))[:200]
        raise BrokenLedgerError(f"line {number} of the ledger is invalid: {reason}") from error


def _parse_entry(fields: Mapping[str, Any]) -> Entry:
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


def segments(lines: Sequence[bytes], size: int) -> list[bytes]:
    """Group lines into pieces of at most ``size`` bytes; added lines change only the last one.

    A longer line is a piece of its own.
    """
    pieces: list[bytes] = []
    for line in lines:
        terminated = line + b"\n"
        if pieces and len(pieces[-1]) + len(terminated) <= size:
            pieces[-1] += terminated
        else:
            pieces.append(terminated)
    return pieces
