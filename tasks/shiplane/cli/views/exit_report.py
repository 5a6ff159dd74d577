"""The closing lines of a failed run: what is public, what is safe, and the next command."""

from __future__ import annotations

import shlex
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence

from shiplane.core.next_command import Caller, command

_AGAIN = "fix the error above, then: {line}"
# Safe to run whatever happened; a retry does not help a lost race or a bad version.
_LOOK = "{status}"
_NEXT = {
    2: "fix the error above. Options: {help}",
    3: _AGAIN,
    4: f"{command('auth.show')}, fix the error above, then: {{line}}",
    5: _LOOK,
    6: _AGAIN,
    7: "{line}",
    8: _LOOK,
    129: "{line}",
    130: "{line}",
    131: "{line}",
    143: "{line}",
}
# To choose another version, see which exist.
_CHOICE = "{history}"
_NEXT_OF = {
    "rollback": {5: _CHOICE, 6: _CHOICE},
    "deploy.repoint": {5: _CHOICE, 6: _CHOICE},
    "mark": {5: _CHOICE},
    "unmark": {5: _CHOICE},
    "verify": {6: _LOOK},
}
# The flags that select lanes and image, as the next command repeats them.
_SCOPE = {flag: flag for flag in ("--lane", "--image")}
# The tags that a promotion is about are where it leads to.
_SCOPE_OF = {"promote": {"--to": "--image"}}


def closing_lines(
    code: int, *, caller: Caller, arguments: Sequence[str], public: Sequence[str], wrote: bool
) -> list[str]:
    """The closing lines for an exit code; commands in them are marked.

    Args:
        code: The exit code, not 0.
        caller: How the tasks were called.
        arguments: What was typed after the program: tasks and their flags.
        public: The tags as they are now, as far as they were read.
        wrote: Whether this run began to write any tag.
    """
    untouched = "nothing was published and no tag was moved"
    state = [f"public: {line}" for line in public] or ([f"public: {untouched}"] if not wrote else [])
    safe = "every published tag had passed verification" if wrote else untouched
    return [
        *state,
        *([f"safe: {safe}"] if public or wrote else []),
        f"next: {_following(code, caller, arguments, wrote=wrote)}",
    ]


def _following(code: int, caller: Caller, arguments: Sequence[str], *, wrote: bool) -> str:
    """The next command, ready to paste: it looks at the tags that this one was about."""
    tasks = [word.removeprefix(caller.prefix) for word in arguments]
    special = [line for task in tasks for line in (_NEXT_OF.get(task, {}).get(code),) if line]
    template = special[0] if special else _NEXT.get(code, "report this with the output above")
    # A tag that this run wrote and that fails verification is looked at first.
    template = _LOOK if code == 6 and wrote else template  # noqa: PLR2004 -- the code of a verification
    further = [_SCOPE_OF.get(task, {}) for task in tasks]
    scope = list(_scope(arguments, ChainMap(*further, _SCOPE)))
    return template.format(
        line=shlex.join([*caller.program, *arguments]).removesuffix(" --help"),
        help=command(*tasks[:1], "--help"),
        status=command("status", *scope),
        history=command("history", *scope),
    )


def _scope(arguments: Sequence[str], names: Mapping[str, str]) -> Iterator[str]:
    """The flags that name lanes and image, as they were given, by their names for the next command."""
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, joined = flag.partition("=")
        if name in names:
            yield from [f"{names[name]}={joined}"] if joined else [names[name], value]
