"""What a rig is: plain values that can be written to disk and read back by another process."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STATE = "rig.json"


class RigError(Exception):
    """The rig broke: a part did not start, or stopped answering."""


class RigUnavailableError(RigError):
    """This machine cannot have a rig at all (no root, no Debian packages, another processor)."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user of the guarded registry; its name in `Rig.accounts` says what it may do."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Rig:
    """A running engine with buildx, a builder and two registries; everything of it lives below `folder`."""

    folder: Path
    env: dict[str, str]
    plain: str
    plain_root: Path
    plain_log: Path
    guarded: str
    guarded_root: Path
    guarded_log: Path
    accounts: dict[str, Account]
    builder: str = "rig"
    hosted: bool = False

    def environ(self, **extra: str) -> dict[str, str]:
        """The environment for a child: this process' own, the rig's over it, `extra` over both."""
        return {**os.environ, **self.env, **extra}


def save(rig: Rig) -> None:
    """Write the rig's state for other processes; only the owner may read it, for it holds passwords."""
    partial = rig.folder / f"{STATE}.partial"
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(dataclasses.asdict(rig), default=str, indent=2), encoding="utf-8")
    partial.replace(rig.folder / STATE)


def load(folder: Path) -> Rig:
    """Read the rig of a folder as `save` wrote it; whether it still runs is not asked.

    Raises:
        RigError: there is no rig in that folder.
    """
    try:
        state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RigError(f"no rig in {folder}: start one with `python -m tests.rig up`") from None
    paths = {f.name: Path(state[f.name]) for f in dataclasses.fields(Rig) if f.type == "Path"}
    accounts = {name: Account(**account) for name, account in state["accounts"].items()}
    return Rig(**{**state, **paths, "accounts": accounts})
