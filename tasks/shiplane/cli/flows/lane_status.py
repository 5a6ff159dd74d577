"""The status of lanes, and what a publish would do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.core.errors import ShiplaneError, VerificationError
from shiplane.core.system.parallel import map_parallel

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.channel import Channel
    from shiplane.config.settings import Resolver
    from shiplane.registry.oci.names import Repository
    from shiplane.verify.audit.audit import Auditor
    from shiplane.verify.audit.channel import ChannelTag
    from shiplane.verify.lane_status import ImageChecks, LaneStatus


def auditor_of(run: Run, repository: Repository) -> Auditor:
    """What reads the lanes of a repository."""
    from shiplane.registry.read_once import ReadOnce
    from shiplane.verify.audit.audit import Auditor

    registry = ReadOnce.of(run.registries.reader(repository))
    required = run.project.sign.required if run.project.sign else None
    ledgers = run.registries.ledgers(repository, registry)
    return Auditor(registry=registry, ledgers=ledgers, requires_signatures=required)


def audit_lanes(
    run: Run, resolver: Resolver, *, checks: ImageChecks, newest: int | None
) -> list[tuple[LaneStatus, Auditor]]:
    """Audit each lane in its primary repository, and compare its further ones; gives what read it as well.

    ``checks`` and ``newest`` are as :meth:`shiplane.verify.audit.audit.Auditor.audit` takes them.

    Raises:
        ShiplaneError: A primary could not be read: by situation.
    """
    from shiplane.verify.mirrors.mirror_check import compared

    lanes = resolver.lanes()
    primaries = [resolver.image(lane).value for lane in lanes]
    auditors = {repository: auditor_of(run, repository) for repository in dict.fromkeys(primaries)}
    read_by = [auditors[repository] for repository in primaries]
    flows = [auditor.audit(lane, checks=checks, newest=newest) for lane, auditor in zip(lanes, read_by, strict=True)]
    states = run.console.drive_all(flows)
    mirrors = [[run.registries.reader(mirror) for mirror in resolver.images(lane).value[1:]] for lane in lanes]
    whole = map_parallel(lambda pair: compared(*pair), zip(mirrors, states, strict=True))
    return list(zip(whole, read_by, strict=True))


def channel_tags(channels: Sequence[Channel], audited: Sequence[tuple[LaneStatus, Auditor]]) -> list[ChannelTag]:
    """Where the tags of the channels are, for those lanes whose state was read."""
    from shiplane.verify.audit.channel import ChannelReader

    return [
        ChannelReader(registry=auditor.registry, ledgers=auditor.ledgers).locate(channel, state.lane, state.ledger)
        for channel in channels
        for state, auditor in audited
        if state.lane.name in channel.lanes
    ]


def exit_code_of(audited: Sequence[tuple[LaneStatus, Auditor]], channels: Sequence[ChannelTag]) -> int:
    """What a monitor is told of all of them: 6 for drift anywhere, else 7 where something could not be read, else 0."""
    codes = {state.exit_code for state, _ in audited} | {VerificationError.exit_code for tag in channels if tag.drift}
    return min(codes - {0}, default=0)


def next_publish(resolver: Resolver, state: LaneStatus, auditor: Auditor) -> str:
    """What a publish would do here and now, in one sentence."""
    from shiplane.config.plan import LanePlan
    from shiplane.release.planning.decision import decide
    from shiplane.release.source_check import check_version_file
    from shiplane.verify.surveyor import Surveyor

    lane = state.lane
    try:
        planned = LanePlan(
            lane=lane,
            version=resolver.version(lane),
            latest=resolver.latest(lane),
            platforms=resolver.platforms(lane),
            images=resolver.images(lane),
            version_file=resolver.version_file(lane),
        )
        if planned.version.value.is_snapshot or resolver.checkout is None:
            following = (
                f"the next patch is {lane.tag_of(state.newest.next_patch())}"
                if state.newest
                else "nothing is published"
            )
            return f"no version is tagged at HEAD; {following}"
        check_version_file(lane, planned.version, planned.version_file)
        surveyor = Surveyor(registry=auditor.registry, ledgers=auditor.ledgers)
        decision = decide(planned, surveyor.survey(planned), resolver.checkout.commit)
    except ShiplaneError as error:
        return f"would be refused: {error.what}"
    moves = (f"{move.tag}: {move.action.value} ({move.reason})" for move in decision.moves)
    return "; ".join((f"{decision.version_tag.value} {planned.tag}", *moves))


def history_json(state: LaneStatus) -> dict[str, object]:
    """The history of a lane as JSON values."""
    from shiplane.verify.lane_status import version_json

    return {
        "lane": state.lane.name,
        "image": str(state.repository),
        "ledger": {"tag": state.lane.ledger, "exists": state.exists},
        "versions": [version_json(state.lane, version) for version in state.versions if version.is_read],
        "entries": [entry.to_json() for entry in state.ledger.entries],
        "unrecorded_moves": [entry.id for floating in state.floating for entry in state.ledger.gaps(floating.tag)],
        "drift": list(state.drift),
    }
