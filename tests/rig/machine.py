"""The two processors that a rig knows: the machine's own, and the other one, which it emulates."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from tests.rig.model import RigUnavailableError


@dataclass(frozen=True, kw_only=True)
class Processor:
    """A processor by its names: Debian's and the OCI's (`name`), QEMU's and the kernel's, its folder for libraries."""

    name: str
    kernel: str
    machine: str
    """Its number in an ELF header (e_machine), as the kernel's binfmt_misc wants it."""

    @property
    def triplet(self) -> str:
        """The folder of its libraries below `lib`."""
        return f"{self.kernel}-linux-gnu"

    @property
    def emulator(self) -> str:
        """The program that runs its programs."""
        return f"qemu-{self.kernel}"

    @property
    def platform(self) -> str:
        """The platform that images for it are of."""
        return f"linux/{self.name}"


AMD64 = Processor(name="amd64", kernel="x86_64", machine=r"\x3e\x00")
ARM64 = Processor(name="arm64", kernel="aarch64", machine=r"\xb7\x00")
PROCESSORS = (AMD64, ARM64)


def native() -> Processor:
    """The machine's own.

    Raises:
        RigUnavailableError: it is none of the two.
    """
    for processor in PROCESSORS:
        if processor.kernel == platform.machine():
            return processor
    raise RigUnavailableError(f"{platform.machine()} is neither amd64 nor arm64")


def other(processor: Processor) -> Processor:
    """The one that is emulated."""
    return ARM64 if processor is AMD64 else AMD64
