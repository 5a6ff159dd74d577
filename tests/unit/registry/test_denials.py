from __future__ import annotations

import pytest

from shiplane.core.errors import (
    AccessError,
    ConfigurationError,
    LostRaceError,
    PrerequisiteError,
    RefusedError,
    ShiplaneError,
    UnreachableError,
    UsageError,
    VerificationError,
)
from shiplane.registry.http.denials import SET_SECRETS, anonymous_cause, cause_of, is_rate_limit


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("permission_denied: write_package", "is not linked to this repository"),
        ("denied: permission_denied: write_package", "is not linked to this repository"),
        ("DENIED: Permission_Denied: Write_Package\n", "is not linked to this repository"),
        ("permission_denied: create_package", "may not create it"),
        ("permission_denied: The token provided does not match expected scopes.", "lacks write:packages"),
        ("installation not allowed to Create organization package", "lacks 'packages: write'"),
        ("installation not allowed to Write organization package", "lacks 'packages: write'"),
        ("The requested installation does not exist.", "an app installation unknown to GHCR"),
        ("denied: denied", "wrong or has expired"),
        ("denied", "wrong or has expired"),
        ("  denied\n", "wrong or has expired"),
        ("unauthorized: authentication required", "wrong or has expired"),
        ("Get https://ghcr.io: unauthorized: incorrect username or password", "wrong or has expired"),
        ("denied: something new", "is wrong or has expired, or it is valid but lacks permission"),
        ("", "is wrong or has expired, or it is valid but lacks permission"),
        ("toomanyrequests: retry-after: 10.305464ms, allowed: 44000/minute", "a rate limit, not a permission"),
        ("You have exceeded a secondary rate limit", "a rate limit, not a permission"),
        ("tag is immutable", "protects this tag"),
        ("ImageTagAlreadyExistsException: the tag exists", "protects this tag"),
    ],
)
def test_a_refusal_is_told_from_the_registrys_own_words(words: str, meaning: str) -> None:
    assert meaning in cause_of(words, "ghcr.io").meaning
    assert cause_of(words, "ghcr.io").remedy


@pytest.mark.parametrize(
    "words",
    [
        "",
        "denied",
        "permission_denied: write_package",
        "does not match expected scopes",
        "requested installation does not exist",
    ],
)
def test_where_a_token_may_help_the_runbooks_advice_is_given(words: str) -> None:
    assert SET_SECRETS in cause_of(words, "ghcr.io").remedy
    assert "configure the GHCR secrets explicitly" in SET_SECRETS


@pytest.mark.parametrize("words", ["", "denied", "unauthorized: authentication required"])
@pytest.mark.parametrize(
    ("variables", "names"), [("", 'the variables of [registries."r.example"]'), ("R_USER and R_KEY",) * 2]
)
def test_another_registrys_refusal_advises_its_own_variables(words: str, variables: str, names: str) -> None:
    remedy = cause_of(words, "r.example", variables).remedy
    assert f"set {names}, or run docker login r.example" in remedy
    assert "GHCR" not in remedy


def test_a_registry_given_the_variables_of_ghcr_is_spoken_of_like_it() -> None:
    assert SET_SECRETS in cause_of("denied", "r.example", "GHCR_USERNAME and GHCR_TOKEN").remedy


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("toomanyrequests", True),
        ("API rate limit exceeded", True),
        ("tag v1.2.3 cannot be overwritten", False),
        ("The image tag is IMMUTABLE", False),
        ("denied", False),
        ("", False),
    ],
)
def test_only_a_rate_limit_asks_for_patience(words: str, *, limit: bool) -> None:
    assert is_rate_limit(words) is limit


def test_each_situation_has_the_exit_code_that_scripts_rely_on() -> None:
    codes = {
        ShiplaneError: 1,
        UsageError: 2,
        ConfigurationError: 2,
        PrerequisiteError: 3,
        AccessError: 4,
        RefusedError: 5,
        VerificationError: 6,
        UnreachableError: 7,
        LostRaceError: 8,
    }
    assert {kind: kind.exit_code for kind in codes} == codes
    assert len({kind.kind for kind in codes}) == len(codes)


def test_an_error_says_what_and_then_what_to_do() -> None:
    assert str(UsageError("a tag is wrong", remedy="Use another.")) == "a tag is wrong\n  Use another."
    assert str(UsageError("a tag is wrong")) == "a tag is wrong"


@pytest.mark.parametrize(
    ("registry", "variables", "pushes", "advice"),
    [
        ("ghcr.io", "GHCR_USERNAME and GHCR_TOKEN", True, "Set GHCR_USERNAME and GHCR_TOKEN (a classic token"),
        ("ghcr.io", "GHCR_USERNAME and GHCR_TOKEN", False, "Set GHCR_USERNAME and GHCR_TOKEN, or run docker login"),
        ("r.example", "R_USER and R_TOKEN", True, "Set R_USER and R_TOKEN, or run docker login r.example"),
        (
            "r.example",
            "",
            True,
            'docker login r.example, or name its variables in shiplane.toml: [registries."r.example"]',
        ),
        ("r.example", "", False, "Run docker login r.example; "),
    ],
)
def test_a_stranger_is_told_of_variables_that_would_be_sent(
    registry: str, variables: str, advice: str, *, pushes: bool
) -> None:
    cause = anonymous_cause("denied", registry, variables, pushes=pushes)
    assert advice in cause.remedy
    assert variables or "GHCR" not in cause.remedy
    limited = anonymous_cause("toomanyrequests", registry, variables, pushes=pushes)
    assert "rate limit" in limited.meaning
