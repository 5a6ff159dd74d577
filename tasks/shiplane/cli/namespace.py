"""Every task, as Invoke lists them."""

from __future__ import annotations

from invoke import Collection

from shiplane.cli.task_decorator import with_names
from shiplane.cli.tasks import auth, check, deploy, workflow
from shiplane.cli.tasks.adopt import adopt
from shiplane.cli.tasks.marks import mark, restart, unmark
from shiplane.cli.tasks.plan import plan
from shiplane.cli.tasks.rehearse import rehearse
from shiplane.cli.tasks.release import publish, release
from shiplane.cli.tasks.rollback import rollback
from shiplane.cli.tasks.stage import stage
from shiplane.cli.tasks.status import history, status
from shiplane.cli.tasks.trigger import trigger
from shiplane.cli.tasks.verify import verify


def namespace() -> Collection:
    """The tasks and their collections. None of them is a default task: a bare command must not do anything."""
    tasks = (plan, publish, stage, release, verify, rollback, mark, unmark, adopt, status, history, rehearse, trigger)
    collections = (
        _collection(
            "auth",
            "Credentials: which one is used, login and logout.",
            *(auth.show, auth.login, auth.logout),
        ),
        _collection(
            "check",
            "The prerequisites of a release, each alone, and all of them: the doctor.",
            *(check.build, check.gates, check.access, check.tools, check.config, check.everything),
        ),
        _collection(
            "deploy",
            "Deployment files: which version they run, and re-pointing them.",
            *(deploy.list_files, deploy.repoint),
        ),
        _collection("ledger", "The record of a lane's releases, moves and marks.", restart),
        _collection(
            "workflow",
            "The publish workflows of GitHub Actions, written from the configuration.",
            *(workflow.write, workflow.check),
        ),
    )
    return with_names(Collection(*tasks, *collections))


def _collection(name: str, doc: str, *tasks: object) -> Collection:
    collection = Collection(name, *tasks)
    collection.__doc__ = doc
    return collection
