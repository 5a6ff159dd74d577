"""Two publishers of one channel, in every order in which their steps can fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.progress import Flow
from shiplane.registry.oci.names import Digest
from shiplane.release.channel.publisher import channel_publisher
from shiplane.release.channel.result import ChannelResult
from shiplane.release.publish import Publisher
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.races import Race, Scenario, Start, explore
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import PATH
from tests.faults.release.test_channel import EDGE, FIRST, SECOND, THIRD, Branch, channel_plan


def image_of(registry: MemoryRegistry, commit: str) -> Digest:
    """The image that every build of a commit gives here."""
    return push_image(registry, PATH, revision=commit, version=f"0.0.0-{commit[:12]}").digest


@dataclass(frozen=True)
class Built:
    """A stager whose images are in the registry already: the order of builds makes no difference."""

    digest: Digest

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        del plan
        return {lane.lane.name: self.digest for lane in lanes}


@dataclass(frozen=True)
class Follow:
    """Publishes one commit to the channel."""

    commit: str

    def __call__(self, releaser: Releaser) -> Flow[ChannelResult]:
        stager = Built(image_of(MemoryRegistry(), self.commit))
        release = Publisher(
            registry=releaser.registry,
            stager=lambda: stager,
            probe=False,
            ledgers=lambda _primary: releaser.ledgers,
            workers=1,
        )
        publisher = channel_publisher(release, EDGE, channel_plan(self.commit), Branch().is_ancestor)
        return publisher.publish(channel_plan(self.commit))

    def prepare(self, registry: MemoryRegistry) -> None:
        image_of(registry, self.commit)


class ChannelRace(Race):
    """A race whose promise is that the tag never goes back."""

    def broken(self) -> set[str]:
        commits = [contender.commit for contender in self.start.scenario.contenders if isinstance(contender, Follow)]
        digests = {str(image_of(MemoryRegistry(), commit)): commit for commit in (FIRST, SECOND, THIRD)}
        at = digests[self.world.registry.tags(PATH)["edge"]]
        done = [commit for commit, code in zip(commits, self.codes, strict=True) if code == 0]
        return {"forward"} if done and at < max(done) else set()


class ChannelStart(Start):
    """Such a race's beginning."""

    def race(self, schedule: Sequence[int] = ()) -> Race:
        race = super().race(schedule)
        return ChannelRace(race.start, race.world, race.runners)


def test_in_every_order_the_tag_ends_at_the_newest_commit_of_those_that_ended_well() -> None:
    scenario = Scenario(first=Follow(SECOND), second=Follow(THIRD), before=[Follow(FIRST)])
    tally = explore(ChannelStart(scenario, claimed=False))
    ends = {codes for codes, _ in tally.ends}
    assert tally.broken == 0, tally.example
    # The older one is refused or loses, unless it was first; the newer one may lose to it, and is then run again.
    assert ends == {(0, 0), (5, 0), (8, 0), (0, 8)}
    assert tally.interleavings > 100_000


def test_of_two_runs_of_one_commit_at_least_one_ends_well_in_every_order() -> None:
    scenario = Scenario(first=Follow(SECOND), second=Follow(SECOND), before=[Follow(FIRST)])
    tally = explore(ChannelStart(scenario, claimed=False))
    assert tally.broken == 0
    assert {codes for codes, _ in tally.ends} == {(0, 0)}
