"""The project on disk: its root, its file, its Dockerfiles."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

# Not tomllib: which TOML that reads depends on the Python (1.0 from 3.11 to 3.14, 1.1 from 3.15 on).
import tomli

from shiplane.config.build_settings import BuildSecret
from shiplane.config.lane import Lane
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.setting import Setting
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.core.text import quoted

_FILE = "shiplane.toml"
_LIMIT = 1024 * 1024
# Without the byte order mark that some editors on Windows begin with: TOML 1.0 and 1.1 leave it to who reads, npm
# passes over it.
_UTF_8 = "utf-8-sig"
_SECRET_LIMIT = 500 * 1024
# What buildx takes for something else than a path, however it is written (0.29: standard input, git over ssh).
_READ_OTHERWISE = re.compile(r"-|[\w.-]+@[\w.-]+:.*", re.ASCII | re.DOTALL)


def repository_top(root: Path) -> Path:
    """The root of the project's repository; the project's own where there is none."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def find_root(start: Path) -> Path:
    """The project's root: the nearest folder upwards with ``shiplane.toml`` or ``.git``, else the start.

    Invoke runs tasks in the caller's folder, which may be anywhere below the root. A repository ends the search, also
    one of a worktree or a submodule, where ``.git`` is a file: a project further up is another one, whose images the
    caller did not mean.
    """
    folders = (start, *start.parents)
    return next((folder for folder in folders if (folder / _FILE).exists() or (folder / ".git").exists()), start)


def load_project_file(root: Path) -> ProjectFile:
    """Read ``shiplane.toml``, or ``[tool.shiplane]`` of ``pyproject.toml``, or nothing.

    Raises:
        ConfigurationError: The file cannot be read, is no TOML, both files speak, or a key or value is wrong.
    """
    own, tool = _toml(root / _FILE), _toml(root / "pyproject.toml").get("tool")
    shared = tool.get("shiplane") if isinstance(tool, dict) else None
    if own and shared:
        raise ConfigurationError(
            f"both {_FILE} and [tool.shiplane] in pyproject.toml configure this project", remedy="Keep one of them."
        )
    if shared is not None and not isinstance(shared, dict):
        raise ConfigurationError("pyproject.toml: tool.shiplane is not a table")
    if shared:
        return parse_project_file(shared, "pyproject.toml")
    # One with nothing but comments configures a project as well: by the defaults.
    return parse_project_file(own, _FILE) if (root / _FILE).is_file() else ProjectFile()


def tables_in(name: str, text: str) -> dict[str, Any]:
    """The tables of a project file of this name, whose text may be an older one; nothing where it has none."""
    with suppress(ValueError, RecursionError):
        content = tomli.loads(text.removeprefix("\ufeff"))
        tool = content.get("tool", {}) if name != _FILE else {}
        found = tool.get("shiplane", {}) if isinstance(tool, dict) and name != _FILE else content
        return found if isinstance(found, dict) else {}
    return {}


def existing(root: Path, paths: list[str]) -> frozenset[str]:
    """Which of these files the project has."""
    # As bytes: a locale that cannot say a name does not keep the file from being there.
    return frozenset(path for path in paths if (root / os.fsdecode(path.encode())).is_file())


def check_inside(root: Path, lanes: Iterable[Lane]) -> None:
    """Refuse a Dockerfile or a context that is not the project's, or that buildx would not take for a path.

    Raises:
        UsageError: Naming the lane and the path; also where a context is no folder.
    """
    for lane in lanes:
        _check_path(root, lane.name, "dockerfile", lane.dockerfile)
        _check_path(root, lane.name, "context", lane.context)
        if not (root / lane.context).is_dir():
            raise UsageError(
                f"lane {lane.name}: the context {quoted(lane.context)} is not a folder of this project",
                remedy=f"Fix context in [lanes.{lane.name}] of {_FILE}.",
            )


def _check_path(root: Path, lane: str, key: str, path: str) -> None:
    """Refuse a path that is a link that leads out of the project, since its content is not what is committed."""
    if not (root / path).resolve().is_relative_to(root.resolve()):
        raise UsageError(
            f"lane {lane}: {quoted(path)} is a link that leads out of the project",
            remedy="Copy the content into the project: images are built from committed files.",
        )
    if _READ_OTHERWISE.fullmatch(os.path.normpath(path)):
        raise UsageError(
            f"lane {lane}: buildx takes the {key} {quoted(path)} for standard input or a git repository",
            remedy="Rename it.",
        )


def read_secret(root: Path, lane: str, secret: BuildSecret) -> str:
    """The content of the file of a build secret, so that it can be hidden.

    Raises:
        UsageError: It cannot be read, or is larger than BuildKit takes (500 KiB, its session/secrets).
    """
    path = root / secret.file
    try:
        if not path.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        with path.open("rb") as stream:
            content = stream.read(_SECRET_LIMIT + 1)
    except OSError as error:
        raise UsageError(
            f"lane {lane}: secrets: {secret.id}: cannot read {secret.file}: {error.strerror}",
            remedy="Paths are relative to the project's root.",
        ) from error
    if len(content) > _SECRET_LIMIT:
        raise UsageError(f"lane {lane}: secrets: the file {secret.file} is larger than {_SECRET_LIMIT} bytes")
    return content.decode("utf-8", "replace")


def build_command(root: Path, project: ProjectFile) -> Setting[tuple[str, ...]]:
    """The build command: the project file's, else ``npm run build`` where ``package.json`` has such a script.

    Returns:
        Empty if there is none; the source says why.

    Raises:
        ConfigurationError: ``package.json`` cannot be read, so it is unknown whether there is a build.
    """
    if project.build is not None:
        return Setting(project.build, f"{project.name}: build")
    path = root / "package.json"
    if not path.is_file():
        return Setting((), "no build command is configured, and there is no package.json")
    try:
        scripts = json.loads(path.read_bytes()[:_LIMIT].decode(_UTF_8)).get("scripts") or {}
        scripted = bool(scripts.get("build"))
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ConfigurationError(f"package.json cannot be read: {error}", remedy="Fix it, or set build.") from error
    if not scripted:
        return Setting((), "no build command is configured, and package.json has no build script")
    return Setting(("npm", "run", "build"), "package.json: scripts.build")


def uses_lfs(root: Path) -> bool:
    """Whether the attributes at the project's root, or above it in its repository, give files to Git LFS."""
    top = repository_top(root)
    return any(_gives_to_lfs(folder) for folder in (root, *root.parents) if folder.is_relative_to(top))


def _gives_to_lfs(folder: Path) -> bool:
    with suppress(OSError):
        return "filter=lfs" in (folder / ".gitattributes").read_text("utf-8", "replace")
    return False


def workflows(root: Path) -> dict[str, str]:
    """The text of each workflow of GitHub Actions, by its path from here; one that cannot be read is left out.

    GitHub reads them at the repository's root alone, which a project may lie below.
    """
    texts: dict[str, str] = {}
    for path in sorted((repository_top(root) / ".github" / "workflows").glob("*.y*ml")):
        with suppress(OSError, UnicodeDecodeError):
            if path.is_file() and path.stat().st_size <= _LIMIT:
                texts[os.path.relpath(path, root)] = path.read_text("utf-8")
    return texts


def _toml(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            return {}
        if path.stat().st_size > _LIMIT:
            raise ConfigurationError(f"{path.name} is larger than {_LIMIT} bytes")
        return tomli.loads(path.read_bytes().decode(_UTF_8))
    except RecursionError as error:
        raise ConfigurationError(f"{path.name} is nested too deep") from error
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error}", remedy="Expected TOML in UTF-8.") from error
