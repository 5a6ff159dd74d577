"""What there is to tell of a run that has ended, whichever way: for the summary in CI and for a report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shiplane.core.next_command import Caller
from shiplane.core.progress import Step, StepOutcome, TimedOutcome
from shiplane.core.redact import HIDDEN, Redactor

# What precedes the host of a URL, or of a repository: a user name with a password, or a token. A digest follows an "@".
_LOGIN = re.compile(r"(?:(?<=://)[^\s/]*|[^\s/=]+:[^\s/]*)@(?!sha(?:256|512):)")


@dataclass(frozen=True, kw_only=True)
class BuildTime:
    """When one lane was built for one platform, in seconds since the run began; None where it did not come to that.

    Attributes:
        state: What became of it: pushed, built, cached, failed ...
        began: When its first step began.
        exported: When its layers began to be exported.
        ended: When it was exported and pushed, or failed.
    """

    lane: str
    platform: str
    state: str
    began: float | None = None
    exported: float | None = None
    ended: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a task ended.

    Attributes:
        command: As it was typed.
        task: The task in it: release, rollback ...; empty where a page needs no subject.
        exit_code: 0, or why not.
        caller: How our tasks are called there.
        text: The result for people.
        data: The same for programs.
        kind: The situation, for a failure.
        what: What went wrong, for a failure.
        remedy: What to do about it.
        closing: The closing lines of a failure.
        steps: Every outcome, with its time.
        builds: The builds, with their times.
        began: When the run began, RFC 3339; may be empty.
        seconds: How long it took.
    """

    command: str
    task: str = ""
    exit_code: int
    caller: Caller = field(default_factory=Caller)
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""
    what: str = ""
    remedy: str = ""
    closing: Sequence[str] = ()
    steps: Sequence[TimedOutcome] = ()
    builds: Sequence[BuildTime] = ()
    began: str = ""
    seconds: float = 0.0

    def without_secrets(self, redact: Redactor) -> Report:
        """The same to be shown; before anything is escaped, since afterwards a secret would not be known any more.

        What was typed may hold a password in a URL, which nobody has told us.
        """
        return replace(
            self,
            command=_without_logins(redact(self.command)),
            text=redact(self.text),
            data=redact.hide_in(self.data),
            what=redact(self.what),
            remedy=redact(self.remedy),
            closing=[_without_logins(redact(line)) for line in self.closing],
            steps=[replace(timed, outcome=_hidden(timed.outcome, redact)) for timed in self.steps],
        )


def _without_logins(text: str) -> str:
    return _LOGIN.sub(f"{HIDDEN}@", text)


def _hidden(outcome: StepOutcome, redact: Redactor) -> StepOutcome:
    step = Step(redact(outcome.step.name), redact(outcome.step.subject), outcome.step.writes)
    return replace(outcome, step=step, reason=redact(outcome.reason))


def released(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The lanes of a release that was carried out; none for any other result."""
    lanes = data.get("lanes")
    return [lane for lane in lanes if isinstance(lane, dict) and "built" in lane] if isinstance(lanes, list) else []


def repository_of(lane: Mapping[str, Any]) -> str:
    """The primary repository of a released lane."""
    return str(lane["reference"]).partition("@")[0]
