"""The releases of a repository on GitHub, and its git tags.

Sources: GitHub REST API docs, "REST API endpoints for releases" and "REST API endpoints for Git references". A POST to
``releases`` with an unknown ``tag_name`` makes that git tag on the default branch: the caller looks first. A draft is
not found by its tag, but in the list, by whoever may push. ``generate-notes`` saves nothing, and needs the right to
write contents all the same (docker/actions-toolkit#919).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

from shiplane.core import strict_json
from shiplane.core.errors import AccessError, MisconfiguredError, PrerequisiteError, ShiplaneError, UnreachableError
from shiplane.core.text import one_line
from shiplane.git.github import TOKEN_VARIABLES, GitHub, is_throttled, requested_wait
from shiplane.registry.http.exchange import Response
from shiplane.registry.http.retry import RETRIED
from shiplane.registry.http.retry_budget import Clock

WRITE_CONTENTS = "a token that may write contents (in a workflow: permissions: contents: write)"
# Undocumented; what a release with a longer text is answered (ncipollo/release-action#493).
LONGEST_BODY = 125_000
# GitHub lists the newest first. Thirty bodies of the longest make a page of 4 MB.
_PER_PAGE, _PAGES = 30, 30
_OK, _CREATED, _MISSING, _UNPROCESSABLE = 200, 201, 404, 422


@dataclass(frozen=True, kw_only=True)
class GitHubRelease:
    """A release as GitHub has it.

    Attributes:
        number: GitHub's id.
        tag: Its git tag.
        body: Its text, in Markdown. What was typed on GitHub's page has CRLF at the ends of lines.
        url: Its page.
        draft: Whether it is not published yet.
        prerelease: Whether it is marked as a pre-release.
    """

    number: int
    tag: str
    body: str
    url: str = ""
    draft: bool = False
    prerelease: bool = False

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> GitHubRelease:
        """Read it. Raises ValueError, KeyError or TypeError where it is none."""
        if not isinstance(entry["id"], int) or not isinstance(entry["tag_name"], str):
            raise TypeError("id or tag_name")
        url, body = entry.get("html_url"), entry.get("body")
        return cls(
            number=entry["id"],
            tag=entry["tag_name"],
            body=body if isinstance(body, str) else "",
            url=one_line(url)[:500] if isinstance(url, str) else "",
            draft=entry.get("draft") is True,
            prerelease=entry.get("prerelease") is True,
        )

    @property
    def is_full(self) -> bool:
        """Whether it is published, and no pre-release: only then it can be GitHub's latest release."""
        return not self.draft and not self.prerelease


@dataclass(frozen=True, kw_only=True)
class GitHubReleases:
    """Reads and writes them. Each method raises AccessError, UnreachableError or PrerequisiteError by situation."""

    github: GitHub

    def commit_of_tag(self, tag: str) -> str | None:
        """The commit that a git tag stands for on GitHub; None where it has no such git tag."""
        response = self._get(f"git/ref/tags/{quote(tag)}")
        if response is None:
            self._check_repository()
            return None
        kind, digest = _target(response)
        if kind == "tag":  # an annotated one: an object of its own, which says what it tags
            annotated = self._get(f"git/tags/{quote(digest)}")
            return _target(annotated)[1] if annotated else None
        return digest

    def newest(self) -> list[GitHubRelease]:
        """The newest releases, at most 900: drafts too, for a token that may push."""
        pages = self.github.pages("releases", {"per_page": _PER_PAGE})
        return [release for page in islice(pages, _PAGES) for release in _read_list(page)]

    def by_tag(self, tag: str) -> GitHubRelease | None:
        """The published release of a git tag."""
        return _optional(self._get(f"releases/tags/{quote(tag)}"))

    def by_number(self, number: int) -> GitHubRelease | None:
        """The release with an id."""
        return _optional(self._get(f"releases/{number}"))

    def latest(self) -> GitHubRelease | None:
        """What GitHub shows as the latest release."""
        return _optional(self._get("releases/latest"))

    def notes(self, tag: str, previous: str | None) -> str:
        """The notes that GitHub generates for a git tag, since a previous one or one that it chooses."""
        document = {"tag_name": tag, **({"previous_tag_name": previous} if previous else {})}
        response = self.github.send("POST", f"{self.github.base_url}/releases/generate-notes", document, safe=True)
        body = _read(self._successful(response)).get("body")
        return body if isinstance(body, str) else ""

    def check_write_access(self, tag: str) -> None:
        """See that a release of a git tag may be made, as far as GitHub says so: it is asked for notes on nothing.

        Raises:
            AccessError: It may not.
        """
        document = {"tag_name": tag, "previous_tag_name": tag}
        response = self.github.send("POST", f"{self.github.base_url}/releases/generate-notes", document)
        if response.status in (401, 403, 404) and not is_throttled(response):
            raise self._error(response)

    def create(
        self, document: Mapping[str, Any], find: Callable[[], GitHubRelease | None]
    ) -> tuple[GitHubRelease, bool]:
        """Create a release, unless there is one by now.

        Args:
            document: The fields of the release.
            find: Looks for it: a lost answer may have created it, and so may another run.

        Returns:
            The release, and whether it was created here.
        """
        for attempt in range(1, 100):
            reason, asked = "", None
            try:
                response = self.github.send("POST", f"{self.github.base_url}/releases", document)
                if response.status == _CREATED:
                    return _release(response), True
                if not (_exists_already(response) or _is_passing(response)):
                    raise self._error(response)
                reason, asked = self.github.describe(response), requested_wait(response, self._clock.wall())
            except MisconfiguredError:
                raise
            except UnreachableError as error:
                reason = error.what
            if release := find():
                return release, False
            if not self.github.retry_budget.wait(attempt, reason, asked=asked):
                raise UnreachableError(reason, remedy="Try again in a few minutes.")
        raise AssertionError("unreachable: the attempts end first")

    def update(self, number: int, document: Mapping[str, Any]) -> GitHubRelease | None:
        """Change the given fields of a release; None where it is gone."""
        response = self.github.send("PATCH", f"{self.github.base_url}/releases/{number}", document)
        return _optional(self._existing(response))

    @property
    def _clock(self) -> Clock:
        return self.github.retry_budget.clock

    def _get(self, path: str) -> Response | None:
        return self._existing(self.github.send("GET", f"{self.github.base_url}/{path}"))

    def _check_repository(self) -> None:
        """See that the repository is there for this token: without the right to read, all of it is a 404."""
        self._successful(self.github.send("GET", self.github.base_url))

    def _existing(self, response: Response) -> Response | None:
        """What was asked for; None where there is none."""
        return None if response.status == _MISSING else self._successful(response)

    def _successful(self, response: Response) -> Response:
        if response.status != _OK:
            raise self._error(response)
        return response

    def _error(self, response: Response) -> ShiplaneError:
        if response.status == _UNPROCESSABLE:
            return PrerequisiteError(self.github.describe(response), remedy="See the repository's rules and releases.")
        if not self.github.token:
            variables = " or ".join(TOKEN_VARIABLES)
            return AccessError(self.github.describe(response), remedy=f"Set {variables} to {WRITE_CONTENTS}.")
        return self.github.error(response, WRITE_CONTENTS)


def _exists_already(response: Response) -> bool:
    """Whether a 422 says that the git tag has a release (``code`` ``already_exists`` of the field ``tag_name``)."""
    if response.status != _UNPROCESSABLE:
        return False
    try:
        errors = strict_json.loads(response.body)["errors"]
        return any(entry["code"] == "already_exists" and entry["field"] == "tag_name" for entry in errors)
    except (ValueError, KeyError, TypeError):
        return False


def _is_passing(response: Response) -> bool:
    """Whether it may be answered in another way in a moment."""
    return response.status in RETRIED or is_throttled(response)


def _target(response: Response) -> tuple[str, str]:
    """The kind and the hash of the object that a reference or an annotated tag points at."""
    try:
        target = _read(response)["object"]
        return str(target["type"]), str(target["sha"])
    except (KeyError, TypeError) as error:
        raise UnreachableError("GitHub's answer is no git reference") from error


def _optional(response: Response | None) -> GitHubRelease | None:
    return None if response is None else _release(response)


def _release(response: Response) -> GitHubRelease:
    try:
        return GitHubRelease.of(_read(response))
    except (KeyError, TypeError) as error:
        raise UnreachableError("GitHub's answer is no release") from error


def _read_list(response: Response) -> list[GitHubRelease]:
    try:
        entries = strict_json.loads(response.body)
        if not isinstance(entries, list):
            raise TypeError("no list")
        return [GitHubRelease.of(entry) for entry in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreachableError("GitHub's answer has no list of releases") from error


def _read(response: Response) -> Mapping[str, Any]:
    try:
        document = strict_json.loads(response.body)
    except ValueError as error:
        raise UnreachableError("GitHub's answer is no JSON") from error
    if not isinstance(document, dict):
        raise UnreachableError("GitHub's answer is no JSON object")
    return document
