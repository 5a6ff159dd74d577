"""The closing lines of a run that did not end well: what is public, what is safe, and the one next command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from shiplane.core.next_command import Caller, command

_AGAIN = "mend the above, then: {line}"
# It can be asked whatever happened; what was lost, or is wrong, is no better when it is tried once more.
_LOOK = "{status}"
_NEXT = {
    2: "mend the above; the flags: {help}",
    3: _AGAIN,
    4: f"{command('auth.show')}, mend the above, then: {{line}}",
    5: _LOOK,
    6: _AGAIN,
    7: "{line}",
    8: _LOOK,
    129: "{line}",
    130: "{line}",
    131: "{line}",
    143: "{line}",
}
# Who is to choose another version wants to see which there are.
_CHOICE = "{history}"
_NEXT_OF = {
    "rollback": {5: _CHOICE, 6: _CHOICE},
    "deploy.repoint": {5: _CHOICE, 6: _CHOICE},
    "mark": {5: _CHOICE},
    "unmark": {5: _CHOICE},
    "verify": {6: _LOOK},
}
# Whose flags name the lanes and the image, each of which has to be said again to look at them.
_SCOPE = ("--lane", "--image")


def closing_lines(
    code: int, *, caller: Caller, arguments: Sequence[str], public: Sequence[str], wrote: bool
) -> list[str]:
    """The closing lines for an exit code; commands in them are marked.

    Args:
        code: The exit code, not 0.
        caller: How the tasks were called.
        arguments: What was typed after the program: tasks and their flags.
        public: The names as they are now, as far as it was asked.
        wrote: Whether this run began to write any name.
    """
    untouched = "this run gave nothing a name and moved nothing"
    state = [f"public: {line}" for line in public] or ([f"public: {untouched}"] if not wrote else [])
    safe = "what has a name was verified before it got it" if wrote else untouched
    return [
        *state,
        *([f"safe: {safe}"] if public or wrote else []),
        f"next: {_following(code, caller, arguments, wrote=wrote)}",
    ]


def _following(code: int, caller: Caller, arguments: Sequence[str], *, wrote: bool) -> str:
    """The one next command, which can be pasted: it looks at the names that this one was about."""
    tasks = [word.removeprefix(caller.prefix) for word in arguments]
    special = [line for task in tasks for line in (_NEXT_OF.get(task, {}).get(code),) if line]
    template = special[0] if special else _NEXT.get(code, "report this with the lines above")
    # A name that this run wrote and that does not verify is looked at first; before that, nothing was given one.
    template = _LOOK if code == 6 and wrote else template  # noqa: PLR2004 -- the code of a verification
    scope = list(_scope(arguments))
    return template.format(
        line=shlex.join([*caller.program, *arguments]).removesuffix(" --help"),
        help=command(*tasks[:1], "--help"),
        status=command("status", *scope),
        history=command("history", *scope),
    )


def _scope(arguments: Sequence[str]) -> Iterator[str]:
    """The flags that name lanes and image, as they were given."""
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, joined = flag.partition("=")
        if name in _SCOPE:
            yield from [flag] if joined else [flag, value]
