"""The doctor on a good machine and on bad ones: a table that can be read, a remedy for each fault, no traceback."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.person import Done, Person, Reader, succeeded, without
from tests.rig import Rig
from tests.rig.sample import git

pytestmark = pytest.mark.e2e

Workstation = tuple[Person, Reader]
STATES = {"done", "skipped", "failed", "warning"}


def rows(done: Done) -> dict[str, str]:
    """Each row's name with its state, as a person reads them; the table is aligned, so a column is enough."""
    lines = [line for line in done.out.splitlines() if line and not line.startswith(" ")][:-1]
    column = lines[0].index(" s  ")
    assert [line for line in lines if line[column : column + 4] != " s  "] == [], done
    cells = [line[:column].split() for line in lines]
    assert [cell for cell in cells if cell[-2] not in STATES] == []
    return {" ".join(cell[:-2]): cell[-2] for cell in cells}


def checked(done: Done, code: int) -> dict[str, str]:
    """The rows, after what holds for every table."""
    assert done.code == code, done
    assert "Traceback" not in done.out + done.err
    assert "\x1b" not in done.out
    assert done.out.rstrip().splitlines()[-1].count("done") == 1, done
    if code:
        assert done.err.rstrip().splitlines()[-1].startswith("next: "), done
    return rows(done)


def of(found: dict[str, str], state: str) -> set[str]:
    return {name for name, is_so in found.items() if is_so == state}


def test_a_good_machine(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    found = checked(person.invoke("check.all"), 0)
    assert of(found, "failed") == set()
    for name in ("docker", "engine", "buildx", "builder", "linux/amd64", "linux/arm64", "git", "disk", "temporary"):
        assert found[f"tools: {name}"] in ("done", "warning"), name
    for name in ("access: upload", "config: image", "config: lanes", "build"):
        assert found[name] == "done", name


def test_the_same_as_json(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    document = person.invoke("check.all", "--json").document
    assert (document["ok"], document["exit"]) == (True, 0)
    assert all(row["seconds"] >= 0 and row["state"] in STATES for row in document["checks"])


def test_native_and_emulated_platforms_are_told_apart(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    done = person.invoke("check.tools", "--platforms", "linux/amd64,linux/arm64,linux/s390x")
    found = checked(done, 0)
    assert "tools: linux/s390x" in of(found, "warning")
    told = " ".join(done.out.split())
    assert "built by rig natively" in told
    assert "with emulation" in told
    assert "tonistiigi/binfmt --install s390x" in told


def test_without_an_engine(guarded_workstation: Workstation, tmp_path: Path) -> None:
    person, _ = guarded_workstation
    config = tmp_path / "docker"
    shutil.copytree(Path(person.rig.env["DOCKER_CONFIG"]) / "cli-plugins", config / "cli-plugins", symlinks=True)
    done = person.invoke(
        "check.all", DOCKER_HOST="unix:///nowhere/engine.sock", DOCKER_CONFIG=str(config), BUILDX_BUILDER=""
    )
    found = checked(done, 7)
    assert of(found, "failed") == {"tools: engine"}
    assert found["tools: builder"] == "skipped"
    assert "Start Docker, or set DOCKER_HOST." in done.out


def test_without_the_docker_command(guarded_workstation: Workstation, tmp_path: Path) -> None:
    person, _ = guarded_workstation
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "sh", "sed", "cat", "mkdir", "find", "sort", "sha256sum", "xargs", "uname"):
        (tools / name).symlink_to(str(shutil.which(name)))
    found = checked(person.invoke("check.all", PATH=str(tools)), 3)
    assert of(found, "failed") == {"tools: docker"}
    assert found["tools: buildx"] == "skipped"


def test_with_a_stale_login(rig: Rig, guarded_workstation: Workstation, tmp_path: Path) -> None:
    person, _ = guarded_workstation
    config = tmp_path / "docker"
    shutil.copytree(rig.env["DOCKER_CONFIG"], config, symlinks=True)
    word = base64.b64encode(b"push-user:ghp_stale0stale0stale0").decode()
    (config / "config.json").write_text(json.dumps({"auths": {rig.guarded: {"auth": word}}}))
    person.variables = without(person.variables, "GHCR_USERNAME", "GHCR_TOKEN")
    done = person.invoke("check.all", DOCKER_CONFIG=str(config))
    found = checked(done, 4)
    assert of(found, "failed") == {"access: token"}
    assert "If the stored login is stale: invoke auth.logout" in done.out
    assert "ghp_stale0stale0stale0" not in done.out + done.err
    assert word not in done.out + done.err


@pytest.mark.parametrize("text", ['imgae = "x"\n', "= broken", "[lanes.x]\nfloating = 5\n", "platforms = 5\n"])
def test_with_a_broken_project_file(guarded_workstation: Workstation, text: str) -> None:
    person, _ = guarded_workstation
    (person.checkout / "shiplane.toml").write_text(text)
    found = checked(person.invoke("check.all"), 2)
    assert of(found, "failed") == {"config: project file"}
    assert found["tools: engine"] == "done"


def test_outside_of_any_repository(rig: Rig, guarded_workstation: Workstation, tmp_path: Path) -> None:
    person, _ = guarded_workstation
    shutil.rmtree(person.checkout / ".git")
    found = checked(person.invoke("check.all"), 3)
    assert of(found, "failed") == {"config: git"}


def test_what_a_lane_lacks_is_a_row(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    (person.checkout / "Dockerfile.standalone").unlink()
    found = checked(person.invoke("check.config"), 0)
    assert (found["config: main"], found["config: standalone"]) == ("done", "skipped")
    with (person.checkout / "shiplane.toml").open("a") as file:
        file.write('[lanes.main]\n[lanes.standalone]\n[lanes.worker]\ndockerfile = "docker/worker"\n')
    found = checked(person.invoke("check.config"), 2)
    assert [found[f"config: {lane}"] for lane in ("main", "standalone", "worker")] == ["done", "failed", "failed"]
    assert found["config: git"] == "warning"


def test_whatever_a_release_depends_on_is_a_row(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    with (person.checkout / "shiplane.toml").open("a") as file:
        file.write(
            'deployments = ["src/**", "deploy/*.yml"]\n[lanes.main]\nbuild-args = { A = { env = "A_VARIABLE" } }\n'
            '[smoke]\nplatforms = ["linux/amd64"]\n[lanes.standalone.smoke]\nplatforms = ["linux/s390x"]\n'
        )
    platforms = "linux/amd64,linux/s390x"
    done = person.invoke("check.all", "--platforms", platforms)
    found = checked(done, 2)
    names = ("config: main build", "config: deployments", "smoke: main", "smoke: standalone", "ledger: main")
    assert [found[name] for name in names] == ["failed", "warning", "skipped", "failed", "skipped"]
    assert "No file matches deploy/*.yml." in done.out
    assert "is given --build-arg 'A=$A_VARIABLE'" in person.invoke("check.config", A_VARIABLE="x").out


def test_a_broken_ledger_is_found_before_a_release_meets_it(workstation: Workstation) -> None:
    person, reader = workstation
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.1.0", PLATFORMS="linux/amd64"))
    assert checked(person.invoke("check.all"), 0)["ledger: main"] == "done"
    argv = ["crane", "copy", "--insecure", f"{reader.image}:v0.1.0", f"{reader.image}:ledger-main"]
    assert person.run(argv).code == 0
    done = person.invoke("check.all")
    assert of(checked(done, 6), "failed") == {"ledger: main"}
    assert "invoke ledger.restart --lane main --reason TEXT" in done.out
    planned = person.invoke("plan", "--tag", "0.1.1")
    assert planned.code == 6, planned
    assert "  a release would be refused: ledger-main of " in planned.out
    status = person.invoke("status").out
    assert ("the ledger is broken" in status, "unrecorded" in status) == (True, False)


def test_a_floating_tag_that_no_release_could_move_is_found(workstation: Workstation) -> None:
    person, reader = workstation
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.1.0", "--latest", PLATFORMS="linux/amd64"))
    assert checked(person.invoke("check.all"), 0)["tags: main"] == "done"
    argv = ["crane", "copy", "--insecure", f"{reader.image}:ledger-main", f"{reader.image}:latest"]
    assert person.run(argv).code == 0
    assert checked(person.invoke("check.all"), 0)["tags: main"] == "warning"
    done = person.invoke("check.all", PUBLISH_LATEST="true")
    assert of(checked(done, 5), "failed") == {"tags: main"}
    assert "which is not a version of lane main" in done.out


# Lines of Aionis' runbook, as it was, and as it was changed to fit its workflow.
RUNBOOK = """\
Main image push:

```bash
IMAGE_REPO=ghcr.io/cognary/aionis \\
TAG=v0.2.1 \\
npm run docker:publish:ghcr
```

    git tag docker-v0.2.1
    docker pull ghcr.io/cognary/aionis:v0.2.1
    docker pull ghcr.io/cognary/aionis:0.2.1
"""


def test_a_runbook_is_told_what_it_should_say_and_then_says_it(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    (person.checkout / "RUNBOOK.md").write_text(RUNBOOK)
    (person.checkout / "untracked.md").write_text(RUNBOOK)
    image = {"IMAGE_REPO": "ghcr.io/cognary/aionis"}
    assert of(checked(person.invoke("check.docs", **image), 0), "done") == {"docs"}, "nobody tracks it yet"
    git(person.checkout, "add", "RUNBOOK.md")
    git(person.checkout, "commit", "--quiet", "--message", "the runbook")
    done = person.invoke("check.docs", **image)
    assert of(checked(done, 3), "failed") == {"docs: RUNBOOK.md:6", "docs: RUNBOOK.md:11"}
    told = " ".join(done.out.split())
    assert "Write invoke publish --lane main" in told
    assert "Write ghcr.io/cognary/aionis:v0.2.1" in told
    assert rows(person.invoke("check.all", "--skip", "access", **image))["docs"] == "warning"
    new = RUNBOOK.replace("npm run docker:publish:ghcr", "invoke publish --lane main").replace(":0.2.1", ":v0.2.1")
    (person.checkout / "RUNBOOK.md").write_text(new)
    assert checked(person.invoke("check.docs", **image), 0) == {"docs": "done"}


def test_a_failing_build_is_shown_whole(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    (person.checkout / "shiplane.toml").write_text("build = \"sh -c 'echo first; echo last >&2; exit 9'\"\n")
    done = person.invoke("check.all", "--skip", "access")
    found = checked(done, 3)
    assert of(found, "failed") == {"build"}
    assert ("| first" in done.out, "| last" in done.out, found["access"]) == (True, True, "skipped")


def test_colours_are_there_for_those_who_want_them(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    assert "\x1b[32mdone" in person.invoke("check.config", FORCE_COLOR="1").out


def test_a_remote_with_a_token_in_it_is_shown_without(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    token = "ghs_c4n4ryc4n4ryc4n4ry"
    url = f"https://x-access-token:{token}@github.com/cognary/aionis"
    person.run(["git", "remote", "set-url", "origin", url])
    done = person.invoke("check.config")
    assert "origin is https://github.com/cognary/aionis" in done.out
    assert token not in done.out + done.err
