"""A lane's versions in the registry, and the one that its floating tag points at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.ledger.ledger import Action, Ledger
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import VERSION
from shiplane.verify.label_reader import read_label
from shiplane.verify.lane_status import newest_release

# How many version tags are compared with a floating tag whose image does not name its version.
SEARCHED = 64


@dataclass(frozen=True, kw_only=True)
class LaneVersions:
    """Reads the versions of a repository's lanes; ``workers`` is how many reads run at once."""

    registry: RegistryClient
    workers: int = WORKERS

    def all(self, lane: Lane) -> list[Version]:
        """Every version of the lane that has a tag, the highest first."""
        return versions_among(lane, self.registry.tags())

    def behind(self, lane: Lane, floating: Present | Absent) -> Version | None:
        """The version whose tag has the same digest as the floating tag.

        The image's own label only says which version to compare first.
        """
        if isinstance(floating, Absent):
            return None
        return next(
            (version for version in self._candidates(lane, floating) if self._is(lane, version, floating)), None
        )

    def _candidates(self, lane: Lane, floating: Present) -> Iterator[Version]:
        labelled = lane.version_spelled(read_label(self.registry, floating, VERSION) or "")
        if labelled:
            yield labelled
        others = [v for v in self.all(lane) if v != labelled and not v.is_prerelease][:SEARCHED]
        same = map_parallel(lambda version: self._is(lane, version, floating), others, workers=self.workers)
        yield from (version for version, equal in zip(others, same, strict=True) if equal)

    def _is(self, lane: Lane, version: Version, floating: Present) -> bool:
        answer = resolve(self.registry, lane.tag_of(version))
        return isinstance(answer, Present) and answer.digest == floating.digest


def newest_published(lane: Lane, tags: Iterable[str], ledger: Ledger) -> Version | None:
    """The highest release among the tags and the ledger's publications: the tag list may lag behind those."""
    recorded = (entry.tag for entry in ledger.entries if entry.action is Action.PUBLISH)
    return newest_release(versions_among(lane, [*tags, *recorded]))


def versions_among(lane: Lane, tags: Iterable[str]) -> list[Version]:
    """The versions of a lane among a repository's tags, the highest first."""
    return sorted({version for version in map(lane.version_of_tag, tags) if version}, reverse=True)
