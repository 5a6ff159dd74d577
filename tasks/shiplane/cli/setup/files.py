"""The files of a project beside its workflows: configuration, tasks, ``.gitignore`` and npm scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shiplane.cli.workflows.files import new_requirements, requirements_path, tasks_files
from shiplane.core.file_change import FileChange
from shiplane.init import ignored, npm_scripts, project_files, tasks_file
from shiplane.init.sources import Remark, Source
from shiplane.workflows import files
from shiplane.workflows.requirement import LOCAL, requirement

if TYPE_CHECKING:
    from pathlib import Path

PROJECT_FILE = "shiplane.toml"
_IGNORE, _NPM = ".gitignore", "package.json"


def setup_files(root: Path, project_text: str) -> Iterator[FileChange]:
    """The project file where there is none, the tasks, ``.gitignore`` and the npm scripts."""
    if project_text:
        yield FileChange(PROJECT_FILE, project_files.read(root, PROJECT_FILE), project_text)
    path = next((str(file.relative_to(root)) for file in tasks_files(root)), "tasks.py")
    before = project_files.read(root, path)
    if not (root / path).exists() or before is not None:
        after = tasks_file.with_our_tasks(before or "")
        yield FileChange(path, before, before if after is None else _ended_as(before, after))
    ignore = project_files.read(root, _IGNORE)
    if ignore is not None or not (root / _IGNORE).exists():
        yield FileChange(_IGNORE, ignore, _ended_as(ignore, ignored.with_needed_lines(ignore or "")))
    package = project_files.read(root, _NPM)
    if package and npm_scripts.old_scripts(package):
        yield FileChange(_NPM, package, npm_scripts.with_new_scripts(package) or package)
    if not (root / requirements_path(root)).exists():
        yield new_requirements(root)


def _ended_as(before: str | None, after: str) -> str:
    """A text with the line ends of the one before it."""
    return re.sub(r"\r?\n", "\r\n", after) if before and "\r\n" in before else after


def unusable(root: Path) -> Iterator[Remark]:
    """Files that should be changed and cannot be."""
    for file in tasks_files(root):
        if tasks_file.with_our_tasks(file.read_text("utf-8", "replace")) is None:
            path = str(file.relative_to(root))
            yield Remark(Source(path), "", "our tasks could not be added: use the command shiplane beside it")
    package = project_files.read(root, _NPM)
    if package and npm_scripts.old_scripts(package) and npm_scripts.with_new_scripts(package) is None:
        yield Remark(Source(_NPM), ", ".join(npm_scripts.old_scripts(package)), "these scripts could not be replaced")
    if not (root / requirements_path(root)).exists() and not requirement("", files.origin()):
        yield Remark(Source(requirements_path(root)), "", f"{LOCAL}: name there where it is got from")


def replaced_scripts(root: Path) -> Iterator[Remark]:
    """The npm scripts that run something else now."""
    package = project_files.read(root, _NPM)
    for name, command in npm_scripts.old_scripts(package or "").items():
        yield Remark(Source(_NPM), f"{name}: {command}", f"now {npm_scripts.SCRIPTS[name]}")
