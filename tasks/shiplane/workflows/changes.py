"""What has to change to bring the workflows up to date, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shiplane.core.file_change import FileChange
from shiplane.workflows.action_pins import differs, keep_newer
from shiplane.workflows.signature import folder_of, was_changed_by_hand


@dataclass(frozen=True)
class WorkflowChange(FileChange):
    """A workflow that differs from the configuration."""

    @property
    def by_hand(self) -> bool:
        """Whether writing would overwrite somebody else's work: manual changes, or another project's workflow."""
        return self.before is not None and (was_changed_by_hand(self.before) or self._is_another_projects)

    @property
    def _is_another_projects(self) -> bool:
        return self.after is not None and folder_of(self.before or "") != folder_of(self.after)


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
