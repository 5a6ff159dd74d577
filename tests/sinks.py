"""Every place where a secret could come to light, watched: what was said, raised, logged, and given to children.

The forms of a secret are written anew here, not borrowed from the product.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any
from urllib.parse import quote

import pytest

from shiplane.core.check import Check
from shiplane.core.errors import ShiplaneError
from shiplane.core.finding import Finding
from shiplane.core.progress import Step, StepOutcome
from shiplane.registry.client import PutResult
from shiplane.registry.http.exchange import OversizedError, TransportError
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.oci.lookup_result import Refused, Unknown

# What is made to be said: errors, waits, the story, findings.
_SAID: tuple[tuple[type, str], ...] = (
    (ShiplaneError, "__init__"),
    (TransportError, "__init__"),
    (OversizedError, "__init__"),
    (RetryBudget, "wait"),
    (Step, "__init__"),
    (StepOutcome, "__init__"),
    (Unknown, "__init__"),
    (Refused, "__init__"),
    (PutResult, "__init__"),
    (Check, "__init__"),
    (Finding, "__init__"),
)


def forms(secret: str, user: str = "") -> frozenset[str]:
    """The eight forms of reliability.md 6.2: raw, base64, base64url, with the user in base64, percent, JSON, reversed,
    the first twelve characters."""
    coded = base64.b64encode(secret.encode()).decode().rstrip("=")
    pair = base64.b64encode(f"{user}:{secret}".encode()).decode().rstrip("=")
    plain = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], secret[::-1], secret[:12]}
    return frozenset(plain | {coded, coded.replace("+", "-").replace("/", "_"), pair})


@dataclass
class Sinks(logging.Handler):
    """What was seen so far: where, and the text."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    children: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        """See :class:`logging.Handler`."""
        self.seen.append((f"log of {record.name}", record.getMessage()))

    def clear(self) -> None:
        self.seen.clear()
        self.children.clear()

    def leaks(self, secrets: Iterable[str]) -> list[str]:
        """Where a form of a secret turned up."""
        wanted = tuple(secrets)
        whole = "\n".join(text for _, text in (*self.seen, *self.children))
        if not any(form in whole for form in wanted):
            return []
        return [f"{place}: {text[:300]}" for place, text in (*self.seen, *self.children) for f in wanted if f in text]


_WATCHING: list[Sinks] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen" and _WATCHING and _is_product(sys._getframe(1)):
        _, argv, _, env = arguments
        said = [f"{os.fsdecode(name)}={os.fsdecode(value)}" for name, value in (env or os.environ).items()]
        words = [os.fsdecode(word) for word in argv]
        _WATCHING[-1].children.append((f"child {words[0]}", "\n".join([*words, *said])))


def _is_product(frame: FrameType | None) -> bool:
    """Whether the product starts this child, and not the test itself."""
    for _ in range(4):
        if frame is None:
            return False
        if frame.f_code.co_filename.endswith("shiplane/core/system/process.py"):
            return True
        frame = frame.f_back
    return False


sys.addaudithook(_audit)


@contextmanager
def watched() -> Iterator[Sinks]:
    """Watch all sinks of this process."""
    sinks, patch = Sinks(), pytest.MonkeyPatch()
    for kind, name in _SAID:
        patch.setattr(kind, name, _recording(sinks, kind.__name__, getattr(kind, name)))
    logging.getLogger().addHandler(sinks)
    level = logging.getLogger("urllib3").level
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    _WATCHING.append(sinks)
    try:
        yield sinks
    finally:
        _WATCHING.remove(sinks)
        logging.getLogger("urllib3").setLevel(level)
        logging.getLogger().removeHandler(sinks)
        patch.undo()


def _recording(sinks: Sinks, place: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def recorded(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 -- handed on as they are
        sinks.seen.append((place, " ".join(map(str, (*arguments, *named.values())))))
        return call(self, *arguments, **named)

    return recorded
