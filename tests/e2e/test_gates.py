"""Prerequisites in front of a real release: what is red stops it before anything is built, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.person import Log, Person, Reader, runbook, succeeded
from tests.rig import Rig
from tests.rig.sample import name_pair

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
GATES = """
build = "sh build.sh"

[[gates]]
name = "core gate"
command = "sh -c 'cat gate; ! grep -q red gate'"

[[gates]]
name = "production gate"
github = "Core Production Gate"
"""


def configure(person: Person, text: str, state: str = "green") -> None:
    (person.checkout / "shiplane.toml").write_text(text)
    (person.checkout / "gate").write_text(state + "\n")
    person.run(["git", "add", "--all"])
    person.run(["git", "commit", "--quiet", "--message", "gates"])


def test_a_red_gate_stops_a_release_before_it_builds_or_writes(rig: Rig, workstation: Workstation) -> None:
    person, reader = workstation
    configure(person, GATES, "red")
    log = Log(rig.plain_log)
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--skip", "production gate")
    assert (done.code, done.built, log.all_tag_puts(), reader.tags()) == (3, False, [], {}), str(done)
    assert "core gate: sh -c" in done.err
    assert "  | red" in done.err
    assert done.err.count("next: ") == 1


def test_a_failing_build_command_shows_itself_whole(workstation: Workstation) -> None:
    person, _ = workstation
    configure(person, "build = \"sh -c 'seq 1 200; exit 5'\"\n")
    done = person.invoke("check.build")
    assert done.code == 3, str(done)
    assert all(f"  | {number}\n" in done.err for number in range(1, 201))


def test_the_evidence_stands_in_the_release_and_what_was_left_out_too(workstation: Workstation) -> None:
    person, _ = workstation
    configure(person, GATES)
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--skip", "production gate", "--json")
    assert done.code == 0, str(done)
    held = done.document["prerequisites"]
    assert (held["build"]["command"], held["build"]["state"]) == ("sh build.sh", "done")
    assert [(gate["gate"], gate["good"], gate["commit"]) for gate in held["gates"]] == [
        ("core gate", True, done.document["commit"])
    ]
    assert held["skipped_gates"] == ["production gate"]
    assert (person.checkout / "dist" / "index.html").exists()


def noting(person: Person, command: str = "true") -> Path:
    """A build command that leaves a line beside the checkout each time that it runs; gives the file."""
    notes = person.checkout.parent / f"{person.checkout.name}-ran"
    configure(person, f"""build = "sh -c 'echo ran >> {notes}; {command}'"\n""")
    return notes


def test_a_run_with_nothing_left_to_do_does_not_run_the_build_command(workstation: Workstation) -> None:
    person, reader = workstation
    ran = noting(person)
    flags = ("publish", "--lane", "main", "--tag", "v0.2.1", "--platforms", "linux/amd64", "--json")
    assert succeeded(person.invoke(*flags)).document["prerequisites"]["build"]["state"] == "done"
    tags = reader.tags()
    again = succeeded(person.invoke(*flags))
    assert ran.read_text() == "ran\n"
    assert (again.built, reader.tags()) == (False, tags)
    build = again.document["prerequisites"]["build"]
    assert (build["state"], build["reason"]) == ("skipped", "published already; nothing to build")


def test_a_wrong_token_is_told_before_the_build_command(rig: Rig, guarded_workstation: Workstation) -> None:
    person, reader = guarded_workstation
    person.variables |= runbook(rig, person.variables["IMAGE_REPO"], "unknown")
    ran = noting(person)
    name_pair(person.checkout, rig.guarded)
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1")
    assert "(GHCR_USERNAME + GHCR_TOKEN)" in done.err
    assert (done.code, done.built, ran.exists(), reader.tags()) == (4, False, False, {}), str(done)


def test_the_build_command_finds_no_login_of_ours_on_the_disk(rig: Rig, guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    noting(person, "! ls $TMPDIR | grep shiplane-")
    name_pair(person.checkout, rig.guarded)
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--platforms", "linux/amd64"))


@pytest.mark.parametrize("dry", [("--dry-run",), ()])
def test_an_unknown_check_cannot_be_skipped(workstation: Workstation, dry: tuple[str, ...]) -> None:
    person, _ = workstation
    configure(person, GATES)
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--skip", "core gat", *dry)
    assert (done.code, done.built) == (2, False), str(done)
    every = "access, announce, build, checks, gates, github-release, smoke, variables, core gate, production gate"
    assert f"One of: {every}." in done.err


def test_a_dry_run_runs_neither_build_nor_gates_and_says_so(workstation: Workstation) -> None:
    person, _ = workstation
    configure(person, 'build = "false"\n[[gates]]\nname = "never"\ncommand = "false"\n')
    done = person.invoke("publish", "--lane", "main", "--dry-run")
    assert done.code == 0, str(done)
    assert "dry run: prerequisites are skipped" in done.err


def test_a_rehearsal_builds_in_the_project_and_asks_no_gate(rig: Rig, sample: Path) -> None:
    person = Person(rig, sample)
    # As a node project: what the build needs is there, and is not committed.
    configure(person, GATES.replace("sh build.sh", "cat installed"), "red")
    (sample / ".git/info/exclude").write_text("installed\n")
    (sample / "installed").touch()
    done = person.invoke("rehearse", "--platforms", "linux/amd64", "--json")
    assert done.code == 0, str(done)
    held = done.document["prerequisites"]
    assert (held["build"]["state"], held["gates"]) == ("done", [])
    assert held["skipped_gates"] == ["core gate", "production gate"]
    assert "gates are skipped in a rehearsal" in done.err
