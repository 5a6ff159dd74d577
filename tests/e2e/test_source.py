"""What is published is what is committed: with real git, a real build, and one who looks into the image."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import uuid
from pathlib import Path

import pytest

from tests.e2e.person import Done, Person, Reader, succeeded
from tests.rig import Rig
from tests.rig.sample import git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
IDENTITY = {"user.name": "a", "user.email": "a@localhost", "commit.gpgsign": "false", "protocol.file.allow": "always"}


def repository(folder: Path, **files: str) -> Path:
    """A repository with these files, their paths with __ for a slash."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for name, value in IDENTITY.items():
        git(folder, "config", name, value)
    return committed(folder, **files)


def committed(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "more")
    return folder


@pytest.fixture
def workstation(rig: Rig, tmp_path: Path) -> Workstation:
    """A person with the smallest of projects: whatever lies in the checkout is in the image."""
    image = f"{rig.plain}/t/x-{uuid.uuid4().hex[:8]}"
    folder = repository(tmp_path / "project", **{"app.txt": "hello\n", "Dockerfile": "FROM scratch\nCOPY . /\n"})
    committed(folder, **{".gitignore": "tasks.py\n__pycache__/\n/dist/\n", "shiplane.toml": settings(image)})
    return Person(rig, folder), Reader(rig, image)


def settings(image: str, *more: str) -> str:
    return "\n".join([f'image = "{image}"', 'platforms = ["linux/amd64"]', *more, ""])


def publish(person: Person, lane: str = "main") -> Done:
    return person.invoke("publish", "--lane", lane, "--tag", "0.1.0")


def files(reader: Reader, tag: str, folder: Path) -> dict[str, str]:
    """The files of a published image."""
    layout = folder / f"{uuid.uuid4().hex[:6]}.tar"
    subprocess.run(
        ["crane", "export", f"{reader.image}:{tag}", str(layout)], env=reader.rig.environ(), check=True, timeout=60
    )
    with tarfile.open(layout) as image:
        found = {member.name: image.extractfile(member) for member in image if member.isfile()}
        return {name: content.read().decode("utf-8", "replace") for name, content in found.items() if content}


def refused(done: Done, reader: Reader, *words: str) -> None:
    """A prerequisite that does not hold, before anything is built, and nothing published."""
    assert (done.code, done.built) == (3, False), str(done)
    assert [word for word in words if word not in done.err] == [], done.err
    assert reader.tags() == {}


def test_a_status_that_fails_is_no_clean_tree(workstation: Workstation) -> None:
    person, reader = workstation
    committed(person.checkout, **{".gitattributes": "*.bin filter=lfs\n", "a.bin": "content\n"})
    git(person.checkout, "config", "filter.lfs.process", "nothing-there")
    git(person.checkout, "config", "filter.lfs.required", "true")
    (person.checkout / "a.bin").touch()
    (person.checkout / "app.txt").write_text("HELLO\n")
    refused(publish(person), reader, "differs from commit", "app.txt")
    (person.checkout / "app.txt").write_text("hello\n")
    (person.checkout / ".git/index").write_bytes(b"garbage")
    refused(publish(person), reader, "git diff-index failed", "index file")


def test_what_git_is_told_to_hide_is_not_published(workstation: Workstation) -> None:
    person, reader = workstation
    git(person.checkout, "config", "status.showUntrackedFiles", "no")
    git(person.checkout, "update-index", "--assume-unchanged", "app.txt")
    (person.checkout / "app.txt").write_text("HELLO\n")
    (person.checkout / "left-over").touch()
    (person.checkout / "mine").touch()
    (person.checkout / ".git/info/exclude").write_text("mine\n")
    assert git(person.checkout, "status", "--porcelain") == ""
    refused(publish(person), reader, "app.txt, left-over, mine", "Commit or stash")
    done = person.invoke("check.config", "--json")
    assert "3 paths differ from it" in done.out


def test_a_submodule_is_checked_out_or_nothing_is_released(workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    library = repository(tmp_path / "library", **{"lib.txt": "one\n"})
    git(person.checkout, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "vendor/lib")
    committed(person.checkout)
    git(person.checkout, "config", "diff.ignoreSubmodules", "all")
    git(person.checkout, "submodule", "--quiet", "deinit", "--all")
    command = "git submodule update --init --recursive"
    refused(publish(person), reader, "incomplete", "not checked out: vendor/lib", f"Run: {command}")
    git(person.checkout, "-c", "protocol.file.allow=always", *command.split()[1:])
    (person.checkout / "vendor/lib/lib.txt").write_text("two\n")
    refused(publish(person), reader, "vendor/lib/lib.txt")
    git(person.checkout / "vendor/lib", "checkout", "--quiet", "--", ".")
    succeeded(publish(person))
    assert files(reader, "v0.1.0", tmp_path)["vendor/lib/lib.txt"] == "one\n"


def test_a_pointer_of_git_lfs_is_not_published_for_its_content(workstation: Workstation) -> None:
    person, reader = workstation
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 7\n"
    committed(person.checkout, **{".gitattributes": "*.bin filter=lfs -text\n", "model.bin": pointer})
    refused(publish(person), reader, "Git LFS pointers", "model.bin", "Run: git lfs pull")


def test_what_the_build_command_changes_is_not_published(workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    folder = person.checkout
    write = "build = \"sh -c 'mkdir -p dist; echo made > dist/app.js; echo {} > package.json'\""
    committed(folder, **{"package.json": '{"a": 1}\n', "shiplane.toml": settings(reader.image, write)})
    refused(publish(person), reader, "package.json", "If the build command generated it")
    git(folder, "checkout", "--quiet", "--", ".")
    refused(person.invoke("release", "--version", "0.1.0"), reader, "package.json")
    moves = 'build = "git commit --quiet --allow-empty -m x"'
    committed(folder, **{"package.json": "{}\n", "shiplane.toml": settings(reader.image, moves)})
    refused(publish(person), reader, "HEAD has moved to ")
    good = "build = \"sh -c 'mkdir -p dist; echo made > dist/app.js'\""
    committed(folder, **{"shiplane.toml": settings(reader.image, good)})
    succeeded(publish(person))
    assert files(reader, "v0.1.0", tmp_path)["dist/app.js"] == "made\n"
    planned = person.invoke("plan", "--lane", "main", "--tag", "0.1.0", "--json")
    assert "dist/" in planned.document["ignored"]
    assert (
        "dist/, tasks.py\n"
        in person.invoke("plan", "--tag", "0.1.0").out.partition("unless a .dockerignore excludes them\n")[2]
    )


def test_the_dockerfile_that_is_built_is_the_one_that_is_named(workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    lanes = [
        '[lanes.api]\ncontext = "api"\ndockerfile = "Dockerfile"',
        '[lanes.web]\ncontext = "web"\ndockerfile = "web/Dockerfile"',
        '[lanes.all]\ncontext = "."\ndockerfile = "docker/all"',
    ]
    copy = "FROM scratch\nCOPY . /\n"
    committed(
        person.checkout,
        **{"Dockerfile": f"{copy}COPY which /root\n", "Dockerfile.dockerignore": "hidden\n"},
        api__Dockerfile=f"{copy}COPY which /api\n",
        api__which="api\n",
        api__hidden="x",
        **{"api__.dockerignore": "which\n"},
        web__Dockerfile=f"{copy}COPY which /web\n",
        web__which="web\n",
        web__hidden="x",
        **{"web__.dockerignore": "hidden\n", "docker__all": f"{copy}COPY app.txt /all\n"},
        **{"shiplane.toml": settings(reader.image, *lanes)},
    )
    done = person.invoke("release", "--version", "0.1.0", "--json")
    succeeded(done)
    found = {lane: files(reader, f"{lane}-v0.1.0", tmp_path) for lane in ("api", "web", "all")}
    assert (found["api"]["root"], "hidden" in found["api"], "api" in found["api"]) == ("api\n", False, False)
    assert (found["web"]["web"], "hidden" in found["web"]) == ("web\n", False)
    assert (found["all"]["all"], found["all"]["web/which"]) == ("hello\n", "web\n")
    succeeded(person.invoke("publish", "--lane", "web", "--tag", "0.1.1", "--dry-run"))


def test_what_a_stage_writes_is_no_change_of_the_tree(workstation: Workstation) -> None:
    person, reader = workstation
    stage = ("stage", "--lane", "main", "--tag", "0.1.0", "--platforms", "linux/amd64", "--output")
    inside = person.invoke(*stage, "staged.json")
    assert (inside.code, inside.built, (person.checkout / "staged.json").exists()) == (2, False, False), str(inside)
    assert "--output ../staged.json" in inside.err
    (person.checkout / "dist").mkdir()
    for output in ("dist/staged.json", "../staged.json"):
        succeeded(person.invoke(*stage, output))
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.1.0", "--staged", "../staged.json"))
    assert set(reader.tags()) == {"v0.1.0"}


def test_a_repository_within_a_projects_folder_publishes_no_other_project(rig: Rig, workstation: Workstation) -> None:
    outer, reader = workstation
    inner = repository(outer.checkout / "inner", Dockerfile="FROM scratch\nCOPY Dockerfile /\n")
    shutil.copy(outer.checkout / "tasks.py", inner / "tasks.py")
    committed(inner, **{".gitignore": "__pycache__/\n"})
    done = outer.run([*outer.program, "publish", "--lane", "main", "--tag", "0.1.0"], below="inner")
    assert (done.code, "the image repository is unknown" in done.err) == (2, True), str(done)
    assert reader.tags() == {}
