"""What an old workflow did and the new ones do not, by values."""
# ruff: noqa: E501 -- the tables are read by their lines

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.config.channel import Channel
from shiplane.config.lane import MAIN, STANDALONE
from shiplane.init.workflows.differences import NewWorkflows, differences
from shiplane.init.workflows.images import Place, WorkflowReader
from shiplane.init.workflows.pushing_steps import pushing_steps
from shiplane.init.workflows.yaml_nodes import read_yaml

NEW = NewWorkflows(lanes=[STANDALONE, MAIN])
BUILD = "{uses: docker/build-push-action@v6, with: {push: true, tags: 'ghcr.io/acme/app:latest'}}"


def reader(text: str) -> WorkflowReader:
    root = read_yaml(text)
    assert root is not None
    return WorkflowReader("w.yml", root, Place(slug="acme/app", git_tags=["app-v{version}"]))


def told(text: str, new: NewWorkflows = NEW) -> list[tuple[int, str, str]]:
    read = reader(text)
    remarks = differences(read, text, read.images(), new)
    return [(remark.source.line, remark.text, remark.reason) for remark in remarks]


def started(on: str) -> str:
    return f"on: {on}\njobs:\n  image:\n    steps:\n      - {BUILD}\n"


OLD = """
on:
  push: {tags: ["docker-v*"], branches: [main, "feature/**"]}
  schedule: [{cron: "0 0 * * *"}]
  workflow_dispatch:
    inputs:
      tag: {type: string}
      platforms: {type: string}
      colour: {type: string}
jobs:
  other:
    steps:
      - run: make test
  image:
    steps:
      - uses: actions/checkout@v4
      - name: Resolve
        run: |
          publish_latest=true
      - run: |
          echo two
          echo lines
      - uses: sigstore/cosign-installer@v3
      - uses: docker/build-push-action@v6
        with: {push: true, tags: "${{ env.TAGS }}"}
"""


def test_what_becomes_of_an_old_workflow() -> None:
    assert told(OLD) == [
        (19, "publish_latest=true", "a git tag moves latest no longer by itself: publish-latest = true in [lanes.main] keeps that"),
        (7, "tag", "the input is now called version, and takes a version, as in 0.2.1, and builds its git tag"),
        (9, "colour", "there is no such input"),
        (5, "workflow_dispatch", "a manual run is a dry run, unless its input dry-run is switched off"),
        (4, "schedule", "no schedule starts the new workflows; a channel is published with each push to its branch"),
        (3, "main", 'a push to main starts none of the new workflows, unless a channel has branch = "main"'),
        (3, "feature/**", "a channel follows one branch, and no pattern"),
        (17, "Resolve", "this step is not part of the new workflows"),
        (20, "echo two", "this step is not part of the new workflows"),
        (23, "sigstore/cosign-installer@v3", "this step is not part of the new workflows"),
    ]  # fmt: skip
    assert not [reason for _, _, reason in told(OLD, NewWorkflows(lanes=[])) if "publish-latest" in reason]


@pytest.mark.parametrize(
    ("step", "is_made"),
    [
        ("{uses: softprops/action-gh-release@v2}", True),
        ("{uses: ncipollo/release-action@v1}", True),
        ("{run: 'cd x && gh release create v1 --notes y'}", True),
        ("{run: gh release upload v1 x}", False),
        ("{uses: acme/softprops/action-gh-release@v2}", False),
    ],
)
def test_a_step_that_makes_a_release_on_github_is_told_what_makes_it_now(step: str, is_made: bool) -> None:  # noqa: FBT001
    (reason,) = [
        why for _, _, why in told(f"jobs:\n  image:\n    steps:\n      - {BUILD}\n      - {step}\n") if "step" in why
    ]
    assert ("github-release = true" in reason) is is_made


def test_a_floating_tag_that_moves_on_is_no_difference() -> None:
    assert not [
        one for one in told(OLD, NewWorkflows(lanes=[replace(MAIN, publish_latest=True)])) if "latest" in one[1]
    ]


EDGE = Channel(name="edge", branch="main", lanes=("main",), tag="edge", keep="")
STARTS = {
    "a git tag alone": ("{push: {tags: ['v*']}}", []),
    "anything pushed": ("[push]", ["push"]),
    "anything pushed, as a mapping": ("{push: }", ["push"]),
    "a text": ("push", ["push"]),
    "a branch without a channel": ("{push: {branches: [main, dev]}}", ["main", "dev"]),
    "other events": (
        "{repository_dispatch: , workflow_run: {workflows: [CI]}, merge_group: }",
        ["repository_dispatch", "workflow_run", "merge_group"],
    ),
    "pull requests": ("[pull_request, pull_request_target]", ["pull_request", "pull_request_target"]),
    "a release, and a call": ("{release: {types: [published]}, workflow_call: }", ["release", "workflow_call"]),
}


@pytest.mark.parametrize(("on", "texts"), STARTS.values(), ids=STARTS)
def test_what_starts_none_of_the_new_workflows_is_told(on: str, texts: list[str]) -> None:
    assert [text for _, text, _ in told(started(on))] == texts


@pytest.mark.parametrize("on", ["push", "{push: {branches: [main]}}"])
def test_a_branch_that_a_channel_follows_is_no_difference(on: str) -> None:
    assert told(started(on), replace(NEW, channels=[EDGE])) == []


def test_what_becomes_of_pull_requests() -> None:
    ((_, _, without),) = told(started("pull_request"))
    ((_, _, built),) = told(started("pull_request"), replace(NEW, pull_requests=True))
    assert without.endswith("unless [workflows] has pull-request = true")
    assert built == "a pull request builds the images, and pushes none"


def test_unknown_events_have_a_reason() -> None:
    ((line, text, reason),) = told(started("{merge_group: }"))
    assert (line, text, reason) == (1, "merge_group", "this starts none of the new workflows")


MANUAL = "a manual run is a dry run, unless its input dry-run is switched off"
INPUTS = {
    "none": ("", [("workflow_dispatch", MANUAL)]),
    "a dry run by default": (
        "{dry_run: {default: true, type: boolean}}",
        [("dry_run", "the input is now called dry-run, and takes true or false")],
    ),
    "a dry run as it is": ("{dry-run: {default: true}}", []),
    "no dry run by default": ("{dry-run: {default: false}}", [("workflow_dispatch", MANUAL)]),
    "a truth value": (
        "{dry-run: {default: true}, latest: {type: boolean}}",
        [("latest", "the input takes yes, no or as configured")],
    ),
    "a choice": ("{dry-run: {default: true}, latest: {type: choice}, version: , image: , platforms: }", []),
}


@pytest.mark.parametrize(("inputs", "expected"), INPUTS.values(), ids=INPUTS)
def test_what_becomes_of_manual_runs(inputs: str, expected: list[tuple[str, str]]) -> None:
    on = f"{{workflow_dispatch: {{inputs: {inputs or '{}'}}}}}"
    assert [(text, reason) for _, text, reason in told(started(on))] == expected


def test_natively_nobody_chooses_platforms() -> None:
    on = "{workflow_dispatch: {inputs: {dry-run: {default: true}, platforms: }}}"
    assert told(started(on)) == []
    (remark,) = told(started(on), replace(NEW, native=True))
    assert remark[1:] == ("platforms", "there is no such input")


def test_where_nothing_is_pushed_any_more() -> None:
    text = started("{push: {tags: ['v*']}}").replace(
        "'ghcr.io/acme/app:latest'", "'ghcr.io/acme/app:1,acme/app:1,quay.io/acme/app:1'"
    )
    known = {"ghcr.io/acme/app", "docker.io/acme/app"}
    assert told(text, replace(NEW, repositories=known)) == [
        (5, "quay.io/acme/app", "nothing is pushed there: add it to image to keep that")
    ]
    assert told(text) == []


SCRIPTS = {
    "docker push ghcr.io/acme/app:1": True,
    "docker image push ghcr.io/acme/app:1": True,
    "sudo docker manifest push ghcr.io/acme/app:1": True,
    "podman push app docker://ghcr.io/acme/app": True,
    "docker buildx build --platform linux/amd64 --push -t ghcr.io/acme/app:1 .": True,
    "docker buildx build \\\n  --output \\\n  type=registry .": True,
    "docker build --push .": True,
    "docker buildx bake --push": True,
    "docker buildx imagetools create -t ghcr.io/acme/app:latest ghcr.io/acme/app:1": True,
    "skopeo copy oci:dir docker://ghcr.io/acme/app:1": True,
    "crane tag ghcr.io/acme/app:1 latest": True,
    "regctl image copy a b": True,
    "ko build --bare ./cmd/app": True,
    "pack build app --publish": True,
    "npm run docker:publish:ghcr": True,
    "npm run docker:publish:ghcr:dry-run": False,
    "TAG=x npm run docker:publish:standalone:ghcr": True,
    "docker compose -f compose.yml push app": True,
    "docker-compose push": True,
    "depot build --push .": True,
    "earthly --ci --push +image": True,
    "make docker-push TAG=1": True,
    "make push": True,
    "make push-tags": False,
    "mvn -B jib:build": True,
    "# docker push ghcr.io/acme/app:1": False,
    "echo docker push ghcr.io/acme/app:1": False,
    "docker push localhost:5000/app": False,
    "docker push 127.0.0.1:5000/app": False,
    "docker buildx build .": False,
    "docker pull ghcr.io/acme/app": False,
    "skopeo inspect docker://ghcr.io/acme/app": False,
    "git push": False,
    "cargo build --push": False,
    "echo docker pushes": False,
}


@pytest.mark.parametrize(("command", "pushes"), SCRIPTS.items())
def test_the_scripts_that_push(command: str, pushes: bool) -> None:  # noqa: FBT001
    lines = "".join(f"          {line}\n" for line in f"set -e\n{command}\nexit 0".split("\n"))
    found = list(
        pushing_steps("w.yml", read_yaml(f"jobs:\n  a:\n    steps:\n      - run: |\n{lines}") or reader("").root)
    )
    assert [(line, remark.source.line) for line, remark in found] == ([(4, 6)] if pushes else [])


def test_actions_that_push() -> None:
    text = "jobs:\n  a:\n    steps:\n      - uses: depot/build-push-action@v1\n      - uses: actions/checkout@v6\n"
    ((line, remark),) = pushing_steps("w.yml", reader(text).root)
    assert (line, remark.source.line, remark.text) == (4, 4, "depot/build-push-action@v1")


def test_a_script_without_end_is_read_in_bounded_time() -> None:
    lines = "          docker build " + "x" * 100_000 + " \\\n" + "          y \\\n" * 20_000 + "          --push\n"
    assert list(pushing_steps("w.yml", reader(f"jobs:\n  a:\n    steps:\n      - run: |\n{lines}").root)) == []


BY_SCRIPT = """
on:
  push: {tags: ["v*"]}
jobs:
  image:
    steps:
      - run: make test
      - run: |
          publish_latest=true
          docker push ghcr.io/acme/app:1
"""


def test_what_becomes_of_a_workflow_that_pushes_by_a_script() -> None:
    assert [(line, text) for line, text, _ in told(BY_SCRIPT)] == [(9, "publish_latest=true"), (7, "make test")]
