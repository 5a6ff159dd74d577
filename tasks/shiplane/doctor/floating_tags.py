"""Check where each lane's floating tags are: a release has to tell what is forward of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shiplane.config.floating_tag import FloatingTag, in_moving_order
from shiplane.config.lane import Lane
from shiplane.core.errors import AccessError, RefusedError, ShiplaneError
from shiplane.core.finding import Finding, done, failed, skipped
from shiplane.core.next_command import command
from shiplane.core.progress import StepState
from shiplane.ledger.ledger import Ledger
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.verify.floating_tag_reader import FloatingTagReader
from shiplane.verify.floating_tags import FloatingTagState, set_command
from shiplane.verify.surveyor import Surveyor


@dataclass(frozen=True, kw_only=True)
class FloatingTagChecks:
    """The floating tags of the lanes to release: one without a place in the version order is not moved.

    Attributes:
        lanes: The lanes, each with whether a release moves its tag by default.
        surveyor: Reads the images as a release would.
    """

    lanes: Sequence[tuple[Lane, bool]]
    surveyor: Callable[[], Surveyor]

    def after(self, before: Sequence[Finding]) -> Iterator[Finding]:
        """The rows of access and ledgers, then the floating tags'."""
        yield from before
        if StepState.FAILED in [row.state for row in before]:
            yield skipped("tags", "fix the error above first")
            return
        surveyor = self.surveyor()
        for lane, moves in self.lanes:
            yield from _check_floating(surveyor, lane, moves=moves)


def _check_floating(surveyor: Surveyor, lane: Lane, *, moves: bool) -> list[Finding]:
    """Whether a release can tell what is forward of each of a lane's floating tags: a row for each that exists."""
    name = f"tags: {lane.name}"
    try:
        existing = _existing(surveyor, lane)
    except AccessError as error:
        # GHCR answers so for a package that does not exist yet; push permission was checked above.
        return [skipped(name, f"nothing can be read yet: {error.what}")]
    except ShiplaneError as error:
        return [failed(name, error)]
    if not existing:
        return [skipped(name, _none(lane))]
    try:
        adopted = surveyor.with_adopted_tags(lane)
        states = FloatingTagReader(versions=surveyor.versions).states(adopted, Ledger(), existing)
    except ShiplaneError as error:
        return [failed(name, error)]
    names = {state.tag: f"{name} {state.tag}" if len(states) > 1 else name for state in states}
    return [_place(names[state.tag], adopted, state, moves=moves) for state in reversed(states)]


def _existing(surveyor: Surveyor, lane: Lane) -> dict[FloatingTag, Present | Absent]:
    """The lane's floating tags that exist, as they are."""
    reader = FloatingTagReader(versions=surveyor.versions)
    answers = reader.answers(lane.floating_tags_among(reader.listed(lane)))
    return {floating: answer for floating, answer in answers.items() if isinstance(answer, Present)}


def _none(lane: Lane) -> str:
    tags = [str(template) for template in reversed(in_moving_order(lane.floating_templates))]
    return f"{', '.join(tags)} {'do' if len(tags) > 1 else 'does'} not exist yet" if tags else "no floating tags"


def _place(name: str, lane: Lane, state: FloatingTagState, *, moves: bool) -> Finding:
    """Where one floating tag is in the version order."""
    if state.version and state.floating.spans(state.version):
        return done(name, f"{state.tag} is at {lane.tag_of(state.version)}")
    if state.version:
        what = f"{state.tag} is at {lane.tag_of(state.version)}, which is none of the {state.floating.span}"
        adopt = "Publish"
    else:
        what = f"{state.tag} is at {state.digest}, which is not a version of lane {lane.name}"
        adopt = f"If another tool published it: {command('adopt', '--lane', lane.name)}. Otherwise publish"
    rollback = set_command(lane, state.floating, "vX.Y.Z")
    remedy = f"A release that moves it is refused. {adopt} with --latest=no, then set it explicitly: {rollback}"
    return failed(name, RefusedError(what, remedy=remedy)) if moves else done(name, what, warning=remedy)
