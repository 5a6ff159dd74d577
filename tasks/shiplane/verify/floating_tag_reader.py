"""Read where a lane's floating tags are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.core.system.parallel import map_parallel
from shiplane.ledger.ledger import Ledger
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.names import Tag
from shiplane.verify.floating_tags import FloatingTagState, existing_floating_tags

if TYPE_CHECKING:
    from shiplane.verify.lane_versions import LaneVersions


@dataclass(frozen=True, kw_only=True)
class FloatingTagReader:
    """Reads the floating tags of one repository."""

    versions: LaneVersions

    def read_existing(self, lane: Lane, ledger: Ledger) -> tuple[FloatingTagState, ...]:
        """Where each floating tag of a lane is: see :func:`existing_floating_tags`. Raises as :meth:`read`."""
        return self.read(lane, ledger, existing_floating_tags(lane, ledger, self.listed(lane)))

    def listed(self, lane: Lane) -> Sequence[Tag]:
        """The repository's tags, listed only for a lane that has ranges: nothing else tells which tags it has by them.

        Raises:
            AccessError, UnreachableError: They cannot be listed.
        """
        return self.versions.registry.tags() if any(template.depth for template in lane.floating_templates) else ()

    def read(self, lane: Lane, ledger: Ledger, tags: Iterable[FloatingTag]) -> tuple[FloatingTagState, ...]:
        """Where each of these is; raises as :meth:`answers` and :meth:`states`."""
        return self.states(lane, ledger, self.answers(tags))

    def answers(self, tags: Iterable[FloatingTag]) -> dict[FloatingTag, Present | Absent]:
        """What the registry serves under each of these tags, in their order.

        Raises:
            AccessError: The registry refuses this identity.
            UnreachableError: It gave no reliable answer about one of the tags.
        """
        floating, versions = list(tags), self.versions
        answers = map_parallel(lambda one: resolve(versions.registry, one.tag), floating, workers=versions.workers)
        return dict(zip(floating, answers, strict=True))

    def states(
        self, lane: Lane, ledger: Ledger, answers: Mapping[FloatingTag, Present | Absent]
    ) -> tuple[FloatingTagState, ...]:
        """Where each of these is; the version behind one digest is looked for once.

        Args:
            lane: The lane with its adopted tags.
            ledger: Its ledger.
            answers: What the registry serves under the floating tags.

        Raises:
            AccessError, UnreachableError: As :meth:`answers`, about a version's tag.
        """
        images = [(floating, answer) for floating, answer in answers.items() if isinstance(answer, Present)]
        behind = self.versions.behind_each(lane, images)
        return tuple(
            FloatingTagState(
                floating=floating,
                answer=answer,
                version=behind[answer.digest] if isinstance(answer, Present) else None,
                position=ledger.position(floating.tag),
            )
            for floating, answer in answers.items()
        )
