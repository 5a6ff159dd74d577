"""``release-lane.yml`` called by a workflow of the project's own: as documented, and as the linters see it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shiplane.workflows.paths import SHARED
from tests.unit.workflows.test_render import (
    GITHUB_GATE,
    KEYLESS,
    KINDS,
    ROOT,
    TWO_REGISTRIES,
    Configuration,
    actionlint,
    assert_clean,
    rendered,
)

CALLER = ".github/workflows/tag-and-release.yml"
PAGE = (ROOT / ".github/docs/github.md").read_text("utf-8")


def example() -> str:
    """The workflow in the documentation that calls the shared one."""
    (block,) = re.findall(r"```yaml\n(name: Tag and release\n.*?)```", PAGE, re.DOTALL)
    return str(block)


def call() -> dict[str, Any]:
    job: dict[str, Any] = yaml.safe_load(example())["jobs"]["release"]
    return job


def shared(configuration: Configuration) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(rendered(configuration)[SHARED])
    return document


# With what the caller has to grant.
PLAIN: dict[str, str] = {"contents": "read", "packages": "write"}
CALLED: dict[str, tuple[Configuration, dict[str, str]]] = {
    "built in": ({}, PLAIN),
    "GitHub gates": (GITHUB_GATE, {**PLAIN, "checks": "read", "actions": "read"}),
    "two registries": (TWO_REGISTRIES, PLAIN),
    "a group": (KINDS["a group"], PLAIN),
    "claims": ({"claim": True}, {**PLAIN, "contents": "write"}),
    "keyless signing": (KEYLESS, {**PLAIN, "id-token": "write"}),
    "releases on GitHub": ({"github-release": True}, {**PLAIN, "contents": "write"}),
}
each_kind = pytest.mark.parametrize(("configuration", "granted"), CALLED.values(), ids=CALLED)


def granting(permissions: dict[str, str]) -> str:
    """The example with these permissions."""
    before, _, after = re.split(r"(      contents: read # .*\n      packages: write.*\n)", example())
    return (
        before
        + "".join(f"      {name}: {level} # as the documentation says\n" for name, level in permissions.items())
        + after
    )


@each_kind
def test_the_linters_accept_the_caller(tmp_path: Path, configuration: Configuration, granted: dict[str, str]) -> None:
    assert_clean(tmp_path, {SHARED: rendered(configuration)[SHARED], CALLER: granting(granted)})


@each_kind
def test_no_permission_can_be_left_out(tmp_path: Path, configuration: Configuration, granted: dict[str, str]) -> None:
    for name in granted:
        less = granting({**granted, name: "none"})
        linted = actionlint(tmp_path, {SHARED: rendered(configuration)[SHARED], CALLER: less})
        assert "but the calling job grants" in linted.stdout


def test_readme_says_what_to_grant() -> None:
    assert call()["permissions"] == PLAIN
    (told,) = re.findall(r"contents: read # (.*)\n      packages: write", example())
    assert told == (
        "write with claim or github-release; with a GitHub gate also checks: read and actions: read; keyless signing "
        "also id-token: write"
    )


MISTAKES = {
    "no lane": ("      lane: main\n", "", 'input "lane" is required'),
    "no ref": ("      ref: refs/tags/docker-v${{ inputs.version }}\n", "", 'input "ref" is required'),
    "another input": ("      lane: main\n", "      lane: main\n      tag: x\n", 'input "tag" is not defined'),
    "another secret": ("      GHCR_TOKEN: ", "      TOKEN: ", 'secret "TOKEN" is not defined'),
}


@pytest.mark.parametrize(("old", "new", "complaint"), MISTAKES.values(), ids=MISTAKES)
def test_a_caller_that_is_wrong_is_not_accepted(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in example()
    linted = actionlint(tmp_path, {SHARED: rendered()[SHARED], CALLER: example().replace(old, new)})
    assert complaint in linted.stdout


def test_the_documentation_lists_every_input() -> None:
    table = PAGE.partition("input of `release-lane.yml`")[2]
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", table, re.MULTILINE))
    inputs = [shared(kind)[True]["workflow_call"]["inputs"] for kind in ({}, {"workflows": {"native": True}})]
    assert {*inputs[0], *inputs[1]} <= set(rows)
    required = {name for name, facts in inputs[0].items() if facts.get("required")}
    assert required == {name for name in inputs[0] if rows[name].startswith("required:")}


def test_every_secret_is_optional() -> None:
    for configuration, _ in CALLED.values():
        secrets = shared(configuration)[True]["workflow_call"]["secrets"]
        assert not any(facts["required"] for facts in secrets.values())
