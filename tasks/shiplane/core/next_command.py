"""Commands proposed in messages: marked when written, rendered for the program the user runs when shown.

That program may be ``shiplane``, ``invoke`` or a project's own, with a prefix before our tasks. The marks are printable
so that nothing filters them as control characters.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePath
from typing import Any

# As Invoke reads it: the value follows, or is part of the word.
_ROOT_FLAG = re.compile(r"(?:-r|--search-root)(?:=|(?<=-r)|$)")
_MARKED = re.compile("⟦([^⟦⟧]*)⟧?")


def command(*words: str) -> str:
    """A marked command: ``command("verify", "--lane", "main")``."""
    return f"⟦{shlex.join(words)}⟧"


@dataclass(frozen=True)
class Caller:
    """How the user calls tasks.

    Attributes:
        program: The arguments before the task.
        prefix: The collection's prefix before each task name, with its dot: ``ship.``.
    """

    program: tuple[str, ...] = ("invoke",)
    prefix: str = ""

    def render(self, text: str) -> str:
        """The text with its commands ready to paste."""
        return _MARKED.sub(lambda match: f"{shlex.join(self.program)} {self.prefix}{match.group(1)}", text)

    def render_json(self, value: Any) -> Any:  # noqa: ANN401 -- JSON
        """The JSON value with every command in its texts ready to paste."""
        if isinstance(value, str):
            return self.render(value)
        if isinstance(value, Mapping):
            return {key: self.render_json(inner) for key, inner in value.items()}
        return [self.render_json(inner) for inner in value] if isinstance(value, (list, tuple)) else value

    @property
    def search_root(self) -> str:
        """The folder where the user has Invoke search for tasks (``-r``, ``--search-root``); empty if none is given."""
        words = self.program[1:]
        pairs = zip_longest(words, words[1:], fillvalue="")
        given = (_ROOT_FLAG.sub("", word) or following for word, following in pairs if _ROOT_FLAG.match(word))
        return next(given, "")

    def task_name(self, word: str, names: Collection[str]) -> str:
        """The task that an argument names; empty if it is none of ours."""
        name = word.removeprefix(self.prefix)
        return name if word.startswith(self.prefix) and name in names else ""


def caller_of(argv: Sequence[str], task: str, names: Collection[str]) -> Caller:
    """How tasks are called, derived from the command line of the running task.

    Args:
        argv: The command line, program path first.
        task: Our own name of the running task: ``check.build``.
        names: Our own names of all tasks.
    """
    program = _program_name(argv[0])
    typed = next((word for word in argv[1:] if word == task or word.endswith(f".{task}")), None)
    if typed is None:
        return Caller((program,))
    prefix = typed.removesuffix(task)
    first = next(at for at, word in enumerate(argv) if at and Caller((), prefix).task_name(word, (*names, task)))
    return Caller((program, *argv[1:first]), prefix)


def caller_without_task(argv: Sequence[str]) -> Caller:
    """How tasks are called where none was named: by the program's name and flags, perhaps with a collection's name.

    Args:
        argv: The command line, program path first, without flags of a task.
    """
    program, (*flags, last) = _program_name(argv[0]), argv[1:] or [""]
    # A word behind a flag may be the flag's value; the name of our collection stands at the end.
    if not last or last.startswith("-") or (flags and flags[-1].startswith("-") and "=" not in flags[-1]):
        return Caller((program, *argv[1:]))
    return Caller((program, *flags), f"{last}.")


def _program_name(path: str) -> str:
    """What to type for a program: a script's name, or the package's for its ``__main__.py``."""
    script = PurePath(path)
    if script.name == "__main__.py":
        return script.parent.name
    return "invoke" if script.suffix == ".py" else script.name.removesuffix(".exe")
