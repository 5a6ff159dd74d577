"""cosign and notation come from a package archive, or are left out by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig import signing_tools
from tests.rig.apt import Apt
from tests.rig.archives import Release
from tests.rig.machine import AMD64
from tests.rig.model import RigUnavailableError

NOBLE = Release(distribution="ubuntu", codename="noble", version="24.04")


@dataclass(frozen=True, kw_only=True)
class Offering(Apt):
    """An apt whose lists hold these packages."""

    has: set[str]

    def offered(self, names: Iterable[str]) -> set[str]:
        return self.has & set(names)


@pytest.mark.parametrize(
    ("has", "taken", "said"),
    [
        ({"cosign", "notation"}, ["cosign", "notation"], []),
        ({"notation"}, ["notation"], ["no archive of Ubuntu 24.04 has cosign: tests that sign with it are skipped"]),
        (set(), [], ["no archive of Ubuntu 24.04 has cosign or notation: tests that sign with it are skipped"]),
    ],
)
def test_what_no_archive_has_is_left_out_by_name(
    tmp_path: Path, has: set[str], taken: list[str], said: list[str]
) -> None:
    told: list[str] = []
    apt = Offering(home=tmp_path, processor=AMD64, has=has)
    assert (signing_tools.offered_tools(apt, NOBLE, told.append), told) == (taken, said)


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> signing_tools.SigningTools:
    """A folder of the packages that has notation alone, on a machine that has nothing itself."""
    tools = signing_tools.SigningTools(home=tmp_path)
    tools.bin.mkdir(parents=True)
    (tools.bin / "notation").touch(mode=0o755)
    monkeypatch.setattr(signing_tools, "signing_tools", lambda: tools)
    monkeypatch.setenv("PATH", str(tmp_path / "own"))
    return tools


def test_a_tool_is_taken_from_the_packages(unpacked: signing_tools.SigningTools) -> None:
    assert unpacked.lacking == ["cosign"]
    assert signing_tools.directory("notation") == unpacked.bin


def test_a_tool_that_no_archive_has_is_taken_from_the_machine(unpacked: signing_tools.SigningTools) -> None:
    own = unpacked.home / "own/cosign"
    own.parent.mkdir()
    own.touch(mode=0o755)
    assert signing_tools.directory("cosign") == own.parent


@pytest.mark.usefixtures("unpacked")
def test_a_tool_that_is_nowhere_is_named() -> None:
    with pytest.raises(RigUnavailableError, match="cosign is neither installed nor in a package archive"):
        signing_tools.directory("cosign")


def test_the_machine_is_asked_where_packages_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable() -> signing_tools.SigningTools:
        raise RigUnavailableError("only apt-get can fetch cosign and notation")

    (tmp_path / "cosign").touch(mode=0o755)
    monkeypatch.setattr(signing_tools, "signing_tools", unavailable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert signing_tools.directory("cosign") == tmp_path
