"""Small wrong changes of a module, one at a time, each as the module's whole text with a word about it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

_SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One wrong module: where (line, and how it reads), what (before -> after), and its text."""

    line: int
    reads: str
    what: str
    source: str


def mutants(source: str, within: tuple[str, ...] = ()) -> Iterator[Mutant]:
    """Every mutant of a module.

    Args:
        source: The module's text.
        within: Names of functions and classes to keep to; none for the whole module.
    """
    tree = ast.parse(source)
    left_out = {id(inner) for node in ast.walk(tree) for part in _silent(node) for inner in ast.walk(part)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in left_out or not _is_meant(tree, node, within):
            continue
        for place in range(len(list(_changes(node)))):
            other = copy.deepcopy(tree)
            again = next(found for at, found in enumerate(ast.walk(other)) if at == number)
            before = _shown(node)
            after = list(_changes(again))[place]()
            line = getattr(node, "lineno", 0)
            reads = source.splitlines()[line - 1].strip() if line else ""
            yield Mutant(line, reads, f"{before}  ->  {after}", ast.unparse(ast.fix_missing_locations(other)))


def _silent(node: ast.AST) -> Iterator[ast.AST]:
    """What says something to readers and does nothing: annotations, decorators, the wording of messages."""
    for name in ("annotation", "returns"):
        part = getattr(node, name, None)
        if isinstance(part, ast.AST):
            yield part
    yield from getattr(node, "decorator_list", ())
    if isinstance(node, ast.JoinedStr):
        yield from node.values


def _shown(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0][:100]


def _is_meant(tree: ast.Module, node: ast.AST, within: tuple[str, ...]) -> bool:
    if not within:
        return True
    line = getattr(node, "lineno", 0)
    return any(
        isinstance(scope, ast.FunctionDef | ast.ClassDef)
        and scope.name in within
        and scope.lineno <= line <= (scope.end_lineno or 0)
        for scope in ast.walk(tree)
    )


# A change edits its node in place and gives the new text.
Change = Callable[[], str]


def _changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPS:
        yield lambda: _edit(node, "ops", [_SWAPS[type(node.ops[0])](), *node.ops[1:]])
    if isinstance(node, ast.BoolOp):
        yield lambda: _edit(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for place in range(len(node.values)):
            yield partial(_edit, node, "values", [value for at, value in enumerate(node.values) if at != place])
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC and not _is_text(node):
        yield lambda: _edit(node, "op", _ARITHMETIC[type(node.op)]())
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield lambda: _edit(node, "test", ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.comprehension) and node.ifs:
        yield lambda: _edit(node, "ifs", [ast.UnaryOp(ast.Not(), node.ifs[0]), *node.ifs[1:]])
    yield from _constants(node)
    yield from _statements(node)


def _constants(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield lambda: _unwrap(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda: _edit(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(value := node.value, int | float):
        yield partial(_edit, node, "value", value + 1)
        yield partial(_edit, node, "value", value - 1)


def _unwrap(node: ast.UnaryOp) -> str:
    """``not x`` becomes ``bool(x)``: the same kind of thing, and the opposite."""
    text = ast.unparse(node.operand)
    node.operand = ast.UnaryOp(ast.Not(), node.operand)
    return text


def _statements(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield lambda: _edit(node, "value", ast.Constant(None))
    for name in ("body", "orelse"):
        block = getattr(node, name, None)
        for place, statement in enumerate(block if isinstance(block, list) else ()):
            if isinstance(statement, ast.Raise | ast.AugAssign) or _is_call(statement):
                yield partial(_drop, node, name, place)


def _is_call(statement: ast.AST) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Yield | ast.YieldFrom)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr) or isinstance(getattr(side, "value", None), str)
        for side in (node.left, node.right)
    )


def _edit(node: ast.AST, field: str, value: object) -> str:
    setattr(node, field, value)
    return _shown(node)


def _drop(node: ast.AST, name: str, place: int) -> str:
    block = getattr(node, name)
    gone = block[place]
    block[place] = ast.Pass()
    return f"without: {_shown(gone)}"
