"""A registry in memory that speaks the OCI distribution-spec: a :class:`shiplane.registry.http.exchange.Transport`.

It answers as GHCR does where GHCR differs (as observed): tag lists run from oldest to newest, tokens are
opaque, a DELETE is unsupported, a 403 has its words, a tag may be readable only some time after it was written.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlencode, urlsplit

from shiplane.core import strict_json
from shiplane.registry.http.exchange import OversizedError, Request, Response, TransportError
from shiplane.registry.http.retry_budget import Clock
from shiplane.registry.oci.manifest import OCI_INDEX, RawManifest
from shiplane.registry.oci.names import Digest
from tests.faults.harness.access import Access, answer, failure
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.exchange import Effect, Exchange, exchange

HOST = "ghcr.io"
_NAME = r"/v2/(?P<repository>[a-z0-9._/-]+)"
_ROUTES = tuple(
    (re.compile(pattern), handler)
    for pattern, handler in (
        (r"/v2/", "_ping"),
        (_NAME + r"/manifests/(?P<reference>[^/]+)", "_manifest"),
        (_NAME + r"/blobs/uploads/(?P<upload>[^/]*)", "_upload"),
        (_NAME + r"/blobs/(?P<digest>[^/]+)", "_blob"),
        (_NAME + r"/tags/list", "_list"),
        (_NAME + r"/referrers/(?P<subject>[^/]+)", "_referrers"),
    )
)
_LARGEST = 4 * 1024 * 1024


@dataclass
class Lag:
    """How long a written tag stays unreadable: that many reads, and that many seconds."""

    reads: int = 0
    seconds: float = 0.0


@dataclass
class Pending:
    """A tag that was written but still reads as it did before (``digest``; empty: not there)."""

    digest: str
    until: float
    reads: int


@dataclass
class Shelf:
    """What one repository holds.

    Attributes:
        manifests: By digest.
        blobs: By digest.
        tags: The truth.
        pending: What readers are still shown instead.
        before: What each tag had before it was last written; empty: it was not there.
    """

    manifests: dict[str, RawManifest] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)


@dataclass
class MemoryRegistry:
    """One registry host with all its repositories.

    Attributes:
        host: What it answers to (``host`` or ``host:port``).
        clock: Whose time its tokens and its lag go by.
        access: Accounts and tokens; by default there are none, and anyone may pull.
        lag: How long a written tag stays unreadable.
        token_host: Where the token service is; the registry's own host by default.
        storage: A host that blobs are redirected to (307), or nothing.
        page: The most tags on one page, whatever ``n`` asks for.
        ranges: Whether it serves a part of a blob where only that is asked for.
        mounts: Whether it takes over blobs from another repository, or opens an upload instead.
        joins_tags: Whether it makes the tags of a PUT by digest (``?tag=``) and names them, as zot does.
        hides_missing: Whether reading a repository that does not exist is answered with 403, as on GHCR.
        lists_referrers: Whether it lists what refers to a manifest itself, as distribution 2.8 and GHCR do not.
        shelves: The content, by repository path.
        log: Every request that arrived, in order.
    """

    host: str = HOST
    clock: Clock = field(default_factory=VirtualClock)
    access: Access = field(default_factory=Access)
    lag: Lag = field(default_factory=Lag)
    token_host: str = ""
    storage: str = ""
    page: int = 1000
    ranges: bool = False
    mounts: bool = True
    joins_tags: bool = False
    hides_missing: bool = False
    lists_referrers: bool = False
    shelves: dict[str, Shelf] = field(default_factory=dict)
    log: list[Exchange] = field(default_factory=list)
    uploads: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:  # noqa: ARG002 -- answers at once
        """See :class:`shiplane.registry.http.exchange.Transport`."""
        if request.upload:
            request = replace(request, body=b"".join(request.upload.open()), upload=None)
        with self.lock:
            before = {path: dict(shelf.tags) for path, shelf in self.shelves.items()} if request.body else {}
            response = self._dispatch(request)
            effect = self._effect(before) if request.body else None
            self.log.append(exchange(self.clock.now(), request, response, effect=effect))
        if response is None:
            raise TransportError("the host name is unknown")
        if response.status < 300 and len(response.body) > limit:
            raise OversizedError(f"more than {limit} bytes")
        return response

    def shelf(self, repository: object) -> Shelf:
        """The content of a repository (a path, or a ``Repository``), made when it is new."""
        path = getattr(repository, "path", repository)
        return self.shelves.setdefault(str(path), Shelf())

    def tag(self, repository: object, tag: str, digest: object) -> None:
        """Point a tag somewhere behind everybody's back, readable at once."""
        shelf = self.shelf(repository)
        shelf.before[tag] = shelf.tags.get(tag, "")
        shelf.tags[tag] = str(digest)
        shelf.pending.pop(tag, None)

    def tags(self, repository: object) -> dict[str, str]:
        """The tags as they really are."""
        return dict(self.shelf(repository).tags)

    def state(self) -> dict[str, dict[str, str]]:
        """All tags of all repositories: equal states are equal to every user."""
        return {path: dict(shelf.tags) for path, shelf in sorted(self.shelves.items()) if shelf.tags}

    def effects(self) -> list[Effect]:
        """Every write of a tag, in order."""
        return [entry.effect for entry in self.log if entry.effect]

    def _effect(self, before: dict[str, dict[str, str]]) -> Effect | None:
        for path, shelf in self.shelves.items():
            for tag, after in shelf.tags.items():
                if before.get(path, {}).get(tag) != after:
                    return Effect(path, tag, before.get(path, {}).get(tag, ""), after)
        return None

    def _dispatch(self, request: Request) -> Response | None:
        parts = urlsplit(request.url)
        if parts.netloc == (self.token_host or self.host) and parts.path == "/token":
            return self.access.token(request, parts.query, self.clock.now())
        if self.storage and parts.netloc == self.storage:
            return self._stored(request, parts.path)
        if parts.netloc != self.host:
            return None
        for pattern, handler in _ROUTES:
            if found := pattern.fullmatch(parts.path):
                refusal = self._gate(request, found.groupdict().get("repository", ""))
                return refusal or _cut(request, getattr(self, handler)(request, **found.groupdict()))
        return failure(404, "NOT_FOUND", "page not found")

    def _gate(self, request: Request, repository: str) -> Response | None:
        action = "pull" if request.method in ("GET", "HEAD") else "push"
        realm = f"{urlsplit(request.url).scheme}://{self.token_host or self.host}/token"
        return self.access.gate(request, repository, action, realm, self.clock.now())

    def _ping(self, _request: Request) -> Response:
        return answer(200, {})

    def _manifest(self, request: Request, repository: str, reference: str) -> Response:
        if request.method == "PUT":
            return self._put(request, repository, reference)
        if request.method not in ("GET", "HEAD"):
            return failure(405, "UNSUPPORTED", "The operation is unsupported.")
        shelf = self.shelves.get(repository)
        if shelf is None:
            return self._missing()
        digest = reference if ":" in reference else self._read_tag(shelf, reference)
        raw = shelf.manifests.get(digest)
        if raw is None:
            return failure(404, "MANIFEST_UNKNOWN", "manifest unknown")
        return _content(raw.body, raw.media_type, str(raw.digest))

    def _missing(self) -> Response:
        if self.hides_missing:
            return failure(403, "DENIED", "denied")
        return failure(404, "NAME_UNKNOWN", "repository name not known to registry")

    def _read_tag(self, shelf: Shelf, tag: str, *, counts: bool = True) -> str:
        """What readers are shown behind a tag: the truth, or what was there before it was last written."""
        pending = shelf.pending.get(tag)
        if pending is None or (pending.reads <= 0 and pending.until <= self.clock.now()):
            shelf.pending.pop(tag, None)
            return shelf.tags.get(tag, "")
        pending.reads -= 1 if counts else 0
        return pending.digest

    def _put(self, request: Request, repository: str, reference: str) -> Response:
        raw = RawManifest(body=request.body, media_type=request.headers.get("Content-Type", ""))
        shelf = self.shelf(repository)
        refusal = _refusal(shelf, raw, reference)
        if refusal:
            return refusal
        shelf.manifests[str(raw.digest)] = raw
        if ":" not in reference:
            self._write_tag(shelf, reference, str(raw.digest))
        further = parse_qs(urlsplit(request.url).query).get("tag", []) if self.joins_tags else []
        if further and ":" not in reference:
            return failure(400, "MANIFEST_INVALID", "tag query parameters are only valid when pushing by digest")
        for tag in further:
            self._write_tag(shelf, tag, str(raw.digest))
        location = f"/v2/{repository}/manifests/{raw.digest}"
        named = {"oci_tag": ", ".join(further)} if further else {}
        return answer(201, {}, docker_content_digest=str(raw.digest), location=location, **named)

    def _write_tag(self, shelf: Shelf, tag: str, digest: str) -> None:
        if self.lag.reads or self.lag.seconds:
            shown = self._read_tag(shelf, tag, counts=False)
            shelf.pending[tag] = Pending(shown, self.clock.now() + self.lag.seconds, self.lag.reads)
        shelf.before[tag] = shelf.tags.get(tag, "")
        shelf.tags[tag] = digest

    def _list(self, request: Request, repository: str) -> Response:
        if request.method != "GET":
            return failure(405, "UNSUPPORTED", "The operation is unsupported.")
        shelf = self.shelves.get(repository)
        if shelf is None:
            return self._missing()
        query = parse_qs(urlsplit(request.url).query)
        names = [tag for tag in shelf.tags if self._read_tag(shelf, tag, counts=False)]
        last = query.get("last", [""])[0]
        rest = names[names.index(last) + 1 :] if last in names else names
        some = rest[: min(int(query.get("n", ["100"])[0]), self.page)]
        more = {"n": query.get("n", ["100"])[0], "last": some[-1]} if len(some) < len(rest) else {}
        link = {"link": f'</v2/{repository}/tags/list?{urlencode(more)}>; rel="next"'} if more else {}
        return answer(200, {"name": repository, "tags": some}, **link)

    def _referrers(self, _request: Request, repository: str, subject: str) -> Response:
        """Every manifest that names a subject, in the order in which they came (distribution-spec)."""
        if not self.lists_referrers:
            return Response(status=404, headers={"content-type": "text/plain"}, body=b"404 page not found\n")
        documents = {raw: strict_json.loads(raw.body) for raw in self.shelf(repository).manifests.values()}
        entries = [
            {"mediaType": raw.media_type, "digest": str(raw.digest), "size": len(raw.body)}
            for raw, document in documents.items()
            if (document.get("subject") or {}).get("digest") == subject
        ]
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        return replace(answer(200, index), headers={"content-type": OCI_INDEX})

    def _blob(self, request: Request, repository: str, digest: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            return failure(405, "UNSUPPORTED", "The operation is unsupported.")
        content = self.shelf(repository).blobs.get(digest)
        if content is None:
            return failure(404, "BLOB_UNKNOWN", "blob unknown to registry")
        if self.storage:
            location = f"https://{self.storage}/{repository}/{digest}?sig=signed"
            # Go's http.Redirect writes such a body; it is longer than many a config.
            body = f'<a href="{location}">Temporary Redirect</a>.\n\n'.encode()
            return Response(status=307, headers={"location": location, "content-type": "text/html"}, body=body)
        return self._part(request, _content(content, "application/octet-stream", digest))

    def _part(self, request: Request, whole: Response) -> Response:
        asked = re.fullmatch(r"bytes=([0-9]+)-", request.headers.get("Range", ""))
        if not self.ranges or not asked:
            return whole
        if int(asked[1]) >= len(whole.body):
            return failure(416, "RANGE_INVALID", "invalid content range")
        return replace(whole, status=206, body=whole.body[int(asked[1]) :])

    def _stored(self, request: Request, path: str) -> Response:
        """A storage host: the signature in the URL is the authorization, any other one is a fault."""
        repository, _, digest = path.strip("/").rpartition("/")
        if "Authorization" in request.headers:
            return failure(400, "InvalidArgument", "Only one auth mechanism allowed")
        content = self.shelf(repository).blobs.get(digest)
        if content is None:
            return failure(404, "NoSuchKey", "no such key")
        return _cut(request, self._part(request, _content(content, "application/octet-stream", digest)))

    def _upload(self, request: Request, repository: str, upload: str) -> Response:
        here = f"/v2/{repository}/blobs/uploads/"
        query = parse_qs(urlsplit(request.url).query)
        if request.method == "POST" and not upload:
            if "mount" in query and self.mounts and (mounted := self._mount(request, repository, query)):
                return mounted
            self.uploads += 1
            return Response(status=202, headers={"location": f"{here}upload-{self.uploads}", "content-length": "0"})
        if request.method != "PUT" or not upload:
            return failure(405, "UNSUPPORTED", "The operation is unsupported.")
        digest = query.get("digest", [""])[0]
        if digest != str(Digest.of(request.body)):
            return failure(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        self.shelf(repository).blobs[digest] = request.body
        return Response(status=201, headers={"docker-content-digest": digest})

    def _mount(self, request: Request, repository: str, query: dict[str, list[str]]) -> Response | None:
        """A blob of another repository, as distribution 2.8 answers (as observed); None to open an upload instead."""
        (digest,), (source,) = query["mount"], query["from"]
        if not self.access.may_mount(request, source):
            scopes = f"repository:{repository}:pull,push repository:{source}:pull"
            challenge = f'Bearer realm="https://{self.token_host or self.host}/token",scope="{scopes}"'
            return failure(401, "UNAUTHORIZED", "authentication required", www_authenticate=challenge)
        if source not in self.shelves or digest not in self.shelves[source].blobs:
            return None
        self.shelf(repository).blobs[digest] = self.shelves[source].blobs[digest]
        return Response(status=201, headers={"docker-content-digest": digest})


def _content(body: bytes, media_type: str, digest: str) -> Response:
    headers = {"content-type": media_type, "content-length": str(len(body)), "docker-content-digest": digest}
    return Response(status=200, headers=headers, body=body)


def _cut(request: Request, response: Response) -> Response:
    """The answer to a HEAD has no body."""
    if request.method != "HEAD":
        return response
    return Response(status=response.status, headers=response.headers)


def _refusal(shelf: Shelf, raw: RawManifest, reference: str) -> Response | None:
    """Why a registry would not take this manifest under this name."""
    if len(raw.body) > _LARGEST:
        return failure(413, "SIZE_INVALID", "the manifest is too large")
    if ":" in reference and reference != str(raw.digest):
        return failure(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    try:
        document = strict_json.loads(raw.body)
        children = [entry["digest"] for entry in document.get("manifests", ())]
        blobs = [entry["digest"] for entry in (*document.get("layers", ()), document.get("config")) if entry]
    except (ValueError, KeyError, TypeError, AttributeError):
        return failure(400, "MANIFEST_INVALID", "manifest invalid")
    if any(child not in shelf.manifests for child in children):
        return failure(400, "MANIFEST_BLOB_UNKNOWN", "manifest references a manifest that is unknown")
    if any(blob not in shelf.blobs for blob in blobs):
        return failure(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
    return None
