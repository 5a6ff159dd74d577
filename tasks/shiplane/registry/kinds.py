"""What kind of registry answers, and what is known of its kind: ``registries.toml``.

The table explains to people; nothing is decided by it. What is said of referrers is what the registry itself answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import tomli

from shiplane.core.errors import ShiplaneError
from shiplane.registry.api_urls import api_url
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.error_response import error_codes
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.http.tokens import PULL
from shiplane.registry.oci.manifest import OCI_INDEX
from shiplane.registry.oci.names import Repository

_NO_DIGEST = "sha256:" + "0" * 64
# A registry may say so where it has the API (zot does where it lacks the repository): then its absence is not shown.
_MISSING = {"NAME_UNKNOWN", "MANIFEST_UNKNOWN"}
_VERSION_HEADER = "docker-distribution-api-version"
_FALLBACK = "no referrers API: signatures are listed under the tag sha256-<digest>, which tag lists show"


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One thing that registries do differently.

    Attributes:
        answer: What this one does.
        means: What follows for a release.
        versions: Which ones were asked, or read about.
        source: ``run`` (asked by the tests), ``once`` (asked by hand), or what it was read in.
    """

    answer: str
    means: str
    versions: tuple[str, ...]
    source: str


@dataclass(frozen=True, kw_only=True)
class RegistryKind:
    """A kind of registry: see the head of ``registries.toml``."""

    key: str
    name: str
    where: str
    notes: tuple[str, ...]
    behaviours: Mapping[str, Behaviour]
    hosts: tuple[str, ...] = ()
    unrouted: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RegistryTraits:
    """What a registry turned out to be.

    Attributes:
        kind: None if unknown.
        is_certain: Whether its host tells the kind; else it only answers alike.
        has_referrers: Whether it has the referrers API; None if it did not say.
    """

    kind: RegistryKind | None
    is_certain: bool = False
    has_referrers: bool | None = None

    def __str__(self) -> str:
        return "; ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        if self.kind is None:
            yield "unknown kind"
        else:
            yield self.kind.name if self.is_certain else f"answers like {self.kind.name}"
        if self.has_referrers is not None:
            yield "referrers API" if self.has_referrers else _FALLBACK
        yield from self.kind.notes if self.kind else ()


@cache
def registry_kinds() -> Mapping[str, RegistryKind]:
    """Every kind of the table, by its key."""
    text = resources.files("shiplane").joinpath("registry", "registries.toml").read_text("utf-8")
    return {key: _kind(key, entry) for key, entry in tomli.loads(text).items()}


def _kind(key: str, entry: Mapping[str, Any]) -> RegistryKind:
    behaviours = {
        name: Behaviour(**{**value, "versions": tuple(value["versions"])})
        for name, value in entry.items()
        if isinstance(value, dict)
    }
    return RegistryKind(
        key=key,
        name=entry["name"],
        where=entry["where"],
        notes=tuple(entry["notes"]),
        behaviours=behaviours,
        hosts=tuple(entry.get("hosts", ())),
        unrouted=tuple(entry.get("unrouted", ())),
    )


def traits_of(registry: RegistryClient) -> RegistryTraits:
    """Ask a registry, once and without retries, who refers to a digest that nothing has."""
    request = Request(method="GET", url=api_url(registry.repository, f"referrers/{_NO_DIGEST}"))
    try:
        response = registry.session.send(registry.repository, request, PULL, retry=False)
    except ShiplaneError:
        return RegistryTraits(kind=_by_host(registry.repository), is_certain=True)
    by_host = _by_host(registry.repository)
    return RegistryTraits(
        kind=by_host or _by_answer(response), is_certain=by_host is not None, has_referrers=_has_referrers(response)
    )


def _by_host(repository: Repository) -> RegistryKind | None:
    return next((kind for kind in registry_kinds().values() if repository.registry in kind.hosts), None)


def _by_answer(response: Response) -> RegistryKind | None:
    """The kind that answers a path it does not know like this; each of them also sends its API's version."""
    if response.status != 404 or _VERSION_HEADER not in response.headers:  # noqa: PLR2004
        return None
    text = response.body.decode("utf-8", "replace")
    return next((kind for kind in registry_kinds().values() if any(part in text for part in kind.unrouted)), None)


def _has_referrers(response: Response) -> bool | None:
    """By distribution-spec, "Listing Referrers": 200 with an index, or 404 where there is no such API.

    GHCR redirects to a page for people instead (artifacthub#4785).
    """
    if response.status == 200:  # noqa: PLR2004
        return response.media_type == OCI_INDEX or None
    if response.status == 404:  # noqa: PLR2004
        return None if error_codes(response) & _MISSING else False
    return False if response.status in (301, 302, 303, 307, 308) else None
