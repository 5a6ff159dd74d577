"""``status`` and ``history``."""

from __future__ import annotations

import time
from collections.abc import Sequence

from shiplane.cli.edge import Answer
from shiplane.cli.run import Run
from shiplane.cli.views.lane_status import history_markdown, history_text, status_markdown, status_text
from shiplane.config.plan import LanePlan
from shiplane.config.settings import Flags, Resolver
from shiplane.core.errors import ShiplaneError
from shiplane.registry.oci.names import Repository
from shiplane.release.planning.decision import decide
from shiplane.verify.audit import Auditor
from shiplane.verify.lane_status import LaneStatus, version_json
from shiplane.verify.surveyor import Surveyor


def status(run: Run, *, lane: Sequence[str] | None = None, image: str | None = None, markdown: bool = False) -> Answer:
    """Show where each floating tag points, and any drift."""
    resolver = run.resolver(Flags(lanes=tuple(lane or ()), image=image))
    repository = resolver.image().value
    auditor = _auditor(run, repository)
    states = [run.console.drive(auditor.audit(lane)) for lane in resolver.lanes()]
    following = {state.lane.name: _next(resolver, state, auditor) for state in states}
    lanes = [{**state.to_json(), "next": following[state.lane.name]} for state in states]
    show = status_markdown if markdown else status_text
    text = show(repository, [(state, following[state.lane.name]) for state in states], time.time())
    return Answer(text=text, data={"image": str(repository), "lanes": lanes})


def history(
    run: Run,
    *,
    lane: Sequence[str] | None = None,
    image: str | None = None,
    markdown: bool = False,
    deep: bool = False,
) -> Answer:
    """Show every version of a lane, and every recorded move."""
    resolver = run.resolver(Flags(lanes=tuple(lane or ()), image=image))
    repository = resolver.image().value
    auditor = _auditor(run, repository)
    states = [run.console.drive(auditor.audit(lane, deep=deep)) for lane in resolver.lanes()]
    show = history_markdown if markdown else history_text
    data = {"image": str(repository), "lanes": [_history_json(state) for state in states]}
    return Answer(text=show(repository, states), data=data)


def _history_json(state: LaneStatus) -> dict[str, object]:
    return {
        "lane": state.lane.name,
        "ledger": {"tag": state.lane.ledger, "exists": state.exists},
        "versions": [version_json(state.lane, version) for version in state.versions],
        "entries": [entry.to_json() for entry in state.ledger.entries],
        "unrecorded_moves": [entry.id for entry in state.ledger.gaps(state.lane.floating)],
        "drift": list(state.drift),
    }


def _auditor(run: Run, repository: Repository) -> Auditor:
    registry = run.reader(repository)
    return Auditor(registry=registry, ledgers=run.ledgers(repository, registry))


def _next(resolver: Resolver, state: LaneStatus, auditor: Auditor) -> str:
    """What a publish would do here and now, in one sentence."""
    lane = state.lane
    try:
        planned = LanePlan(lane=lane, version=resolver.version(lane), latest=resolver.latest(lane))
        if planned.version.value.is_snapshot or resolver.checkout is None:
            following = (
                f"the next patch is {lane.tag_of(state.newest.next_patch())}" if state.newest else "nothing is out"
            )
            return f"no version is tagged here; {following}"
        surveyor = Surveyor(registry=auditor.registry, ledgers=auditor.ledgers)
        decision = decide(planned, surveyor.survey(planned), resolver.checkout.commit)
    except ShiplaneError as error:
        return f"would be refused: {error.what}"
    moves = f"{lane.floating}: {decision.move.value} ({decision.reason})"
    return f"{decision.naming.value} {planned.tag}; {moves}"
