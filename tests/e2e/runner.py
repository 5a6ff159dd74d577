"""GitHub's runner, as far as our workflows depend on it: their own YAML decides what is run, in which order, with what.

Every ``run:`` is executed as it stands, by bash as the runner starts it, in a clean environment with the variables that
the runner sets. Actions are stood in for by what they would have done: checkout clones and checks out ``ref``;
setup-python puts a Python on PATH; setup-buildx makes the rig's builder the current one; setup-qemu finds the emulation
of this machine; the artifact actions copy files. A workflow that uses anything else fails the test.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from shiplane.workflows.tag_filter import starts_on
from tests.e2e.expressions import resolve, text, truthy
from tests.rig import Rig
from tests.rig.sample import REMOTE, git

REPOSITORY = "cognary/aionis"
_ASSIGNMENT = re.compile(r"([A-Za-z_-]+)<<(\S+)\n(.*?)\n?\2\n", re.DOTALL)
# What a step that publishes has for one lane or for several, which is empty where it has not.
_OPTIONAL = ("image", "tag", "digest", "version", "floating", "lanes")
_DEFAULTS = {"boolean": False, "string": ""}


def load(path: Path) -> dict[str, Any]:
    """A workflow; YAML 1.1 reads the key ``on`` as a truth value."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return {"on" if key is True else key: value for key, value in document.items()}


@dataclass(frozen=True, kw_only=True)
class Event:
    """What starts a workflow: a pushed git tag, a push to a branch, or a person.

    Attributes:
        commit: The commit that was pushed; empty for the one that the ref is at now.
    """

    name: str
    ref: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    commit: str = ""

    @property
    def ref_name(self) -> str:
        """Without what kind of ref it is."""
        return self.ref.split("/", 2)[2]

    @property
    def ref_type(self) -> str:
        """Which kind it is."""
        return "tag" if self.ref.startswith("refs/tags/") else "branch"


def pushed(git_tag: str) -> Event:
    """A git tag was pushed."""
    return Event(name="push", ref=f"refs/tags/{git_tag}")


def branch_pushed(branch: str, commit: str = "") -> Event:
    """Somebody pushed to a branch; with an older commit, the run of that push again."""
    return Event(name="push", ref=f"refs/heads/{branch}", commit=commit)


def proposed(ref: str) -> Event:
    """Somebody proposed a change, from a fork; the ref is that of the merged commit."""
    return Event(name="pull_request", ref=ref)


def dispatched(**inputs: Any) -> Event:  # noqa: ANN401
    """Somebody started it by hand on the main branch, with these inputs; ``dry_run`` is ``dry-run``."""
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return Event(name="workflow_dispatch", ref="refs/heads/main", inputs=given)


@dataclass
class Ran:
    """One step that was executed."""

    job: str
    name: str
    line: str
    env: Mapping[str, str]
    code: int
    log: str
    summary: str


@dataclass
class Job:
    """How a job ended."""

    result: str = "skipped"
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Runner:
    """Runs the workflows of one repository.

    Attributes:
        rig: Engine and registries.
        folder: Where jobs live.
        source: The repository on GitHub: whatever is there may be checked out.
        python: A folder whose ``bin`` setup-python puts on PATH.
        secrets: The repository's.
        variables: The repository's.
        actor: Who started it.
        token: The job's own token, by the job's permissions.
        before: Called with a job's name before it starts: the world may change meanwhile.
    """

    rig: Rig
    folder: Path
    source: Path
    python: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    actor: str = "somebody"
    token: Callable[[Mapping[str, str]], str] = lambda _permissions: "ghs_of-no-use-anywhere"
    before: Callable[[str], None] = lambda _job: None
    steps: list[Ran] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)

    def start(self, path: str, event: Event) -> dict[str, str]:
        """Run a workflow to its end; gives the outputs of the workflow that it calls."""
        workflow = load(self.source / path)
        assert set(workflow) <= {"name", "on", "permissions", "concurrency", "jobs"}, sorted(workflow)
        assert self._is_started(self.source / path, workflow, event)
        inputs = self._inputs(workflow["on"]["workflow_dispatch"]["inputs"], event)
        (call,) = workflow["jobs"].values()
        assert set(call) == {"name", "permissions", "uses", "with", "secrets"}, sorted(call)
        github = self._github(event)
        known = {"GHCR_USERNAME": "", "GHCR_TOKEN": "", **self.secrets}
        contexts = {"inputs": inputs, "github": github, "secrets": known}
        given = {name: resolve(value, contexts) for name, value in call["with"].items()}
        secrets = {name: text(resolve(value, contexts)) for name, value in call["secrets"].items()}
        shared = load(self.source / call["uses"].removeprefix("$/"))
        secrets = {**dict.fromkeys(shared["on"]["workflow_call"]["secrets"], ""), **secrets}
        return self._called(shared, _typed(shared["on"]["workflow_call"]["inputs"], given), secrets, github, call)

    def follow(self, path: str, event: Event) -> dict[str, str]:
        """Run a workflow whose jobs have steps of their own, as by a push; gives the last job's outputs."""
        workflow = load(self.source / path)
        known_keys = {"name", "on", "permissions", "concurrency", "env", "jobs"}
        assert set(workflow) - {"defaults"} == known_keys, sorted(workflow)
        if event.name == "pull_request":
            assert "pull_request" in workflow["on"]
            known: Mapping[str, str] = {}
        else:
            assert event.ref in [f"refs/heads/{branch}" for branch in workflow["on"]["push"]["branches"]]
            known = {"GHCR_USERNAME": "", "GHCR_TOKEN": "", **self.secrets}
        contexts = {"github": self._github(event), "secrets": known}
        jobs = _in_order(workflow["jobs"])
        for name in jobs:
            job = workflow["jobs"][name]
            self._job(name, job, workflow, contexts, {"permissions": job["permissions"]})
        return self.jobs[jobs[-1]].outputs

    @property
    def log(self) -> str:
        """All that was printed."""
        return "".join(step.log for step in self.steps)

    @property
    def summary(self) -> str:
        """All summaries."""
        return "".join(step.summary for step in self.steps)

    def ran(self, job: str) -> list[str]:
        """The lines of a job that were executed."""
        return [step.line for step in self.steps if step.job == job]

    def _is_started(self, path: Path, workflow: Mapping[str, Any], event: Event) -> bool:
        assert set(workflow["on"]) == {"push", "workflow_dispatch"}
        return event.name == "workflow_dispatch" or starts_on(path.read_text("utf-8"), event.ref_name)

    def _inputs(self, declared: Mapping[str, Any], event: Event) -> dict[str, Any]:
        """The inputs of a person, or their absence where a push started it."""
        assert set(event.inputs) <= set(declared)
        if event.name != "workflow_dispatch":
            return dict.fromkeys(declared)
        return {name: event.inputs.get(name, facts["default"]) for name, facts in declared.items()}

    def _github(self, event: Event) -> dict[str, Any]:
        return {
            "ref": event.ref,
            "ref_name": event.ref_name,
            "ref_type": event.ref_type,
            "event_name": event.name,
            "actor": self.actor,
            "repository": REPOSITORY,
            "sha": event.commit or git(self.source, "rev-parse", f"{event.ref}^{{commit}}"),
        }

    def _called(
        self,
        workflow: Mapping[str, Any],
        inputs: Mapping[str, Any],
        secrets: Mapping[str, str],
        github: Mapping[str, Any],
        call: Mapping[str, Any],
    ) -> dict[str, str]:
        jobs = workflow["jobs"]
        for name in _in_order(jobs):
            self._job(name, jobs[name], workflow, {"inputs": inputs, "secrets": secrets, "github": github}, call)
        wanted = workflow["on"]["workflow_call"]["outputs"]
        outputs: dict[str, dict[str, str]] = {
            name: dict.fromkeys(job.get("outputs", {}), "") for name, job in jobs.items()
        }
        known = {name: {"outputs": {**outputs[name], **self.jobs[name].outputs}} for name in jobs}
        return {name: text(resolve(output["value"], {"jobs": known})) for name, output in wanted.items()}

    def _job(
        self,
        name: str,
        job: Mapping[str, Any],
        workflow: Mapping[str, Any],
        contexts: Mapping[str, Any],
        call: Mapping[str, Any],
    ) -> None:
        needed = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        needs = {other: {"outputs": self.jobs[other].outputs, "result": self.jobs[other].result} for other in needed}
        contexts = {**contexts, "needs": needs, "vars": {"GHCR_USERNAME": "", **self.variables}}
        done = self.jobs[name] = Job()
        if any(entry["result"] != "success" for entry in needs.values()) or not truthy(
            resolve(job.get("if", True), contexts)
        ):
            return
        self.before(name)
        # What the caller does not grant, a called workflow does not get.
        assert set(job["permissions"].items()) <= set(call["permissions"].items())
        token = self.token(job["permissions"])
        contexts = {**contexts, "github": {**contexts["github"], "token": token}}
        contexts["secrets"] = {**contexts["secrets"], "GITHUB_TOKEN": token}
        done.result = "success"
        include = job.get("strategy", {}).get("matrix", {}).get("include", [{}])
        for matrix in resolve(include, contexts):
            if not self._leg(name, job, workflow, {**contexts, "matrix": matrix}, done):
                done.result = "failure"

    def _leg(
        self, name: str, job: Mapping[str, Any], workflow: Mapping[str, Any], contexts: Mapping[str, Any], done: Job
    ) -> bool:
        """One machine of a job."""
        place = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        machine = _Machine(self, name, place, workflow.get("defaults", {}).get("run", {}))
        contexts = {**contexts, "runner": {"temp": str(machine.temp)}}
        base = {key: text(resolve(value, contexts)) for key, value in workflow.get("env", {}).items()}
        steps: dict[str, dict[str, dict[str, str]]] = {}
        good = True
        for step in job["steps"]:
            wanted = resolve(step.get("if", "${{ success() }}"), contexts, {"success": good, "always": True})
            if truthy(wanted):
                ok, outputs = machine.step(step, {**contexts, "steps": steps}, base)
                good = good and ok
                if "id" in step:
                    steps[step["id"]] = {"outputs": {**dict.fromkeys(_OPTIONAL, ""), **outputs}}
        if good:
            done.outputs |= {
                key: text(resolve(value, {"steps": steps})) for key, value in job.get("outputs", {}).items()
            }
        return good


class _Machine:
    """A fresh machine for one job."""

    def __init__(self, runner: Runner, job: str, folder: Path, defaults: Mapping[str, str]) -> None:
        assert set(defaults) <= {"working-directory"}
        self.runner, self.job, self.below = runner, job, defaults.get("working-directory", "")
        self.workspace, self.temp = folder / "work", folder / "temp"
        for path in (self.workspace, self.temp, folder / "home"):
            path.mkdir(parents=True)
        clean = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
        docker = {
            name: value for name, value in runner.rig.env.items() if name in ("PATH", "DOCKER_HOST", "DOCKER_CONFIG")
        }
        # pip finds nothing but what this machine has: a test asks no package index.
        self.env: dict[str, str] = {"PATH": os.environ["PATH"], **clean, **docker, "PIP_NO_INDEX": "1"}
        self.env |= {"HOME": str(folder / "home"), "CI": "true", "GITHUB_ACTIONS": "true", "RUNNER_OS": "Linux"}
        self.env |= {"RUNNER_TEMP": str(self.temp), "GITHUB_WORKSPACE": str(self.workspace)}

    def step(
        self, step: Mapping[str, Any], contexts: Mapping[str, Any], base: Mapping[str, str]
    ) -> tuple[bool, dict[str, str]]:
        """One step: whether it went well, and its outputs."""
        if "uses" in step:
            assert set(step) <= {"name", "id", "if", "uses", "with", "env"}, sorted(step)
            given = {name: text(resolve(value, contexts)) for name, value in step.get("with", {}).items()}
            return self._action(step["uses"].partition("@")[0], given)
        assert set(step) <= {"name", "id", "if", "run", "env"}, sorted(step)
        own = {name: text(resolve(value, contexts)) for name, value in step.get("env", {}).items()}
        return self._run(step, {**self._github(contexts["github"]), **base, **own})

    def _github(self, github: Mapping[str, Any]) -> dict[str, str]:
        return {
            **{f"GITHUB_{name.upper()}": value for name, value in github.items() if name != "token"},
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": "https://api.github.com",
            "GITHUB_RUN_ID": "1",
            "GITHUB_RUN_ATTEMPT": "1",
        }

    def _run(self, step: Mapping[str, Any], variables: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
        files = {name: self.temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
        for file in files.values():
            file.write_text("")
        env = {**self.env, **variables, **{name: str(file) for name, file in files.items()}}
        assert "${{" not in step["run"], "an expression within a shell line is an injection"
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=self.workspace / self.below,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert files["GITHUB_ENV"].read_text() == ""
        summary = files["GITHUB_STEP_SUMMARY"].read_text()
        self.runner.steps.append(Ran(self.job, step["name"], step["run"], env, done.returncode, done.stdout, summary))
        return done.returncode == 0, dict(_outputs(files["GITHUB_OUTPUT"].read_text()))

    def _action(self, action: str, given: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
        if action == "actions/checkout":
            return self._checkout(given)
        if action == "actions/setup-python":
            self.env["PATH"] = f"{self.runner.python / 'bin'}:{self.env['PATH']}"
        elif action == "docker/setup-buildx-action":
            assert given == {"cache-binary": "false"}
            self.env["BUILDX_BUILDER"] = self.runner.rig.env["BUILDX_BUILDER"]
        elif action == "actions/setup-node":
            assert set(given) == {"node-version"}  # Node is on this machine, or the project's build needs none
        elif action == "docker/setup-qemu-action":
            assert given == {"cache-image": "false"}
        elif action == "actions/upload-artifact":
            shutil.copy(given["path"], _folder(self.runner.folder / "artifacts" / given["name"]))
        elif action == "actions/download-artifact":
            for file in (self.runner.folder / "artifacts").glob(f"{given['pattern']}/*"):
                shutil.copy(file, _folder(Path(given["path"])))
        else:
            raise AssertionError(f"nobody knows what {action} would do")
        return True, {}

    def _checkout(self, given: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
        assert (given["fetch-depth"], given["persist-credentials"]) == ("0", "false")
        source, here = self.runner.source, self.workspace
        git(here.parent, "clone", "--quiet", "--no-checkout", str(source), str(here))
        git(here, "remote", "set-url", "origin", REMOTE)
        wanted = given["ref"].replace("refs/heads/", "refs/remotes/origin/")
        try:
            git(here, "checkout", "--quiet", "--detach", wanted)
        except subprocess.CalledProcessError:
            return False, {}
        if given.get("submodules") == "recursive":
            # git clones submodules from a path of this machine only where it is told to (CVE-2022-39253).
            git(here, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
        return True, {"commit": git(here, "rev-parse", "HEAD"), "ref": given["ref"]}


def _outputs(written: str) -> Iterator[tuple[str, str]]:
    """What was written to GITHUB_OUTPUT, to the last sign."""
    rest = _ASSIGNMENT.sub("", written)
    assert rest == "", rest
    yield from ((name, value) for name, _, value in _ASSIGNMENT.findall(written))


def _typed(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a called workflow: each declared, each of its type."""
    assert set(given) <= set(declared)
    for name, value in given.items():
        assert type(value) is {"boolean": bool, "string": str}[declared[name]["type"]], (name, value)
    assert all(name in given for name, facts in declared.items() if facts.get("required"))
    return {name: given.get(name, facts.get("default", _DEFAULTS[facts["type"]])) for name, facts in declared.items()}


def _in_order(jobs: Mapping[str, Any]) -> list[str]:
    """Each job after those that it needs."""
    done: list[str] = []
    while len(done) < len(jobs):
        for name, job in jobs.items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            if name not in done and set(needs) <= set(done):
                done.append(name)
    return done


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
