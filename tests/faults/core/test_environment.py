"""What children of the prerequisites can see of our secrets: nothing in their environment; of ours, it depends."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

from shiplane.core.redact import forms_of
from shiplane.core.system.process import run, without_secrets
from tests.rig.sample import checkout, git

TOKEN = "ghp_canary0123456789+/canary0123456789"
SOURCES = Path(__file__).parents[3] / "tasks"
NOBODY = 65534


@pytest.mark.parametrize(
    "copy",
    [
        TOKEN,
        f"https://user:{quote(TOKEN, safe='')}@npm.pkg.github.com",
        base64.b64encode(f"user:{TOKEN}".encode()).decode(),
        f'{{"auths": {{"ghcr.io": {{"auth": "{base64.b64encode(f"x:{TOKEN}".encode()).decode()}"}}}}}}',
        TOKEN[::-1],
    ],
)
@pytest.mark.parametrize("source", ["GHCR_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "REGISTRY_PASSWORD"])
def test_a_copy_under_another_name_is_gone_too(source: str, copy: str) -> None:
    env = without_secrets({source: TOKEN, "A_COPY": copy, "PATH": "/usr/bin:/bin"}, also=["REGISTRY_PASSWORD"])
    shown = run(["env"], env=env).stdout
    assert env == {"PATH": "/usr/bin:/bin"}
    assert not [form for form in forms_of(TOKEN) if form in shown]


@pytest.mark.parametrize(
    "name",
    [
        "ACTIONS_RUNTIME_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "GITHUB_ENTERPRISE_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "DOCKER_AUTH_CONFIG",
    ],
)
def test_what_could_fetch_a_token_is_gone(name: str) -> None:
    assert without_secrets({name: "https://x.example/token?secret=1", "KEPT": "1"}) == {"KEPT": "1"}


@pytest.mark.parametrize("name", ["NPM_TOKEN", "NODE_AUTH_TOKEN"])
def test_the_builds_own_token_stays_unless_it_is_one_of_ours(name: str) -> None:
    assert without_secrets({name: "npm_0123456789abcdef", "GITHUB_TOKEN": TOKEN}) == {name: "npm_0123456789abcdef"}
    assert without_secrets({name: TOKEN, "GITHUB_TOKEN": TOKEN}) == {}


def test_a_token_that_is_a_word_of_a_path_does_not_take_the_path_away() -> None:
    env = {"GHCR_TOKEN": "secret", "PATH": "/opt/secret/bin", "HOME": "/home/secret"}
    assert without_secrets(env) == {"PATH": "/opt/secret/bin", "HOME": "/home/secret"}


READS_ITS_PARENT = """
import os, subprocess, sys
from shiplane.core.system.process import refuse_dumps
if "guarded" in sys.argv:
    refuse_dumps()
child = subprocess.run(["cat", f"/proc/{os.getpid()}/environ"], env={"PATH": "/usr/bin:/bin"}, capture_output=True)
print("read" if b"canary" in child.stdout else "refused")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("guarded", ["guarded", "unguarded"])
@pytest.mark.parametrize("who", ["root", "nobody"])
def test_the_readme_tells_the_truth_about_the_parents_environment(who: str, guarded: str) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root to be both")
    user = NOBODY if who == "nobody" else None
    packages = [path for path in sys.path if path.endswith("-packages")]
    env = {"PYTHONPATH": os.pathsep.join([str(SOURCES), *packages]), "GHCR_TOKEN": "canary", "PATH": "/usr/bin:/bin"}
    argv = [sys.executable, "-B", "-c", READS_ITS_PARENT, guarded]
    try:
        done = subprocess.run(argv, env=env, user=user, capture_output=True, encoding="utf-8", cwd="/", check=False)
    except PermissionError as error:
        pytest.skip(f"this python is in a folder that {who} may not enter: {error}")
    if done.returncode != 0 and who == "nobody":
        pytest.skip(f"nobody cannot run python here: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    stopped = (who, guarded) == ("nobody", "guarded")
    assert done.stdout.strip() == ("refused" if stopped else "read")


NOSY = """#!/bin/sh
for process in /proc/[0-9]*; do tr '\\0' '\\n' <$process/environ; done >>{log} 2>/dev/null
env >>{log}
[ "${{0##*/}}" != git ] || exec {git} "$@"
exit 1
"""
PROGRAM = "from shiplane import Project; Project().plan('main', version='0.2.1')"
# Root without any of root's rights: for what /proc shows it is anybody.
ANYBODY = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("name", ["git", "ssh"])
@pytest.mark.parametrize("task", ["status", "check.config", "trigger --lane main --version 0.2.1", "a program"])
def test_what_git_runs_finds_no_secret_in_its_environment_nor_in_its_parents(
    tmp_path: Path, name: str, task: str
) -> None:
    """git itself, and what a repository may have it run: each looks at every process of the machine."""
    if os.getuid() != 0:
        pytest.skip("needs root to give up a right")
    real = shutil.which("git")
    project, log, helper = checkout(tmp_path / "aionis"), tmp_path / "log", tmp_path / name
    helper.write_text(NOSY.format(log=log, git=real))
    helper.chmod(0o755)
    git(project, "config", "core.sshCommand", str(tmp_path / "ssh"))
    git(project, "config", "remote.origin.url", "ssh://git@127.0.0.1:1/cognary/aionis.git")
    canary = uuid.uuid4().hex
    env = {"PYTHONPATH": str(SOURCES), "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), "SEEN": "yes"}
    env |= {"GHCR_USERNAME": "robot", "GHCR_TOKEN": canary, "ACTIONS_RUNTIME_TOKEN": canary}
    env |= {"IMAGE_REPO": "127.0.0.1:1/cognary/aionis", "HTTP_PROXY": f"http://robot:{canary}@127.0.0.1:1"}
    code = ["-c", PROGRAM] if task == "a program" else ["-m", "shiplane", *task.split()]
    argv = [*ANYBODY, sys.executable, "-B", *code]
    done = subprocess.run(argv, env=env, cwd=project, capture_output=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr, done.stderr
    seen = log.read_text(errors="replace") if log.exists() else ""
    assert ("SEEN=yes" in seen) == (name == "git" or task.startswith("trigger")), done
    assert canary not in seen
