"""``trigger``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from shiplane.cli.claiming import remote_of
from shiplane.cli.edge import Answer as Result
from shiplane.cli.run import Run, one_lane
from shiplane.cli.workflow import drifted
from shiplane.config.lane import Lane
from shiplane.config.project_folder import workflows
from shiplane.config.settings import Checkout, Flags, Setting, named
from shiplane.config.version import Version
from shiplane.core.errors import PrerequisiteError, UsageError
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.oci.lookup_result import Answer
from shiplane.registry.oci.names import Tag
from shiplane.release.trigger import Trigger, TriggerResult
from shiplane.verify.surveyor import Surveyor


def trigger(run: Run, *, lane: str | None = None, version: str | None = None, dry_run: bool = False) -> Result:
    """Tag HEAD and push the git tag that starts CI."""
    chosen = run.project.lane(one_lane(lane, run.project, version))
    made = _trigger(run, chosen, _version(run, chosen, version))
    done = run.console.drive(made.run(dry_run=dry_run))
    return Result(text=_text(run, done), data=done.to_json())


def _version(run: Run, lane: Lane, text: str | None) -> Version:
    if not text:
        raise UsageError("no version is named", remedy="Give --version X.Y.Z.")
    version = named(Setting(text, "--version"), partial(run.project.version_of, lane))
    if version.is_snapshot:
        raise UsageError(f"{version} is a snapshot: it names a commit, no release", remedy="Give --version X.Y.Z.")
    return version


def _trigger(run: Run, lane: Lane, version: Version) -> Trigger:
    return Trigger(
        lane=lane,
        version=version,
        checkout=_checkout(run),
        git=run.git,
        remote=remote_of(run),
        look=_looker(run, lane.tag_of(version)),
        workflows=workflows(run.root),
        published=lambda: _published(run, lane),
        drifted=drifted(run) or (),
    )


def _checkout(run: Run) -> Checkout:
    checkout = run.git.compared()
    if checkout is None:
        raise PrerequisiteError("this folder is no git repository with a commit", remedy="Run it in a checkout.")
    return checkout


def _looker(run: Run, tag: Tag) -> Callable[[], Answer] | None:
    """Asks the registry once, without waiting: it is asked for what is nice to know."""
    try:
        repository = run.resolver(Flags()).image().value
    except UsageError:
        return None
    hurried = RetryBudget(tell=run.console.tell, budget=0.0)
    return lambda: run.reader(repository, hurried).look(tag)


def _published(run: Run, lane: Lane) -> list[Version]:
    """Every version that the registry lists; asked where it has answered already."""
    repository = run.resolver(Flags()).image().value
    registry = run.reader(repository, RetryBudget(tell=run.console.tell, budget=0.0))
    return Surveyor(registry=registry).versions(lane)


def _text(run: Run, done: TriggerResult) -> str:
    what = "pushed" if done.pushed else "would push"
    lines = [f"{what} {done.git_tag} ({done.commit[:12]}) to {done.remote}"]
    lines += [f"starts {path}" for path in done.workflows] or ["starts no workflow that is known here"]
    if run.env.get("GITHUB_ACTIONS") == "true":
        lines.append("note: a git tag that is pushed with a workflow's own GITHUB_TOKEN starts no other workflow")
    return "\n".join(lines)
