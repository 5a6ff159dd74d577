"""Which engine is meant, as docker reads its environment and its contexts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shiplane.core.errors import UnreachableError
from shiplane.docker.endpoint import Endpoint, endpoint_of

HOST = "tcp://far.example:2376"
OF_ENVIRONMENT = {
    "no TLS": ({}, Endpoint(host=HOST, verified=False)),
    "empty": ({"DOCKER_TLS_VERIFY": "", "DOCKER_TLS": ""}, Endpoint(host=HOST, verified=False)),
    "a folder alone": ({"DOCKER_CERT_PATH": "/certs"}, Endpoint(host=HOST, verified=False)),
    "verified": ({"DOCKER_TLS_VERIFY": "0"}, Endpoint(host=HOST, certificates=Path("/home/.docker"))),
    "its own configuration": (
        {"DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": "/config"},
        Endpoint(host=HOST, certificates=Path("/config")),
    ),
    "a folder": (
        {"DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": "/config", "DOCKER_CERT_PATH": "/certs"},
        Endpoint(host=HOST, certificates=Path("/certs")),
    ),
    "not verified": (
        {"DOCKER_TLS": "1"},
        Endpoint(host=HOST, certificates=Path("/home/.docker"), verified=False),
    ),
}


@pytest.mark.parametrize(("env", "endpoint"), OF_ENVIRONMENT.values(), ids=OF_ENVIRONMENT.keys())
def test_the_environment_is_read_as_docker_reads_it(env: dict[str, str], endpoint: Endpoint) -> None:
    assert endpoint_of({"HOME": "/home", "DOCKER_HOST": HOST, **env}) == endpoint


def context(folder: Path, answer: str, code: int = 0) -> dict[str, str]:
    """An environment in which docker says this of its current context."""
    program = folder / "docker"
    program.write_text(
        f"#!/bin/sh\n[ \"$*\" = 'context inspect' ] || exit 9\ncat <<'END'\n{answer}\nEND\nexit {code}\n"
    )
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def described(**docker: object) -> dict[str, object]:
    return {"Name": "far", "Endpoints": {"docker": {"Host": HOST, **docker}}, "Storage": {"TLSPath": "/store/tls/abc"}}


MATERIAL = {"TLSMaterial": {"docker": ["ca.pem", "cert.pem", "key.pem"]}}
OF_CONTEXT = {
    "no TLS": ({**described(), "TLSMaterial": {}}, Endpoint(host=HOST)),
    "null": ({**described(), "TLSMaterial": None}, Endpoint(host=HOST)),
    "files": (
        {**described(SkipTLSVerify=False), **MATERIAL},
        Endpoint(host=HOST, certificates=Path("/store/tls/abc/docker")),
    ),
    "unverified": (
        {**described(SkipTLSVerify=True), **MATERIAL},
        Endpoint(host=HOST, certificates=Path("/store/tls/abc/docker"), verified=False),
    ),
}


@pytest.mark.parametrize(("document", "endpoint"), OF_CONTEXT.values(), ids=OF_CONTEXT.keys())
def test_the_current_context_s_engine_is_told_by_docker(
    tmp_path: Path, document: dict[str, object], endpoint: Endpoint
) -> None:
    assert endpoint_of(context(tmp_path, json.dumps([document]))) == endpoint


@pytest.mark.parametrize("answer", ["", "[]", "{}", "[1]", '[{"Endpoints": {}}]', "context not found"])
def test_a_context_that_docker_does_not_tell_is_an_error_and_no_other_engine_is_used(
    tmp_path: Path, answer: str
) -> None:
    with pytest.raises(UnreachableError, match="docker does not tell its engine"):
        endpoint_of(context(tmp_path, answer, code=1))


def test_only_certificates_that_are_there_are_shown(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    endpoint = Endpoint(host=HOST, certificates=tmp_path)
    assert endpoint.file("ca.pem") == str(tmp_path / "ca.pem")
    assert endpoint.file("cert.pem") is None
    assert Endpoint(host=HOST).file("ca.pem") is None
