"""Who may push is known before anything is built, and said in words that help; a credential goes where it belongs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.person import Log, Person, Reader, runbook, without
from tests.rig import Rig
from tests.rig.sample import pair_for

pytestmark = pytest.mark.e2e

Workstation = tuple[Person, Reader]
HELPER = """#!/bin/sh
# A credential helper that writes down what it is asked, and what it could have stolen.
given=$(cat)
printf '%s %s\\n' "$1" "$given" >> "$HELPER_LOG"
env >> "$HELPER_LOG.env"
[ "$1" = get ] || exit 0
case $given in
    "$HELPER_KNOWS") printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}' "$given" "$HELPER_USER" "$HELPER_WORD" ;;
    *) echo "credentials not found in native keychain"; exit 1 ;;
esac
"""

ACCOUNTS = [
    ("push", 0, ["confirmed (test upload accepted)", "this is the first publish"]),
    ("pull", 4, ["The token provided does not match expected scopes", "Cause: the token lacks write:packages"]),
    ("unlinked", 4, ["permission_denied: write_package", "is not linked to this repository", "Manage Actions access"]),
    ("unknown", 4, ["HTTP 403: denied", "the token is wrong or has expired", "configure the GHCR secrets explicitly"]),
    ("none", 4, ["anonymously (no credentials)", "anonymous push is not allowed", "Set GHCR_USERNAME and GHCR_TOKEN"]),
]


def one_line(text: str) -> str:
    """A table's text without its line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize(("account", "code", "words"), ACCOUNTS, ids=[row[0] for row in ACCOUNTS])
def test_each_account_is_told_apart_at_once(rig: Rig, sample: Path, account: str, code: int, words: list[str]) -> None:
    image = f"{rig.guarded}/cognary/access-{account}"
    variables = {"IMAGE_REPO": image} if account == "none" else runbook(rig, image, account)
    person = Person(rig, sample, variables)
    done = person.invoke("check.access")
    assert done.code == code, done
    told = one_line(done.out)
    assert [word for word in words if word not in told] == []
    assert not done.built
    assert "Traceback" not in done.err
    if code:
        assert "How to fix:" in told


@pytest.mark.parametrize(("account", "code"), [row[:2] for row in ACCOUNTS[1:]])
def test_a_publish_ends_there_too_and_builds_nothing(
    guarded_workstation: Workstation, rig: Rig, account: str, code: int
) -> None:
    person, reader = guarded_workstation
    image = person.variables["IMAGE_REPO"]
    person.variables = {"IMAGE_REPO": image} if account == "none" else runbook(rig, image, account)
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1")
    assert (done.code, done.built, reader.tags()) == (code, False, {}), done


def test_the_rows_are_json_too(guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    document = person.invoke("check.access", "--json").document
    assert document["ok"] is True
    rows = {row["name"]: row["state"] for row in document["checks"]}
    names = ("credential", "token", "upload", "package", "registry")
    assert rows == {f"access: {name}": "done" for name in names}


def test_the_upload_probe_leaves_no_name_and_deletes_nothing(rig: Rig, guarded_workstation: Workstation) -> None:
    person, reader = guarded_workstation
    log = Log(rig.guarded_log)
    assert person.invoke("check.access").code == 0
    assert {line.split()[0] for line in log.lines()} == {"GET", "POST"}
    assert reader.tags() == {}


def test_a_registry_that_is_down_is_no_denial(rig: Rig, sample: Path) -> None:
    person = Person(rig, sample, runbook(rig, "127.0.0.1:9/cognary/aionis"))
    done = person.invoke("check.access")
    assert done.code == 7, done
    assert "connection was refused" in one_line(done.out)


def helper_env(tmp_path: Path, rig: Rig, config: dict[str, object], **more: str) -> dict[str, str]:
    """An environment in which docker, and whoever reads its configuration, would ask the helper."""
    tools, folder = tmp_path / "tools", tmp_path / "docker"
    tools.mkdir()
    helper = tools / "docker-credential-fake"
    helper.write_text(HELPER)
    helper.chmod(0o755)
    shutil.copytree(rig.env["DOCKER_CONFIG"], folder, symlinks=True, ignore=shutil.ignore_patterns("config.json"))
    (folder / "config.json").write_text(json.dumps(config))
    path = f"{tools}:{rig.env['PATH']}"
    return {"PATH": path, "DOCKER_CONFIG": str(folder), "HELPER_LOG": str(tmp_path / "asked"), **more}


def asked(tmp_path: Path) -> str:
    """What the helper was asked, and what it saw."""
    return "".join(path.read_text() for path in sorted(tmp_path.glob("asked*")))


@pytest.mark.parametrize("kind", ["credsStore", "credHelpers"])
def test_no_helper_is_asked_for_a_registry_whose_credential_is_known(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path, kind: str
) -> None:
    person, reader = guarded_workstation
    config: dict[str, object] = {kind: "fake" if kind == "credsStore" else {rig.guarded: "fake"}}
    person.variables |= helper_env(tmp_path, rig, config)
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--platforms", "linux/amd64")
    assert done.code == 0, done
    assert "v0.2.1" in reader.tags()
    seen = asked(tmp_path)
    assert rig.guarded not in [line.partition(" ")[2] for line in seen.splitlines()]
    assert person.variables["GHCR_TOKEN"] not in seen
    assert json.loads((tmp_path / "docker/config.json").read_text()) == config


def test_what_a_helper_knows_is_used_when_nobody_else_does_and_it_sees_no_secret(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path
) -> None:
    person, _ = guarded_workstation
    who, canary = rig.accounts["push"], "ghp_c4n4ryc4n4ryc4n4ryc4n4ry"
    person.variables = without(person.variables, "GHCR_USERNAME", "GHCR_TOKEN")
    person.variables |= helper_env(
        tmp_path,
        rig,
        {"credsStore": "fake"},
        HELPER_KNOWS=rig.guarded,
        HELPER_USER=who.username,
        HELPER_WORD=who.password,
        GITHUB_TOKEN=canary,
        ACTIONS_RUNTIME_TOKEN=canary,
    )
    shown = person.invoke("auth.show", "--json").document
    assert (shown["username"], "docker-credential-fake" in shown["source"]) == (who.username, True)
    assert person.invoke("check.access").code == 0
    assert f"get {rig.guarded}" in asked(tmp_path)
    assert canary not in asked(tmp_path)


def test_an_empty_entry_means_the_file_whatever_the_store_is(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path
) -> None:
    person, _ = guarded_workstation
    person.variables = without(person.variables, "GHCR_USERNAME", "GHCR_TOKEN")
    config: dict[str, object] = {"credsStore": "fake", "credHelpers": {rig.guarded: ""}}
    person.variables |= helper_env(tmp_path, rig, config)
    shown = person.invoke("auth.show", "--json").document
    assert shown["source"] is None
    assert asked(tmp_path) == ""


def test_a_helper_that_fails_is_named(rig: Rig, guarded_workstation: Workstation, tmp_path: Path) -> None:
    person, _ = guarded_workstation
    person.variables = without(person.variables, "GHCR_USERNAME", "GHCR_TOKEN")
    person.variables |= helper_env(tmp_path, rig, {"credsStore": "absent"})
    done = person.invoke("check.access")
    assert (done.code, "docker-credential-absent is not installed" in one_line(done.out)) == (4, True), done
    shown = person.invoke("auth.show")
    assert (shown.code, "docker-credential-absent is not installed" in shown.out) == (0, True), shown


def test_a_helper_that_is_gone_is_not_asked_for_what_everybody_may_read(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path
) -> None:
    person, _ = guarded_workstation
    person.variables |= helper_env(tmp_path, rig, {"credsStore": "absent"})
    published = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--platforms", "linux/amd64")
    assert published.code == 0, published
    person.variables = without(person.variables, "GHCR_USERNAME", "GHCR_TOKEN")
    for task in (("verify", "--tag", "v0.2.1", "--latest=no", "--pull"), ("status",), ("plan", "--tag", "v0.2.1")):
        done = person.invoke(task[0], "--lane", "main", *task[1:])
        assert done.code == 0, done
    assert person.invoke("unmark", "--lane", "main", "--tag", "v0.2.1").code == 4


def test_login_goes_to_the_configured_store_by_standard_input(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path
) -> None:
    person, _ = guarded_workstation
    person.variables |= helper_env(tmp_path, rig, {"credsStore": "fake"})
    assert person.invoke("auth.login").code == 0
    stored = [line for line in asked(tmp_path).splitlines() if line.startswith("store ")]
    assert len(stored) == 1
    assert json.loads(stored[0].partition(" ")[2])["Secret"] == person.variables["GHCR_TOKEN"]
    assert "auth" not in json.loads((tmp_path / "docker/config.json").read_text())["auths"].get(rig.guarded, {})


def test_show_names_the_winner_and_why_the_others_lost(rig: Rig, guarded_workstation: Workstation) -> None:
    person, _ = guarded_workstation
    (person.checkout / "shiplane.toml").write_text(
        pair_for(rig.guarded) + '[registries."r.example.org"]\nusername-env = ["R_USER"]\npassword-env = ["R_WORD"]\n'
    )
    done = person.invoke("auth.show", GITHUB_ACTOR="actor", GITHUB_TOKEN="ghs_c4n4ryc4n4ry", R_USER="me")
    assert done.code == 0, done
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    who = person.variables["GHCR_USERNAME"]
    used = f"used by commands that write, as {who}: only shiplane.toml assigns it to this registry"
    assert rows[0] == f"{rig.guarded} GHCR_USERNAME + GHCR_TOKEN {used}"
    assert rows[1] == f"{rig.guarded} GITHUB_ACTOR + GITHUB_TOKEN not used: an earlier one takes precedence"
    assert rows[3] == "r.example.org R_USER + R_WORD R_WORD not set"
    assert rows[5].startswith("r.example.org no credential")
    assert person.variables["GHCR_TOKEN"] not in done.out + done.err
