"""Deployment files as a release engineer keeps them: listed, re-pointed after a real release, and looked at."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.person import Done, Log, Person, Reader, succeeded
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
CONFIGURED = """
deployments = [
  "deploy/**/*.y*ml",
  { files = "infra/*.tf", pattern = 'api_version = "{tag}"' },
]
"""


def compose(image: str) -> str:
    return (
        f"services:\n  api:\n    image: {image}:v0.2.1  # the API\n  edge:\n    image: '{image}:standalone-latest'\n"
        f"  worker:\n    image: {image}-worker:v0.2.1\n  free:\n    image: {image}:latest\n"
    )


def values(image: str) -> str:
    return f'image:\r\n  repository: {image}\r\n  tag: "v0.2.1"\r\n  pullPolicy: Always\r\n'


TERRAFORM = 'locals {\n  api_version   =   "v0.2.1"\n}\n'


def configured(person: Person, image: str, more: str = CONFIGURED) -> None:
    """Deployment files, and a project file that names them, committed."""
    files = {"deploy/compose.yml": compose(image), "deploy/k8s/values.yaml": values(image), "infra/main.tf": TERRAFORM}
    for name, text in files.items():
        path = person.checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    with (person.checkout / "shiplane.toml").open("a") as stream:
        stream.write(more)
    git(person.checkout, "add", "--all")
    commit(person.checkout, "deployments")


@pytest.fixture
def released(workstation: Workstation) -> Workstation:
    """Two versions of lane main, latest at the second, one of standalone; and deployment files."""
    person, reader = workstation
    person.variables["PLATFORMS"] = "linux/amd64"
    configured(person, reader.image)
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.0", "--latest"))
    succeeded(person.invoke("publish", "--lane", "standalone", "--tag", "v0.2.0"))
    commit(person.checkout, "the next version")
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest"))
    return workstation


def contents(person: Person) -> dict[str, bytes]:
    names = git(person.checkout, "ls-files", "deploy", "infra").split()
    return {name: (person.checkout / name).read_bytes() for name in names}


def flags(done: Done) -> dict[str, list[str]]:
    return {f"{place['file']}:{place['line']}": sorted(place["flags"]) for place in done.document["places"]}


def test_a_bad_version_is_taken_out_of_every_file_and_nothing_else_changes(rig: Rig, released: Workstation) -> None:
    person, reader = released
    before, tags, log = contents(person), reader.tags(), Log(rig.plain_log)
    pinned = f"v0.2.0@{tags['v0.2.0']}"
    dry = succeeded(person.invoke("deploy.repoint", "--lane", "main", "--to", "v0.2.0", "--dry-run"))
    assert f"+    image: {reader.image}:{pinned}  # the API" in dry.out.splitlines()
    assert "would update 4 places in 3 files" in dry.out
    assert contents(person) == before

    done = succeeded(person.invoke("deploy.repoint", "--lane", "main", "--to", "v0.2.0"))
    assert "updated 4 places in 3 files" in done.out
    after = contents(person)
    assert after["deploy/compose.yml"].decode() == compose(reader.image).replace(
        f"{reader.image}:v0.2.1", f"{reader.image}:{pinned}"
    ).replace(f"{reader.image}:latest", f"{reader.image}:{pinned}")
    assert after["deploy/k8s/values.yaml"].decode() == values(reader.image).replace("v0.2.1", "v0.2.0")
    assert "tag written without the digest, for which there is no key" in done.out
    assert "  deploy/k8s/values.yaml:3" in done.out.splitlines()
    assert after["infra/main.tf"].decode() == TERRAFORM.replace("v0.2.1", "v0.2.0")

    again = succeeded(person.invoke("deploy.repoint", "--lane", "main", "--to", "v0.2.0"))
    assert "nothing to change" in again.out
    assert contents(person) == after
    assert (log.tag_puts(), reader.tags()) == ([], tags)
    # What was written can be pulled.
    reference = after["deploy/compose.yml"].decode().split("image: ")[1].split()[0]
    pulled = subprocess.run(["docker", "pull", reference], env=rig.environ(), capture_output=True, check=False)
    assert pulled.returncode == 0, pulled.stderr


def test_the_other_lane_is_re_pointed_alone(released: Workstation) -> None:
    person, reader = released
    before = contents(person)
    succeeded(person.invoke("deploy.repoint", "--lane", "standalone", "--to", "0.2.0"))
    pinned = f"standalone-v0.2.0@{reader.digest('standalone-v0.2.0')}"
    expected = before["deploy/compose.yml"].decode().replace("standalone-latest", pinned)
    assert contents(person) == {**before, "deploy/compose.yml": expected.encode()}


def test_a_list_says_who_runs_what_and_what_is_wrong_with_it(released: Workstation) -> None:
    person, reader = released
    old, new = reader.digest("v0.2.0"), reader.digest("v0.2.1")
    more = {
        "pinned": f":v0.2.1@{new}",
        "wrong": f":v0.2.1@{old}",
        "alone": f"@{old}",
        "gone": ":v9.9.9",
        "odd": ":nightly",
        "put": ":${TAG}",
    }
    text = "services:\n" + "".join(f"  {name}: {{image: '{reader.image}{ref}'}}\n" for name, ref in more.items())
    (person.checkout / "deploy/more.yml").write_text(text)
    done = succeeded(person.invoke("deploy.list", "--json"))
    assert flags(done) == {
        "deploy/compose.yml:3": ["not-pinned"],
        "deploy/compose.yml:5": ["floating"],
        "deploy/compose.yml:9": ["floating"],
        "deploy/k8s/values.yaml:3": ["not-pinned"],
        "deploy/more.yml:2": [],
        "deploy/more.yml:3": ["wrong-digest"],
        "deploy/more.yml:4": [],
        "deploy/more.yml:5": ["absent", "not-pinned"],
        "deploy/more.yml:6": ["unknown-tag"],
        "deploy/more.yml:7": ["unclear"],
        "infra/main.tf:2": ["not-pinned"],
    }
    runs = {place["line"]: place["runs"] for place in done.document["places"] if place["file"] == "deploy/more.yml"}
    assert runs == {2: "v0.2.1", 3: "v0.2.0", 4: "v0.2.0", 5: "v9.9.9", 6: None, 7: None}
    shown = succeeded(person.invoke("deploy.list")).out
    assert "runs v0.2.1; moves with every release" in shown
    assert "runs standalone-v0.2.0; moves with every release" in shown
    assert max(len(line) for line in shown.splitlines()) < 160


def test_what_would_undo_it_is_named_with_the_command_that_holds_it(released: Workstation) -> None:
    person, reader = released
    (person.checkout / "renovate.json").write_text('{"extends": ["config:recommended"]}')
    clusters = person.checkout / "clusters/prod"
    clusters.mkdir(parents=True)
    api = "apiVersion: image.toolkit.fluxcd.io/v1\n"
    (clusters / "images.yaml").write_text(
        f"{api}kind: ImageRepository\nmetadata: {{name: aionis, namespace: flux-system}}\n"
        f"spec:\n  image: {reader.image}\n---\n{api}kind: ImageUpdateAutomation\nmetadata:\n  name: all\n"
        "  namespace: flux-system\n"
    )
    done = succeeded(person.invoke("deploy.repoint", "--lane", "main", "--to", "v0.2.0", "--dry-run"))
    assert "clusters/prod/images.yaml:8  Flux: ImageUpdateAutomation all" in done.out
    assert "    flux suspend image update all -n flux-system" in done.out.splitlines()
    assert "renovate.json:1  Renovate: proposes newer tags in deploy/compose.yml (docker-compose)" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "no lane given"),
        (("--lane", "main"), 2, "no version given"),
        (("--lane", "mian", "--to", "v0.2.0"), 2, "there is no lane"),
        (("--lane", "main", "--to", "latest"), 2, "is not a version of lane main"),
        (("--lane", "main", "--to", "standalone-v0.2.0"), 2, "is not a version of lane main"),
        (("--lane", "main", "--to", "$(touch owned)"), 2, "is not a version of lane main"),
        (("--lane", "main", "--to", "v9.9.9"), 6, "has no v9.9.9"),
        (("--lane", "main", "--to", "v0.2.0", "--image", "127.0.0.1:1/cognary/aionis"), 7, "could not read"),
        (("--lane", "main", "--to", "v0.2.0", "--image", "ghcr.io/Cognary/aionis"), 2, "upper case"),
    ],
)
def test_what_cannot_be_done_changes_no_file(
    workstation: Workstation, arguments: tuple[str, ...], code: int, words: str
) -> None:
    person, reader = workstation
    configured(person, reader.image)
    before = contents(person)
    done = person.invoke("deploy.repoint", *arguments)
    assert (done.code, done.out) == (code, ""), str(done)
    assert words in done.err
    assert "Traceback" not in done.err
    assert sum(line.startswith("next: ") for line in done.err.splitlines()) == 1
    assert contents(person) == before


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", "no deployment files are configured"),
        ('deployments = ["../*.yml"]', "leads out of the project"),
        ('deployments = ["/etc/*.yml"]', "is not a glob"),
        ('deployments = [{ files = "x", pattern = "(a+)+$" }]', "is not a pattern"),
        ('deployments = [{ file = "x" }]', "Did you mean 'files'?"),
    ],
)
def test_a_project_file_that_cannot_be_meant_ends_with_2(workstation: Workstation, more: str, words: str) -> None:
    person, reader = workstation
    configured(person, reader.image, more)
    done = person.invoke("deploy.list")
    assert (done.code, done.out) == (2, ""), str(done)
    assert words in done.err


def test_a_list_without_network_says_that_the_registry_was_not_heard(workstation: Workstation) -> None:
    person, _ = workstation
    image = "127.0.0.1:1/cognary/aionis"
    configured(person, image, 'deployments = ["deploy/**/*.y*ml", "charts/*.yaml"]')
    done = succeeded(person.invoke("deploy.list", IMAGE_REPO=image))
    assert "not checked against the registry: " in done.out
    assert "no file matches charts/*.yaml" in done.out
    assert "deploy/compose.yml:3" in done.out
    document = json.loads(person.invoke("deploy.list", "--json", IMAGE_REPO=image).out)
    assert (document["registry_said"], document["unmatched"]) == (False, ["charts/*.yaml"])


@pytest.mark.thorough("its words after a real release; the rule is in faults/deployments/test_repoint")
def test_a_lane_that_no_file_names_is_said(released: Workstation) -> None:
    person, _ = released
    (person.checkout / "deploy/compose.yml").write_text("services: {}\n")
    done = person.invoke("deploy.repoint", "--lane", "standalone", "--to", "v0.2.0")
    assert done.code == 3, str(done)
    assert "nothing to re-point" in done.err


@pytest.mark.thorough("a link beside a real rollback; alone it is in unit/deployments/test_files")
def test_a_link_out_of_the_project_is_neither_read_nor_written(released: Workstation, tmp_path: Path) -> None:
    person, reader = released
    outside = tmp_path / "outside.yml"
    outside.write_text(f"image: {reader.image}:v0.2.1\n")
    (person.checkout / "deploy/linked.yml").symlink_to(outside)
    done = succeeded(person.invoke("deploy.repoint", "--lane", "main", "--to", "v0.2.0"))
    assert "not read: deploy/linked.yml: leads out of the project" in done.out
    assert outside.read_text() == f"image: {reader.image}:v0.2.1\n"


@pytest.fixture
def small_disk(released: Workstation) -> Iterator[Path]:
    """The project's ``infra`` folder on a disk of its own with not a byte left."""
    person, _ = released
    folder = person.checkout / "infra"
    if os.geteuid() != 0:
        pytest.skip("mounting a disk takes root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine mounts nothing")
    try:
        (folder / "main.tf").write_text(TERRAFORM)
        with suppress(OSError), (folder / "filler").open("wb", buffering=0) as stream:
            while stream.write(b"x" * 4096):
                pass
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.thorough("ENOSPC of a real file system; made by hand it is in unit/deployments/test_files")
def test_a_full_disk_is_one_clear_error_and_leaves_every_file(released: Workstation, small_disk: Path) -> None:
    person, _ = released
    before = contents(person)
    done = person.invoke("deploy.repoint", "--lane", "main", "--to", "v0.2.0")
    assert done.code == 3, str(done)
    assert "infra/main.tf cannot be written: No space left on device" in done.err
    assert "No file was changed" in done.err
    assert contents(person) == before
    assert sorted(path.name for path in small_disk.iterdir()) == ["filler", "main.tf"]


def test_a_read_only_file_is_one_clear_error_and_leaves_every_file(released: Workstation) -> None:
    person, _ = released
    before = contents(person)
    (person.checkout / "infra/main.tf").chmod(0o444)
    done = person.invoke("deploy.repoint", "--lane", "main", "--to", "v0.2.0")
    assert done.code == 3, str(done)
    assert "infra/main.tf cannot be written: it is read-only" in done.err
    assert contents(person) == before
