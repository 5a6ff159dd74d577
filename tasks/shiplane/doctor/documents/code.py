"""The commands in a document: in fenced blocks, in code spans, behind a prompt, or indented. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_CONTINUED = re.compile(r"\\\r?\n")
# Markdown's fences, and AsciiDoc's listing and literal blocks.
_FENCE = re.compile(r"[ \t>]*(?P<mark>`{3,}|~{3,}|-{4,}[ \t]*$|\.{4,}[ \t]*$)")
_SPAN = re.compile(r"(?P<mark>`{1,2})(?P<code>[^`\n]+)(?P=mark)")
_PROMPT = re.compile(r"[ \t>]*(?:[-*][ \t]+)?[$%][ \t]+(?=\S)")
_INDENT = re.compile(r"(?: {3,}|\t)[ \t]*")
# What stands before a command in a line of a script or of a workflow, perhaps nothing.
_LEAD = re.compile(r"[ \t]*(?:[$%>#][ \t]+)?(?:-[ \t]+)?(?:(?:run|script|command)[ \t]*:[ \t]*(?:\|[ \t]*)?)?[\"']?")
_APART = re.compile(r"&&|\|\||[;|]|\s#\s")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>\S*)", re.ASCII)
# What runs another command that follows.
_RUNNERS = {
    "sudo",
    "time",
    "exec",
    "env",
    "uv",
    "uvx",
    "poetry",
    "pipx",
    "pdm",
    "hatch",
    "run",
    "python",
    "python3",
    "-m",
}


class Where(Enum):
    """How sure it is that a text is a command."""

    CODE = "code"
    INDENTED = "indented"


@dataclass(frozen=True)
class Word:
    """One word of a command, and where it begins in the document."""

    text: str
    start: int


@dataclass(frozen=True, kw_only=True)
class Command:
    """One simple command.

    Attributes:
        words: The program and its arguments.
        where: Whether it is surely one.
    """

    words: tuple[Word, ...]
    where: Where

    @property
    def program(self) -> str:
        """What is run, without its folder."""
        return self.words[0].text.rpartition("/")[2]

    @property
    def text(self) -> str:
        """The command in one line."""
        return " ".join(word.text for word in self.words)


def commands(text: str) -> Iterator[Command]:
    """Every command in a document; a line that is continued by a backslash is one with the next."""
    joined = _CONTINUED.sub(lambda match: " " * len(match[0]), text)
    fence, start = "", 0
    for line in joined.split("\n"):
        mark = _FENCE.match(line)
        if mark and (not fence or _closes(mark["mark"], fence)):
            fence = "" if fence else mark["mark"].strip()
        else:
            for offset, code, where in _parts(line, fenced=bool(fence)):
                yield from _commands(code, start + offset, where)
        start += len(line) + 1


def _closes(mark: str, fence: str) -> bool:
    return mark.strip().startswith(fence)


def _parts(line: str, *, fenced: bool) -> Iterator[tuple[int, str, Where]]:
    """What is code in a line, with its offset."""
    if fenced or (prompt := _PROMPT.match(line)):
        offset = 0 if fenced else prompt.end()  # type: ignore[union-attr] # one or the other
        yield offset, line[offset:], Where.CODE
        return
    yield from ((match.start("code"), match["code"], Where.CODE) for match in _SPAN.finditer(line))
    if (indent := _INDENT.match(line)) and "`" not in line:
        yield indent.end(), line[indent.end() :], Where.INDENTED


def _commands(code: str, start: int, where: Where) -> Iterator[Command]:
    position = next(_LEAD.finditer(code)).end()
    for apart in (*_APART.finditer(code, position), None):
        end = apart.start() if apart else len(code)
        if words := _words(code[position:end], start + position):
            yield Command(words=words, where=where)
        position = apart.end() if apart else end


def _words(code: str, start: int) -> tuple[Word, ...]:
    """The words of a simple command from its program on."""
    words = [Word(match[0].strip("\"'"), start + match.start()) for match in re.finditer(r"\S+", code)]
    while words and (_ASSIGNMENT.fullmatch(words[0].text) or words[0].text in _RUNNERS):
        words.pop(0)
    return tuple(words)
