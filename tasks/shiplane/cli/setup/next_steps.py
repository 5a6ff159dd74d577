"""What is left to do after ``init``: by hand, and as commands."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shiplane.config.lane import groups_of
from shiplane.config.project_folder import existing, repository_top
from shiplane.config.settings import Resolver, github_slug
from shiplane.core.errors import UsageError
from shiplane.core.next_command import command
from shiplane.init.sources import Remark, Source

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.channel import Channel
    from shiplane.config.lane import Lane
    from shiplane.config.project_file import ProjectFile

_VERSION = "X.Y.Z"


def missing(run: Run, project: ProjectFile, file: str) -> Iterator[Remark]:
    """What nothing in the project says: the repository to publish to, and a commit."""
    if not _is_repository(run):
        reason = "this folder is no git repository: an image is built from a commit, and labelled with it"
        yield Remark(Source("."), "", reason)
    slugs = sorted({slug.lower() for url in run.git.remote_urls() if (slug := github_slug(url))})
    is_known = _knows_images(run, project) or (slugs and run.checkout is None)  # without a commit nobody asks git
    if not is_known:
        named = " or ".join(f'image = "ghcr.io/{slug}"' for slug in slugs) or 'image = "ghcr.io/OWNER/NAME"'
        reason = f"the repository to publish to is unknown, as no remote origin is on GitHub: write {named}"
        yield Remark(Source(file), "image", reason)


def _knows_images(run: Run, project: ProjectFile) -> bool:
    """Whether something says where each lane is published to."""
    resolver = Resolver(project=project, env=run.env, checkout=run.checkout)
    try:
        return all(resolver.images(lane).value for lane in project.lanes)
    except UsageError:
        return False


def commands(run: Run, project: ProjectFile, changed: Sequence[str], adoptable: Sequence[str]) -> Iterator[str]:
    """From the files to the first release."""
    if not _is_repository(run):
        yield "git init"
    paths = [posixpath.relpath(run.root / path, run.folder) for path in changed]
    yield f"git add {shlex.join(paths)} && git commit -m 'Release with shiplane'"
    yield from (command("adopt", "--lane", lane) for lane in adoptable)
    yield command("check.all")
    yield from _releases(run, project)


def _releases(run: Run, project: ProjectFile) -> Iterator[str]:
    present = existing(run.root, [lane.dockerfile for lane in project.lanes])
    lanes = [lane for lane in project.lanes if lane.dockerfile in present]
    groups = groups_of(lane for lane in lanes if not _follows_only(lane, project.channels))
    if len(groups) == 1 or (groups and not any(lane.images for lane in lanes)):
        yield command("release", *_version(project, lanes))
    else:
        for group in groups:
            chosen = (word for lane in group for word in ("--lane", lane.name))
            yield command("release", *chosen, *_version(project, group))
    yield from (command("publish", "--channel", channel.name) for channel in project.channels)


def _version(project: ProjectFile, lanes: Sequence[Lane]) -> tuple[str, ...]:
    """The flags that say the version; none where a file of each lane does."""
    files = [project.version_file if lane.version_file is None else lane.version_file for lane in lanes]
    return () if all(files) else ("--version", _VERSION)


def _is_repository(run: Run) -> bool:
    return (repository_top(run.root) / ".git").exists()


def _follows_only(lane: Lane, channels: Sequence[Channel]) -> bool:
    """Whether a lane is published from a branch, and no version of it is known."""
    return not lane.floating_templates and any(lane.name in channel.lanes for channel in channels)
