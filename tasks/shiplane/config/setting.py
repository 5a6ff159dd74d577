"""A setting: a value, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

# Whoever gives one of these wants the floating tag to move now; a lane's own setting wants it where that is forward.
LATEST_GIVEN = ("--latest", "PUBLISH_LATEST")
# Who says so, where a value was read from the ledger.
RECORDED = "recorded in the ledger"


@dataclass(frozen=True)
class Setting(Generic[T]):
    """A value, and the flag, variable, file or fact that it came from."""

    value: T
    source: str
