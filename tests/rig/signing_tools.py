"""cosign and notation, from the same packages as a rig's other tools, in a folder of their own.

Only tests sign and verify with them: a rehearsal needs neither, and its toolbox stays as small as it was.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.rig import archives, cached_folder, dependencies, machine, packages, recipes, wholeness
from tests.rig.apt import Apt, unpack
from tests.rig.model import RigUnavailableError

TOOLS = ("cosign", "notation")
# Debian's bookworm and Ubuntu 24.04 have neither; forky's want a libc of 2.34, which both have.
PINS = f"""
Package: {" ".join(TOOLS)}
Pin: release o=Debian
Pin-Priority: 500
"""


@dataclass(frozen=True, kw_only=True)
class SigningTools:
    """The unpacked packages below `home`; `bin` is what a PATH needs."""

    home: Path

    @property
    def bin(self) -> Path:
        """The folder of the programs."""
        return self.home / "root/usr/bin"

    @property
    def lacking(self) -> list[str]:
        """What no archive of this machine has, by its name as a command."""
        return [name for name in TOOLS if not (self.bin / name).exists()]


def signing_tools() -> SigningTools:
    """The tools, downloaded and unpacked where they are not there yet; one process does it, others wait.

    Raises:
        RigUnavailableError: this machine cannot have them.
    """
    release = archives.release()
    tools = SigningTools(home=packages.cache() / f"tools-signing-{_recipe(release)}")
    cached_folder.filled(tools.home, "lock-signing", lambda home: fill(SigningTools(home=home), release, _tell))
    return tools


def _recipe(release: archives.Release) -> str:
    text = Path(__file__).read_text(encoding="utf-8")
    return hashlib.sha256(repr((release, machine.native(), text)).encode()).hexdigest()[:12]


def _tell(words: str) -> None:
    print(f"signing tools: {words}", file=sys.stderr, flush=True)


def fill(tools: SigningTools, release: archives.Release, tell: Callable[[str], None]) -> None:
    """Download what an archive has of the tools; what none has is left out by name."""
    apt = Apt(home=tools.home / "apt", processor=machine.native())
    status = dependencies.base(dependencies.STATUS.read_text(encoding="utf-8"))
    apt.prepare(status, recipes.pins(release) + PINS)
    recipes.read_lists(apt, release, tell)
    offered = offered_tools(apt, release, tell)
    for package in apt.download(*offered) if offered else []:
        unpack(package, tools.home / "root")
    installed = [fields["package"] for fields in archives.stanzas(status)]
    programs = wholeness.programs([tools.bin])
    wholeness.check(programs, {}, tools.home, wholeness.libraries(installed), lambda program: program.name)
    shutil.rmtree(apt.home)


def offered_tools(apt: Apt, release: archives.Release, tell: Callable[[str], None]) -> list[str]:
    """Which of the tools the lists that were read have; the others are named."""
    offered = apt.offered(TOOLS)
    if lacking := [name for name in TOOLS if name not in offered]:
        tell(f"no archive of {release} has {' or '.join(lacking)}: tests that sign with it are skipped")
    return [name for name in TOOLS if name in offered]


def directory(name: str) -> Path:
    """The folder in which a tool is: of the packages, else where the machine itself has it.

    Raises:
        RigUnavailableError: neither has it; the message names it.
    """
    try:
        tools = signing_tools()
    except RigUnavailableError:
        tools = None
    if tools and name not in tools.lacking:
        return tools.bin
    if own := shutil.which(name):
        return Path(own).parent
    raise RigUnavailableError(f"{name} is neither installed nor in a package archive of this machine")
