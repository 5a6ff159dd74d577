"""What has to change to bring the workflows up to date, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from shiplane.core.file_change import FileChange
from shiplane.workflows.action_pins import Pin, added_pins, keep_newer, without_pins
from shiplane.workflows.signature import folder_of, is_as_written, is_ours, unsigned, was_changed_by_hand


class Cause(Enum):
    """Why a workflow changes."""

    NEW = "new"
    OUTDATED = "out of date"
    PINNED = "actions pinned otherwise"
    LEFT_OVER = "no lane or channel needs it"
    EDITED = "changed by hand"
    FOREIGN = "not written by shiplane"
    ANOTHER_PROJECTS = "another project's"


@dataclass(frozen=True)
class WorkflowChange(FileChange):
    """A workflow that differs from the configuration.

    Attributes:
        kept_pins: Those in ``after`` that are newer than the configuration's and ours.
    """

    kept_pins: Sequence[Pin] = ()

    @property
    def by_hand(self) -> bool:
        """Whether writing would overwrite somebody else's work: manual changes, or another project's workflow."""
        return self.cause in (Cause.EDITED, Cause.FOREIGN, Cause.ANOTHER_PROJECTS)

    @property
    def cause(self) -> Cause:
        """Why it changes; where it is somebody else's work, that."""
        if self.before is None:
            return Cause.NEW
        if not is_ours(self.before):
            return Cause.FOREIGN
        if self.after is not None and folder_of(self.before) != folder_of(self.after):
            return Cause.ANOTHER_PROJECTS
        if was_changed_by_hand(self.before):
            return Cause.EDITED
        if self.after is None:
            return Cause.LEFT_OVER
        alike = without_pins(unsigned(self.before)) == without_pins(unsigned(self.after))
        return Cause.PINNED if alike and not is_as_written(self.before) else Cause.OUTDATED


def changes(rendered: Mapping[str, str], existing: Mapping[str, str], folder: str = "") -> list[WorkflowChange]:
    """The changes from the existing to the rendered workflows, where newer pins of actions that others wrote stay.

    Files that were never ours, or are another project's, are kept.

    Args:
        rendered: By path.
        existing: By path.
        folder: The project's folder in its repository.
    """
    written = [_written(path, existing.get(path), text) for path, text in rendered.items()]
    left_over = [
        WorkflowChange(path, text, None)
        for path, text in existing.items()
        if path not in rendered and folder_of(text) == folder
    ]
    return [change for change in written if change.before != change.after] + left_over


def _written(path: str, before: str | None, text: str) -> WorkflowChange:
    # What nobody changed has the pins that were configured then: older ones may be wanted now.
    if before is None or is_as_written(before):
        return WorkflowChange(path, before, text)
    kept = keep_newer(text, before)
    is_the_same = unsigned(kept) == unsigned(before) and not was_changed_by_hand(before)
    return WorkflowChange(path, before, before if is_the_same else kept, added_pins(kept, text))
