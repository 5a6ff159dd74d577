"""A lane's names as the registry serves them before anything is done: what decisions are made from. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from shiplane.config.version import Version
from shiplane.ledger.ledger import Ledger
from shiplane.registry.oci.lookup_result import Absent, Present


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A lane's names as the registry serves them before anything is done.

    Attributes:
        version: What is behind the version tag.
        revision: The commit that the image behind it says it is of; None where it says nothing.
        floating: What is behind the floating tag.
        floating_version: The version that the floating tag stands for; None where that cannot be told.
        newest: The highest release among the lane's version tags; only asked for where no floating tag exists.
        ledger: What was recorded of the lane; empty where there is no ledger.
        presumed: Whether nothing could be read at all, and everything is presumed to be absent: see
            :meth:`shiplane.verify.surveyor.Surveyor.survey`.
    """

    version: Present | Absent
    revision: str | None = None
    floating: Present | Absent
    floating_version: Version | None = None
    newest: Version | None = None
    ledger: Ledger = field(default_factory=Ledger)
    presumed: bool = False
