"""Edits that take a guard out of the syntax tree of a function, a class or a constant.

Each finds its place by what kind of thing it is there (the second ``if``, the call of ``confirm``), and by no wording:
names of locals, messages and comments may change as they like. Places are counted from 0, in the order of the source;
where no number is given there has to be one such place. Expressions that are put in are templates: ``{0}`` is the first
argument of the call that they replace, ``{1}`` the second, ``{it}`` the whole expression; a brace itself is doubled.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Edit: TypeAlias = Callable[[ast.AST], None]
_CONDITIONS = {"if": ast.If, "a if b else c": ast.IfExp}
_ROUNDS = {"loop": (ast.For, ast.While), "comprehension": (ast.comprehension,)}


def never(at: int | None = None, kind: str = "if") -> Edit:
    """An ``if`` is never entered (or ``a if b else c`` never is ``a``)."""
    return lambda tree: setattr(_condition(tree, at, kind), "test", ast.Constant(value=False))


def always(at: int | None = None, kind: str = "if") -> Edit:
    """An ``if`` is always entered."""
    return lambda tree: setattr(_condition(tree, at, kind), "test", ast.Constant(value=True))


def then(statements: str, at: int | None = None) -> Edit:
    """An ``if`` does something else when it is entered."""
    return lambda tree: setattr(_condition(tree, at, "if"), "body", ast.parse(statements).body)


def no_round(at: int | None = None, kind: str = "loop") -> Edit:
    """A loop, or a ``for`` in a comprehension, has nothing to go over."""

    def edit(tree: ast.AST) -> None:
        found = _one(tree, kind, at, lambda node: isinstance(node, _ROUNDS[kind]))
        if isinstance(found, ast.While):
            found.test = ast.Constant(value=False)
        else:
            found.iter = _as("()")

    return edit


def unfiltered(at: int | None = None) -> Edit:
    """A ``for`` in a comprehension takes everything."""

    def edit(tree: ast.AST) -> None:
        _one(tree, "comprehension", at, lambda node: isinstance(node, ast.comprehension)).ifs = []

    return edit


def without_operand(operand: int, at: int | None = None) -> Edit:
    """An ``and`` or an ``or`` lacks one of its operands."""

    def edit(tree: ast.AST) -> None:
        del _one(tree, "and/or", at, lambda node: isinstance(node, ast.BoolOp)).values[operand]

    return edit


def returns(expression: str) -> Edit:
    """The function does nothing but return this."""
    return lambda tree: setattr(tree, "body", [ast.Return(value=_as(expression))])


def returned(expression: str, at: int | None = None) -> Edit:
    """A ``return`` gives something else: ``{it}`` is what it gave."""

    def edit(tree: ast.AST) -> None:
        found = _one(tree, "return", at, lambda node: isinstance(node, ast.Return))
        found.value = _as(expression.format(it=ast.unparse(found.value)))

    return edit


def value(expression: str) -> Edit:
    """A constant of the module has another value."""
    return lambda tree: setattr(tree, "value", _as(expression))


def call(name: str, expression: str, at: int | None = None) -> Edit:
    """Instead of a call there is another expression."""

    def edit(tree: ast.AST) -> None:
        found = _call(tree, name, at)
        _put(tree, found, _as(_filled(expression, found)))

    return edit


def like(name: str, other: str) -> Edit:
    """Instead of a call the same is done as by another call of the function."""
    return lambda tree: _put(tree, _call(tree, name, None), copy.deepcopy(_call(tree, other, None)))


def uncalled(name: str, at: int | None = None) -> Edit:
    """A call that stands as a statement of its own is not made."""

    def edit(tree: ast.AST) -> None:
        found = _one(tree, f"statement {name}()", at, lambda node: isinstance(node, ast.Expr) and _calls(node, name))
        _put(tree, found, ast.Pass())

    return edit


def argument(name: str, which: int | str, expression: str, at: int | None = None) -> Edit:
    """An argument of a call, by its place or its keyword, is another one."""

    def edit(tree: ast.AST) -> None:
        found = _call(tree, name, at)
        new = _as(_filled(expression, found))
        if isinstance(which, int):
            found.args[which] = new
        else:
            _keyword(found, which).value = new

    return edit


def without_argument(name: str, keyword: str, at: int | None = None) -> Edit:
    """A call lacks a keyword."""

    def edit(tree: ast.AST) -> None:
        found = _call(tree, name, at)
        found.keywords.remove(_keyword(found, keyword))

    return edit


def unassigned(attribute: str) -> Edit:
    """An attribute is not set."""

    def is_meant(node: ast.AST) -> bool:
        return isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Attribute) and target.attr == attribute for target in node.targets
        )

    return lambda tree: _put(tree, _one(tree, f"assignment to .{attribute}", None, is_meant), ast.Pass())


def attribute(old: str, new: str) -> Edit:
    """Wherever the function asks for one attribute it asks for another."""

    def edit(tree: ast.AST) -> None:
        for node in _walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == old:
                node.attr = new

    return edit


def literal(old: str, new: str) -> Edit:
    """A text that another program reads is another one."""

    def edit(tree: ast.AST) -> None:
        _one(tree, repr(old), None, lambda node: isinstance(node, ast.Constant) and node.value == old).value = new

    return edit


def unhandled(error: str) -> Edit:
    """There is no ``except`` for an error."""

    def edit(tree: ast.AST) -> None:
        handler = _handler(tree, error)
        for node in _walk(tree):
            if isinstance(node, ast.Try) and handler in node.handlers:
                node.handlers.remove(handler)

    return edit


def handled(error: str, as_: str) -> Edit:
    """The ``except`` for an error, perhaps among others, is for this one alone."""
    return lambda tree: setattr(_handler(tree, error), "type", _as(as_))


def on_error(error: str, statements: str) -> Edit:
    """The ``except`` for an error does something else."""
    return lambda tree: setattr(_handler(tree, error), "body", ast.parse(statements).body)


def exchanged(first: str, second: str) -> Edit:
    """The statement that calls one thing and the one that calls another, in the same block, change places."""

    def edit(tree: ast.AST) -> None:
        for block in _blocks(tree):
            places = [at for at, node in enumerate(block) if _calls(node, first) or _calls(node, second)]
            if len(places) > 1:
                here, there = places[:2]
                block[here], block[there] = block[there], block[here]
                return
        raise AssertionError(f"no block of it calls {first}() and {second}()")

    return edit


def first(name: str) -> Edit:
    """The statement that calls this comes before all others of its block."""

    def edit(tree: ast.AST) -> None:
        for block in _blocks(tree):
            places = [at for at, node in enumerate(block) if _calls(node, name)]
            if places and places[0] > 0:
                block.insert(0, block.pop(places[0]))
                return
        raise AssertionError(f"no block of it calls {name}() after something else")

    return edit


def both(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(tree: ast.AST) -> None:
        for each in edits:
            each(tree)

    return edit


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node in the order of the source."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _walk(child)


def _one(tree: ast.AST, what: str, at: int | None, is_meant: Callable[[ast.AST], bool]) -> Any:  # noqa: ANN401
    # Any: a node of the kind that the caller asks for.
    found = [node for node in _walk(tree) if is_meant(node)]
    listed = "".join(f"\n  {place}: {_first_line(node)}" for place, node in enumerate(found))
    assert len(found) == 1 if at is None else at < len(found), f"it has {len(found)} of: {what}; meant is {at}{listed}"
    return found[at or 0]


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


def _condition(tree: ast.AST, at: int | None, kind: str) -> ast.If | ast.IfExp:
    found: ast.If | ast.IfExp = _one(tree, kind, at, lambda node: isinstance(node, _CONDITIONS[kind]))
    return found


def _call(tree: ast.AST, name: str, at: int | None) -> ast.Call:
    found: ast.Call = _one(tree, f"call of {name}()", at, lambda node: _is_call(node, name))
    return found


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and f".{ast.unparse(node.func)}".endswith(f".{name}")


def _calls(statement: ast.stmt | ast.AST, name: str) -> bool:
    """Whether a statement is a call, perhaps delegated to, or assigns what one gives."""
    inner: Any = getattr(statement, "value", None)
    while isinstance(inner, ast.Yield | ast.YieldFrom):
        inner = inner.value
    return isinstance(statement, ast.Expr | ast.Assign) and inner is not None and _is_call(inner, name)


def _keyword(found: ast.Call, name: str) -> ast.keyword:
    named = [keyword for keyword in found.keywords if keyword.arg == name]
    assert named, f"it calls {_first_line(found)} without {name}"
    return named[0]


def _handler(tree: ast.AST, error: str) -> ast.ExceptHandler:
    def is_meant(node: ast.AST) -> bool:
        return isinstance(node, ast.ExceptHandler) and any(
            isinstance(part, ast.Name) and part.id == error for part in _walk(node.type or node)
        )

    found: ast.ExceptHandler = _one(tree, f"except {error}", None, is_meant)
    return found


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in _walk(tree):
        yield from (
            block for name in ("body", "orelse", "finalbody") if isinstance(block := getattr(node, name, None), list)
        )


def _as(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def _filled(template: str, found: ast.Call) -> str:
    return template.format(*map(ast.unparse, found.args), it=ast.unparse(found))


def _put(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put one node in the place of another."""

    class Replaced(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:  # noqa: ANN401 -- as ast has it
            return new if node is old else super().visit(node)

    Replaced().visit(tree)
