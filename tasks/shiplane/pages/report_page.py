"""The report of a run as a page: what it came to, what is public now, what was checked, and where the time went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shiplane.core.timestamps import short_time
from shiplane.pages.elements import Markup, element, joined
from shiplane.pages.failure import failure_sections
from shiplane.pages.page import code, masthead, page, section
from shiplane.pages.released import checked_section, followed_section, public_section, released_title
from shiplane.pages.rolled_back import rollback_section, rollback_title, rollbacks
from shiplane.pages.run_report import Report, released
from shiplane.pages.timings import build_section, duration, step_section


def report_page(report: Report) -> str:
    """The whole page; ``report`` is without secrets."""
    title = _title(report)
    rendered = report.caller.render_json(report.data)
    body = [
        masthead(f"{_subject(report)} report", _state(report), title, _lead(report), _facts(report, rendered)),
        *(failure_sections(report) if report.exit_code else []),
        public_section(released(rendered)),
        rollback_section(rendered),
        checked_section(rendered),
        followed_section(rendered),
        build_section(report),
        step_section(report),
        _words(report),
        _footer(),
    ]
    return page(f"{title} · {_image(rendered) or 'shiplane'}", joined(filter(None, body), "\n"))


def _title(report: Report) -> str:
    """What the run came to, in a few words."""
    if report.exit_code and not released(report.data):
        return f"{_subject(report)} failed"
    if report.data.get("dry_run") and not rollbacks(report.data):
        return "Dry run: nothing was pushed"
    if rollbacks(report.data):
        return rollback_title(report.data)
    if names := report.data.get("channel"):
        return f"Channel {names} published"
    return released_title(released(report.data)) or f"{_subject(report)} done"


def _state(report: Report) -> tuple[str, str]:
    if report.exit_code:
        return f"exit code {report.exit_code}", "bad"
    return ("dry run", "same") if any(each.get("dry_run") for each in _parts(report.data)) else ("done", "good")


def _parts(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [data, *rollbacks(data)]


def _subject(report: Report) -> str:
    return report.task.capitalize() or "Run"


def _lead(report: Report) -> str:
    if report.exit_code:
        ended = "It did not come to its end" if not report.data else "Not all of it was done"
    else:
        ended = "No registry was written to" if _state(report)[0] == "dry run" else "All of it was done, and read back"
    return f"{ended}. It took {duration(report.seconds)}." if report.seconds else f"{ended}."


def _facts(report: Report, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    commit = str(data.get("commit", ""))
    return [
        ("Image", code(_image(data))),
        ("Commit", code(commit[:12])),
        ("Began", short_time(report.began) if report.began else ""),
        ("Command", code(report.command)),
    ]


def _image(data: Mapping[str, Any]) -> str:
    """The repository; a plan has it with its source."""
    image = data.get("image", "")
    return str(image["value"] if isinstance(image, Mapping) else image)


def _words(report: Report) -> Markup:
    """The result as the command printed it, where no table holds all of it."""
    if not report.text or released(report.data):
        return Markup()
    return section("As the command printed it", element("pre", report.caller.render(report.text)))


def _footer() -> Markup:
    from shiplane import __version__

    return element("footer", f"Written by shiplane {__version__} at the end of the run. Times are in UTC.")
