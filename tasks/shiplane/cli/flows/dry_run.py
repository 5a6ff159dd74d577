"""The dry run of a release: the images are built and loaded, and nothing is pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.clients.docker import buildx_of, login
from shiplane.core.next_command import command

if TYPE_CHECKING:
    from shiplane.cli.documents import DryRunDataJson
    from shiplane.cli.run import Run
    from shiplane.config.plan import Plan


def build_only(run: Run, plan: Plan, builder: str | None, *, every_platform: bool) -> Answer:
    """Build the images of a plan.

    Args:
        run: The run.
        plan: What a release would build.
        builder: The buildx builder to use, where one is asked for.
        every_platform: Whether for all platforms of the plan; otherwise for the engine's own alone.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.docker.engine import Engine
    from shiplane.release.staging.staging import dry_run

    native = Engine(env=run.child_env).platform()
    run.console.tell(
        f"dry run: prerequisites are skipped; run them with {command('check.build')} and {command('check.gates')}"
    )
    with login(run, [], stored=True) as env:
        flow = dry_run(plan, buildx_of(run, env), native, requested=builder, every=every_platform)
        images = run.console.drive(flow)
    data: DryRunDataJson = {**plan.to_json(), "dry_run": True, "loaded": images}
    return Answer(text="\n".join(images), data=data)
