"""Versions in the registry that are tagged in another form than a lane's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.init.sources import Remark, Source


@dataclass(frozen=True, kw_only=True)
class ForeignTag:
    """A version, and the form of its tag."""

    lane: Lane
    tag: str
    version: Version
    form: str

    def remark(self, registry: str) -> Remark:
        """What becomes of the form."""
        reason = (
            f"lane {self.lane.name} tags a version as {self.lane.version_template} from now on: "
            f'tag = "{self.form}" in [lanes.{self.lane.name}] keeps this form'
        )
        return Remark(Source(registry), self.tag, reason)


def foreign_tags(lanes: Iterable[Lane], tags: Sequence[str]) -> list[ForeignTag]:
    """The highest version of each lane that has such ones: it can adopt them."""
    each = (list(_of_lane(lane, tags)) for lane in lanes)
    return [max(found, key=lambda foreign: foreign.version) for found in each if found]


def _of_lane(lane: Lane, tags: Sequence[str]) -> Iterator[ForeignTag]:
    for tag in tags:
        for template in lane.version_template.variants if not lane.version_under(tag) else ():
            text = template.read(tag)
            if text and (version := lane.version_of(text)):
                yield ForeignTag(lane=lane, tag=tag, version=version, form=str(template))
