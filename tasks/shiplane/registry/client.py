"""A registry as the OCI distribution-spec describes it, and as GHCR really answers.

Reads are repeated with patience; writes are sent once, since only who knows what the name should hold can tell whether
to send them again. Every body is hashed. Redirects are followed for blobs only, and never take a credential along.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from shiplane.core import strict_json
from shiplane.core.errors import AccessError, MisconfiguredError, UnreachableError, UsageError, VerificationError
from shiplane.core.text import one_line
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.session import MANIFEST_LIMIT, Session, error_codes
from shiplane.registry.http.tokens import PULL, PUSH
from shiplane.registry.http.urls import follow, may_redirect, parse_url, same_origin
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused, Unknown
from shiplane.registry.oci.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor, RawManifest
from shiplane.registry.oci.names import Digest, Repository, Tag, parse_tag

_MAX_PAGES = 1000
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_ABSENT_CODES = {"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"}
_ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
# docker.io is the name, this the host that speaks for it (moby: registry/config.go).
_API_HOST = {"docker.io": "registry-1.docker.io"}
# Ours: requests.utils.parse_header_links cuts a URL at its semicolon, and does not know REL=next (RFC 8288, section 3).
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,<>]*\brel\s*=\s*"?next"?(?![\w-])', re.ASCII | re.IGNORECASE)
_SAYS_NEXT = re.compile(r"\brel\b.*\bnext\b(?!-)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class PutResult:
    """How a single PUT of a manifest ended: ``certain`` only when the registry said yes and named our digest."""

    certain: bool
    detail: str


@dataclass(frozen=True)
class RegistryClient:
    """Everything that is asked of one repository.

    Attributes:
        session: Under whose name, and with which time.
        repository: Which.
    """

    session: Session
    repository: Repository

    def at(self, repository: Repository) -> RegistryClient:
        """The same session with another repository."""
        return replace(self, repository=repository)

    @property
    def retry_budget(self) -> RetryBudget:
        """The budget for waiting of the run that this client belongs to."""
        return self.session.retry_budget

    def get_manifest(self, reference: Tag | Digest) -> LookupResult:
        """What is behind a tag or a digest: one of the four answers, never an exception."""
        request = Request(
            method="GET", url=_url(self.repository, f"manifests/{reference}"), headers={"Accept": _ACCEPT}
        )
        try:
            return self._answer(self.session.send(self.repository, request, PULL), reference)
        except AccessError as error:
            return Refused(error.what, error.remedy)
        except MisconfiguredError as error:
            return Unknown(error.what, remedy=error.remedy)
        except (UnreachableError, VerificationError) as error:
            return Unknown(error.what)

    def _answer(self, response: Response, reference: Tag | Digest) -> LookupResult:
        if response.status == 200:  # noqa: PLR2004
            return _content(response, reference)
        if _is_absence(response):
            return Absent()
        if response.status == 404:  # noqa: PLR2004
            return Unknown(
                f"a 404 that is not a registry's word about {reference}: {self.session.error_text(response)}"
            )
        return Unknown(f"HTTP {response.status}: {self.session.error_text(response)}")

    def tags(self) -> list[Tag]:
        """Every tag, all pages; names that are no tags are left out. An unknown repository has none.

        Raises:
            AccessError: The registry refuses this identity.
            UnreachableError: No complete listing could be had: a loop, too many pages, an outage.
            VerificationError: A page is absurdly large.
        """
        tags: dict[Tag, None] = {}
        seen: set[str] = set()
        url = _url(self.repository, "tags/list?" + urlencode({"n": 1000}))
        while url:
            if url in seen or len(seen) >= _MAX_PAGES:
                raise UnreachableError(f"the tag list of {self.repository} does not end", remedy="Run it again.")
            seen.add(url)
            response = self.session.send(self.repository, Request(method="GET", url=url), PULL)
            if len(seen) == 1 and _is_absence(response):
                return []
            page = self._tag_page(response)
            if page and all(tag in tags for tag in page):
                raise UnreachableError(f"the tag list of {self.repository} repeats itself", remedy="Run it again.")
            tags.update(dict.fromkeys(page))
            url = self._next_page(url, response)
        return list(tags)

    def exists(self) -> bool | None:
        """Whether the repository exists; None when it cannot be told.

        GHCR answers 403 for a missing package where the specification wants 404, so a refusal tells nothing.

        Raises:
            UnreachableError: No answer.
        """
        url = _url(self.repository, "tags/list?" + urlencode({"n": 1}))
        try:
            response = self.session.send(self.repository, Request(method="GET", url=url), PULL)
        except AccessError:
            return None
        return False if _is_absence(response) else True if response.status == 200 else None  # noqa: PLR2004

    def _tag_page(self, response: Response) -> list[Tag]:
        try:
            if response.status != 200:  # noqa: PLR2004
                raise ValueError("not an answer")
            document = strict_json.loads(response.body)
            if document.get("name", self.repository.path) != self.repository.path:
                raise ValueError("of another repository")
            return [parse_tag(name) for name in document["tags"] or [] if isinstance(name, str) and _is_tag(name)]
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise UnreachableError(
                f"the tag list of {self.repository} cannot be read: "
                f"HTTP {response.status}: {self.session.error_text(response)}"
            ) from error

    def _next_page(self, url: str, response: Response) -> str:
        """The next page: the same list of the same registry, or nothing that we would follow."""
        link = response.headers.get("link", "")
        found = _NEXT.search(link)
        if not found and not _SAYS_NEXT.search(link):
            return ""
        following = follow(url, found.group(1)) if found else ""
        if parse_url(following) != parse_url(url):
            raise UnreachableError(f"the tag list of {self.repository} goes on elsewhere: {one_line(link)[:160]}")
        return following

    def blob(self, descriptor: Descriptor) -> bytes:
        """The content of a small blob (a config), hashed and measured.

        Raises:
            VerificationError: It is missing, or its bytes are not what the descriptor says.
            AccessError: The registry refuses this identity.
            UnreachableError: No answer.
        """
        if descriptor.size > MANIFEST_LIMIT:
            raise VerificationError(
                f"blob {descriptor.digest} of {self.repository} is {descriptor.size} bytes, no config"
            )
        response = self._blob(descriptor, "GET")
        if response.status == 404:  # noqa: PLR2004
            raise VerificationError(
                f"blob {descriptor.digest} of {self.repository} is not there: {self.session.error_text(response)}"
            )
        if response.status != 200:  # noqa: PLR2004
            raise UnreachableError(
                f"blob {descriptor.digest} of {self.repository}: "
                f"HTTP {response.status}: {self.session.error_text(response)}"
            )
        if len(response.body) != descriptor.size or Digest.of(response.body) != descriptor.digest:
            raise VerificationError(
                f"blob {descriptor.digest} of {self.repository} has other bytes: {len(response.body)} of them, "
                f"{Digest.of(response.body)}"
            )
        return response.body

    def blob_size(self, descriptor: Descriptor) -> int | None:
        """The size of a blob by a HEAD, or None when the registry does not have it.

        A HEAD may leave the length out (RFC 9110 section 8.6), and never says why it is refused: then the first byte
        is asked for, whose answer tells how many there are.

        Raises:
            AccessError: The registry refuses this identity.
            UnreachableError: No answer, or none that tells the size.
        """
        try:
            response = self._blob(descriptor, "HEAD")
        except AccessError:
            # The answer to a HEAD has no body, so that nobody can tell a rate limit from a denial; a GET's has words.
            return self._size_by_get(descriptor)
        if response.status == 404:  # noqa: PLR2004
            return None
        if response.status != 200:  # noqa: PLR2004
            raise UnreachableError(f"HEAD of blob {descriptor.digest} of {self.repository}: HTTP {response.status}")
        length = response.headers.get("content-length", "")
        return int(length[:18]) if _is_number(length) else self._size_by_get(descriptor)

    def _size_by_get(self, descriptor: Descriptor) -> int | None:
        """The size of a blob by a GET of its first byte: of the range's total, or of what came instead."""
        try:
            response = self._blob(descriptor, "GET", {"Range": "bytes=0-0"}, limit=MANIFEST_LIMIT)
        except VerificationError as error:
            raise UnreachableError(
                f"the size of blob {descriptor.digest} of {self.repository} is told neither by a HEAD (it has no "
                "Content-Length) nor by a GET with a Range"
            ) from error
        if response.status == 404:  # noqa: PLR2004
            return None
        if response.status == 200:  # noqa: PLR2004 -- it takes no ranges
            return len(response.body)
        total = response.headers.get("content-range", "").rpartition("/")[2].strip()
        if response.status not in (206, 416) or not _is_number(total):  # 416: nothing is there to take a byte of
            raise UnreachableError(f"GET of blob {descriptor.digest} of {self.repository}: HTTP {response.status}")
        return int(total[:18])

    def _blob(
        self,
        descriptor: Descriptor,
        method: str,
        headers: Mapping[str, str] | None = None,
        *,
        limit: int | None = None,
    ) -> Response:
        """GET or HEAD a blob through at most five redirects; storage hosts get no credential of ours."""
        most, headers = descriptor.size if limit is None else limit, headers or {}
        request = Request(method=method, url=_url(self.repository, f"blobs/{descriptor.digest}"), headers=headers)
        response = self.session.send(self.repository, request, PULL, limit=most)
        hops = 0
        while response.status in _REDIRECTS:
            hops += 1
            if hops > _MAX_REDIRECTS:
                raise UnreachableError(f"blob {descriptor.digest} of {self.repository} is redirected without end")
            target = follow(request.url, response.headers.get("location", ""))
            if not may_redirect(self.repository, target):
                where = one_line(response.headers.get("location", ""))[:120]
                raise UnreachableError(f"{self.repository.registry} redirects a blob to {where!a}, which is refused")
            request = Request(method=method, url=target, headers=headers)
            response = self.session.send_with_retries(request, limit=most)
        return response

    def put_manifest(self, reference: Tag | Digest, raw: RawManifest) -> PutResult:
        """Send a manifest once. After anything but a certain answer, read the name before sending it again.

        Raises:
            AccessError: The registry refused. Nothing was written.
        """
        request = Request(
            method="PUT",
            url=_url(self.repository, f"manifests/{reference}"),
            headers={"Content-Type": raw.media_type},
            body=raw.body,
        )
        try:
            response = self.session.send(self.repository, request, PUSH, patient=False)
        except (UnreachableError, VerificationError) as error:
            return PutResult(certain=False, detail=error.what)
        named = response.headers.get("docker-content-digest", str(raw.digest))
        accepted = response.status in (200, 201, 202)
        if accepted and named == str(raw.digest):
            return PutResult(certain=True, detail=f"HTTP {response.status}")
        return PutResult(certain=False, detail=f"HTTP {response.status}: {self.session.error_text(response) or named}")

    def log_in(self) -> bool:
        """Get the token for pushing. That it is given proves nothing about what it allows.

        Returns:
            False where the registry asks for none.

        Raises:
            AccessError: The credential was refused.
            UnreachableError: No answer.
        """
        return self.session.authorize(self.repository, PUSH, entrance=f"{origin(self.repository)}/v2/")

    def probe_push(self) -> str:
        """Open an upload and leave it to expire: the only proof of push permission that needs no content.

        Returns:
            Nothing when we could upload there, else why not, or why that could not be told.

        Raises:
            AccessError: This identity may not push, with the registry's words explained.
            UnreachableError: No answer.
        """
        response = self.open_upload()
        if response.status != 202:  # noqa: PLR2004
            words = self.session.error_text(response) or "nothing more"
            return f"opening an upload was answered with HTTP {response.status}: {words}"
        return upload_problem(self.repository, response)

    def open_upload(self) -> Response:
        """Open an upload: an answer 202 with its place, or whatever the registry says instead.

        Raises:
            AccessError: This identity may not push.
            UnreachableError: No answer.
        """
        request = Request(method="POST", url=_url(self.repository, "blobs/uploads/"), headers={"Content-Length": "0"})
        return self.session.send(self.repository, request, PUSH)


def _url(repository: Repository, path: str) -> str:
    return f"{origin(repository)}/v2/{repository.path}/{path}"


def origin(repository: Repository) -> str:
    """Scheme and host of a repository's registry."""
    scheme = "http" if repository.is_loopback else "https"
    host = _API_HOST.get(repository.registry, repository.registry)
    return f"{scheme}://{host}"


def upload_url(repository: Repository, opened: Response) -> str:
    """Where the content of an upload goes: to this registry itself, since our token goes along; else nothing.

    Source: distribution-spec, "Pushing a blob monolithically": the Location may be absolute or relative.
    """
    return same_origin(_url(repository, "blobs/uploads/"), opened.headers.get("location", ""))


def upload_problem(repository: Repository, opened: Response) -> str:
    """Why the content of an upload cannot go where the registry says, or nothing."""
    if upload_url(repository, opened):
        return ""
    location = one_line(opened.headers.get("location", ""))[:120]
    if not location:
        return "an upload was opened without saying where (no Location)"
    return f"an upload was opened at {location!a}, and our token is for {origin(repository)} alone"


def _content(response: Response, reference: Tag | Digest) -> LookupResult:
    """The manifest that was served, if its bytes and its headers agree with each other and with what was asked for."""
    # In any case (RFC 9110 section 8.3.1), and with any parameter.
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = RawManifest(body=response.body, media_type=media_type)
    if isinstance(reference, Digest) and raw.digest != reference:
        return Unknown(f"asked for {reference}, the registry served bytes with {raw.digest}", corrupt=True)
    if raw.media_type not in INDEX_TYPES + MANIFEST_TYPES:
        return Unknown(f"{reference} was served as {raw.media_type[:80]!a}, which is no manifest")
    named = response.headers.get("docker-content-digest", str(raw.digest))
    if named != str(raw.digest):
        return Unknown(f"{reference} was served as {named[:80]!a} with the bytes of {raw.digest}", corrupt=True)
    return Present(raw)


def _is_absence(response: Response) -> bool:
    """A 404 in a registry's own words, and in no others beside them."""
    codes = error_codes(response)
    return response.status == 404 and bool(codes) and codes <= _ABSENT_CODES  # noqa: PLR2004


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _is_tag(name: str) -> bool:
    try:
        parse_tag(name)
    except UsageError:
        return False
    return True
