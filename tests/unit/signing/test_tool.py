"""The tool as a child: what it is given, what is kept from it, and what is said of what it lacks. With a stand-in."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shiplane.config.keys.sign import SigningSettings, SignTool
from shiplane.core.errors import AccessError, ConfigurationError, PrerequisiteError, ShiplaneError, VerificationError
from shiplane.registry.oci.names import Digest, Repository
from shiplane.signing.signature import SignatureState, SignedDigest
from shiplane.signing.tool import SigningTool

DIGEST = SignedDigest(Repository("ghcr.io", "acme/app"), Digest.of(b"x"), "index")
PASSWORD, KEY = "pw-c4n4ry", "KEY-C4N4RY"
# Notes how it was called; answers by the file "answers" beside it: exit code and texts by the first word.
PROGRAM = """\
import json, os, sys, time
here = os.path.dirname(os.path.abspath(__file__))
answers = json.load(open(os.path.join(here, "answers")))
code, out, err = answers.get(sys.argv[1], [0, "", ""])
home = os.environ.get("XDG_CONFIG_HOME", "")
files = {name: open(os.path.join(folder, name)).read() for folder, _, names in os.walk(home) for name in names}
with open(os.path.join(here, "calls"), "a") as calls:
    print(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ), "files": files}), file=calls)
time.sleep(60 if err == "hang" else 0)
print(out, end="")
print(err, end="", file=sys.stderr)
sys.exit(code)
"""


@dataclass
class Bench:
    """A project with keys, and a tool that notes its calls."""

    folder: Path
    answers: dict[str, Any] = field(default_factory=lambda: {"version": [0, "GitVersion: v3.1.1", ""]})
    logins: int = 0

    def __post_init__(self) -> None:
        for name in ("bin", "root", "private"):
            (self.folder / name).mkdir()
        (self.folder / "bin/tool.py").write_text(PROGRAM)
        for tool in SignTool:
            path = self.folder / "bin" / tool.value
            path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {self.folder}/bin/tool.py "$@"\n')
            path.chmod(0o755)
        for name in ("c.key", "n.key", "n.crt"):
            (self.folder / "root" / name).write_text(f"{name}\n")

    def tool(self, *, secrets: dict[str, str] | None = None, **settings: Any) -> SigningTool:  # noqa: ANN401
        (self.folder / "bin/answers").write_text(json.dumps(self.answers))
        given = {"tool": SignTool.COSIGN, "key": "c.key", "timeout": 20.0, **settings}
        return SigningTool(
            settings=SigningSettings(**given),
            root=self.folder / "root",
            env=self.env,
            secrets={"COSIGN_PASSWORD": PASSWORD, "K": KEY} if secrets is None else secrets,
            login=self._log_in,
            folder=self.folder / "private",
        )

    @property
    def env(self) -> dict[str, str]:
        return {"PATH": f"{self.folder}/bin:{os.defpath}"}

    def _log_in(self) -> dict[str, str]:
        self.logins += 1
        return {**self.env, "DOCKER_CONFIG": "/private/login"}

    def calls(self) -> list[dict[str, Any]]:
        path = self.folder / "bin/calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def call(self, word: str) -> dict[str, Any]:
        (found,) = [call for call in self.calls() if call["argv"][0] == word]
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_key_and_its_password_reach_the_signing_child_alone(bench: Bench) -> None:
    bench.answers["public-key"] = [0, "PUBLIC", ""]
    tool = bench.tool(key="env://K", public_key="env://P")
    assert (tool.name, tool.signer) == ("cosign", "env://P")
    tool.sign(DIGEST)
    tool.verify(DIGEST)
    signing, verifying = bench.call("sign"), bench.call("verify")
    assert (signing["env"]["COSIGN_PASSWORD"], signing["env"]["K"]) == (PASSWORD, KEY)
    assert not [value for value in verifying["env"].values() if value in (PASSWORD, KEY)]
    assert signing["env"]["DOCKER_CONFIG"] == verifying["env"]["DOCKER_CONFIG"] == "/private/login"
    assert bench.logins == 1
    assert not [word for call in bench.calls() for word in call["argv"] if word in (PASSWORD, KEY)]


def test_a_key_without_a_password_is_opened_without_asking_for_one(bench: Bench) -> None:
    bench.tool(secrets={"X": "y"}, public_key="env://P").sign(DIGEST)
    assert bench.call("sign")["env"]["COSIGN_PASSWORD"] == ""


def test_a_configured_public_key_is_what_is_verified_with(bench: Bench) -> None:
    (bench.folder / "root/c.pub").write_text("PUBLIC\n")
    assert bench.tool(secrets={}).verify(DIGEST).state is SignatureState.VALID
    assert bench.call("verify")["argv"][1:3] == ["--key", "c.pub"]


def test_else_it_is_taken_from_the_private_key(bench: Bench) -> None:
    bench.answers["public-key"] = [0, "PUBLIC\n", ""]
    bench.tool(key="env://K").verify(DIGEST)
    _, path = bench.call("verify")["argv"][1:3]
    assert Path(path).read_text() == "PUBLIC\n"


@pytest.mark.parametrize(("key", "named"), [("c.key", r": c\.pub does not exist"), ("env://K", "")])
def test_without_either_nothing_can_be_verified(bench: Bench, key: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"no public key to verify with{named}") as raised:
        bench.tool(secrets={}, key=key).prepare_to_verify()
    assert f"cosign public-key --key {key}" in raised.value.remedy


def test_a_key_in_a_store_is_verified_with_where_it_is(bench: Bench) -> None:
    bench.answers["public-key"] = [0, "PUBLIC", ""]
    tool = bench.tool(key="awskms:///a")
    tool.check()
    tool.verify(DIGEST)
    assert bench.call("verify")["argv"][1:3] == ["--key", "awskms:///a"]


def test_a_check_opens_the_key_and_needs_no_login(bench: Bench) -> None:
    bench.answers["public-key"] = [0, "PUBLIC\n", ""]
    (bench.folder / "root/c.pub").write_text("PUBLIC")
    assert bench.tool().check() == "cosign 3.1.1, c.pub"
    assert bench.call("public-key")["env"]["COSIGN_PASSWORD"] == PASSWORD
    assert bench.logins == 0


@pytest.mark.parametrize("public", ["c.pub", "env://P"])
def test_a_public_key_of_another_one_is_refused(bench: Bench, public: str) -> None:
    bench.answers["public-key"] = [0, "PUBLIC\n", ""]
    (bench.folder / "root/c.pub").write_text("ANOTHER")
    tool = bench.tool(public_key=public)
    tool = SigningTool(**{**vars(tool), "env": {**bench.env, "P": "ANOTHER"}})
    with pytest.raises(ConfigurationError, match=r"is not the public key of c\.key"):
        tool.check()


@pytest.mark.parametrize(
    ("settings", "answer", "kind", "text"),
    [
        ({"key": "nix.key"}, None, ConfigurationError, "key: cannot read nix.key: No such file"),
        ({"key": "env://NIX"}, None, AccessError, "NIX, which holds the signing key, is not set"),
        ({}, [1, "", "Error: decrypt: encrypted: decryption failed"], AccessError, "cannot be opened"),
        ({}, [1, "", "Error: unsupported pem type"], ConfigurationError, "sign: key: unsupported pem type"),
        ({"public_key": "nix.pub"}, [0, "PUBLIC", ""], ConfigurationError, "public-key: cannot read nix.pub"),
        ({"key": "", "identity": "x"}, None, AccessError, "has no identity to sign with"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(
    bench: Bench, settings: dict[str, Any], answer: object, kind: type[ShiplaneError], text: str
) -> None:
    bench.answers["public-key"] = answer or [1, "", "unexpected"]
    with pytest.raises(kind, match=text):
        bench.tool(**settings).check()


def test_a_keyless_signature_is_made_with_the_jobs_identity(bench: Bench) -> None:
    secrets = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t0ken", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x", "OTHER": "x"}
    tool = bench.tool(secrets=secrets, key="", identity="who")
    assert tool.check() == "cosign 3.1.1, who"
    tool.sign(DIGEST)
    tool.verify(DIGEST)
    given = {name for name in secrets if name in bench.call("sign")["env"]}
    assert given == {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"}
    assert not given & set(bench.call("verify")["env"])


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ([0, "GitVersion: v2.6.1", ""], "cosign 2.6.1 is too old"),
        ([1, "", "Error: broken"], "cosign cannot be run: broken"),
    ],
)
def test_a_tool_that_is_too_old_is_refused(bench: Bench, answer: object, text: str) -> None:
    bench.answers["version"] = answer
    with pytest.raises(PrerequisiteError, match=text) as raised:
        bench.tool().check()
    assert raised.value.remedy == "Install cosign 3.0 or newer."


def test_one_that_does_not_know_its_version_is_taken(bench: Bench) -> None:
    bench.answers |= {"version": [0, "GitVersion: devel", ""], "public-key": [0, "PUBLIC", ""]}
    assert bench.tool().check() == "cosign (version unknown), c.pub"


def test_one_that_is_missing_is_a_prerequisite(bench: Bench) -> None:
    (bench.folder / "bin/cosign").unlink()
    with pytest.raises(PrerequisiteError, match="cosign is not installed"):
        bench.tool().check()


def test_one_that_hangs_ends_by_its_limit(bench: Bench) -> None:
    bench.answers["sign"] = [0, "", "hang"]
    with pytest.raises(VerificationError, match=r"did not end within 0\.5 s"):
        bench.tool(public_key="env://P", timeout=0.5).sign(DIGEST)


def test_one_that_fails_is_quoted(bench: Bench) -> None:
    bench.answers["sign"] = [1, "", "Error: no"]
    with pytest.raises(VerificationError, match=r"\(index\) could not be signed: no"):
        bench.tool(public_key="env://P").sign(DIGEST)


NOTATION: dict[str, Any] = {"tool": SignTool.NOTATION, "key": "n.key", "certificate": "n.crt"}


def test_notation_has_a_configuration_of_its_own_for_the_run(bench: Bench) -> None:
    bench.answers["version"] = [0, "Version: v1.3.2", ""]
    tool = bench.tool(**NOTATION)
    assert tool.check() == "notation 1.3.2, n.crt"
    assert list((bench.folder / "private").iterdir()) == []
    tool.sign(DIGEST)
    tool.verify(DIGEST)
    call = bench.call("verify")
    assert Path(call["env"]["XDG_CONFIG_HOME"]).is_relative_to(bench.folder / "private")
    (key,) = json.loads(call["files"]["signingkeys.json"])["keys"]
    assert (key["keyPath"], call["files"]["certificate.pem"]) == (str(bench.folder / "root/n.key"), "n.crt\n")
    (policy,) = json.loads(call["files"]["trustpolicy.json"])["trustPolicies"]
    assert (policy["signatureVerification"], policy["trustStores"]) == ({"level": "strict"}, ["ca:shiplane"])


def test_notation_verifies_without_a_key(bench: Bench) -> None:
    bench.answers["version"] = [0, "Version: v1.3.2", ""]
    tool = bench.tool(secrets={}, **{**NOTATION, "key": "nix.key"})
    tool.prepare_to_verify()
    tool.verify(DIGEST)
    assert json.loads(bench.call("verify")["files"]["signingkeys.json"]) == {"keys": []}


def test_notations_key_in_a_variable_becomes_a_private_file(bench: Bench) -> None:
    tool = bench.tool(**{**NOTATION, "key": "env://K"})
    tool.sign(DIGEST)
    (key,) = json.loads(bench.call("sign")["files"]["signingkeys.json"])["keys"]
    assert Path(key["keyPath"]).read_text() == KEY
    assert Path(key["keyPath"]).stat().st_mode & 0o777 == 0o600
    assert KEY not in bench.call("sign")["env"].values()


@pytest.mark.parametrize(
    ("changed", "kind", "text"),
    [
        ({"certificate": "nix.crt"}, ConfigurationError, "certificate: cannot read nix.crt"),
        ({"key": "nix.key"}, ConfigurationError, "key: cannot read nix.key"),
        ({"key": "env://NIX"}, AccessError, "NIX, which holds"),
    ],
)
def test_what_notation_lacks_is_found_before_anything_takes_time(
    bench: Bench, changed: dict[str, str], kind: type[ShiplaneError], text: str
) -> None:
    bench.answers["version"] = [0, "Version: v1.3.2", ""]
    with pytest.raises(kind, match=text):
        bench.tool(**{**NOTATION, **changed}).check()


def test_what_is_no_text_is_no_key(bench: Bench) -> None:
    (bench.folder / "root/c.key").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"cannot read c\.key: not text"):
        bench.tool().check()
