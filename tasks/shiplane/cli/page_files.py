"""Pages and pictures as files, and the one that a run is reported in at its end, however it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shiplane.core.errors import UsageError
from shiplane.core.system.atomic_file import write_user_file

if TYPE_CHECKING:
    from shiplane.core.redact import Redactor
    from shiplane.pages.run_report import Report

# They hold no secret, and are made to be shown: by a web server, say.
_READABLE = 0o644


@dataclass(frozen=True, kw_only=True)
class PageFile:
    """A file for a page or a picture, which was proven to be writable.

    Attributes:
        path: The file.
        label: The flag and the name, as given.
    """

    path: Path
    label: str

    def write(self, text: str) -> None:
        """Write it.

        Raises:
            UsageError: It cannot be written.
        """
        write_user_file(self.path, text.encode(errors="backslashreplace"), self.label, _READABLE)


@dataclass(frozen=True, kw_only=True)
class ReportFile:
    """Where a run is reported.

    Attributes:
        file: The file.
        task: The task that is reported.
    """

    file: PageFile
    task: str

    def write(self, report: Report, *, redact: Redactor, say: Callable[[str], None]) -> None:
        """Write the report. Where that fails, a line says so, and the exit code stays: what is released is released."""
        from shiplane.pages.report_page import report_page

        try:
            self.file.write(report_page(report.without_secrets(redact)))
        except UsageError as error:
            say(error.what)
        except Exception as error:  # noqa: BLE001 -- a fault of a page hides no result
            say(f"{self.file.label} could not be made: {error!r}")
