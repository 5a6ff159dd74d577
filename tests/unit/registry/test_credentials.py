"""Who uses which credential: commands that read, and commands that write."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from shiplane.registry.credential_variables import CredentialVariables, default_variables
from shiplane.registry.credentials import Credentials

PAIR = {"GHCR_USERNAME": "robot", "GHCR_TOKEN": "ghp_robot"}
JOB = {"GITHUB_ACTOR": "actor", "GITHUB_TOKEN": "ghs_job"}
OWN = {"R_USER": "rita", "R_WORD": "r_word"}
R_NAMES = CredentialVariables(username_env=("R_USER",), password_env=("R_WORD",))
LOOPBACK = "127.0.0.1:5000"


def credentials(
    home: Path, env: dict[str, str], names: dict[str, CredentialVariables], stored: str = ""
) -> Credentials:
    if stored:
        (home / ".docker").mkdir()
        login = {stored: {"auth": base64.b64encode(b"stored:word").decode()}}
        (home / ".docker/config.json").write_text(json.dumps({"auths": login}))
    return Credentials(env={"HOME": str(home), **env}, names=names)


NAMED = {"ghcr.io": R_NAMES, "r.example": R_NAMES, LOOPBACK: default_variables("ghcr.io", {})}
CASES = [
    # registry, variables, names, stored login; who writes, who reads where a stranger is refused
    ("ghcr.io", {**PAIR, **JOB}, {}, "", "robot", "robot"),
    ("ghcr.io", JOB, {}, "", "actor", "actor"),
    ("ghcr.io", {**JOB, "GITHUB_SERVER_URL": "https://ghe.example"}, {}, "", "", ""),
    ("ghcr.io", {**PAIR, **OWN}, NAMED, "", "rita", "robot"),
    ("ghcr.io", {}, {}, "ghcr.io", "stored", "stored"),
    ("r.example", {**PAIR, **JOB, **OWN}, {}, "", "", ""),
    ("r.example", OWN, NAMED, "", "rita", ""),
    ("r.example", OWN, NAMED, "r.example", "rita", "stored"),
    ("r.example", {}, NAMED, "ghcr.io", "", ""),
    (LOOPBACK, PAIR, {}, "", "", ""),
    (LOOPBACK, PAIR, NAMED, "", "robot", ""),
    (LOOPBACK, PAIR, NAMED, LOOPBACK, "robot", "stored"),
]


@pytest.mark.parametrize(("registry", "env", "names", "stored", "writes", "reads"), CASES)
def test_what_only_the_project_file_names_is_for_commands_that_write(
    registry: str,
    env: dict[str, str],
    names: dict[str, CredentialVariables],
    stored: str,
    writes: str,
    reads: str,
    tmp_path: Path,
) -> None:
    known = credentials(tmp_path, env, names, stored)
    writer, reader = known.for_writing(registry), known.for_reading(registry)
    assert ((writer.username if writer else ""), (reader.username if reader else "")) == (writes, reads)
    assert {found.registry for found in (writer, reader) if found} <= {registry}


def test_a_token_host_alone_names_no_variables_and_hides_none(tmp_path: Path) -> None:
    known = credentials(tmp_path, PAIR, {"ghcr.io": CredentialVariables(token_host="tokens.example")})
    assert known.secret_variables() == {"GHCR_TOKEN", "GITHUB_TOKEN"}
    found = known.for_writing("ghcr.io")
    assert found is not None
    assert [candidate.belongs for candidate in known.variables("ghcr.io")] == [True, True]


@pytest.mark.parametrize(
    ("registry", "names", "pushes", "variables"),
    [
        ("ghcr.io", {}, True, "GHCR_USERNAME and GHCR_TOKEN"),
        ("ghcr.io", {}, False, "GHCR_USERNAME and GHCR_TOKEN"),
        ("r.example", {}, True, ""),
        ("r.example", NAMED, True, "R_USER and R_WORD"),
        ("r.example", NAMED, False, ""),
    ],
)
def test_a_login_is_asked_for_by_the_variables_that_would_be_sent(
    tmp_path: Path, registry: str, names: dict[str, CredentialVariables], variables: str, *, pushes: bool
) -> None:
    assert credentials(tmp_path, {}, names).login_variables(registry, pushes) == variables
