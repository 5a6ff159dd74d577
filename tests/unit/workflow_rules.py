"""Our own rules for publish workflows, beyond what zizmor and actionlint look at: each a function that can say no."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

_PINNED = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+")
_USES = re.compile(r"^\s*-?\s*uses:\s*(.*)$", re.MULTILINE)
_LINES = re.compile(
    r"python -m pip install --disable-pip-version-check --requirement (?:\.\./)*\.github/shiplane-requirements\.txt"
    r"|npm ci"
    r"|(?:invoke|shiplane) (?:check\.build(?: --skip variables)?|check\.gates"
    r"|(?:(?:publish|release|stage) --lane \"\$LANE\"|publish --channel [a-z0-9.-]+|release --dry-run)"
    r"(?: --[a-z-]+(?: [\w\"$/.-]+)?)*)"
)
_PAIR = {"GHCR_USERNAME", "GHCR_TOKEN", "GITHUB_TOKEN"}
_SHARED = "release-lane.yml"


@dataclass(frozen=True)
class Workflow:
    """One file: its text and what YAML reads in it."""

    path: str
    text: str

    @cached_property
    def document(self) -> dict[str, Any]:
        """YAML 1.1 reads the key ``on`` as a truth value."""
        return {"on" if key is True else key: value for key, value in yaml.safe_load(self.text).items()}

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Jobs by name."""
        found: dict[str, dict[str, Any]] = self.document["jobs"]
        return found

    @property
    def is_shared(self) -> bool:
        """Whether it is the one that the lanes call."""
        return self.path.endswith(_SHARED)

    @property
    def is_channel(self) -> bool:
        """Whether it publishes a channel, by itself."""
        return re.search(r"[/.]channel-", self.path) is not None

    @property
    def is_for_pull_requests(self) -> bool:
        """Whether it builds what anybody proposes."""
        return self.path.endswith("docker-pull-request.yml")

    @property
    def is_in_subfolder(self) -> bool:
        """Whether it belongs to a project below the repository's root."""
        return "." in self.path.rpartition("/")[2].removesuffix(".yml")

    @property
    def works(self) -> bool:
        """Whether its jobs have steps of their own, and call no other workflow."""
        return self.is_shared or self.is_channel or self.is_for_pull_requests


def broken(texts: Mapping[str, str]) -> set[str]:
    """The names of the rules that a set of publish workflows breaks."""
    flows = [Workflow(path, text) for path, text in texts.items()]
    return {rule.__name__ for rule in RULES if not rule(flows)}


def _steps(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(job.get("steps", []))


def _all_steps(flows: list[Workflow]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for flow in flows:
        for job in flow.jobs.values():
            for step in _steps(job):
                yield job, step


def _lines(job: Mapping[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in _steps(job))


def _publishes(job: Mapping[str, Any]) -> bool:
    """Whether it writes to the registry."""
    lines = _lines(job)
    return " stage " in lines or (_tags(lines) and "--dry-run" not in lines)


def _tags(line: str) -> bool:
    """Whether it writes tags: a version's, or a channel's."""
    return _names_versions(line) or " publish --channel " in line


def _names_versions(line: str) -> bool:
    """Whether it publishes a lane, or releases a group of them."""
    return " publish --lane " in line or " release --lane " in line


def actions_are_pinned_by_commit(flows: list[Workflow]) -> bool:
    used = [name for flow in flows for name in _USES.findall(flow.text)]
    own = {f"$/{flow.path}" for flow in flows if flow.is_shared}
    return bool(used) and all(_PINNED.fullmatch(name) or name in own for name in used)


def nothing_is_permitted_by_default(flows: list[Workflow]) -> bool:
    return all(flow.document.get("permissions") == {} for flow in flows)


def only_publishing_jobs_may_write_and_packages_alone(flows: list[Workflow]) -> bool:
    """Where versions are claimed or shown on GitHub, the job that names them may write contents, too; or sign."""
    for flow in flows:
        for job in flow.jobs.values():
            writes = {name for name, level in job["permissions"].items() if level != "read"}
            names = not flow.works or _names_versions(_lines(job))
            shown = "make its release on GitHub" in flow.text
            allowed = {"packages", "contents"} if names and (shown or _claims(flows)) else {"packages"}
            allowed |= {"id-token"} if names and "sign as this workflow" in flow.text else set()
            if writes != (allowed if not flow.works or _publishes(job) else set()):
                return False
    return True


def _claims(flows: list[Workflow]) -> bool:
    """Whether git is given a way to log in, for the step that publishes."""
    return any("GIT_CONFIG_VALUE_0" in step.get("env", {}) for _, step in _all_steps(flows))


def no_permission_is_idle(flows: list[Workflow]) -> bool:
    """Reading checks and runs is for a gate that asks GitHub; a job that publishes asks none."""
    return all(
        set(job["permissions"]) <= {"contents", "packages", "id-token"}
        for flow in flows
        if flow.works
        for job in flow.jobs.values()
        if "check.gates" not in _lines(job)
    )


def the_projects_own_commands_see_no_secret(flows: list[Workflow]) -> bool:
    """A build or a gate is somebody else's code: the job that runs it has nothing to steal.

    A dry run mounts what the build needs, and has no credential of a registry. What a project's step asks for by name
    is the project's own (``OWN_`` in these tests).
    """
    jobs = [job for flow in flows for job in flow.jobs.values()]
    guarded = [step for job in jobs for step in _steps(job) if re.search(r"check\.|npm", step.get("run", ""))]
    guarded += [step for job in jobs if not _publishes(job) and "--dry-run" not in _lines(job) for step in _steps(job)]
    dry = [step for job in jobs for step in _steps(job) if "--dry-run" in step.get("run", "")]
    mounting = [step for step in dry if "secrets." in str(step)]
    return (
        bool(guarded)
        and not any(re.search(r"secrets\.(?!OWN_)", str(step)) for step in guarded)
        and all("--skip variables" in step["run"] for step in mounting)
        and not any(re.search(r"GHCR_|secrets\.GITHUB_TOKEN", str(step)) for step in dry)
    )


def publishing_waits_for_the_gates_and_builds_their_commit(flows: list[Workflow]) -> bool:
    for flow in flows:
        for job in flow.jobs.values():
            if not _publishes(job):
                continue
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            refs = [step["with"].get("ref") for step in _steps(job) if "checkout" in step.get("uses", "")]
            if "gate" not in needs or "if" in job or refs != ["${{ needs.gate.outputs.commit }}"]:
                return False
    return True


def gates_are_not_asked_where_the_credential_is(flows: list[Workflow]) -> bool:
    lines = [step["run"] for job, step in _all_steps(flows) if _publishes(job) and _tags(step.get("run", ""))]
    return bool(lines) and all("--skip build --skip gates" in line for line in lines)


def checkouts_take_the_git_tag_and_leave_no_token(flows: list[Workflow]) -> bool:
    given = [step.get("with", {}) for _, step in _all_steps(flows) if "actions/checkout" in step.get("uses", "")]
    kept = all(
        one.get("persist-credentials") is False and one.get("ref") and one.get("fetch-depth") == 0 for one in given
    )
    refs = [job["with"]["ref"] for flow in flows if not flow.works for job in flow.jobs.values()]
    return bool(given) and kept and all("format('refs/tags/" in ref for ref in refs)


def all_lanes_wait_in_one_queue(flows: list[Workflow]) -> bool:
    queues = [flow.document.get("concurrency") for flow in flows if not flow.works]
    wanted = {"group": "shiplane-release", "cancel-in-progress": False, "queue": "max"}
    inner = [flow for flow in flows if flow.is_shared and "concurrency" in flow.text]
    return bool(queues) and all(queue == wanted for queue in queues) and not inner


def a_channel_keeps_its_newest_push_waiting(flows: list[Workflow]) -> bool:
    """A queue of its own, in which GitHub keeps the newest of those that wait."""
    queues = {flow.path: flow.document.get("concurrency") for flow in flows if flow.is_channel}
    groups = [queue.get("group") for queue in queues.values() if isinstance(queue, dict)]
    wanted = [{"group": group, "cancel-in-progress": False} for group in groups]
    return list(queues.values()) == wanted and len({*groups, "shiplane-release"}) == len(queues) + 1


def every_job_ends_in_time(flows: list[Workflow]) -> bool:
    return all(0 < job.get("timeout-minutes", 0) <= 180 for flow in flows if flow.works for job in flow.jobs.values())


def shell_lines_call_the_library_and_have_no_logic(flows: list[Workflow]) -> bool:
    """One command each, no expression, nothing written to the environment of later steps."""
    lines = [step["run"] for _, step in _all_steps(flows) if "run" in step]
    return bool(lines) and all(_LINES.fullmatch(line) for line in lines)


def only_people_and_git_tags_start_them(flows: list[Workflow]) -> bool:
    for flow in flows:
        started = flow.document["on"]
        if flow.is_for_pull_requests:
            # Not pull_request_target, which has the repository's secrets.
            if set(started) != {"pull_request"} or set(started["pull_request"] or ()) - {"paths"}:
                return False
            continue
        if set(started) != ({"workflow_call"} if flow.is_shared else {"push", "workflow_dispatch"}):
            return False
        # GitHub looks at no paths where a git tag is pushed.
        filters = {"branches", "paths"} if flow.is_in_subfolder else {"branches"}
        if not flow.is_shared and set(started["push"]) != (filters if flow.is_channel else {"tags"}):
            return False
    return True


def a_pull_request_sees_no_secret_and_pushes_nothing(flows: list[Workflow]) -> bool:
    """Anybody can propose anything: what is built has nothing to steal, and nothing to write to."""
    for flow in (flow for flow in flows if flow.is_for_pull_requests):
        lines = [line for job in flow.jobs.values() for line in _lines(job).splitlines()]
        building = [line for line in lines if re.search(r" (?:publish|release|stage) ", line)]
        permitted = [job["permissions"] for job in flow.jobs.values()]
        if re.search(r"secrets\.|github\.token|environment:", flow.text) or permitted != [{"contents": "read"}]:
            return False
        if not building or not all(" --dry-run" in line for line in building):
            return False
    return True


def secrets_are_given_to_one_step_as_pairs(flows: list[Workflow]) -> bool:
    for flow in flows:
        if "secrets." in str({**flow.document, "jobs": {}, "on": {}}):
            return False
        for job in flow.jobs.values():
            if job.get("secrets", {}) == "inherit" or "secrets." in str(job.get("env", {})):
                return False
    having = [step for _, step in _all_steps(flows) if "secrets." in str(step)]
    pushing = [step for step in having if re.search(r"secrets\.G(?:HCR|ITHUB)_", str(step))]
    return bool(pushing) and all("env" in step for step in having) and all(set(s["env"]) >= _PAIR for s in pushing)


def nothing_is_restored_from_a_cache(flows: list[Workflow]) -> bool:
    for _, step in _all_steps(flows):
        given = step.get("with", {})
        if "cache" in step.get("uses", "").partition("@")[0] or given.get("cache"):
            return False
        if "setup-buildx" in step.get("uses", "") and given.get("cache-binary") is not False:
            return False
    return True


RULES: tuple[Callable[[list[Workflow]], bool], ...] = (
    actions_are_pinned_by_commit,
    nothing_is_permitted_by_default,
    only_publishing_jobs_may_write_and_packages_alone,
    no_permission_is_idle,
    the_projects_own_commands_see_no_secret,
    publishing_waits_for_the_gates_and_builds_their_commit,
    gates_are_not_asked_where_the_credential_is,
    checkouts_take_the_git_tag_and_leave_no_token,
    all_lanes_wait_in_one_queue,
    a_channel_keeps_its_newest_push_waiting,
    every_job_ends_in_time,
    shell_lines_call_the_library_and_have_no_logic,
    only_people_and_git_tags_start_them,
    a_pull_request_sees_no_secret_and_pushes_nothing,
    secrets_are_given_to_one_step_as_pairs,
    nothing_is_restored_from_a_cache,
)
