"""Which file has the versions of the lanes: one whose version is that of a lane's newest git tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shiplane.config.names.version_schemes import Scheme
from shiplane.config.version import Version
from shiplane.config.version_file import FileVersion
from shiplane.init.git_tags import version_of, versions_among
from shiplane.init.lane_proposal import ProposedLane
from shiplane.init.proposal import Entry

_KEY = "version-file"


def with_version_files(
    lanes: Sequence[ProposedLane], git_tags: Sequence[str], files: Sequence[tuple[str, FileVersion]]
) -> tuple[dict[str, Entry], list[ProposedLane]]:
    """The entry of the project where one file is every lane's, and the lanes, each with its own entry where none is.

    Args:
        lanes: The lanes.
        git_tags: All git tags.
        files: The files that have a version, by their paths; the first that agrees is taken.
    """
    entries = [_entry(_newest(lane, git_tags), files) for lane in lanes]
    paths = {entry and entry.value for entry in entries}
    if entries and entries[0] and len(paths) == 1:
        return {_KEY: entries[0]}, [*lanes]
    each = zip(lanes, entries, strict=True)
    return {}, [replace(lane, entries={**lane.entries, _KEY: own}) if own else lane for lane, own in each]


def _entry(newest: Version | None, files: Sequence[tuple[str, FileVersion]]) -> Entry | None:
    path = next((path for path, file in files if newest and file.agrees(newest)), None)
    return Entry(path, f"it has {newest}, the version of the newest git tag") if path else None


def _newest(lane: ProposedLane, git_tags: Sequence[str]) -> Version | None:
    """The highest version that the lane's git tags name."""
    scheme = Scheme(str(lane.entries["versions"].value)) if "versions" in lane.entries else Scheme.SEMVER
    return max(
        (version for text in versions_among(git_tags, lane.git_tag) if (version := version_of(text, scheme))),
        default=None,
    )
