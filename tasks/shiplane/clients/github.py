"""What GitHub knows of a commit: its check runs and workflow runs.

The token goes to the one API host that it is for, as a header. Sources: GitHub REST API docs, "List check runs for a
Git reference", "List workflow runs for a repository", "Rate limits", "Using pagination" (Link header).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from shiplane.clients.http import Request, Response
from shiplane.clients.session import Session
from shiplane.model import strictjson
from shiplane.model.errors import AccessError, PrerequisiteError, UnreachableError, UsageError
from shiplane.model.gate import CheckRun
from shiplane.model.image import is_loopback

API = "https://api.github.com"
_LIMIT = 8 * 1024 * 1024
_MAX_PAGES = 20
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="next"', re.ASCII)
_SLUG = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """One repository on GitHub, or on a GitHub Enterprise server.

    Attributes:
        session: Carries and repeats the requests; has no registry credential.
        slug: ``owner/name``.
        api: The API's URL (``GITHUB_API_URL``).
        token: For private repositories and a higher rate limit; may be empty.
    """

    session: Session
    slug: str
    api: str = API
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.api)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise UsageError(f"GITHUB_API_URL is {self.api[:120]!a}, which is not on https")
        if not _SLUG.fullmatch(self.slug):
            raise UsageError(f"{self.slug[:120]!a} is no repository on GitHub", remedy="Expected owner/name.")

    def runs(self, commit: str) -> list[CheckRun]:
        """Every check run and workflow run of a commit.

        Raises:
            AccessError: GitHub refuses the token, or there is no such repository for it.
            UnreachableError: No usable answer after the retries.
        """
        checks = self._entries(f"commits/{commit}/check-runs", "check_runs", {})
        flows = self._entries("actions/runs", "workflow_runs", {"head_sha": commit})
        return [_check(entry) for entry in checks] + [_workflow(entry) for entry in flows]

    def _entries(self, path: str, key: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        url = f"{self.api}/repos/{self.slug}/{path}?" + urlencode({**query, "per_page": 100})
        for _ in range(_MAX_PAGES):
            response = self._get(url)
            try:
                entries = strictjson.loads(response.body)[key]
                yield from (entry for entry in entries if isinstance(entry, dict))
            except (ValueError, KeyError, TypeError) as error:
                raise UnreachableError(f"GET {url.partition('?')[0]}: GitHub's answer is not one") from error
            following = _NEXT.search(response.headers.get("link", ""))
            if not following:
                return
            if urlsplit(following.group(1))[:2] != urlsplit(self.api)[:2]:
                raise UnreachableError(f"GET {url.partition('?')[0]}: the list goes on at another host")
            url = following.group(1)
        raise UnreachableError(f"GET {url.partition('?')[0]}: more than {_MAX_PAGES} pages")

    def _get(self, url: str) -> Response:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        response = self.session.patiently(Request(method="GET", url=url, headers=headers), limit=_LIMIT)
        if response.status in (401, 403, 404):
            raise AccessError(
                f"GitHub answered HTTP {response.status} about {self.slug}: {self.session.words(response)}",
                remedy="Set GITHUB_TOKEN to one that may read the checks and actions of this repository.",
            )
        if response.status != 200:  # noqa: PLR2004
            raise PrerequisiteError(f"GitHub answered HTTP {response.status} about {self.slug}")
        return response


def _check(entry: Mapping[str, Any]) -> CheckRun:
    return CheckRun(
        name=_text(entry, "name"),
        commit=_text(entry, "head_sha"),
        status=_text(entry, "status"),
        conclusion=_text(entry, "conclusion"),
        started=_text(entry, "started_at"),
        completed=_text(entry, "completed_at"),
    )


def _workflow(entry: Mapping[str, Any]) -> CheckRun:
    """A workflow run; it has no ``completed_at``, its last change is its completion once it is completed."""
    return CheckRun(
        name=_text(entry, "name"),
        commit=_text(entry, "head_sha"),
        status=_text(entry, "status"),
        conclusion=_text(entry, "conclusion"),
        started=_text(entry, "run_started_at"),
        completed=_text(entry, "updated_at"),
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value[:200] if isinstance(value, str) else ""
