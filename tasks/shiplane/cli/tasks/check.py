"""``check.*``: the prerequisites of a release, each alone, and ``check.all``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import flags_by_task, shiplane_task
from shiplane.cli.tasks.flag_help import BUILDER, IMAGE, PLATFORMS, SKIP

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={"skip": "variables: run it although some of those that build-env names are not set."}, iterable=("skip",)
)
def build(run: Run, *, skip: Sequence[str] | None = None) -> Answer:
    """Run the build command, as a release would."""
    from shiplane.cli.checks.findings import commit_of
    from shiplane.cli.clients.prerequisites import prerequisites_of

    run.console.drive(prerequisites_of(run, commit_of(run), skip or (), dry_run=True).build())
    return Answer(text="build: passed, or none configured", data={"build": True})


@shiplane_task(flags={"skip": "Skip a gate by name (repeatable)."}, iterable=("skip",))
def gates(run: Run, *, skip: Sequence[str] | None = None) -> Answer:
    """Check every configured gate for this commit."""
    from shiplane.cli.checks.findings import commit_of
    from shiplane.cli.clients.prerequisites import prerequisites_of
    from shiplane.cli.views.tables import columns

    prerequisites = prerequisites_of(run, commit_of(run), skip or ())
    evidence = run.console.drive(prerequisites.gates())
    text = columns([(gate.gate, "green", gate.detail) for gate in evidence])
    nothing = "gates: all skipped" if run.project.gates else "gates: none configured"
    return Answer(text=text or nothing, data={"gates": [gate.to_json() for gate in evidence]})


@shiplane_task(flags={"image": IMAGE})
def access(run: Run, *, image: str | None = None) -> Answer:
    """Check push permission, and explain a refusal.

    Finds the credential, requests a token, and opens an upload that is left to expire.
    """
    from shiplane.cli.checks.findings import answer_of
    from shiplane.cli.checks.registry import access_checks
    from shiplane.config.settings import Flags

    return answer_of(run, access_checks(run, run.resolver(Flags(image=image)).repositories()))


@shiplane_task(flags={"platforms": PLATFORMS, "builder": BUILDER})
def tools(run: Run, *, platforms: str | None = None, builder: str | None = None) -> Answer:
    """Check docker, buildx, platforms, git, disk and signing."""
    from shiplane.cli.checks.findings import answer_of
    from shiplane.cli.checks.local import lane_platforms, tool_checks
    from shiplane.cli.checks.signing import signing_checks
    from shiplane.config.settings import Flags

    checks = tool_checks(run, lane_platforms(run, Flags(platforms=platforms)), builder)
    return answer_of(run, {**checks, **signing_checks(run)})


@shiplane_task(flags={"image": IMAGE})
def config(run: Run, *, image: str | None = None) -> Answer:
    """Check the project file, the lanes and the git checkout."""
    from shiplane.cli.checks.configuration import config_check
    from shiplane.cli.checks.findings import answer_of
    from shiplane.config.settings import Flags

    return answer_of(run, {"config": config_check(run, Flags(image=image))})


@shiplane_task(flags={"image": IMAGE})
def docs(run: Run, *, image: str | None = None) -> Answer:
    """Find commands and tags in the documents that would not work.

    Tags of this image that no lane writes, git tags that start no lane, npm scripts that publish by themselves, unknown
    tasks, flags and lanes; each with file, line and the correction. Reads the files that git tracks. Ends with 3 if
    there are any.
    """
    from shiplane.cli.checks.documents import document_checks
    from shiplane.cli.checks.findings import answer_of

    return answer_of(run, {"docs": document_checks(run, flags_by_task(docs), image).each})


@shiplane_task(
    flags={"image": IMAGE, "platforms": PLATFORMS, "builder": BUILDER, "skip": SKIP},
    iterable=("skip",),
    name="all",
)
def everything(
    run: Run,
    *,
    image: str | None = None,
    platforms: str | None = None,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
) -> Answer:
    """Run all checks and show how to fix what fails.

    The exit code is that of the first problem to fix: 2 configuration, 3 tools, build and gates, 4 access,
    5 a floating tag that cannot be moved, 6 a broken ledger, 7 an engine or a registry that does not answer.
    """
    from shiplane.cli.checks import local
    from shiplane.cli.checks.configuration import config_check
    from shiplane.cli.checks.documents import document_checks
    from shiplane.cli.checks.findings import answer_of, value_or_none
    from shiplane.cli.checks.registry import registry_checks
    from shiplane.cli.checks.signing import signing_checks
    from shiplane.config.settings import Flags

    flags, left_out = Flags(image=image, platforms=platforms), skip or ()
    targets = value_or_none(lambda: local.lane_platforms(run, flags))
    repositories = value_or_none(lambda: run.resolver(flags).repositories())
    checks = {"config": config_check(run, flags), **local.tool_checks(run, targets, builder)}
    checks |= local.prerequisite_checks(run, left_out)
    checks |= local.smoke_checks(run, targets, left_out) if repositories else {}
    checks |= signing_checks(run)
    checks |= registry_checks(run, flags, left_out)
    asks_registry = "access" not in left_out
    checks |= {"docs": document_checks(run, flags_by_task(docs), image, asks_registry=asks_registry).together}
    return answer_of(run, checks, folded=True)
