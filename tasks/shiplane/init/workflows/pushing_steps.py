"""The steps of a workflow that push images otherwise than by docker's actions: by a command, or another action."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shiplane.init.sources import Remark, Source
from shiplane.init.workflows.yaml_nodes import Node

_COMMANDS = (
    r"(?:docker|podman|buildah|nerdctl) (?:image |manifest )?push\b",
    r"(?:docker|podman|buildah|nerdctl|depot) (?:buildx |image )?(?:build|bake) .*(?:--push\b|type=registry|push=true)",
    r"(?:docker |docker-)compose .*\bpush\b",
    r"earthly .*--push\b",
    r"make (?:push(?:-images?|-docker)?|(?:docker|image|images|container)-push)(?![\w-])",
    r"jib:build\b",
    r"(?:npm|pnpm|yarn)(?: run)? docker:publish:",
    r"imagetools create\b",
    r"skopeo (?:copy|sync) .*docker://",
    r"(?:crane|gcrane) (?:push|copy|cp|append|tag)\b",
    r"regctl image (?:copy|import)\b",
    r"ko (?:build|publish|resolve|apply)\b",
    r"pack build .*--publish\b",
)
_PUSHES = re.compile("|".join(rf"\b{command}" for command in _COMMANDS))
# A registry on the runner itself is one for tests.
_HARMLESS = re.compile(r"dry-run|\blocalhost\b|\b127\.0\.0\.1\b|^(?:#|echo\b)")
_ACTIONS = (
    "depot/build-push-action@",
    "depot/bake-action@",
    "redhat-actions/push-to-registry@",
    "goreleaser/goreleaser-action@",
    "elgohr/Publish-Docker-Github-Action@",
)
_LONGEST = 2000


def pushing_steps(path: str, root: Node) -> Iterator[tuple[int, Remark]]:
    """Each such step of a workflow by its line, with the line that pushes."""
    for job in root.at("jobs").entries.values():
        for step in job.at("steps").items:
            line = next(_pushing_lines(step), None)
            if line:
                number, text = line
                yield step.line, Remark(Source(path, number), text, "what it pushes cannot be read from the workflow")


def _pushing_lines(step: Node) -> Iterator[tuple[int, str]]:
    uses = step.at("uses").text
    if uses.startswith(_ACTIONS):
        yield step.line, uses
    for number, line in _commands(step.at("run")):
        if _PUSHES.search(line) and not _HARMLESS.search(line):
            yield number, line


def _commands(run: Node) -> Iterator[tuple[int, str]]:
    """The commands of a script, each on one line with single blanks, by the number of its first line."""
    number, command = 0, ""
    for place, line in run.lines:
        number, command = number or place, f"{command} {line.removesuffix(chr(92))}"
        if not line.endswith("\\"):
            yield number, " ".join(command.split())[:_LONGEST]
            number, command = 0, ""
