"""Bare roots: what a machine has on which nothing but the release's smallest system was ever installed."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.rig import archives, dependencies, machine, recipes
from tests.rig.apt import Apt, unpack
from tests.rig.archives import KEYRINGS, Source
from tests.rig.model import RigUnavailableError
from tests.rig.processes import HOME, call

RELEASES = {
    "bookworm": "debian",
    "trixie": "debian",
    "jammy": "ubuntu",
    "noble": "ubuntu",
    "resolute": "ubuntu",
}
COMPONENTS = {"debian": ("main",), "ubuntu": ("main", "universe")}
CERTIFICATES = Path("usr/local/share/ca-certificates")
CHECKOUT = Path("work/shiplane")
# /bin and its like are links from the first package on. mmdebstrap's own hook for that installs usr-is-merged, which
# Ubuntu 24.04 has no more as a package: its base-files provides it.
_MERGED = 'for name in bin sbin lib lib64; do mkdir -p "$1/usr/$name"; ln -s "usr/$name" "$1/$name"; done'
NAMESPACES = ("--mount", "--pid", "--fork", "--kill-child=KILL", "--propagation", "private")
# How this machine's apt gets at its mirrors: a root is to get there in the same way.
WAY = re.compile(r'^(Acquire::(?:https?::Proxy|Check-)\S*) "(.+)";$', re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Maker:
    """mmdebstrap, the distributions' keys and their mirrors, in a folder of their own."""

    folder: Path
    mirrors: dict[str, str]

    def make(self, release: str, target: Path) -> None:
        """Make the bare root of a release.

        Raises:
            RigError: mmdebstrap failed.
        """
        distribution = RELEASES[release]
        suites = (release, f"{release}-updates")
        uri, keyring = self.mirrors[distribution], f"{self.folder}{KEYRINGS[distribution]}"
        source = Source(uri=uri, suites=suites, components=COMPONENTS[distribution], keyring=keyring)
        options = [
            f"--setup-hook={_MERGED}",
            "--mode=root",
            "--variant=minbase",
            "--include=apt,ca-certificates",
            "--format=directory",
        ]
        settings = [f'--aptopt={name} "{value}"' for name, value in WAY.findall(call(["apt-config", "dump"]).stdout)]
        command = ["mmdebstrap", *options, *settings, "--skip=output/dev", release, str(target), *source.lines()]
        path = f"{self.folder}/usr/bin:{os.environ.get('PATH', os.defpath)}"
        call(["unshare", *NAMESPACES, "--mount-proc", *command], {**os.environ, "PATH": path}, timeout=1200)
        lines = Source(uri=uri, suites=suites, components=COMPONENTS[distribution], keyring=KEYRINGS[distribution])
        (target / "etc/apt/sources.list").write_text("".join(f"{line}\n" for line in lines.lines()), encoding="utf-8")


def maker(folder: Path) -> Maker:
    """Get what makes roots, from the machine's own archive.

    Raises:
        RigUnavailableError: this machine cannot have it.
    """
    release, apt = archives.release(), Apt(home=folder / "apt", processor=machine.native())
    apt.prepare(dependencies.base(dependencies.STATUS.read_text(encoding="utf-8")), recipes.pins(release))
    recipes.read_lists(apt, release, lambda _: None)
    for package in apt.download("mmdebstrap", "debootstrap", "ubuntu-keyring", "debian-archive-keyring"):
        unpack(package, folder)
    own = archives.mirror(release)
    mirrors = {name: recipes.public_mirror(folder, name, apt.processor) for name in KEYRINGS}
    return Maker(folder=folder, mirrors={**mirrors, **({release.distribution: own} if own.startswith("http") else {})})


def furnish(root: Path) -> None:
    """Give a root what a machine has by being on this network, and a clone of this commit."""
    for name in ("resolv.conf", "hosts"):
        (root / "etc" / name).unlink(missing_ok=True)
        shutil.copy(Path("/etc") / name, root / "etc" / name)
    shutil.copytree(Path("/") / CERTIFICATES, root / CERTIFICATES, dirs_exist_ok=True)
    (root / CHECKOUT).parent.mkdir(parents=True)
    call(["git", "clone", "--quiet", "--no-local", str(HOME), str(root / CHECKOUT)])


def require_root() -> None:
    """Raise where no root can be made.

    Raises:
        RigUnavailableError: this process is not root, or has no unshare.
    """
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise RigUnavailableError("bare roots are made by root, with unshare of util-linux")
