"""The check of the project's documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from shiplane.cli.checks.findings import value_or_none
from shiplane.config.settings import Flags
from shiplane.doctor.documents.check import DocumentChecks
from shiplane.doctor.documents.files import documents, invoke_tasks, npm_scripts
from shiplane.doctor.documents.names import Names

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.config.settings import Resolver
    from shiplane.registry.oci.names import Repository


def document_checks(
    run: Run, tasks: Mapping[str, frozenset[str]], image: str | None = None, *, asks_registry: bool = True
) -> DocumentChecks:
    """What checks the documents that git tracks.

    Args:
        run: The run.
        tasks: The flags of each task.
        image: ``--image``.
        asks_registry: Whether a registry may be asked for adopted tags.
    """
    return DocumentChecks(
        documents=lambda: documents(run.root, run.git.tracked_files()),
        names=lambda: _names(run, tasks, image),
        with_adopted=partial(_with_adopted, run) if asks_registry else None,
    )


def _with_adopted(run: Run, names: Names) -> Names:
    """The names with the tags that each lane's ledger has as adopted. Raises as reading a ledger does."""
    from shiplane.ledger.foreign_tags import with_adopted_tags

    def adopted(lane: Lane, images: tuple[Repository, ...]) -> Lane:
        registry = run.registries.reader(images[0], run.registries.hurried()) if images else None
        ledgers = run.registries.ledgers(images[0], registry) if registry else None
        return with_adopted_tags(lane, ledgers.store(lane).read().ledger) if ledgers else lane

    return replace(names, images=tuple((adopted(*each), each[1]) for each in names.images))


def _names(run: Run, tasks: Mapping[str, frozenset[str]], image: str | None) -> Names:
    """What they may name; where the image is unknown, only commands are looked at."""
    resolver, tracked = run.resolver(Flags(image=image)), run.git.tracked_files()
    return Names(
        images=tuple((lane, _images(resolver, lane)) for lane in run.project.lanes),
        channels=run.project.channels,
        tasks=tasks,
        other_tasks=invoke_tasks(run.root, tracked),
        scripts=npm_scripts(run.root, tracked),
    )


def _images(resolver: Resolver, lane: Lane) -> tuple[Repository, ...]:
    """The repositories of a lane here and now, and those that it has without the flag and the variable of this run."""
    usual = replace(resolver, flags=Flags(), env={**resolver.env, "IMAGE_REPO": ""})
    settings = [value_or_none(partial(each.images, lane)) for each in (resolver, usual)]
    return tuple(dict.fromkeys(image for setting in settings if setting for image in setting.value))
