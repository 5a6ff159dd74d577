"""Which registry a variable may be sent to."""

from __future__ import annotations

import pytest

from shiplane.config.keys.registries import check_names
from shiplane.config.project_file import parse_project_file
from shiplane.core.errors import ConfigurationError
from shiplane.registry.credential_variables import (
    CredentialVariables,
    default_variables,
    enterprise_host,
    foreign_owner,
    without_enterprise,
)

ENTERPRISE = {"GITHUB_SERVER_URL": "https://ghe.example"}
LOOPBACK = "127.0.0.1:5000"


@pytest.mark.parametrize(
    ("variable", "registry", "env", "owner"),
    [
        ("GHCR_TOKEN", "ghcr.io", {}, ""),
        ("GHCR_TOKEN", LOOPBACK, {}, ""),
        ("GHCR_TOKEN", "localhost:5000", {}, ""),
        ("GHCR_TOKEN", "registry.example", {}, "GitHub"),
        ("GHCR_TOKEN", "ghcr.io.evil.example", {}, "GitHub"),
        ("GHCR_TOKEN", "containers.ghe.example", ENTERPRISE, "GitHub"),
        ("github_token", "registry.example", {}, "GitHub"),
        ("GITHUB_TOKEN", "containers.ghe.example", ENTERPRISE, ""),
        ("GH_TOKEN", "ghe.example", ENTERPRISE, ""),
        ("GITHUB_TOKEN", "evilghe.example", ENTERPRISE, "GitHub"),
        ("GITHUB_TOKEN", "containers.ghe.example", {}, "GitHub"),
        ("AWS_SECRET_ACCESS_KEY", LOOPBACK, {}, "a cloud"),
        ("AWS_SECRET_ACCESS_KEY", "1.dkr.ecr.eu-west-1.amazonaws.com", {}, "a cloud"),
        ("GOOGLE_CREDENTIALS", "europe-docker.pkg.dev", {}, "a cloud"),
        ("AZURE_CLIENT_SECRET", "x.azurecr.io", {}, "a cloud"),
        ("NPM_TOKEN", "registry.example", {}, "a package registry"),
        ("NODE_AUTH_TOKEN", "registry.example", {}, "a package registry"),
        ("CARGO_REGISTRY_TOKEN", "registry.example", {}, "a package registry"),
        ("ACTIONS_RUNTIME_TOKEN", "ghcr.io", {}, "the CI system"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", LOOPBACK, {}, "the CI system"),
        ("CI_JOB_TOKEN", "registry.example", {}, "the CI system"),
        ("CI_REGISTRY_PASSWORD", "registry.gitlab.com", {"CI_REGISTRY": "registry.gitlab.com"}, ""),
        ("CI_REGISTRY_PASSWORD", "registry.example", {"CI_REGISTRY": "registry.gitlab.com"}, "the CI system"),
        ("CI_SECRET", "registry.gitlab.com", {"CI_REGISTRY": "registry.gitlab.com"}, "the CI system"),
        ("VAULT_TOKEN", "registry.example", {}, "another service"),
        ("DOCKERHUB_TOKEN", "docker.io", {}, ""),
        ("DOCKERHUB_TOKEN", "registry.example", {}, "docker.io"),
        ("QUAY_TOKEN", "quay.io", {}, ""),
        ("QUAY_TOKEN", LOOPBACK, {}, "quay.io"),
        ("REGISTRY_PASSWORD", "registry.example", {}, ""),
        ("AWSOME_TOKEN", "registry.example", {}, ""),
    ],
)
def test_a_variable_goes_to_whom_it_belongs(variable: str, registry: str, env: dict[str, str], owner: str) -> None:
    assert foreign_owner(variable, registry, env) == owner


@pytest.mark.parametrize("key", ["username-env", "password-env"])
def test_a_project_file_that_names_anothers_variable_is_refused_by_key(key: str) -> None:
    project = parse_project_file(
        {"registries": {LOOPBACK: {key: ["REGISTRY_USER", "AWS_SECRET_ACCESS_KEY"]}}}, "x.toml"
    )
    with pytest.raises(ConfigurationError) as caught:
        check_names(project.name, project.registries, {})
    assert caught.value.what == (
        f'x.toml: registries."{LOOPBACK}".{key}: AWS_SECRET_ACCESS_KEY belongs to a cloud, '
        f"and is never sent to {LOOPBACK}"
    )
    assert caught.value.exit_code == 2


def test_a_project_of_two_registries_with_variables_of_their_own_is_fine() -> None:
    hub = CredentialVariables(username_env=("DOCKERHUB_USERNAME",), password_env=("DOCKERHUB_TOKEN",))
    check_names("shiplane.toml", {"ghcr.io": default_variables("ghcr.io", {}), "docker.io": hub}, {})


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("", ""),
        ("https://github.com", ""),
        ("https://ghe.example", "ghe.example"),
        ("http://ghe.example:8443/x", "ghe.example"),
    ],
)
def test_the_server_of_a_job_is_githubs_own_or_an_enterprise(url: str, host: str) -> None:
    assert enterprise_host({"GITHUB_SERVER_URL": url}) == host


def test_the_token_of_an_enterprise_server_is_no_business_of_public_ghcr() -> None:
    every = default_variables("ghcr.io", {})
    assert every.password_env == ("GHCR_TOKEN", "GITHUB_TOKEN")
    assert default_variables("ghcr.io", ENTERPRISE).password_env == ("GHCR_TOKEN",)
    assert default_variables("registry.example", {}) == CredentialVariables()
    left = without_enterprise(every, "ghcr.io", ENTERPRISE)
    assert (left.username_env, left.password_env) == (("GHCR_USERNAME",), ("GHCR_TOKEN",))
    assert without_enterprise(every, "ghcr.io", {}) == every
    assert without_enterprise(every, "containers.ghe.example", ENTERPRISE) == every
