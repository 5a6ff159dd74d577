"""Announcements of real releases and rollbacks: made at the end, with the result, and never in its way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import BUILD, Done, Person, Reader, succeeded

pytestmark = pytest.mark.e2e
ONE = ("--platforms", "linux/amd64")
SECRET = "https://127.0.0.1:1/services/T0CANARY/B0CANARY"
ANNOUNCE = """
[[announce]]
name = "note"
command = "sh -c 'F=$NOTES/$SHIPLANE_EVENT.json; cat > $F; cmp $F $SHIPLANE_RESULT; env > $NOTES/env'"
on = ["release", "rollback"]

[[announce]]
webhook-env = "CHAT_URL"
timeout-seconds = 3
"""


@pytest.fixture
def desk(workstation: tuple[Person, Reader], tmp_path: Path) -> tuple[Person, Path]:
    """A person whose project announces, and where its command leaves notes."""
    person, _ = workstation
    notes = tmp_path / "notes"
    notes.mkdir()
    (person.checkout / "shiplane.toml").write_text(BUILD + ANNOUNCE)
    person.run(["git", "add", "--all"])
    person.run(["git", "commit", "--quiet", "--message", "announce"])
    person.variables |= {"NOTES": str(notes), "CHAT_URL": SECRET, "GITHUB_TOKEN": "ghp_canary0123456789canary"}
    return person, notes


def publish(person: Person, version: str, *flags: str) -> Done:
    done = person.invoke("publish", "--lane", "main", "--tag", version, "--latest", *ONE, *flags)
    assert "CANARY" not in done.out + done.err
    return done


def note(notes: Path, event: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((notes / f"{event}.json").read_text())
    return found


def test_a_release_and_a_rollback_are_announced_with_their_result_and_a_failing_webhook_is_only_told(
    desk: tuple[Person, Path],
) -> None:
    person, notes = desk
    done = succeeded(publish(person, "v0.2.1"))
    assert "\nnot announced: CHAT_URL: " in done.out
    first = note(notes, "release")
    assert (first["event"], first["ok"], first["exit"], first["changed"]) == ("release", True, 0, True)
    assert first["text"].startswith(f"Released {first['image']}:v0.2.1 from commit ")
    env = (notes / "env").read_text()
    assert not [name for name in ("CANARY", "GITHUB_TOKEN", "CHAT_URL") if name in env]
    document = succeeded(publish(person, "v0.2.2", "--json")).document
    assert [(each["name"], each["ok"]) for each in document["announcements"]] == [("note", True), ("CHAT_URL", False)]
    assert note(notes, "release")["lanes"] == document["lanes"]
    succeeded(publish(person, "v0.2.2"))
    assert note(notes, "release")["changed"] is False
    back = ("rollback", "--lane", "main", "--reason", "crashes")
    succeeded(person.invoke(*back, "--dry-run"))
    assert not (notes / "rollback.json").exists()
    document = succeeded(person.invoke(*back, "--json")).document
    announced = note(notes, "rollback")
    assert (announced["text"], announced["changed"]) == ("Rolled back main to v0.2.1 (crashes)", True)
    assert (announced["digest"], document["announcements"][0]["ok"]) == (document["digest"], True)


def test_a_plan_and_a_dry_run_show_announcements_and_none_is_made_where_it_is_skipped(
    desk: tuple[Person, Path],
) -> None:
    person, notes = desk
    planned = succeeded(person.invoke("plan", "--lane", "main", "--tag", "v0.2.1"))
    assert "webhook in CHAT_URL" in planned.out
    dry = succeeded(publish(person, "v0.2.1", "--dry-run"))
    assert "dry run: nothing is announced by CHAT_URL" in dry.err
    skipped = succeeded(publish(person, "v0.2.1", "--skip", "announce", "--json"))
    assert skipped.document["announcements"] == []
    assert list(notes.iterdir()) == []


def test_a_release_that_fails_is_not_announced(desk: tuple[Person, Path]) -> None:
    person, notes = desk
    (person.checkout / "untracked").touch()
    assert publish(person, "v0.2.1").code == 3
    assert list(notes.iterdir()) == []
