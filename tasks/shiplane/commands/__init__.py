"""Thin Invoke tasks: resolve, plan, run a flow, show."""

from __future__ import annotations

from invoke import Collection

from shiplane.commands import auth, checks, rehearsing, releasing, verifying


def namespace() -> Collection:
    """Every task, as Invoke lists them. None of them is a default task: a bare command must not do anything."""
    tasks = (releasing.plan, releasing.publish, releasing.release, verifying.verify, rehearsing.rehearse)
    return Collection(*tasks, auth.ns, checks.ns)
