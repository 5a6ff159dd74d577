"""What can stand where the cursor is: a task, a flag, or a value of the flag before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TypeAlias

# The flags of each task, each with whether it takes a value.
TaskFlags: TypeAlias = Mapping[str, Mapping[str, bool]]
# The values that a flag may have, after the words that were typed before it.
Values: TypeAlias = Callable[[str, "TypedWords"], Iterable[str]]
_FLAG = "--"


@dataclass(frozen=True)
class TypedWords:
    """A command line up to the cursor.

    Attributes:
        task: The last task in it; empty if there is none yet.
        flag: The flag whose value is being typed; empty if none is.
        given: The values given so far by flag, in order.
        word: What was typed of the last word, or of the value.
        before: What stands in the same word before that: ``--lane=``, or the values of a list.
    """

    task: str = ""
    flag: str = ""
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)
    word: str = ""
    before: str = ""


def read_words(words: Sequence[str], tasks: TaskFlags) -> TypedWords:
    """Read a command line, the program first, the word at the cursor last.

    A word that bash has split at its ``=`` is read as one.
    """
    *typed, last = _joined(words[1:]) or [""]
    task, flag, given = "", "", dict[str, list[str]]()
    for word in typed:
        if flag:
            given.setdefault(flag, []).extend(word.split(","))
            flag = ""
        elif word.startswith(_FLAG):
            name, joined, value = word.partition("=")
            given.setdefault(name, []).extend(value.split(",") if joined else [])
            flag = name if not joined and tasks.get(task, {}).get(name) else ""
        else:
            task = _task(word, tasks) or task
    name, joined, value = last.partition("=")
    if joined and not flag and tasks.get(task, {}).get(name):
        # bash completes what follows the sign as a word of its own.
        flag, last, before = name, value, "" if "=" in words[-2:] else f"{name}="
    else:
        before = ""
    listed, comma, last = last.rpartition(",") if flag else ("", "", last)
    return TypedWords(task=task, flag=flag, given=given, word=last, before=f"{before}{listed}{comma}")


def candidates(words: Sequence[str], program: str, tasks: TaskFlags, core: Iterable[str], values: Values) -> list[str]:
    """The words that can stand at the cursor, whole.

    Args:
        words: The command line.
        program: Ours. Tasks and flags of another one, as Invoke with a project's own tasks, are for that to complete.
        tasks: Our tasks.
        core: The program's own flags.
        values: The values of a flag.
    """
    if not words:
        return []
    typed = read_words(words, tasks)
    if typed.flag:
        found = values(typed.flag, typed)
    elif PurePath(words[0]).name != program:
        return []
    elif typed.word.startswith("-"):
        found = tasks.get(typed.task, core)
    else:
        found = tasks
    return [f"{typed.before}{word}" for word in found if word.startswith(typed.word)]


def _joined(words: Sequence[str]) -> list[str]:
    joined: list[str] = []
    for word in words:
        if joined and (word == "=" or joined[-1].endswith("=")) and joined[-1].startswith(_FLAG):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _task(word: str, tasks: TaskFlags) -> str:
    """Our name of a task, which may have a prefix in a project's own collection."""
    parts = word.split(".")
    names = (".".join(parts[start:]) for start in range(len(parts)))
    return next((name for name in names if name in tasks), "")
