"""An apt of our own: its lists, its sources and its record of what is installed; nothing of the machine's is touched.

Of the machine it takes the keys, and settings such as a proxy.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.rig.archives import Source
from tests.rig.machine import Processor, other
from tests.rig.processes import call

CONF = """\
Dir::Etc::SourceList "{home}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "{home}/preferences";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{home}";
Dir::State::Lists "{home}/lists";
Dir::State::status "{home}/dpkg/status";
Dir::Cache "{home}";
Acquire::Retries "3";
Acquire::Languages "none";
APT::Architecture "{native}";
APT::Architectures {{ "{native}"; "{other}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
"""
# By the command line, which goes before the machine's settings: images switch the cache off, and each call then reads
# all lists anew.
CACHED = ("-o", "Dir::Cache::pkgcache=pkgcache.bin", "-o", "Dir::Cache::srcpkgcache=srcpkgcache.bin")


@dataclass(frozen=True, kw_only=True)
class Apt:
    """The folder of an apt, and the processor that it resolves for."""

    home: Path
    processor: Processor

    def prepare(self, status: str, preferences: str) -> None:
        """Lay the folder out: what counts as installed, and which source is preferred."""
        for part in ("lists/partial", "archives/partial", "dpkg"):
            (self.home / part).mkdir(parents=True, exist_ok=True)
        settings = CONF.format(home=self.home, native=self.processor.name, other=other(self.processor).name)
        for name, text in (("dpkg/status", status), ("preferences", preferences), ("apt.conf", settings)):
            (self.home / name).write_text(text, encoding="utf-8")

    def update(self, sources: Iterable[Source]) -> None:
        """Read the lists of these sources.

        Raises:
            RigError: one of them cannot be reached, is not signed by its key, or has no such suite.
        """
        lines = [line for source in sources for line in source.lines()]
        (self.home / "sources.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
        # Without this a mirror that does not answer is a warning, and later packages are missing for no reason.
        self._run("apt-get", "-o", "APT::Update::Error-Mode=any", "update")

    def offered(self, names: Iterable[str]) -> set[str]:
        """Which of these packages the sources have."""
        said = self._run("apt-cache", "policy", *names)
        versions = re.findall(r"^(\S+):\n.*\n  Candidate: (\S+)", said, re.MULTILINE)
        return {name for name, version in versions if version != "(none)"}

    def fetch(self, names: Sequence[str]) -> list[Path]:
        """Download packages with all that they depend on and the record of what is installed lacks; gives the files."""
        self._run("apt-get", "install", "--yes", "--download-only", *names)
        return sorted((self.home / "archives").glob("*.deb"))

    def download(self, *names: str) -> list[Path]:
        """Download these packages alone; gives the files, in a folder of their own."""
        folder = self.home / "alone"
        folder.mkdir(exist_ok=True)
        self._run("apt-get", "download", *names, folder=folder)
        return [file for name in names for file in self._files(folder, *name.split(":"))]

    def _files(self, folder: Path, name: str, architecture: str = "") -> Iterator[Path]:
        for wanted in (architecture,) if architecture else (self.processor.name, "all"):
            yield from folder.glob(f"{name}_*_{wanted}.deb")

    def _run(self, program: str, *words: str, folder: Path | None = None) -> str:
        settings = {"APT_CONFIG": str(self.home / "apt.conf"), "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        return call([program, *CACHED, *words], {**os.environ, **settings}, folder=folder).stdout


def unpack(package: Path, folder: Path, *only: str) -> None:
    """Unpack a package's files below a folder, all of them or some."""
    folder.mkdir(parents=True, exist_ok=True)
    if only:
        words = shlex.join(["tar", "x", "-C", str(folder), *only])
        call(["sh", "-c", f"dpkg-deb --fsys-tarfile {shlex.quote(str(package))} | {words}"])
    else:
        call(["dpkg-deb", "--extract", str(package), str(folder)])
