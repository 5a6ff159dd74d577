"""The sweep over every case sees what it has to see: each sink, each form of a secret."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

import pytest

from shiplane.core.check import Check
from shiplane.core.errors import AccessError
from shiplane.core.progress import Step
from shiplane.core.system.process import run
from shiplane.registry.client import PutResult
from shiplane.registry.http.exchange import OversizedError, TransportError
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.oci.lookup_result import Refused, Unknown
from tests.faults.harness.clock import VirtualClock
from tests.sinks import Sinks, forms

SECRET = '~~>not?>a~canary"of-the-others'
PATH = {"PATH": os.environ["PATH"]}
EVERY = sorted(forms(SECRET, "robot"))
SINKS: dict[str, Callable[[str], object]] = {
    "an error": AccessError,
    "a remedy": lambda text: AccessError("no", remedy=text),
    "a broken transport": TransportError,
    "an answer too large": OversizedError,
    "the story of a wait": lambda text: RetryBudget(clock=VirtualClock()).wait(1, text),
    "a step": lambda text: Step("name", text),
    "an outcome": lambda text: Step("name", "v1").done(text),
    "an answer that is none": Unknown,
    "a refusal": lambda text: Refused("no", text),
    "a write's words": lambda text: PutResult(certain=True, detail=text),
    "a check": lambda text: Check("name", "subject", True, "expected", text),
    "a log": lambda text: logging.getLogger("urllib3.connectionpool").debug("GET %s", text),
    "argv": lambda text: run([sys.executable, "-c", "", text], env=PATH),
    "an environment": lambda text: run([sys.executable, "-c", ""], env={**PATH, "COPY": text}),
}


@pytest.mark.parametrize("form", EVERY)
@pytest.mark.parametrize("sink", SINKS)
def test_a_secret_in_a_sink_is_seen(sinks: Sinks, sink: str, form: str) -> None:
    assert sinks.leaks(EVERY) == []
    SINKS[sink](f"before {form} after")
    assert sinks.leaks([form])
    sinks.clear()


def test_what_a_test_itself_starts_is_no_leak(sinks: Sinks) -> None:
    import subprocess

    subprocess.run([sys.executable, "-c", ""], env={**PATH, "COPY": SECRET}, check=True)
    assert sinks.leaks(EVERY) == []


def test_there_are_eight_forms() -> None:
    assert len(EVERY) == 8
