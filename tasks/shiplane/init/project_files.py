"""The files of a project that say how it is released."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_LIMIT = 1024 * 1024
_SKIPPED = {
    "node_modules",
    "vendor",
    "test",
    "tests",
    "testdata",
    "example",
    "examples",
    "docs",
    "dist",
    "build",
    "target",
}
_NOT_RELEASED = {"dev", "development", "test", "tests", "ci", "local", "debug", "dockerignore", "bak", "orig"}
_DEPTH = 3
_COPY = re.compile(r"^[ \t]*(?:COPY|ADD)[ \t](.+)$", re.IGNORECASE | re.MULTILINE)
_COMPOSE = re.compile(r"(?:docker-)?compose(?:[.-](?P<kind>[\w.-]+))?\.ya?ml", re.ASCII)
# As docker looks for them: the first that is there counts.
_USUAL_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_MANIFESTS = {".yml", ".yaml"}


def read(root: Path, path: str) -> str | None:
    """The text of a file of the project; None where there is none that could be read as one."""
    file = root / path
    with suppress(OSError, UnicodeDecodeError):
        if file.is_file() and file.stat().st_size <= _LIMIT:
            with file.open(encoding="utf-8", newline="") as stream:
                return stream.read()
    return None


def dockerfiles(root: Path) -> tuple[list[str], list[str]]:
    """The Dockerfiles at the root, or if there are none those in folders below it; and the others."""
    paths = [path for path in _files(root) if _is_dockerfile(path.rpartition("/")[2])]
    at_root = [path for path in paths if "/" not in path]
    return at_root or paths, [path for path in paths if at_root and "/" in path]


def is_built_at_the_root(root: Path, dockerfile: str) -> bool:
    """Whether a Dockerfile in a folder copies what is not in its folder, and is at the project's root."""
    folder = root / dockerfile.rpartition("/")[0]
    sources = list(_copied(read(root, dockerfile) or ""))
    return not all((folder / path).exists() for path in sources) and all((root / path).exists() for path in sources)


def _copied(text: str) -> Iterator[str]:
    """The paths that a Dockerfile copies, where they are written out (Dockerfile reference, "COPY" and "ADD")."""
    for line in _COPY.findall(text):
        words = [word for word in line.split() if not word.startswith("--")]
        is_plain = "--from=" not in line and not set(line) & set('[<$*?\\"')
        yield from (word.lstrip("/") for word in words[:-1] if is_plain and "://" not in word)


def compose_files(root: Path) -> list[str]:
    """The compose files at the root, those with a name of their own first: what they say comes on top.

    Those that override others, which are for development, are left out.
    """
    kinds = {entry.name: match["kind"] or "" for entry in root.iterdir() if (match := _COMPOSE.fullmatch(entry.name))}
    usual = [name for name in _USUAL_COMPOSE if name in kinds][:1]
    apart = {name for name, kind in kinds.items() if set(re.split(r"[.-]", kind)) & {*_NOT_RELEASED, "override"}}
    return [*sorted(name for name, kind in kinds.items() if kind and name not in apart), *usual]


def deployments(root: Path, image: str) -> list[str]:
    """The YAML files that name an image, except workflows."""
    paths = [path for path in _files(root) if Path(path).suffix in _MANIFESTS and not path.startswith(".github/")]
    return [path for path in paths if f"{image}:" in (read(root, path) or "")] if image else []


def _is_dockerfile(name: str) -> bool:
    stem, _, suffix = name.partition(".")
    known = suffix if stem == "Dockerfile" else stem if suffix == "Dockerfile" else "dockerignore"
    return known.lower() not in _NOT_RELEASED


def _files(root: Path) -> Iterator[str]:
    """The files down to some depth, in order, without those of others."""
    for folder, folders, names in os.walk(root):
        parts = Path(folder).relative_to(root).parts
        kept = (name for name in folders if name not in _SKIPPED and not name.startswith("."))
        folders[:] = sorted(kept) if len(parts) < _DEPTH else []
        yield from ("/".join((*parts, name)) for name in sorted(names))
