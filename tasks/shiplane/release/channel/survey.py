"""What there is of a channel's commit before anything is built or written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from shiplane.config.channel import Channel
from shiplane.config.plan import LanePlan, Plan
from shiplane.core.errors import RefusedError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow, Step
from shiplane.core.text import one_line
from shiplane.ledger.ledger import Entry
from shiplane.registry.lookup import resolve, resolve_consistent
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import REVISION
from shiplane.registry.oci.names import Repository, Tag
from shiplane.release.planning.decision import Pending
from shiplane.verify.label_reader import read_label

if TYPE_CHECKING:
    from shiplane.release.channel.forward import ForwardOnly
    from shiplane.verify.audit.channel import ChannelReader, ChannelTag


_NOTHING: Mapping[Repository, bool] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class ChannelLane:
    """One lane of a channel before it is published.

    Attributes:
        plan: The lane's part of the plan; its version is the commit's snapshot.
        state: Where the channel's tag is.
        forward: Whether the tag goes forward; False where the user lets it leave its commit.
        kept: What the tag that the build keeps has; None where none is kept.
        image: The image of this commit that is published already; None if it has to be built.
    """

    plan: LanePlan
    state: ChannelTag
    forward: bool
    kept: Present | Absent | None
    image: Present | None

    @property
    def name(self) -> str:
        """The lane's name."""
        return self.plan.lane.name

    @property
    def pending(self) -> Pending:
        """What is still to be written."""
        if self.image is None:
            return Pending.VERSION
        is_written = not isinstance(self.kept, Absent) and self.state.digest == self.image.digest
        return Pending.NOTHING if is_written else Pending.FLOATING_TAG

    def describe(self) -> str:
        """What there is and what happens, for display."""
        at = f"is at commit {one_line(self.state.commit)[:12]}" if self.state.commit else "names no commit"
        tag = f"{self.state.tag} {at if self.state.digest else 'does not exist yet'}"
        if self.pending is Pending.NOTHING:
            return f"{tag}, this one"
        image = f"{self.image.digest.short} was built from this commit before" if self.image else "nothing is built yet"
        return f"{tag}; {image}"


@dataclass(frozen=True, kw_only=True)
class ChannelSurveyor:
    """Surveys the lanes of a channel. Reads only.

    Attributes:
        channel: The channel.
        readers: Reads its tags in each primary repository.
        rule: Whether they may move.
    """

    channel: Channel
    readers: Callable[[Repository], ChannelReader]
    rule: ForwardOnly

    def survey(self, plan: Plan, *, may_push: Mapping[Repository, bool] = _NOTHING) -> Flow[list[ChannelLane]]:
        """Read every lane's tags, and refuse what may not be published.

        Args:
            plan: What is to be published.
            may_push: Whether push permission is proven, for each primary repository: see :meth:`ChannelReader.read`.

        Raises:
            RefusedError: A tag would not go forward, or has another commit's image.
            PrerequisiteError: Whether it would cannot be told.
            AccessError, UnreachableError: Something cannot be read.
        """
        lanes = []
        for lane_plan in plan.lanes:
            primary = lane_plan.repository
            step = Step(
                "registry", f"{self.channel.tag_of(lane_plan.lane)} ({lane_plan.lane.name}){plan.where(lane_plan)}"
            )
            yield step
            state = self.readers(primary).read(self.channel, lane_plan.lane, may_push=may_push.get(primary, False))
            lanes.append(self._lane(plan, lane_plan, state))
            yield step.done(lanes[-1].describe())
        return lanes

    def survey_again(self, lane: ChannelLane) -> ChannelLane:
        """The lane with its tag as it is now. Raises as :meth:`survey`."""
        state = self.readers(lane.plan.repository).read(self.channel, lane.plan.lane, newest=lane.state.ledger)
        if state.digest == lane.state.digest and state.position == lane.state.position:
            return replace(lane, state=state)
        return replace(lane, state=state, forward=replace(self.rule, reset=False).check(state))

    def moved_on(self, lane: ChannelLane, commit: str) -> Entry | None:
        """The move to the newest descendant of a commit that was recorded since; None if there is none."""
        newest = None
        for move in self.readers(lane.plan.repository).moves_since(lane.state):
            behind = newest.commit if newest else commit
            if move.commit != behind and self.rule.is_certain(behind, move.commit):
                newest = move
        return newest

    def _lane(self, plan: Plan, lane_plan: LanePlan, state: ChannelTag) -> ChannelLane:
        forward = self.rule.check(state)
        kept, image = None, None
        if tag := self.channel.kept_tag(lane_plan.lane, plan.commit):
            kept = Absent() if state.presumed else self._kept(lane_plan, tag, state, plan.commit)
            image = kept if isinstance(kept, Present) else self._recorded(lane_plan, tag, state)
        ours = (state.commit, state.version) == (plan.commit, str(lane_plan.version.value))
        if image is None and ours and isinstance(state.answer, Present):
            image = state.answer
        return ChannelLane(plan=lane_plan, state=state, forward=forward, kept=kept, image=image)

    def _kept(self, lane_plan: LanePlan, tag: Tag, state: ChannelTag, commit: str) -> Present | Absent:
        """What the tag that the build keeps has: nothing, or this commit's image as it was recorded."""
        registry, record = self.readers(lane_plan.repository).registry, state.ledger.published(tag)
        answer = resolve_consistent(registry, tag, lambda digest: record is None or digest == record.after)
        if isinstance(answer, Absent):
            return answer
        if record and record.after != answer.digest:
            raise RefusedError(
                f"{tag} was published as {record.after} on {record.when} by {record.who}, and is {answer.digest} now",
                remedy=f"Find out who changed it: {command('history')}. {_NEXT}",
            )
        revision = read_label(registry, answer, REVISION)
        if revision != commit:
            source = f"commit {one_line(revision)[:40]}" if revision else "an image without a commit label"
            raise RefusedError(f"{tag} exists already as {answer.digest}, built from {source}", remedy=_NEXT)
        return answer

    def _recorded(self, lane_plan: LanePlan, tag: Tag, state: ChannelTag) -> Present | None:
        """The image that this tag had by the record, though the tag is gone: it is tagged again, and never built again.

        Raises:
            RefusedError: It is gone as well.
        """
        record = state.ledger.published(tag)
        if record is None:
            return None
        answer = resolve(self.readers(lane_plan.repository).registry, record.after)
        if isinstance(answer, Present):
            return answer
        raise RefusedError(
            f"{tag} was published as {record.after} on {record.when} by {record.who}, and neither exists any more",
            remedy=_NEXT,
        )


_NEXT = "A build's tag is written once: publish another commit of the branch."
