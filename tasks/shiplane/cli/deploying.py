"""``deploy.list`` and ``deploy.repoint``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from shiplane.cli.edge import Answer
from shiplane.cli.run import Run, one_lane
from shiplane.cli.views.tables import columns
from shiplane.config.lane import Lane
from shiplane.config.settings import Flags, Setting, named
from shiplane.core.errors import ShiplaneError, UsageError
from shiplane.core.plurals import counted
from shiplane.core.redact import one_line
from shiplane.deployments.deployment import Place
from shiplane.deployments.findings import flags_of, version_run
from shiplane.deployments.image_use import Part, Target
from shiplane.deployments.inventory import Inventory
from shiplane.deployments.repoint import Prepared, Repointer, write
from shiplane.deployments.updaters import Undoer
from shiplane.ledger.foreign_tags import with_adopted_tags
from shiplane.ledger.ledger import Ledger
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.oci.names import Repository, Tag


def listing(run: Run, *, image: str | None = None) -> Answer:
    """Show which file runs which version, and its flaws."""
    # Who only wants to see is not kept waiting for a registry that is away.
    desk = _desk(run, image, RetryBudget(tell=run.console.tell, budget=0.0))
    found = run.console.drive(desk.inventory())
    return Answer(text=_inventory_text(desk, found), data=_inventory_data(desk, found))


def repoint(
    run: Run, *, lane: str | None = None, to: str | None = None, image: str | None = None, dry_run: bool = False
) -> Answer:
    """Point a lane's deployment files to a version, as tag@digest."""
    chosen = run.project.lane(one_lane(lane, run.project, to))
    if not to:
        raise UsageError("no version is named", remedy="Give --to X.Y.Z.")
    version = named(Setting(to, "--to"), partial(run.project.published_version, chosen))
    desk = _desk(run, image, certain=True)
    done = run.console.drive(desk.repoint(chosen, version, dry_run=dry_run))
    data = {"lane": chosen.name, "dry_run": dry_run, **_repointed_data(desk, done)}
    return Answer(text=_repointed_text(desk, chosen, done, dry_run=dry_run), data=data)


def follow(run: Run, registry: RegistryClient, lane: Lane, target: Target, *, dry_run: bool) -> Followed | None:
    """Let a lane's deployment files say what its floating tag was set to; None where the project names no such files.

    Raises:
        ShiplaneError: They could not be re-pointed; the message begins with where the floating tag is.
    """
    if not run.project.deployments:
        return None
    desk = _desk_of(run, registry, [lane if lane == other else other for other in run.project.lanes])
    try:
        done = run.console.drive(desk.prepare(lane, target))
        run.console.drive(write(run.root, done.changes, dry_run=dry_run))
    except ShiplaneError as error:
        would = "would go to" if dry_run else "is at"
        what = f"{lane.floating} {would} {target.tag}, but the deployment files were not re-pointed: {error.what}"
        raise type(error)(what, remedy=error.remedy) from error
    return Followed(text=_repointed_text(desk, lane, done, dry_run=dry_run), data=_repointed_data(desk, done))


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What became of the deployment files, for people and for programs."""

    text: str
    data: dict[str, Any]


def _desk(run: Run, image: str | None, retry_budget: RetryBudget | None = None, *, certain: bool = False) -> Repointer:
    """Everything that the two tasks work with.

    Args:
        run: The run.
        image: ``--image``.
        retry_budget: Another one than the run's.
        certain: Whether marks that cannot be read end the run: who re-points must know them, who looks need not.
    """
    repository = run.resolver(Flags(image=image)).image().value
    registry = run.reader(repository, retry_budget)
    try:
        recorded = _recorded(run, repository, registry)
    except ShiplaneError as error:
        if certain:
            raise
        run.console.tell(f"which versions are marked as bad or were adopted could not be told: {error.what}")
        recorded = []
    marks = {tag: mark.reason for ledger in recorded for tag, mark in ledger.marks.items()}
    lanes = [with_adopted_tags(lane, ledger) for lane, ledger in zip(run.project.lanes, recorded, strict=False)]
    return _desk_of(run, registry, lanes or run.project.lanes, marks)


def _recorded(run: Run, repository: Repository, registry: RegistryClient) -> list[Ledger]:
    """The ledger of every lane; none where no ledger is kept, or nothing depends on it."""
    ledgers = run.ledgers(repository, registry)
    if ledgers is None or not run.project.deployments:
        return []
    return [ledgers.store(lane).read().ledger for lane in run.project.lanes]


def _desk_of(
    run: Run,
    registry: RegistryClient,
    lanes: Sequence[Lane],
    marks: Mapping[Tag, str] | None = None,
) -> Repointer:
    return Repointer(
        root=run.root,
        deployments=run.project.deployments,
        lanes=tuple(lanes),
        registry=registry,
        marks=marks or {},
    )


def _inventory_text(desk: Repointer, found: Inventory) -> str:
    rows = [_row(desk, found, place) for place in found.places]
    files = len({place.path for place in found.places})
    parts = [f"{desk.image}: {counted(len(rows), 'place')} in {files} of {counted(len(found.collected.files), 'file')}"]
    parts += ["", columns(rows)] if rows else []
    return "\n".join([*parts, *_notes(found), *_undoer_lines(found.undoers)])


def _row(desk: Repointer, found: Inventory, place: Place) -> tuple[str, ...]:
    mention = place.mention
    version = version_run(place, found.served)
    runs = [f"runs {version}"] if version and version != mention.tag else []
    said = runs + [flag.words for flag in flags_of(place, found.served, desk.marks)]
    tag = mention.tag or ("(latest)" if mention.effective_tag else "-")
    digest = mention.digest.short if mention.digest else "-"
    where = one_line(str(place))
    return where, place.lane.name if place.lane else "?", tag, digest, "; ".join(said) or "pinned"


def _notes(found: Inventory) -> list[str]:
    """What was not looked at, and why."""
    notes = [f"the registry did not say: {found.served.doubt}"] if found.served.doubt else []
    notes += [f"no file matches {one_line(glob)}" for glob in found.collected.unmatched]
    notes += [f"not read: {skipped}" for skipped in found.collected.skipped]
    return ["", *notes] if notes else []


def _undoer_lines(known: Sequence[Undoer]) -> list[str]:
    if not known:
        return []
    lines = ["", "what would undo a re-pointing, and how it is held"]
    for each in known:
        lines += [f"  {one_line(each.path)}:{each.line}  {each.tool}: {one_line(each.what)}", f"    {each.hold}"]
    return lines


def _repointed_text(desk: Repointer, lane: Lane, done: Prepared, *, dry_run: bool) -> str:
    pinned = f"{desk.image}:{done.target.part(Part.PINNED)}"
    count = counted(sum(change.count for change in done.changes), "place")
    if not done.placed:
        head = f"no deployment file names {desk.image} at a tag of lane {lane.name}"
    elif not done.changes:
        head = f"lane {lane.name} is at {pinned} already: nothing to change"
    else:
        did = "would re-point" if dry_run else "re-pointed"
        head = f"{did} {count} in {counted(len(done.changes), 'file')} to {pinned}"
    left = [(f"  {one_line(str(place))}", place.problem) for place in done.before.places if _left_alone(place, lane)]
    parts = [*(change.diff() for change in done.changes), head]
    parts += ["", "left alone, to be changed by hand where they run this lane", columns(left)] if left else []
    alone = [place for place in done.before.places if place.lane == lane and place.mention.tag_alone]
    parts += ["", _TAG_ALONE, *(f"  {one_line(str(place))}" for place in alone)] if alone else []
    after = ["", "next: review these files and push them"] if done.changes and not dry_run else []
    return "\n".join([*parts, *_notes(done.before), *_undoer_lines(done.before.undoers), *after])


_TAG_ALONE = "the tag without the digest, for which there is no key (a pattern with {tag@digest} would write both)"


def _left_alone(place: Place, lane: Lane) -> bool:
    """Whether somebody has to look at it: neither a comment nor clearly another lane's."""
    return bool(place.problem) and not place.mention.comment and place.lane in (None, lane)


def _inventory_data(desk: Repointer, found: Inventory) -> dict[str, Any]:
    return {
        "image": str(desk.image),
        "registry_said": not found.served.doubt,
        "doubt": found.served.doubt,
        "places": [_place_data(desk, found, place) for place in found.places],
        "unmatched": list(found.collected.unmatched),
        "skipped": list(found.collected.skipped),
        "undoers": [asdict(each) for each in found.undoers],
    }


def _place_data(desk: Repointer, found: Inventory, place: Place) -> dict[str, Any]:
    mention = place.mention
    return {
        "file": place.path,
        "line": mention.line,
        "reference": mention.reference(desk.image),
        "lane": place.lane.name if place.lane else None,
        "tag": mention.tag,
        "digest": str(mention.digest) if mention.digest else None,
        "runs": version_run(place, found.served),
        "flags": {flag.kind: flag.words for flag in flags_of(place, found.served, desk.marks)},
    }


def _repointed_data(desk: Repointer, done: Prepared) -> dict[str, Any]:
    return {
        "tag": done.target.tag,
        "digest": str(done.target.digest),
        "changes": [{"file": each.path, "places": each.count, "diff": each.diff()} for each in done.changes],
        "before": _inventory_data(desk, done.before),
    }
