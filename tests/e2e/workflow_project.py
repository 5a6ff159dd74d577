"""A project whose workflows are run: what they install, and how a run of them ended."""

from __future__ import annotations

import os
import sysconfig
import venv
from pathlib import Path

import hatchling.build
import pytest

from tests.e2e.person import ROOT, Person, succeeded
from tests.e2e.runner import Runner
from tests.rig.sample import git


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as it would be on a package index."""
    folder, before = tmp_path_factory.mktemp("wheel"), Path.cwd()
    os.chdir(ROOT)
    try:
        return folder / hatchling.build.build_wheel(str(folder))
    finally:
        os.chdir(before)


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python without shiplane, as setup-python gives it; its packages are found on this machine, not fetched."""
    folder = tmp_path / "python"
    venv.create(folder, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "machine.pth").write_text(sysconfig.get_path("purelib") + "\n")
    program = folder / "bin" / "invoke"
    program.write_text(f"#!{folder}/bin/python\nfrom invoke.main import program\nprogram.run()\n")
    program.chmod(0o755)
    return folder


def prepare(person: Person, wheel: Path, configuration: str) -> None:
    """Make the sample a repository with workflows of its own."""
    folder = person.checkout
    (folder / ".gitignore").write_text("dist\n")
    (folder / "shiplane.toml").write_text(configuration)
    succeeded(person.invoke("workflow.write", PYTHONDONTWRITEBYTECODE="1"))
    (folder / ".github/shiplane-requirements.txt").write_text(f"shiplane @ {wheel.as_uri()}\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "workflows")


def results(runner: Runner) -> dict[str, str]:
    """How each job ended."""
    return {name: job.result for name, job in runner.jobs.items()}
