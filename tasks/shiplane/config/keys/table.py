"""A table of the project file that knows where it stands, so that each complaint about it can say so."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from shiplane.core.errors import ConfigurationError, UsageError

T = TypeVar("T")

_MAX_NUMBER = 10**7


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

    def number(self, key: str, *, above: float | None = None) -> float | None:
        """A number from 0 on, or above something; NaN is neither."""
        value = self.fields.get(key)
        if value is None:
            return None
        if type(value) not in (int, float) or not 0 <= value < _MAX_NUMBER or (above is not None and value <= above):
            wanted = "from 0 on" if above is None else f"above {above:g}"
            raise self.wrong(key, f"is {value!r:.40}, expected a number {wanted}")
        return float(value)

    def word(self, key: str) -> str | None:
        """A text, or a number or truth value as JSON spells it."""
        value = self.fields.get(key)
        if value is not None and type(value) not in (str, int, float, bool):
            raise self.wrong(key, f"is {type(value).__name__}, expected a text, a number, true or false")
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def list_of_tables(self, key: str) -> list[Table]:
        """An array of tables; empty where it is not given."""
        values: list[Any] = self.get(key, list) or []
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(key, "has something other than tables")
        return [Table(value, f"{self.place}: {key}[{place}]") for place, value in enumerate(values)]

    def table(self, key: str) -> Table:
        """A table below this one; empty where it is not given."""
        return Table(self.get(key, dict) or {}, f"{self.place}: {key}")

    def either(self, key: str) -> Table:
        """A table below this one where a text could stand as well."""
        value = self.fields.get(key)
        if not isinstance(value, dict):
            raise self.wrong(key, f"is {type(value).__name__}, expected a text or a table")
        return Table(value, f"{self.place}.{key[:40]}")

    def tables(self) -> Iterable[tuple[str, Table]]:
        """Every key as a table of its own, by name."""
        for key in self.fields:
            yield key, Table(self.get(key, dict) or {}, f"{self.place}.{key[:40]}")

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
