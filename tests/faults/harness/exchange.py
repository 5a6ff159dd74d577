"""What a request log is made of: enough of each exchange to judge a whole run afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from shiplane.core import strict_json
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.oci.names import Digest

_MANIFEST = re.compile(r"/v2/(?P<repository>.+)/manifests/(?P<reference>[^/]+)")
_ANY = re.compile(r"/v2/(?P<repository>.+?)/(?:blobs|tags|referrers)/.*")


@dataclass(frozen=True)
class Effect:
    """A tag that was written: what it pointed at before (empty: it was not there) and what it points at now."""

    repository: str
    tag: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its end. ``status`` 0 means that no answer came (``fault`` says why)."""

    at: float
    method: str
    host: str
    path: str
    query: str
    scheme: str
    authorization: str
    content_type: str
    sent: str
    status: int
    received: str
    codes: frozenset[str]
    fault: str = ""
    effect: Effect | None = None

    @property
    def repository(self) -> str:
        """The repository that the path speaks of, or nothing."""
        found = _MANIFEST.fullmatch(self.path) or _ANY.fullmatch(self.path)
        return found["repository"] if found else ""

    @property
    def reference(self) -> str:
        """The tag or digest of a request for a manifest, or nothing."""
        found = _MANIFEST.fullmatch(self.path)
        return found["reference"] if found else ""

    @property
    def is_manifest_put(self) -> bool:
        return self.method == "PUT" and bool(self.reference)

    @property
    def says_absent(self) -> bool:
        """A definite no, judged apart from the product's own judgement."""
        return self.status == 404 and self.codes in ({"MANIFEST_UNKNOWN"}, {"NAME_UNKNOWN"})


def exchange(
    at: float,
    request: Request,
    response: Response | None,
    *,
    fault: str = "",
    effect: Effect | None = None,
) -> Exchange:
    """Make the entry for a request and its answer."""
    parts = urlsplit(request.url)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Exchange(
        at=at,
        method=request.method,
        host=parts.netloc,
        path=parts.path,
        query=parts.query,
        scheme=parts.scheme,
        authorization=headers.get("authorization", ""),
        content_type=headers.get("content-type", ""),
        sent=str(Digest.of(request.body)) if request.body else "",
        status=response.status if response else 0,
        received=str(Digest.of(response.body)) if response and response.body else "",
        codes=_codes(response) if response else frozenset(),
        fault=fault,
        effect=effect,
    )


def _codes(response: Response) -> frozenset[str]:
    try:
        return frozenset(entry["code"] for entry in strict_json.loads(response.body)["errors"])
    except (ValueError, KeyError, TypeError):
        return frozenset()
