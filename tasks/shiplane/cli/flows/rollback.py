"""A rollback of lanes and of the deployment files that follow them, and what marks versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.config.settings import Flags

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.config.version import Version
    from shiplane.deployments.tag_replacement import Pins
    from shiplane.registry.client import RegistryClient
    from shiplane.registry.oci.names import Tag
    from shiplane.rollback.choice import RollbackChoice
    from shiplane.rollback.marks import Marker
    from shiplane.rollback.result import RollbackRequest, RollbackResult


def roll_back(run: Run, requests: Sequence[RollbackRequest], flags: Flags) -> Answer:
    """Choose the versions to go to, for every lane before any tag moves; go there, and let deployment files follow.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.rollback.rollback import Rollback

    resolver, clients = run.resolver(flags), run.registries
    repository, dry_run = resolver.image().value, any(request.dry_run for request in requests)
    registry = clients.reader(repository) if dry_run else clients.writer(repository)
    tags = [tag for request in requests for tag in _fixed_tags(request.lane)]
    run.show_at_the_end(lambda: clients.tags_now(registry, tags))
    rollback = Rollback(
        registry=registry,
        platforms=lambda lane: resolver.platforms(lane).value,
        ledgers=clients.ledgers(repository, registry),
        commit_of=lambda lane, version: run.git.commit_of_tag(lane.git_tag_of(version)),
    )
    choices = run.console.drive(rollback.choose(requests))
    tags[:] = [tag for choice in choices for tag in choice.floating_tags]
    run.repeat_with(*_repeated(choices))
    results = run.console.drive(rollback.go_to(choices))
    answers = [_with_deployments(run, registry, result) for result in results]
    if len(answers) == 1:
        return answers[0]
    text = "\n\n".join(answer.text for answer in answers)
    return Answer(text=text, data={"image": str(repository), "lanes": [answer.data for answer in answers]})


def _fixed_tags(lane: Lane) -> list[Tag]:
    """The floating tags that exist whatever was released."""
    return [floating.tag for floating in lane.floating_tags_among(())]


def _repeated(choices: Sequence[RollbackChoice]) -> list[str]:
    """The flags without which the same command would mean something else by now; several lanes' versions differ."""
    if len(choices) > 1:
        return []
    (choice,) = choices
    request, bad = choice.request, choice.bad
    source = bad if request.source is None and len(choice.floating_tags) > 1 else None
    to = None if request.to else choice.tag
    return [*(("--from", request.lane.tag_of(source)) if source else ()), *(("--to", to) if to else ())]


def _with_deployments(run: Run, registry: RegistryClient, result: RollbackResult) -> Answer:
    """A lane's rollback, and that of the deployment files which follow it."""
    from shiplane.cli.flows.deployment_files import follow
    from shiplane.cli.views.rollback import positions_text, rolled_back_text

    state, dry_run = positions_text(result), result.request.dry_run
    followed = follow(run, registry, _pins(result), state, dry_run=dry_run)
    text = rolled_back_text(registry.repository, result) + (f"\n\n{followed.text}" if followed else "")
    data = {**result.to_json(registry.repository), "deployments": followed.data if followed else None}
    return Answer(text=text, data=data)


def _pins(result: RollbackResult) -> Pins:
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


def marker_of(
    run: Run, lane: Lane, image: str | None, version: Version | None = None, *, dry_run: bool = False
) -> Marker:
    """What marks versions of a lane; at the end of the run, the floating tags of that version are shown.

    Raises:
        ConfigurationError: No ledger is kept.
    """
    from shiplane.rollback.marks import Marker

    clients = run.registries
    repository = run.resolver(Flags(image=image)).image().value
    registry = clients.reader(repository) if dry_run else clients.writer(repository)
    tags = [floating.tag for floating in lane.floating_tags(version)] if version else _fixed_tags(lane)
    run.show_at_the_end(lambda: clients.tags_now(registry, tags))
    ledgers = clients.required_ledgers(repository, registry, for_what="marks are")
    return Marker(registry=registry, ledgers=ledgers, dry_run=dry_run)
