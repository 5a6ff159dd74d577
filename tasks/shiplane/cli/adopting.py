"""``adopt``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from shiplane.adopt.adopt import AdoptedVersion, Adopter, AdoptionResult
from shiplane.cli.edge import Answer
from shiplane.cli.run import Run, one_lane
from shiplane.cli.views.tables import columns
from shiplane.config.settings import Flags, Setting, named
from shiplane.core.errors import ConfigurationError
from shiplane.core.next_command import command
from shiplane.core.plurals import counted
from shiplane.core.timestamps import minute
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Repository, Tag
from shiplane.verify.public_tags import names_now

if TYPE_CHECKING:
    from shiplane.cli.views.documents import AdoptedDataJson

# So many tags that are left out for one reason are named; --json has all.
_NAMED = 4


def adopt(
    run: Run, *, lane: str | None = None, since: str | None = None, image: str | None = None, dry_run: bool = False
) -> Answer:
    """Take what other tools published into the ledger."""
    chosen = run.project.lane(one_lane(lane, run.project, since))
    lowest = named(Setting(since, "--since"), partial(run.project.published_version, chosen)) if since else None
    repository = run.resolver(Flags(image=image)).image().value
    registry = run.reader(repository) if dry_run else run.writer(repository)
    run.closing = lambda: names_now(run.impatient(registry), [chosen.floating])
    adopter = Adopter(
        registry=registry,
        ledgers=_ledgers(run, repository, registry),
        commit_of=lambda lane, version: run.git.commit_of_tag(lane.git_tag_of(version)),
    )
    done = run.console.drive(adopter.adopt(chosen, run.project.lanes, lowest, dry_run=dry_run))
    data: AdoptedDataJson = {"image": str(repository), **done.to_json()}
    return Answer(text=adopted_text(repository, done), data=data)


def _ledgers(run: Run, repository: Repository, registry: RegistryClient) -> Ledgers:
    ledgers = run.ledgers(repository, registry)
    if ledgers is None:
        raise ConfigurationError(
            f"{run.project.name}: ledger = false, and what is adopted is kept in the ledger",
            remedy="Let a ledger be kept.",
        )
    return ledgers


def adopted_text(repository: Repository, done: AdoptionResult) -> str:
    """What was understood: each version, the floating tags, the names, and what was left out with the reason."""
    lane = done.lane
    new, count = done.new, counted(len(done.versions), "version")
    would = "would be adopted" if done.dry_run else "adopted"
    before = f", {len(done.versions) - len(new)} recorded before" if len(new) < len(done.versions) else ""
    lines = [f"{repository}, lane {lane.name}: {count}; {len(new)} {would}{before}"]
    if done.versions:
        lines.append(columns([_row(done, taken) for taken in reversed(done.versions)]))
    lines += [f"  {what}" for what in (*_names(done), *_floating(done), *_others(done))]
    left = list(_left_out(done.left))
    if left:
        lines += ["left out", columns(left)]
    if new and not done.dry_run:
        lines.append(f"next: {command('status', '--lane', lane.name)}")
    return "\n".join(lines)


def _row(done: AdoptionResult, taken: AdoptedVersion) -> tuple[str, ...]:
    said: list[str] = [done.lane.floating] if taken.version == done.current else []
    said += [] if taken.new else ["recorded before"]
    said += [f"no {check.name} in its labels" for check in taken.warnings]
    commit, created = taken.commit[:12] or "no commit", minute(taken.created) or "no date"
    return (f"  {taken.tag}", taken.digest.short, ",".join(taken.platforms), commit, created, "; ".join(said))


def _names(done: AdoptionResult) -> Iterator[str]:
    """What the old tags are called, where that is not as we would."""
    lane = done.lane
    old = [taken for taken in done.versions if taken.tag != lane.own_tag_of(taken.version)]
    if old:
        last = old[-1]
        yield (
            f"{counted(len(old), 'version')} under another tool's tag: {last.tag} is version {last.version}. No tag is "
            f"written anew, and none of these is ever published again as {lane.own_tag_of(last.version)}"
        )


def _floating(done: AdoptionResult) -> Iterator[str]:
    lane = done.lane
    if done.floating is None:
        yield f"{lane.floating} does not exist"
    elif done.current is None:
        yield f"{lane.floating} is at {done.floating}, which is none of these versions: its place is not recorded"
    elif done.position:
        yield f"{lane.floating} is at {lane.tag_of(done.current)}" + ("" if done.dry_run else ": recorded as adopted")
    elif done.drift is None:
        yield f"{lane.floating} is at {lane.tag_of(done.current)}, as recorded"
    if done.drift:
        yield (
            f"{lane.floating} is at {done.floating}, and was recorded at {done.drift.after} on {done.drift.when}: "
            f"somebody moved it since; see {command('status', '--lane', lane.name)}"
        )


def _others(done: AdoptionResult) -> Iterator[str]:
    if done.others:
        known = [f"{tag} ({version or 'none of these versions'})" for tag, version in done.others.items()]
        yield f"floating tags of other tools, which shiplane does not move: {', '.join(known)}"


def _left_out(left: Sequence[tuple[Tag, str]]) -> Iterator[tuple[str, str]]:
    """What is left out, by reason."""
    for why in dict.fromkeys(why for _, why in left):
        yield f"  {_some(tag for tag, reason in left if reason == why)}", why


def _some(tags: Iterable[Tag]) -> str:
    known = list(tags)
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return ", ".join(known[:_NAMED]) + more
