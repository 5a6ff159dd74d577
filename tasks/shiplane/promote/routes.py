"""From where to where a version is promoted: by flags, or by the project file, which then allows no other way.

A way that is reviewed with the project file keeps a typing error, or a parameter of a CI job, from carrying a version
from a stranger's repository into production. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shiplane.config.keys.registries import PromotionRoute
from shiplane.config.lane import Lane
from shiplane.config.project_file import ProjectFile
from shiplane.config.setting import Setting
from shiplane.core.errors import UsageError
from shiplane.registry.oci.names import Repository

_FLAGS = "--from and --to"


@dataclass(frozen=True, kw_only=True)
class RouteChoice:
    """Chooses the way of a lane's version.

    Attributes:
        project: The project file.
        images: The repositories of each lane, by the lane's name.
    """

    project: ProjectFile
    images: Mapping[str, tuple[Repository, ...]]

    def choose(self, lane: Lane, source: Repository | None, target: Repository | None) -> Setting[PromotionRoute]:
        """The way of a lane's versions.

        Args:
            lane: The lane.
            source: What ``--from`` gives.
            target: What ``--to`` gives.

        Raises:
            UsageError: There is none, or more than one; it leads back to where it begins, or to where another lane has
                tags of the same names.
        """
        route = self._configured(lane, source, target) if self.project.promotions else self._given(lane, source, target)
        if route.value.source in route.value.images:
            raise UsageError(
                f"{route.value.source} cannot be promoted to itself ({route.source})",
                remedy="Use two different repositories.",
            )
        self._check_rivals(lane, route)
        return route

    def _configured(self, lane: Lane, source: Repository | None, target: Repository | None) -> Setting[PromotionRoute]:
        sources = (source,) if source else self.images[lane.name]
        fitting = [
            route for route in self.project.promotions if route.source in sources and target in (None, route.target)
        ]
        if len(fitting) != 1:
            which = "more than one promotion route" if fitting else "no promotion route"
            ends = f"from {' or '.join(map(str, sources))}" + (f" to {target}" if target else "")
            raise UsageError(
                f"the project file has {which} {ends}",
                remedy=f"Its routes ([[promotions]]): {_listed(fitting or self.project.promotions)}. "
                f"Choose one with {_FLAGS}, or add a route to {self.project.name}.",
            )
        return Setting(fitting[0], f"{self.project.name}: promotions")

    def _given(self, lane: Lane, source: Repository | None, target: Repository | None) -> Setting[PromotionRoute]:
        own = self.images[lane.name]
        if target is None:
            raise UsageError(
                "no repository to promote to", remedy="Add --to REPOSITORY, or [[promotions]] to the project file."
            )
        if self.project.ledger or lane.rivals:
            why = (
                f"ledger = {self.project.ledger}"
                if self.project.ledger
                else f"lane {lane.name} shares tag names with another lane"
            )
            raise UsageError(
                f"{why}, so that only the project file can say which ledger and which lane belong to {target}",
                remedy="Add [[promotions]] with from and to to the project file.",
            )
        images = own if target == own[0] else (target,)
        return Setting(PromotionRoute(source=source or own[0], images=images), "--to")

    def _check_rivals(self, lane: Lane, route: Setting[PromotionRoute]) -> None:
        for name in sorted(lane.rivals):
            rivals = self.images[name]
            theirs = {image for way in self.project.promotions if way.source in rivals for image in way.images}
            if shared := {*rivals, *theirs} & {*route.value.images}:
                raise UsageError(
                    f"lanes {lane.name} and {name} have tags of the same name, and both would be in "
                    f"{min(map(str, shared))} ({route.source})",
                    remedy="Promote each of them to a repository of its own.",
                )


def _listed(routes: Sequence[PromotionRoute]) -> str:
    return ", ".join(f"{route.source} -> {route.target}" for route in routes)
