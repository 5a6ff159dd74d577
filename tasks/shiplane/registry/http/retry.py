"""Retry a request until it gets a usable response, for registries, GitHub and health URLs.

Services differ in how they throttle, how long they ask to wait and how they word errors: these are arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shiplane.core.errors import MisconfiguredError, UnreachableError, VerificationError
from shiplane.registry.http.denials import is_rate_limit
from shiplane.registry.http.exchange import OversizedError, Request, Response, Transport, TransportError
from shiplane.registry.http.retry_after import parse_retry_after
from shiplane.registry.http.retry_budget import RetryBudget

DEADLINE = 30.0
# 522 is Cloudflare's "no connection to the origin"; several registries are behind Cloudflare.
RETRIED = frozenset({408, 429, 500, 502, 503, 504, 522})
# Bytes per second that a streamed body is given time for, beside the deadline.
SLOWEST = 128 * 1024
_AGAIN = "Try again in a few minutes."


def is_throttled(response: Response) -> bool:
    """Whether a 403 is a rate limit, by its text."""
    return response.status == 403 and is_rate_limit(body_text(response))  # noqa: PLR2004


def requested_wait(response: Response, wall: float) -> float | None:
    """The seconds a response asks to wait, in ``Retry-After`` or in GHCR's message."""
    return parse_retry_after(response.headers.get("retry-after"), body_text(response), wall=wall)


def body_text(response: Response) -> str:
    """The beginning of a body as text."""
    return response.body[:2000].decode("utf-8", "replace")


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How requests to a service are retried.

    Attributes:
        error_text: A response's error message, safe to print.
        is_throttled: Whether a response is a rate limit although its status is not.
        requested_wait: The seconds a response asks to wait, given the time since the epoch; None if it does not.
        deadline: Seconds for one exchange.
        until: When everything must end, on the retry budget's clock.
        fail_fast: Whether to fail at once when the requested wait exceeds the remaining budget.
    """

    transport: Transport
    retry_budget: RetryBudget
    error_text: Callable[[Response], str]
    is_throttled: Callable[[Response], bool] = is_throttled
    requested_wait: Callable[[Response, float], float | None] = requested_wait
    retried_statuses: frozenset[int] = RETRIED
    deadline: float = DEADLINE
    until: float | None = None
    fail_fast: bool = False

    def send(self, request: Request, *, limit: int) -> Response:
        """Send until there is a usable response.

        Raises:
            MisconfiguredError: This machine's setup (a certificate, a proxy) prevents a response.
            UnreachableError: Attempts, budget or time are used up.
            VerificationError: The response is too large.
        """
        for attempt in range(1, 100):
            began = self.retry_budget.clock.now()
            try:
                response = self.send_once(request, limit=limit)
            except MisconfiguredError:
                raise
            except UnreachableError as error:
                self.retry_budget.count_lost(began)
                if not self._wait(attempt, error.what):
                    raise
                continue
            if response.status not in self.retried_statuses and not self.is_throttled(response):
                return response
            reason = f"{describe(request)}: HTTP {response.status} {self.error_text(response)}".strip()
            asked = self.requested_wait(response, self.retry_budget.clock.wall())
            if self.fail_fast and asked is not None and asked > self.retry_budget.remaining:
                raise UnreachableError(f"{reason} (it asks to wait {asked:.0f} s)", remedy="Try again after that.")
            if not self._wait(attempt, reason, asked):
                raise UnreachableError(f"{reason} (after {attempt} tries)", remedy=_AGAIN)
        raise AssertionError("unreachable: the attempts end first")

    def send_once(self, request: Request, *, limit: int) -> Response:
        """Send once.

        Raises:
            MisconfiguredError: This machine's setup (a certificate, a proxy) prevents a response.
            UnreachableError: No complete response.
            VerificationError: It is too large.
        """
        deadline = self.deadline + (request.streamed or 0) / SLOWEST
        if self.until is not None:
            deadline = min(deadline, max(self._left(), 0.05))
        try:
            return self._exchange(request, limit, deadline)
        except MisconfiguredError as error:
            raise MisconfiguredError(f"{describe(request)}: {error.what}", remedy=error.remedy) from error
        except TransportError as error:
            raise UnreachableError(
                f"{describe(request)}: {error}", remedy="Check the network and try again."
            ) from error
        except OversizedError as error:
            raise VerificationError(f"{describe(request)}: the response is too large: {error}") from error

    def _exchange(self, request: Request, limit: int, deadline: float) -> Response:
        """Send in a slot; a body that flows takes none: what it flows from is read by a request within this one."""
        slots = self.retry_budget.slots
        if request.streamed is not None:
            return self.transport.send(request, limit=limit, deadline=deadline)
        with slots.slot() as limited:
            response = self.transport.send(request, limit=limit, deadline=deadline)
            if response.status == 429 or self.is_throttled(response):  # noqa: PLR2004
                slots.halve(limited)
        return response

    def _wait(self, attempt: int, reason: str, asked: float | None = None) -> bool:
        if self.until is None:
            return self.retry_budget.wait(attempt, reason, asked=asked)
        return self._left() > 0 and self.retry_budget.wait(attempt, reason, asked=asked) and self._left() > 0

    def _left(self) -> float:
        assert self.until is not None  # noqa: S101 -- asked by the callers
        return self.until - self.retry_budget.clock.now()


def describe(request: Request) -> str:
    """Method and URL, without the query, which may carry a signature."""
    return f"{request.method} {request.url.partition('?')[0]}"
