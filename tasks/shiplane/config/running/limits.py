"""``[limits]`` of the project file: how long a command may take, and how patient its requests are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Number
from shiplane.registry.http.retry_budget import BUDGET, MAX_WAIT, TRIES

# What a job may take on GitHub's own runners (docs.github.com, "Usage limits").
_LONGEST = 6 * 3600.0


class LimitsJson(TypedDict):
    """How long a command may take, and how patient its requests are."""

    run_seconds: Annotated[float, "Seconds for a whole command."]
    tries: Annotated[int, "How many times a request is tried that fails for a temporary reason."]
    wait_seconds: Annotated[float, "The longest wait between two tries."]
    retry_seconds: Annotated[float, "Seconds for all waits and failed tries of a command."]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a command may take, and how patient its requests to registries and to GitHub are."""

    run_seconds: Annotated[
        float,
        Key(
            "Time limit of a whole command in seconds; it then ends as by SIGTERM, with 143. Run it again to continue.",
            Number(above=0, most=7 * 24 * 3600),
        ),
    ] = _LONGEST
    tries: Annotated[
        int,
        Key(
            "How many times a request is tried that fails for a temporary reason.", Number(whole=True, least=1, most=20)
        ),
    ] = TRIES
    wait_seconds: Annotated[
        float,
        Key("The longest wait between two tries, even if the registry asks for more.", Number(above=0, most=3600)),
    ] = MAX_WAIT
    retry_seconds: Annotated[
        float,
        Key("Seconds for all waits and failed tries of a command; 0: none is tried again.", Number(most=24 * 3600)),
    ] = BUDGET

    def __str__(self) -> str:
        times = "1 try" if self.tries == 1 else f"{self.tries} tries"
        waits = f"waits of at most {self.wait_seconds:g} s, {self.retry_seconds:g} s in all"
        return f"{self.run_seconds:g} s for the command; {times} for a request, {waits}"

    def to_json(self) -> LimitsJson:
        """The limits as JSON values."""
        return {
            "run_seconds": self.run_seconds,
            "tries": self.tries,
            "wait_seconds": self.wait_seconds,
            "retry_seconds": self.retry_seconds,
        }


LIMITS = Table.of(Limits, "limits")
