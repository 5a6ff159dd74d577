"""A lane's tags as the registry serves them before a release: what its decisions are based on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from shiplane.config.version import Version
from shiplane.ledger.ledger import Ledger
from shiplane.registry.oci.lookup_result import Absent, Present


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A lane's tags before a release.

    Attributes:
        version: The version tag.
        revision: The commit in the labels of its image, if any.
        floating: The floating tag.
        floating_version: The version that the floating tag points at, if it can be told.
        newest: The highest release among the lane's version tags; only read if there is no floating tag.
        ledger: The lane's ledger; empty if there is none.
        presumed: Whether nothing could be read at all, and everything is presumed absent: see
            :meth:`shiplane.verify.surveyor.Surveyor.survey`.
    """

    version: Present | Absent
    revision: str | None = None
    floating: Present | Absent
    floating_version: Version | None = None
    newest: Version | None = None
    ledger: Ledger = field(default_factory=Ledger)
    presumed: bool = False
