"""Which registry a variable's value may be sent to.

A project file may be untrusted: it must not make a harmless command send a secret somewhere.

1. **A variable is sent only to its owner.** ``GHCR_*``, ``GITHUB_*`` and ``GH_*`` belong to ghcr.io, and on a GitHub
   Enterprise server (``GITHUB_SERVER_URL``) the last two to that server's own registry instead; ``DOCKERHUB_*`` to
   docker.io, ``QUAY_*`` to quay.io, GitLab's ``CI_*`` to the registry in ``CI_REGISTRY``. A registry on this machine
   gets GitHub's where the project file names them for it, and never by itself. Cloud keys, tokens of package
   registries and what a CI system has for itself belong to no registry. A project file that names one for another
   is refused (2).
2. **The product's own table** (:func:`default_variables`: ghcr.io's pairs) **and stored** ``docker login``
   **credentials** are used for their registry by every command. A command that only reads asks anonymously first, and
   logs in only where that is refused.
3. **What only the project file names** is sent by commands that write, over https or to this machine alone. ``plan``
   and ``auth.show`` show it beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlsplit

from shiplane.core.host_names import GHCR_HOST, is_loopback, split_port
from shiplane.core.schema.tables import Key
from shiplane.core.schema.values import Array, Boolean, Text

_SECRET, _JOB = ("GHCR_USERNAME", "GHCR_TOKEN"), ("GITHUB_ACTOR", "GITHUB_TOKEN")
_GITHUB = re.compile(r"(GHCR|GITHUB|GH)_", re.ASCII)
_SERVERS = re.compile(r"(GITHUB|GH)_", re.ASCII)
_GITLAB = re.compile(r"CI_(REGISTRY|JOB|DEPLOY)_", re.ASCII)
_HUBS = {
    "DOCKERHUB_": "docker.io",
    "DOCKER_HUB_": "docker.io",
    "QUAY_": "quay.io",
    "DIGITALOCEAN_": "registry.digitalocean.com",
}
# Owners that are no image registry, by prefixes of their variables. Sources: the documentation of each.
_OTHERS = {
    "a cloud": ("AWS_ GOOGLE_ GCP_ GCLOUD_ CLOUDSDK_ AZURE_ ARM_ ALIBABA_ CLOUDFLARE_ HCLOUD_ OS_ TF_"),
    "a package registry": (
        "NPM_ NODE_AUTH_TOKEN YARN_ PYPI_ TWINE_ PIP_ UV_ POETRY_ HATCH_ FLIT_ CARGO_ GEM_ RUBYGEMS_ NUGET_ MAVEN_ "
        "GRADLE_ OSSRH_ SONATYPE_ HEX_ COMPOSER_"
    ),
    "the CI system": (
        "ACTIONS_ RUNNER_ CI_ BUILDKITE_ CIRCLE_ TRAVIS_ JENKINS_ BITBUCKET_ SYSTEM_ DRONE_ APPVEYOR_ SEMAPHORE_"
    ),
    "another service": "SSH_ GPG_ COSIGN_ VAULT_ KUBE SOPS_ SENTRY_ SLACK_ CODECOV_ SONAR_ SNYK_ STRIPE_ HF_ PGPASS",
}


@dataclass(frozen=True, kw_only=True)
class CredentialVariables:
    """The environment variables that hold a registry's credential, in order, and what else is said of that registry."""

    username_env: Annotated[
        tuple[str, ...],
        Key(
            "Variables that may hold the user name; the first belongs to the first of password-env, and so on.",
            Array(of=Text()),
        ),
    ] = ()
    password_env: Annotated[
        tuple[str, ...], Key("Variables that may hold the password or token.", Array(of=Text()))
    ] = ()
    token_host: Annotated[
        str,
        Key("Host of the registry's token service, where that is neither its own nor a parent or child of it.", Text()),
    ] = ""
    several_tags: Annotated[
        bool,
        Key(
            "Whether to write a version's aliases by one request (zot can); what its answer does not prove is written "
            "alone.",
            Boolean(),
        ),
    ] = False


def default_variables(registry: str, env: Mapping[str, str]) -> CredentialVariables:
    """The built-in variables of a registry, as pairs in order of precedence."""
    if registry != GHCR_HOST:
        return CredentialVariables()
    pairs = [_SECRET] if enterprise_host(env) else [_SECRET, _JOB]
    users, tokens = zip(*pairs, strict=True)
    return CredentialVariables(username_env=users, password_env=tokens)


def enterprise_host(env: Mapping[str, str]) -> str:
    """The GitHub Enterprise server of this job, or nothing on github.com."""
    url = env.get("GITHUB_SERVER_URL", "")
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    return "" if not url or host == "github.com" else host or "an unknown server"


def foreign_owner(variable: str, registry: str, env: Mapping[str, str]) -> str:
    """The owner of a variable that must not be sent to this registry; empty if it may be."""
    name, host = variable.upper(), split_port(registry)[0]
    if _GITHUB.match(name):
        allowed = host == GHCR_HOST or is_loopback(host) or bool(_SERVERS.match(name) and _is_enterprise(host, env))
        return "" if allowed else "GitHub"
    if _GITLAB.match(name) and env.get("CI_REGISTRY") == registry:
        return ""
    if hub := next((hub for prefix, hub in _HUBS.items() if name.startswith(prefix)), ""):
        return "" if registry == hub else hub
    return next((owner for owner, starts in _OTHERS.items() if name.startswith(tuple(starts.split()))), "")


def without_enterprise(names: CredentialVariables, registry: str, env: Mapping[str, str]) -> CredentialVariables:
    """The variables without an Enterprise server's, whose token must not go to public GHCR."""
    if registry != GHCR_HOST or not enterprise_host(env):
        return names
    users, tokens = (
        tuple(name for name in kind if not _SERVERS.match(name)) for kind in (names.username_env, names.password_env)
    )
    return replace(names, username_env=users, password_env=tokens)


def _is_enterprise(host: str, env: Mapping[str, str]) -> bool:
    """Whether a registry belongs to this job's server: the server itself, or a subdomain."""
    server = enterprise_host(env)
    return bool(server) and (host == server or host.endswith(f".{server}"))
