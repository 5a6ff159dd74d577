"""A commit's check runs and workflow runs on GitHub.

The token goes to its API host only: redirects and pages on another origin are not followed. Sources: GitHub REST API
docs, "List check runs for a Git reference", "List workflow runs for a repository", "Using pagination in the REST API"
(Link), "Rate limits for the REST API" (``x-ratelimit-*``, secondary limits).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from shiplane.config.gate import CheckRun
from shiplane.core import strict_json
from shiplane.core.errors import AccessError, PrerequisiteError, ShiplaneError, UnreachableError, UsageError
from shiplane.core.host_names import is_loopback
from shiplane.core.redact import Redactor
from shiplane.core.text import one_line
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.http.retry import RetryPolicy, body_text, is_throttled, requested_wait
from shiplane.registry.http.retry_budget import RetryBudget

API = "https://api.github.com"
# The first that is set; workflows have GITHUB_TOKEN, GitHub's command line reads GH_TOKEN.
TOKEN_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
_LIMIT = 8 * 1024 * 1024
_MAX_PAGES = 20
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next"?', re.ASCII)
_SLUG = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_READ_ACCESS = "a token that may read checks and actions (in a workflow: permissions: checks: read, actions: read)"


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """One repository on GitHub, or on a GitHub Enterprise server.

    Attributes:
        transport: Carries the requests.
        retry_budget: The budget for rate limits and outages.
        redact: Applied to GitHub's words.
        slug: ``owner/name``.
        api: The API's URL (``GITHUB_API_URL``).
        token: For private repositories and a higher rate limit; may be empty.
    """

    transport: Transport
    retry_budget: RetryBudget
    redact: Redactor
    slug: str
    api: str = API
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if problem := _api_problem(self.api):
            raise UsageError(f"GITHUB_API_URL {problem}", remedy=f"Expected one like {API}.")
        if not _SLUG.fullmatch(self.slug) or {".", ".."} & set(self.slug.split("/")):
            raise UsageError(f"{self.slug[:120]!a} is no repository on GitHub", remedy="Expected owner/name.")
        if self.token and not (self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise AccessError(f"{' or '.join(TOKEN_VARIABLES)} holds blanks or control characters")

    def runs(self, commit: str) -> list[CheckRun]:
        """Every check run and workflow run of a commit.

        Raises:
            AccessError: GitHub refuses the token, or there is no such repository for it.
            PrerequisiteError: GitHub does not know the commit.
            UnreachableError: No usable answer after the retries.
        """
        checks = self._entries(f"commits/{commit}/check-runs", "check_runs", {})
        flows = self._entries("actions/runs", "workflow_runs", {"head_sha": commit})
        return [_check(entry) for entry in checks] + [_workflow(entry) for entry in flows]

    def _entries(self, path: str, key: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """All pages of a list, or an error: a part of it could lack the failed run."""
        base_url = f"{self.api.rstrip('/')}/repos/{self.slug}/{path}"
        url = f"{base_url}?{urlencode({**query, 'per_page': 100})}"
        for _ in range(_MAX_PAGES):
            response = self._get(url)
            yield from _page(response, key, base_url)
            match = _NEXT.search(response.headers.get("link", ""))
            if not match:
                return
            url = match.group(1)
            if urlsplit(url)[:2] != urlsplit(self.api)[:2]:
                raise UnreachableError(f"GET {base_url}: the list goes on at another host, which was not asked")
        raise UnreachableError(f"GET {base_url}: more than {_MAX_PAGES} pages")

    def _get(self, url: str) -> Response:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        carrier = RetryPolicy(
            transport=self.transport,
            retry_budget=self.retry_budget,
            error_text=self._error_text,
            is_throttled=_is_throttled,
            requested_wait=_requested_wait,
            fail_fast=True,
        )
        response = carrier.send(Request(method="GET", url=url, headers=headers), limit=_LIMIT)
        if response.status != 200:  # noqa: PLR2004
            raise self._error(response)
        return response

    def _error(self, response: Response) -> ShiplaneError:
        message = f"GitHub answered HTTP {response.status} about {self.slug}: {self._error_text(response)}"
        variables = " or ".join(TOKEN_VARIABLES)
        if response.status == 422:  # noqa: PLR2004 -- its answer to a commit that it does not have
            return PrerequisiteError(message, remedy="Push the commit; GitHub has checks only for what it has.")
        if response.status == 401:  # noqa: PLR2004
            return AccessError(message, remedy=f"The token in {variables} is wrong or has expired: set {_READ_ACCESS}.")
        if response.status in (403, 404):
            reason = "The token lacks access" if self.token else "No token is set, and anonymous access is denied"
            return AccessError(message, remedy=f"{reason}, or the name is wrong: set {variables} to {_READ_ACCESS}.")
        return UnreachableError(message, remedy=f"Check that {self.api} is the API of the right server.")

    def _error_text(self, response: Response) -> str:
        try:
            text = str(strict_json.loads(response.body)["message"])
        except (ValueError, KeyError, TypeError):
            text = body_text(response)
        return one_line(self.redact(text))[:300]


def _api_problem(api: str) -> str:
    try:
        parts = urlsplit(api)
        host = parts.hostname or ""
    except ValueError:
        return "is no URL"
    if parts.username or parts.password or parts.query or parts.fragment or not host:
        return "is no plain URL"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        return f"is {api[:120]!a}, which is not on https"
    return ""


def _is_throttled(response: Response) -> bool:
    """Whether it is a rate limit: GitHub responds with 403 as well as 429, at its primary or secondary limit."""
    spent = response.headers.get("x-ratelimit-remaining", "").strip() == "0"
    return (response.status == 403 and spent) or is_throttled(response)  # noqa: PLR2004


def _requested_wait(response: Response, wall: float) -> float | None:
    """Seconds by ``Retry-After``, else until an exhausted limit resets."""
    asked = requested_wait(response, wall)
    reset = response.headers.get("x-ratelimit-reset", "").strip()
    if asked is None and response.headers.get("x-ratelimit-remaining", "").strip() == "0" and _SECONDS.fullmatch(reset):
        return max(0.0, float(reset) - wall)
    return asked


def _page(response: Response, key: str, base_url: str) -> list[Mapping[str, Any]]:
    try:
        entries = strict_json.loads(response.body)[key]
        if not all(isinstance(entry, dict) for entry in entries):
            raise TypeError(key)
        return list(entries)
    except (ValueError, KeyError, TypeError) as error:
        raise UnreachableError(f"GET {base_url}: the answer has no list of {key}") from error


def _check(entry: Mapping[str, Any]) -> CheckRun:
    return _check_run(entry, "check run", started="started_at", completed="completed_at")


def _workflow(entry: Mapping[str, Any]) -> CheckRun:
    """A workflow run; it has no ``completed_at``, its last change is its completion once it is completed."""
    return _check_run(entry, "workflow", started="run_started_at", completed="updated_at")


def _check_run(entry: Mapping[str, Any], source: str, *, started: str, completed: str) -> CheckRun:
    """A run of either kind; the two keys are those of its times."""
    return CheckRun(
        source=source,
        number=_number(entry),
        name=_text(entry, "name"),
        commit=_text(entry, "head_sha"),
        status=_text(entry, "status"),
        conclusion=_text(entry, "conclusion"),
        started=_text(entry, started),
        completed=_text(entry, completed),
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return one_line(value)[:200] if isinstance(value, str) else ""


def _number(entry: Mapping[str, Any]) -> int:
    value = entry.get("id")
    return value if isinstance(value, int) else 0
