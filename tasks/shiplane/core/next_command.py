"""Commands that messages propose: marked where they are written, and shown as the tasks are called where they are read.

A message cannot know by which program it is read: ``shiplane``, ``invoke``, or one of a project's own, in whose tasks
ours may have a prefix. The marks are printable, so that nothing on the way takes them for control characters.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

_MARKED = re.compile("⟦([^⟦⟧]*)⟧?")


def command(*words: str) -> str:
    """A task with its flags, marked as one: ``command("verify", "--lane", "main")``."""
    return f"⟦{shlex.join(words)}⟧"


@dataclass(frozen=True)
class Caller:
    """How tasks are called here.

    Attributes:
        program: The words before the task.
        prefix: What stands before each task's name, with its dot: ``ship.``, where the tasks are a collection's.
    """

    program: tuple[str, ...] = ("invoke",)
    prefix: str = ""

    def render(self, text: str) -> str:
        """The same text with its commands as they can be pasted."""
        return _MARKED.sub(lambda found: f"{shlex.join(self.program)} {self.prefix}{found.group(1)}", text)

    def render_json(self, value: Any) -> Any:  # noqa: ANN401 -- JSON
        """The same JSON value with every command in its texts as it can be pasted."""
        if isinstance(value, str):
            return self.render(value)
        if isinstance(value, Mapping):
            return {key: self.render_json(inner) for key, inner in value.items()}
        return [self.render_json(inner) for inner in value] if isinstance(value, (list, tuple)) else value

    def task_name(self, word: str, names: Collection[str]) -> str:
        """The task that a word of the command line names; nothing where it is none of ours."""
        name = word.removeprefix(self.prefix)
        return name if word.startswith(self.prefix) and name in names else ""


def caller_of(argv: Sequence[str], task: str, names: Collection[str]) -> Caller:
    """How the tasks are called, told from the command line that runs one of them.

    Args:
        argv: The command line as it was typed, the program's path first.
        task: The one that runs, by our own name for it: ``check.build``.
        names: All of our own names.
    """
    program = _program(argv[0])
    typed = next((word for word in argv[1:] if word == task or word.endswith(f".{task}")), None)
    if typed is None:
        return Caller((program,))
    prefix = typed.removesuffix(task)
    first = next(at for at, word in enumerate(argv) if at and Caller((), prefix).task_name(word, (*names, task)))
    return Caller((program, *argv[1:first]), prefix)


def _program(path: str) -> str:
    """What to type for a program: a script is run by its name, a package's ``__main__.py`` by the package's."""
    place = PurePath(path)
    if place.name == "__main__.py":
        return place.parent.name
    return "invoke" if place.suffix == ".py" else place.name.removesuffix(".exe")
