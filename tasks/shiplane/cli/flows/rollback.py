"""A rollback of one lane and of the deployment files that follow it, and what marks versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.config.settings import Flags

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.rollback.marks import Marker
    from shiplane.rollback.result import RollbackRequest


def roll_back(run: Run, wish: RollbackRequest, flags: Flags) -> Answer:
    """Choose the version to go to, go there, and let the deployment files follow.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.cli.flows.deployment_files import follow
    from shiplane.cli.views.rollback import rolled_back_text
    from shiplane.deployments.image_use import Target
    from shiplane.rollback.rollback import Rollback

    resolver, clients = run.resolver(flags), run.registries
    repository = resolver.image().value
    registry = clients.reader(repository) if wish.dry_run else clients.writer(repository)
    run.show_at_the_end(lambda: clients.tags_now(registry, [wish.lane.floating]))
    rollback = Rollback(
        registry=registry,
        platforms=resolver.platforms(wish.lane).value,
        ledgers=clients.ledgers(repository, registry),
        commit_of=lambda lane, version: run.git.commit_of_tag(lane.git_tag_of(version)),
    )
    choice = run.console.drive(rollback.choose(wish))
    if wish.to is None:  # without the version, the same command would go down once more
        run.repeat_with("--to", choice.tag)
    result = run.console.drive(rollback.go_to(choice))
    target = Target(choice.tag, result.digest)
    followed = follow(run, registry, result.request.lane, target, dry_run=wish.dry_run)
    text = rolled_back_text(repository, result) + (f"\n\n{followed.text}" if followed else "")
    data = {**result.to_json(repository), "deployments": followed.data if followed else None}
    return Answer(text=text, data=data)


def marker_of(run: Run, lane: Lane, image: str | None, *, dry_run: bool = False) -> Marker:
    """What marks versions of a lane; at the end of the run, its floating tag is shown.

    Raises:
        ConfigurationError: No ledger is kept.
    """
    from shiplane.rollback.marks import Marker

    clients = run.registries
    repository = run.resolver(Flags(image=image)).image().value
    registry = clients.reader(repository) if dry_run else clients.writer(repository)
    run.show_at_the_end(lambda: clients.tags_now(registry, [lane.floating]))
    ledgers = clients.required_ledgers(repository, registry, for_what="marks are")
    return Marker(registry=registry, ledgers=ledgers, dry_run=dry_run)
