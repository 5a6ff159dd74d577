"""Temporary folders are outside of the project, wherever the environment, a link or a mount would have them."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from shiplane.core.errors import PrerequisiteError
from shiplane.core.system import temp_folder as module
from shiplane.core.system.process import ProcessResult
from shiplane.core.system.real_path import is_within
from shiplane.core.system.temp_folder import is_temp_folder, temp_folder, temp_root
from shiplane.docker.bake import Build
from shiplane.docker.builders import Builder
from shiplane.docker.buildx import Buildx
from shiplane.registry.oci.names import Platform

FIT = "other"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, where the user stands, on a machine with one further place for temporary files."""
    made = tmp_path / "project"
    for folder in (made / "api/.tmp", tmp_path / FIT):
        folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(made / "api")
    monkeypatch.chdir(made)
    monkeypatch.setattr(module, "_COMMON", (str(tmp_path / FIT),))
    monkeypatch.setattr(module, "_IN_MEMORY", ())
    return made


PLACES: dict[str, Callable[[Path], str]] = {
    "the project itself": str,
    "a folder of a lane's context": lambda project: str(project / "api/.tmp"),
    "relative to where the user stands": lambda _project: "api/.tmp",
    "a link into the project": lambda project: str(project.parent / "link/.tmp"),
    "by way of its parent": lambda project: f"{project.parent}/{FIT}/../project/api",
    "no folder": lambda project: str(project.parent / "nowhere"),
    "a file": lambda _project: __file__,
}


@pytest.mark.parametrize("variable", ["TMPDIR", "TEMP", "TMP"])
@pytest.mark.parametrize("place", PLACES)
def test_a_place_within_the_project_or_unusable_is_passed_over(project: Path, place: str, variable: str) -> None:
    with temp_folder("login", {variable: PLACES[place](project)}, project=project) as folder:
        assert folder.parent == project.parent / FIT
        assert (is_temp_folder(folder), folder.stat().st_mode & 0o777) == (True, 0o700)
    assert list(project.parent.rglob("*shiplane-*")) == []


def test_the_users_wish_comes_first_and_the_cache_at_home_last(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wish, home = project.parent / "wish", project.parent / "home"
    for folder in (wish, home / ".cache"):
        folder.mkdir(parents=True)
    assert temp_root({"TMPDIR": str(wish), "HOME": str(home)}, project=project) == wish
    monkeypatch.setattr(module, "_COMMON", ())
    assert temp_root({"HOME": str(home)}, project=project) == home / ".cache"


def test_where_every_place_is_within_the_project_or_unusable_each_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_COMMON", (str(project.parent / "nowhere"),))
    env = {"TMPDIR": ".", "HOME": str(project)}
    with pytest.raises(PrerequisiteError) as caught, temp_folder("login", env, project=project):
        pytest.fail("there was a place")
    assert f"({project}: inside the project; {project.parent}/nowhere: No such file or directory; " in caught.value.what
    assert f"{project}/.cache: inside the project)" in caught.value.what
    assert (caught.value.exit_code, "TMPDIR" in caught.value.remedy) == (3, True)
    assert sorted(path.name for path in project.rglob("*")) == [".tmp", "api"]


def test_what_dead_runs_left_is_swept_where_a_folder_is_made_and_never_within_the_project(project: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    left = [folder / f"shiplane-login-{ended.pid}-abc_1234" for folder in (project, project.parent / FIT)]
    live = project.parent / FIT / f"shiplane-login-{os.getpid()}-abc_1234"
    for folder in (*left, live):
        folder.mkdir(mode=0o700)
    with temp_folder("build", {"TMPDIR": str(project)}, project=project):
        assert [folder.exists() for folder in (*left, live)] == [True, False, True]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("shiplane-my-project", 0o700),
        ("shiplane-mutants-abc_1234", 0o700),
        ("shiplane-build-services", 0o755),
        ("shiplane-login-backend-api", 0o700),
        ("shiplane-build-abc", 0o700),
    ],
)
def test_a_folder_of_the_users_own_is_never_swept_whatever_it_is_called(project: Path, name: str, mode: int) -> None:
    own = project.parent / FIT / name
    own.mkdir(mode=mode)
    module.sweep(own.parent)
    assert own.exists()


def test_every_kind_that_is_made_is_known_to_the_sweep(project: Path) -> None:
    source = Path(module.__file__).parents[2]
    texts = [path.read_text() for path in source.rglob("*.py")]
    kinds = {kind for text in texts for kind in re.findall(r'temp_folder\("([a-z]+)"', text)}
    assert len(kinds) > 3
    for kind in kinds:
        with temp_folder(kind, {}, project=project) as folder:
            assert is_temp_folder(folder)


ENV = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[3])}
SWEEP = (
    "import sys; from pathlib import Path; from shiplane.core.system.temp_folder import sweep; sweep(Path(sys.argv[1]))"
)


@pytest.mark.parametrize("space", [[], ["unshare", "--pid", "--fork"]], ids=["here", "in another namespace"])
def test_what_is_in_use_is_swept_by_nobody_whatever_process_ids_mean_there(project: Path, space: list[str]) -> None:
    if space and subprocess.run([*space, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to make a namespace")
    with temp_folder("login", {}, project=project) as folder:
        left = folder.parent / "shiplane-login-abc_1234"
        left.mkdir(mode=0o700)
        subprocess.run([*space, sys.executable, "-c", SWEEP, str(folder.parent)], check=True, env=ENV)
        assert (folder.exists(), left.exists()) == (True, False)
    assert not folder.exists()


def test_what_a_killed_run_left_is_swept(project: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from shiplane.core.system.temp_folder import temp_folder\n"
        "with temp_folder('login', {}, project=Path('/none')) as folder: print(folder, flush=True); time.sleep(60)"
    )
    argv = [sys.executable, "-c", program]
    env = {**ENV, "TMPDIR": str(project.parent / FIT)}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, encoding="utf-8", env=env) as child:
        assert child.stdout is not None
        left = Path(child.stdout.readline().strip())
        module.sweep(left.parent)
        assert left.exists()
        child.kill()
    module.sweep(left.parent)
    assert not left.exists()


def test_a_folder_that_a_sweep_took_before_it_was_locked_is_made_anew(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = tempfile.mkdtemp, list[str]()

    def swept_twice(**named: str) -> str:
        made.append(make(**named))
        if len(made) < 3:
            Path(made[-1]).rmdir()
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", swept_twice)
    with temp_folder("login", {}, project=project) as folder:
        assert str(folder) == made[2]


def test_where_there_are_no_locks_nothing_is_swept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with temp_folder("login", {}, project=project) as folder:
        module.sweep(folder.parent)
        assert folder.exists()
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts are told on Linux alone")
@pytest.mark.parametrize("name", ["tmp", "a folder with blanks"])
def test_a_place_that_is_a_folder_of_the_project_mounted_elsewhere_is_within_it(project: Path, name: str) -> None:
    mounted = project.parent / name
    mounted.mkdir()
    bound = subprocess.run(["mount", "--bind", str(project / "api/.tmp"), str(mounted)], check=False)
    if bound.returncode != 0:
        pytest.skip("needs the right to mount")
    try:
        assert is_within(mounted, project)
        assert is_within(mounted / "deeper", project / "api")
        assert not is_within(mounted, project.parent / FIT)
        assert temp_root({"TMPDIR": str(mounted)}, project=project) == project.parent / FIT
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
    assert not is_within(mounted, project)


@pytest.mark.skipif(sys.platform != "linux", reason="mounts are told on Linux alone")
@pytest.mark.parametrize("below", ["api/.tmp", "api/mounted"])
@pytest.mark.parametrize("part", ["", "deeper/"])
def test_a_place_that_is_mounted_below_the_project_is_within_it(project: Path, below: str, part: str) -> None:
    place = project.parent / "volume"
    (place / "deeper").mkdir(parents=True)
    (project / below).mkdir(exist_ok=True)
    bound = subprocess.run(["mount", "--bind", str(place), str(project / below)], check=False)
    if bound.returncode != 0:
        pytest.skip("needs the right to mount")
    try:
        assert is_within(place / part, project)
        assert is_within(place / part, project / "api")
        assert not is_within(place.parent / FIT, project)
        assert temp_root({"TMPDIR": str(place / part)}, project=project) == project.parent / FIT
    finally:
        subprocess.run(["umount", str(project / below)], check=True)
    assert not is_within(place, project)


class Sending(Buildx):
    """A buildx that must not come to send anything."""

    def _bake(self, *_: object) -> ProcessResult:
        pytest.fail("a context was sent")


@pytest.mark.parametrize("whose", ["the login", "what buildx says"])
def test_no_context_with_files_of_ours_is_sent_whoever_put_them_there(project: Path, whose: str) -> None:
    amd64 = Platform("linux", "amd64")
    build = Build(name="main", dockerfile="Dockerfile", context="api", platforms=(amd64,))
    login, root = project / f"api/.tmp/shiplane-login-{os.getpid()}-abc_1234", project
    env = {"DOCKER_CONFIG": str(login), "PATH": ""}
    if whose == "what buildx says":  # a context outside of the root is what no lane has
        root, env = project.parent / FIT / "root", {"PATH": ""}
        root.mkdir()
        build = Build(name="main", dockerfile="Dockerfile", context="..", platforms=(amd64,))
    buildx = Sending(env=env, root=root, listen=lambda _line: None)
    with pytest.raises(PrerequisiteError, match="lane main: temporary files of this run are inside its build context"):
        buildx.bake([build], Builder(name="fake", driver="remote", current=True))
