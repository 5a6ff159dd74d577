"""What the command line looks like: every task with its flags, and nothing that a task needs to run.

A list of tasks, the help of one, or completion must not wait for a registry client to be imported; so the body of a
task is a function of the same name and parameters in the module that its decorator names, imported when it runs.
"""

from __future__ import annotations

from invoke import Collection

from shiplane.cli.edge import named
from shiplane.cli.tasks import auth as auths
from shiplane.cli.tasks import checks, deploying
from shiplane.cli.tasks import workflow as workflows
from shiplane.cli.tasks.adopting import adopt
from shiplane.cli.tasks.rehearsing import rehearse
from shiplane.cli.tasks.releasing import plan, publish, release
from shiplane.cli.tasks.rolling import mark, restart, rollback, unmark
from shiplane.cli.tasks.staging import stage
from shiplane.cli.tasks.telling import history, status
from shiplane.cli.tasks.triggering import trigger
from shiplane.cli.tasks.verifying import verify


def namespace() -> Collection:
    """Every task, as Invoke lists them. None of them is a default task: a bare command must not do anything."""
    auth = Collection("auth", auths.show, auths.login, auths.logout)
    auth.__doc__ = "Credentials: which one is used, login and logout."
    check = Collection("check", checks.build, checks.gates, checks.access, checks.tools, checks.config)
    check.add_task(checks.everything)
    check.__doc__ = "The prerequisites of a release, each alone, and all of them: the doctor."
    ledger = Collection("ledger", restart)
    ledger.__doc__ = "The record of a lane's releases, moves and marks."
    workflow = Collection("workflow", workflows.write, workflows.check)
    workflow.__doc__ = "The publish workflows of GitHub Actions, written from the configuration."
    deploy = Collection("deploy", deploying.listing, deploying.repoint)
    deploy.__doc__ = "Deployment files: which version they run, and re-pointing them."
    tasks = (plan, publish, stage, release, verify, rollback, mark, unmark, adopt, status, history, rehearse, trigger)
    return named(Collection(*tasks, auth, check, deploy, ledger, workflow))
