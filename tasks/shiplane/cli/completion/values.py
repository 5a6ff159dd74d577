"""The values of flags, as far as the project's folder knows them: no network is asked, and nothing is built."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from shiplane.cli.completion.words import TypedWords
from shiplane.config.checks.names import skippable

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.config.project_file import ProjectFile

_VERSIONS = ("--tag", "--version", "--to", "--from", "--since")
# The newest of many: a list that fills the screen helps nobody.
_MOST = 50


def values_of(run: Run, flag: str, typed: TypedWords) -> Iterable[str]:
    """The values that a flag may have; none where it takes anything.

    Raises:
        ShiplaneError: The project file, or git, cannot be read.
    """
    if flag in _VERSIONS:
        return _versions(run, _lanes(run.project, typed))
    if flag == "--lane":
        return [lane.name for lane in run.project.lanes if lane.name not in typed.given.get(flag, ())]
    if flag == "--channel":
        return [channel.name for channel in run.project.channels]
    if flag == "--floating":
        return [str(template) for lane in _lanes(run.project, typed) for template in lane.floating_templates]
    if flag == "--skip":
        return skippable(run.project.gates, run.project.checks)
    return ("yes", "no") if flag == "--latest" else ()


def _lanes(project: ProjectFile, typed: TypedWords) -> list[Lane]:
    """The lanes that were named before, or all."""
    given = typed.given.get("--lane", ())
    return [lane for lane in project.lanes if lane.name in given] or list(project.lanes)


def _versions(run: Run, lanes: Iterable[Lane]) -> list[str]:
    """The version tags of the lanes by the repository's git tags, the newest version first."""
    git_tags = run.git.tags()
    tags = []
    for lane in lanes:
        versions = {version for git_tag in git_tags if (version := lane.version_of_git_tag(git_tag))}
        tags += [str(lane.tag_of(version)) for version in sorted(versions, reverse=True)[:_MOST]]
    return list(dict.fromkeys(tags))
