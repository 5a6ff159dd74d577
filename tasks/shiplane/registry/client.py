"""Client of a registry as the OCI distribution-spec describes it and as GHCR really responds.

Reads are retried; writes are sent once, since only the caller can tell whether to repeat them. Every body is hashed.
Redirects are followed for blobs only, without credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from shiplane.core.errors import AccessError, MisconfiguredError, UnreachableError, VerificationError
from shiplane.core.text import one_line
from shiplane.registry.api_urls import api_url, origin, upload_problem
from shiplane.registry.http.error_response import is_not_found
from shiplane.registry.http.exchange import Received, Request, Response
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.session import MANIFEST_LIMIT, Session
from shiplane.registry.http.tokens import PULL, PUSH, and_pull
from shiplane.registry.http.urls import follow, may_redirect
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused, Unknown
from shiplane.registry.oci.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor, RawManifest
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.registry.tag_list import read_tags

_MAX_REDIRECTS = 5
# Method not allowed, and not implemented.
_NO_HEAD = (405, 501)
_REDIRECTS = (301, 302, 303, 307, 308)
_ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))


@dataclass(frozen=True, kw_only=True)
class PutResult:
    """The result of one PUT of a manifest.

    Attributes:
        certain: Only if the registry accepted it under our digest.
        detail: What it answered.
        tags: The further tags that it says it made.
    """

    certain: bool
    detail: str
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RegistryClient:
    """All requests to one repository; ``sessions`` gives those to other registries."""

    session: Session
    repository: Repository
    sessions: Callable[[Repository], Session] | None = None

    def at(self, repository: Repository) -> RegistryClient:
        """A client for another repository: with the same session, or with that of the other registry."""
        other = self.sessions if repository.registry != self.repository.registry else None
        return replace(self, session=other(repository) if other else self.session, repository=repository)

    @property
    def fresh(self) -> RegistryClient:
        """A client whose every answer is new, for reading again what may have changed."""
        return self

    @property
    def retry_budget(self) -> RetryBudget:
        """The retry budget of this client's run."""
        return self.session.retry_budget

    @property
    def takes_several_tags(self) -> bool:
        """Whether this registry is said to write several tags by one request; only its answer proves it."""
        return self.repository.registry in self.session.joining

    def get_manifest(self, reference: Tag | Digest) -> LookupResult:
        """Look up a tag or a digest; errors become ``Refused`` or ``Unknown`` results."""
        request = Request(
            method="GET", url=api_url(self.repository, f"manifests/{reference}"), headers={"Accept": _ACCEPT}
        )
        try:
            return self._lookup_result(self.session.send(self.repository, request, PULL), reference)
        except AccessError as error:
            return Refused(error.what, error.remedy)
        except MisconfiguredError as error:
            return Unknown(error.what, remedy=error.remedy)
        except (UnreachableError, VerificationError) as error:
            return Unknown(error.what)

    def _lookup_result(self, response: Response, reference: Tag | Digest) -> LookupResult:
        if response.status == 200:  # noqa: PLR2004
            return _parse_manifest_response(response, reference)
        if is_not_found(response):
            return Absent()
        if response.status == 404:  # noqa: PLR2004
            return Unknown(
                f"HTTP 404, but not a registry's response about {reference}: {self.session.error_text(response)}"
            )
        return Unknown(f"HTTP {response.status}: {self.session.error_text(response)}")

    def tags(self) -> list[Tag]:
        """Every tag. Raises as :func:`shiplane.registry.tag_list.read_tags`."""
        return read_tags(self.session, self.repository)

    def exists(self) -> bool | None:
        """Whether the repository exists; None if unknown, since GHCR responds 403 for a missing package as well.

        Raises:
            UnreachableError: No response.
        """
        url = api_url(self.repository, "tags/list?" + urlencode({"n": 1}))
        try:
            response = self.session.send(self.repository, Request(method="GET", url=url), PULL)
        except AccessError:
            return None
        return False if is_not_found(response) else True if response.status == 200 else None  # noqa: PLR2004

    def blob(self, descriptor: Descriptor, *, limit: int = MANIFEST_LIMIT) -> bytes:
        """The content of a small blob (a config), with digest and size verified.

        Args:
            descriptor: The blob.
            limit: How many bytes it may have.

        Raises:
            VerificationError: It is missing, or does not match its descriptor.
            AccessError: The registry denied access.
            UnreachableError: No response.
        """
        if descriptor.size > limit:
            raise VerificationError(
                f"blob {descriptor.digest} of {self.repository} has {descriptor.size} bytes, more than {limit}"
            )
        response = self._fetch_blob(descriptor, "GET")
        if response.status == 404:  # noqa: PLR2004
            raise VerificationError(
                f"blob {descriptor.digest} of {self.repository} is missing: {self.session.error_text(response)}"
            )
        if response.status != 200:  # noqa: PLR2004
            raise UnreachableError(
                f"blob {descriptor.digest} of {self.repository}: "
                f"HTTP {response.status}: {self.session.error_text(response)}"
            )
        if len(response.body) != descriptor.size or Digest.of(response.body) != descriptor.digest:
            raise VerificationError(
                f"blob {descriptor.digest} of {self.repository} has other content: {len(response.body)} bytes, "
                f"{Digest.of(response.body)}"
            )
        return response.body

    def blob_size(self, descriptor: Descriptor) -> int | None:
        """The size of a blob by a HEAD request, or None if it is missing.

        A HEAD response may lack the length (RFC 9110 section 8.6) and never explains a denial: then the first byte is
        requested instead.

        Raises:
            AccessError: The registry denied access.
            UnreachableError: No response, or none with the size.
        """
        try:
            response = self._fetch_blob(descriptor, "HEAD")
        except AccessError:
            # A response to HEAD has no body, so that a rate limit looks like a denial; a GET's has a message.
            return self._size_by_get(descriptor)
        if response.status == 404:  # noqa: PLR2004
            return None
        if response.status in _NO_HEAD:
            return self._size_by_get(descriptor)
        if response.status != 200:  # noqa: PLR2004
            raise UnreachableError(f"HEAD of blob {descriptor.digest} of {self.repository}: HTTP {response.status}")
        length = response.headers.get("content-length", "")
        return int(length[:18]) if _is_number(length) else self._size_by_get(descriptor)

    def _size_by_get(self, descriptor: Descriptor) -> int | None:
        """The size of a blob by a GET of its first byte: the total of the range, or the length of the whole."""
        try:
            response = self._fetch_blob(descriptor, "GET", {"Range": "bytes=0-0"}, limit=MANIFEST_LIMIT)
        except VerificationError as error:
            raise UnreachableError(
                f"the size of blob {descriptor.digest} of {self.repository} is unknown: HEAD has no Content-Length, "
                "and GET ignores Range"
            ) from error
        if response.status == 404:  # noqa: PLR2004
            return None
        if response.status == 200:  # noqa: PLR2004 -- it takes no ranges
            return len(response.body)
        total = response.headers.get("content-range", "").rpartition("/")[2].strip()
        if response.status not in (206, 416) or not _is_number(total):  # 416: an empty blob
            raise UnreachableError(f"GET of blob {descriptor.digest} of {self.repository}: HTTP {response.status}")
        return int(total[:18])

    def download(self, descriptor: Descriptor, offset: int = 0) -> Generator[bytes, None, None]:
        """A blob's bytes from an offset on, unverified, while they arrive.

        Raises:
            VerificationError: It is missing, or ends before the offset.
            TransportError: The bytes ended early, or stopped coming.
            AccessError, UnreachableError: As :meth:`blob`.
        """
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        response = self._fetch_blob(descriptor, "GET", headers, download=True)
        with closing(response.download or Received(response.body)) as pieces:
            if response.status in (404, 416):
                what = "is missing" if response.status == 404 else f"has at most {offset} bytes"  # noqa: PLR2004
                raise VerificationError(f"blob {descriptor.digest} of {self.repository} {what}")
            if response.status not in (200, 206):
                text = self.session.error_text(response)
                raise UnreachableError(f"blob {descriptor.digest} of {self.repository}: HTTP {response.status}: {text}")
            yield from _skip(pieces, offset if response.status == 200 else 0)  # noqa: PLR2004 -- it takes no ranges

    def _fetch_blob(
        self,
        descriptor: Descriptor,
        method: str,
        headers: Mapping[str, str] | None = None,
        *,
        limit: int | None = None,
        download: bool = False,
    ) -> Response:
        """GET or HEAD a blob through at most five redirects, which get no credentials."""
        size_limit, headers = descriptor.size if limit is None else limit, headers or {}
        request = Request(
            method=method,
            url=api_url(self.repository, f"blobs/{descriptor.digest}"),
            headers=headers,
            download=descriptor.size if download else None,
        )
        response = self.session.send(self.repository, request, PULL, limit=size_limit)
        hops = 0
        while response.status in _REDIRECTS:
            hops += 1
            if hops > _MAX_REDIRECTS:
                raise UnreachableError(
                    f"blob {descriptor.digest} of {self.repository} is redirected more than {_MAX_REDIRECTS} times"
                )
            target = follow(request.url, response.headers.get("location", ""))
            if not may_redirect(self.repository, target):
                location = one_line(response.headers.get("location", ""))[:120]
                raise UnreachableError(
                    f"{self.repository.registry} redirects a blob to {location!a}, which is not allowed"
                )
            request = replace(request, url=target)
            response = self.session.send_with_retries(request, limit=size_limit)
        return response

    def put_manifest(self, reference: Tag | Digest, raw: RawManifest, tags: Sequence[Tag] = ()) -> PutResult:
        """Send a manifest once. Unless the result is certain, read the tag before sending it again.

        Further tags go with a digest alone (distribution-spec, "Pushing Manifests", since 2026-04; zot refuses them
        beside a tag). Those that the answer does not name were not made: distribution 2.8 answers 201 and makes none.

        Raises:
            AccessError: The registry denied access; nothing was written.
        """
        query = "?" + urlencode([("tag", tag) for tag in tags]) if tags else ""
        request = Request(
            method="PUT",
            url=api_url(self.repository, f"manifests/{reference}{query}"),
            headers={"Content-Type": raw.media_type},
            body=raw.body,
        )
        try:
            response = self.session.send(self.repository, request, PUSH, retry=False)
        except (UnreachableError, VerificationError) as error:
            return PutResult(certain=False, detail=error.what)
        served_digest = response.headers.get("docker-content-digest", str(raw.digest))
        accepted = response.status in (200, 201, 202)
        if accepted and served_digest == str(raw.digest):
            named = response.headers.get("oci-tag", "").split(",")
            return PutResult(
                certain=True, detail=f"HTTP {response.status}", tags=frozenset(tag.strip() for tag in named)
            )
        return PutResult(
            certain=False, detail=f"HTTP {response.status}: {self.session.error_text(response) or served_digest}"
        )

    def authorize_push(self) -> None:
        """Get the token for a write that comes next, while something is read."""
        self.session.authorize_ahead(self.repository, PUSH)

    def log_in(self) -> bool:
        """Get a token for pushing, which does not prove push permission; False if the registry needs none.

        Raises:
            AccessError: The credentials were rejected.
            UnreachableError: No response.
        """
        return self.session.authorize(self.repository, PUSH, entrance=f"{origin(self.repository)}/v2/")

    def probe_push(self) -> str:
        """Open an upload and let it expire: the only proof of push permission that needs no content.

        Returns:
            Empty if an upload is possible, else why not.

        Raises:
            AccessError: No push permission, with the registry's message explained.
            UnreachableError: No response.
        """
        response = self.open_upload()
        if response.status != 202:  # noqa: PLR2004
            text = self.session.error_text(response) or "no message"
            return f"opening an upload failed with HTTP {response.status}: {text}"
        return upload_problem(self.repository, response)

    def open_upload(self) -> Response:
        """Open an upload; on success the response is a 202 with its location.

        Raises:
            AccessError: No push permission.
            UnreachableError: No response.
        """
        url = api_url(self.repository, "blobs/uploads/")
        request = Request(method="POST", url=url, headers={"Content-Length": "0"})
        return self.session.send(self.repository, request, PUSH)

    def mount(self, descriptor: Descriptor, source: Repository) -> Response:
        """Ask for a blob of another repository of this registry: 201 if it is here now, 202 for an open upload.

        Raises:
            AccessError: No permission to push here, or to pull there.
            UnreachableError: No response.
        """
        query = urlencode({"mount": str(descriptor.digest), "from": source.path})
        url = api_url(self.repository, f"blobs/uploads/?{query}")
        request = Request(method="POST", url=url, headers={"Content-Length": "0"})
        return self.session.send(self.repository, request, and_pull(PUSH, source))


def _skip(pieces: Iterable[bytes], count: int) -> Iterator[bytes]:
    """The pieces without their first ``count`` bytes."""
    for piece in pieces:
        if count < len(piece):
            yield piece[count:]
        count = max(0, count - len(piece))


def _parse_manifest_response(response: Response, reference: Tag | Digest) -> LookupResult:
    """The served manifest, if its bytes, its headers and the requested reference agree."""
    raw = RawManifest(body=response.body, media_type=response.media_type)
    if isinstance(reference, Digest) and raw.digest != reference:
        return Unknown(f"{reference} was requested, but content with {raw.digest} was served", corrupt=True)
    if raw.media_type not in INDEX_TYPES + MANIFEST_TYPES:
        return Unknown(f"{reference} was served as {raw.media_type[:80]!a}, which is not a manifest type")
    served_digest = response.headers.get("docker-content-digest", str(raw.digest))
    if served_digest != str(raw.digest):
        return Unknown(f"{reference} was served as {served_digest[:80]!a} with content of {raw.digest}", corrupt=True)
    return Present(raw)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
