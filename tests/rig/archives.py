"""The package archives of the machine: which release it runs, and which mirror its apt is set up for.

Both formats of apt are read (sources.list(5)): one line for each source, and stanzas (deb822).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.rig.model import RigUnavailableError

KEYRINGS = {
    "debian": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "ubuntu": "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
}
# What a mirror's address ends with, as a rule: third parties use the same suites and components.
ENDINGS = {"debian": ("debian",), "ubuntu": ("ubuntu", "ubuntu-ports")}


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release of a distribution: `debian`, `bookworm`; `version` is its number (`12`), '' for one to come."""

    distribution: str
    codename: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.distribution.capitalize()} {self.version or self.codename}"


@dataclass(frozen=True, kw_only=True)
class Source:
    """An archive as apt is told of it."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...] = ("main",)
    keyring: str = ""
    architectures: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The source in the format of a line, one for each suite."""
        options = f"signed-by={self.keyring}" + (f" arch={','.join(self.architectures)}" if self.architectures else "")
        for suite in self.suites:
            yield f"deb [{options}] {self.uri} {suite} {' '.join(self.components)}"


def release(root: Path = Path("/")) -> Release:
    """What the machine runs, as os-release(5) tells.

    Raises:
        RigUnavailableError: neither Debian nor Ubuntu.
    """
    file = root / "etc/os-release"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    fields = {key: value.strip("\"'") for key, _, value in (line.partition("=") for line in text.splitlines())}
    codename = fields.get("VERSION_CODENAME", "")
    if fields.get("ID") not in KEYRINGS or not codename:
        name = fields.get("PRETTY_NAME", "this system")
        raise RigUnavailableError(f"{name} is neither Debian nor Ubuntu, whose packages an engine could be made of")
    return Release(distribution=fields["ID"], codename=codename, version=fields.get("VERSION_ID", ""))


def mirror(of: Release, root: Path = Path("/")) -> str:
    """The address of the release's own archive that the machine's apt is set up for.

    Raises:
        RigUnavailableError: apt knows of none.
    """
    fitting = [source for source in sources(root) if "main" in source.components and _holds(source, of)]
    if not fitting:
        raise RigUnavailableError(f"no mirror of {of} in /etc/apt")
    return max(fitting, key=lambda source: _likeness(source, of)).uri


def _holds(source: Source, of: Release) -> bool:
    rolling = {"stable", "testing", "unstable", "sid", "oldstable"}
    return of.codename in source.suites or (_likeness(source, of)[0] and bool(rolling & set(source.suites)))


def _likeness(source: Source, of: Release) -> tuple[bool, bool]:
    """How much a source looks like the distribution's own."""
    last = source.uri.rstrip("/").rpartition("/")[2]
    return last in ENDINGS[of.distribution], f"{of.distribution}-archive" in source.keyring


def sources(root: Path = Path("/")) -> list[Source]:
    """Every source of binary packages in the machine's /etc/apt that is in use."""
    apt = root / "etc/apt"
    files = [
        apt / "sources.list",
        *sorted(apt.glob("sources.list.d/*.list")),
        *sorted(apt.glob("sources.list.d/*.sources")),
    ]
    read = {".list": _from_lines, ".sources": _from_stanzas}
    return [source for file in files if file.exists() for source in read[file.suffix](file.read_text("utf-8"))]


def _from_lines(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        if found := re.match(r"deb\s+(?:\[([^]]*)]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)", line):
            options, uri, suite, components = found.groups("")
            keyring = re.search(r"signed-by=(\S+)", options)
            yield Source(
                uri=uri, suites=(suite,), components=tuple(components.split()), keyring=keyring[1] if keyring else ""
            )


def _from_stanzas(text: str) -> Iterator[Source]:
    for fields in stanzas(text):
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() != "no":
            for uri in fields.get("uris", "").split():
                yield Source(
                    uri=uri,
                    suites=tuple(fields.get("suites", "").split()),
                    components=tuple(fields.get("components", "").split()),
                    keyring=fields.get("signed-by", ""),
                )


def stanzas(text: str) -> Iterator[dict[str, str]]:
    """The stanzas of a deb822(5) text: values by the field's name in small letters, comments left out."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n(?:[ \t]*\n)+", "\n".join(lines)):
        fields = re.findall(r"^([^\s:]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        if fields:
            yield {name.lower(): value.strip() for name, value in fields}
