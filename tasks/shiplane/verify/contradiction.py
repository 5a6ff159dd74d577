"""Contradictions between the registry and a lane's ledger, and how long they may take to resolve themselves. Pure.

A recorded move was read back before, so a registry that shows something older mostly serves a read of seconds ago, as
GHCR does. Where the ledger is the older one, its read may lag, or a move was never recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shiplane.config.plan import LanePlan
from shiplane.ledger.ledger import Action, Entry
from shiplane.registry.oci.lookup_result import Present, digest_of
from shiplane.verify.survey import Survey

# Seconds. A lagging read gets about a minute; an unrecorded move is not waited for as long.
REGISTRY_BEHIND = 60.0
LEDGER_BEHIND = 10.0


@dataclass(frozen=True)
class Contradiction:
    """What the registry and the ledger say of one tag, and for how many seconds reading both again is worthwhile."""

    what: str
    seconds: float


def contradiction(plan: LanePlan, survey: Survey) -> Contradiction | None:
    """The contradiction to wait for longest; None if both agree about the plan's tags."""
    return max(_contradictions(plan, survey), key=lambda item: item.seconds, default=None)


def _contradictions(plan: LanePlan, survey: Survey) -> Iterator[Contradiction]:
    published, position = survey.ledger.published(plan.tag), survey.ledger.position(plan.lane.floating)
    if published and published.after != digest_of(survey.version):
        now = digest_of(survey.version) or "not there"
        yield Contradiction(f"{plan.tag} was published as {published.after}, and is {now}", REGISTRY_BEHIND)
    if position and position.after != digest_of(survey.floating):
        now = digest_of(survey.floating) or "nothing"
        what = f"{plan.lane.floating} was moved to {position.version} ({position.after}), and is at {now}"
        yield Contradiction(what, _seconds(survey, position))
    elif isinstance(survey.floating, Present) and survey.floating_version is None:
        digest = survey.floating.digest
        if any(entry.action is Action.PUBLISH and entry.after == digest for entry in survey.ledger.entries):
            what = f"{plan.lane.floating} is at {digest}, a published digest that no version of the lane has now"
            yield Contradiction(what, REGISTRY_BEHIND)


def _seconds(survey: Survey, position: Entry) -> float:
    """How long to wait for a floating tag that is not where it was recorded."""
    recorded, current = position.release, survey.floating_version
    if recorded is None or current is None or current <= recorded:
        return REGISTRY_BEHIND
    # An earlier run of this release has moved it: whatever a ledger that lags lacks, this run adds.
    return 0.0 if survey.version == survey.floating else LEDGER_BEHIND
