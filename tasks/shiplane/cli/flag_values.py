"""What flags say: lanes, versions, reasons and ``--latest``, as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from shiplane.config.setting import Setting
from shiplane.config.settings import Flags, named
from shiplane.core.errors import UsageError, did_you_mean
from shiplane.core.text import one_line, quoted

if TYPE_CHECKING:
    from shiplane.config.lane import Lane
    from shiplane.config.project_file import ProjectFile
    from shiplane.config.version import Version
    from shiplane.registry.oci.names import Tag
    from shiplane.rollback.result import RollbackRequest

_LONGEST_REASON = 300
_LONGEST_COUNT = 7


def flags_of(
    lanes: Sequence[str] | None,
    tag: str | None,
    image: str | None,
    platforms: str | None,
    *,
    latest: str | bool | None = None,
    snapshot: bool = False,
    tag_flag: str = "--tag",
) -> Flags:
    """The command line as a value; a bare ``--latest`` means yes, and ``--lane a,b`` both."""
    yes_or_no = "yes" if latest is True else latest
    return Flags(
        lanes=_names(lanes),
        tag=tag,
        tag_flag=tag_flag,
        image=image,
        platforms=platforms,
        latest=None if isinstance(yes_or_no, bool) else yes_or_no,
        snapshot=snapshot,
    )


def _names(lanes: Sequence[str] | None) -> tuple[str, ...]:
    """The names that ``--lane`` gives, with commas or given again."""
    return tuple(name for names in lanes or () for name in names.split(","))


def channel_of(channel: str | None, others: Mapping[str, object]) -> str:
    """The channel that ``--channel`` names.

    Args:
        channel: What it gives.
        others: The flags that name a version or another run's work, by name.

    Raises:
        UsageError: None is given, or one of the others beside it.
    """
    if not channel:
        raise UsageError("--reset is for a channel's tag", remedy="Add --channel NAME.")
    for name, value in others.items():
        if value:
            raise UsageError(
                f"--{name} cannot be combined with --channel: a channel publishes the branch's commit, and no version",
                remedy="Use only one of them.",
            )
    return channel


def one_lane(lane: str | None, project: ProjectFile, version: str | None = None) -> str:
    """The lane that has to be given.

    Args:
        lane: What ``--lane`` gives.
        project: Whose lanes there are.
        version: What was given as the version: a tag of one lane is suggested, not used.

    Raises:
        UsageError: None was.
    """
    if lane or len(project.lanes) == 1:
        return lane or project.lanes[0].name
    owner = project.lane_of(version) if version else None
    if version and owner:
        raise UsageError(
            f"no lane given; {quoted(version, 40)} belongs to lane {owner.name}", remedy=f"Add --lane {owner.name}."
        )
    lanes = " or ".join(f"--lane {lane.name}" for lane in project.lanes)
    raise UsageError("no lane given", remedy=f"Add {lanes}.")


def several_lanes(lanes: Sequence[str] | None, project: ProjectFile, version: str | None = None) -> list[Lane]:
    """The lanes that have to be given, each once.

    Raises:
        UsageError: None was, or one is not a lane or given twice.
    """
    names = _names(lanes) or (one_lane(None, project, version),)
    if len(set(names)) < len(names):
        raise UsageError(f"--lane names {', '.join(names)[:200]}", remedy="Give each lane only once.")
    return [project.lane(name) for name in names]


def floating_tags_of(lane: Lane, tags: Sequence[str]) -> tuple[Tag, ...]:
    """The floating tags of a lane that were given by name.

    Raises:
        UsageError: One is none of the lane's.
    """
    read = {tag: lane.floating_tag(tag) for tag in tags}
    for tag, floating in read.items():
        if floating is None:
            names = list(map(str, lane.floating_templates))
            known = f"Its floating tags: {', '.join(names) or 'none'}. {did_you_mean(tag, names)}"
            raise UsageError(
                f"--floating: {quoted(tag)} is not a floating tag of lane {lane.name}",
                remedy=known.rstrip(),
            )
    return tuple(floating.tag for floating in read.values() if floating)


def lane_group(lanes: Sequence[str] | None, project: ProjectFile, version: str | None = None) -> tuple[Lane, ...]:
    """The lanes that one git tag releases, of which ``--lane`` gives one or several; nothing where all are one group.

    Raises:
        UsageError: None was given, one is not a lane, or one has another git tag.
    """
    groups = project.groups
    if not lanes and len(groups) == 1:
        return groups[0]
    first, *others = several_lanes(lanes, project, version)
    for other in others:
        if other.git_tag != first.git_tag:
            raise UsageError(
                f"lanes {first.name} and {other.name} have different git tags, {first.git_tag} and {other.git_tag}",
                remedy="Start them one after another.",
            )
    return next(group for group in groups if first in group)


def published_version(project: ProjectFile, lane: Lane, flag: str, text: str) -> Version:
    """The version of a lane that a flag gives, by any of the tags that it may be published under.

    Raises:
        UsageError: It is none of that lane.
    """
    return named(Setting(text, flag), partial(project.published_version, lane))


def tagged_version(project: ProjectFile, lane: str | None, tag: str | None) -> tuple[Lane, Version]:
    """The lane and the version that ``--lane`` and ``--tag`` give.

    Raises:
        UsageError: One is missing, or the version is not the lane's.
    """
    chosen = project.lane(one_lane(lane, project, tag))
    if not tag:
        raise UsageError("no version given", remedy="Add --tag vX.Y.Z.")
    return chosen, published_version(project, chosen, "--tag", tag)


def new_version(project: ProjectFile, lane: Lane, flag: str, text: str | None) -> Version:
    """The version of a lane that is to be released.

    Raises:
        UsageError: There is none, it is none of that lane, or it is a snapshot.
    """
    if not text:
        raise UsageError("no version given", remedy=f"Add {flag} X.Y.Z.")
    version = named(Setting(text, flag), partial(project.version_of, lane))
    if version.is_snapshot:
        raise UsageError(f"{version} is a snapshot, not a release version", remedy=f"Add {flag} X.Y.Z.")
    return version


def one_line_reason(text: str | None) -> str:
    """One line that a ledger keeps as it is.

    Raises:
        UsageError: It is too long.
    """
    reason = one_line(text or "")
    if len(reason) > _LONGEST_REASON:
        raise UsageError(
            f"--reason is {len(reason)} characters long",
            remedy=f"At most {_LONGEST_REASON}; link to the details instead.",
        )
    return reason


def count_of(flag: str, text: str) -> int:
    """The number that a flag gives.

    Raises:
        UsageError: It is none, or not from 1 to 999999.
    """
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < _LONGEST_COUNT and int(text)):
        raise UsageError(f"{flag} is {quoted(text)}", remedy=f"Expected a number from 1 on: {flag} 20.")
    return int(text)


def rollback_requests(
    project: ProjectFile,
    lanes: Sequence[str] | None,
    *,
    source: str | None,
    to: str | None,
    floating: Sequence[str],
    reason: str | None,
    mark: bool,
    dry_run: bool,
    again: bool,
) -> list[RollbackRequest]:
    """The rollbacks that are asked for, one for each lane.

    Raises:
        UsageError: A lane, a version or a floating tag is none, or the reason is too long.
    """
    from shiplane.rollback.result import RollbackRequest

    return [
        RollbackRequest(
            lane=lane,
            source=published_version(project, lane, "--from", source) if source else None,
            to=published_version(project, lane, "--to", to) if to else None,
            only=floating_tags_of(lane, floating),
            reason=one_line_reason(reason),
            mark=mark,
            dry_run=dry_run,
            again=again,
        )
        for lane in several_lanes(lanes, project, to or source)
    ]
