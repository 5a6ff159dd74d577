"""The version that a file of the released commit has, as ``package.json`` or ``Cargo.toml`` do."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypedDict

# Not tomllib: which TOML that reads depends on the Python.
import tomli

from shiplane.config.names.version_schemes import Scheme
from shiplane.config.names.version_spelling import pep440_of, respelled
from shiplane.config.version import MAX_LENGTH, Version
from shiplane.core.errors import ConfigurationError
from shiplane.core.text import quoted

if TYPE_CHECKING:
    from shiplane.config.lane import Lane

# Gives the text of a file of the commit, by its path from the project's root; None where the commit has none.
CommittedFiles: TypeAlias = Callable[[str], str | None]

# Those that are looked for where nothing is configured.
USUAL_FILES = ("package.json", "pyproject.toml", "Cargo.toml", "VERSION")
# What a version of any scheme is made of, and no longer than one may be.
_FORM = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}", re.ASCII)
# How far up the root of a Cargo workspace is looked for.
_MOST_PARENTS = 16
_DYNAMIC = (
    "Write the version there and take it out of dynamic; or, where the build backend reads it from a text file, name "
    "that one as version-file; or leave version-file out: the git tag says the version."
)


class VersionFileJson(TypedDict):
    """A file of the commit, and the version in it."""

    path: Annotated[str, "Path of the file that has the version, relative to the project's root."]
    version: Annotated[str, "The version, as it is written there."]


@dataclass(frozen=True)
class FileVersion:
    """A version as a file has it.

    Attributes:
        path: Of the file where the version is, from the project's root: of a crate perhaps the workspace's.
        text: The version, as it is written there.
        scheme: How such files write versions; None for as their lane does.
    """

    path: str
    text: str
    scheme: Scheme | None = None

    def version_of(self, lane: Lane) -> Version:
        """The version of a lane that this is.

        Raises:
            ConfigurationError: The lane can have no such version.
        """
        text = respelled(self.text, self.scheme or lane.versions, lane.versions)
        version = lane.version_of(text) if text else None
        if version is None:
            raise ConfigurationError(
                f"{self.path} has version {quoted(self.text, 80)}, which is no version of lane {lane.name}",
                remedy=f"Expected {lane.versions.form}. versions in [lanes.{lane.name}] selects another scheme.",
            )
        return version

    def agrees(self, version: Version) -> bool:
        """Whether a version of a lane is the same one, perhaps in the spelling of another scheme."""
        scheme = self.scheme or version.scheme
        if Scheme.PEP440 in {scheme, version.scheme}:
            own = pep440_of(self.text, scheme)
            return own is not None and own == pep440_of(version.text, version.scheme)
        return version.means_text(self.text)

    def to_json(self) -> VersionFileJson:
        """The same as JSON values."""
        return {"path": self.path, "version": self.text}


def read_version_file(path: str, read: CommittedFiles) -> FileVersion:
    """The version in a file, by the name of the file.

    Raises:
        ConfigurationError: The commit has no such file, or no version can be read from it.
    """
    file = _read(path, read)
    if not _FORM.fullmatch(file.text):
        raise ConfigurationError(
            f"{file.path} has {quoted(file.text, 80)}, which is no version", remedy="Expected a version as in 0.2.1."
        )
    return file


def _read(path: str, read: CommittedFiles) -> FileVersion:
    name = posixpath.basename(path)
    if name == "pyproject.toml":
        return FileVersion(path, _in_pyproject(path, read), Scheme.PEP440)
    if name == "Cargo.toml":
        return _in_cargo(path, read)
    if name.endswith(".json"):
        return FileVersion(path, _text(path, "version", _json(path, read).get("version")), Scheme.SEMVER)
    return FileVersion(path, _in_text(path, _existing(path, read)))


def _existing(path: str, read: CommittedFiles) -> str:
    text = read(path)
    if text is None:
        raise ConfigurationError(f"{path} is not in the commit", remedy="Commit it, or fix version-file.")
    return text


def _in_text(path: str, text: str) -> str:
    """A version that is all a file says, as in ``VERSION``."""
    lines = text.split()
    if len(lines) != 1:
        raise ConfigurationError(
            f"{path} has {len(lines)} words, and not a version alone",
            remedy="version-file names a package.json or another .json, a pyproject.toml, a Cargo.toml, or a text file "
            "that has the version and nothing else.",
        )
    return lines[0].removeprefix("v")


def _in_pyproject(path: str, read: CommittedFiles) -> str:
    """Source: https://packaging.python.org/en/latest/specifications/pyproject-toml, ``version`` and ``dynamic``."""
    project = _table(_toml(path, read), "project")
    dynamic = project.get("dynamic")
    if isinstance(dynamic, list) and "version" in dynamic:
        raise ConfigurationError(f"{path}: project.version is dynamic: it has no version to compare", remedy=_DYNAMIC)
    return _text(path, "project.version", project.get("version"))


def _in_cargo(path: str, read: CommittedFiles) -> FileVersion:
    """Source: https://doc.rust-lang.org/cargo/reference/workspaces.html, "The package table"."""
    manifest = _toml(path, read)
    package = _table(manifest, "package")
    version = package.get("version")
    if isinstance(version, dict) and version.get("workspace") is True:
        return _in_workspace(path, _workspace(path, package, manifest, read), read)
    if "package" not in manifest and "workspace" in manifest:
        return _in_workspace(path, path, read)
    return FileVersion(path, _text(path, "package.version", version), Scheme.SEMVER)


def _in_workspace(path: str, root: str, read: CommittedFiles) -> FileVersion:
    if not root:
        raise ConfigurationError(
            f"{path}: package.version is the workspace's, and no Cargo.toml above it has a workspace",
            remedy="Write the version there, or commit the workspace's Cargo.toml.",
        )
    shared = _table(_table(_toml(root, read), "workspace"), "package")
    return FileVersion(root, _text(root, "workspace.package.version", shared.get("version")), Scheme.SEMVER)


def _workspace(path: str, package: dict[str, Any], manifest: dict[str, Any], read: CommittedFiles) -> str:
    """The manifest of a crate's workspace: itself, the one that it names, or the nearest above; empty for none."""
    folder = posixpath.dirname(path)
    if "workspace" in manifest:
        return path
    if isinstance(named := package.get("workspace"), str):
        return posixpath.normpath(posixpath.join(folder, named, "Cargo.toml"))
    above = (posixpath.normpath(posixpath.join(folder, *[".."] * up, "Cargo.toml")) for up in range(1, _MOST_PARENTS))
    return next((root for root in above if read(root) is not None and "workspace" in _toml(root, read)), "")


def _json(path: str, read: CommittedFiles) -> dict[str, Any]:
    try:
        return _mapping(json.loads(_existing(path, read)))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", remedy="Expected JSON in UTF-8.") from error


def _toml(path: str, read: CommittedFiles) -> dict[str, Any]:
    try:
        return tomli.loads(_existing(path, read))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", remedy="Expected TOML in UTF-8.") from error


def _table(content: dict[str, Any], name: str) -> dict[str, Any]:
    return _mapping(content.get(name))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(path: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(
            f"{path} has no {key}", remedy="Write the version there, or name another file as version-file."
        )
    return value
