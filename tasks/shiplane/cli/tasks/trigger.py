"""``trigger``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.release.trigger import TriggerResult


@shiplane_task(
    flags={
        "lane": "Lane whose workflow to start; those that share its git tag start with it.",
        "version": "Version to release: 0.2.1, v0.2.1 or the lane's own tag; default: the version file's.",
        "dry_run": "Run all checks; tag and push nothing.",
    },
    iterable=("lane",),
)
def trigger(
    run: Run, *, lane: Sequence[str] | None = None, version: str | None = None, dry_run: bool = False
) -> Answer:
    """Tag HEAD and push the git tag that starts CI.

    Checks first: a clean tree, HEAD on the remote, and a new version that is higher than the lane's newest.
    """
    from shiplane.cli.flag_values import lane_group, new_version
    from shiplane.cli.flows.trigger import trigger_of, version_in_file

    group = lane_group(lane, run.project, version)
    version = version or version_in_file(run, group)
    flow = trigger_of(run, [(each, new_version(run.project, each, "--version", version)) for each in group])
    result = run.console.drive(flow.run(dry_run=dry_run))
    text = _text(result, in_workflow=run.env.get("GITHUB_ACTIONS") == "true")
    return Answer(text=text, data=result.to_json())


def _text(result: TriggerResult, *, in_workflow: bool) -> str:
    """What was pushed where, and what it starts.

    Args:
        result: What was done, or would be.
        in_workflow: Whether a workflow of GitHub Actions runs this.
    """
    action = "pushed" if result.pushed else "would push"
    lines = [f"{action} {result.git_tag} ({result.commit[:12]}) to {result.remote}"]
    lines += [f"releases lanes {', '.join(result.lanes)}"] if len(result.lanes) > 1 else []
    lines += [f"starts {path}" for path in result.workflows] or ["starts no workflow of this checkout"]
    if in_workflow:
        lines.append("note: a git tag pushed with a workflow's own GITHUB_TOKEN starts no other workflow")
    return "\n".join(lines)
