"""What a step of GitHub Actions can say beyond its log: masks, folds, annotations, outputs and a summary.

Workflow commands go to standard error, so that ``--json`` leaves one document on standard output; the runner reads
both. Foreign text is made harmless where it is printed, so no command here needs ``stop-commands`` around it.
Source: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from shiplane.cli.views.step_summary import render
from shiplane.core.redact import Redactor
from shiplane.core.text import one_line
from shiplane.pages.run_report import Report, released, repository_of

_ANNOTATION = 2000
_OUTPUTS = ("image", "tag", "digest", "version", "floating")


@dataclass(frozen=True)
class Actions:
    """The job that this run is a step of.

    Attributes:
        env: Names the files of the step.
        err: Where workflow commands go.
    """

    env: Mapping[str, str]
    err: TextIO = field(default_factory=lambda: sys.stderr)

    def mask(self, secret: str) -> None:
        """Have the runner hide a secret that it does not know: one that was derived, or fetched."""
        for line in secret.splitlines():
            self._command("add-mask", line)

    def fold(self, title: str) -> None:
        """Begin a fold of the log, or end it."""
        self._command("group" if title else "endgroup", one_line(title))

    def report(self, report: Report, *, redact: Redactor, tell: Callable[[str], None]) -> None:
        """Say how the step ended, in every place that people and later steps look at.

        Where that fails, a line of progress says so, and the exit code stays: what was released is released.
        """
        try:
            clean = report.without_secrets(redact)
            if report.exit_code:
                self._annotate(clean)
            self._append("GITHUB_OUTPUT", "".join(_assignment(*output) for output in outputs(clean)))
            self._append("GITHUB_STEP_SUMMARY", render(clean))
        except Exception as error:  # noqa: BLE001 -- nothing here is worth a release
            tell(f"could not write the step's outputs or summary: {error!r}")

    def _annotate(self, report: Report) -> None:
        """The one error of this run, where the page of the run shows it."""
        parts = [report.what or report.text, report.remedy, *report.closing]
        text = "\n".join(one_line(line) for part in parts if part for line in part.splitlines())
        title = f"shiplane: {report.kind or 'check failed'} (exit {report.exit_code})"
        self._command("error", text[:_ANNOTATION], title=title)

    def _command(self, name: str, value: str, **properties: str) -> None:
        listed = ",".join(f"{key}={_property(text)}" for key, text in properties.items())
        print(f"::{name}{' ' if listed else ''}{listed}::{_value(value)}", file=self.err, flush=True)

    def _append(self, variable: str, text: str) -> None:
        if self.env.get(variable):
            with open(self.env[variable], "a", encoding="utf-8", newline="\n") as stream:  # noqa: PTH123 -- appended to
                stream.write(text)


def outputs(report: Report) -> Iterable[tuple[str, str]]:
    """The outputs of a step by name: the lane's, where there is one, each lane's as JSON, and the whole result."""
    lanes = {str(lane["lane"]): _outputs_of(lane) for lane in released(report.data)}
    if len(lanes) == 1:
        yield from next(iter(lanes.values())).items()
    if lanes:
        yield "lanes", json.dumps(lanes)
    failure = {"error": {"kind": report.kind, "what": report.what, "remedy": report.remedy}} if report.what else {}
    closing = {"closing": list(report.closing)} if report.closing else {}
    code = report.exit_code
    yield "result", json.dumps({"ok": code == 0, "exit": code, **report.data, **failure, **closing})


def _outputs_of(lane: Mapping[str, Any]) -> dict[str, str]:
    """A floating tag counts only where it has this digest; several are given one per line, as metadata-action does."""
    here = [tag["tag"] for tag in lane["floating_tags"] if tag["digest"] == lane["digest"]]
    values = {**lane, "image": repository_of(lane), "floating": "\n".join(here)}
    return {name: str(values[name]) for name in _OUTPUTS}


def _assignment(name: str, value: str) -> str:
    """An output in the form for any text: its end marker cannot be guessed."""
    mark = f"shiplane-{secrets.token_hex(16)}"
    return f"{name}<<{mark}\n{value}\n{mark}\n"


def _value(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _value(text).replace(":", "%3A").replace(",", "%2C")
