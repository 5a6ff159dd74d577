from __future__ import annotations

import pytest

from shiplane.workflows.tag_filter import skipped_by, starts_on, tag_patterns

ON_PUSH = "on:\n  push:\n    tags:\n"


@pytest.mark.parametrize(
    ("workflow", "patterns"),
    [
        (ON_PUSH + "      - 'docker-v*'\n      - \"standalone-v*\"\n", ["docker-v*", "standalone-v*"]),
        (ON_PUSH + "    - docker-v*  # the main lane\n", ["docker-v*"]),
        (ON_PUSH + "\n      # why\n      - docker-v*\n", ["docker-v*"]),
        (ON_PUSH + "      - a*\n    branches:\n      - main\n", ["a*"]),
        ("on:\n  push:\n    tags: ['docker-v*', \"b*\", c*]\n", ["docker-v*", "b*", "c*"]),
        ("on:\n  push:\n    tags: docker-v*\n", ["docker-v*"]),
        ("on: {push: {branches: [main]}}\n", []),
        ("on:\n  push:\n    tags-ignore:\n      - docker-v*\n", []),
        ("on:\n  push:\n    tags:\n      - '#odd'\n", ["#odd"]),
        ("jobs:\n  x:\n    - 'docker-v*'\n", []),
        ("", []),
    ],
)
def test_patterns_are_found_in_the_usual_forms(workflow: str, patterns: list[str]) -> None:
    assert tag_patterns(workflow) == patterns


@pytest.mark.parametrize(
    ("patterns", "git_tag", "started"),
    [
        (["docker-v*"], "docker-v0.2.1", True),
        (["docker-v*"], "standalone-v0.2.1", False),
        (["docker-v[0-9]+.[0-9]+.[0-9]+"], "docker-v10.2.1", True),
        (["docker-v[0-9]+.[0-9]+.[0-9]+"], "docker-v0.2.1-rc.1", False),
        (["docker-v0.2.1"], "docker-v0x2x1", False),
        (["*"], "release/1.0.0", False),
        (["**"], "release/1.0.0", True),
        (["v?1.0.0"], "1.0.0", True),
        (["docker-v*", "!*-rc*"], "docker-v0.2.1-rc.1", False),
        (["!docker-v*", "docker-v*"], "docker-v0.2.1", True),
        (["docker-v[0-9"], "docker-v1", False),
        (["+"], "+", False),
        ([r"docker\*"], "docker*", True),
        ([], "docker-v0.2.1", False),
    ],
)
def test_a_git_tag_starts_what_names_it(patterns: list[str], git_tag: str, started: bool) -> None:  # noqa: FBT001
    workflow = ON_PUSH + "".join(f"      - '{pattern}'\n" for pattern in patterns)
    assert starts_on(workflow, git_tag) is started


@pytest.mark.parametrize(
    ("message", "sign"),
    [
        ("Release [skip ci]", "[skip ci]"),
        ("[ci skip] Release", "[ci skip]"),
        ("Release\n\nlonger\n[no ci]\n", "[no ci]"),
        ("a[skip actions]b", "[skip actions]"),
        ("[Actions Skip]", "[Actions Skip]"),
        ("Release\n\n\nskip-checks: true\n", "skip-checks: true"),
        ("Release\n\nSigned-off-by: a\nskip-checks:true", "skip-checks:true"),
        ("skip-checks: true\n\nwas once its last line", ""),
        ("Release\n\nskip-checks: false", ""),
        ("skip ci, [skip-ci], [skip  ci] and ***NO_CI*** are no signs", ""),
        ("", ""),
    ],
)
def test_a_message_that_keeps_github_from_starting_a_workflow_is_known(message: str, sign: str) -> None:
    assert skipped_by(message) == sign
