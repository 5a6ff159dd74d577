"""The package as it is installed: from wheel and sdist, beside a project's own tasks, and from any folder."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hatchling.build
import pytest

import shiplane
from tests.unit.project.test_house import PROJECT

MOUNTED = """from invoke import Collection, task
import shiplane


@task
def build(c):
    print("built")


ns = Collection(build)
ns.add_collection(Collection.from_module(shiplane, name="ship"))
"""
TARBALL = f"shiplane-{shiplane.__version__}"


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """A build backend builds the folder in which it is started (PEP 517)."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked where no git is."""
    folder = tmp_path_factory.mktemp("sdist")
    with standing_in(PROJECT):
        packed = folder / hatchling.build.build_sdist(str(folder))
    subprocess.run(["tar", "-xzf", packed, "-C", folder], check=True)
    return folder / TARBALL


@pytest.fixture(scope="module")
def wheel(sources: Path) -> Path:
    """The wheel that is built from the sdist."""
    with standing_in(sources):
        return sources.parent / hatchling.build.build_wheel(str(sources.parent))


@pytest.fixture(scope="module")
def programs(wheel: Path) -> Path:
    """The programs of an environment with the wheel; what it needs is found on this machine, not fetched."""
    folder = wheel.parent / "venv"
    venv.create(folder, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "machine.pth").write_text(sysconfig.get_path("purelib") + "\n")
    flags = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    subprocess.run([folder / "bin/python", "-m", "pip", "install", *flags, "--ignore-installed", wheel], check=True)
    invoke = folder / "bin/invoke"
    invoke.write_text(f"#!{folder}/bin/python\nfrom invoke.main import program\nprogram.run()\n")
    invoke.chmod(0o755)
    return folder / "bin"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with tasks of its own, and ours below a name."""
    folder = tmp_path / "project"
    (folder / "below").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "tasks.py").write_text(MOUNTED)
    (folder / "shiplane.toml").write_text('image = "localhost:9/acme/app"\n')
    person = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*person, "commit", "--quiet", "--message", "one")):
        subprocess.run(["git", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL)
    return folder


def run(program: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    argv = [str(program), *arguments]
    return subprocess.run(
        argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_the_wheel_of_the_sdist_is_that_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with standing_in(PROJECT):
        own = tmp_path / hatchling.build.build_wheel(str(tmp_path))
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(own) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())


@pytest.mark.parametrize("path", [".ci/with-venv", "findings/README.md", ".github/CONTRIBUTING.md", "tests/sample"])
def test_the_sdist_brings_what_its_readme_and_its_tests_use(sources: Path, path: str) -> None:
    assert (sources / path).exists()


def test_nothing_else_is_installed(programs: Path) -> None:
    done = run(programs / "shiplane", "--version", folder=programs)
    assert (done.stdout, done.stderr) == (f"shiplane {shiplane.__version__}\n", "")
    where = "import importlib.util as u; print([u.find_spec(name) for name in ('tasks', 'tests')])"
    assert run(programs / "python", "-c", where, folder=programs).stdout == "[None, None]\n"


@pytest.mark.parametrize(
    ("typed", "remedy"),
    [
        (("publsh",), "Did you mean publish?"),
        (("workflow.wirte",), "Did you mean workflow.write?"),
        (("publish", "--lne=main"), "Did you mean --lane?"),
        (("xyzzy",), "See shiplane --list."),
        (("publish", "--no-latest"), "Write --latest=no."),
    ],
)
def test_a_typing_error_is_told_with_what_was_meant(programs: Path, typed: tuple[str, ...], remedy: str) -> None:
    done = run(programs / "shiplane", *typed, folder=programs)
    assert (done.returncode, done.stderr.splitlines()[1:]) == (2, [f"  {remedy}"]), done.stderr


@pytest.mark.parametrize("flag", ["--list", "--help"])
def test_a_reader_that_has_seen_enough_is_no_error(programs: Path, flag: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    argv = [str(programs / "shiplane"), flag]
    with subprocess.Popen(argv, stdout=writing, stderr=subprocess.PIPE, text=True) as running:
        os.close(writing)
        assert running.communicate()[1] == ""
    assert running.returncode == 0


def test_tasks_below_a_name_are_told_by_that_name_from_any_folder(programs: Path, project: Path) -> None:
    listed = run(programs / "invoke", "--list", folder=project / "below").stdout.split()
    assert {"build", "ship.publish", "ship.workflow.write"} <= {*listed}
    done = run(programs / "invoke", "ship.publish", "--lane", "man", folder=project / "below")
    assert (done.returncode, "Options: invoke ship.publish --help" in done.stderr) == (2, True), done.stderr


def test_invoke_and_shiplane_mean_the_project_whose_tasks_are_called(programs: Path, project: Path) -> None:
    shown = ["config: project file", "shiplane.toml"]
    (project.parent / "elsewhere").mkdir()
    for typed, folder in (
        (("shiplane", "check.config"), project / "below"),
        (("invoke", "ship.check.config"), project / "below"),
        (("invoke", "-r", str(project), "ship.check.config"), project.parent / "elsewhere"),
        (("invoke", "--search-root=../project/below", "ship.check.config"), project.parent / "elsewhere"),
    ):
        done = run(programs / typed[0], *typed[1:], folder=folder)
        assert (done.returncode, all(text in done.stdout for text in shown)) == (0, True), (typed, done)


def test_invoke_loads_tasks_py_whatever_a_project_s_invoke_yaml_says(programs: Path, project: Path) -> None:
    """Invoke reads the file when the tasks are loaded (invoke 3.0.3, ``Program.load_collection``).

    So ``init`` writes ``tasks.py``, and the workflows call what that has.
    """
    (project / "invoke.yaml").write_text("tasks:\n  collection_name: jobs\nrun:\n  echo: true\n  pty: true\n")
    (project / "jobs.py").write_text("from shiplane import ns\n")
    listed = run(programs / "invoke", "--list", folder=project).stdout
    assert "\n  ship.publish " in listed
    assert "\n  publish " not in listed
    assert run(programs / "invoke", "ship.check.config", folder=project).returncode == 0
