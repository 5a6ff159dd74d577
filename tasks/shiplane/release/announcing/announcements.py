"""Tell others of a release or a rollback, after everything else. One that fails is told, and changes nothing.

A command gets none of our credentials. A webhook's URL is a secret: no message has it, and no redirect is followed.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, TypedDict

from shiplane.config.keys.announcements import WEBHOOK, AnnouncedEvent, Announcement, AnnouncementKind
from shiplane.core.errors import PrerequisiteError, ShiplaneError
from shiplane.core.progress import Flow, Step
from shiplane.core.redact import Redactor
from shiplane.core.system.process import run
from shiplane.core.system.temp_folder import temp_folder, unwritable_error
from shiplane.core.text import one_line
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.http.retry import DEADLINE, RetryPolicy, body_text
from shiplane.registry.http.retry_budget import BUDGET, Clock, RetryBudget, SystemClock
from shiplane.registry.http.urls import parse_url

_RESULT, _EVENT = "SHIPLANE_RESULT", "SHIPLANE_EVENT"
_RESPONSE_LIMIT = 1024 * 1024
_OK, _REDIRECT, _REFUSED = 200, 300, 400
_SHOWN = 20


class AnnouncementJson(TypedDict):
    """One announcement."""

    name: Annotated[str, "Its name."]
    kind: Annotated[str, AnnouncementKind, "How it was made."]
    ok: Annotated[bool, "Whether it was made."]
    detail: Annotated[str, "What was answered, or why it failed."]


@dataclass(frozen=True, kw_only=True)
class Announcer:
    """Makes the announcements of a project.

    Attributes:
        announcements: All of them.
        root: The project's root, where commands run.
        child_env: The environment of commands, without secrets.
        env: The whole environment, for the URLs of webhooks.
        transport: Posts to webhooks, without credentials.
        redact: Applied to all output, and to what is announced.
        clock: The clock.
        tell: Reports waiting, and the output of a command that failed.
    """

    announcements: Sequence[Announcement]
    root: Path
    child_env: Mapping[str, str]
    env: Mapping[str, str]
    transport: Transport
    redact: Redactor
    clock: Clock = field(default_factory=SystemClock)
    tell: Callable[[str], None] = lambda _text: None

    def announce(self, event: AnnouncedEvent, document: Mapping[str, Any]) -> Flow[list[AnnouncementJson]]:
        """Make those of an event, one after the other; raises nothing.

        Args:
            event: What happened.
            document: The result, as JSON values.
        """
        text, made = self.redact(json.dumps(document)), list[AnnouncementJson]()
        for announcement in self.announcements:
            if event not in announcement.events:
                continue
            step = Step("announce", announcement.name)
            yield step
            try:
                detail = self._make(announcement, event, text)
            except ShiplaneError as error:
                detail = one_line(self.redact(error.what))
                yield step.failed(detail)
                made.append(_result(announcement, detail, ok=False))
            else:
                yield step.done(detail)
                made.append(_result(announcement, detail, ok=True))
        return made

    def _make(self, announcement: Announcement, event: AnnouncedEvent, text: str) -> str:
        """Make an announcement; gives what was answered."""
        if announcement.kind is AnnouncementKind.COMMAND:
            return self._run(announcement, event, text)
        return self._post(announcement, text)

    def _run(self, announcement: Announcement, event: AnnouncedEvent, text: str) -> str:
        lines: list[str] = []
        with temp_folder("announce", self.env, project=self.root) as folder:
            file = folder / "result.json"
            try:
                file.write_text(text, "utf-8")
            except OSError as error:
                raise unwritable_error(error) from error
            result = run(
                shlex.split(announcement.target),
                env={**self.child_env, _RESULT: str(file), _EVENT: event.value},
                cwd=self.root,
                given=text,
                timeout=announcement.timeout,
                listen=lines.append,
                joined=True,
            )
        if result.code != 0:
            for line in lines[-_SHOWN:]:
                self.tell(f"| {one_line(self.redact(line))}")
            raise PrerequisiteError(f"{result.command} ended with {result.code}")
        return "passed"

    def _post(self, announcement: Announcement, text: str) -> str:
        url = self._url(announcement)
        parts = parse_url(url)
        shown = f"{parts.scheme}://{parts.host}" if parts else "webhook"
        retries = RetryPolicy(
            transport=_PostingTo(url, self.transport),
            retry_budget=RetryBudget(clock=self.clock, tell=self.tell, budget=min(BUDGET, announcement.timeout)),
            error_text=self._error_text,
            deadline=min(DEADLINE, announcement.timeout),
            until=self.clock.now() + announcement.timeout,
            fail_fast=True,
        )
        headers = {"Content-Type": "application/json"}
        request = Request(method="POST", url=shown, headers=headers, body=text.encode())
        response = retries.send(request, limit=_RESPONSE_LIMIT)
        if not _OK <= response.status < _REDIRECT:
            moved = " (redirects are not followed)" if _REDIRECT <= response.status < _REFUSED else ""
            raise PrerequisiteError(
                f"{shown} answered HTTP {response.status}{moved} {self._error_text(response)}".rstrip()
            )
        return f"{shown} answered HTTP {response.status}"

    def _url(self, announcement: Announcement) -> str:
        """The URL to post to.

        Raises:
            PrerequisiteError: Its variable is not set, or holds no URL.
        """
        if announcement.kind is AnnouncementKind.WEBHOOK:
            return announcement.target
        url = self.env.get(announcement.target, "").strip()
        if not url:
            raise PrerequisiteError(f"{announcement.target} is not set")
        if not WEBHOOK.fits(url):
            raise PrerequisiteError(f"{announcement.target} {WEBHOOK.problem}")
        return url

    def _error_text(self, response: Response) -> str:
        return one_line(self.redact(body_text(response)))[:120]


@dataclass(frozen=True)
class _PostingTo:
    """A transport to one URL, which only this one knows: what is sent names its host alone."""

    url: str = field(repr=False)
    transport: Transport

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :class:`Transport`."""
        return self.transport.send(replace(request, url=self.url), limit=limit, deadline=deadline)


def _result(announcement: Announcement, detail: str, *, ok: bool) -> AnnouncementJson:
    return {"name": announcement.name, "kind": announcement.kind.value, "ok": ok, "detail": detail}
