"""GitHub in memory: the releases and git tags of one repository, as its REST API's documentation has them.

What surprises is as it is there: a POST with an unknown ``tag_name`` makes that git tag on the default branch, a draft
is not found by its tag and may be made twice, a published release becomes the latest one unless it says otherwise, and
notes are only generated for whoever may write.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from shiplane.core.redact import Redactor
from shiplane.git.github import GitHub
from shiplane.git.github_releases import GitHubReleases
from shiplane.registry.http.exchange import Request, Response, TransportError
from shiplane.registry.http.retry_budget import Clock, RetryBudget
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.gatehouse import TOKEN
from tests.faults.harness.serving import QuietHandler, QuietServer, serving

SLUG = "cognary/aionis"
API = "https://api.github.com"
DEFAULT_BRANCH = "d" * 40
_SIZE = {"name", "body", "draft", "prerelease", "tag_name"}
Answer = tuple[int, Any]
_MISSING: Answer = (404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})
_FORBIDDEN: Answer = (403, {"message": "Resource not accessible by integration", "status": "403"})
Fault = Callable[[str, str, Callable[[], Answer]], "tuple[int, Any, dict[str, str]] | None"]


def validation_failed(**details: str) -> Answer:
    """A 422 with what it says of one field."""
    return 422, {"message": "Validation Failed", "errors": [{"resource": "Release", **details}], "status": "422"}


@dataclass
class MemoryGitHub:
    """One repository.

    Attributes:
        tags: The commit of each git tag.
        annotated: Those of them that are annotated.
        releases: By id, in the order in which they were made.
        latest: The id of what is shown as the latest release.
        token: What has to be sent; empty: anybody may read, and nobody write.
        may_write: Whether the token may write contents.
        log: Method and path of each request, in order.
        faults: Each is asked for an answer of its own, and may let the request happen.
        authorizations: What was sent for authorization.
    """

    tags: dict[str, str] = field(default_factory=dict)
    annotated: set[str] = field(default_factory=set)
    releases: dict[int, dict[str, Any]] = field(default_factory=dict)
    latest: int = 0
    address: str = API
    token: str = TOKEN
    may_write: bool = True
    exists: bool = True
    log: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def release(self, tag: str, body: str = "", **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """Make a release by hand; gives it."""
        number = max(self.releases, default=100) + 1
        made = {"id": number, "tag_name": tag, "name": tag, "body": body, "draft": False, "prerelease": False, **more}
        made["html_url"] = f"https://github.com/{SLUG}/releases/tag/{tag}"
        self.releases[number] = made
        if not made["draft"] and not made["prerelease"] and more.get("make_latest", "true") != "false":
            self.latest = number
        return made

    def of(self, tag: str) -> dict[str, Any]:
        """The only release of a git tag."""
        (found,) = (release for release in self.releases.values() if release["tag_name"] == tag)
        return found

    @property
    def latest_tag(self) -> str:
        """The git tag of the latest release."""
        return str(self.releases[self.latest]["tag_name"]) if self.latest else ""

    def writes(self) -> list[str]:
        """The requests that write, generated notes aside."""
        return [method for method, path in self.log if method != "GET" and not path.endswith("generate-notes")]

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        """What is answered: status, document, headers."""
        parts = urlsplit(url)
        path = unquote(parts.path).partition("/repos/")[2]
        with self.lock:
            self.log.append((method, path.removeprefix(SLUG).lstrip("/")))
            self.authorizations.add(headers.get("Authorization", ""))

            def act() -> Answer:
                return self._answer(method, path, headers, body, parse_qs(parts.query))

            for fault in tuple(self.faults):
                if (given := fault(method, self.log[-1][1], act)) is not None:
                    return given
            status, document = act()
            return status, document, self._paging(document, parts.query, parts.path)

    def _paging(self, document: Any, query: str, path: str) -> dict[str, str]:  # noqa: ANN401
        page = int(parse_qs(query).get("page", ["1"])[0])
        size = int(parse_qs(query).get("per_page", ["30"])[0])
        if not isinstance(document, list) or page * size >= len(self._listed()):
            return {}
        return {"Link": f'<{self.address}{path}?per_page={size}&page={page + 1}>; rel="next"'}

    def _listed(self) -> list[dict[str, Any]]:
        return [entry for entry in reversed(self.releases.values()) if self.may_write or not entry["draft"]]

    def _answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> Answer:
        given = headers.get("Authorization", "")
        if given and given != f"Bearer {self.token}":
            return 401, {"message": "Bad credentials", "status": "401"}
        if not self.exists or not path.startswith(SLUG):
            return _MISSING
        if method != "GET" and not (given and self.may_write):
            return _FORBIDDEN if given else _MISSING
        return self._repository(method, path.removeprefix(SLUG).lstrip("/"), json.loads(body or b"{}"), query)

    def _repository(self, method: str, path: str, given: dict[str, Any], query: Mapping[str, list[str]]) -> Answer:
        if path == "releases" and method == "GET":
            size, page = (int(query.get(key, [default])[0]) for key, default in (("per_page", "30"), ("page", "1")))
            return 200, self._listed()[(page - 1) * size : page * size]
        since = given.get("previous_tag_name", "the beginning")
        fixed: dict[str, Callable[[], Answer]] = {
            "": lambda: (200, {"full_name": SLUG}),
            "releases": lambda: self._create(given),
            "releases/generate-notes": lambda: (200, {"body": f"## What's Changed\n* since {since}"}),
            "releases/latest": lambda: (200, self.releases[self.latest]) if self.latest else _MISSING,
        }
        return fixed[path]() if path in fixed else self._one(method, path, given)

    def _one(self, method: str, path: str, given: dict[str, Any]) -> Answer:
        if found := re.fullmatch(r"releases/tags/(.+)", path):
            known = [one for one in self.releases.values() if one["tag_name"] == found[1] and not one["draft"]]
            return (200, known[0]) if known else _MISSING
        if found := re.fullmatch(r"releases/([0-9]+)", path):
            return self._release(method, int(found[1]), given)
        return self._git(path)

    def _git(self, path: str) -> Answer:
        if (found := re.fullmatch(r"git/ref/tags/(.+)", path)) and found[1] in self.tags:
            tag, commit = found[1], self.tags[found[1]]
            kind = (
                {"type": "tag", "sha": f"{tag} object"} if tag in self.annotated else {"type": "commit", "sha": commit}
            )
            return 200, {"ref": f"refs/tags/{tag}", "object": kind}
        if found := re.fullmatch(r"git/tags/(.+) object", path):
            return 200, {"tag": found[1], "object": {"type": "commit", "sha": self.tags[found[1]]}}
        return _MISSING

    def _create(self, given: dict[str, Any]) -> Answer:
        tag = given["tag_name"]
        if len(given.get("body", "")) > 125_000:
            return validation_failed(
                code="custom", field="body", message="body is too long (maximum is 125000 characters)"
            )
        if not given.get("draft"):
            if any(one["tag_name"] == tag and not one["draft"] for one in self.releases.values()):
                return validation_failed(code="already_exists", field="tag_name")
            self.tags.setdefault(tag, DEFAULT_BRANCH)
        made = self.release(tag, **{key: value for key, value in given.items() if key != "tag_name"})
        return 201, made

    def _release(self, method: str, number: int, given: dict[str, Any]) -> Answer:
        if number not in self.releases:
            return _MISSING
        release = self.releases[number]
        if method == "PATCH":
            release |= {key: value for key, value in given.items() if key in _SIZE}
            if given.get("make_latest") == "true" and not release["draft"] and not release["prerelease"]:
                self.latest = number
        return 200, release

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:  # noqa: ARG002
        """See :class:`shiplane.registry.http.exchange.Transport`."""
        status, document, headers = self.answer(request.method, request.url, request.headers, request.body)
        return Response(
            status=status,
            headers={name.lower(): value for name, value in headers.items()},
            body=json.dumps(document).encode(),
        )

    def client(self, clock: Clock | None = None, token: str = TOKEN) -> GitHubReleases:
        """A client of it."""
        budget = RetryBudget(clock=clock or VirtualClock(), jitter=lambda: 0.5)
        return GitHubReleases(
            github=GitHub(transport=self, retry_budget=budget, redact=Redactor([TOKEN]), slug=SLUG, token=token)
        )

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve it on this machine; gives the URL of its API."""
        known = self

        class Handler(QuietHandler):
            def _any(self) -> None:
                sent = dict(self.headers.items())
                status, document, headers = known.answer(self.command, self.path, sent, self.read_body())
                self.answer(status, json.dumps(document).encode(), headers)

            do_GET = do_POST = do_PATCH = _any

        with serving(QuietServer(("127.0.0.1", 0), Handler)) as address:
            self.address = f"http://{address}"
            yield self.address


def lost(method: str, path: str, *, after: bool, times: int = 1) -> Fault:
    """The answers to these requests are lost, before or after they took effect."""
    left = [times]

    def fault(asked: str, where: str, act: Callable[[], Answer]) -> None:
        if (asked, where) == (method, path) and left[0]:
            left[0] -= 1
            if after:
                act()
            raise TransportError("the connection broke")

    return fault


def answering(method: str, path: str, status: int, document: Any, times: int = 1, **headers: str) -> Fault:  # noqa: ANN401
    """These requests are answered so, and have no effect."""
    left = [times]

    def fault(asked: str, where: str, _: Callable[[], Answer]) -> tuple[int, Any, dict[str, str]] | None:
        if (asked, where) == (method, path) and left[0]:
            left[0] -= 1
            return status, document, {name.replace("_", "-"): value for name, value in headers.items()}
        return None

    return fault
