"""Which engine ``docker`` itself would talk to, and with which certificates.

The SDK's own reading of the environment is not used: it looks for certificates in ``~/.docker`` where docker has
``DOCKER_CONFIG``, knows no context before 7.2 and none of ``ssh://`` without a further package. Sources: docker/cli,
cli/flags/options.go (DOCKER_TLS, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH), and what ``docker context inspect`` prints.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shiplane.core.errors import UnreachableError
from shiplane.core.system.process import run
from shiplane.core.text import one_line
from shiplane.registry.stored_login import docker_config_folder


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An engine's address.

    Attributes:
        host: As in ``DOCKER_HOST``; empty for the system's own.
        certificates: The folder with ``ca.pem``, ``cert.pem`` and ``key.pem``; None where no TLS is spoken.
        verified: Whether the engine has to prove who it is.
    """

    host: str
    certificates: Path | None = None
    verified: bool = True

    def file(self, name: str) -> str | None:
        """One of the certificates, if it is there."""
        path = self.certificates / name if self.certificates else None
        return str(path) if path and path.is_file() else None


def endpoint_of(env: Mapping[str, str]) -> Endpoint:
    """The environment's engine, else that of the current context, which the docker command knows best.

    Raises:
        UnreachableError: There is no such context.
        PrerequisiteError: There is no docker command to ask.
    """
    if host := env.get("DOCKER_HOST"):
        verified = bool(env.get("DOCKER_TLS_VERIFY"))
        folder = Path(env.get("DOCKER_CERT_PATH") or docker_config_folder(env))
        secured = verified or bool(env.get("DOCKER_TLS"))
        return Endpoint(host=host, certificates=folder if secured else None, verified=verified)
    answer = run(["docker", "context", "inspect"], env=env)
    try:
        return _of_context(json.loads(answer.stdout)[0])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnreachableError(
            f"docker does not tell its engine: {one_line(answer.stderr or answer.stdout)[:300]}",
            remedy="See docker context ls; DOCKER_CONTEXT or docker context use chooses another.",
        ) from error


def _of_context(context: dict[str, Any]) -> Endpoint:
    docker = context["Endpoints"]["docker"]
    has_files = bool((context.get("TLSMaterial") or {}).get("docker"))
    folder = Path(context["Storage"]["TLSPath"]) / "docker" if has_files else None
    return Endpoint(host=docker["Host"], certificates=folder, verified=not docker.get("SkipTLSVerify"))
