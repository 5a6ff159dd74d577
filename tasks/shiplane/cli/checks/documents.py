"""The check of the project's documents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from shiplane.cli.checks.findings import value_or_none
from shiplane.config.settings import Flags
from shiplane.doctor.documents.check import DocumentChecks
from shiplane.doctor.documents.files import documents, invoke_tasks, npm_scripts
from shiplane.doctor.documents.names import Names

if TYPE_CHECKING:
    from shiplane.cli.run import Run


def document_checks(run: Run, tasks: Mapping[str, frozenset[str]], image: str | None = None) -> DocumentChecks:
    """What checks the documents that git tracks; ``tasks`` are the flags of each task."""
    return DocumentChecks(
        documents=lambda: documents(run.root, run.git.tracked_files()), names=lambda: _names(run, tasks, image)
    )


def _names(run: Run, tasks: Mapping[str, frozenset[str]], image: str | None) -> Names:
    """What they may name; where the image is unknown, only commands are looked at."""
    resolver, tracked = run.resolver(Flags(image=image)), run.git.tracked_files()
    images = [value_or_none(partial(resolver.images, lane)) for lane in run.project.lanes]
    return Names(
        images=tuple(
            (lane, setting.value if setting else ()) for lane, setting in zip(run.project.lanes, images, strict=True)
        ),
        channels=run.project.channels,
        tasks=tasks,
        other_tasks=invoke_tasks(run.root, tracked),
        scripts=npm_scripts(run.root, tracked),
    )
