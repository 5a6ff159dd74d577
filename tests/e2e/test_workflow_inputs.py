"""What a project's workflows are given and prepare, executed: secrets, variables, setup, submodules, host output."""

from __future__ import annotations

import json
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.person import Log, Person, Reader, succeeded
from tests.e2e.runner import Runner, branch_pushed, dispatched, proposed, pushed
from tests.e2e.workflow_project import prepare, results
from tests.rig import Rig
from tests.rig.sample import git

pytestmark = pytest.mark.e2e
MAIN, EDGE = ".github/workflows/docker-publish.yml", ".github/workflows/channel-edge.yml"
PULLS = ".github/workflows/docker-pull-request.yml"
GATE_TOKEN = "token-of-a-gate-0123456789"
NPM_TOKEN, TOOL_TOKEN = "canary-of-a-build-secret-0123456789", "canary-of-a-setup-step-0123456789"
# Its files are those that the host made, of the project and of the submodule; the secret has to be there.
DOCKERFILE = """FROM busybox:stable
ARG EDITION
RUN --mount=type=secret,id=npm,required=true test -s /run/secrets/npm && echo "edition $EDITION" >/edition
COPY dist /app
"""
BUILD = """set -eu
mkdir dist
echo "${SITE_URL:-nowhere}" >dist/site
cat tool.txt vendor/lib/lib.txt >dist/output
if env | grep -q canary; then exit 1; fi
"""
CONFIGURATION = """
image = ["{plain}/{name}", "{guarded}/{name}"]
build = "sh build.sh"
build-env = ["SITE_URL"]
platforms = ["linux/amd64"]

[lanes.main]
build-args = {{ EDITION = {{ env = "EDITION" }} }}
secrets = {{ npm = {{ env = "NPM_TOKEN" }} }}

[[gates]]
name = "core"
command = 'grep https://site.example dist/site'
env = ["GATE_TOKEN"]

[channels.edge]
branch = "main"
lanes = ["main"]

[workflows]
native = {native}
host-output = true
pull-request = true
setup = [
  {{ uses = "actions/setup-node@48b55a011bda9f5d6aeb4c2d9c7362e8dae4041e # v6.4.0", with = {{ node-version = "22" }} }},
  {{ run = 'echo "made ${{TOOL_TOKEN:+with a token}}" >tool.txt', env = ["TOOL_TOKEN"] }},
]

[registries."{guarded}"]
username-env = ["HUB_USERNAME"]
password-env = ["HUB_TOKEN"]
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A repository that is a submodule of the project's."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "lib.txt").write_text("from the submodule\n")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@localhost", "commit", "--quiet", "--message", "lib")
    return folder


@pytest.fixture
def needy(
    request: pytest.FixtureRequest,
    rig: Rig,
    sample: Path,
    tmp_path: Path,
    library: Path,
    wheel: Path,
    python: Path,
) -> Iterator[tuple[Runner, tuple[Reader, Reader]]]:
    """A project that needs all of it, on GitHub, and one who looks at each of its two registries."""
    name = f"cognary/needy-{uuid.uuid4().hex[:8]}"
    git(sample, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "vendor/lib")
    (sample / "Dockerfile").write_text(DOCKERFILE)
    (sample / "build.sh").write_text(BUILD)
    (sample / "Dockerfile.standalone").unlink()
    (sample / ".dockerignore").unlink()
    values = {
        "plain": rig.plain,
        "guarded": rig.guarded,
        "name": name,
        "native": getattr(request, "param", "false"),
    }
    prepare(Person(rig, sample), wheel, CONFIGURATION.format(**values))
    (sample / ".gitignore").write_text("dist\ntool.txt\n")
    git(sample, "commit", "--quiet", "--all", "--message", "ignore what is made")
    (tmp_path / "jobs").mkdir()
    who = rig.accounts["push"]
    secrets = {
        "NPM_TOKEN": NPM_TOKEN,
        "TOOL_TOKEN": TOOL_TOKEN,
        "GATE_TOKEN": GATE_TOKEN,
        "HUB_USERNAME": who.username,
        "HUB_TOKEN": who.password,
    }
    runner = Runner(rig, tmp_path / "jobs", sample, python, secrets={**secrets, "SITE_URL": ""})
    runner.variables = {**dict.fromkeys(secrets, ""), "EDITION": "community", "SITE_URL": "https://site.example"}
    readers = Reader(rig, f"{rig.plain}/{name}"), Reader(rig, f"{rig.guarded}/{name}", account="pull")
    yield runner, readers
    steps = {canary: {step.name for step in runner.steps if canary in step.env.values()} for canary in secrets.values()}
    assert steps[NPM_TOKEN] <= {"Build", "Stage", "Publish"}
    assert steps[who.password] <= {"Stage", "Publish"}
    assert len(steps[TOOL_TOKEN]) <= 1
    assert steps[GATE_TOKEN] <= {"Gates"}
    shown = "\n".join(line for line in runner.log.splitlines() if not line.startswith("::add-mask::"))
    assert not [canary for canary in (NPM_TOKEN, TOOL_TOKEN, who.password) if canary in shown]


def output_in(runner: Runner, reader: Reader, tag: str, folder: Path) -> dict[str, str]:
    """The files of an image that tell what it was made of."""
    archive = folder / f"{uuid.uuid4().hex}.tar"
    folder.joinpath(".git/info").mkdir(parents=True, exist_ok=True)
    argv = ["crane", "export", f"{reader.image}:{tag}", str(archive)]
    succeeded(Person.run(Person(runner.rig, folder), argv))
    with tarfile.open(archive) as image:
        members = {name: image.extractfile(name) for name in ("app/output", "edition")}
        return {name: member.read().decode() for name, member in members.items() if member}


MADE = {"app/output": "made with a token\nfrom the submodule\n", "edition": "edition community\n"}


@pytest.mark.share(2)
@pytest.mark.parametrize("needy", ["false", "true"], ids=["emulated", "native"], indirect=True)
def test_a_project_that_needs_much_is_published_by_the_lines_of_its_workflows(
    needy: tuple[Runner, tuple[Reader, Reader]], tmp_path: Path
) -> None:
    runner, (primary, second) = needy
    git(runner.source, "tag", "docker-v0.2.1")
    outputs = runner.start(MAIN, pushed("docker-v0.2.1"))
    assert {"publish": "success", "gate": "success"}.items() <= results(runner).items(), runner.log
    assert outputs["digest"] == primary.digest("v0.2.1") == second.digest("v0.2.1")
    assert output_in(runner, primary, "v0.2.1", tmp_path / "seen") == MADE
    built = "stage" if "stage" in runner.jobs else "publish"
    assert runner.ran(built)[-2:-1] == ["invoke check.build"]


@pytest.mark.thorough(
    "a channel beside inputs, a second registry and host output; the plain channel is in test_workflows"
)
def test_its_channel_is_published_and_its_dry_run_pushes_nothing(
    needy: tuple[Runner, tuple[Reader, Reader]], tmp_path: Path
) -> None:
    runner, (primary, second) = needy
    runner.start(MAIN, dispatched())
    assert results(runner)["dry-run"] == "success", runner.log
    assert primary.tags() == second.tags() == {}
    outputs = runner.follow(EDGE, branch_pushed("main"))
    assert results(runner)["publish"] == "success", runner.log
    assert json.loads(outputs["result"])["channel"] == "edge"
    assert primary.digest("edge") == second.digest("edge")
    assert output_in(runner, second, "edge", tmp_path / "seen") == MADE


@pytest.mark.share(2)
@pytest.mark.parametrize("needy", ["false", "true"], ids=["emulated", "native"], indirect=True)
def test_a_pull_request_from_a_fork_builds_without_secrets_and_speaks_to_no_registry(
    rig: Rig, needy: tuple[Runner, tuple[Reader, Reader]]
) -> None:
    runner, readers = needy
    runner.variables = dict.fromkeys(runner.variables, "")  # GitHub passes none on to a fork's pull request
    dockerfile = "FROM busybox:stable\nARG EDITION=none\nCOPY dist /app\nRUN --mount=type=secret,id=npm \\\n"
    # The name of the test's own repository: no other test's layer is taken from the cache.
    dockerfile += f'test ! -e /run/secrets/npm && echo "{readers[0].image}: edition $EDITION, $(cat /app/output)"\n'
    (runner.source / "Dockerfile").write_text(dockerfile)
    git(runner.source, "checkout", "--quiet", "--detach")
    git(runner.source, "commit", "--quiet", "--all", "--message", "a proposal")
    git(runner.source, "update-ref", "refs/pull/1/merge", "HEAD")
    git(runner.source, "checkout", "--quiet", "main")
    log = Log(rig.guarded_log)
    runner.follow(PULLS, proposed("refs/pull/1/merge"))
    assert results(runner) == {"build": "success"}, runner.log
    assert f"{readers[0].image}: edition none, made" in runner.log
    assert "lane main: secrets: npm is left out, because NPM_TOKEN is not set" in runner.log
    assert "nothing was pushed" in runner.log
    assert (log.lines(), [reader.tags() for reader in readers]) == ([], [{}, {}])
