"""What a workflow did that the ones in its place do not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from shiplane.config.channel import Channel
from shiplane.config.lane import Lane
from shiplane.init.sources import Remark, Source
from shiplane.init.workflows.images import WorkflowReader, is_branch_pattern
from shiplane.init.workflows.published_image import PublishedImage
from shiplane.init.workflows.pushing_steps import pushing_steps
from shiplane.init.workflows.yaml_nodes import Node

_MOVES = re.compile(r"\b(?:publish|push|move)[_-]?latest\b\s*[:=]\s*[\"']?true\b", re.IGNORECASE)
# What an input is called now.
_INPUTS = {
    **dict.fromkeys(("tag", "version", "image_tag", "image-tag"), "version"),
    **dict.fromkeys(("image_repo", "image-repo", "image", "repository"), "image"),
    "platforms": "platforms",
    **dict.fromkeys(("publish_latest", "publish-latest", "push_latest", "latest"), "latest"),
    **dict.fromkeys(("dry_run", "dry-run", "dryrun"), "dry-run"),
}
_TAKES = {
    "version": "a version, as in 0.2.1, and builds its git tag",
    "image": "the repository",
    "platforms": "the platforms",
    "latest": "yes, no or as configured",
    "dry-run": "true or false",
}
_CARRIED_OVER = ("docker/", "actions/checkout@", "actions/cache@")
# By the actions that most projects make them with, or by GitHub's command line.
_SHOWS_RELEASES = re.compile(
    r"^(?:softprops/action-gh-release|ncipollo/release-action|actions/create-release)@|\bgh release create\b",
    re.MULTILINE,
)
_BUILDS = "a pull request builds the images, and pushes none"
_STARTS = {
    "pull_request": "a pull request starts none of the new workflows, unless [workflows] has pull-request = true",
    "pull_request_target": "no pull request gets secrets from the new workflows",
    "schedule": "no schedule starts the new workflows; a channel is published with each push to its branch",
    "workflow_call": "the new workflows are called as release-lane.yml is",
    "release": "the git tag of a GitHub release starts the new workflows, not the release",
}


@dataclass(frozen=True, kw_only=True)
class NewWorkflows:
    """What the workflows that shiplane writes do.

    Attributes:
        lanes: Those that are released from now on.
        repositories: What is pushed to; None where that is not known.
        native: Whether each platform has its own runner, so that nobody chooses platforms.
        pull_requests: Whether a pull request builds the images.
    """

    lanes: Sequence[Lane]
    channels: Sequence[Channel] = ()
    repositories: Collection[str] | None = None
    native: bool = False
    pull_requests: bool = False


def differences(
    reader: WorkflowReader, text: str, images: Sequence[PublishedImage], new: NewWorkflows
) -> Iterator[Remark]:
    """What becomes of a workflow that published some images, when others replace it.

    Args:
        reader: The workflow.
        text: Of its file.
        images: What it published.
        new: Those in its place.
    """
    pushing = {line for line, _ in pushing_steps(reader.path, reader.root)}
    yield from _latest(reader.path, text, {image.dockerfile for image in images}, new.lanes)
    yield from _manual_runs(reader, new)
    yield from _starts(reader, new)
    yield from _repositories(images, new.repositories)
    for step in _steps(reader.root, {*pushing, *(image.source.line for image in images)}):
        uses = step.at("uses").text
        if not uses.startswith(_CARRIED_OVER) and step.line not in pushing:
            what = step.at("name").text or uses or next(iter(step.at("run").text.splitlines()), "")
            yield Remark(
                Source(reader.path, step.line), what, f"this step is not part of the new workflows{_instead(step)}"
            )


def _instead(step: Node) -> str:
    """What does the work of a step that is left out, if anything does."""
    if _SHOWS_RELEASES.search(f"{step.at('uses').text}\n{step.at('run').text}"):
        return "; github-release = true makes the release on GitHub"
    return ""


def _latest(path: str, text: str, dockerfiles: set[str], lanes: Sequence[Lane]) -> Iterator[Remark]:
    """A floating tag that moved with each git tag, and now moves only when that is asked for.

    What a script pushes can be any lane's.
    """
    fitting = [lane for lane in lanes if lane.dockerfile in dockerfiles or not dockerfiles]
    lane = next((lane for lane in fitting if lane.floating_templates and not lane.publish_latest), None)
    moves = next(((n, line) for n, line in enumerate(text.splitlines(), 1) if _MOVES.search(line)), None)
    if lane and moves:
        number, line = moves
        tags = ", ".join(map(str, lane.floating_templates))
        reason = f"a git tag moves {tags} no longer by itself: publish-latest = true in [lanes.{lane.name}] keeps that"
        yield Remark(Source(path, number), line.strip(), reason)


def _manual_runs(reader: WorkflowReader, new: NewWorkflows) -> Iterator[Remark]:
    on = reader.root.at("on")
    if "workflow_dispatch" not in (*on.entries, *on.texts):
        return
    inputs = on.at("workflow_dispatch", "inputs")
    for key, line in inputs.keys.items():
        if reason := _input(key, inputs.at(key, "type").text, new):
            yield Remark(Source(reader.path, line), key, reason)
    dry_run = next((inputs.at(key, "default").text for key in inputs.keys if _INPUTS.get(key) == "dry-run"), "false")
    if dry_run != "true":
        line = on.keys.get("workflow_dispatch", on.line)
        reason = "a manual run is a dry run, unless its input dry-run is switched off"
        yield Remark(Source(reader.path, line), "workflow_dispatch", reason)


def _input(name: str, kind: str, new: NewWorkflows) -> str:
    """What became of an input; nothing where it is as it was."""
    now = _INPUTS.get(name, "")
    if not now or (now == "platforms" and new.native):
        return "there is no such input"
    if now != name:
        return f"the input is now called {now}, and takes {_TAKES[now]}"
    return f"the input takes {_TAKES[now]}" if now == "latest" and kind == "boolean" else ""


def _starts(reader: WorkflowReader, new: NewWorkflows) -> Iterator[Remark]:
    """What started it and starts none of the new ones."""
    on, followed = reader.root.at("on"), {channel.branch for channel in new.channels}
    for key in dict.fromkeys((*on.entries, *on.texts)):
        if key not in ("push", "workflow_dispatch"):
            reason = _STARTS.get(key, "this starts none of the new workflows")
            built = new.pull_requests and key == "pull_request"
            yield Remark(Source(reader.path, on.keys.get(key, on.line)), key, _BUILDS if built else reason)
    branches = on.at("push", "branches").items
    for branch in branches:
        if is_branch_pattern(branch.text):
            reason = "a channel follows one branch, and no pattern"
            yield Remark(Source(reader.path, branch.line), branch.text, reason)
        elif branch.text not in followed:
            yield Remark(Source(reader.path, branch.line), branch.text, _unfollowed(branch.text))
    if reader.any_push and reader.place.default_branch not in followed:
        line = on.keys.get("push", on.line)
        yield Remark(Source(reader.path, line), "push", _unfollowed(reader.place.default_branch))


def _unfollowed(branch: str) -> str:
    return f'a push to {branch} starts none of the new workflows, unless a channel has branch = "{branch}"'


def _repositories(images: Sequence[PublishedImage], known: Collection[str] | None) -> Iterator[Remark]:
    """Where it pushed to, and nothing is pushed now."""
    lost = {name: image.source for image in images for name in image.images if known is not None and name not in known}
    for name, source in lost.items():
        yield Remark(source, name, "nothing is pushed there: add it to image to keep that")


def _steps(root: Node, lines: set[int]) -> Iterator[Node]:
    """The steps of the jobs that publish, by the lines of the steps that do."""
    for job in root.at("jobs").entries.values():
        steps = job.at("steps").items
        if lines & {step.line for step in steps}:
            yield from steps
