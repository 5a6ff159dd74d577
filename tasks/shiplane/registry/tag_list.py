"""The tag list of a repository: all of it, from the registry itself, or no list at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from shiplane.core import strict_json
from shiplane.core.errors import UnreachableError, UsageError
from shiplane.registry.api_urls import api_url
from shiplane.registry.http.error_response import is_not_found
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.http.links import next_page
from shiplane.registry.http.tokens import PULL
from shiplane.registry.oci.names import Repository, Tag, parse_tag

if TYPE_CHECKING:
    from shiplane.registry.http.session import Session

_PAGE = _MAX_PAGES = 1000


def read_tags(session: Session, repository: Repository) -> list[Tag]:
    """Every tag, from all pages; invalid names are dropped, and an unknown repository has none.

    Raises:
        AccessError: The registry denied access.
        UnreachableError: The list is incomplete: a loop, too many pages, an outage.
        VerificationError: A page is too large.
    """
    return _TagList(session, repository).read()


@dataclass(frozen=True)
class _TagList:
    session: Session
    repository: Repository

    def read(self) -> list[Tag]:
        tags: dict[Tag, None] = {}
        visited: set[str] = set()
        url, unlinked = self._list_url(), ""
        while url:
            if url in visited or len(visited) >= _MAX_PAGES:
                raise UnreachableError(f"the tag list of {self.repository} does not end", remedy="Try again.")
            visited.add(url)
            response = self.session.send(self.repository, Request(method="GET", url=url), PULL)
            if len(visited) == 1 and is_not_found(response):
                return []
            page = self._tag_page(response)
            if page and all(tag in tags for tag in page):
                if url == unlinked:  # it knows no "last": the page before was all
                    break
                raise UnreachableError(f"the tag list of {self.repository} repeats itself", remedy="Try again.")
            tags.update(dict.fromkeys(page))
            next_url = self._next_page(url, response)
            # crane's registry 0.20.7 cuts a list at n and sends no link; it honours "last".
            unlinked = "" if next_url or len(page) != _PAGE else self._list_url(last=page[-1])
            url = next_url or unlinked
        return list(tags)

    def _list_url(self, **more: str) -> str:
        return api_url(self.repository, "tags/list?" + urlencode({"n": _PAGE, **more}))

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
        """The URL of the next page, on the same registry; empty after the last."""
        try:
            return next_page(url, response)
        except ValueError as error:
            raise UnreachableError(f"the tag list of {self.repository} continues on another host: {error}") from error


def _is_tag(name: str) -> bool:
    try:
        parse_tag(name)
    except UsageError:
        return False
    return True
