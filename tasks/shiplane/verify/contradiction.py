"""Contradictions between the registry and a lane's ledger, and how long they may take to resolve themselves. Pure.

A recorded move was read back before, so a registry that shows something older mostly serves a read of seconds ago, as
GHCR does. Where the ledger is the older one, its read may lag, or a move was never recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shiplane.config.plan import LanePlan
from shiplane.ledger.ledger import MOVES, Action, Entry
from shiplane.registry.oci.lookup_result import digest_of
from shiplane.registry.oci.names import Digest
from shiplane.verify.floating_tags import FloatingTagState
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
    published = survey.ledger.published(plan.tag)
    if published and published.after != digest_of(survey.version):
        now = digest_of(survey.version) or "not there"
        yield Contradiction(f"{plan.tag} was published as {published.after}, and is {now}", REGISTRY_BEHIND)
    for state in survey.floating_tags:
        yield from _misplacements(survey, state)


def _misplacements(survey: Survey, state: FloatingTagState) -> Iterator[Contradiction]:
    """How a floating tag is not where it was recorded, or at what was published and is no version now."""
    digest, position = state.digest, state.position
    if position and not state.as_recorded:
        what = f"{state.tag} was moved to {position.version} ({position.after}), and is at {digest or 'nothing'}"
        yield Contradiction(what, _seconds(survey, state, position))
    elif digest and state.version is None and _was_published(survey, digest):
        what = f"{state.tag} is at {digest}, a published digest that no version of the lane has now"
        yield Contradiction(what, REGISTRY_BEHIND)


def _was_published(survey: Survey, digest: Digest) -> bool:
    """Whether a version had this digest: as recorded, or since a floating tag was moved to it.

    The last moves are known where the publication is in a part of the ledger that was not read.
    """
    actions = (Action.PUBLISH, *MOVES)
    return any(entry.action in actions and entry.after == digest for entry in survey.ledger.entries)


def _seconds(survey: Survey, state: FloatingTagState, position: Entry) -> float:
    """How long to wait for a floating tag that is not where it was recorded."""
    recorded, current = position.release, state.version
    if recorded is None or current is None or current <= recorded:
        return REGISTRY_BEHIND
    # An earlier run of this release has moved it: whatever a ledger that lags lacks, this run adds.
    return 0.0 if survey.version == state.answer else LEDGER_BEHIND
