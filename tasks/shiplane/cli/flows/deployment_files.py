"""The deployment files of a project: looked at, or let follow a floating tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.cli.views.deployments import repointed_json, repointed_text
from shiplane.config.settings import Flags
from shiplane.core.errors import ShiplaneError
from shiplane.ledger.foreign_tags import with_adopted_tags

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.cli.views.deployments import RepointedJson
    from shiplane.config.lane import Lane
    from shiplane.deployments.repoint import Repointer
    from shiplane.deployments.tag_replacement import Pins
    from shiplane.ledger.ledger import Ledger
    from shiplane.registry.client import RegistryClient
    from shiplane.registry.http.retry_budget import RetryBudget
    from shiplane.registry.oci.names import Repository, Tag
    from shiplane.rollback.result import RollbackResult


def follow(
    run: Run, registry: RegistryClient, lanes: Sequence[Lane], pins: Pins, state: str, *, dry_run: bool
) -> Followed | None:
    """Pin a lane's deployment files to what its floating tags were set to; None where none are configured.

    Args:
        run: The run.
        registry: The image's repository.
        lanes: The lanes of that repository.
        pins: The lane, and what its places are to name.
        state: Where the floating tags are, for an error.
        dry_run: Whether nothing is written.

    Raises:
        ShiplaneError: They could not be re-pointed; the message begins with where the floating tags are.
    """
    if not run.project.deployments:
        return None
    from shiplane.deployments.repoint import write

    lane = pins.lane
    repointer = _repointer(run, registry, [lane if lane.name == other.name else other for other in lanes])
    try:
        prepared = run.console.drive(repointer.prepare(pins))
        run.console.drive(write(run.root, prepared.changes, dry_run=dry_run))
    except ShiplaneError as error:
        what = f"{state}, but the deployment files were not re-pointed: {error.what}"
        raise type(error)(what, remedy=error.remedy) from error
    return Followed(
        text=repointed_text(repointer, lane, prepared, dry_run=dry_run), data=repointed_json(repointer, prepared)
    )


def pins_of(result: RollbackResult) -> Pins:
    """What deployment files are to name: all places of a lane with one floating tag, as they follow that one.

    Where there are several, those at a floating tag that moved follow it, those at the bad version follow the widest
    one, and those at other versions are left alone.
    """
    from shiplane.deployments.image_use import Target
    from shiplane.deployments.tag_replacement import Pins

    lane = result.request.lane
    targets = {str(tag.floating): Target(lane.tag_of(tag.target), tag.digest) for tag in result.tags}
    widest = targets[str(result.widest.floating)]
    if len(lane.floating_templates) == 1 and not result.widest.floating.range:
        return Pins(lane=lane, target=widest)
    bad = {str(lane.tag_of(result.bad)): widest} if result.bad and result.bad > result.target else {}
    return Pins(lane=lane, by_tag={**targets, **bad})


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What happened to the deployment files, as text and as JSON."""

    text: str
    data: RepointedJson


def repointer_of(
    run: Run, image: str | None, retry_budget: RetryBudget | None = None, *, certain: bool = False
) -> Repointer:
    """What both tasks work with.

    Args:
        run: The run.
        image: ``--image``.
        retry_budget: Another one than the run's.
        certain: Whether marks that cannot be read end the run: who re-points must know them, who looks need not.
    """
    repository = run.resolver(Flags(image=image)).image().value
    registry = run.registries.reader(repository, retry_budget)
    try:
        recorded = _recorded(run, repository, registry)
    except ShiplaneError as error:
        if certain:
            raise
        run.console.tell(f"marks and adoptions could not be read: {error.what}")
        recorded = []
    marks = {tag: mark.reason for ledger in recorded for tag, mark in ledger.marks.items()}
    lanes = [with_adopted_tags(lane, ledger) for lane, ledger in zip(run.project.lanes, recorded, strict=False)]
    return _repointer(run, registry, lanes or run.project.lanes, marks)


def _recorded(run: Run, repository: Repository, registry: RegistryClient) -> list[Ledger]:
    """The ledger of every lane; none where no ledger is kept, or nothing depends on it."""
    ledgers = run.registries.ledgers(repository, registry)
    if ledgers is None or not run.project.deployments:
        return []
    return [ledgers.store(lane).read().ledger for lane in run.project.lanes]


def _repointer(
    run: Run,
    registry: RegistryClient,
    lanes: Sequence[Lane],
    marks: Mapping[Tag, str] | None = None,
) -> Repointer:
    from shiplane.deployments.repoint import Repointer

    return Repointer(
        root=run.root,
        deployments=run.project.deployments,
        lanes=tuple(lanes),
        registry=registry,
        channels=run.project.channels,
        marks=marks or {},
    )
