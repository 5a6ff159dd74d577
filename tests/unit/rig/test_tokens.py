"""The rig's token service answers as GHCR does."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from tests.rig import tokens

ACCOUNTS = tokens.accounts()
PUBLIC = "repository:acme/app:pull"


@pytest.fixture
def signed() -> list[tuple[str, list[dict[str, Any]]]]:
    """What was signed: for whom, and which access."""
    return []


@pytest.fixture
def service(signed: list[tuple[str, list[dict[str, Any]]]]) -> tokens.Service:
    def sign(account: str, access: list[dict[str, Any]]) -> str:
        signed.append((account, access))
        return f"jwt-{len(signed)}"

    return tokens.Service(accounts=ACCOUNTS, sign=sign, exists=lambda name: name == "acme/app")


def basic(name: str) -> str:
    who = ACCOUNTS[name]
    return f"Basic {base64.b64encode(f'{who.username}:{who.password}'.encode()).decode()}"


@pytest.mark.parametrize(
    ("account", "granted"),
    [("push", ["pull", "push"]), ("pull", ["pull"]), ("unlinked", ["pull"])],
)
def test_an_account_is_granted_what_it_may_do_and_no_more(
    service: tokens.Service, signed: list[tuple[str, list[dict[str, Any]]]], account: str, granted: list[str]
) -> None:
    answer = service.ask(basic(account), ["repository:acme/new:pull,push"])
    assert answer.status == 200
    assert signed == [(account, [{"type": "repository", "name": "acme/new", "actions": granted}])]


@pytest.mark.parametrize(
    ("authorization", "scope", "status", "message"),
    [
        ("", "repository:private/app:pull", 401, "authentication required"),
        ("", "repository:acme/missing:pull", 403, "denied"),
        ("push", "registry:catalog:*", 403, "denied"),
        ("unknown", PUBLIC, 403, "denied"),
    ],
)
def test_who_may_not_even_ask_is_refused_in_ghcrs_words(
    service: tokens.Service, authorization: str, scope: str, status: int, message: str
) -> None:
    answer = service.ask(basic(authorization) if authorization else "", [scope])
    assert (answer.status, answer.document["errors"][0]["message"]) == (status, message)


def test_a_stranger_may_pull_what_is_public(service: tokens.Service) -> None:
    assert service.ask("", [PUBLIC]).status == 200


def test_a_token_is_opaque_and_stands_for_a_signed_one(service: tokens.Service) -> None:
    token = service.ask(basic("push"), [PUBLIC]).document["token"]
    assert "." not in token
    assert service.holder(f"Bearer {token}") == ("push", "jwt-1")


@pytest.mark.parametrize("header", ["", "Bearer made-up", "Basic eDp5"])
def test_a_token_that_was_never_issued_has_no_holder(service: tokens.Service, header: str) -> None:
    assert service.holder(header) is None


def test_a_token_is_forgotten_when_its_time_is_over(service: tokens.Service, monkeypatch: pytest.MonkeyPatch) -> None:
    token = service.ask(basic("push"), [PUBLIC]).document["token"]
    later = time.monotonic() + tokens.LIFE + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert service.holder(f"Bearer {token}") is None


def test_scopes_may_come_apart_or_together_and_with_a_port_in_the_name() -> None:
    assert tokens.parse_scopes(["repository:a/b:pull,push repository:c:pull", "repository:h:5/d:pull"]) == [
        ("repository", "a/b", ["pull", "push"]),
        ("repository", "c", ["pull"]),
        ("repository", "h:5/d", ["pull"]),
    ]


def test_an_accounts_password_is_not_shown() -> None:
    assert ACCOUNTS["push"].password not in repr(ACCOUNTS["push"])
