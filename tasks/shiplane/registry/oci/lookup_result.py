"""The four answers that a registry can give about a name. Only *absent* may ever lead to writing a version tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest


@dataclass(frozen=True)
class Present:
    """The name exists; ``raw`` are the bytes behind it."""

    raw: RawManifest

    @property
    def digest(self) -> Digest:
        """What the name points at."""
        return self.raw.digest


@dataclass(frozen=True)
class Absent:
    """A definite no: a 404 of that manifest itself, from the registry itself."""


@dataclass(frozen=True)
class Refused:
    """This identity may not know: 401 or 403, with the registry's own words in ``what`` and their meaning."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Unknown:
    """No usable answer: an outage, a rate limit that outlasted us, a page that is not a registry's.

    ``corrupt`` when there was an answer, but not the content that was asked for: nothing to wait for, but a finding.
    ``remedy`` where something other than time helps: a certificate, say, that has to be trusted first.
    """

    reason: str
    corrupt: bool = False
    remedy: str = ""


LookupResult: TypeAlias = Present | Absent | Refused | Unknown


def digest_of(answer: LookupResult) -> Digest | None:
    """What a name points at; None where it is not there, or did not show itself."""
    return answer.digest if isinstance(answer, Present) else None
