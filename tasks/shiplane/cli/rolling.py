"""``rollback``, ``mark``, ``unmark`` and ``ledger.restart``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from shiplane.cli.deploying import follow
from shiplane.cli.edge import Answer
from shiplane.cli.run import Run, one_lane
from shiplane.cli.views.rollback import marked_text, rolled_back_text
from shiplane.config.lane import Lane
from shiplane.config.settings import Flags, Resolver, Setting, named
from shiplane.config.version import Version
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.core.progress import Event, StepOutcome, StepState
from shiplane.core.redact import one_line
from shiplane.deployments.image_use import Target
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Repository
from shiplane.rollback.marks import Marker, MarkResult
from shiplane.rollback.rollback import Rollback, RollbackRequest
from shiplane.verify.public_tags import names_now

_LONGEST = 300


def rollback(
    run: Run,
    *,
    lane: str | None = None,
    to: str | None = None,
    reason: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    dry_run: bool = False,
    keep_bad_unmarked: bool = False,
    again: bool = False,
) -> Answer:
    """Move a floating tag back to a good version."""
    chosen = run.project.lane(one_lane(lane, run.project, to))
    wish = RollbackRequest(
        lane=chosen,
        to=named(Setting(to, "--to"), partial(run.project.published_version, chosen)) if to else None,
        reason=_reason(reason),
        mark=not keep_bad_unmarked,
        dry_run=dry_run,
        again=again,
    )
    resolver = run.resolver(Flags(image=image, platforms=platforms))
    repository = resolver.image().value
    flow = _rollback(run, resolver, repository, chosen, writes=not dry_run)
    run.pinned = lambda: () if to else _target(run.console.events)
    done = run.console.drive(flow.run(wish))
    target = Target(done.wish.lane.tag_of(done.target), done.digest)
    followed = follow(run, flow.registry, done.wish.lane, target, dry_run=dry_run)
    text = rolled_back_text(repository, done) + (f"\n\n{followed.text}" if followed else "")
    data = {**done.to_json(repository), "deployments": followed.data if followed else None}
    return Answer(text=text, data=data)


def _target(events: Sequence[Event]) -> Sequence[str]:
    """The version that a rollback has chosen: without its name, the same command would go down once more."""
    done = (event.step for event in events if isinstance(event, StepOutcome) and event.state is StepState.DONE)
    return next((("--to", step.subject) for step in done if step.name == "verify"), ())


def _rollback(run: Run, resolver: Resolver, repository: Repository, lane: Lane, *, writes: bool) -> Rollback:
    registry = _connected(run, repository, lane, writes=writes)
    return Rollback(
        registry=registry,
        platforms=resolver.platforms().value,
        ledgers=run.ledgers(repository, registry),
        commit_of=lambda lane, version: run.git.commit_of_tag(lane.git_tag_of(version)),
    )


def mark(
    run: Run,
    *,
    lane: str | None = None,
    tag: str | None = None,
    reason: str | None = None,
    image: str | None = None,
    dry_run: bool = False,
) -> Answer:
    """Mark a published version as bad, with a reason."""
    if not reason:
        raise UsageError("no reason is given", remedy="Say why with --reason: whoever meets the mark will ask.")
    chosen, version, marker = _marker(run, lane, tag, image, dry_run=dry_run)
    return _marked(run.console.drive(marker.mark(chosen, version, _reason(reason))))


def unmark(
    run: Run,
    *,
    lane: str | None = None,
    tag: str | None = None,
    reason: str | None = None,
    image: str | None = None,
    dry_run: bool = False,
) -> Answer:
    """Take the mark of a version back; both stay on record."""
    chosen, version, marker = _marker(run, lane, tag, image, dry_run=dry_run)
    return _marked(run.console.drive(marker.unmark(chosen, version, _reason(reason))))


def restart(run: Run, *, lane: str | None = None, reason: str | None = None, image: str | None = None) -> Answer:
    """Begin a broken ledger anew, naming the broken one."""
    if not reason:
        raise UsageError("no reason is given", remedy="Say with --reason what happened to the ledger.")
    chosen = run.project.lane(one_lane(lane, run.project))
    repository = run.resolver(Flags(image=image)).image().value
    marker = _marker_of(run, repository, chosen)
    replaced = run.console.drive(marker.restart(chosen, _reason(reason)))
    text = f"{chosen.ledger} begins anew; the one before is {marker.ledgers.registry.repository}@{replaced}"
    return Answer(text=text, data={"lane": chosen.name, "tag": chosen.ledger, "replaced": str(replaced)})


def _marker(
    run: Run, lane: str | None, tag: str | None, image: str | None, *, dry_run: bool
) -> tuple[Lane, Version, Marker]:
    chosen = run.project.lane(one_lane(lane, run.project, tag))
    if not tag:
        raise UsageError("no version is named", remedy="Give --tag vX.Y.Z.")
    version = named(Setting(tag, "--tag"), partial(run.project.published_version, chosen))
    repository = run.resolver(Flags(image=image)).image().value
    return chosen, version, _marker_of(run, repository, chosen, dry_run=dry_run)


def _marker_of(run: Run, repository: Repository, lane: Lane, *, dry_run: bool = False) -> Marker:
    registry = _connected(run, repository, lane, writes=not dry_run)
    ledgers = _kept(run, repository, registry)
    return Marker(registry=registry, ledgers=ledgers, dry_run=dry_run)


def _kept(run: Run, repository: Repository, registry: RegistryClient) -> Ledgers:
    ledgers = run.ledgers(repository, registry)
    if ledgers is None:
        raise ConfigurationError(
            f"{run.project.name}: ledger = false, and marks are kept in the ledger", remedy="Let a ledger be kept."
        )
    return ledgers


def _marked(done: MarkResult) -> Answer:
    return Answer(text=marked_text(done), data=done.to_json())


def _connected(run: Run, repository: Repository, lane: Lane, *, writes: bool = True) -> RegistryClient:
    """The client of a run whose last words read the lane's floating tag through it."""
    registry = run.writer(repository) if writes else run.reader(repository)
    run.closing = lambda: names_now(run.impatient(registry), [lane.floating])
    return registry


def _reason(text: str | None) -> str:
    """One line that a ledger keeps as it is.

    Raises:
        UsageError: It is too long.
    """
    words = one_line(text or "")
    if len(words) > _LONGEST:
        raise UsageError(f"--reason is {len(words)} characters long", remedy=f"At most {_LONGEST}; link to the rest.")
    return words
