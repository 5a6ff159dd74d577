"""The two registries of a rig, each with its door (see `front`): one open, one that asks for credentials."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from tests.rig import processes, registries, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.rig.model import Account


def storage(folder: Path, name: str) -> Path:
    """Where a registry of the rig keeps what it is given."""
    path = folder / name
    path.mkdir(exist_ok=True)
    return path


def log(folder: Path, name: str) -> Path:
    """Where a door writes a line for each request."""
    path = folder / f"{name}.log"
    path.touch()
    return path


def upstream(sockets: Path, name: str) -> str:
    """The address of a registry that runs as a process of ours."""
    return f"unix:{sockets / name}.sock"


def begin_plain(folder: Path, address: str) -> None:
    """Start the open registry's door."""
    storage(folder, "plain")
    _begin(folder, "plain", {"upstream": address})


def begin_guarded(folder: Path, address: str, accounts: Mapping[str, Account]) -> None:
    """Start the guarded registry's door with its token service; makes the key that both sides trust."""
    key, certificate = folder / "tokens.key", folder / "tokens.crt"
    tokens.make_key(key, certificate)
    settings = {
        "storage": str(storage(folder, "guarded")),
        "key": str(key),
        "certificate": str(certificate),
        "accounts": {name: dataclasses.asdict(account) for name, account in accounts.items()},
    }
    _begin(folder, "guarded", {"upstream": address, **settings})


def _begin(folder: Path, name: str, settings: dict[str, Any]) -> None:
    path = folder / f"{name}.json"
    path.touch(mode=0o600)  # it may hold passwords
    path.write_text(json.dumps({"log": str(log(folder, name)), **settings}), encoding="utf-8")
    path.with_suffix(".port").unlink(missing_ok=True)
    processes.helper(folder, f"{name}-front", "front", str(path))


def address(folder: Path, name: str) -> str:
    """The address of a door that was begun, when it is open."""
    port = folder / f"{name}.port"
    processes.wait_or_explain(folder, f"{name}-front", port.exists)
    return f"127.0.0.1:{port.read_text(encoding='utf-8')}"


def guard(folder: Path, door: str) -> dict[str, Any]:
    """The settings that make the guarded registry trust its door's tokens."""
    return registries.token_auth(f"http://{door}/token", folder / "tokens.crt")
