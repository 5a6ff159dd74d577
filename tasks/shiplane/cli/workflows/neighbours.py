"""The workflows of other projects in the same repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shiplane.cli.workflows.files import folder_in_repository
from shiplane.config.project_folder import workflows
from shiplane.init.sources import Remark, Source
from shiplane.workflows.signature import folder_of
from shiplane.workflows.tag_filter import starts_on

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane


def shared_git_tags(run: Run, lanes: Sequence[Lane]) -> Iterator[Remark]:
    """The git tags of a project that start a workflow of another one as well."""
    for path, text in workflows(run.root).items():
        if folder_of(text) not in (None, folder_in_repository(run.root)):
            for git_tag in dict.fromkeys(lane.git_template for lane in lanes):
                if starts_on(text, git_tag.fill("1.2.3")):
                    reason = "this git tag starts a workflow of another project, too: give one of them another git-tag"
                    yield Remark(Source(path), str(git_tag), reason)
