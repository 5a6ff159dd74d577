"""Disks that are full or read-only, and standard streams that are closed, full or left by their reader."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest

from shiplane.core.credential import Credential
from shiplane.core.errors import PrerequisiteError
from shiplane.core.system import temp_folder as temp_folders
from shiplane.docker.bake import Build
from shiplane.docker.builders import Builder, Node
from shiplane.docker.buildx import BuildError, Buildx
from shiplane.docker.private_config import private_login
from shiplane.registry.oci.names import Platform, Repository
from tests.faults.harness import fakedocker
from tests.faults.harness.access import Access
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.server import Served, serve
from tests.faults.harness.workshop import TOKEN, workshop

WHO = Credential(registry="ghcr.io", username="robot", password=TOKEN, source="test")
PUBLISH = "publish --lane main --tag v0.2.1 --latest"
FAULTS = [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT, errno.EMFILE]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one page (4 KiB) and a few files, which tests may fill, as the temporary folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = "size=4k,nr_inodes=16"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def here(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(temp_folders, "_COMMON", (str(disk),))
    monkeypatch.setattr(temp_folders, "_IN_MEMORY", ())
    return disk


def fill(disk: Path) -> None:
    with (disk / "full").open("wb", buffering=0) as stream:
        stream.write(b"x" * 4096)


def use_up(disk: Path) -> None:
    with suppress(OSError):
        for number in range(64):
            (disk / f"file-{number}").touch()


def protect(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def _login(home: Path) -> AbstractContextManager[dict[str, str]]:
    return private_login({"HOME": str(home)}, [WHO], project=home / "project")


@pytest.mark.parametrize("damage", [fill, use_up, protect])
def test_a_private_login_needs_room(here: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(here)
    before = sorted(here.iterdir())
    with (
        pytest.raises(
            PrerequisiteError, match=r"the temporary folder cannot be written|no folder for temporary"
        ) as caught,
        _login(tmp_path),
    ):
        pytest.fail("there was room")
    assert TOKEN not in str(caught.value)
    assert "TMPDIR" in caught.value.remedy
    assert sorted(here.iterdir()) == before


def test_what_fails_within_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="of the block"), _login(tmp_path):
        raise OSError(errno.ENOSPC, "of the block")
    with pytest.raises(OSError, match="of the block"), temp_folders.temp_folder("build", {}, project=tmp_path):
        raise OSError(errno.ENOSPC, "of the block")


CALLS = {
    "the folder": (tempfile, "mkdtemp"),
    "the file": (os, "open"),
    "what is in it": (json, "dump"),
    "the links": (Path, "symlink_to"),
}


@pytest.mark.parametrize("number", FAULTS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", CALLS)
def test_every_fault_of_the_disk_at_every_write_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    (tmp_path / ".docker/contexts").mkdir(parents=True)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(temp_folders, "_COMMON", (str(temporary),))
    monkeypatch.setattr(temp_folders, "_IN_MEMORY", ())

    real = os.open

    def fail(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 -- stands for any of them
        if call == "the file" and not str(arguments[0]).endswith("config.json"):
            return real(*arguments, **named)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(*CALLS[call], fail)
        with (
            pytest.raises(PrerequisiteError) as caught,
            _login(tmp_path),
        ):
            pytest.fail("nothing failed")
    assert (caught.value.exit_code, os.strerror(number) in caught.value.what) == (3, True)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("damage", [fill, use_up, protect])
def test_a_build_needs_room_for_what_buildx_has_to_say(
    here: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    fakedocker.install(tmp_path / "bin")
    damage(here)
    env = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    amd64 = Platform("linux", "amd64")
    node = Node(name="fake0", endpoint="unix:///nowhere", platforms=frozenset({amd64}))
    builder = Builder(name="fake", driver="remote", current=True, nodes=(node,))
    image = Repository.parse("ghcr.io/cognary/aionis")
    build = Build(name="main", dockerfile="Dockerfile", context=".", platforms=(amd64,), push=image)
    before = sorted(here.iterdir())
    with pytest.raises((PrerequisiteError, BuildError)) as caught:
        Buildx(env=env, root=tmp_path / "project", listen=lambda _line: None).bake([build], builder)
    assert caught.value.exit_code == 3
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("metadata", [b"", b"{", b"[]", b'{"main": {}}', b'{"main": {"containerimage.digest": "x"}}'])
def test_what_buildx_could_not_write_whole_is_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: bytes
) -> None:
    from shiplane.docker.buildx import _digests

    (tmp_path / "metadata.json").write_bytes(metadata)
    with pytest.raises(BuildError, match="did not report the digest it pushed"):
        _digests(tmp_path / "metadata.json", {"main": "main"})


@pytest.fixture
def served() -> Iterator[Served]:
    with serve(MemoryRegistry(access=Access(scheme="none"))) as served:
        yield served


@pytest.fixture
def shell(served: Served, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A line for the shell in a checkout, with ``invoke`` as ``$I``, a docker that builds nothing and a registry."""
    folder, variables = workshop(tmp_path, served.address)
    variables["I"] = f"{sys.executable} -m invoke"

    def call(line: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env={**variables, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return call


Shell = Callable[..., subprocess.CompletedProcess[str]]
NAMES = {"v0.2.1", "latest"}


@pytest.mark.parametrize(
    "ending", ["<&-", "2>/dev/full", "2>&-", "2> >(head -c 1)", ">&-", "<&- >&- 2>&-", "| head -c 1"]
)
def test_a_release_does_not_depend_on_who_listens(shell: Shell, served: Served, ending: str) -> None:
    done = shell(f"set -o pipefail; $I {PUBLISH} {ending}")
    assert (done.returncode, set(served.memory.tags("cognary/aionis"))) == (0, NAMES | {"ledger-main"}), done
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("flag", ["", "--json"])
def test_a_result_that_cannot_be_written_is_told_and_is_no_success(
    shell: Shell, served: Served, flag: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    done = shell(f"$I {PUBLISH} {flag} --report {report} >/dev/full")
    assert "<h1>v0.2.1 published</h1>" in report.read_text(), "what was done stays done"
    assert "could not be written to standard output" in report.read_text()
    assert done.returncode == 3
    assert "error: the result could not be written to standard output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert f"public: {served.address}/cognary/aionis:v0.2.1 " in done.stderr
    assert set(served.memory.tags("cognary/aionis")) == NAMES | {"ledger-main"}


@pytest.mark.parametrize("ending", ["2>/dev/full", "2>&-", ">/dev/full", ">&-", "<&- >&- 2>&-"])
def test_an_error_keeps_its_exit_code_whoever_listens(shell: Shell, ending: str) -> None:
    assert shell(f"$I publish --lane main --tag x {ending}").returncode == 2
    assert shell(f"$I publish --lane main --tag x --json {ending}").returncode == 2


def test_a_name_that_the_locale_cannot_say_is_said_in_ascii(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "aionis/shiplane.toml").write_text('[lanes.main]\ndockerfile = "D\u00f6ckerfile"\n', "utf-8")
    (tmp_path / "aionis/D\u00f6ckerfile").touch()
    plain = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = shell("$I plan --lane main", **plain)
    assert done.returncode == 0, done
    assert "D\\xf6ckerfile" in done.stdout


def test_a_home_and_a_docker_folder_that_cannot_be_written_stop_no_release(
    shell: Shell, served: Served, disk: Path
) -> None:
    (disk / ".docker").mkdir()
    protect(disk)
    done = shell(f"$I {PUBLISH}", HOME=str(disk), DOCKER_CONFIG=str(disk / ".docker"))
    assert (done.returncode, set(served.memory.tags("cognary/aionis"))) == (0, NAMES | {"ledger-main"}), done


def test_a_login_that_does_not_fit_ends_the_release_before_anything_is_built(
    shell: Shell, served: Served, disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text(json.dumps({"HttpHeaders": {"X-Long": "x" * 6000}}))
    done = shell(f"$I {PUBLISH}", TMPDIR=str(disk), DOCKER_CONFIG=str(tmp_path / "docker"))
    assert done.returncode == 3, done
    assert "error: the temporary folder cannot be written: No space left on device" in done.stderr
    assert "building" not in done.stderr
    assert list(disk.iterdir()) == []
    assert served.memory.tags("cognary/aionis") == {}


def test_a_build_that_cannot_say_what_it_pushed_gets_no_name(shell: Shell, served: Served, disk: Path) -> None:
    done = shell(f"$I {PUBLISH}", TMPDIR=str(disk))  # the login takes the one page that there is
    assert done.returncode == 3, done
    assert "No space left on device" in done.stderr
    assert list(disk.iterdir()) == []
    assert served.memory.tags("cognary/aionis") == {}
    assert shell(f"$I {PUBLISH}").returncode == 0
    assert set(served.memory.tags("cognary/aionis")) == NAMES | {"ledger-main"}
