"""``[sign]`` of the project file."""

from __future__ import annotations

from typing import Any

import pytest

from shiplane.config.keys.sign import SigningSettings, SignTool
from shiplane.config.project_file import parse_project_file
from shiplane.core.errors import ConfigurationError

COSIGN = {"tool": "cosign", "key": "keys/cosign.key"}
KEYLESS = {"tool": "cosign", "identity": "https://github.com/a/b/.*"}
NOTATION = {"tool": "notation", "key": "release.key", "certificate": "release.crt"}


def signing(table: dict[str, Any]) -> SigningSettings:
    settings = parse_project_file({"sign": table}, "shiplane.toml").sign
    assert settings
    return settings


def test_nothing_is_signed_by_default() -> None:
    assert parse_project_file({}, "shiplane.toml").sign is None


@pytest.mark.parametrize(
    ("table", "public", "secrets", "text"),
    [
        (COSIGN, "keys/cosign.pub", ("COSIGN_PASSWORD",), "cosign with key keys/cosign.key"),
        ({**COSIGN, "key": "k.pem"}, "", ("COSIGN_PASSWORD",), "cosign with key k.pem"),
        ({**COSIGN, "public-key": "other.pub", "password-env": "P"}, "other.pub", ("P",), None),
        ({**COSIGN, "key": "env://K"}, "", ("K", "COSIGN_PASSWORD"), "cosign with key env://K"),
        ({**COSIGN, "key": "awskms:///alias/release"}, "awskms:///alias/release", ("COSIGN_PASSWORD",), None),
        (KEYLESS, "", (), None),
        (NOTATION, "release.pub", (), "notation with key release.key"),
        ({**NOTATION, "key": "env://K"}, "", ("K",), None),
    ],
)
def test_a_key_is_a_file_a_variable_or_in_a_store(
    table: dict[str, Any], public: str, secrets: tuple[str, ...], text: str | None
) -> None:
    settings = signing(table)
    assert (settings.verifies_with, settings.secret_variables) == (public, secrets)
    assert str(settings) == text or text is None


@pytest.mark.parametrize(
    ("table", "logged"),
    [
        (COSIGN, False),
        ({**COSIGN, "transparency-log": True}, True),
        ({**COSIGN, "transparency-log": False}, False),
        (KEYLESS, True),
        (NOTATION, False),
    ],
)
def test_a_key_is_nobodys_business_and_a_keyless_signature_is_everybodys(table: dict[str, Any], logged: bool) -> None:  # noqa: FBT001
    settings = signing(table)
    assert settings.uses_log is logged
    assert ("public transparency log" in str(settings)) is logged


@pytest.mark.parametrize(
    ("table", "signer"),
    [
        (COSIGN, "keys/cosign.pub"),
        ({**COSIGN, "key": "env://K"}, "env://K"),
        (KEYLESS, KEYLESS["identity"]),
        (NOTATION, "release.crt"),
    ],
)
def test_who_signs_is_told_without_a_secret(table: dict[str, Any], signer: str) -> None:
    assert signing(table).signer == signer


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({}, "needs tool, one of cosign, notation"),
        ({"tool": "gpg"}, "expected one of cosign, notation"),
        ({"tool": "cosign"}, "has neither key nor identity"),
        ({**COSIGN, "identity": "x"}, "has both key and identity"),
        ({**KEYLESS, "transparency-log": False}, "is false without a key"),
        ({**COSIGN, "issuer": "x"}, "needs identity beside it"),
        ({**COSIGN, "key": "-k"}, "is not a key"),
        ({**COSIGN, "key": "pkcs11://x"}, "is not a key"),
        ({**COSIGN, "key": "env://A B"}, "is not a key"),
        ({**COSIGN, "certificate": "x"}, "unknown key 'certificate'"),
        ({"tool": "notation", "key": "a"}, "certificate is missing"),
        ({"tool": "notation", "certificate": "a"}, "key is missing"),
        ({**NOTATION, "key": "awskms:///x"}, "is not a key"),
        ({**NOTATION, "transparency-log": True}, "unknown key"),
        ({**COSIGN, "required": "yes"}, "expected a boolean"),
        ({**COSIGN, "timeout-seconds": 0}, "expected a number above 0"),
    ],
)
def test_what_contradicts_itself_is_refused(table: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        signing(table)


def test_the_tool_is_read() -> None:
    assert signing(NOTATION).tool is SignTool.NOTATION
    assert signing({**COSIGN, "required": True, "timeout-seconds": 5}).required


def test_a_rehearsal_signs_nothing() -> None:
    assert parse_project_file({"sign": COSIGN}, "shiplane.toml").for_rehearsal().sign is None
