"""Read where a channel's tag is: by what the registry serves, and by what the ledger has recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shiplane.config.channel import Channel
from shiplane.config.lane import Lane
from shiplane.ledger.ledger import Entry, Ledger
from shiplane.registry.lookup import hides_everything, resolve_consistent
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.manifest import REVISION, VERSION
from shiplane.registry.oci.names import Digest, Tag
from shiplane.verify.label_reader import read_labels

if TYPE_CHECKING:
    from shiplane.ledger.recorder import Ledgers
    from shiplane.registry.client import RegistryClient


@dataclass(frozen=True, kw_only=True)
class ChannelTag:
    """A channel's tag for one lane.

    Attributes:
        answer: What the registry serves under it.
        commit: The commit in the labels of that image; empty if there is none.
        version: The version in its labels; empty if there is none.
        ledger: The lane's ledger; empty where none is kept.
        presumed: Whether nothing of the repository could be read, and it is presumed to be new.
    """

    channel: Channel
    lane: Lane
    answer: Present | Absent
    commit: str = ""
    version: str = ""
    ledger: Ledger = field(default_factory=Ledger)
    presumed: bool = False

    @property
    def tag(self) -> Tag:
        """Its name."""
        return self.channel.tag_of(self.lane)

    @property
    def digest(self) -> Digest | None:
        """Its digest, if it exists."""
        return digest_of(self.answer)

    @property
    def position(self) -> Entry | None:
        """Its last recorded move, if any."""
        return self.ledger.position(self.tag)

    @property
    def as_recorded(self) -> bool:
        """Whether it is where the ledger has it; so it is where no move of it is recorded."""
        return self.position is None or self.position.after == self.digest

    @property
    def arrival(self) -> Entry | None:
        """The recorded move that brought it to where it is, if any."""
        return self.position if self.as_recorded else None

    @property
    def drift(self) -> str:
        """How the registry differs from the record, or nothing."""
        position = self.position
        if position is None or self.as_recorded:
            return ""
        now = f"at {self.digest}" if self.digest else "gone"
        return (
            f"{self.tag} is {now}; the last recorded move is to commit {position.commit}, {position.after} "
            f"({position.when}, {position.who}): the tag was moved without a record, or by a run that was interrupted "
            "before recording it"
        )

    def to_json(self) -> dict[str, Any]:
        """The tag as JSON values."""
        arrival = self.arrival
        return {
            "channel": self.channel.name,
            "branch": self.channel.branch,
            "lane": self.lane.name,
            "tag": self.tag,
            "digest": str(self.digest) if self.digest else None,
            "commit": self.commit or None,
            "since": arrival.when if arrival else None,
            "by": arrival.who if arrival else None,
            "why": arrival.why or None if arrival else None,
            "run": arrival.run or None if arrival else None,
            "drift": self.drift or None,
        }

    @property
    def commits(self) -> tuple[str, ...]:
        """Every commit that it is at: by its image, and by the record; one of the two may lag, or be wrong."""
        recorded = self.position.commit if self.position else ""
        return tuple(dict.fromkeys(commit for commit in (self.commit, recorded) if commit))

    @property
    def past(self) -> frozenset[Digest]:
        """Where it was by the record: a lagging read may show it there."""
        return frozenset(move.after for move in self.ledger.moves(self.tag))


@dataclass(frozen=True, kw_only=True)
class ChannelReader:
    """Reads the channels of one repository; ``ledgers`` is None where none is kept."""

    registry: RegistryClient
    ledgers: Ledgers | None

    def read(self, channel: Channel, lane: Lane, *, newest: Ledger | None = None, may_push: bool = False) -> ChannelTag:
        """Read a channel's tag for one lane.

        Args:
            channel: The channel.
            lane: One of its lanes.
            newest: The newest state of the ledger that this run knows of, if it has read it before.
            may_push: Whether push permission is proven: then a repository of which nothing can be read is new, as in
                :meth:`shiplane.verify.surveyor.Surveyor.survey`.

        Raises:
            AccessError: The registry refuses this identity.
            UnreachableError: It gave no reliable answer.
            BrokenLedgerError: The ledger is broken.
        """
        if may_push and hides_everything(self.registry, (channel.tag_of(lane), lane.ledger)):
            return ChannelTag(channel=channel, lane=lane, answer=Absent(), presumed=True)
        return self.locate(channel, lane, self._ledger(lane, newest))

    def locate(self, channel: Channel, lane: Lane, ledger: Ledger) -> ChannelTag:
        """Read a channel's tag for one lane whose ledger was read already. Raises as :meth:`read`."""
        tag = channel.tag_of(lane)
        position = ledger.position(tag)
        answer = resolve_consistent(self.registry, tag, lambda digest: position is None or digest == position.after)
        labels = read_labels(self.registry, answer, REVISION, VERSION) if isinstance(answer, Present) else {}
        return ChannelTag(
            channel=channel,
            lane=lane,
            answer=answer,
            commit=labels.get(REVISION, ""),
            version=labels.get(VERSION, ""),
            ledger=ledger,
        )

    def moves_since(self, state: ChannelTag) -> list[Entry]:
        """The moves of a tag that were recorded since it was read. Raises as :meth:`read`."""
        ids = {entry.id for entry in state.ledger.entries}
        return [move for move in self._ledger(state.lane, state.ledger).moves(state.tag) if move.id not in ids]

    def _ledger(self, lane: Lane, newest: Ledger | None) -> Ledger:
        return self.ledgers.store(lane).read_newer(newest).ledger if self.ledgers else Ledger()
