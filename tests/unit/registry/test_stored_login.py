"""What ``docker login`` and other tools store, entry by entry."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from shiplane.core.errors import AccessError
from shiplane.registry.stored_login import StoredLogin, stored_login

PAIR = base64.b64encode(b"robot:p4ss:w0rd").decode()


def stored(home: Path, entry: object, *, name: str = "registry.example") -> StoredLogin:
    (home / "config.json").write_text(json.dumps({"auths": {name: entry}}))
    return stored_login("registry.example", {"DOCKER_CONFIG": str(home)})


LOGINS = {
    "auth": {"auth": PAIR},
    "username and password": {"username": "robot", "password": "p4ss:w0rd"},
    "auth goes first": {"auth": PAIR, "username": "other", "password": "other"},
    "an empty auth": {"auth": "", "username": "robot", "password": "p4ss:w0rd"},
    "an e-mail address beside": {"auth": PAIR, "email": "robot@example"},
    "an empty identity token": {"auth": PAIR, "identitytoken": ""},
}


@pytest.mark.parametrize("entry", LOGINS.values(), ids=LOGINS.keys())
@pytest.mark.parametrize("name", ["registry.example", "https://registry.example/v1/", "http://registry.example"])
def test_a_login_is_read_in_each_of_its_forms(tmp_path: Path, entry: dict[str, str], name: str) -> None:
    found = stored(tmp_path, entry, name=name)
    assert (found.username, found.password, found.problem) == ("robot", "p4ss:w0rd", "")
    assert "p4ss" not in repr(found)


NONE = {
    "nothing": ({}, "no login"),
    "half of it": ({"username": "robot"}, "no login"),
    "the other half": ({"password": "p4ss"}, "no login"),
    "no pair": ({"auth": base64.b64encode(b"robot").decode()}, "no login"),
    "a list": (["robot"], "no login"),
    "an identity token": ({"auth": PAIR, "identitytoken": "p4ss"}, "an identity token"),
    "a registry token": ({"registrytoken": "p4ss"}, "a registry token"),
}


@pytest.mark.parametrize(("entry", "why"), NONE.values(), ids=NONE.keys())
def test_what_is_no_login_is_told_without_what_it_holds(tmp_path: Path, entry: object, why: str) -> None:
    found = stored(tmp_path, entry)
    assert (found.username, found.password) == ("", "")
    assert found.problem.startswith(why)
    assert "p4ss" not in repr(found)


@pytest.mark.parametrize("auth", ["%%%", PAIR[:-1] + "!", base64.b64encode(b"\xff:\xff").decode()])
def test_a_damaged_login_is_an_error(tmp_path: Path, auth: str) -> None:
    with pytest.raises(AccessError, match="is not valid base64"):
        stored(tmp_path, {"auth": auth})
