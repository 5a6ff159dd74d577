"""Deployment files as text and as JSON values: which version they run, and what a re-pointing changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypedDict

from shiplane.cli.views.tables import columns
from shiplane.core.plurals import counted
from shiplane.core.text import one_line
from shiplane.deployments.findings import flags_of, version_run
from shiplane.deployments.image_use import Part
from shiplane.registry.oci.document_keys import DigestJson, TagJson

if TYPE_CHECKING:
    from shiplane.config.lane import Lane
    from shiplane.deployments.finder import Place
    from shiplane.deployments.inventory import Inventory
    from shiplane.deployments.repoint import Prepared, Repointer
    from shiplane.deployments.updaters import Updater


class PlaceJson(TypedDict):
    """A place in a deployment file that names the image."""

    file: Annotated[str, "Path of the file, relative to the project's root."]
    line: Annotated[int, "Line, from 1."]
    reference: Annotated[str, "The image as it stands there."]
    lane: Annotated[str | None, "The lane; null if the tag is of none."]
    tag: Annotated[str | None, "The tag; null if there is none."]
    digest: Annotated[DigestJson | None, "The digest; null if there is none."]
    runs: Annotated[str | None, "The version tag that it runs; null if that is unknown."]
    flags: Annotated[dict[str, str], "What is wrong with it, by kind."]


class UpdaterJson(TypedDict):
    """A program that would undo a change of the files."""

    path: Annotated[str, "The file that configures it."]
    line: Annotated[int, "Line, from 1."]
    tool: Annotated[str, "The program."]
    what: Annotated[str, "What it does."]
    hold: Annotated[str, "How to pause it."]


class InventoryJson(TypedDict):
    """Which deployment files name the image."""

    image: Annotated[str, "The repository."]
    registry_said: Annotated[bool, "Whether the places were compared with the registry."]
    doubt: Annotated[str, "Why they were not; empty if they were."]
    places: Annotated[list[PlaceJson], "The places."]
    unmatched: Annotated[list[str], "Globs that match no file."]
    skipped: Annotated[list[str], "Files that were not read, each with the reason."]
    undoers: Annotated[list[UpdaterJson], "Programs that would undo a change of the files."]


class FileChangeJson(TypedDict):
    """A changed deployment file."""

    file: Annotated[str, "Path of the file, relative to the project's root."]
    places: Annotated[int, "How many places of it changed."]
    diff: Annotated[str, "The change."]


class RepointedJson(TypedDict):
    """What became of the deployment files."""

    tag: TagJson
    digest: DigestJson
    by_tag: Annotated[dict[str, str], "What places are pinned to, by the tag that they name; empty if all are alike."]
    changes: Annotated[list[FileChangeJson], "The files that changed (or would)."]
    before: InventoryJson


_TAG_ALONE = "tag written without the digest, for which there is no key (a pattern with {tag@digest} writes both)"


def inventory_text(repointer: Repointer, inventory: Inventory) -> str:
    """A row for each place that names the image, what was not read, and what would undo a re-pointing."""
    rows = [_row(repointer, inventory, place) for place in inventory.places]
    files, read = len({place.path for place in inventory.places}), len(inventory.collected.files)
    parts = [f"{repointer.image}: {counted(len(rows), 'place')} in {files} of {counted(read, 'file')}"]
    parts += ["", columns(rows)] if rows else []
    return "\n".join([*parts, *_notes(inventory), *_updater_lines(inventory.updaters)])


def _row(repointer: Repointer, inventory: Inventory, place: Place) -> tuple[str, ...]:
    mention = place.mention
    version = version_run(place, inventory.served)
    runs = [f"runs {version}"] if version and version != mention.tag else []
    remarks = runs + [flag.text for flag in flags_of(place, inventory.served, repointer.marks)]
    tag = mention.tag or ("(latest)" if mention.effective_tag else "-")
    digest = mention.digest.short if mention.digest else "-"
    where = one_line(str(place))
    return where, place.lane.name if place.lane else "?", tag, digest, "; ".join(remarks) or "pinned"


def _notes(inventory: Inventory) -> list[str]:
    """What was not looked at, and why."""
    notes = [f"not checked against the registry: {inventory.served.doubt}"] if inventory.served.doubt else []
    notes += [f"no file matches {one_line(glob)}" for glob in inventory.collected.unmatched]
    notes += [f"not read: {skipped}" for skipped in inventory.collected.skipped]
    return ["", *notes] if notes else []


def _updater_lines(updaters: Sequence[Updater]) -> list[str]:
    if not updaters:
        return []
    lines = ["", "updaters that would undo the change, and how to pause them"]
    for updater in updaters:
        lines += [
            f"  {one_line(updater.path)}:{updater.line}  {updater.tool}: {one_line(updater.what)}",
            f"    {updater.hold}",
        ]
    return lines


def repointed_text(repointer: Repointer, lane: Lane, prepared: Prepared, *, dry_run: bool) -> str:
    """The diff, what was changed, and what somebody has to look at."""
    pinned = ", ".join(f"{repointer.image}:{target.part(Part.PINNED)}" for target in prepared.pins.targets)
    count = counted(sum(change.count for change in prepared.changes), "place")
    if not prepared.placed:
        tags = ", ".join(prepared.pins.by_tag) or f"a tag of lane {lane.name}"
        head = f"no deployment file names {repointer.image} at {tags}"
    elif not prepared.changes:
        head = f"lane {lane.name} is already at {pinned}: nothing to change"
    else:
        action = "would update" if dry_run else "updated"
        head = f"{action} {count} in {counted(len(prepared.changes), 'file')} to {pinned}"
    left = [
        (f"  {one_line(str(place))}", place.problem) for place in prepared.before.places if _left_alone(place, lane)
    ]
    parts = [*(change.diff() for change in prepared.changes), head]
    parts += ["", "not changed; change these by hand if they run this lane", columns(left)] if left else []
    alone = [place for place in prepared.before.places if place.lane == lane and place.mention.tag_alone]
    parts += ["", _TAG_ALONE, *(f"  {one_line(str(place))}" for place in alone)] if alone else []
    after = ["", "next: review these files and push them"] if prepared.changes and not dry_run else []
    return "\n".join([*parts, *_notes(prepared.before), *_updater_lines(prepared.before.updaters), *after])


def _left_alone(place: Place, lane: Lane) -> bool:
    """Whether somebody has to look at it: neither a comment nor clearly another lane's."""
    return bool(place.problem) and not place.mention.comment and place.lane in (None, lane)


def inventory_json(repointer: Repointer, inventory: Inventory) -> InventoryJson:
    """The inventory as JSON values."""
    return {
        "image": str(repointer.image),
        "registry_said": not inventory.served.doubt,
        "doubt": inventory.served.doubt,
        "places": [_place_json(repointer, inventory, place) for place in inventory.places],
        "unmatched": list(inventory.collected.unmatched),
        "skipped": list(inventory.collected.skipped),
        "undoers": [_updater_json(updater) for updater in inventory.updaters],
    }


def _updater_json(updater: Updater) -> UpdaterJson:
    return {
        "path": updater.path,
        "line": updater.line,
        "tool": updater.tool,
        "what": updater.what,
        "hold": updater.hold,
    }


def _place_json(repointer: Repointer, inventory: Inventory, place: Place) -> PlaceJson:
    mention = place.mention
    return {
        "file": place.path,
        "line": mention.line,
        "reference": mention.reference(repointer.image),
        "lane": place.lane.name if place.lane else None,
        "tag": mention.tag,
        "digest": str(mention.digest) if mention.digest else None,
        "runs": version_run(place, inventory.served),
        "flags": {flag.kind: flag.text for flag in flags_of(place, inventory.served, repointer.marks)},
    }


def repointed_json(repointer: Repointer, prepared: Prepared) -> RepointedJson:
    """The changes as JSON values, with the inventory before them."""
    return {
        "tag": prepared.pins.targets[0].tag,
        "digest": str(prepared.pins.targets[0].digest),
        "by_tag": {tag: target.part(Part.PINNED) for tag, target in prepared.pins.by_tag.items()},
        "changes": [
            {"file": change.path, "places": change.count, "diff": change.diff()} for change in prepared.changes
        ],
        "before": inventory_json(repointer, prepared.before),
    }
