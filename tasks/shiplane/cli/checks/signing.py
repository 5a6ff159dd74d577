"""The check of signing: the tool, and the key that it has to open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shiplane.cli.checks.findings import value_or_none
from shiplane.core.finding import Finding, done
from shiplane.core.progress import StepState
from shiplane.doctor.doctor import Look, attempt

if TYPE_CHECKING:
    from shiplane.cli.run import Run


def signing_checks(run: Run) -> dict[str, Look]:
    """The signing tool and the key; nothing where no signing is configured or the settings are wrong."""
    from shiplane.cli.clients.signing import signing_tool

    settings = value_or_none(lambda: run.project.sign)
    if settings is None:
        return {}

    def look() -> Iterator[Finding]:
        with signing_tool(run, settings, lambda: (), run.env) as tool:
            version = attempt("signing: tool", lambda: done("signing: tool", f"{tool.name} {tool.check_version()}"))
            yield version
            if version.state is StepState.DONE:
                yield attempt("signing: key", lambda: done("signing: key", f"{tool.check()} can be used"))

    return {"signing": look}
