"""Of which packages and archives a toolbox is made, for each distribution.

Debian: bookworm's, and forky's where those are newer and linked against nothing but a libc that bookworm has. Ubuntu:
its own archive, all of it; what that lacks comes from Debian's where Debian can be reached, trusted by the keys that
Ubuntu's archive has of Debian's, and is left out by name where not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.rig import archives
from tests.rig.apt import Apt, unpack
from tests.rig.archives import KEYRINGS, Release, Source
from tests.rig.machine import AMD64, PROCESSORS, Processor, other
from tests.rig.model import RigError, RigUnavailableError

# Without them there is no engine, no builder and no registry. The second name is that of releases that lack the first.
NEEDED = (
    *(("docker.io",), ("docker-buildx",), ("containerd",), ("runc",), ("docker-registry",), ("iptables",)),
    *(("iproute2",), ("tini-static", "tini"), ("skopeo",), ("golang-github-containers-common",)),
)
EMULATOR = ("qemu-user-static", "qemu-user")
BUSYBOX = "busybox-static"
OPTIONAL = ("docker-cli", "crane", "oras")  # Ubuntu's docker.io has the client itself
NEWER = ("docker.io", "docker-cli", "containerd", "docker-buildx", "tini-static", "crane", "oras")
FROM_DEBIAN = ("tini-static", "crane", "oras")

DEBIAN_PINS = f"""\
Package: {" ".join(NEWER)}
Pin: release n=forky
Pin-Priority: 995

Package: *
Pin: release n=bookworm
Pin-Priority: 990

Package: *
Pin: release n=forky
Pin-Priority: 1
"""
UBUNTU_PINS = f"""\
Package: *
Pin: release o=Ubuntu
Pin-Priority: 990

Package: {" ".join((*FROM_DEBIAN, *(f"{BUSYBOX}:{processor.name}" for processor in PROCESSORS)))}
Pin: release o=Debian
Pin-Priority: 500

Package: *
Pin: release o=Debian
Pin-Priority: -1
"""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The packages of a toolbox: with their dependencies (`tools`), the emulator's, and who has a busybox."""

    tools: tuple[str, ...]
    emulator: str
    busybox: tuple[str, ...]
    lacking: tuple[str, ...]


def pins(release: Release) -> str:
    """Which archive is preferred for which package (apt_preferences(5))."""
    return DEBIAN_PINS if release.distribution == "debian" else UBUNTU_PINS


def read_lists(apt: Apt, release: Release, tell: Callable[[str], None]) -> None:
    """Have an apt read the lists that a toolbox of this release is made from."""
    mirror = archives.mirror(release)
    if release.distribution == "debian":
        apt.update(_debian(apt, mirror, KEYRINGS["debian"]))
        return
    suites = (release.codename, f"{release.codename}-updates")  # what is in -security is in -updates, too
    own = Source(
        uri=mirror,
        suites=suites,
        components=("main", "universe"),
        keyring=KEYRINGS["ubuntu"],
        architectures=(apt.processor.name,),
    )
    apt.update([own])
    theirs = _complement(apt)
    if not _readable(apt, [own, *theirs], lambda _: None):
        apt.update([own, *(source for source in theirs if _readable(apt, [own, source], tell))])


def _readable(apt: Apt, sources: list[Source], tell: Callable[[str], None]) -> bool:
    """Whether the last of these sources can be read and trusted."""
    try:
        apt.update(sources)
    except RigError as fault:
        tell(f"nothing is taken from Debian's {sources[-1].suites[0]}: {str(fault).strip().splitlines()[-1]}")
        return False
    return True


def _debian(apt: Apt, uri: str, keyring: str) -> list[Source]:
    """Bookworm for both processors, since both have a busybox; forky for our own."""
    both = (apt.processor.name, other(apt.processor).name)
    return [
        Source(uri=uri, suites=(suite,), keyring=keyring, architectures=architectures)
        for suite, architectures in (("bookworm", both), ("forky", both[:1]))
    ]


def _complement(apt: Apt) -> list[Source]:
    """Debian's archive as Ubuntu's packages know it: debootstrap its public mirror, the keyring its keys."""
    folder = apt.home / "debian"
    for package in apt.download("debootstrap", "debian-archive-keyring"):
        unpack(package, folder)
    uri = public_mirror(folder, "debian", apt.processor)
    return _debian(apt, uri, f"{folder}{KEYRINGS['debian']}")


def public_mirror(folder: Path, distribution: str, processor: Processor) -> str:
    """The mirror that debootstrap, unpacked in a folder, knows of a distribution; Ubuntu has two, by processor."""
    script = {"debian": "sbin/debootstrap", "ubuntu": "share/debootstrap/scripts/gutsy"}[distribution]
    known: list[str] = re.findall(
        r'(?:DEF_MIRROR="|default_mirror )(https?://[^\s"]+)', (folder / "usr" / script).read_text("utf-8")
    )
    ending = "debian" if distribution == "debian" else "ubuntu" if processor is AMD64 else "ubuntu-ports"
    return next(uri for uri in known if uri.endswith(f"/{ending}") and "//old-" not in uri)


def choose(apt: Apt, release: Release) -> Choice:
    """Choose among the packages of the lists that were read.

    Raises:
        RigUnavailableError: one is missing without which there is no engine.
    """
    foreign = f"{BUSYBOX}:{other(apt.processor).name}"
    every = {name for names in (*NEEDED, EMULATOR) for name in names}
    offered = apt.offered([*every, *OPTIONAL, BUSYBOX, foreign])
    needed = [_first(names, offered, release) for names in NEEDED]
    busybox = (_first((BUSYBOX,), offered, release), foreign)
    return Choice(
        tools=(*needed, *(name for name in OPTIONAL if name in offered)),
        emulator=_first(EMULATOR, offered, release),
        busybox=tuple(name for name in busybox if name in offered),
        lacking=tuple(_lacking(offered, foreign)),
    )


def _first(names: tuple[str, ...], offered: set[str], release: Release) -> str:
    for name in names:
        if name in offered:
            return name
    raise RigUnavailableError(f"the package archive of {release} has no {names[0]}")


def _lacking(offered: set[str], foreign: str) -> Iterator[str]:
    """What is left out, by its name as a command or an image."""
    yield from (name for name in ("crane", "oras") if name not in offered)
    if foreign not in offered:
        yield f"busybox for {foreign.partition(':')[2]}"
