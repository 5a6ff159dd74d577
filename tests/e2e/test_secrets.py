"""The token is nowhere but where it has to be: seen from the children, from the output and from the disk."""

from __future__ import annotations

import base64
import shutil
import uuid
from pathlib import Path

import pytest

from shiplane.core.redact import forms_of
from tests.e2e.person import Person, Reader, runbook
from tests.rig import Rig
from tests.rig.sample import pair_for

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]

WRAPPER = """#!/bin/sh
{{ echo "$0 $*"; env; }} >>{log}
exec {real} "$@"
"""


@pytest.fixture
def watched(rig: Rig, guarded_workstation: Workstation, tmp_path: Path) -> tuple[Person, Path]:
    """A person whose docker and git write down every argument and the whole environment that they are given."""
    person, _ = guarded_workstation
    log, tools, temporary = tmp_path / "children.log", tmp_path / "bin", tmp_path / "temporary"
    for folder in (tools, temporary):
        folder.mkdir()
    for name in ("docker", "git"):
        real = shutil.which(name, path=rig.env["PATH"])
        assert real
        (tools / name).write_text(WRAPPER.format(log=log, real=real))
        (tools / name).chmod(0o755)
    shutil.copytree(rig.env["DOCKER_CONFIG"], tmp_path / "docker", symlinks=True)
    person.variables |= {
        "PATH": f"{tools}:{rig.env['PATH']}",
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "TMPDIR": str(temporary),
        "GITHUB_TOKEN": "ghs_canary_of_github_0123456789",
        "ACTIONS_RUNTIME_TOKEN": "runtime_canary_0123456789",
    }
    return person, log


def secrets(person: Person) -> list[str]:
    names = ("GHCR_TOKEN", "GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN")
    return [form for name in names for form in forms_of(person.variables[name])]


@pytest.mark.parametrize(
    "arguments",
    [
        ("publish", "--lane", "main", "--tag", "v0.2.1", "--latest"),
        ("publish", "--lane", "main", "--dry-run"),
        ("verify", "--lane", "main"),
        ("check.all",),
        ("check.build",),
        ("check.gates",),
        ("auth.show",),
        ("auth.login",),
    ],
    ids=" ".join,
)
def test_no_child_no_output_and_no_file_has_a_secret(
    watched: tuple[Person, Path], arguments: tuple[str, ...], tmp_path: Path
) -> None:
    person, log = watched
    done = person.invoke(*arguments)
    assert done.code in (0, 4, 6), str(done)
    seen = log.read_text() if log.exists() else ""
    assert "git" in seen or "docker" in seen
    hidden = secrets(person)
    assert [form for form in hidden if form in seen] == []
    assert [form for form in hidden if form in done.out + done.err] == []
    files = [path for folder in ("temporary", "aionis") for path in (tmp_path / folder).rglob("*") if path.is_file()]
    assert [path for path in files if any(form.encode() in path.read_bytes() for form in hidden)] == []
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_build_that_prints_its_environment_prints_no_secret(watched: tuple[Person, Path]) -> None:
    person, _ = watched
    (person.checkout / "shiplane.toml").write_text(pair_for(person.rig.guarded) + "build = \"sh -c 'env; exit 1'\"\n")
    person.run(["git", "commit", "--all", "--quiet", "--message", "a curious build"])
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1")
    assert (done.code, done.built) == (3, False), str(done)
    assert "PATH=" in done.err
    assert [form for form in secrets(person) if form in done.out + done.err] == []


@pytest.mark.parametrize("end", ["true", "false"])
def test_a_dockerfile_that_prints_its_environment_prints_no_secret(watched: tuple[Person, Path], end: str) -> None:
    person, _ = watched
    with (person.checkout / "Dockerfile").open("a") as stream:
        once = uuid.uuid4().hex  # what is cached prints nothing
        stream.write(f"RUN env {once}=1 && ls -laR / | grep -i docker; cat /root/.docker/config.json; {end}\n")
    person.run(["git", "commit", "--all", "--quiet", "--message", "a curious Dockerfile"])
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--json")
    assert done.code == (0 if end == "true" else 3), str(done)
    assert "PATH=" in done.err
    assert [form for form in secrets(person) if form in done.out + done.err] == []


@pytest.mark.parametrize("account", ["push", "pull", "unknown"])
@pytest.mark.parametrize("task", ["publish", "plan", "verify", "auth.show", "auth.login", "check.access"])
def test_no_answer_shows_the_token_or_its_pair_in_base64(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path, task: str, account: str
) -> None:
    person, reader = guarded_workstation
    shutil.copytree(rig.env["DOCKER_CONFIG"], tmp_path / "docker", symlinks=True)
    person.variables = runbook(rig, reader.image, account, DOCKER_CONFIG=str(tmp_path / "docker"))
    lane = ("--lane", "main", "--tag", "v0.2.1") if task in {"publish", "plan", "verify"} else ()
    done = person.invoke(task, *lane, "--json")
    who = rig.accounts[account]
    pair = base64.b64encode(f"{who.username}:{who.password}".encode()).decode()
    assert [form for form in (*forms_of(who.password), pair, pair.rstrip("=")) if form in done.out + done.err] == []
    assert "ok" in done.document
