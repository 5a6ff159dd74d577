"""The engine that ``docker`` itself would use, and its certificates.

The SDK's own detection is not used: it ignores ``DOCKER_CONFIG`` for certificates, supports no contexts before 7.2, and
``ssh://`` only with a further package. Sources: docker/cli,
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
        host: As in ``DOCKER_HOST``; empty for the default.
        certificates: The folder with ``ca.pem``, ``cert.pem`` and ``key.pem``; None without TLS.
        verified: Whether the engine's certificate is verified.
    """

    host: str
    certificates: Path | None = None
    verified: bool = True

    def file(self, name: str) -> str | None:
        """The path of a certificate file, if it exists."""
        path = self.certificates / name if self.certificates else None
        return str(path) if path and path.is_file() else None


def endpoint_of(env: Mapping[str, str]) -> Endpoint:
    """The engine of the environment, else of the current context.

    Raises:
        UnreachableError: The context does not exist.
        PrerequisiteError: docker is not installed.
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
