"""A toolbox is computed from what every machine of the release has, and held against it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig import dependencies, wholeness
from tests.rig.model import RigUnavailableError

ROOT = Path("/cache/root")
STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Depends: libgcc-s1

Package: libgcc-s1
Status: install ok installed
Architecture: amd64

Package: dash
Essential: yes
Status: install ok installed
Architecture: amd64
Pre-Depends: libc6 (>= 2.36)
Depends: debianutils:any (>= 5) | missing

Package: miniutils
Status: install ok installed
Architecture: all
Provides: debianutils (= 6), other

Package: libbsd0
Priority: optional
Status: install ok installed
Architecture: amd64

Package: mount
Priority: required
Status: deinstall ok config-files
Architecture: amd64
"""


def kept(status: str) -> list[str]:
    return [line.partition(" ")[2] for line in dependencies.base(status).splitlines() if line.startswith("Package:")]


def test_the_ground_is_what_is_essential_with_all_that_it_depends_on() -> None:
    assert kept(STATUS) == ["libc6", "libgcc-s1", "dash", "miniutils"]


def test_the_record_of_a_package_that_is_kept_is_kept_whole() -> None:
    assert dependencies.base(STATUS).startswith(STATUS.partition("\n\nPackage: libbsd0")[0])


def test_what_tools_want_for_being_installed_is_a_record_of_its_own() -> None:
    assert dependencies.PRETENDED.startswith("Package: ")
    assert "\n\n" not in dependencies.PRETENDED
    assert set(kept(dependencies.base(STATUS) + dependencies.PRETENDED)) < set(kept(STATUS)) | {"shiplane-rig-unneeded"}


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("\tlinux-vdso.so.1 (0x00007ffd)", []),
        ("\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f12)", []),
        ("\t/lib64/ld-linux-x86-64.so.2 (0x00007f12)", []),
        ("\tlibbsd.so.0 => /cache/root/usr/lib/x86_64-linux-gnu/libbsd.so.0 (0x00007f12)", []),
        ("\tlibbsd.so.0 => not found", ["libbsd.so.0"]),
        ("\tlibbsd.so.0 => /lib/x86_64-linux-gnu/libbsd.so.0 (0x00007f12)", ["libbsd.so.0"]),
        ("ip: /lib/libc.so.6: version `GLIBC_2.38' not found (required by ip)", ["GLIBC_2.38"]),
        ("\tnot a dynamic executable", []),
    ],
)
def test_a_library_comes_from_the_toolbox_or_from_what_every_system_has(line: str, missing: list[str]) -> None:
    assert wholeness.absent(line, ROOT, {"libc.so.6"}) == missing


def test_the_libraries_of_packages_are_read_from_dpkgs_lists(tmp_path: Path) -> None:
    (tmp_path / "libc6:amd64.list").write_text("/lib/x86_64-linux-gnu/libc.so.6\n/usr/share/doc/libc6\n")
    (tmp_path / "zlib1g.list").write_text("/lib/x86_64-linux-gnu/libz.so.1\n")
    assert wholeness.libraries(["libc6"], tmp_path) == {"libc.so.6"}


def test_only_what_a_processor_runs_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "link").symlink_to(sys.executable)
    (tmp_path / "program").write_bytes(Path(sys.executable).resolve().read_bytes()[:4096])
    (tmp_path / "folder").mkdir()
    assert wholeness.programs([tmp_path, tmp_path / "absent"]) == [tmp_path / "program"]


def test_a_program_that_lacks_a_library_is_named_with_its_package(tmp_path: Path) -> None:
    program = Path(
        subprocess.run(["sh", "-c", "readlink -f /bin/sh"], check=True, capture_output=True, text=True).stdout.strip()
    )
    with pytest.raises(RigUnavailableError, match=rf"{program.name} \(package shell\) needs libc\.so\.6"):
        wholeness.check([program], {}, tmp_path, set(), lambda _: "shell")
    wholeness.check([program], {}, tmp_path, {"libc.so.6"}, lambda _: "shell")
