"""Read what refers to a manifest: from the registry's own list and from the tag that stands for it elsewhere.

Both are read everywhere. distribution-spec lets a registry that has got its API later leave out what its tags list, and
tools that lack the API go on writing tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from shiplane.core.errors import UnreachableError, VerificationError
from shiplane.core.system.parallel import run_parallel
from shiplane.registry.api_urls import api_url
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.http.links import next_page
from shiplane.registry.http.tokens import PULL
from shiplane.registry.lookup import CONSISTENCY_WAIT, resolve, wait_until_readable
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import OCI_INDEX, RawManifest
from shiplane.registry.oci.names import Digest, Tag
from shiplane.registry.referrers.referrer_list import Referrer, list_tag, parse_list

_MAX_PAGES = 100
# Far more than anybody attaches to one image: the limit of what is read and copied.
MAX_REFERRERS = 1000
# Bad request, not found, method not allowed, not implemented: what servers say to a path that they do not know.
_NO_API = (400, 404, 405, 501)


@dataclass(frozen=True, kw_only=True)
class Referrers:
    """What refers to one manifest.

    Attributes:
        by_api: What the registry itself lists; None where it keeps no lists.
        by_tag: What the tag lists.
        raw: The tag's manifest; None where there is no such tag.
    """

    by_api: Mapping[Digest, Referrer] | None
    by_tag: Mapping[Digest, Referrer]
    raw: RawManifest | None

    @property
    def all(self) -> Mapping[Digest, Referrer]:
        """Every one of them, once."""
        return {**self.by_tag, **(self.by_api or {})}


def read_referrers(registry: RegistryClient, subject: Digest) -> Referrers:
    """Read what refers to a manifest, which need not exist.

    Raises:
        VerificationError: What should be a list is none, or too long.
        AccessError, UnreachableError: It cannot be read.
    """
    by_api, answer = run_parallel(
        partial(_listed_by_registry, registry, subject), partial(resolve_listed, registry, list_tag(subject))
    )
    raw = answer.raw if isinstance(answer, Present) else None
    what = f"{registry.repository}:{list_tag(subject)}"
    by_tag = _by_digest(parse_list(raw, what), what) if raw else {}
    return Referrers(by_api=by_api, by_tag=by_tag, raw=raw)


def resolve_listed(registry: RegistryClient, tag: Tag) -> Present | Absent:
    """Look up a tag, which is absent only if the tag list agrees: reads may lag behind writes.

    Raises:
        ShiplaneError: As :func:`shiplane.registry.lookup.wait_until_readable`.
    """
    answer = resolve(registry, tag)
    if isinstance(answer, Absent) and tag in registry.tags():
        return wait_until_readable(registry, tag)
    return answer


def find_listed(registry: RegistryClient, digest: Digest) -> RawManifest | None:
    """The manifest of an entry; None if it is still missing after some seconds: one 404 may be a read that lags.

    Raises:
        AccessError, UnreachableError: It cannot be read.
    """
    for number in registry.retry_budget.poll(CONSISTENCY_WAIT, condition=f"{digest.short} is listed but missing"):
        answer = resolve(registry if number == 1 else registry.fresh, digest)
        if isinstance(answer, Present):
            return answer.raw
    return None


def _by_digest(referrers: Iterable[Referrer], what: str) -> dict[Digest, Referrer]:
    listed = {referrer.digest: referrer for referrer in referrers}
    if len(listed) > MAX_REFERRERS:
        raise VerificationError(f"{what} lists more than {MAX_REFERRERS} referrers")
    return listed


def _listed_by_registry(registry: RegistryClient, subject: Digest) -> dict[Digest, Referrer] | None:
    """What the registry's own list has; None if it keeps none.

    GHCR answers with 303 to a page for people (observed in 2026).
    """
    listed: dict[Digest, Referrer] = {}
    what = f"the referrers of {subject} in {registry.repository}"
    url = api_url(registry.repository, f"referrers/{subject}")
    for _ in range(_MAX_PAGES):
        response = registry.session.send(registry.repository, Request(method="GET", url=url), PULL)
        if not _is_list(response):
            if not listed and (response.status in _NO_API or 300 <= response.status < 400):  # noqa: PLR2004
                return None
            raise UnreachableError(f"{what}: HTTP {response.status}: {registry.session.error_text(response)}")
        page = parse_list(RawManifest(body=response.body, media_type=OCI_INDEX), what)
        listed = _by_digest((*listed.values(), *page), what)
        try:
            url = next_page(url, response)
        except ValueError as error:
            raise UnreachableError(f"{what} continue on another host: {error}") from error
        if not url:
            return listed
    raise UnreachableError(f"{what}: the list does not end")


def _is_list(response: Response) -> bool:
    return response.status == 200 and response.media_type == OCI_INDEX  # noqa: PLR2004
