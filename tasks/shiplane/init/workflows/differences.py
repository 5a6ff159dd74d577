"""What a workflow did that the ones in its place do not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shiplane.config.lane import Lane
from shiplane.init.sources import Remark, Source
from shiplane.init.workflows.images import WorkflowReader
from shiplane.init.workflows.published_image import PublishedImage
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
_STARTS = {
    "pull_request": "a pull request starts none of the new workflows",
    "schedule": "no schedule starts the new workflows; a channel is published with each push to its branch",
    "workflow_call": "the new workflows are called as release-lane.yml is",
    "release": "the git tag of a GitHub release starts the new workflows, not the release",
}


def differences(
    reader: WorkflowReader, text: str, images: Sequence[PublishedImage], lanes: Sequence[Lane]
) -> Iterator[Remark]:
    """What becomes of a workflow that published some images, when these lanes replace it.

    Args:
        reader: The workflow.
        text: Of its file.
        images: What it published.
        lanes: Those that release them from now on.
    """
    yield from _latest(reader.path, text, {image.dockerfile for image in images}, lanes)
    on = reader.root.at("on")
    for key, line in on.at("workflow_dispatch", "inputs").keys.items():
        if _INPUTS.get(key) != key:
            yield Remark(Source(reader.path, line), key, _input(key))
    for key, reason in _STARTS.items():
        if key in on.entries or key in on.texts:
            yield Remark(Source(reader.path, on.keys.get(key, on.line)), key, reason)
    for branch in on.at("push", "branches").items:
        if set(branch.text) & set("*?+[!"):
            reason = "a channel follows one branch, and no pattern"
            yield Remark(Source(reader.path, branch.line), branch.text, reason)
    for step in _steps(reader.root, {image.source.line for image in images}):
        uses = step.at("uses").text
        if not uses.startswith(_CARRIED_OVER):
            what = step.at("name").text or uses or next(iter(step.at("run").text.splitlines()), "")
            yield Remark(Source(reader.path, step.line), what, "this step is not part of the new workflows")


def _latest(path: str, text: str, dockerfiles: set[str], lanes: Sequence[Lane]) -> Iterator[Remark]:
    """A floating tag that moved with each git tag, and now moves only when that is asked for."""
    lane = next((lane for lane in lanes if lane.dockerfile in dockerfiles and not lane.publish_latest), None)
    moves = next(((n, line) for n, line in enumerate(text.splitlines(), 1) if _MOVES.search(line)), None)
    if lane and lane.floating_templates and moves:
        number, line = moves
        tags = ", ".join(map(str, lane.floating_templates))
        reason = f"a git tag moves {tags} no longer by itself: publish-latest = true in [lanes.{lane.name}] keeps that"
        yield Remark(Source(path, number), line.strip(), reason)


def _input(name: str) -> str:
    now = _INPUTS.get(name, "")
    return f"the input is now called {now}, and takes {_TAKES[now]}" if now else "there is no such input"


def _steps(root: Node, lines: set[int]) -> Iterator[Node]:
    """The steps of the jobs that publish, by the lines of the steps that do."""
    for job in root.at("jobs").entries.values():
        steps = job.at("steps").items
        if lines & {step.line for step in steps}:
            yield from steps
