"""The four results of looking up a reference. Only *absent* may lead to writing a version tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest


@dataclass(frozen=True)
class Present:
    """The reference exists, with this manifest."""

    raw: RawManifest

    @property
    def digest(self) -> Digest:
        """The manifest's digest."""
        return self.raw.digest


@dataclass(frozen=True)
class Absent:
    """A definite 404 of that manifest, from the registry itself."""


@dataclass(frozen=True)
class Refused:
    """Access denied (401 or 403), with the registry's message in ``what``."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Unknown:
    """No usable response: an outage, a lasting rate limit, a page that is not a registry's.

    ``corrupt``: the response is not the requested content, which waiting does not fix. ``remedy``: what else fixes it,
    such as trusting a certificate.
    """

    reason: str
    corrupt: bool = False
    remedy: str = ""


LookupResult: TypeAlias = Present | Absent | Refused | Unknown


def digest_of(answer: LookupResult) -> Digest | None:
    """The digest of a present reference, else None."""
    return answer.digest if isinstance(answer, Present) else None
