"""GitHub's API about one repository; its check runs and workflow runs of a commit.

The token goes to its API host only: redirects and pages on another origin are not followed. Sources: GitHub REST API
docs, "List check runs for a Git reference", "List workflow runs for a repository", "Using pagination in the REST API"
(Link), "Rate limits for the REST API" (``x-ratelimit-*``, secondary limits), "Troubleshooting the REST API" (errors of
a 422).
"""

from __future__ import annotations

import json
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
from shiplane.registry.credential_variables import enterprise_host
from shiplane.registry.http import retry
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.http.retry import RetryPolicy, body_text
from shiplane.registry.http.retry_budget import RetryBudget

API = "https://api.github.com"
# The first that is set; workflows have GITHUB_TOKEN, GitHub's command line reads GH_TOKEN.
TOKEN_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
_LIMIT = 8 * 1024 * 1024
_MAX_PAGES = 20
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next"?', re.ASCII)
_SLUG = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
READ_CHECKS = "a token that may read checks and actions (in a workflow: permissions: checks: read, actions: read)"
_OK, _UNPROCESSABLE = 200, 422
_MOVED = (301, 302, 307, 308)
# It may be sent again: what it asks for is the same whether it arrived once or twice.
_SAFE = frozenset({"GET", "PATCH"})


def api_of(env: Mapping[str, str]) -> str:
    """The URL of GitHub's API: ``GITHUB_API_URL``, else that of the server in ``GITHUB_SERVER_URL``.

    A server's token must not go to another one. Sources: GitHub REST API docs, "Getting started" of Enterprise Server
    (``/api/v3``) and of Enterprise Cloud with data residency (``api.SUBDOMAIN.ghe.com``).
    """
    given, host = env.get("GITHUB_API_URL"), enterprise_host(env)
    if given or not host:
        return given or API
    if host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"{env['GITHUB_SERVER_URL'].rstrip('/')}/api/v3"


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
            raise UsageError(f"the URL of GitHub's API {problem}", remedy=f"Set GITHUB_API_URL to one like {API}.")
        if not _SLUG.fullmatch(self.slug) or {".", ".."} & set(self.slug.split("/")):
            raise UsageError(f"{self.slug[:120]!a} is no repository on GitHub", remedy="Expected owner/name.")
        if self.token and not (self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise AccessError(f"{' or '.join(TOKEN_VARIABLES)} holds blanks or control characters")

    @property
    def base_url(self) -> str:
        """What the URLs of this repository begin with."""
        return f"{self.api.rstrip('/')}/repos/{self.slug}"

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
        for number, response in enumerate(self.pages(path, {**query, "per_page": 100}), start=1):
            yield from _page(response, key, f"{self.base_url}/{path}")
            if number == _MAX_PAGES and _next_url(response):
                raise UnreachableError(f"GET {self.base_url}/{path}: more than {_MAX_PAGES} pages")

    def pages(self, path: str, query: Mapping[str, str | int]) -> Iterator[Response]:
        """The pages of a list, each when it is asked for; raises as :meth:`send`."""
        url = f"{self.base_url}/{path}?{urlencode(query)}"
        while url:
            response = self._answer(self.send("GET", url))
            yield response
            url = _next_url(response)
            if url and urlsplit(url)[:2] != urlsplit(self.api)[:2]:
                raise UnreachableError(
                    f"GET {self.base_url}/{path}: the list goes on at another host, which was not asked"
                )

    def _answer(self, response: Response) -> Response:
        """A response, if that is what was asked for; else its error."""
        if response.status == _OK:
            return response
        if response.status == _UNPROCESSABLE:  # its answer to a commit that it does not have
            remedy = "Push the commit; GitHub has checks only for what it has."
            raise PrerequisiteError(self.describe(response), remedy=remedy)
        raise self.error(response, READ_CHECKS)

    def send(self, method: str, url: str, document: Mapping[str, Any] | None = None, *, safe: bool = False) -> Response:
        """Send a request, again if it was throttled or lost.

        A request that creates something is sent once: whether it arrived has to be looked up.

        Args:
            method: Its method.
            url: Its whole URL, of this API.
            document: The JSON of its body.
            safe: Whether a POST may be sent again, too: it changes nothing.

        Returns:
            The response, whatever its status.

        Raises:
            UnreachableError: No usable answer, after the retries.
        """
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = b"" if document is None else json.dumps(document).encode()
        request = Request(method=method, url=url, headers=headers, body=body)
        if method in _SAFE or safe:
            return self._retries.send(request, limit=_LIMIT)
        return self._retries.send_once(request, limit=_LIMIT)

    @property
    def _retries(self) -> RetryPolicy:
        return RetryPolicy(
            transport=self.transport,
            retry_budget=self.retry_budget,
            error_text=self.error_text,
            is_throttled=is_throttled,
            requested_wait=requested_wait,
            fail_fast=True,
        )

    def describe(self, response: Response) -> str:
        """What GitHub answered, as a message."""
        return f"GitHub answered HTTP {response.status} about {self.slug}: {self.error_text(response)}"

    def error(self, response: Response, access: str) -> ShiplaneError:
        """The error that a response stands for; ``access`` says which token could do what was asked for."""
        message, variables = self.describe(response), " or ".join(TOKEN_VARIABLES)
        if response.status == 401:  # noqa: PLR2004
            return AccessError(message, remedy=f"The token in {variables} is wrong or has expired: set {access}.")
        if response.status in (403, 404):
            reason = "The token lacks access" if self.token else "No token is set, and anonymous access is denied"
            return AccessError(message, remedy=f"{reason}, or the name is wrong: set {variables} to {access}.")
        if response.status in _MOVED:
            return UnreachableError(message, remedy=f"{self.slug} was renamed: set GITHUB_REPOSITORY to its new name.")
        return UnreachableError(message, remedy=f"Check that {self.api} is the API of the right server.")

    def error_text(self, response: Response) -> str:
        """GitHub's words, with what it says of single fields."""
        try:
            document = strict_json.loads(response.body)
            details = [_detail(entry) for entry in document.get("errors", ())]
            text = "; ".join(filter(None, [str(document["message"]), *details]))
        except (ValueError, KeyError, TypeError, AttributeError):
            text = body_text(response)
        return one_line(self.redact(text))[:300]


def _next_url(response: Response) -> str:
    """Where a list goes on; nothing at its end."""
    match = _NEXT.search(response.headers.get("link", ""))
    return match.group(1) if match else ""


def _detail(entry: object) -> str:
    """What an error of a 422 says: of a field, or in words."""
    if not isinstance(entry, dict):
        return str(entry)
    return str(entry.get("message") or f"{entry.get('field', '')} {entry.get('code', '')}").strip()


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


def is_throttled(response: Response) -> bool:
    """Whether it is a rate limit: GitHub responds with 403 as well as 429, at its primary or secondary limit."""
    spent = response.headers.get("x-ratelimit-remaining", "").strip() == "0"
    return (response.status == 403 and spent) or retry.is_throttled(response)  # noqa: PLR2004


def requested_wait(response: Response, wall: float) -> float | None:
    """Seconds by ``Retry-After``, else until an exhausted limit resets."""
    asked = retry.requested_wait(response, wall)
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
