"""What has to change to bring the workflows up to date, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from shiplane.core.file_change import FileChange
from shiplane.workflows.action_pins import ACTIONS, Pin, differs, keep_newer, newer_than, without_pins
from shiplane.workflows.signature import folder_of, is_ours, was_changed_by_hand


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
    """A workflow that differs from the configuration."""

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
        return Cause.PINNED if without_pins(self.before) == without_pins(self.after) else Cause.OUTDATED

    @property
    def lines(self) -> tuple[int, int]:
        """How many lines are added and removed."""
        signs = [line[:1] for line in self.diff.splitlines()[2:]]
        return signs.count("+"), signs.count("-")

    @property
    def newer_pins(self) -> list[Pin]:
        """The pins that stay since they are newer than ours."""
        return newer_than(self.after or "", ACTIONS.values())


def changes(rendered: Mapping[str, str], existing: Mapping[str, str], folder: str = "") -> list[WorkflowChange]:
    """The changes from the existing to the rendered workflows, whose newer pins of actions stay.

    Files that were never ours, or are another project's, are kept.

    Args:
        rendered: By path.
        existing: By path.
        folder: The project's folder in its repository.
    """
    before = {path: existing.get(path) for path in rendered}
    written = [
        WorkflowChange(path, before[path], keep_newer(text, before[path] or ""))
        for path, text in rendered.items()
        if differs(before[path] or "", text)
    ]
    left_over = [
        WorkflowChange(path, text, None)
        for path, text in existing.items()
        if path not in rendered and folder_of(text) == folder
    ]
    return written + left_over
