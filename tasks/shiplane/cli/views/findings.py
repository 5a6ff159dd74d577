"""The findings of the checks as text: what failed first, each with how to fix it below it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from colorama import Fore, Style

from shiplane.cli.live.accent import Accent
from shiplane.cli.views.console import wants_colour
from shiplane.core.finding import Finding, summary

if TYPE_CHECKING:
    from shiplane.cli.live.screen import Screen

# From what has to be fixed to what is fine.
_ACCENT = {"failed": Accent.BAD, "warning": Accent.CARE, "skipped": Accent.LESS, "done": Accent.GOOD}
_COLOUR = {"done": Fore.GREEN, "warning": Fore.YELLOW, "skipped": Fore.YELLOW, "failed": Fore.RED}
_PASSED = "done"
# A blank where no line is broken.
_JOINT = "\N{NO-BREAK SPACE}"
_WIDTH = 88


def painter(env: Mapping[str, str], stream: TextIO) -> Callable[[str, str], str]:
    """Colours a text by the state of a finding, where the stream is to have colours."""
    coloured = wants_colour(env, stream)
    return lambda text, state: f"{_COLOUR[state]}{text}{Style.RESET_ALL}" if coloured else text


def findings_text(findings: Sequence[Finding], paint: Callable[[str, str], str]) -> str:
    """The doctor's table: a row for each finding, what failed first; below each how to fix it; the count at the end.

    Args:
        findings: Already without secrets: lines are broken here, where none could be found any more.
        paint: Colours a text, or leaves it.
    """
    ordered, names = _worst_first(findings), max(len(finding.name) for finding in findings)
    lines = [line for finding in ordered for line in _finding_lines(finding, names, paint)]
    return "\n".join([*lines, "", summary(ordered)])


def findings_screen(findings: Sequence[Finding], screen: Screen) -> str:
    """The same on a screen: what did not pass with the reason and how to fix it, what passed by its names alone."""
    ordered = _worst_first(findings)
    parts = [_finding_block(finding, screen) for finding in ordered if _state(finding) != _PASSED]
    passed = [finding.name for finding in ordered if _state(finding) == _PASSED]
    if passed:
        parts.append(_folded(passed, screen))
    return "\n\n".join([*parts, f"{summary(ordered)} in {screen.seconds:.0f} s"])


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: list(_ACCENT).index(_state(finding)))


def _state(finding: Finding) -> str:
    return "warning" if finding.is_warning else finding.state.value


def _finding_block(finding: Finding, screen: Screen) -> str:
    """A finding with its reason, and how to fix it in lines as they are: a command is copied from there."""
    state = _state(finding)
    below = [f"  {line}" for line in [*_wrapped(finding.reason, screen.columns - 2), *finding.remedy.splitlines()]]
    return "\n".join([f"{screen.paint(state, _ACCENT[state])} {screen.paint(finding.name, Accent.MORE)}", *below])


def _folded(names: Sequence[str], screen: Screen) -> str:
    """What passed, in as few lines as its names take; none of them is broken."""
    text = f"{_PASSED} {', '.join(name.replace(' ', _JOINT) for name in names)} (details:{_JOINT}--verbose)"
    first, *rest = textwrap.wrap(text, screen.columns, subsequent_indent="  ", break_on_hyphens=False)
    first, *rest = (line.replace(_JOINT, " ") for line in (first, *rest))
    return "\n".join([first.replace(_PASSED, screen.paint(_PASSED, Accent.GOOD), 1), *rest])


def _finding_lines(finding: Finding, names: int, paint: Callable[[str, str], str]) -> list[str]:
    state = _state(finding)
    head = f"{finding.name:<{names}}  {paint(f'{state:<7}', state)}  {finding.seconds:5.2f} s  "
    indent = names + 2 + 7 + 2 + 7 + 2
    first, *rest = _wrapped(finding.reason)
    below = _wrapped(finding.remedy) if finding.remedy else []
    return [head + first, *(" " * indent + line for line in rest), *(" " * indent + f"  {line}" for line in below)]


def _wrapped(text: str, width: int = _WIDTH) -> list[str]:
    """Lines of limited width; words are not broken, so that commands can be pasted."""
    lines = (
        textwrap.wrap(line.strip(), width, break_long_words=False, break_on_hyphens=False) for line in text.splitlines()
    )
    return [part for line in lines for part in line] or [""]
