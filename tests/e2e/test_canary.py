"""A token is in no image, whatever the machine looks like: layers, configs, histories and attestations are searched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.canary import canaries, kept, seen
from tests.e2e.person import Person, Reader, succeeded
from tests.rig import Rig
from tests.rig.sample import git

pytestmark = pytest.mark.e2e
Desk = tuple[Person, Reader]
PUBLISH = ("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")
MARK = "everything that is here"
# A file system that cannot be written, but for the project and for what the rig's docker keeps.
READ_ONLY = """set -e
for folder in / /tmp /var/tmp {more}; do mount --bind $folder $folder && mount -o remount,bind,ro $folder; done
for folder in {writable}; do mount --bind $folder $folder && mount -o remount,bind,rw $folder; done
exec "$@"
"""


@pytest.fixture
def greedy(rig: Rig, guarded_desk: Desk) -> Desk:
    """A project whose image takes all that is in its folder; what is ignored by git is ignored by nobody else."""
    person, _ = guarded_desk
    person.variables["PLATFORMS"] = "linux/amd64"
    (person.checkout / ".tmp").mkdir()
    (person.checkout / "deeper/.tmp").mkdir(parents=True)
    (person.checkout / ".gitignore").write_text("tasks.py\n__pycache__\n.tmp\n.cache\nlink\n/dist\n")
    (person.checkout / "Dockerfile").write_text(f"FROM scratch\nLABEL mark='{MARK}'\nCOPY . /src\n")
    (person.checkout / ".dockerignore").unlink()
    lanes = '[lanes.main]\nprovenance = "max"\nsbom = false\n'
    (person.checkout / "shiplane.toml").write_text((person.checkout / "shiplane.toml").read_text() + lanes)
    git(person.checkout, "commit", "--all", "--quiet", "--message", "take everything")
    return guarded_desk


def clean(rig: Rig, desk: Desk) -> None:
    """What is published is the project, and no secret of anybody."""
    texts = list(kept(rig.guarded_root, desk[1].image.partition("/")[2]).values())
    for part in (MARK.encode(), b"COPY . /src", b"src/package.json", b"slsa.dev/provenance", b"llbDefinition"):
        assert any(part in text for text in texts), "config, history, layer and provenance (mode=max) are there"
    assert seen(canaries(rig), *texts) == []
    assert not any(b"shiplane-login" in text or b"shiplane-build" in text for text in texts)


@pytest.mark.parametrize("place", [".", ".tmp", "deeper/.tmp", "link/.tmp", "nowhere"])
@pytest.mark.parametrize("absolute", [True, False], ids=["absolute", "relative"])
def test_a_temporary_folder_within_the_project_is_not_used(
    rig: Rig,
    greedy: Desk,
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
def test_a_read_only_file_system_makes_no_temporary_folder_of_the_project(rig: Rig, greedy: Desk, memory: str) -> None:
    person, reader = greedy
    more = "" if memory == "can be written" else "/dev/shm"
    script = READ_ONLY.format(more=more, writable=f"{person.checkout} {rig.folder}")
    argv = ["unshare", "--mount", "--propagation", "private", "bash", "-c", script, "bash"]
    done = person.run([*argv, *person.program, *PUBLISH], TMPDIR="", HOME=str(person.checkout))
    if more:
        assert done.code == 3, str(done)
        assert "there is no place for temporary files (" in done.err
        assert f"{person.checkout}/.cache: within the project" in done.err
        assert (done.built, reader.tags()) == (False, {})
    else:
        succeeded(done)
        clean(rig, greedy)
    assert list(person.checkout.rglob("shiplane-*")) == []
