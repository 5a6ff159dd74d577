"""Known causes of a 403, identified by the registry's message.

Collected from public reports, named at each entry. GHCR uses the same status for a missing permission, an unlinked
package, an organization's policy, a bad token and a rate limit: only the message differs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from shiplane.core.host_names import GHCR_HOST
from shiplane.core.next_command import command

SET_SECRETS = "configure the GHCR secrets explicitly (GHCR_USERNAME and GHCR_TOKEN with the write:packages scope)"


@dataclass(frozen=True)
class DenialCause:
    """A known cause: a pattern of the message, its meaning and how to fix it; ``{other_token}`` is how to give one."""

    pattern: str
    meaning: str
    remedy: str


_CAUSES = (
    # markrussinovich/refchecker#67
    DenialCause(
        r"rate limit|toomanyrequests",
        "this is a rate limit, not a permission",
        "Wait a few minutes and try again.",
    ),
    # scottjg/qemu-vfio-apple publish-to-ghcr.sh
    DenialCause(
        r"does not match expected scopes",
        "the token lacks write:packages, or is fine-grained (GHCR accepts classic tokens only)",
        "Create a classic token with write:packages; {other_token}.",
    ),
    # tuna-os/tunaOS#642, hephaestus-build/Hephaestus#1671
    DenialCause(
        r"permission_denied: write_package",
        "the package exists, but is not linked to this repository or denies it write access",
        "Add the repository with the role Write in the package's settings under 'Manage Actions access', or "
        "{other_token}.",
    ),
    # sophium/erun, GHCR preflight
    DenialCause(
        r"permission_denied: create_package",
        "the package does not exist, and these credentials may not create it in that namespace",
        "Check the owner in the image name, or let an owner of the namespace push the first version.",
    ),
    # devcontainers/template-starter#14, airbus/sen#173
    DenialCause(
        r"installation not allowed to (create|write) organization package",
        "the workflow lacks 'packages: write', runs for a fork or by Dependabot, or the organization forbids it",
        "Give the publish job 'permissions: packages: write', or {other_token}.",
    ),
    # macbre/push-to-ghcr#26
    DenialCause(
        r"requested installation does not exist",
        "the token belongs to an app installation unknown to GHCR",
        "Use another token: {other_token}.",
    ),
    # servers with immutable tags: ECR, Harbor, MSR (kaniko's errTagImmutable texts)
    DenialCause(
        r"immutable|cannot be overwritten|ImageTagAlreadyExists",
        "the registry protects this tag from being overwritten",
        "Publish the next version.",
    ),
    # docker/login-action#26
    DenialCause(
        r"^denied: denied$|^denied$|authentication|unauthorized|incorrect username or password",
        "the user name or the token is wrong or has expired, or it has no permission here",
        "Renew the token; {other_token}.",
    ),
)
_UNKNOWN = DenialCause(
    "",
    "the token is wrong or has expired, or it is valid but lacks permission: the registry does not say which",
    "Try docker login, which shows whether the token is valid; check that it may write to this package, or "
    "{other_token}.",
)


def cause_of(text: str, registry: str, variables: str = "") -> DenialCause:
    """The known cause of a registry's message, or a general one.

    Args:
        text: The registry's message.
        registry: As it is written in the image's name.
        variables: The two variables that this command would use for it; may be empty.
    """
    cause = _known_cause(text)
    return replace(cause, remedy=cause.remedy.format(other_token=_other_token(registry, variables)))


def _known_cause(text: str) -> DenialCause:
    return next((cause for cause in _CAUSES if re.search(cause.pattern, text.strip(), re.IGNORECASE)), _UNKNOWN)


def _other_token(registry: str, variables: str) -> str:
    if registry == GHCR_HOST or "GHCR_TOKEN" in variables:
        return SET_SECRETS
    names = variables or f'the variables of [registries."{registry}"]'
    return f"give another token: set {names}, or run docker login {registry}"


_NO_WRITER = "no credentials were found, and anonymous push is not allowed"
_NO_READER = "no credentials were found, and the package is private or does not exist (GHCR does not say which)"


def anonymous_cause(text: str, registry: str, variables: str, *, pushes: bool) -> DenialCause:
    """Why an anonymous request was denied.

    Args:
        text: The registry's message.
        registry: As it is written in the image's name.
        variables: The two variables this command would use; may be empty.
        pushes: Whether a push was denied.
    """
    if is_rate_limit(text):
        return _known_cause(text)
    token = " (a classic token with write:packages)" if pushes and "GHCR_TOKEN" in variables else ""
    name = f', or name its variables in shiplane.toml: [registries."{registry}"]' if pushes else ""
    ways = (
        f"Set {variables}{token}, or run docker login {registry}" if variables else f"Run docker login {registry}{name}"
    )
    return DenialCause(
        "", _NO_WRITER if pushes else _NO_READER, f"{ways}; {command('auth.show')} lists the sources tried."
    )


def is_rate_limit(text: str) -> bool:
    """Whether a 403 is a rate limit."""
    return _known_cause(text) is _CAUSES[0]
