"""What a registry means when it says no: the known causes of a 403, told from the registry's own words.

The words and their causes were collected from public reports; see each row. GHCR answers the same status for a
missing permission, an unlinked package, an organization's policy, a bad token and a rate limit: only the text differs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shiplane.core.next_command import command

SET_SECRETS = "configure the GHCR secrets explicitly (GHCR_USERNAME and GHCR_TOKEN with the write:packages scope)"


@dataclass(frozen=True)
class DenialCause:
    """One known reason: a pattern of the words, what they mean, what to do."""

    pattern: str
    meaning: str
    remedy: str


_CAUSES = (
    # markrussinovich/refchecker#67
    DenialCause(
        r"rate limit|toomanyrequests",
        "this is a rate limit, not a permission",
        "Wait some minutes and run it again.",
    ),
    # scottjg/qemu-vfio-apple publish-to-ghcr.sh
    DenialCause(
        r"does not match expected scopes",
        "the token lacks write:packages, or is fine-grained (GHCR takes classic tokens only)",
        f"Make a classic token with write:packages; {SET_SECRETS}.",
    ),
    # tuna-os/tunaOS#642, hephaestus-build/Hephaestus#1671
    DenialCause(
        r"permission_denied: write_package",
        "the package exists, but is not linked to this repository or gives it no write access",
        "Add the repository with the role Write in the package's settings under 'Manage Actions access', or "
        f"{SET_SECRETS}.",
    ),
    # sophium/erun, GHCR preflight
    DenialCause(
        r"permission_denied: create_package",
        "the package does not exist and this identity may not create it in that namespace",
        "Check the owner in the image name, or let an owner of the namespace push the first version.",
    ),
    # devcontainers/template-starter#14, airbus/sen#173
    DenialCause(
        r"installation not allowed to (create|write) organization package",
        "the workflow has no 'packages: write', is run for a fork or by Dependabot, or the organization forbids it",
        f"Give the publish job 'permissions: packages: write', or {SET_SECRETS}.",
    ),
    # macbre/push-to-ghcr#26
    DenialCause(
        r"requested installation does not exist",
        "the token belongs to an app installation that GHCR does not know",
        f"Use another token: {SET_SECRETS}.",
    ),
    # servers with immutable tags: ECR, Harbor, MSR (kaniko's errTagImmutable texts)
    DenialCause(
        r"immutable|cannot be overwritten|ImageTagAlreadyExists",
        "the registry itself protects this tag from being written twice",
        "Publish the next version.",
    ),
    # docker/login-action#26
    DenialCause(
        r"^denied: denied$|^denied$|authentication|unauthorized|incorrect username or password",
        "the user name or the token is wrong or has expired, or it has no permission here",
        f"Renew the token; {SET_SECRETS}.",
    ),
)
_UNKNOWN = DenialCause(
    "",
    "either the token is wrong or has expired, or it is good and has no permission for this: the registry does not say",
    f"Try it with docker login, which tells the one from the other; check that it may write to this package, or "
    f"{SET_SECRETS}.",
)


def cause_of(words: str) -> DenialCause:
    """The known cause that a registry's words stand for, or a general one."""
    return next((cause for cause in _CAUSES if re.search(cause.pattern, words.strip(), re.IGNORECASE)), _UNKNOWN)


_NO_WRITER = "no credential was found, and a stranger may not push"
_NO_READER = (
    "no credential was found, and for a stranger the package is private or does not exist (GHCR does not say which)"
)


def cause_for_stranger(words: str, registry: str, variables: str, *, pushes: bool) -> DenialCause:
    """Why somebody without a credential was refused: it is never a wrong password.

    Args:
        words: The registry's.
        registry: Its host, as it stands in the image's name.
        variables: The two variables that this command would have sent there; empty where it sends none.
        pushes: Whether it was refused to push.
    """
    if is_rate_limit(words):
        return cause_of(words)
    token = " (a classic token with write:packages)" if pushes and "GHCR_TOKEN" in variables else ""
    name = f', or name its variables in shiplane.toml: [registries."{registry}"]' if pushes else ""
    ways = (
        f"Set {variables}{token}, or run docker login {registry}" if variables else f"Run docker login {registry}{name}"
    )
    return DenialCause(
        "", _NO_WRITER if pushes else _NO_READER, f"{ways}; {command('auth.show')} tells where was looked."
    )


def is_rate_limit(words: str) -> bool:
    """Whether a 403 only asks for patience."""
    return cause_of(words) is _CAUSES[0]
