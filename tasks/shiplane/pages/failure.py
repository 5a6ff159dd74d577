"""What a failed run leaves, for its report: what failed, how to fix it, what is public, and the next command."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shiplane.pages.elements import Markup, element, joined
from shiplane.pages.page import code, section, table
from shiplane.pages.run_report import Report

# A tag with what was read under it, as the closing lines have it; anything else there is a sentence.
_TAG = re.compile(r"(\S+[/:]\S*) (is|does not exist|cannot be read|could not be read)(.*)")


def failure_sections(report: Report) -> list[Markup]:
    """What failed, then what is public now, then the next command."""
    return [_failure(report), _public(report), _next(report)]


def _failure(report: Report) -> Markup:
    what = report.what or report.text or "a check failed"
    first, _, rest = what.partition("\n")
    fix = [element("h3", "How to fix it"), *_paragraphs(report.remedy, report)] if report.remedy else []
    return section(
        "What failed",
        element("p", report.caller.render(first)),
        *([element("pre", report.caller.render(rest))] if rest else []),
        *fix,
        class_="bad",
    )


def _paragraphs(text: str, report: Report) -> Iterator[Markup]:
    yield from (element("p", line) for line in report.caller.render(text).splitlines() if line.strip())


def _public(report: Report) -> Markup:
    lines = _lines(report, "public")
    tags = [match for line in lines if (match := _TAG.fullmatch(line))]
    rows = [[code(match[1], "tag"), _state(match)] for match in tags]
    sentences = [line for line in lines if not _TAG.fullmatch(line)]
    return section(
        "What is public now",
        *(element("p", _sentence(line)) for line in sentences),
        table(["Tag", "Now"], rows, class_="pairs"),
        *(element("p", _sentence(line), class_="quiet") for line in _lines(report, "safe")),
    )


def _state(match: re.Match[str]) -> Markup:
    rest = match[3].strip()
    return code(rest, "digest") if match[2] == "is" else element("span", f"{match[2]} {rest}".strip())


def _next(report: Report) -> Markup:
    lines = _lines(report, "next")
    return section("What to do next", joined(_step(line, report.caller.program[0]) for line in lines))


def _step(line: str, program: str) -> Markup:
    """The command by itself, so that it can be copied; what stands before it is a sentence, or begins with another."""
    label, _, command = line.rpartition(": ")
    before = label if label.startswith(f"{program} ") else _sentence(label)
    return joined([*([element("p", f"{before}:")] if label else []), element("pre", command)])


def _lines(report: Report, label: str) -> list[str]:
    """The closing lines behind a label."""
    lines = map(report.caller.render, report.closing)
    return list(dict.fromkeys(line.removeprefix(f"{label}: ") for line in lines if line.startswith(f"{label}: ")))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
