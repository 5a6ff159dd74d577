"""Real registries (distribution) as processes, each with a storage folder of its own."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.rig import processes, unix

if TYPE_CHECKING:
    from pathlib import Path


def config(
    storage: Path | str, address: str, auth: dict[str, Any] | None = None, *, readonly: bool = False
) -> dict[str, Any]:
    """The configuration of a registry at `unix:PATH` or `HOST:PORT` (port 0: any free one)."""
    net = {"net": "unix", "addr": address[5:]} if address.startswith("unix:") else {"addr": address}
    maintenance = {"uploadpurging": {"enabled": False}, "readonly": {"enabled": readonly}}
    return {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}, "maintenance": maintenance},
        # Without a secret of its own a registry makes one up, and complains.
        "http": {**net, "secret": "rig", "relativeurls": True},
        **({"auth": auth} if auth else {}),
    }


def token_auth(realm: str, certificate: Path) -> dict[str, Any]:
    """The part of the configuration that sends clients to a token service."""
    return {"token": {"realm": realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": str(certificate)}}


SERVICE = "rig"
ISSUER = "rig-tokens"


def serve(folder: Path, name: str, binary: str, settings: dict[str, Any]) -> str:
    """Start a registry and wait until it answers; gives its address, with the real port."""
    path = folder / f"{name}.yml"
    # JSON is YAML, and the standard library can write it.
    path.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    env = {"OTEL_TRACES_EXPORTER": "none", "GOMAXPROCS": "1", **processes.CALM_GO}
    processes.spawn(folder, name, [binary, "serve", str(path)], env)
    http = settings["http"]
    if "net" in http:
        address = f"unix:{http['addr']}"
        processes.wait_or_explain(folder, name, lambda: unix.answers(address, "/v2/"))
        return address
    processes.wait_or_explain(folder, name, lambda: bool(_port(folder, name)))
    return f"127.0.0.1:{_port(folder, name)}"


def _port(folder: Path, name: str) -> str:
    """The port that a registry told its log it listens on; '' until then."""
    log = (folder / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    found = re.findall(r"listening on 127\.0\.0\.1:(\d+)", log)
    return str(found[-1]) if found else ""
