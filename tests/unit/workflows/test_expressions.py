"""The reader of GitHub's expressions that executes our workflows in tests: what it knows, and that it knows no more."""

from __future__ import annotations

import pytest

from tests.e2e.expressions import Contexts, UnknownExpressionError, evaluate, resolve

CONTEXTS: Contexts = {
    "inputs": {"version": "0.2.1", "dry-run": True, "none": None, "empty": ""},
    "github": {"ref": "refs/heads/main"},
    "steps": {"a-b": {"outputs": {"x": "1"}}},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("inputs.version", "0.2.1"),
        ("!inputs.dry-run", False),
        ("inputs.none || ''", ""),
        ("inputs.none || false", False),
        ("inputs.empty && 'x' || github.ref", "refs/heads/main"),
        ("inputs.version && format('refs/tags/v{0}', inputs.version) || github.ref", "refs/tags/v0.2.1"),
        ("inputs.none != 'as configured' && inputs.none || ''", ""),
        ("inputs.none == ''", True),
        ("'A' == 'a'", True),
        ("'it''s'", "it's"),
        ("(true && 1) == 1", True),
        ("steps.a-b.outputs.x", "1"),
        ("format('{{{0}}} {1}', 1, true)", "{1} true"),
        ("success()", True),
    ],
)
def test_what_it_knows(expression: str, value: object) -> None:
    assert evaluate(expression, CONTEXTS, {"success": True}) == value


@pytest.mark.parametrize(
    "expression",
    [
        "secrets.X",
        "inputs.verison",
        "github.ref.name",
        "contains(inputs.version, 'x')",
        "failure()",
        "inputs.version[0]",
        "1 < 2",
        "true == 'true'",
        "inputs.version inputs.version",
        "(true",
        '"x"',
    ],
)
def test_what_it_does_not_know_is_an_error(expression: str) -> None:
    with pytest.raises(UnknownExpressionError):
        evaluate(expression, CONTEXTS, {"success": True})


def test_a_single_expression_keeps_its_type_and_others_are_text() -> None:
    assert resolve("${{ inputs.dry-run }}", CONTEXTS) is True
    assert resolve("${{ inputs.version }}/${{ inputs.dry-run }}${{ inputs.none }}", CONTEXTS) == "0.2.1/true"
    assert resolve(5, CONTEXTS) == 5
