"""The page about commands: every task in its group, with its help and its flags."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import shiplane
from shiplane.cli.task_groups import TASK_GROUPS
from tests.pages.text import code, generated, plain, table

if TYPE_CHECKING:
    from invoke.parser import Argument

# What every task takes; said once.
COMMON = ("json", "quiet", "verbose")
# What a flag takes, where that is not its own name in capitals.
_VALUES = {
    **dict.fromkeys(("save", "plan", "output", "staged", "report", "html", "svg"), "FILE"),
    **dict.fromkeys(("to", "from", "since", "tag"), "VERSION"),
    **dict.fromkeys(("promote --from", "promote --to"), "IMAGE"),
    "floating": "TAG",
    "reason": "TEXT",
    "skip": "NAME",
    "limit": "N",
    "latest": "yes|no",
    "platforms": "P,P",
}
_HEAD = """\
# Commands

{note}

Each task is run as `shiplane TASK`, or as `invoke TASK` where a `tasks.py` says `from shiplane import ns`. A command
without a task shows this list, and what to do next. `TASK --help` shows what is here.

Every task takes these flags:

{common}

`--tag` and `--version` are synonyms in each task that takes a version. "..." means that a flag may be repeated;
`--lane` also takes several lanes with commas between them. A variable in parentheses does the same; the flag overrides
it, and it overrides the project file. [Configuration](configuration.md#variables) lists the variables.
"""


def page() -> str:
    """The page, as Markdown."""
    head = _HEAD.format(note=generated("the tasks"), common=_flags("plan", COMMON))
    return "\n".join([head, *("\n".join(_group(*group)) for group in TASK_GROUPS.items())])


def _group(title: str, names: tuple[str, ...]) -> Iterator[str]:
    yield f"## {title}\n"
    for name in names:
        yield from _task(name)


def _task(name: str) -> Iterator[str]:
    first, _, rest = (inspect.getdoc(shiplane.ns[name]) or "").partition("\n\n")
    yield f"### {name}\n"
    yield "\n\n".join(plain(text) for text in (first, rest) if text) + "\n"
    texts = shiplane.ns[name].body.flag_texts
    if own := [flag for flag, text in texts.items() if flag not in COMMON and not text.startswith("Same as --")]:
        yield _flags(name, own) + "\n"


def _flags(name: str, flags: Iterable[str]) -> str:
    arguments = {argument.name: argument for argument in shiplane.ns[name].get_arguments()}
    texts = shiplane.ns[name].body.flag_texts
    rows = [(code(_typed(name, arguments[flag])), plain(texts[flag])) for flag in flags]
    return table(("flag", "does"), rows)


def _typed(task: str, flag: Argument) -> str:
    """A flag as it is typed, with what it takes."""
    name = str(flag.name).rstrip("_").replace("_", "-")
    if not flag.takes_value:
        return f"--{name}"
    value = _VALUES.get(f"{task} --{name}") or _VALUES.get(name) or name.upper()
    return f"--{name}[={value}]" if flag.optional else f"--{name} {value}{' ...' if flag.kind is list else ''}"
