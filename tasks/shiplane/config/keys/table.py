"""An object of a document of ours that knows where it stands, so that each complaint about it can say so."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from shiplane.core.errors import ConfigurationError, UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """A table of the file that knows where it stands, so that each complaint can say so."""

    fields: Mapping[str, Any]
    place: str

    def only(self, *known: str) -> None:
        """Refuse every key but these.

        Raises:
            ConfigurationError: Naming the nearest known one.
        """
        for key in self.fields:
            if key not in known:
                raise ConfigurationError(f"{self.place}: unknown key {key[:80]!r}", remedy=_nearest(key, known))

    def get(self, key: str, kind: type[T]) -> T | None:
        """The value of a key, of this very type; None where it is not given."""
        value = self.fields.get(key)
        if value is not None and type(value) is not kind:
            raise self.wrong(key, f"is {type(value).__name__}, expected {kind.__name__}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty where it is not given."""
        values: list[Any] = self.get(key, list) or []
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "has something other than strings")
        return tuple(values)

    def list_of_tables(self, key: str) -> list[Table]:
        """An array of tables; empty where it is not given."""
        values: list[Any] = self.get(key, list) or []
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(key, "has something other than tables")
        return [Table(value, f"{self.place}: {key}[{place}]") for place, value in enumerate(values)]

    def table(self, key: str) -> Table:
        """A table below this one; empty where it is not given."""
        return Table(self.get(key, dict) or {}, f"{self.place}: {key}")

    def checked(self, key: str, parse: Any, value: str) -> Any:  # noqa: ANN401 -- whatever the parser gives
        """Parse a value; a complaint about it names where it stands."""
        try:
            return parse(value)
        except UsageError as error:
            raise ConfigurationError(f"{self.place}: {key}: {error.what}", remedy=error.remedy) from error

    def wrong(self, key: str, problem: str) -> ConfigurationError:
        """The error for a value that is wrong."""
        return ConfigurationError(" ".join(filter(None, (f"{self.place}:", key[:80], problem))))


def _nearest(key: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."
