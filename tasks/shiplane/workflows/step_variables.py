"""What a workflow's steps get from the repository's variables and secrets: credentials, build args, build secrets.

Each name stands for an expression of GitHub's. Names are validated: none has a special meaning in YAML or in a shell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from shiplane.config.build_settings import check_public
from shiplane.config.keys.sign import SigningSettings
from shiplane.config.lane import Lane
from shiplane.core.errors import ConfigurationError
from shiplane.registry.credential_variables import CredentialVariables

Expressions = dict[str, str]
# What a secret can be called (docs.github.com, "Secrets reference"); those of GITHUB_ are GitHub's own.
_SECRET = re.compile(r"(?!GITHUB_)[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_JOB_TOKEN = "GITHUB_TOKEN"  # noqa: S105 -- the name of a variable
# What every step that pushes has.
_PROVIDED = ("GHCR_USERNAME", "GHCR_TOKEN", _JOB_TOKEN)
# What a step has without us, and what no workflow may set (docs.github.com, "Default environment variables").
_DEFAULT = re.compile(r"(?:GITHUB|RUNNER)_[A-Za-z0-9_]*|CI|HOME|PATH|USER|SHELL|PWD|LANG", re.ASCII)
# What the workflows set for the library.
_TAKEN = ("LANE", "TAG", "IMAGE_REPO", "PLATFORMS", "PUBLISH_LATEST", "STAGED", "PYTHONDONTWRITEBYTECODE")


def credentials_of(registries: Mapping[str, CredentialVariables]) -> Expressions:
    """The credentials of the project's own registries. A user name may be a variable instead of a secret."""
    users = [name for variables in registries.values() for name in variables.username_env]
    tokens = [name for variables in registries.values() for name in variables.password_env]
    return {
        name: f"secrets.{name} || vars.{name}" if name in users and name not in tokens else f"secrets.{name}"
        for name in dict.fromkeys((*users, *tokens))
        if _SECRET.fullmatch(name) and name not in _PROVIDED
    }


def build_args_of(lanes: Sequence[Lane]) -> Expressions:
    """The variables that build args come from, without those that each step has anyway.

    Raises:
        ConfigurationError: The workflows set such a variable themselves, or it holds a secret.
    """
    secrets = {name for _, name in _build_secrets(lanes)}
    for lane in lanes:
        check_public(lane.name, lane.build, secrets)
    names = [(f"{lane.name}: build-args: {arg.name}", arg.env) for lane in lanes for arg in lane.build.args if arg.env]
    for place, name in names:
        _check_free(place, name)
    return {name: f"vars.{name}" for _, name in names if not _DEFAULT.fullmatch(name)}


def build_secrets_of(lanes: Sequence[Lane]) -> Expressions:
    """The secrets that builds mount.

    Raises:
        ConfigurationError: The workflows set such a variable themselves, or GitHub has no secret of such a name.
    """
    for place, name in _build_secrets(lanes):
        _check_free(place, name)
        if not (_SECRET.fullmatch(name) or name == _JOB_TOKEN):
            raise ConfigurationError(
                f"lane {place} comes from {name}, and a secret of GitHub cannot be called that",
                remedy="Use another name: GITHUB_ is reserved.",
            )
    return {name: "github.token" if name == _JOB_TOKEN else f"secrets.{name}" for _, name in _build_secrets(lanes)}


def webhooks_of(names: Iterable[str]) -> Expressions:
    """The webhooks that announcements are posted to.

    Raises:
        ConfigurationError: GitHub has no secret of such a name.
    """
    return _secrets(names, "announce: webhook-env is")


def signing_of(signing: SigningSettings | None) -> Expressions:
    """The key that images are signed with, and its password.

    Raises:
        ConfigurationError: GitHub has no secret of such a name.
    """
    return _secrets(signing.secret_variables if signing else (), "sign: the key or its password is in")


def _secrets(names: Iterable[str], setting: str) -> Expressions:
    """Variables that are secrets of the repository, each as a setting names it."""
    for name in names:
        if not _SECRET.fullmatch(name) or name in (*_TAKEN, *_PROVIDED):
            raise ConfigurationError(
                f"{setting} {name}, and a secret for the workflows cannot be called that", remedy="Use another name."
            )
    return {name: f"secrets.{name}" for name in names}


def either_of(names: Iterable[str]) -> Expressions:
    """Variables that may be a secret of the repository or a variable."""
    return {name: f"secrets.{name} || vars.{name}" for name in names}


def only_variables(names: Iterable[str]) -> Expressions:
    """The same where there is no secret: in a pull request."""
    return {name: f"vars.{name}" for name in names}


def check_own(place: str, names: Iterable[str], registries: Mapping[str, CredentialVariables]) -> None:
    """Refuse variables that the project's own commands must not have, or have anyway.

    Raises:
        ConfigurationError: One is a credential of the release, or GitHub sets it.
    """
    for name in names:
        if name in (*_PROVIDED, *credentials_of(registries)):
            raise ConfigurationError(
                f"{place} needs {name}, a credential of the release, which no command of the project gets",
                remedy="Give it a token of its own, under another name.",
            )
        if _DEFAULT.fullmatch(name):
            raise ConfigurationError(
                f"{place} needs {name}, which GitHub or the machine sets", remedy="Leave it out of env."
            )


def without_provided(expressions: Expressions) -> Expressions:
    """Those that a step which pushes does not have anyway."""
    return {name: value for name, value in expressions.items() if name not in _PROVIDED}


def env_lines(expressions: Expressions, indent: int) -> str:
    """The lines of an ``env``, each after a line break."""
    return "".join(f"\n{' ' * indent}{name}: ${{{{ {value} }}}}" for name, value in expressions.items())


def env_block(expressions: Expressions) -> str:
    """The whole ``env`` of a step, after a line break; nothing where there is nothing in it."""
    return f"\n        env:{env_lines(expressions, 10)}" if expressions else ""


def _build_secrets(lanes: Sequence[Lane]) -> Iterator[tuple[str, str]]:
    for lane in lanes:
        for secret in lane.build.secrets:
            if secret.env:
                yield f"{lane.name}: secrets: {secret.id}", secret.env


def _check_free(place: str, name: str) -> None:
    if name in _TAKEN:
        raise ConfigurationError(
            f"lane {place} comes from {name}, which the workflows set themselves",
            remedy="Let it come from a variable of another name.",
        )
