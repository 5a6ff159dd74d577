"""Small wrong changes of a module, one at a time, each as the module's whole text with a word about it.

Where a change is, and what it does, can be said without any wording: by the function, method or constant that it is in,
the kind of change, and which one of that kind there it is. So a list of changes outlives a change of names.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

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


class Key(NamedTuple):
    """Which change of a module it is: where (``Class.method``), of what kind, and which of that kind there, from 0."""

    symbol: str
    kind: str
    at: int = 0


@dataclass(frozen=True)
class Mutant:
    """One wrong module: which change, where (line, and how it reads), what (before -> after), and its text."""

    key: Key
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
    for number, place, key, node in _places(tree, within):
        other = copy.deepcopy(tree)
        again = next(inner for at, inner in enumerate(ast.walk(other)) if at == number)
        what = f"{_shown(node)}  ->  {list(_changes(again))[place][1]()}"
        line = getattr(node, "lineno", 0)
        reads = source.splitlines()[line - 1].strip() if line else ""
        yield Mutant(key, line, reads, what, ast.unparse(ast.fix_missing_locations(other)))


def keys(source: str, within: tuple[str, ...] = ()) -> list[Key]:
    """Which changes of a module there are, none of them made. Arguments as for :func:`mutants`."""
    return [key for _, _, key, _ in _places(ast.parse(source), within)]


def _places(tree: ast.Module, within: tuple[str, ...]) -> Iterator[tuple[int, int, Key, ast.AST]]:
    """Each change: its node's number in the tree, its own among that node's, its name, the node."""
    left_out = {id(inner) for node in ast.walk(tree) for part in _silent(node) for inner in ast.walk(part)}
    symbols, before = _symbols(tree), Counter[tuple[str, str]]()
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in left_out or not _is_meant(tree, node, within):
            continue
        for place, (kind, _) in enumerate(_changes(node)):
            symbol = symbols.get(id(node), "")
            yield number, place, Key(symbol, kind, before[symbol, kind]), node
            before[symbol, kind] += 1


def _symbols(tree: ast.AST, within: str = "") -> dict[int, str]:
    """The dotted name of the function, class or constant that each node is in, by the node's ``id``."""
    symbols: dict[int, str] = {}
    for node in ast.iter_child_nodes(tree):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        name = getattr(node, "name", "") if isinstance(node, ast.FunctionDef | ast.ClassDef) else ""
        if isinstance(tree, ast.Module | ast.ClassDef) and isinstance(target, ast.Name):
            name = target.id
        symbol = ".".join(filter(None, (within, name)))
        symbols |= {id(node): symbol, **_symbols(node, symbol)}
    return symbols


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


# Of what kind it is, and what edits its node in place and gives the new text.
Change: TypeAlias = tuple[str, Callable[[], str]]


def _changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPS:
        swapped = _SWAPS[type(node.ops[0])]
        yield _kind(node.ops[0], swapped()), lambda: _edit(node, "ops", [swapped(), *node.ops[1:]])
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _kind(node.op, other), lambda: _edit(node, "op", other)
        for place in range(len(node.values)):
            left = [value for at, value in enumerate(node.values) if at != place]
            yield f"{type(node.op).__name__} without operand {place}", partial(_edit, node, "values", left)
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC and not _is_text(node):
        calculated = _ARITHMETIC[type(node.op)]()
        yield _kind(node.op, calculated), lambda: _edit(node, "op", calculated)
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield f"{type(node).__name__} not", lambda: _edit(node, "test", ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.comprehension) and node.ifs:
        yield "filter not", lambda: _edit(node, "ifs", [ast.UnaryOp(ast.Not(), node.ifs[0]), *node.ifs[1:]])
    yield from _constants(node)
    yield from _statements(node)


def _kind(before: ast.AST, after: ast.AST) -> str:
    return f"{type(before).__name__} -> {type(after).__name__}"


def _constants(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "without not", lambda: _unwrap(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} -> {not node.value}", lambda: _edit(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(value := node.value, int | float):
        for number in (value + 1, value - 1):
            yield f"{value} -> {number}", partial(_edit, node, "value", number)


def _unwrap(node: ast.UnaryOp) -> str:
    """``not x`` becomes ``bool(x)``: the same kind of thing, and the opposite."""
    text = ast.unparse(node.operand)
    node.operand = ast.UnaryOp(ast.Not(), node.operand)
    return text


def _statements(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        shown = _shown(node.value) if isinstance(node.value, ast.Constant) else "..."
        yield f"return {shown} -> return None", lambda: _edit(node, "value", ast.Constant(None))
    for name in ("body", "orelse"):
        block = getattr(node, name, None)
        for place, statement in enumerate(block if isinstance(block, list) else ()):
            if isinstance(statement, ast.Raise | ast.AugAssign) or _is_call(statement):
                yield f"without {type(statement).__name__}", partial(_drop, node, name, place)


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
