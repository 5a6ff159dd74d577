"""The findings of the checks as text: a row for each, and below it how to fix what failed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from colorama import Fore, Style

from shiplane.cli.views.console import wants_colour
from shiplane.core.finding import Finding, summary

_COLOUR = {"done": Fore.GREEN, "warning": Fore.YELLOW, "skipped": Fore.YELLOW, "failed": Fore.RED}

_WIDTH = 88


def painter(env: Mapping[str, str], stream: TextIO) -> Callable[[str, str], str]:
    """Colours a text by the state of a finding, where the stream is to have colours."""
    coloured = wants_colour(env, stream)
    return lambda text, state: f"{_COLOUR[state]}{text}{Style.RESET_ALL}" if coloured else text


def findings_text(findings: Sequence[Finding], paint: Callable[[str, str], str]) -> str:
    """The doctor's table: a row for each finding, its remedy below it, the count at the end.

    Args:
        findings: Already without secrets: lines are broken here, where none could be found any more.
        paint: Colours a text, or leaves it.
    """
    names = max(len(finding.name) for finding in findings)
    lines = [line for finding in findings for line in _finding_lines(finding, names, paint)]
    return "\n".join([*lines, "", summary(findings)])


def _finding_lines(finding: Finding, names: int, paint: Callable[[str, str], str]) -> list[str]:
    state = "warning" if finding.is_warning else finding.state.value
    head = f"{finding.name:<{names}}  {paint(f'{state:<7}', state)}  {finding.seconds:5.2f} s  "
    indent = names + 2 + 7 + 2 + 7 + 2
    first, *rest = _wrapped(finding.reason)
    below = _wrapped(finding.remedy) if finding.remedy else []
    return [head + first, *(" " * indent + line for line in rest), *(" " * indent + f"  {line}" for line in below)]


def _wrapped(text: str) -> list[str]:
    """Lines of limited width; words are not broken, so that commands can be pasted."""
    lines = (
        textwrap.wrap(line.strip(), _WIDTH, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )
    return [part for line in lines for part in line] or [""]
