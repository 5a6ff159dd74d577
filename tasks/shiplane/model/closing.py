"""The last words of a run that did not end well: what is public, what is safe, and the one next command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

_AGAIN = "mend the above, then: {command}"
_LOOK = "{program} verify{place}"
_NEXT = {
    2: "mend the above; the flags: {command} --help",
    3: _AGAIN,
    4: "{program} auth.show, mend the above, then: {command}",
    5: "{program} status{place}",
    6: _AGAIN,
    7: "{command}",
    8: f"{_LOOK}, then: {{command}}",
    130: "{command}",
    143: "{command}",
}
# Who is to choose another version wants to see which there are.
_CHOICE = "{program} history{place}"
_NEXT_OF = {
    "rollback": {5: _CHOICE, 6: _CHOICE},
    "deploy.repoint": {5: _CHOICE, 6: _CHOICE},
    "mark": {5: _CHOICE},
    "unmark": {5: _CHOICE},
}
# What says which names it was about, and has to be said again to look at them.
_PLACE = ("--lane", "--image")


def closing_lines(code: int, *, argv: Sequence[str], public: Sequence[str], wrote: bool) -> list[str]:
    """The closing lines for an exit code.

    Args:
        code: The exit code, not 0.
        argv: The command that was run: the program, the task, its flags.
        public: The names as they are now, as far as it was asked.
        wrote: Whether this run began to write any name.
    """
    untouched = "this run gave nothing a name and moved nothing"
    state = [f"public: {line}" for line in public] or ([f"public: {untouched}"] if not wrote else [])
    safe = "what has a name was verified before it got it" if wrote else untouched
    return [*state, *([f"safe: {safe}"] if public or wrote else []), f"next: {_following(code, argv, wrote=wrote)}"]


def _following(code: int, argv: Sequence[str], *, wrote: bool) -> str:
    """The one next command, which can be pasted: it looks at the names that this one was about."""
    command = shlex.join(argv).removesuffix(" --help")
    place = "".join(f" {word}" for word in _place(argv))
    special = [words for task in argv[1:] for words in (_NEXT_OF.get(task, {}).get(code),) if words]
    known = special[0] if special else _NEXT.get(code, "report this with the lines above")
    # A name that this run wrote and that does not verify is looked at first; before that, nothing was given one.
    known = _LOOK if code == 6 and wrote else known  # noqa: PLR2004 -- the code of a verification
    return known.format(command=command, program=argv[0], place=place)


def _place(argv: Sequence[str]) -> Iterator[str]:
    """The flags that name lanes and image, as they were given."""
    for flag, value in zip(argv, [*argv[1:], ""], strict=True):
        name, _, joined = flag.partition("=")
        if name in _PLACE:
            yield shlex.join([flag] if joined else [flag, value])
