"""What marks versions as bad, and takes marks back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.flows.rollback import fixed_tags
from shiplane.config.settings import Flags

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.config.version import Version
    from shiplane.rollback.marks import Marker


def marker_of(
    run: Run, lane: Lane, image: str | None, version: Version | None = None, *, dry_run: bool = False
) -> Marker:
    """What marks versions of a lane; at the end of the run, the floating tags of that version are shown.

    Raises:
        ConfigurationError: No ledger is kept.
    """
    from shiplane.rollback.marks import Marker

    clients = run.registries
    repository = run.resolver(Flags(image=image)).image(lane).value
    registry = clients.reader(repository) if dry_run else clients.writer(repository)
    tags = [floating.tag for floating in lane.floating_tags(version)] if version else fixed_tags(lane)
    run.show_at_the_end(lambda: clients.tags_now(registry, tags))
    ledgers = clients.required_ledgers(repository, registry, for_what="marks are")
    return Marker(registry=registry, ledgers=ledgers, dry_run=dry_run)
