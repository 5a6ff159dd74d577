"""A rollback of lanes and of the deployment files that follow them, and what marks versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.flows.rollbacks.gates import ask_gates_again
from shiplane.config.settings import Flags
from shiplane.core.errors import UsageError

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.cli.views.rollback import RolledBackDataJson
    from shiplane.config.lane import Lane
    from shiplane.config.settings import Resolver
    from shiplane.registry.client import RegistryClient
    from shiplane.registry.oci.names import Repository, Tag
    from shiplane.rollback.choice import RollbackChoice
    from shiplane.rollback.lane_repositories import LaneRepositories
    from shiplane.rollback.result import RollbackRequest, RollbackResult


def roll_back(run: Run, requests: Sequence[RollbackRequest], flags: Flags) -> Answer:
    """Choose the versions to go to, for every lane before any tag moves; go there, and let deployment files follow.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.rollback.rollback import Rollback

    resolver, clients = run.resolver(flags), run.registries
    dry_run = any(request.dry_run for request in requests)
    connect = clients.reader if dry_run else clients.writer
    repositories = _repositories(run, resolver, [request.lane for request in requests], cache(connect))
    tags = {request.lane.name: fixed_tags(request.lane) for request in requests}
    run.show_at_the_end(lambda: _tags_now(run, repositories, requests, tags))
    rollback = Rollback(
        lanes=repositories,
        platforms=lambda lane: resolver.platforms(lane).value,
        commit_of=lambda lane, version: run.git.commit_of_tag(lane.git_tag_of(version)),
        mirrors=lambda lane: [connect(mirror) for mirror in resolver.images(lane).value[1:]],
    )
    choices = run.console.drive(rollback.choose(requests))
    tags |= {choice.request.lane.name: list(choice.floating_tags) for choice in choices}
    run.repeat_with(*_repeated(choices))
    results = run.console.drive(rollback.go_to(choices))
    rolled_back = [_with_deployments(run, resolver, result, repositories) for result in results]
    answers = ask_gates_again(run, repositories, choices, results, rolled_back)
    if len(answers) == 1:
        return answers[0]
    text = "\n\n".join(answer.text for answer in answers)
    first = repositories.primary(requests[0].lane).repository
    return Answer(text=text, data={"image": str(first), "lanes": [answer.data for answer in answers]})


def _repositories(
    run: Run, resolver: Resolver, lanes: Sequence[Lane], connect: Callable[[Repository], RegistryClient]
) -> LaneRepositories:
    """Each lane's primary repository; several lanes may share one, and then its client."""
    from shiplane.rollback.lane_repositories import LaneRepositories

    def primary(lane: Lane) -> RegistryClient:
        return connect(resolver.image(lane).value)

    ledgers = cache(lambda repository: run.registries.ledgers(repository, connect(repository)))
    return LaneRepositories(
        primary=primary,
        ledgers=lambda lane: ledgers(resolver.image(lane).value),
        several=len({resolver.image(lane).value for lane in lanes}) > 1,
    )


def _tags_now(
    run: Run,
    repositories: LaneRepositories,
    requests: Sequence[RollbackRequest],
    tags: Mapping[str, Sequence[Tag]],
) -> list[str]:
    """A line for each of the lanes' tags as it is now."""
    pairs = ((repositories.primary(request.lane), tags[request.lane.name]) for request in requests)
    return [line for registry, names in pairs for line in run.registries.tags_now(registry, names)]


def fixed_tags(lane: Lane) -> list[Tag]:
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


def _with_deployments(run: Run, resolver: Resolver, result: RollbackResult, repositories: LaneRepositories) -> Answer:
    """A lane's rollback, and that of the deployment files which follow it."""
    from shiplane.cli.flows.deployment_files import follow, pins_of
    from shiplane.cli.views.rollback import positions_text, rolled_back_text

    state, dry_run = positions_text(result), result.request.dry_run
    registry = repositories.primary(result.request.lane)
    beside = [lane for lane in run.project.lanes if _is_in(resolver, lane, registry.repository)]
    followed = follow(run, registry, beside, pins_of(result), state, dry_run=dry_run)
    text = rolled_back_text(registry.repository, result) + (f"\n\n{followed.text}" if followed else "")
    data: RolledBackDataJson = {
        **result.to_json(registry.repository),
        "deployments": followed.data if followed else None,
        "gates": None,
    }
    return Answer(text=text, data=data)


def _is_in(resolver: Resolver, lane: Lane, repository: Repository) -> bool:
    """Whether a lane is in a repository: in another one it may have the same tags."""
    try:
        return resolver.image(lane).value == repository
    except UsageError:
        # Nothing says where a lane is that this run is not about.
        return False
