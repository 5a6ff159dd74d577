"""The little of GitHub's expression language that our workflows use. Whatever it does not know is an error.

Source: docs.github.com, "Evaluate expressions in workflows and actions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(&&|\|\||==|!=|[!().,])|([0-9]+)|([A-Za-z_][A-Za-z0-9_-]*))")
_WHOLE = re.compile(r"\$\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
Contexts = Mapping[str, Mapping[str, Any]]


class UnknownExpressionError(AssertionError):
    """A workflow uses what this reader does not know: then the test says nothing, and has to fail."""


def resolve(value: object, contexts: Contexts, status: Mapping[str, bool] | None = None) -> Any:  # noqa: ANN401
    """A value of a workflow with its expressions replaced; one that is a single expression keeps its type."""
    if not isinstance(value, str):
        return value
    whole = _WHOLE.fullmatch(value.strip())
    if whole:
        return evaluate(whole.group(1), contexts, status)
    return _WHOLE.sub(lambda found: text(evaluate(found.group(1), contexts, status)), value)


def text(value: object) -> str:
    """A value within a text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def evaluate(expression: str, contexts: Contexts, status: Mapping[str, bool] | None = None) -> Any:  # noqa: ANN401
    """The value of one expression."""
    parser = _Parser(_tokens(expression), contexts, status or {})
    value = parser.either()
    if parser.rest:
        raise UnknownExpressionError(f"{expression!r}: what is {parser.rest[0]!r}?")
    return value


def _tokens(expression: str) -> list[str]:
    found, place = [], 0
    stripped = expression.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if not match:
            raise UnknownExpressionError(f"{expression!r} at {place}")
        found.append(match.group().strip())
        place = match.end()
    return found


@dataclass
class _Parser:
    rest: list[str]
    contexts: Contexts
    status: Mapping[str, bool]
    functions: Mapping[str, Callable[..., object]] = field(
        default_factory=lambda: {"format": _format, "fromJSON": json.loads}
    )

    def either(self) -> Any:  # noqa: ANN401
        value = self.both()
        while self._take("||"):
            other = self.both()
            value = value if truthy(value) else other
        return value

    def both(self) -> Any:  # noqa: ANN401
        value = self.comparison()
        while self._take("&&"):
            other = self.comparison()
            value = other if truthy(value) else value
        return value

    def comparison(self) -> Any:  # noqa: ANN401
        value = self.negation()
        for sign in ("==", "!="):
            if self._take(sign):
                return _equal(value, self.negation()) is (sign == "==")
        return value

    def negation(self) -> Any:  # noqa: ANN401
        return not truthy(self.negation()) if self._take("!") else self.term()

    def term(self) -> Any:  # noqa: ANN401
        token = self.rest.pop(0)
        if token == "(":
            value = self.either()
            self._need(")")
            return value
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdecimal():
            return int(token)
        if token in _WORDS:
            return _WORDS[token]
        return self._call(token) if self._take("(") else self._path(token)

    def _call(self, name: str) -> object:
        arguments: list[object] = []
        while not self._take(")"):
            arguments.append(self.either())
            self._take(",")
        if name in self.status and not arguments:
            return self.status[name]
        if name not in self.functions:
            raise UnknownExpressionError(f"function {name}")
        return self.functions[name](*arguments)

    def _path(self, name: str) -> Any:  # noqa: ANN401
        if name not in self.contexts:
            raise UnknownExpressionError(f"context {name}, known: {sorted(self.contexts)}")
        value: Any = self.contexts[name]
        while self._take("."):
            key = self.rest.pop(0)
            if not isinstance(value, Mapping) or key not in value:
                raise UnknownExpressionError(f"{name}: there is no {key}")
            value = value[key]
        return value

    def _take(self, token: str) -> bool:
        if self.rest[:1] == [token]:
            self.rest.pop(0)
            return True
        return False

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise UnknownExpressionError(f"expected {token} before {self.rest[:1]}")


def truthy(value: object) -> bool:
    """What counts as true: all but false, 0, the empty text and null."""
    return value not in (False, 0, "", None)


def _equal(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if type(one) is type(other):
        return one == other
    if {type(one), type(other)} == {type(None), str}:
        word = one if isinstance(one, str) else str(other)
        return word.strip() in ("", "0")  # both become numbers: null is 0, a word is none
    raise UnknownExpressionError(f"comparing {one!r} with {other!r}")


def _format(pattern: str, *arguments: object) -> str:
    def part(found: re.Match[str]) -> str:
        return {"{{": "{", "}}": "}"}.get(found.group()) or text(arguments[int(found.group(1))])

    return re.sub(r"\{\{|\}\}|\{([0-9])\}", part, pattern)
