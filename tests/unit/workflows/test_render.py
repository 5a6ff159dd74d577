"""The publish workflows of this repository and those that other configurations give: linted, and held to our rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.keys.announcements import webhook_variables
from shiplane.config.lane import BUILT_IN
from shiplane.config.project_file import parse_project_file
from shiplane.config.settings import DEFAULT_PLATFORMS
from shiplane.core.errors import ConfigurationError
from shiplane.workflows.action_pins import ACTIONS
from shiplane.workflows.changes import changes
from shiplane.workflows.files import template
from shiplane.workflows.paths import SHARED, path_of
from shiplane.workflows.render import TEMPLATES, WorkflowProject, render
from shiplane.workflows.signature import is_ours, was_changed_by_hand
from shiplane.workflows.tag_filter import starts_on
from tests.fresh.roots import RELEASES
from tests.unit import workflow_rules
from tests.unit.workflow_rules import broken

ROOT = Path(__file__).parents[3]
MAIN = ".github/workflows/docker-publish.yml"
STANDALONE = ".github/workflows/docker-standalone-publish.yml"
TEXTS_OF_TEMPLATES = {name: template(f"{name}.yml") for name in TEMPLATES}
EDGE = ".github/workflows/channel-edge.yml"
PULLS = ".github/workflows/docker-pull-request.yml"
CHECKOUT = ACTIONS["CHECKOUT"]
Configuration = dict[str, Any]
CHANNELS = {
    "channels": {
        "edge": {"branch": "main", "lanes": ["main"]},
        "no": {"branch": "1.0", "lanes": ["main"], "tag": "next"},
    }
}
CI = ".github/workflows/ci.yml"
WEEKLY = ".github/workflows/weekly.yml"
GITHUB_GATE = {"gates": [{"name": "core", "github": "Core Production Gate"}]}
GROUP = {
    "lanes": {
        "main": {"tag": "{version}", "git-tag": "{version}", "floating": ["latest", "{major}"]},
        "alpine": {"tag": "{version}-alpine", "git-tag": "{version}", "platforms": ["linux/amd64"]},
        "tool": {"git-tag": "@acme/tool@{version}"},
    }
}
TWO_REGISTRIES: Configuration = {
    "image": ["ghcr.io/acme/app", "docker.io/acme/app"],
    "registries": {
        "ghcr.io": {"username-env": ["GHCR_USERNAME", "GITHUB_ACTOR"], "password-env": ["GHCR_TOKEN", "GITHUB_TOKEN"]},
        "docker.io": {"username-env": ["DOCKERHUB_USERNAME"], "password-env": ["DOCKERHUB_TOKEN", "NO NAME"]},
    },
}
NEEDY: Configuration = {
    **TWO_REGISTRIES,
    "lanes": {
        "main": {
            "build-args": {"EDITION": {"env": "EDITION"}, "COMMIT": {"env": "GITHUB_SHA"}, "PLAIN": "1"},
            "secrets": {"npm": {"env": "NPM_TOKEN"}, "rc": {"file": "/root/.npmrc"}, "gh": {"env": "GITHUB_TOKEN"}},
        },
        "standalone": {"secrets": {"pip": {"env": "PIP_TOKEN"}, "hub": {"env": "DOCKERHUB_TOKEN"}}},
    },
    "channels": {"edge": {"branch": "main", "lanes": ["main"]}},
}
NODE: Configuration = {
    "uses": "actions/setup-node@48b55a011bda9f5d6aeb4c2d9c7362e8dae4041e # v6.4.0",
    "with": {"node-version": "22", "check-latest": True},
}
SETUP: Configuration = {"setup": [NODE, {"name": "Packages", "run": "npm ci", "env": ["OWN_NPM_TOKEN"]}]}
HOST_OUTPUT: Configuration = {"host-output": True, **SETUP}
ANNOUNCED: Configuration = {**CHANNELS, "announce": [{"webhook-env": "CHAT_URL"}, {"command": "true"}]}
OWN: Configuration = {
    "build": "make",
    "build-env": ["OWN_SITE_URL"],
    "gates": [
        {"name": "own", "command": "make gate", "env": ["OWN_GATE_TOKEN", "OWN_SITE_URL"]},
        *GITHUB_GATE["gates"][:1],
    ],
}
PULL_REQUESTS: Configuration = {**NEEDY, "workflows": {**HOST_OUTPUT, "pull-request": True}}
SIGNED: Configuration = {"sign": {"tool": "cosign", "key": "env://SIGNING_KEY", "public-key": "release.pub"}}
KEYLESS: Configuration = {"sign": {"tool": "cosign", "identity": "https://github.com/acme/.*"}}
SCANNING: Configuration = {
    "checks": [{"command": "scan {layout}", "env": ["SCAN_TOKEN", "OWN_SITE_URL"]}],
    "workflows": {"check-setup": [{"name": "Scanner", "run": "npm ci"}]},
}
KINDS: dict[str, Configuration] = {
    "built in": {},
    "native": {"workflows": {"native": True}},
    "native, apart": {
        "workflows": {"native": True},
        "lanes": {
            "main": {"platforms": ["linux/amd64", "linux/386", "linux/s390x"]},
            "standalone": {"platforms": ["linux/arm64", "linux/arm/v7"]},
        },
    },
    "GitHub gates": GITHUB_GATE,
    "two registries": TWO_REGISTRIES,
    "variables and secrets": NEEDY,
    "native, variables and secrets": {**NEEDY, "workflows": {"native": True}},
    "setup": {**CHANNELS, "workflows": SETUP},
    "host output": {**NEEDY, "workflows": HOST_OUTPUT},
    "native, host output": {**NEEDY, "workflows": {**HOST_OUTPUT, "native": True}},
    "pull requests": PULL_REQUESTS,
    "native, pull requests": {
        **PULL_REQUESTS,
        "platforms": ["linux/amd64", "linux/arm/v7"],
        "workflows": {**HOST_OUTPUT, "pull-request": True, "native": True},
    },
    "pull requests, groups": {**GROUP, "workflows": {"native": True, "pull-request": True}},
    "own variables": {**OWN, **CHANNELS, "workflows": HOST_OUTPUT},
    "checks": {**SCANNING, **CHANNELS},
    "claims": {"claim": True},
    "releases on GitHub": {"github-release": True, **CHANNELS},
    "announcements": ANNOUNCED,
    "signing": SIGNED,
    "native, signing": {**SIGNED, "workflows": {"native": True}, **CHANNELS},
    "keyless signing": KEYLESS,
    "native, announcements": {**ANNOUNCED, "workflows": {"native": True}},
    "everything": {
        "claim": True,
        "github-release": True,
        "workflows": {"native": True, "environment": "live"},
        **GITHUB_GATE,
    },
    "other lanes": {"lanes": {"worker": {"git-tag": "v{version}"}, "next": {"git-tag": "vnext/v{version}"}}},
    "channels": CHANNELS,
    "channels, everything": {**CHANNELS, "claim": True, "workflows": {"native": True}, **GITHUB_GATE},
    "a group": GROUP,
    "native, a group": {**GROUP, "workflows": {"native": True}},
    "names that YAML could read": {"lanes": {"no": {}, "on": {}}, "workflows": {"environment": "1.0"}},
}


@pytest.mark.parametrize(
    ("floating", "words"),
    [
        (("latest",), "Move latest to this version"),
        (("latest", "v{major}", "v{major}.{minor}"), "Move latest, v{major}, v{major}.{minor} to this version"),
        ((), "Move no floating tag to this version"),
    ],
)
def test_the_workflow_says_which_tags_its_input_moves(floating: tuple[str, ...], words: str) -> None:
    templates = tuple(FloatingTemplate(text=text) for text in floating)
    lanes = [replace(lane, floating_templates=templates) for lane in BUILT_IN[:1]]
    project = WorkflowProject(lanes=lanes, platforms=DEFAULT_PLATFORMS, image="x")
    text = render(project, TEXTS_OF_TEMPLATES)[MAIN]
    inputs = yaml.safe_load(text)[True]["workflow_dispatch"]["inputs"]
    assert inputs["latest"]["description"] == words


def rendered(
    configuration: Configuration | None = None,
    *,
    program: str = "invoke",
    npm: bool = False,
    whole: bool = False,
    folder: str = "",
) -> dict[str, str]:
    known = parse_project_file(configuration or {}, "shiplane.toml")
    made = WorkflowProject(
        lanes=known.lanes,
        platforms=known.platforms or DEFAULT_PLATFORMS,
        image="ghcr.io/<owner>/<repo> of this repository",
        gates=known.gates,
        wishes=known.workflows,
        program=program,
        npm=npm,
        build_env=known.build_env,
        claim=known.claim is not None,
        github_release=known.github_release is not None,
        webhooks=webhook_variables(known.announcements),
        signing=known.sign,
        checks=[(check.name, check.env) for checks in known.checks.values() for check in checks],
        modules=whole,
        lfs=whole,
        channels=known.channels,
        registries=known.registries,
        folder=folder,
    )
    return render(made, TEXTS_OF_TEMPLATES)


def lint(folder: Path, texts: dict[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a linter of this environment on workflows, in a repository of their own."""
    (folder / ".git").mkdir(exist_ok=True)
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    tools = Path(sys.executable).parent
    command = [str(tools / argv[0]), *argv[1:]]
    env = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False)


def zizmor(folder: Path, texts: dict[str, str]) -> subprocess.CompletedProcess[str]:
    argv = ("zizmor", "--persona", "auditor", "--offline", "--strict-collection", "--no-ignores", ".github/workflows")
    return lint(folder, texts, *argv)


def actionlint(folder: Path, texts: dict[str, str]) -> subprocess.CompletedProcess[str]:
    tools = Path(sys.executable).parent
    return lint(folder, texts, "actionlint", "-shellcheck", str(tools / "shellcheck"), *texts)


def checkouts(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    """The inputs of each step that checks out."""
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    return [step["with"] for step in steps if "actions/checkout" in step.get("uses", "")]


def test_a_channel_is_published_by_a_push_to_its_branch_and_the_newest_push_is_never_dropped() -> None:
    texts = rendered(CHANNELS)
    edge, other = (yaml.safe_load(texts[f".github/workflows/channel-{name}.yml"]) for name in ("edge", "no"))
    assert edge[True]["push"] == {"branches": ["main"]}
    assert other[True]["push"] == {"branches": ["1.0"]}
    # One pending run of a group is kept, the newest (docs.github.com, "Concurrency"); none that runs is cancelled.
    assert edge["concurrency"] == {"group": "shiplane-channel-edge", "cancel-in-progress": False}
    lines = [document["jobs"]["publish"]["steps"][-1]["run"] for document in (edge, other)]
    assert lines == [f"invoke publish --channel {name} --skip build --skip gates" for name in ("edge", "no")]
    assert [inputs["fetch-depth"] for inputs in checkouts(edge)] == [0, 0]
    assert edge["jobs"]["publish"]["environment"] == "release"


def test_a_channel_that_is_taken_out_of_the_file_leaves_no_workflow() -> None:
    (gone,) = [change for change in changes(rendered(), rendered(CHANNELS)) if "edge" in change.path]
    assert gone.after is None


def own() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / ".github/workflows").iterdir()}


def test_this_repositorys_workflows_are_what_the_built_in_lanes_give() -> None:
    found = {path: text for path, text in own().items() if is_ours(text)}
    assert found == rendered()
    assert set(found) == {MAIN, STANDALONE, SHARED}


def test_ci_runs_what_a_person_runs_and_nothing_else() -> None:
    (job,) = yaml.safe_load(own()[CI])["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["sudo --preserve-env=CI .ci/run"]
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "secrets." not in own()[CI]


def test_every_release_has_its_bare_root_each_week_and_the_long_tables_are_run_whole() -> None:
    workflow = yaml.safe_load(own()[WEEKLY])
    jobs = workflow["jobs"]
    assert set(jobs["fresh"]["strategy"]["matrix"]["release"]) == set(RELEASES)
    assert {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()} == {
        "fresh": ['sudo .ci/with-venv invoke dev.fresh --release "$RELEASE"'],
        "thorough": ["sudo .ci/with-venv invoke dev.thorough --examples 2000"],
    }
    assert "schedule" in workflow[True]  # YAML 1.1 reads the key `on` as a boolean


@pytest.mark.share(3)
@pytest.mark.parametrize("kind", KINDS)
def test_the_linters_find_nothing(tmp_path: Path, kind: str) -> None:
    texts = {
        **rendered(KINDS[kind], npm=kind == "everything", whole=kind == "everything"),
        **{path: own()[path] for path in (CI, WEEKLY)},
    }
    assert_clean(tmp_path, texts)


def assert_clean(folder: Path, texts: dict[str, str]) -> None:
    """See that neither linter finds anything."""
    found = zizmor(folder, texts)
    assert (found.returncode, "No findings to report" in found.stdout + found.stderr) == (0, True), found.stdout
    linted = actionlint(folder, texts)
    assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout + linted.stderr


def test_the_linters_are_awake(tmp_path: Path) -> None:
    shared = rendered()[SHARED]
    open_handed = shared.replace("permissions: {}", "permissions: write-all", 1)
    assert zizmor(tmp_path, {SHARED: open_handed}).returncode != 0
    unquoted = shared.replace("run: invoke check.build", "run: invoke check.build $LANE")
    assert "SC2086" in actionlint(tmp_path, {SHARED: unquoted}).stdout


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("program", ["invoke", "shiplane"])
def test_every_configuration_keeps_our_rules(kind: str, program: str) -> None:
    assert broken(rendered(KINDS[kind], program=program, npm=True)) == set()


@pytest.mark.parametrize("whole", [True, False])
def test_every_checkout_of_a_repository_with_submodules_and_lfs_is_complete(*, whole: bool) -> None:
    shared = yaml.safe_load(rendered(KINDS["everything"], whole=whole)[SHARED])
    chosen = [(inputs.get("submodules"), inputs.get("lfs")) for inputs in checkouts(shared)]
    assert chosen == [("recursive", True) if whole else (None, None)] * len(shared["jobs"])


EDITS = [
    (SHARED, "@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3", "@v6", "actions_are_pinned_by_commit"),
    (SHARED, " # v6.0.3", "", "actions_are_pinned_by_commit"),
    (MAIN, "$/.github/workflows", "someone/else/.github/workflows", "actions_are_pinned_by_commit"),
    (SHARED, "permissions: {}", "permissions: read-all", "nothing_is_permitted_by_default"),
    (MAIN, "permissions: {}\n", "", "nothing_is_permitted_by_default"),
    (
        SHARED,
        "contents: read # check out the source\n    outputs",
        "packages: write\n    outputs",
        "only_publishing_jobs_may_write_and_packages_alone",
    ),
    (MAIN, "contents: read", "contents: write", "only_publishing_jobs_may_write_and_packages_alone"),
    (SHARED, "packages: write", "packages: write\n      checks: read", "no_permission_is_idle"),
    (
        SHARED,
        "run: invoke check.gates",
        "run: invoke check.gates\n        env:\n          GHCR_TOKEN: ${{ secrets.GHCR_TOKEN }}",
        "the_projects_own_commands_see_no_secret",
    ),
    (SHARED, "    needs: gate\n", "", "publishing_waits_for_the_gates_and_builds_their_commit"),
    (
        SHARED,
        "    needs: gate\n",
        "    needs: gate\n    if: ${{ always() }}\n",
        "publishing_waits_for_the_gates_and_builds_their_commit",
    ),
    (
        SHARED,
        "ref: ${{ needs.gate.outputs.commit }}",
        "ref: ${{ inputs.ref }}",
        "publishing_waits_for_the_gates_and_builds_their_commit",
    ),
    (SHARED, " --skip build --skip gates", "", "gates_are_not_asked_where_the_credential_is"),
    (
        SHARED,
        "persist-credentials: false",
        "persist-credentials: true",
        "checkouts_take_the_git_tag_and_leave_no_token",
    ),
    (SHARED, "          ref: ${{ inputs.ref }}\n", "", "checkouts_take_the_git_tag_and_leave_no_token"),
    (
        MAIN,
        "${{ inputs.version && format('refs/tags/docker-v{0}', inputs.version) || github.ref }}",
        "${{ github.ref }}",
        "checkouts_take_the_git_tag_and_leave_no_token",
    ),
    (MAIN, "group: shiplane-release", "group: main", "all_lanes_wait_in_one_queue"),
    (STANDALONE, "cancel-in-progress: false", "cancel-in-progress: true", "all_lanes_wait_in_one_queue"),
    (STANDALONE, "  queue: max\n", "", "all_lanes_wait_in_one_queue"),
    (EDGE, "cancel-in-progress: false", "cancel-in-progress: true", "a_channel_keeps_its_newest_push_waiting"),
    (EDGE, "cancel-in-progress: false", "queue: max", "a_channel_keeps_its_newest_push_waiting"),
    (EDGE, "group: shiplane-channel-edge", "group: shiplane-release", "a_channel_keeps_its_newest_push_waiting"),
    (EDGE, "          fetch-depth: 0\n", "", "checkouts_take_the_git_tag_and_leave_no_token"),
    (EDGE, "contents: read", "contents: write", "only_publishing_jobs_may_write_and_packages_alone"),
    (EDGE, " --skip build --skip gates", "", "gates_are_not_asked_where_the_credential_is"),
    (EDGE, "    needs: gate\n", "", "publishing_waits_for_the_gates_and_builds_their_commit"),
    (EDGE, "    timeout-minutes: 180\n", "", "every_job_ends_in_time"),
    (EDGE, "    branches:\n", "    tags:\n", "only_people_and_git_tags_start_them"),
    (SHARED, "    timeout-minutes: 180\n", "", "every_job_ends_in_time"),
    (PULLS, "    timeout-minutes: 120\n", "", "every_job_ends_in_time"),
    (PULLS, "  pull_request:\n", "  pull_request_target:\n", "only_people_and_git_tags_start_them"),
    (PULLS, "contents: read", "packages: write", "only_publishing_jobs_may_write_and_packages_alone"),
    (
        PULLS,
        "contents: read",
        "contents: read\n      packages: read",
        "a_pull_request_sees_no_secret_and_pushes_nothing",
    ),
    (PULLS, "vars.EDITION", "secrets.EDITION", "a_pull_request_sees_no_secret_and_pushes_nothing"),
    (PULLS, " --dry-run", "", "a_pull_request_sees_no_secret_and_pushes_nothing"),
    (
        SHARED,
        'publish --lane "$LANE" --skip',
        "publish --lane ${{ inputs.lane }} --skip",
        "shell_lines_call_the_library_and_have_no_logic",
    ),
    (
        SHARED,
        "run: invoke check.gates",
        'run: echo "GHCR_TOKEN=x" >> "$GITHUB_ENV"',
        "shell_lines_call_the_library_and_have_no_logic",
    ),
    (
        SHARED,
        "run: invoke check.gates",
        "run: invoke check.gates || true",
        "shell_lines_call_the_library_and_have_no_logic",
    ),
    (MAIN, "  push:\n", "  pull_request_target:\n  push:\n", "only_people_and_git_tags_start_them"),
    (MAIN, "    tags:\n", "    branches: [main]\n    tags:\n", "only_people_and_git_tags_start_them"),
    (
        SHARED,
        "env:\n  LANE",
        "env:\n  GHCR_TOKEN: ${{ secrets.GHCR_TOKEN }}\n  LANE",
        "secrets_are_given_to_one_step_as_pairs",
    ),
    (
        SHARED,
        "          GHCR_USERNAME: ${{ secrets.GHCR_USERNAME || vars.GHCR_USERNAME }}\n",
        "",
        "secrets_are_given_to_one_step_as_pairs",
    ),
    (SHARED, "cache-binary: false", "cache-binary: true", "nothing_is_restored_from_a_cache"),
    (
        SHARED,
        'python-version: "3.13"',
        'python-version: "3.13"\n          cache: pip',
        "nothing_is_restored_from_a_cache",
    ),
]


EDITED: Configuration = {
    **CHANNELS,
    "lanes": {"main": {"build-args": {"EDITION": {"env": "EDITION"}}}},
    "workflows": {"pull-request": True},
}


@pytest.mark.parametrize(
    ("path", "old", "new", "rule"), EDITS, ids=[f"{row[3]}-{place}" for place, row in enumerate(EDITS)]
)
def test_a_bad_edit_is_caught_by_its_rule_and_seen_as_made_by_hand(path: str, old: str, new: str, rule: str) -> None:
    texts = rendered(EDITED)
    assert old in texts[path]
    edited = {**texts, path: texts[path].replace(old, new)}
    assert rule in broken(edited)
    assert was_changed_by_hand(edited[path])


def test_every_rule_has_an_edit_that_breaks_it() -> None:
    assert {row[3] for row in EDITS} == {rule.__name__ for rule in workflow_rules.RULES}


def test_the_same_configuration_gives_the_same_bytes_and_another_gives_others() -> None:
    assert rendered(KINDS["everything"]) == rendered(KINDS["everything"])
    assert rendered()[SHARED] != rendered(KINDS["native"])[SHARED] != rendered(GITHUB_GATE)[SHARED]
    assert not any(was_changed_by_hand(text) for text in rendered(KINDS["everything"]).values())


def test_the_runbooks_files_and_git_tags_belong_to_their_lanes() -> None:
    assert [path_of(lane) for lane in BUILT_IN] == [MAIN, STANDALONE]
    texts = rendered()
    assert starts_on(texts[MAIN], "docker-v0.2.1")
    assert not starts_on(texts[MAIN], "standalone-v0.2.1")
    assert starts_on(texts[STANDALONE], "standalone-v0.2.1")
    assert not starts_on(texts[STANDALONE], "docker-v0.2.1")


def test_a_git_tag_starts_no_workflow_but_its_lanes() -> None:
    texts = rendered({"lanes": {"worker": {"git-tag": "v{version}"}, "next": {"git-tag": "vnext-v{version}"}}})
    starting = {
        tag: {path for path, text in texts.items() if starts_on(text, tag)} for tag in ("v1.0.0", "vnext-v1.0.0-rc.1")
    }
    folder = ".github/workflows/docker"
    assert starting["v1.0.0"] == {f"{folder}-worker-publish.yml"}
    assert starting["vnext-v1.0.0-rc.1"] == {f"{folder}-next-publish.yml"}


@pytest.mark.parametrize(
    ("forms", "git_tag", "starts"),
    [
        (["{version}"], "1.2.3", ["a"]),
        (["{version}"], "v1.2.3", []),
        (["{version}"], "latest", []),
        (["{version}"], "a/1.2.3", []),
        (["v{version}"], "v1.2.3", ["a"]),
        (["v{version}"], "1.2.3", []),
        (["{version}", "v{version}"], "1.2.3", ["a"]),
        (["{version}", "v{version}"], "v1.2.3", ["b"]),
        (["{version}", "2026-x{version}"], "2026-x1.2.3", ["b"]),
        (["{version}", "2026-x{version}"], "2026.1.2", ["a"]),
        (["app/v{version}"], "app/v1.2.3", ["a"]),
        (["app/v{version}"], "app/tool/v1.2.3", []),
        (["app@{version}", "app/v{version}"], "app@1.2.3", ["a"]),
        (["@acme/app@{version}", "@acme/app-tool@{version}"], "@acme/app@1.2.3", ["a"]),
        (["@acme/app@{version}", "@acme/app-tool@{version}"], "@acme/app-tool@1.2.3", ["b"]),
        (["@acme/app@{version}"], "app@1.2.3", []),
        (["{version}", "{version}"], "1.2.3", ["a"]),
    ],
)
def test_each_form_of_a_git_tag_starts_its_own_workflow_alone(
    forms: list[str], git_tag: str, starts: list[str]
) -> None:
    texts = rendered({"lanes": {name: {"git-tag": form} for name, form in zip("ab", forms, strict=False)}})
    found = [path for path, text in texts.items() if starts_on(text, git_tag)]
    assert found == [f".github/workflows/docker-{name}-publish.yml" for name in starts]


def test_lanes_of_one_git_tag_have_one_workflow() -> None:
    texts = rendered(GROUP)
    assert set(texts) == {SHARED, MAIN, ".github/workflows/docker-tool-publish.yml"}
    group = yaml.safe_load(texts[MAIN])
    assert group["name"] == "Publish image (main, alpine)"
    assert group["jobs"]["release"]["with"]["lane"] == "main,alpine"
    assert '"Move latest, {major}, alpine-latest to this version"' in texts[MAIN]
    assert 'invoke release --lane "$LANE" --skip build' in texts[SHARED]
    assert 'invoke publish --lane "$LANE" --skip build' in rendered()[SHARED]


def test_a_group_gives_what_each_of_its_lanes_became() -> None:
    def outputs(configuration: Configuration) -> tuple[dict[str, Any], dict[str, str]]:
        shared = yaml.safe_load(rendered(configuration)[SHARED])
        return shared[True]["workflow_call"]["outputs"], shared["jobs"]["publish"]["outputs"]

    declared, given = outputs(GROUP)
    assert declared["lanes"]["value"] == "${{ jobs.publish.outputs.lanes }}"
    assert given["lanes"] == "${{ steps.publish.outputs.lanes }}"
    assert all("lanes" not in part for part in outputs({}))


def test_natively_each_lane_of_a_group_is_staged_for_its_own_platforms() -> None:
    texts = rendered(KINDS["native, a group"])
    listed = json.loads(yaml.safe_load(texts[MAIN])["jobs"]["release"]["with"]["stages"])
    assert [(stage["lane"], stage["platform"], stage["file"]) for stage in listed] == [
        ("main", "linux/amd64", "main-linux-amd64.json"),
        ("main", "linux/arm64", "main-linux-arm64.json"),
        ("alpine", "linux/amd64", "alpine-linux-amd64.json"),
    ]
    jobs = yaml.safe_load(texts[SHARED])["jobs"]
    environments = [step.get("env", {}) for name in ("stage", "dry-run") for step in jobs[name]["steps"]]
    assert [env["LANE"] for env in environments if "LANE" in env] == ["${{ matrix.lane }}"] * 2
    assert jobs["stage"]["name"] == "Stage (${{ matrix.lane }}, ${{ matrix.platform }})"


def stages(texts: dict[str, str], path: str) -> list[tuple[str, str, bool, str]]:
    """What a lane's workflow has built where."""
    listed = json.loads(yaml.safe_load(texts[path])["jobs"]["release"]["with"]["stages"])
    return [(stage["platform"], stage["runner"], stage["emulated"], stage["file"]) for stage in listed]


def test_each_lanes_own_platforms_are_built_on_the_runner_nearest_to_them() -> None:
    texts = rendered(KINDS["native, apart"])
    assert stages(texts, MAIN) == [
        ("linux/amd64", "ubuntu-24.04", False, "linux-amd64.json"),
        ("linux/386", "ubuntu-24.04", False, "linux-386.json"),
        ("linux/s390x", "ubuntu-24.04", True, "linux-s390x.json"),
    ]
    assert stages(texts, STANDALONE) == [
        ("linux/arm64", "ubuntu-24.04-arm", False, "linux-arm64.json"),
        ("linux/arm/v7", "ubuntu-24.04-arm", True, "linux-arm-v7.json"),
    ]


def test_emulation_is_set_up_only_where_it_is_needed() -> None:
    def jobs(kind: str) -> dict[str, str]:
        shared = yaml.safe_load(rendered(KINDS[kind])[SHARED])["jobs"]
        steps = [
            (name, step) for name, job in shared.items() for step in job["steps"] if "qemu" in step.get("uses", "")
        ]
        return {name: step.get("if", "always") for name, step in steps}

    assert jobs("built in") == {"dry-run": "always", "publish": "always"}
    assert jobs("native") == {}
    assert jobs("native, apart") == dict.fromkeys(("dry-run", "stage"), "${{ matrix.emulated }}")


def test_a_platform_without_a_runner_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no runner that builds windows/amd64"):
        rendered({"lanes": {"main": {"platforms": ["windows/amd64"]}}, "workflows": {"native": True}})


def test_a_lanes_own_platforms_are_what_a_manual_run_is_told_to_be_for() -> None:
    texts = rendered({"lanes": {"main": {"platforms": ["linux/arm/v7"]}}})
    assert "Target platforms. Empty: linux/arm/v7" in texts[MAIN]
    assert "Target platforms. Empty: linux/amd64,linux/arm64" in texts[STANDALONE]


def test_only_our_own_left_over_files_are_to_go() -> None:
    wanted, before = rendered(), rendered({"lanes": {"main": {}, "standalone": {}, "worker": {}}})
    foreign = {".github/workflows/other.yml": "name: other\n"}
    found = changes(wanted, {**before, **foreign})
    assert [(change.path, change.after, change.by_hand) for change in found] == [
        (".github/workflows/docker-worker-publish.yml", None, False)
    ]


def test_a_foreign_file_in_the_place_of_ours_is_a_persons() -> None:
    (found,) = changes(rendered(), {**rendered(), MAIN: "name: mine\n::error::x\n##[error]x\n"})
    assert found.by_hand
    assert "-name: mine" in found.diff
    # A runner obeys the first only where a line begins with it, the second anywhere.
    assert not [line for line in found.diff.splitlines() if line.lstrip().startswith("::")]
    assert "##[error]" not in found.diff


@pytest.mark.parametrize("name", ["true", "null", "no", "y"])
def test_a_lane_whose_name_means_something_to_yaml_is_still_a_name(name: str) -> None:
    text = rendered({"lanes": {name: {}}})[f".github/workflows/docker-{name}-publish.yml"]
    document = yaml.safe_load(text)
    assert document["jobs"]["release"]["with"]["lane"] == name
    assert document[True]["push"]["tags"] == [f"{name}-v*"]


def test_where_versions_are_claimed_git_logs_in_with_the_jobs_token(tmp_path: Path) -> None:
    texts = rendered({"claim": True})
    assert yaml.safe_load(texts[MAIN])["jobs"]["release"]["permissions"]["contents"] == "write"
    job = yaml.safe_load(texts[SHARED])["jobs"]["publish"]
    assert job["permissions"]["contents"] == "write"
    given = {name: value for name, value in job["steps"][-1]["env"].items() if name.startswith("GIT_")}
    url = "https://github.example"
    given["GIT_CONFIG_KEY_0"] = given["GIT_CONFIG_KEY_0"].replace("${{ github.server_url }}", url)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GIT_TERMINAL_PROMPT": "0",
        "GITHUB_TOKEN": "t0ken",
        **given,
    }
    for host, password in (("github.example", "password=t0ken"), ("elsewhere.example", None)):
        asked = f"protocol=https\nhost={host}\n\n"
        argv = ["git", "credential", "fill"]
        done = subprocess.run(
            argv, cwd=tmp_path, env=env, input=asked, capture_output=True, encoding="utf-8", check=False
        )
        assert (password in done.stdout.splitlines()) if password else done.returncode != 0, done


@pytest.mark.parametrize(
    ("configuration", "purpose"),
    [
        ({"github-release": {"draft": True}}, "make its release on GitHub"),
        ({"github-release": True, "claim": True}, "claim the version on the git remote and make its release on GitHub"),
    ],
)
def test_a_release_on_github_is_made_by_the_one_job_that_may_write_contents(
    configuration: Configuration, purpose: str
) -> None:
    texts = rendered({**configuration, **CHANNELS})
    writing = [line.strip() for text in texts.values() for line in text.splitlines() if "contents: write" in line]
    # The callers', which a reusable workflow cannot go beyond, and its publishing job's.
    assert writing == [
        *[f"contents: write # check out the source, and {purpose}"],
        *[f"contents: write # check out the git tag, and {purpose}; only the publishing job has it"] * 2,
    ]
    jobs = yaml.safe_load(texts[SHARED])["jobs"]
    assert [name for name, job in jobs.items() if job["permissions"]["contents"] == "write"] == ["publish"]
    assert jobs["publish"]["steps"][-1]["env"]["GITHUB_TOKEN"] == "${{ secrets.GITHUB_TOKEN }}"
    assert ("GIT_CONFIG_COUNT" in texts[SHARED]) is ("claim" in configuration)


@pytest.mark.parametrize("native", [False, True])
def test_the_url_of_a_webhook_is_a_secret_of_the_step_that_publishes_alone(native: bool) -> None:  # noqa: FBT001
    texts = rendered({**ANNOUNCED, "workflows": {"native": native}})
    assert yaml.safe_load(texts[MAIN])["jobs"]["release"]["secrets"]["CHAT_URL"] == "${{ secrets.CHAT_URL }}"
    assert "CHAT_URL" in yaml.safe_load(texts[SHARED])[True]["workflow_call"]["secrets"]
    jobs = [job for text in texts.values() for job in yaml.safe_load(text)["jobs"].values()]
    steps = [step for job in jobs for step in job.get("steps", ())]
    given = [step["name"] for step in steps if "CHAT_URL" in step.get("env", {})]
    assert given == ["Publish"]
    assert "CHAT_URL" not in texts[EDGE]


@pytest.mark.parametrize("name", ["GITHUB_HOOK", "TAG", "GHCR_TOKEN"])
def test_a_webhook_that_cannot_be_a_secret_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"webhook-env is {name}"):
        rendered({"announce": [{"webhook-env": name}]})


@pytest.mark.parametrize("native", [False, True])
def test_the_key_is_a_secret_of_the_step_that_publishes_alone(native: bool) -> None:  # noqa: FBT001
    texts = rendered({**SIGNED, **CHANNELS, "workflows": {"native": native}})
    passed = yaml.safe_load(texts[MAIN])["jobs"]["release"]["secrets"]
    assert {name: passed[name] for name in ("SIGNING_KEY", "COSIGN_PASSWORD")} == {
        "SIGNING_KEY": "${{ secrets.SIGNING_KEY }}",
        "COSIGN_PASSWORD": "${{ secrets.COSIGN_PASSWORD }}",
    }
    steps = [
        step
        for text in texts.values()
        for job in yaml.safe_load(text)["jobs"].values()
        for step in job.get("steps", ())
    ]
    assert [step["name"] for step in steps if "SIGNING_KEY" in step.get("env", {})] == ["Publish"]
    assert [step["name"] for step in steps if "cosign-installer@" in step.get("uses", "")] == ["Install cosign"]
    assert "id-token" not in "".join(texts.values())
    assert "SIGNING_KEY" not in texts[EDGE]


def test_the_publishing_job_alone_may_sign_as_the_workflow() -> None:
    texts = rendered(KEYLESS)
    jobs = yaml.safe_load(texts[SHARED])["jobs"]
    assert [name for name, job in jobs.items() if job["permissions"].get("id-token") == "write"] == ["publish"]
    assert yaml.safe_load(texts[MAIN])["jobs"]["release"]["permissions"]["id-token"] == "write"
    assert "COSIGN_PASSWORD" not in texts[SHARED]


@pytest.mark.parametrize("name", ["GITHUB_KEY", "TAG", "GHCR_TOKEN"])
def test_a_key_that_cannot_be_a_secret_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"sign: the key or its password is in {name}"):
        rendered({"sign": {"tool": "cosign", "key": f"env://{name}"}})


def test_notation_is_not_installed_by_a_generated_workflow() -> None:
    with pytest.raises(ConfigurationError, match="cosign alone"):
        rendered({"sign": {"tool": "notation", "key": "a", "certificate": "b"}})


def test_without_claims_no_job_may_push_to_git() -> None:
    assert not [text for text in rendered().values() if "contents: write" in text or "GIT_CONFIG" in text]


def given_to(texts: dict[str, str], path: str, job: str) -> dict[str, str]:
    """The variables of a job's last step with a command, without those of every project."""
    step = [step for step in yaml.safe_load(texts[path])["jobs"][job]["steps"] if "run" in step][-1]
    others = ("GHCR_USERNAME", "GHCR_TOKEN", "GITHUB_TOKEN", "LANE", "PLATFORMS", "STAGED")
    return {
        name: value.removeprefix("${{ ").removesuffix(" }}")
        for name, value in step.get("env", {}).items()
        if name not in others
    }


@pytest.mark.parametrize("native", [True, False])
def test_build_args_and_secrets_reach_the_step_that_builds_and_no_other(*, native: bool) -> None:
    texts = rendered({**NEEDY, "workflows": {"native": native}})
    args = {"EDITION": "vars.EDITION"}
    main, standalone = {"NPM_TOKEN": "secrets.NPM_TOKEN"}, {"PIP_TOKEN": "secrets.PIP_TOKEN"}
    hub = {
        "DOCKERHUB_USERNAME": "secrets.DOCKERHUB_USERNAME || vars.DOCKERHUB_USERNAME",
        "DOCKERHUB_TOKEN": "secrets.DOCKERHUB_TOKEN",
    }
    assert given_to(texts, SHARED, "publish") == (hub if native else {**args, **main, **standalone, **hub})
    if native:
        assert given_to(texts, SHARED, "stage") == {**args, **main, **standalone, **hub}
    assert given_to(texts, SHARED, "dry-run") == {**args, **main, **standalone}
    assert given_to(texts, EDGE, "publish") == {**args, **main, **hub}
    assert given_to(texts, SHARED, "gate") == given_to(texts, EDGE, "gate") == {}
    for path, own in ((MAIN, main), (STANDALONE, standalone)):
        (call,) = yaml.safe_load(texts[path])["jobs"].values()
        assert set(call["secrets"]) == {"GHCR_USERNAME", "GHCR_TOKEN", *own, *hub}
    declared = yaml.safe_load(texts[SHARED])[True]["workflow_call"]["secrets"]
    assert {name: facts["description"] for name, facts in declared.items() if "GHCR" not in name} == {
        **dict.fromkeys((*main, *standalone), "Build secret"),
        **dict.fromkeys(hub, "Credential of a registry"),
    }


def test_a_dry_run_leaves_out_a_secret_that_its_job_cannot_see() -> None:
    def line(configuration: Configuration) -> str:
        steps = yaml.safe_load(rendered(configuration)[SHARED])["jobs"]["dry-run"]["steps"]
        return str(steps[-1]["run"])

    assert line(NEEDY).endswith(' --dry-run --platforms "$PLATFORMS" --skip variables')
    assert line({"lanes": {"main": {"build-args": {"EDITION": {"env": "EDITION"}}}}}).endswith(' "$PLATFORMS"')


@pytest.mark.parametrize(
    ("lane", "what"),
    [
        ({"build-args": {"T": {"env": "TAG"}}}, "lane main: build-args: T comes from TAG, which the workflows set"),
        ({"secrets": {"t": {"env": "LANE"}}}, "lane main: secrets: t comes from LANE, which the workflows set"),
        ({"secrets": {"t": {"env": "GITHUB_PAT"}}}, "lane main: secrets: t comes from GITHUB_PAT, and a secret of"),
        (
            {"build-args": {"T": {"env": "FOO"}}, "secrets": {"t": {"env": "FOO"}}},
            "lane main: build-args: T comes from FOO, which is a secret as well",
        ),
    ],
)
def test_a_variable_that_no_workflow_could_give_is_refused(lane: Configuration, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        rendered({"lanes": {"main": lane}})
    assert caught.value.what.startswith(what)
    assert caught.value.remedy


def ran_by(texts: dict[str, str], path: str, job: str) -> list[str]:
    """What the steps of a job run or use, by name."""
    steps = yaml.safe_load(texts[path])["jobs"][job]["steps"]
    return [str(step.get("uses", step.get("run"))).partition("@")[0] for step in steps]


PREPARED = ["actions/setup-node", "npm ci"]


def test_setup_goes_before_the_build_command_of_the_gate_job() -> None:
    texts = rendered({**CHANNELS, "workflows": SETUP}, npm=True)
    for path in (SHARED, EDGE):
        ran = ran_by(texts, path, "gate")
        start = ran.index("actions/setup-node")
        assert ran[start:] == [*PREPARED, "invoke check.build", "invoke check.gates"]
        assert not set(PREPARED) & set(ran_by(texts, path, "publish"))
        node, packages = yaml.safe_load(texts[path])["jobs"]["gate"]["steps"][start : start + 2]
        assert node["with"] == {"node-version": "22", "check-latest": True}
        assert packages["name"] == "Packages"
        jobs = yaml.safe_load(texts[path])["jobs"]
        assert {name: job.get("environment") for name, job in jobs.items() if name != "dry-run"} == {
            "gate": "release",
            "publish": "release",
        }
        assert packages["env"] == {"OWN_NPM_TOKEN": "${{ secrets.OWN_NPM_TOKEN || vars.OWN_NPM_TOKEN }}"}
    (call,) = yaml.safe_load(texts[MAIN])["jobs"].values()
    assert "OWN_NPM_TOKEN" in call["secrets"]
    assert "OWN_NPM_TOKEN" in yaml.safe_load(texts[SHARED])[True]["workflow_call"]["secrets"]


@pytest.mark.parametrize(("native", "building"), [(False, ["dry-run", "publish"]), (True, ["dry-run", "stage"])])
def test_output_of_the_host_is_made_in_each_job_that_builds_an_image(*, native: bool, building: list[str]) -> None:
    texts = rendered({**CHANNELS, "workflows": {**HOST_OUTPUT, "native": native}})
    jobs = yaml.safe_load(texts[SHARED])["jobs"]
    builds = [(SHARED, name) for name in building] + [(EDGE, "publish")]
    for path, job in builds:
        ran = ran_by(texts, path, job)
        start = ran.index("actions/setup-node")
        assert ran[start : start + 3] == [*PREPARED, "invoke check.build"]
        assert ran[start + 3] in ("docker/setup-qemu-action", "docker/setup-buildx-action")
    assert {name for name in jobs if "invoke check.build" in ran_by(texts, SHARED, name)} == {"gate", *building}


@pytest.mark.parametrize("native", [False, True])
def test_the_job_that_publishes_is_prepared_for_the_checks_and_gives_them_their_variables(*, native: bool) -> None:
    workflows = {**SCANNING["workflows"], "native": native}
    texts = rendered({**SCANNING, **CHANNELS, "workflows": workflows})
    for path in (SHARED, EDGE):
        jobs = yaml.safe_load(texts[path])["jobs"]
        assert [name for name in jobs if "npm ci" in ran_by(texts, path, name)] == ["publish"]
        steps = jobs["publish"]["steps"]
        names = [step["name"] for step in steps]
        assert names.index("Scanner") < names.index("Publish")
        (publish,) = [step for step in steps if step["name"] == "Publish"]
        assert publish["env"]["SCAN_TOKEN"] == "${{ secrets.SCAN_TOKEN || vars.SCAN_TOKEN }}"
        assert "environment" not in jobs["gate"]
    (call,) = yaml.safe_load(texts[MAIN])["jobs"].values()
    assert {"SCAN_TOKEN", "OWN_SITE_URL"} <= set(call["secrets"])


def test_without_a_check_nothing_is_prepared_for_one() -> None:
    texts = rendered({"workflows": SCANNING["workflows"]})
    assert texts == rendered({"workflows": {}})


def test_a_gate_job_without_secrets_waits_for_no_reviewer() -> None:
    texts = rendered({**CHANNELS, "workflows": {"setup": [NODE]}})
    for path in (SHARED, EDGE):
        assert "environment" not in yaml.safe_load(texts[path])["jobs"]["gate"]


def test_the_build_command_and_the_gates_have_the_variables_that_they_name() -> None:
    texts = rendered({**OWN, **CHANNELS, "workflows": {"host-output": True, "pull-request": True}})

    def env(path: str, job: str, name: str) -> dict[str, str] | None:
        (step,) = [step for step in yaml.safe_load(texts[path])["jobs"][job]["steps"] if step["name"] == name]
        given: dict[str, str] | None = step.get("env")
        return given

    site = {"OWN_SITE_URL": "${{ secrets.OWN_SITE_URL || vars.OWN_SITE_URL }}"}
    for path in (SHARED, EDGE):
        assert env(path, "gate", "Build command") == env(path, "publish", "Build command") == site
        assert env(path, "gate", "Gates") == {
            "GITHUB_TOKEN": "${{ github.token }}",
            "OWN_GATE_TOKEN": "${{ secrets.OWN_GATE_TOKEN || vars.OWN_GATE_TOKEN }}",
            **site,
        }
        assert yaml.safe_load(texts[path])["jobs"]["gate"]["environment"] == "release"
    ran = [ran_by(texts, path, job) for path, job in ((PULLS, "build"), (SHARED, "dry-run"))]
    assert all("invoke check.build --skip variables" in lines for lines in ran)
    assert env(PULLS, "build", "Build command") == {"OWN_SITE_URL": "${{ vars.OWN_SITE_URL }}"}
    (call,) = yaml.safe_load(texts[MAIN])["jobs"].values()
    assert set(call["secrets"]) == {"GHCR_USERNAME", "GHCR_TOKEN", "OWN_SITE_URL", "OWN_GATE_TOKEN"}


@pytest.mark.parametrize(
    ("configuration", "what"),
    [
        ({"build-env": ["GHCR_TOKEN"]}, "build-env needs GHCR_TOKEN, a credential of the release"),
        (
            {"gates": [{"name": "x", "command": "true", "env": ["GHCR_TOKEN"]}]},
            "gate 'x' needs GHCR_TOKEN, a credential of the release",
        ),
        (
            {"checks": [{"name": "x", "command": "true", "env": ["GHCR_TOKEN"]}]},
            "check 'x' needs GHCR_TOKEN, a credential of the release",
        ),
    ],
)
def test_a_command_of_the_project_gets_no_credential_of_the_release(configuration: Configuration, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        rendered(configuration)
    assert caught.value.what.startswith(what)


def test_packages_of_npm_are_installed_once() -> None:
    def installed(setup: list[Configuration]) -> list[str]:
        ran = ran_by(rendered({"workflows": {"setup": setup}}, npm=True), SHARED, "gate")
        return [line for line in ran if "npm" in line or "make" in line]

    assert installed([{"run": "make tools"}]) == ["make tools", "npm ci"]
    assert installed([{"run": "npm install --no-audit"}]) == ["npm install --no-audit"]


TEXTS = ("make x", "true", "a: b", "echo '#1' # \"x\"", "echo ${HOME} \\", "- x", "äöü 🚢", "x  y")


@pytest.mark.parametrize("text", TEXTS)
def test_a_step_has_the_very_texts_of_the_project_file(text: str) -> None:
    step = {"uses": "./.github/actions/tools", "with": {"x": f"{text}\n{text}"}, "name": text}
    texts = rendered({"workflows": {"setup": [step, {"run": text}]}})
    action, command = yaml.safe_load(texts[SHARED])["jobs"]["gate"]["steps"][3:5]
    assert action == {"name": text, "uses": "./.github/actions/tools", "with": {"x": f"{text}\n{text}"}}
    assert command == {"name": text, "run": text}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("GHCR_TOKEN", "workflows: setup[0] needs GHCR_TOKEN, a credential of the release"),
        ("GITHUB_TOKEN", "workflows: setup[0] needs GITHUB_TOKEN, a credential of the release"),
        ("DOCKERHUB_TOKEN", "workflows: setup[0] needs DOCKERHUB_TOKEN, a credential of the release"),
        ("GITHUB_SHA", "workflows: setup[0] needs GITHUB_SHA, which GitHub or the machine sets"),
        ("PATH", "workflows: setup[0] needs PATH, which GitHub or the machine sets"),
    ],
)
def test_a_setup_step_gets_no_credential_of_the_release(name: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        rendered({**TWO_REGISTRIES, "workflows": {"setup": [{"run": "make tools", "env": [name]}]}})
    assert caught.value.what.startswith(what)


def test_a_pull_request_builds_every_image_without_secrets_and_pushes_nothing() -> None:
    text = rendered(PULL_REQUESTS, npm=True)[PULLS]
    document = yaml.safe_load(text)
    assert document[True] == {"pull_request": None}
    (job,) = document["jobs"].values()
    assert (job["permissions"], "secrets." in text) == ({"contents": "read"}, False)
    assert ran_by({PULLS: text}, PULLS, "build")[3:] == [
        *PREPARED,
        "invoke check.build",
        "docker/setup-qemu-action",
        "docker/setup-buildx-action",
        "invoke release --dry-run --platforms all --skip variables",
    ]
    assert job["steps"][4]["env"] == {"OWN_NPM_TOKEN": "${{ vars.OWN_NPM_TOKEN }}"}
    assert job["steps"][-1]["env"] == {"EDITION": "${{ vars.EDITION }}"}
    plain = yaml.safe_load(rendered({"workflows": {"pull-request": True}})[PULLS])["jobs"]["build"]["steps"][-1]
    assert plain == {"name": "Build", "run": "invoke release --dry-run --platforms all"}
    assert PULLS not in rendered()


def test_natively_a_pull_request_builds_each_platform_on_its_runner() -> None:
    (job,) = yaml.safe_load(rendered(KINDS["pull requests, groups"])[PULLS])["jobs"].values()
    builds = job["strategy"]["matrix"]["include"]
    assert [(build["lane"], build["platform"], build["runner"]) for build in builds] == [
        ("main", "linux/amd64", "ubuntu-24.04"),
        ("main", "linux/arm64", "ubuntu-24.04-arm"),
        ("alpine", "linux/amd64", "ubuntu-24.04"),
        ("tool", "linux/amd64", "ubuntu-24.04"),
        ("tool", "linux/arm64", "ubuntu-24.04-arm"),
    ]
    assert job["steps"][-1]["run"] == 'invoke publish --lane "$LANE" --dry-run --platforms "$PLATFORMS"'
    emulated = yaml.safe_load(rendered(KINDS["native, pull requests"])[PULLS])["jobs"]["build"]["steps"]
    assert [step["if"] for step in emulated if "if" in step] == ["${{ matrix.emulated }}"]


def test_the_credentials_of_further_registries_are_secrets_of_the_steps_that_push_alone() -> None:
    file = {**CHANNELS, **TWO_REGISTRIES, "workflows": {"native": True}}
    texts = {path: yaml.safe_load(text) for path, text in rendered(file).items()}
    names = ["DOCKERHUB_USERNAME", "DOCKERHUB_TOKEN"]
    values = ["${{ secrets.DOCKERHUB_USERNAME || vars.DOCKERHUB_USERNAME }}", "${{ secrets.DOCKERHUB_TOKEN }}"]
    shared = texts[SHARED]
    assert list(shared[True]["workflow_call"]["secrets"]) == ["GHCR_USERNAME", "GHCR_TOKEN", *names]
    (caller,) = texts[MAIN]["jobs"].values()
    assert caller["secrets"]["DOCKERHUB_USERNAME"] == "${{ secrets.DOCKERHUB_USERNAME }}"
    for job in (*shared["jobs"].values(), *texts[EDGE]["jobs"].values()):
        for step in job["steps"]:
            env = step.get("env", {})
            expected = values if "GHCR_TOKEN" in env else [None, None]
            assert [env.get(name) for name in names] == expected, step
    assert sum("DOCKERHUB_TOKEN" in step.get("env", {}) for step in shared["jobs"]["publish"]["steps"]) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_workflow_names_a_server(kind: str) -> None:
    """A GitHub Enterprise server runs the same workflows; its variables say where everything is."""
    for text in rendered(KINDS[kind], npm=True, whole=True).values():
        assert "github.com" not in text
