"""The fifteen faults of reliability.md 6.3 as a plan: which request, how often, before or after the write."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from shiplane.registry.http.exchange import OversizedError, Request, Response, Transport, TransportError
from tests.faults.harness.access import failure
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.exchange import Exchange, exchange

FOR_EVER = math.inf
ELSEWHERE = "https://elsewhere.example/taken"


class F(Enum):
    """The faults, by what goes wrong."""

    RESET = "F1 reset"
    TIMEOUT = "F2 timeout"
    UNAUTHORIZED = "F3 401"
    FORBIDDEN = "F4 403"
    NOT_FOUND = "F5 404"
    TOO_MANY = "F6 429"
    SERVER_ERROR = "F7 500"
    BAD_GATEWAY = "F8 502"
    UNAVAILABLE = "F9 503"
    TRUNCATED = "F10 truncated"
    WRONG_DIGEST = "F11 wrong digest"
    WRONG_TYPE = "F12 wrong media type"
    SLOW = "F13 slow drip"
    REDIRECT = "F14 redirect"
    OVERSIZED = "F15 oversized"


@dataclass(frozen=True)
class Fault:
    """One line of a plan.

    Attributes:
        kind: What goes wrong.
        method: Of the requests meant; empty for any.
        path: A pattern searched in their host and path; empty for any.
        skip: How many of them pass first.
        times: How many are met then, or ``FOR_EVER``.
        applied: Whether the registry carries the request out and only the answer suffers.
        headers: Further headers of the answer (``retry-after``), or other values for its own.
        words: The message in the answer's body.
    """

    kind: F
    method: str = ""
    path: str = ""
    skip: int = 0
    times: float = 1
    applied: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    words: str = "fault injected"

    def meets(self, request: Request) -> bool:
        place = request.url.partition("://")[2].partition("?")[0]
        return self.method in ("", request.method) and re.search(self.path, place) is not None


STATUS = {
    F.UNAUTHORIZED: (401, "UNAUTHORIZED"),
    F.FORBIDDEN: (403, "DENIED"),
    F.NOT_FOUND: (404, "MANIFEST_UNKNOWN"),
    F.TOO_MANY: (429, "TOOMANYREQUESTS"),
    F.SERVER_ERROR: (500, "UNKNOWN"),
    F.BAD_GATEWAY: (502, "UNKNOWN"),
    F.UNAVAILABLE: (503, "UNAVAILABLE"),
}
# What the real transport makes of these is shown over real sockets in test_client_sockets.py.
_BROKEN = {F.RESET: "the connection broke", F.TRUNCATED: "the response was cut off"}
_ALTERED = (F.WRONG_DIGEST, F.WRONG_TYPE)


@dataclass
class Faulty:
    """A transport that lets requests through to ``inner``, except those that the plan meets.

    ``log`` is the client's view: what it was told, which is not always what happened. With an empty plan it is a
    recorder, one for each publisher of a race.
    """

    inner: Transport
    plan: Iterable[Fault] = ()
    clock: VirtualClock = field(default_factory=VirtualClock)
    log: list[Exchange] = field(default_factory=list)
    met: int = 0
    _seen: dict[int, int] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :class:`shiplane.registry.http.exchange.Transport`."""
        with self._lock:
            fault = self._due(request)

            def carry_out() -> Response:
                return self.inner.send(request, limit=limit, deadline=deadline)

            try:
                response = carry_out() if fault is None else self._suffer(fault, request, carry_out, deadline)
            except (TransportError, OversizedError) as error:
                self.log.append(exchange(self.clock.now(), request, None, fault=str(error)))
                raise
            self.log.append(exchange(self.clock.now(), request, response, fault=fault.kind.value if fault else ""))
            return response

    def _due(self, request: Request) -> Fault | None:
        for position, fault in enumerate(self.plan):
            if not fault.meets(request):
                continue
            count = self._seen[position] = self._seen.get(position, 0) + 1
            if fault.skip < count <= fault.skip + fault.times:
                self.met += 1
                return fault
        return None

    def _suffer(self, fault: Fault, request: Request, carry_out: Callable[[], Response], deadline: float) -> Response:
        if fault.kind in _ALTERED:
            return altered(fault, request, carry_out())
        if fault.applied:
            carry_out()
        if fault.kind in _BROKEN:
            raise TransportError(_BROKEN[fault.kind])
        if fault.kind in (F.TIMEOUT, F.SLOW):
            self.clock.pass_by(deadline)
            raise TransportError("no response within the time limit")
        if fault.kind is F.OVERSIZED:
            raise OversizedError("more than the limit")
        if fault.kind is F.REDIRECT:
            return Response(status=307, headers={"location": ELSEWHERE, **fault.headers})
        # What came with the request comes back in the answer's text, as debugging proxies do it.
        words = f"{fault.words} {request.headers.get('Authorization', '')}"
        return _with_headers(failure(*STATUS[fault.kind], words), fault.headers)


def altered(fault: Fault, request: Request, response: Response) -> Response:
    if fault.kind is F.WRONG_TYPE:
        return _with_headers(response, {"content-type": "text/html", **fault.headers})
    wrong = {"docker-content-digest": "sha256:" + "0" * 64, **fault.headers}
    # One byte more is JSON still: only the digest shows it. A HEAD has no body to alter.
    body = response.body + b" " if request.method == "GET" else response.body
    return replace(_with_headers(response, wrong), body=body)


def _with_headers(response: Response, headers: Mapping[str, str]) -> Response:
    return replace(response, headers={**response.headers, **headers})


@dataclass
class Instead:
    """A transport that answers some requests by hand, and leaves the others to ``inner``.

    Attributes:
        inner: Who answers the others.
        answers: By a pattern searched in ``METHOD host/path?query``; the first that fits answers.
        asked: The requests that were answered by hand.
    """

    inner: Transport
    answers: Mapping[str, Callable[[Request], Response]]
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :class:`shiplane.registry.http.exchange.Transport`."""
        place = f"{request.method} {request.url.partition('://')[2]}"
        for pattern, respond in self.answers.items():
            if re.search(pattern, place):
                self.asked.append(request)
                return respond(request)
        return self.inner.send(request, limit=limit, deadline=deadline)
