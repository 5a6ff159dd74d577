"""The last words of a run that did not end well: what is public, what is safe, and the one next command."""

from __future__ import annotations

from collections.abc import Sequence

_AGAIN = "mend the above, then: {command}"
_NEXT = {
    2: "mend the above; the flags: {command} --help",
    3: _AGAIN,
    4: "invoke auth.show, mend the above, then: {command}",
    5: "invoke verify",
    6: "mend the above, then: invoke verify",
    7: "{command}",
    8: "invoke verify, then: {command}",
    130: "{command}",
    143: "{command}",
}


def closing_lines(code: int, *, command: str, public: Sequence[str], wrote: bool) -> list[str]:
    """The closing lines for an exit code.

    Args:
        code: The exit code, not 0.
        command: The command that was run, as it can be pasted.
        public: The names as they are now, as far as it was asked.
        wrote: Whether this run began to write any name.
    """
    untouched = "this run gave nothing a name and moved nothing"
    state = [f"public: {line}" for line in public] or ([f"public: {untouched}"] if not wrote else [])
    safe = "what has a name was verified before it got it" if wrote else untouched
    following = _NEXT.get(code, "report this with the lines above").format(command=command.removesuffix(" --help"))
    return [*state, *([f"safe: {safe}"] if public or wrote else []), f"next: {following}"]
