"""Checks of a staged image: commands of the project that decide whether it may be tagged, and what each answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, NamedTuple, TypedDict

from shiplane.config.placeholders import PLACEHOLDERS, check_placeholders, resolve_placeholders
from shiplane.core.progress import StepState
from shiplane.registry.oci.document_keys import DigestJson

# What stands for the staged image in a check's command, beside what stands for the release.
IMAGE_PLACEHOLDERS = ("image", "digest", "platforms", "layout", "report")
LAYOUT = "{layout}"


@dataclass(frozen=True, kw_only=True)
class StagedCheck:
    """One configured check.

    Attributes:
        name: For people, and for ``--skip``.
        command: As it is written, with placeholders.
        timeout: Seconds until it is ended.
        layout: Whether the image is laid out in a folder for it, even if its command does not name that folder.
        report: The file that it writes, relative to the project's root; empty for none. ``{lane}`` is a placeholder.
        env: The variables that it needs.
    """

    name: str
    command: str
    timeout: float = 900.0
    layout: bool = False
    report: str = ""
    env: tuple[str, ...] = ()

    def __str__(self) -> str:
        given = f", given {', '.join(self.env)}" if self.env else ""
        layout = ", with the image's OCI layout" if self.layout else ""
        report = f", writes {self.report}" if self.report else ""
        return f"{self.command} (passes within {self.timeout:g} s{given}{layout}{report})"

    @property
    def needs_layout(self) -> bool:
        """Whether the image has to be laid out in a folder for it."""
        return self.layout or LAYOUT in self.command

    def report_of(self, lane: str) -> str:
        """The file that it writes for a lane; empty for none."""
        return resolve_placeholders(self.report, {"lane": lane})


def check_command_placeholders(text: str) -> str:
    """A command that contains no unknown placeholder. Raises as :func:`check_placeholders`."""
    return check_placeholders(text, (*IMAGE_PLACEHOLDERS, *PLACEHOLDERS))


def check_report_placeholders(text: str) -> str:
    """The path of a report that contains no unknown placeholder. Raises as :func:`check_placeholders`."""
    return check_placeholders(text, ("lane",))


@dataclass(frozen=True, kw_only=True)
class CheckEvidence:
    """What a check answered: kept with the release."""

    check: Annotated[str, "The check's name."]
    command: Annotated[str, "Its command, with what its placeholders stood for; the layout's folder is left out."]
    good: Annotated[bool, "Whether it passed."]
    result: Annotated[str, "How it ended, as text."]
    seconds: Annotated[float, "How long it took."]
    when: Annotated[str, "When it ended, RFC 3339 in UTC."]
    report: Annotated[str, "The report's file, relative to the project's root; empty for none."] = ""
    report_digest: Annotated[DigestJson | None, "The digest of the report's content; null if there is none."] = None
    remedy: Annotated[str, "How to fix it if it did not pass."] = ""
    output: Annotated[list[str], "The last lines of its output."] = field(default_factory=list)

    def to_json(self) -> CheckEvidenceJson:
        """The evidence as JSON values."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}


CheckEvidenceJson = Annotated[dict[str, Any], CheckEvidence]


class ChecksResultJson(TypedDict):
    """The checks of a lane's staged image."""

    state: Annotated[str, StepState, "How they ended."]
    reason: Annotated[str, "Why."]
    checks: Annotated[list[CheckEvidenceJson], "What each answered."]
    skipped: Annotated[list[str], "The checks that were left out by name."]


@dataclass(frozen=True, kw_only=True)
class ChecksResult:
    """A lane's image after its checks, or why there were none."""

    state: StepState
    reason: str
    evidence: tuple[CheckEvidence, ...] = ()
    skipped: tuple[str, ...] = ()

    def to_json(self) -> ChecksResultJson:
        """The same as JSON values."""
        return {
            "state": self.state.value,
            "reason": self.reason,
            "checks": [evidence.to_json() for evidence in self.evidence],
            "skipped": list(self.skipped),
        }


NOT_CHECKED = ChecksResult(state=StepState.SKIPPED, reason="no check is configured")


class PlannedCheck(NamedTuple):
    """A check, and the lanes whose images it is for."""

    check: StagedCheck
    lanes: tuple[str, ...]


def planned_checks(checks: Mapping[str, Sequence[StagedCheck]]) -> list[PlannedCheck]:
    """Each check once, with its lanes.

    Args:
        checks: The checks of each lane.
    """
    lanes: dict[StagedCheck, tuple[str, ...]] = {}
    for lane, own in checks.items():
        for check in own:
            lanes[check] = (*lanes.get(check, ()), lane)
    return [PlannedCheck(check, names) for check, names in lanes.items()]
