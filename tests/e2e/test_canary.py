"""A token is in no image, whatever the machine looks like: layers, configs, histories and attestations are searched."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

import pytest

from tests.e2e.canary import canaries, kept, seen
from tests.e2e.person import Person, Reader, succeeded
from tests.faults.harness.relay import Relay, relay
from tests.rig import Rig
from tests.rig.sample import git, pair_for
from tests.sinks import forms
from tests.thorough import THOROUGH

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
PUBLISH = ("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")
MARK = "everything that is here"
# A file system that cannot be written, but for the project and for what the rig's docker keeps.
READ_ONLY = """set -e
for folder in / /tmp /var/tmp {more}; do mount --bind $folder $folder && mount -o remount,bind,ro $folder; done
for folder in {writable}; do mount --bind $folder $folder && mount -o remount,bind,rw $folder; done
exec "$@"
"""


@pytest.fixture
def greedy(rig: Rig, guarded_workstation: Workstation) -> Workstation:
    """A project whose image takes all that is in its folder; what is ignored by git is ignored by nobody else."""
    person, _ = guarded_workstation
    person.variables["PLATFORMS"] = "linux/amd64"
    (person.checkout / ".tmp").mkdir()
    (person.checkout / "deeper/.tmp").mkdir(parents=True)
    (person.checkout / ".gitignore").write_text("tasks.py\n__pycache__\n.tmp\n.cache\nlink\n/dist\n")
    (person.checkout / "Dockerfile").write_text(f"FROM scratch\nLABEL mark='{MARK}'\nCOPY . /src\n")
    (person.checkout / ".dockerignore").write_text(".git\n")
    lanes = '[lanes.main]\nprovenance = "max"\nsbom = false\n'
    (person.checkout / "shiplane.toml").write_text((person.checkout / "shiplane.toml").read_text() + lanes)
    git(person.checkout, "commit", "--all", "--quiet", "--message", "take everything")
    return guarded_workstation


def clean(rig: Rig, workstation: Workstation) -> None:
    """What is published is the project, and no secret of anybody."""
    texts = list(kept(rig.guarded_root, workstation[1].image.partition("/")[2]).values())
    for part in (MARK.encode(), b"COPY . /src", b"src/package.json", b"slsa.dev/provenance", b"llbDefinition"):
        assert any(part in text for text in texts), "config, history, layer and provenance (mode=max) are there"
    assert seen(canaries(rig), *texts) == []
    assert not any(b"shiplane-login" in text or b"shiplane-build" in text for text in texts)


@pytest.mark.share(3)
@pytest.mark.parametrize("place", [".", ".tmp", "deeper/.tmp", "link/.tmp", "nowhere"])
@pytest.mark.parametrize("absolute", [True, False], ids=["absolute", "relative"])
def test_a_temporary_folder_within_the_project_is_not_used(
    rig: Rig,
    greedy: Workstation,
    place: str,
    absolute: bool,  # noqa: FBT001 -- a table's column
    tmp_path: Path,
) -> None:
    person, _ = greedy
    (person.checkout / "link").symlink_to(person.checkout / "deeper")
    wish = str(person.checkout / place) if absolute else place
    succeeded(person.invoke(*PUBLISH, TMPDIR=wish))
    clean(rig, greedy)
    assert list(person.checkout.rglob("shiplane-*")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to mount")
@pytest.mark.parametrize("memory", ["can be written", "cannot either"])
def test_a_read_only_file_system_makes_no_temporary_folder_of_the_project(
    rig: Rig, greedy: Workstation, memory: str
) -> None:
    person, reader = greedy
    more = "" if memory == "can be written" else "/dev/shm"
    script = READ_ONLY.format(more=more, writable=f"{person.checkout} {rig.folder}")
    argv = ["unshare", "--mount", "--propagation", "private", "bash", "-c", script, "bash"]
    done = person.run([*argv, *person.program, *PUBLISH], TMPDIR="", HOME=str(person.checkout))
    if more:
        assert done.code == 3, str(done)
        assert "no folder for temporary files (" in done.err
        assert f"{person.checkout}/.cache: inside the project" in done.err
        assert (done.built, reader.tags()) == (False, {})
    else:
        succeeded(done)
        clean(rig, greedy)
    assert list(person.checkout.rglob("shiplane-*")) == []


TOKEN = "glpat_canary0123456789"
REMOTES = {
    "a query": f"https://git.example/cognary/aionis.git?access_token={TOKEN}",
    "a fragment": f"https://github.com/cognary/aionis.git#{TOKEN}",
    "a path": f"/home/somebody/{TOKEN}/aionis.git",
    "another scheme": f"ext::helper {TOKEN}@host %S repo",
    "what insteadOf makes of it": "https://github.com/cognary/aionis.git",
    "an upstream that is another's": "https://github.com/cognary/aionis.git",
}
LANES = '[lanes.main]\nprovenance = "max"\n[lanes.standalone]\nprovenance = "min"\n'


@pytest.mark.share(2)
@pytest.mark.parametrize("kind", REMOTES if THOROUGH else ["a query", "a path", "what insteadOf makes of it"])
def test_of_the_git_remote_nothing_is_published_but_what_the_label_says(
    rig: Rig, greedy: Workstation, kind: str
) -> None:
    person, reader = greedy
    (person.checkout / "shiplane.toml").write_text(pair_for(rig.guarded) + 'build = "true"\n' + LANES)
    git(person.checkout, "commit", "--all", "--quiet", "--message", "both kinds of provenance")
    git(person.checkout, "config", "remote.origin.url", REMOTES[kind])
    if kind == "what insteadOf makes of it":
        git(person.checkout, "config", f"url.https://proxy.example/?t={TOKEN}&u=.insteadOf", "https://github.com/")
    if kind == "an upstream that is another's":
        git(person.checkout, "config", "remote.upstream.url", f"https://git.example/x?{TOKEN}")
        git(person.checkout, "config", "branch.main.remote", "upstream")
        git(person.checkout, "config", "branch.main.merge", "refs/heads/main")
    succeeded(person.invoke("release", "--version", "0.2.1", BUILDX_GIT_LABELS="full"))
    texts = list(kept(rig.guarded_root, reader.image.partition("/")[2]).values())
    statements = [text for text in texts if b"in-toto.io/Statement" in text]
    assert len(statements) == 2
    assert seen(forms(TOKEN), *texts) == []
    assert not any(part in text for text in texts for part in (b"git.example", b"proxy.example", b"/home/somebody"))


def test_an_ordinary_remote_and_the_commit_stay_in_the_provenance(rig: Rig, greedy: Workstation) -> None:
    person, reader = greedy
    succeeded(person.invoke(*PUBLISH))
    texts = kept(rig.guarded_root, reader.image.partition("/")[2]).values()
    (statement,) = (json.loads(text) for text in texts if b"in-toto.io/Statement" in text)
    vcs = statement["predicate"]["metadata"]["https://mobyproject.org/buildkit@v1#metadata"]["vcs"]
    assert vcs["source"] == "https://github.com/cognary/aionis.git"
    assert vcs["revision"] == git(person.checkout, "rev-parse", "HEAD")


@pytest.mark.share(3)
@pytest.mark.parametrize("context", ["${GHCR_TOKEN}", "%{if true}", "github.com/cognary", "https:/x", "${TAG} $${TAG}"])
def test_a_context_is_a_folder_of_the_project_whatever_it_is_called(
    rig: Rig, greedy: Workstation, context: str
) -> None:
    person, reader = greedy
    folder = person.checkout / context
    folder.mkdir(parents=True)
    for name in ("Dockerfile", "package.json"):
        (folder / name).write_bytes((person.checkout / name).read_bytes())
    (folder / "only-here").touch()
    configuration = f"{pair_for(rig.guarded)}build = \"true\"\n[lanes.main]\ncontext = '{context}'\n"
    (person.checkout / "shiplane.toml").write_text(configuration)
    git(person.checkout, "add", "--all")
    git(person.checkout, "commit", "--quiet", "--message", "a context of its own")
    succeeded(person.invoke(*PUBLISH))
    texts = list(kept(rig.guarded_root, reader.image.partition("/")[2]).values())
    assert any(b"src/only-here" in text for text in texts)
    assert seen(canaries(rig), *texts) == []


def sent(door: Relay) -> list[bytes]:
    """All that came to a registry: each request's line, headers and body."""
    return [
        b"\n".join([f"{p.method} {p.path}".encode(), *(f"{k}: {v}".encode() for k, v in p.headers.items()), p.body])
        for p in door.passed
    ]


def test_every_registry_that_a_run_talks_to_gets_what_is_its_own_and_no_more(rig: Rig, greedy: Workstation) -> None:
    """Images in one that asks who it is, the ledger in another, which would take whatever it is given."""
    person, _ = greedy
    with relay(rig.guarded) as images, relay(rig.plain) as records:
        name = f"cognary/aionis-{uuid.uuid4().hex[:8]}"
        text = f'{pair_for(images.address)}ledger = "{records.address}/{name}"\nbuild = "true"\n'
        (person.checkout / "shiplane.toml").write_text(text)
        git(person.checkout, "commit", "--all", "--quiet", "--message", "a ledger of its own")
        person.variables["IMAGE_REPO"] = f"{images.address}/{name}"
        person.variables |= {"GITHUB_ACTOR": "somebody", "GITHUB_TOKEN": TOKEN, "ACTIONS_RUNTIME_TOKEN": TOKEN}
        succeeded(person.invoke(*PUBLISH))
        reads = len(images.passed)
        for task in (("verify", "--lane", "main"), ("status",), ("history",), ("plan", "--lane", "main")):
            assert person.invoke(*task).code in (0, 6)
        hidden = canaries(rig) | forms(TOKEN, "somebody")
        assert {p.method for p in records.passed} >= {"GET", "PUT"}
        assert seen(hidden, *sent(images), *sent(records)) == []
        assert not any("authorization" in p.headers for p in records.passed)
        kinds = {p.headers["authorization"].split()[0] for p in images.passed if "authorization" in p.headers}
        assert kinds == {"Bearer"}
        assert {p.method for p in images.passed[reads:]} <= {"GET", "HEAD"}
