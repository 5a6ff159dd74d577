"""Checks of staged images as a person meets them: real builds, real registries, real commands."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.person import BUILD, Person, Reader, succeeded
from tests.faults.harness.processes import has_ended
from tests.rig.sample import git, pair_for
from tests.unit.documents import faults

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
RELEASE = ("release", "--version", "0.2.1", "--latest=yes")


def configured(person: Person, checks: str, scripts: Mapping[str, str]) -> None:
    """Commit a project file with these checks, and their scripts."""
    (person.checkout / "shiplane.toml").write_text(pair_for(person.rig.guarded) + BUILD + checks)
    for name, script in scripts.items():
        (person.checkout / name).write_text(f"set -e\n{script}\n")
    with (person.checkout / ".gitignore").open("a") as ignored:
        ignored.write("\nreports/\n")
    git(person.checkout, "add", "--all")
    git(person.checkout, "commit", "--quiet", "--message", "checks")


PASSING = """
[[checks]]
name = "copy"
command = "sh copy.sh {layout} {lane} {digest}"
report = "reports/{lane}.txt"

[[checks]]
name = "surroundings"
command = "sh surroundings.sh"
"""


def test_a_check_has_the_whole_image_without_a_login_and_its_evidence_stays(
    guarded_workstation: Workstation, tmp_path: Path
) -> None:
    person, reader = guarded_workstation
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    copy = f"{person.rig.plain}/checked/{tmp_path.name.replace('_', '-').lower()}-$2:x"
    configured(
        person,
        PASSING,
        {
            "copy.sh": f'mkdir -p reports; crane push "$1" {copy} > reports/$2.txt; test `crane digest {copy}` = $3',
            "surroundings.sh": f"ls {temporary}; env",
        },
    )
    done = succeeded(person.invoke(*RELEASE, "--json", TMPDIR=str(temporary)))
    assert faults(done.document, "result", "released") == []
    for lane in done.document["lanes"]:
        copied, surroundings = lane["checks"]["checks"]
        assert copied["report_digest"].startswith("sha256:")
        output = "\n".join(surroundings["output"])
        assert "shiplane-login" not in output
        assert f"SHIPLANE_DIGEST={lane['digest']}" in output
        assert not re.search("^(GHCR|GITHUB)_TOKEN=", output, re.MULTILINE)
        assert person.variables["GHCR_TOKEN"] not in str(done)
    assert len(reader.tags()) == 4
    assert list(temporary.iterdir()) == []
    for command in ("history", "verify"):
        told = succeeded(person.invoke(command, "--lane", "main"))
        assert "passed: check copy, report sha256:" in told.out, str(told)
        assert "; check surroundings" in told.out
    staged = tmp_path / "staged.json"
    succeeded(
        person.invoke("stage", "--lane", "main", "--tag", "0.2.2", "--output", str(staged), TMPDIR=str(temporary))
    )
    joined = succeeded(
        person.invoke("publish", "--lane", "main", "--tag", "0.2.2", "--staged", str(staged), TMPDIR=str(temporary))
    )
    assert "done       check main copy: passed" in joined.err, str(joined)


FAILING = """
[[checks]]
name = "token"
command = "sh token.sh"

[[lanes.standalone.checks]]
name = "hanging"
command = "sh hanging.sh {layout}"
timeout-seconds = 2
"""


def test_a_failing_check_leaves_no_tag_a_hanging_one_ends_and_a_token_is_not_shown(
    guarded_workstation: Workstation, tmp_path: Path
) -> None:
    person, reader = guarded_workstation
    token, child = tmp_path / "token", tmp_path / "child"
    token.write_text(person.variables["GHCR_TOKEN"])
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    configured(
        person,
        FAILING,
        {
            "token.sh": f"echo; echo CVE-2026-1; cat {token}; exit 3",
            "hanging.sh": f"sleep 600 & echo $! > {child}; wait",
        },
    )
    done = person.invoke(*RELEASE, TMPDIR=str(temporary))
    assert (done.code, reader.tags()) == (6, {}), str(done)
    assert "main token: sh token.sh ended with 3" in done.err
    assert "    | CVE-2026-1" in done.err
    assert "did not end within 2 s" in done.err
    assert person.variables["GHCR_TOKEN"] not in str(done)
    assert done.err.count("next: ") == 1
    assert has_ended(int(child.read_text()))
    assert list(temporary.iterdir()) == []
    child.unlink()
    text = (person.checkout / "shiplane.toml").read_text()
    (person.checkout / "shiplane.toml").write_text(text.replace("timeout-seconds = 2", "timeout-seconds = 600"))
    git(person.checkout, "commit", "--quiet", "--all", "--message", "longer")
    flags = ("publish", "--lane", "standalone", "--tag", "0.2.1", "--skip", "token")
    code = person.killed(signal.SIGINT, lambda line: "layout" in line, *flags, TMPDIR=str(temporary))
    assert (code, reader.tags()) == (130, {})
    assert not child.exists() or has_ended(int(child.read_text()))
    assert list(temporary.iterdir()) == []
    succeeded(person.invoke(*flags, "--skip", "hanging"))


def test_a_check_whose_program_is_missing_is_told_by_the_doctor_and_before_a_build(workstation: Workstation) -> None:
    person, reader = workstation
    configured(person, '[[checks]]\ncommand = "no-such-scanner {image}"\n', {})
    told = person.invoke("check.config")
    assert told.code == 3
    assert "config: check no-such-scanner {image}" in told.out
    done = person.invoke("publish", "--lane", "main", "--tag", "0.2.1")
    assert (done.code, done.built, reader.tags()) == (3, False, {}), str(done)
    assert "needs no-such-scanner, which is not installed" in done.err
    assert "for main, standalone" in person.invoke("plan").out


GATED = """
[rollback]
gates = true

[[gates]]
name = "production"
command = "sh -c 'cat ../production; test `cat ../production` = up'"
"""


def test_after_a_rollback_the_gates_are_asked_told_and_recorded_and_undo_nothing(
    guarded_workstation: Workstation,
) -> None:
    person, reader = guarded_workstation
    production = person.checkout.parent / "production"
    production.write_text("up\n")
    configured(person, GATED, {})
    flags = ("publish", "--lane", "main", "--latest", "--platforms", "linux/amd64", "--tag")
    succeeded(person.invoke(*flags, "0.2.1"))
    git(person.checkout, "commit", "--quiet", "--allow-empty", "--message", "next")
    succeeded(person.invoke(*flags, "0.2.2"))
    production.write_text("down\n")
    done = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "slow"))
    assert "gate production is not green: sh -c " in done.out, str(done)
    assert reader.tags()["latest"] == reader.tags()["v0.2.1"]
    history = succeeded(person.invoke("history", "--lane", "main")).out
    assert "slow; gate production, not passed: sh -c " in history, history
    assert "passed: gate production" in history
    again = succeeded(person.invoke("rollback", "--lane", "main", "--to", "0.2.1", "--json"))
    assert (again.document["moved"], again.document["gates"]) == (False, None)
    assert faults(again.document, "result", "rolled-back") == []
