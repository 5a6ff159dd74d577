"""The command lines of the tools, and what their answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from shiplane.config.keys.sign import SigningSettings, SignTool
from shiplane.core.errors import AccessError, ShiplaneError, UnreachableError, VerificationError
from shiplane.core.system.process import ProcessResult
from shiplane.registry.oci.names import Digest, Repository
from shiplane.signing.commands import SigningCommands, complaint, read_verification, signing_error, version_of
from shiplane.signing.signature import SignatureState, SignedDigest

DIGEST = SignedDigest(Repository("ghcr.io", "acme/app"), Digest.of(b"x"), "index")
LOCAL = SignedDigest(Repository("127.0.0.1:5000", "acme/app"), Digest.of(b"x"), "index")
TWICE = "Error: {0}\nerror during command execution: {0}\n"


def commands(public_key: str = "c.pub", **settings: Any) -> SigningCommands:  # noqa: ANN401
    return SigningCommands(settings=SigningSettings(**{"tool": SignTool.COSIGN, **settings}), public_key=public_key)


@pytest.mark.parametrize(
    ("given", "sign", "verify"),
    [
        (
            {"key": "c.key"},
            "cosign sign --yes --key c.key --use-signing-config=false --tlog-upload=false",
            "cosign verify --key c.pub --insecure-ignore-tlog=true",
        ),
        ({"key": "env://K", "log": True}, "cosign sign --yes --key env://K", "cosign verify --key c.pub"),
        (
            {"identity": "https://x/.*", "issuer": "https://i"},
            "cosign sign --yes",
            "cosign verify --certificate-identity-regexp ^(?:https://x/.*)$ --certificate-oidc-issuer https://i",
        ),
        ({"tool": SignTool.NOTATION, "key": "n.key", "certificate": "n.crt"}, "notation sign", "notation verify"),
    ],
)
def test_what_is_run(given: dict[str, Any], sign: str, verify: str) -> None:
    asked = commands(**given)
    assert asked.sign(DIGEST) == [*sign.split(" "), DIGEST.reference]
    assert asked.verify(DIGEST) == [*verify.split(" "), DIGEST.reference]
    assert asked.version == [sign.partition(" ")[0], "version"]


def test_notation_is_told_of_a_registry_without_tls() -> None:
    asked = commands(tool=SignTool.NOTATION, key="n.key", certificate="n.crt")
    assert asked.sign(LOCAL)[2:-1] == asked.verify(LOCAL)[2:-1] == ["--insecure-registry"]


def test_the_public_half_is_taken_from_the_key() -> None:
    assert commands(key="c.key").derive_public_key == ["cosign", "public-key", "--key", "c.key"]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("cosign: A tool\n\nGitVersion:    v3.0.4\nGitCommit:     x", "3.0.4"),
        ("GitVersion:    devel\nGoVersion:     go1.27.3", "None"),
        ("Version:     v1.3.2+unreleased\nGo version:  go1.26.5", "1.3.2"),
        ("Version:     1.2", "1.2"),
        ("", "None"),
    ],
)
def test_a_version_is_read_where_the_tool_knows_it(text: str, version: str) -> None:
    assert str(version_of(text)) == version


def result(code: int, stderr: str = "") -> ProcessResult:
    return ProcessResult(argv=("cosign",), code=code, stdout="", stderr=stderr)


@pytest.mark.parametrize(
    ("stderr", "text"),
    [
        (TWICE.format("no signatures found"), "no signatures found"),
        ("WARNING: Skipping tlog\nFlag --x has been deprecated\nSigning artifact...\nlast", "last"),
        ("", "exit code 1, no output"),
        ("Error: a\x1b[31mb", "ab"),
    ],
)
def test_what_a_tool_complains_of_is_one_line(stderr: str, text: str) -> None:
    assert complaint(result(1, stderr)) == text


@pytest.mark.parametrize(
    ("code", "text", "state"),
    [
        (0, "", SignatureState.VALID),
        (10, "no signatures found", SignatureState.MISSING),
        (1, 'signature verification failed: no signature is associated with "x"', SignatureState.MISSING),
        (1, "no matching attestations: failed to verify signature", SignatureState.INVALID),
        (1, "signature verification failed for all the signatures associated with x", SignatureState.INVALID),
    ],
)
def test_a_verification_is_valid_missing_or_invalid(code: int, text: str, state: SignatureState) -> None:
    signature = read_verification(result(code, TWICE.format(text)), DIGEST)
    assert signature.state is state
    assert signature.detail == (text if state is SignatureState.INVALID else "")


@pytest.mark.parametrize("path", ["geofence/app", "acme/denied", "acme/unauthorized-eof"])
def test_the_name_of_a_repository_is_not_taken_for_what_went_wrong(path: str) -> None:
    digest = SignedDigest(Repository("ghcr.io", path), Digest.of(b"x"), "index")
    text = f"signature verification failed for all the signatures associated with {digest.reference}"
    assert read_verification(result(1, TWICE.format(text)), digest).state is SignatureState.INVALID
    assert type(signing_error(result(1, TWICE.format(text)), digest)) is VerificationError


@pytest.mark.parametrize(
    ("text", "kind", "signing"),
    [
        ("GET http://x/token?scope=y: DENIED: denied", AccessError, AccessError),
        ("response status code 403: denied", AccessError, AccessError),
        ('Get "https://127.0.0.1:2/v2/": dial tcp 127.0.0.1:2: connect: connection refused', *[UnreachableError] * 2),
        ('Get "https://ghcr.io/v2/": unexpected EOF', UnreachableError, UnreachableError),
        ("lookup x: no such host", UnreachableError, UnreachableError),
        ("reading key: decrypt: encrypted: decryption failed", None, AccessError),
        ("anything else", None, VerificationError),
    ],
)
def test_what_is_not_the_signatures_fault_is_told_as_what_it_is(
    text: str, kind: type[ShiplaneError] | None, signing: type[ShiplaneError]
) -> None:
    if kind:
        with pytest.raises(kind, match="cannot be read"):
            read_verification(result(1, TWICE.format(text)), DIGEST)
    error = signing_error(result(1, TWICE.format(text)), DIGEST)
    assert type(error) is signing
    assert text in error.what
