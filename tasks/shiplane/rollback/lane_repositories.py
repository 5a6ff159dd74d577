"""Where the lanes of a rollback are: each in its primary repository, with the ledgers that are kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.tag_writer import TagWriter


@dataclass(frozen=True, kw_only=True)
class LaneRepositories:
    """The repositories of some lanes.

    Attributes:
        primary: The client of a lane's primary repository, with a credential that may push.
        ledgers: The ledgers that a lane's is among; None where none is kept.
        several: Whether they have more than one primary repository: then each is named beside its tags.
    """

    primary: Callable[[Lane], RegistryClient]
    ledgers: Callable[[Lane], Ledgers | None]
    several: bool = False

    def writer(self, lane: Lane) -> TagWriter:
        """What writes a lane's tags."""
        return TagWriter(registry=self.primary(lane), names_repository=self.several)

    def where(self, lane: Lane) -> str:
        """A lane's repository, for display behind its tags: nothing where all lanes have the same."""
        return f" in {self.primary(lane).repository}" if self.several else ""
