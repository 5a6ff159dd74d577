"""What a toolbox is made of: Debian's packages, or Ubuntu's own and from Debian's archive what that lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.rig import archives, recipes
from tests.rig.apt import Apt
from tests.rig.archives import Release, Source
from tests.rig.machine import AMD64, ARM64, Processor, native, other
from tests.rig.model import RigError, RigUnavailableError

DEBIAN = Release(distribution="debian", codename="trixie", version="13")
UBUNTU = Release(distribution="ubuntu", codename="noble", version="24.04")
EVERY = {name for names in (*recipes.NEEDED, recipes.EMULATOR) for name in names} | set(recipes.OPTIONAL)
BOXES = {"busybox-static", "busybox-static:arm64"}
SCRIPT = 'DEF_MIRROR="http://d.example/debian"\nDEF_HTTPS_MIRROR="https://d.example/debian"\n'
GUTSY = """\
    default_mirror http://old-releases.example/ubuntu
    default_mirror http://archive.example/ubuntu
    default_mirror http://ports.example/ubuntu-ports
"""


@dataclass(frozen=True, kw_only=True)
class Told(Apt):
    """An apt that notes what it was told, and offers what it is given."""

    has: set[str] = field(default_factory=set)
    unsigned: tuple[str, ...] = ()
    read: list[list[Source]] = field(default_factory=list)

    def update(self, sources: Iterable[Source]) -> None:
        self.read.append(list(sources))
        if any(suite in self.unsigned for source in self.read[-1] for suite in source.suites):
            raise RigError("apt-get update: exit 100: W: no key\nE: The repository is not signed.")

    def offered(self, names: Iterable[str]) -> set[str]:
        return self.has & set(names)

    def download(self, *_: str) -> list[Path]:
        return []


@pytest.fixture(autouse=True)
def own_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "mirror", lambda _: "http://m.example/own")


@pytest.fixture
def knowing(tmp_path: Path) -> Path:
    """The folder of an apt in which debootstrap lies unpacked."""
    scripts = tmp_path / "debian/usr/share/debootstrap/scripts"
    scripts.mkdir(parents=True)
    (scripts / "gutsy").write_text(GUTSY, encoding="utf-8")
    (tmp_path / "debian/usr/sbin").mkdir()
    (tmp_path / "debian/usr/sbin/debootstrap").write_text(SCRIPT, encoding="utf-8")
    return tmp_path


def suites(sources: list[Source]) -> list[str]:
    return [suite for source in sources for suite in source.suites]


def test_debian_takes_both_of_its_suites_from_the_machines_mirror(tmp_path: Path) -> None:
    apt = Told(home=tmp_path, processor=ARM64)
    recipes.read_lists(apt, DEBIAN, print)
    (sources,) = apt.read
    assert [(source.uri, source.suites, source.architectures) for source in sources] == [
        ("http://m.example/own", ("bookworm",), ("arm64", "amd64")),
        ("http://m.example/own", ("forky",), ("arm64",)),
    ]


def test_ubuntu_takes_its_own_archive_and_what_that_lacks_from_debians(knowing: Path) -> None:
    apt = Told(home=knowing, processor=AMD64)
    recipes.read_lists(apt, UBUNTU, print)
    assert suites(apt.read[-1]) == ["noble", "noble-updates", "bookworm", "forky"]
    assert {source.uri for source in apt.read[-1]} == {"http://m.example/own", "http://d.example/debian"}
    theirs = [source.keyring for source in apt.read[-1] if "debian" in source.uri]
    assert theirs == [f"{knowing}/debian/usr/share/keyrings/debian-archive-keyring.gpg"] * 2


def test_an_archive_that_no_key_vouches_for_is_left_out_and_said(knowing: Path) -> None:
    apt, said = Told(home=knowing, processor=AMD64, unsigned=("forky",)), list[str]()
    recipes.read_lists(apt, UBUNTU, said.append)
    assert suites(apt.read[-1]) == ["noble", "noble-updates", "bookworm"]
    assert said == ["nothing is taken from Debian's forky: E: The repository is not signed."]


def test_ubuntus_own_archive_has_to_be_readable(knowing: Path) -> None:
    with pytest.raises(RigError):
        recipes.read_lists(Told(home=knowing, processor=AMD64, unsigned=("noble",)), UBUNTU, print)


@pytest.mark.parametrize(
    ("distribution", "processor", "uri"),
    [
        ("debian", AMD64, "http://d.example/debian"),
        ("debian", ARM64, "http://d.example/debian"),
        ("ubuntu", AMD64, "http://archive.example/ubuntu"),
        ("ubuntu", ARM64, "http://ports.example/ubuntu-ports"),
    ],
)
def test_debootstrap_knows_the_public_mirrors(knowing: Path, distribution: str, processor: Processor, uri: str) -> None:
    assert recipes.public_mirror(knowing / "debian", distribution, processor) == uri


def test_everything_is_taken_where_everything_is_offered(tmp_path: Path) -> None:
    chosen = recipes.choose(Told(home=tmp_path, processor=AMD64, has=EVERY | BOXES), DEBIAN)
    assert set(chosen.tools) == EVERY - {"tini", *recipes.EMULATOR}
    assert (chosen.emulator, chosen.busybox) == ("qemu-user-static", ("busybox-static", "busybox-static:arm64"))
    assert chosen.lacking == ()


def test_what_is_not_offered_is_replaced_or_left_out_by_name(tmp_path: Path) -> None:
    has = EVERY - {"tini-static", "qemu-user-static", "crane", "docker-cli"} | {"busybox-static"}
    chosen = recipes.choose(Told(home=tmp_path, processor=AMD64, has=has), UBUNTU)
    assert {"tini", "oras"} < set(chosen.tools)
    assert {"tini-static", "crane", "docker-cli"}.isdisjoint(chosen.tools)
    assert (chosen.emulator, chosen.busybox) == ("qemu-user", ("busybox-static",))
    assert chosen.lacking == ("crane", "busybox for arm64")


@pytest.mark.parametrize("name", ["docker.io", "docker-buildx", "docker-registry", "busybox-static"])
def test_without_an_engine_a_builder_or_a_registry_there_is_no_toolbox(tmp_path: Path, name: str) -> None:
    apt = Told(home=tmp_path, processor=AMD64, has=(EVERY | BOXES) - {name})
    with pytest.raises(RigUnavailableError, match=f"Ubuntu 24.04 has no {name}"):
        recipes.choose(apt, UBUNTU)


@pytest.mark.parametrize(("kernel", "processor", "emulated"), [("x86_64", AMD64, ARM64), ("aarch64", ARM64, AMD64)])
def test_the_other_processor_is_emulated(
    monkeypatch: pytest.MonkeyPatch, kernel: str, processor: Processor, emulated: Processor
) -> None:
    monkeypatch.setattr("platform.machine", lambda: kernel)
    assert (native(), other(native())) == (processor, emulated)


def test_a_third_processor_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(RigUnavailableError, match="riscv64"):
        native()
