"""The values that several tables of the project file have: commands, paths, platforms, repositories, lines."""

from __future__ import annotations

import shlex
from dataclasses import replace
from posixpath import normpath

from shiplane.core.errors import UsageError
from shiplane.core.schema.values import Array, Boolean, Choice, Either, Number, Text
from shiplane.core.text import INVISIBLE, quoted
from shiplane.registry.oci.names import MAX_NAME, PLATFORM_FORM, REPOSITORY_FORM, Platform, Repository

LINE_FORM = rf"(?! *$)[^{INVISIBLE}]+"
# What shlex.split accepts: every quote closed, no trailing backslash, at least one word.
_WORDS = r"""(?=[\s\S]*[^ \t\r\n])(?:[^'"\\\u0000]|\\[^\u0000]|'[^'\u0000]*'|"(?:[^"\\\u0000]|\\[^\u0000])*")*"""
VARIABLE_FORM = r"[A-Za-z_][A-Za-z0-9_]*"
VARIABLES = Array(of=Text(pattern=VARIABLE_FORM, problem="is not the name of an environment variable"), unique=True)
SECONDS = Number(above=0)
REPOSITORY = Text(pattern=REPOSITORY_FORM, most=MAX_NAME, parse=Repository.parse, ref="repository")
IMAGES = Either(
    (replace(REPOSITORY, parse=lambda text: (Repository.parse(text),)), Array(of=REPOSITORY, unique=True, least=1))
)
LEDGER = Either((Boolean(), REPOSITORY))
PLATFORMS = Array(of=Text(pattern=PLATFORM_FORM, parse=Platform.parse, ref="platform"), unique=True)


def split_command(text: str) -> tuple[str, ...]:
    """A command as a shell would split it, but without the shell: ``sh -c "..."`` where one is wanted.

    Raises:
        UsageError: It is empty, or a quote in it is not closed.
    """
    try:
        arguments = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{quoted(text, 80)} is not a command: {error}", remedy="Close every quote.") from error
    if not arguments:
        raise UsageError("the command is empty")
    return arguments


COMMAND = Text(pattern=_WORDS, problem="is not a command", parse=split_command)
LINE = Text(pattern=LINE_FORM, problem="is empty, or has control characters")


def _one_line(text: str) -> str:
    """A command that stays as it is written: it is shown in one line, and split when it is run."""
    if not LINE.fits(text):
        raise UsageError("the command is empty, or has control characters")
    split_command(text)
    return text


ONE_LINE_COMMAND = Text(pattern=rf"(?=[^{INVISIBLE}]*$(?!\n)){COMMAND.pattern}", parse=_one_line)


def inside(path: str) -> str:
    """Check that a path stays in the project, whatever links there are in it.

    Raises:
        UsageError: It leads out of it; or where it leads depends on a link; or it is no path.
    """
    remedy, normal = "Give a path relative to the project's root.", normpath(path)
    if not path or "\0" in path:
        raise UsageError(f"{path[:80]!r} is not a path", remedy=remedy)
    if path.startswith("/"):
        raise UsageError(f"path {path[:80]!r} is absolute", remedy=remedy)
    if normal.split("/")[0] == "..":
        raise UsageError(f"path {path[:80]!r} leads out of the project", remedy=remedy)
    if ".." in path.split("/"):
        raise UsageError(f"path {path[:80]!r} contains ..", remedy=f"Use {quoted(normal)}.")
    return path


PATH = Text(pattern=r"(?!/)(?!(?:[^\u0000]*/)?\.\.(?:/|$))[^\u0000]+", parse=inside)
# A lane's own, or false for none.
VERSION_FILE = Either((PATH, Choice(((False, ""),))))
