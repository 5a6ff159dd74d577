"""The project file that follows from what a repository shows, each value with the reason for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shiplane.init.sources import Remark
from shiplane.init.toml_text import Value, key_text, value_text

_HEAD = "# How shiplane releases this project. Each key is optional; the documentation of shiplane lists all of them."


@dataclass(frozen=True)
class Entry:
    """A value, and why it is that."""

    value: Value
    reason: str


@dataclass(frozen=True)
class ProposedTable:
    """A table of the file, by its keys: ``("lanes", "main")``; the file's own values have none."""

    keys: tuple[str, ...]
    entries: Mapping[str, Entry]

    @property
    def name(self) -> str:
        """As it stands in the file."""
        return ".".join(map(key_text, self.keys))

    @property
    def text(self) -> str:
        """As lines of the file."""
        head = [f"[{self.name}]"] if self.keys else []
        return "\n".join([*head, *(f"{key} = {value_text(entry.value)}" for key, entry in self.entries.items())])


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is proposed.

    Attributes:
        tables: Those of the file, in their order.
        notes: What was understood and needs no value, each with its reason.
        remarks: What could not be translated.
    """

    tables: Sequence[ProposedTable]
    notes: Sequence[tuple[str, str]] = ()
    remarks: Sequence[Remark] = ()

    @property
    def text(self) -> str:
        """The file; its head says what goes without a value."""
        head = "\n".join([_HEAD, *(f"# Built in: {what}" for what, _ in self.notes)])
        return "\n\n".join([head, *(table.text for table in self.tables if table.entries)]) + "\n"

    def understood(self) -> Iterator[tuple[str, str, str]]:
        """Each value for people: what it is of, its key and value, and why."""
        for table in self.tables:
            for key, entry in table.entries.items():
                yield table.name or "project", f"{key} = {value_text(entry.value)}", entry.reason
        for what, reason in self.notes:
            yield "built in", what, reason
