"""Every task, as Invoke lists them."""

from __future__ import annotations

import atexit
import gc

from invoke import Collection

from shiplane.cli.task_decorator import with_names
from shiplane.cli.tasks import auth, check, deploy, workflow
from shiplane.cli.tasks.adopt import adopt, init
from shiplane.cli.tasks.marks import mark, restart, unmark
from shiplane.cli.tasks.plan import plan
from shiplane.cli.tasks.rehearse import rehearse
from shiplane.cli.tasks.release import promote, publish, release
from shiplane.cli.tasks.rollback import rollback
from shiplane.cli.tasks.stage import stage
from shiplane.cli.tasks.status import history, status
from shiplane.cli.tasks.status import tasks as overview
from shiplane.cli.tasks.trigger import trigger
from shiplane.cli.tasks.verify import verify


def _namespace() -> Collection:
    """The tasks and their collections. A bare command runs the one that only shows the others."""
    tasks = (
        init,
        plan,
        publish,
        stage,
        release,
        promote,
        verify,
        rollback,
        mark,
        unmark,
        adopt,
        status,
        history,
        rehearse,
        trigger,
    )
    collections = (
        _collection(
            "auth",
            "Show, store and remove registry credentials.",
            *(auth.show, auth.login, auth.logout),
        ),
        _collection(
            "check",
            "Check the prerequisites of a release, one by one or all.",
            *(check.build, check.gates, check.access, check.tools, check.config, check.docs, check.everything),
        ),
        _collection(
            "deploy",
            "List deployment files with the versions they run; update them.",
            *(deploy.list_files, deploy.repoint),
        ),
        _collection("ledger", "Maintain the record of a lane's releases, moves and marks.", restart),
        _collection(
            "workflow",
            "Generate and check the publish workflows of GitHub Actions.",
            *(workflow.write, workflow.check),
        ),
    )
    namespace = Collection(*tasks, *collections)
    namespace.add_task(overview, default=True)
    return with_names(namespace)


def _collection(name: str, doc: str, *tasks: object) -> Collection:
    collection = Collection(name, *tasks)
    collection.__doc__ = doc
    return collection


ns = _namespace()

# Python looks through everything that was imported once more when it ends, in vain: up to a tenth of a second.
atexit.register(gc.freeze)
