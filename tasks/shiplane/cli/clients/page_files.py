"""The files that flags name for pages and pictures, proven to be writable before anything else is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from shiplane.cli.clients.git import check_output_path
from shiplane.cli.page_files import PageFile, ReportFile
from shiplane.cli.signals import TerminatedError
from shiplane.core.errors import ShiplaneError, UsageError
from shiplane.core.system.atomic_file import require_replaceable
from shiplane.core.text import quoted

if TYPE_CHECKING:
    from shiplane.cli.run import Run

Json: TypeAlias = Mapping[str, Any]


def keep_report(run: Run, file: str | None, task: str) -> None:
    """Have the run reported in a file, where one is given; before anything else, so that each failure is in it.

    Raises:
        UsageError: It cannot be written, or would be a change of the tree.
    """
    if page := page_file(run, "--report", file, "../report.html"):
        run.console.report_file = ReportFile(file=page, task=task)


def page_file(run: Run, flag: str, file: str | None, example: str) -> PageFile | None:
    """The file that a flag names, relative to where the user stands; None where the flag was not given.

    Raises:
        UsageError: It cannot be written, or would be a change of the tree.
    """
    if file is None:
        return None
    if not file:
        raise UsageError(f"{flag} names no file", remedy=f"Name one, e.g. {flag} {example}")
    page = PageFile(path=run.folder / file, label=f"{flag} {quoted(file)}")
    require_replaceable(page.path, page.label)
    check_output_path(run, file, f"{flag} {example}")
    return page


def write_status(run: Run, file: PageFile | None, data: Json, now: float) -> None:
    """Write the page of a status, where a file is given; ``now`` is in seconds since the epoch.

    Raises:
        UsageError: It cannot be written.
    """
    from shiplane.pages.status_page import status_page

    _write(run, file, lambda: status_page(_shown(run, data), now))


@contextmanager
def showing_failure(run: Run, file: PageFile | None, now: Callable[[], float]) -> Iterator[None]:
    """Say on the page of a status, where a file is given, that the status could not be read. Raises what was raised."""
    try:
        yield
    except (ShiplaneError, TerminatedError) as error:
        if file:
            shown = error if isinstance(error, ShiplaneError) else ShiplaneError(error.reason)
            _tell_unread(run, file, shown, now())
        raise


def _tell_unread(run: Run, file: PageFile, error: ShiplaneError, now: float) -> None:
    from shiplane.pages.status_page import unread_page

    what, remedy = (run.redact(run.caller.render(text)) for text in (error.what, error.remedy))
    with suppress(UsageError):  # the command fails already
        file.write(unread_page(what, remedy, now))


def write_history(run: Run, file: PageFile | None, data: Json) -> None:
    """Write the picture of a history, where a file is given.

    Raises:
        UsageError: It cannot be written.
    """
    from shiplane.pages.history_picture import history_picture

    _write(run, file, lambda: history_picture(_shown(run, data)))


def _write(run: Run, file: PageFile | None, render: Callable[[], str]) -> None:
    if file:
        file.write(render())
        run.console.tell(f"{file.label}: written")


def _shown(run: Run, data: Json) -> Json:
    """A document with commands that can be pasted, and without secrets: before anything in it is escaped."""
    shown: Json = run.redact.hide_in(run.caller.render_json(data))
    return shown
