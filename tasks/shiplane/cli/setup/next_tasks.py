"""What to do next in a project, as far as its folder tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.core.errors import ShiplaneError
from shiplane.core.next_command import command

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@dataclass(frozen=True)
class NextTask:
    """A task that is worth running now.

    Attributes:
        command: Marked.
        reason: Why, in a few words.
    """

    command: str
    reason: str


def next_tasks(run: Run) -> Iterator[NextTask]:
    """The next one or two tasks; what is wrong with the project file is said by the first."""
    try:
        project, dockerfiles = run.project, run.dockerfiles()
    except ShiplaneError as error:
        yield NextTask(command("check.config"), error.what)
        return
    if not dockerfiles:
        yield NextTask(command("init"), "no lane's Dockerfile is here")
        return
    if not project.name:
        yield NextTask(command("init"), "this project has no shiplane.toml yet")
    yield NextTask(command("check.all"), "is everything ready for a release?")
    yield _plan(run)


def _plan(run: Run) -> NextTask:
    """What a release would do; of the version that a git tag at HEAD has, if there is one."""
    tags = run.checkout.tags if run.checkout else ()
    at_head = [tag for tag in tags if any(lane.version_of_git_tag(tag) for lane in run.project.lanes)]
    if at_head:
        return NextTask(command("plan"), f"the git tag {at_head[0]} is at this commit")
    return NextTask(command("plan", "--version", "X.Y.Z"), "what would a release of that version do?")
