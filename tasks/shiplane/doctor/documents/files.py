"""The documents of a project: which of its tracked files they are, and their text."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

# Larger ones are data. So much of all of them is read.
LIMIT = 1024 * 1024
TOTAL_LIMIT = 64 * 1024 * 1024
_ENDINGS = (".md", ".markdown", ".mdx", ".rst", ".adoc", ".asciidoc", ".txt")
_BARE = re.compile(r"(?:README|INSTALL|RELEASING|CONTRIBUTING|RUNBOOK|HACKING)[A-Z_-]*")
# What was right when it was written, and stays.
_HISTORY = re.compile(r"(?:change-?logs?|changes|history|news|release[-_]?notes|releases)(?:[._-].*)?", re.IGNORECASE)
_OF_OTHERS = {"node_modules", "vendor", "third_party", "third-party", ".venv", "site-packages", "testdata", "fixtures"}


@dataclass(frozen=True)
class Document:
    """One document."""

    path: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Documents:
    """The documents of a project; ``skipped`` are those that were not read, each with the reason."""

    read: tuple[Document, ...]
    skipped: tuple[str, ...] = ()


def documents(root: Path, tracked: Iterable[str]) -> Documents:
    """Read the documents among some tracked files: changelogs and what others wrote is none.

    Args:
        root: The project's root.
        tracked: The files' paths from there.
    """
    read: list[Document] = []
    skipped: list[str] = []
    room = TOTAL_LIMIT
    for path in sorted(filter(is_document, tracked)):
        text, reason = _text(root / path, room)
        room -= len(text)
        if reason:
            skipped.append(f"{path}: {reason}")
        else:
            read.append(Document(path, text))
    return Documents(read=tuple(read), skipped=tuple(skipped))


def is_document(path: str) -> bool:
    """Whether a tracked file is a document: by its ending, or its name where it has none."""
    *folders, name = path.split("/")
    if _HISTORY.fullmatch(name) or not _OF_OTHERS.isdisjoint(folders):
        return False
    in_docs = "." not in name and bool({"doc", "docs"} & set(folders))
    return name.lower().endswith(_ENDINGS) or bool(_BARE.fullmatch(name)) or in_docs


def npm_scripts(root: Path, tracked: Iterable[str]) -> Mapping[str, str]:
    """The scripts of every tracked ``package.json``, by name; what cannot be read has none."""
    scripts: dict[str, str] = {}
    for path in tracked:
        if path.rpartition("/")[2] == "package.json" and _OF_OTHERS.isdisjoint(path.split("/")):
            text, _ = _text(root / path, LIMIT)
            scripts |= _scripts(text)
    return scripts


def invoke_tasks(root: Path, tracked: Iterable[str]) -> frozenset[str]:
    """What the functions are called in the project's own files of Invoke tasks, as Invoke calls its tasks."""
    texts = [_text(root / path, LIMIT)[0] for path in tracked if path == "tasks.py" or path.startswith("tasks/")]
    names = {name for text in texts for name in re.findall(r"^def (\w+)", text, re.MULTILINE)}
    return frozenset(name.replace("_", "-") for name in names)


def _scripts(text: str) -> Mapping[str, str]:
    try:
        scripts = json.loads(text).get("scripts", {})
        return {name: command for name, command in scripts.items() if isinstance(command, str)}
    except (ValueError, AttributeError, RecursionError):
        return {}


def _text(path: Path, room: int) -> tuple[str, str]:
    """A file's text, or why it is not read."""
    try:
        kind = path.lstat()
        if not stat.S_ISREG(kind.st_mode):
            return "", "is not a regular file"
        if kind.st_size > min(LIMIT, room):
            return "", f"is too large to be read ({kind.st_size} bytes)"
        with path.open("rb") as stream:
            content = stream.read(LIMIT)
    except OSError as error:
        return "", f"cannot be read: {error.strerror}"
    return ("", "is binary") if b"\0" in content else (content.decode("utf-8", "replace"), "")
