"""What was asked before a release, or after a rollback, and what it answered, as the ledger keeps it.

The ledger may be public: no gate's URL and no output is kept, and commands were redacted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, cast

from shiplane.core.text import one_line
from shiplane.registry.oci.names import Digest

if TYPE_CHECKING:
    from shiplane.config.checks.staged_check import CheckEvidence
    from shiplane.config.gate import Evidence

_MAX_TEXT = 200
# More would be no record but a log: what is beyond is not kept.
MOST = 100
CHECK, GATE = "check", "gate"


class _AskedJson(TypedDict):
    kind: Annotated[str, "check or gate."]
    name: Annotated[str, "Its name."]
    good: Annotated[bool, "Whether it passed."]
    result: Annotated[str, "What it answered, as text."]
    when: Annotated[str, "When, RFC 3339 in UTC."]


class RecordedEvidenceJson(_AskedJson, total=False):
    """What a check or a gate answered; what is empty is left out."""

    command: Annotated[str, "The check's command."]
    seconds: Annotated[float, "How long the check took."]
    report: Annotated[str, "The digest of the report that the check wrote."]


@dataclass(frozen=True, kw_only=True)
class RecordedEvidence:
    """What a check or a gate answered.

    Attributes:
        kind: ``check`` or ``gate``.
        name: Its name.
        good: Whether it passed.
        result: What it answered.
        when: RFC 3339 in UTC.
        command: A check's command; empty for a gate.
        seconds: How long a check took; None for a gate.
        report: The digest of a check's report, if it wrote one.
    """

    kind: str
    name: str
    good: bool
    result: str
    when: str
    command: str = ""
    seconds: float | None = None
    report: Digest | None = None

    @classmethod
    def of_check(cls, evidence: CheckEvidence) -> RecordedEvidence:
        """A check's."""
        return cls(
            kind=CHECK,
            name=_short(evidence.check),
            good=evidence.good,
            result=_short(evidence.result),
            when=evidence.when,
            command=_short(evidence.command),
            seconds=round(evidence.seconds, 3),
            report=Digest(evidence.report_digest) if evidence.report_digest else None,
        )

    @classmethod
    def of_gate(cls, evidence: Evidence) -> RecordedEvidence:
        """A gate's."""
        result = _short(evidence.detail)
        return cls(kind=GATE, name=_short(evidence.gate), good=evidence.good, result=result, when=evidence.when)

    def __str__(self) -> str:
        failed = "" if self.good else f", not passed: {self.result}"
        report = f", report {self.report.short}" if self.report else ""
        return f"{self.kind} {self.name}{failed}{report}"

    def to_json(self) -> RecordedEvidenceJson:
        """The evidence as JSON values, without empty ones."""
        fields = {
            "kind": self.kind,
            "name": self.name,
            "good": self.good,
            "result": self.result,
            "when": self.when,
            "command": self.command or None,
            "seconds": self.seconds,
            "report": str(self.report) if self.report else None,
        }
        return cast("RecordedEvidenceJson", {key: value for key, value in fields.items() if value is not None})


def recorded_evidence(gates: Sequence[Evidence], checks: Sequence[CheckEvidence]) -> tuple[RecordedEvidence, ...]:
    """What gates and checks answered, for an entry."""
    evidence = [*map(RecordedEvidence.of_gate, gates), *map(RecordedEvidence.of_check, checks)]
    return tuple(evidence[:MOST])


def evidence_text(evidence: Sequence[RecordedEvidence]) -> str:
    """Evidence in one line, for display; nothing where there is none."""
    passed = "; ".join(str(each) for each in evidence if each.good)
    failed = "; ".join(str(each) for each in evidence if not each.good)
    return "; ".join(filter(None, (failed, f"passed: {passed}" if passed else "")))


def parse_evidence(value: object) -> tuple[RecordedEvidence, ...]:
    """Read the evidence of an entry: anybody who may push can write it.

    Raises:
        TypeError, ValueError, KeyError: It has another form.
    """
    if not isinstance(value, list) or len(value) > MOST:
        raise TypeError(f"evidence is no array of at most {MOST} items")
    return tuple(map(_parse, value))


def _parse(fields: Any) -> RecordedEvidence:  # noqa: ANN401 -- JSON
    if not isinstance(fields, dict):
        raise TypeError("evidence is not an object")
    seconds, report = fields.get("seconds"), _text(fields, "report")
    if type(seconds) not in (int, float, type(None)):
        raise TypeError("seconds is not a number")
    return RecordedEvidence(
        kind=_text(fields, "kind"),
        name=_text(fields, "name"),
        good=fields.get("good") is True,
        result=_text(fields, "result"),
        when=_text(fields, "when"),
        command=_text(fields, "command"),
        seconds=seconds,
        report=Digest(report) if report else None,
    )


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key, "")
    if not isinstance(value, str):
        raise TypeError(f"{key} is not a string")
    return _short(value)


def _short(text: str) -> str:
    return one_line(text)[:_MAX_TEXT]
