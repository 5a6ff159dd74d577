"""``init`` and ``adopt``: taking over a project, and the versions that it has published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import IMAGE

if TYPE_CHECKING:
    from shiplane.cli.documents import AdoptedDataJson
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "yes": "Write the files without asking.",
        "dry_run": "Show what would be written; write nothing.",
        "diff": "Show every line of the workflows, too.",
    },
)
def init(run: Run, *, yes: bool = False, dry_run: bool = False, diff: bool = False) -> Answer:
    """Set up this project: configuration and workflows.

    Reads Dockerfiles, workflows, git tags and the registry's tags; shows what it understood, what it could not
    translate and the diff, and writes the files after asking. What is configured already is kept.
    """
    from shiplane.cli.setup.project import read_setup
    from shiplane.cli.setup.view import setup_json, setup_text, written_text
    from shiplane.core.errors import UsageError
    from shiplane.core.next_command import command
    from shiplane.workflows import files

    setup = read_setup(run)
    writes = bool(setup.changes) and not dry_run
    shown = f"{setup_text(setup, diff=diff)}\n\n"
    if writes and not yes:
        agreed = run.console.agrees(shown, f"Write {len(setup.changes)} files?")
        if not agreed:
            error = UsageError(
                "nothing was written" if agreed is False else "nothing was written: there is no terminal to ask on",
                remedy=command("init", "--yes"),
            )
            return Answer(text="" if agreed is False else shown, data=setup_json(setup, written=False), error=error)
        shown = ""
    if writes:
        files.apply(run.root, setup.changes)
    text = shown + written_text(setup, dry_run=dry_run)
    return Answer(text=text, data=setup_json(setup, written=writes))


@shiplane_task(
    flags={
        "lane": "Lane whose versions other tools published.",
        "since": "Lowest version to adopt; default: all.",
        "image": IMAGE,
        "dry_run": "Show what would be adopted and what is left out; write nothing.",
    },
)
def adopt(
    run: Run, *, lane: str | None = None, since: str | None = None, image: str | None = None, dry_run: bool = False
) -> Answer:
    """Record versions that other tools published.

    Reads the lane's versions, including those tagged 0.2.17 or with the git tag, and records each intact one in the
    ledger under its existing tag. No tag is written or moved. Afterwards rollback, verify and history know them.
    """
    from shiplane.adopt.adopt import Adopter
    from shiplane.cli.flag_values import one_lane, published_version
    from shiplane.cli.views.adoption import adopted_text
    from shiplane.config.settings import Flags

    chosen = run.project.lane(one_lane(lane, run.project, since))
    lowest = published_version(run.project, chosen, "--since", since) if since else None
    repository, clients = run.resolver(Flags(image=image)).image(chosen).value, run.registries
    registry = clients.reader(repository) if dry_run else clients.writer(repository)
    fixed_tags = [floating.tag for floating in chosen.floating_tags_among(())]
    run.show_at_the_end(lambda: clients.tags_now(registry, fixed_tags))
    adopter = Adopter(
        registry=registry,
        ledgers=clients.required_ledgers(repository, registry, for_what="adopted versions are"),
        commit_of=lambda lane, version: run.git.commit_of_tag(lane.git_tag_of(version)),
        channels=run.project.channels,
    )
    result = run.console.drive(adopter.adopt(chosen, run.project.lanes, lowest, dry_run=dry_run))
    data: AdoptedDataJson = {"image": str(repository), **result.to_json()}
    return Answer(text=adopted_text(repository, result), data=data)
