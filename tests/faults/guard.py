"""What a guard is; the guards are in ``guards.py`` and its neighbours, what is done to them in ``edits.py``."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass

from tests.faults.edits import Edit

_Symbol = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Guard:
    """One guard.

    Attributes:
        what: What it keeps, in a few words.
        module: Where it is, below ``tasks/shiplane``.
        symbol: What keeps it there: a function, ``Class.method``, ``function.inner``, or a constant.
        edit: Takes it out of the symbol's syntax tree.
        tests: Every one of these fails without it.
    """

    what: str
    module: str
    symbol: str
    edit: Edit
    tests: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"tasks/shiplane/{self.module}.py"

    def without(self, source: str) -> str:
        """The module's text without the guard.

        Raises:
            AssertionError: The symbol or the place in it is not there, the edit changes nothing, or it names something
                that is known neither to the symbol nor to its module.
        """
        tree = ast.parse(source)
        try:
            found = _found(tree, self.symbol)
            before, stood = _names(found) | _known(tree, self.symbol), ast.dump(found)
            self.edit(found)
            unknown = _names(found) - before
            assert not unknown, f"it knows nothing called {', '.join(sorted(unknown))}"
            assert ast.dump(found) != stood, "the edit changes nothing"
        except AssertionError as error:
            raise AssertionError(f"{self.what}: {self.path}, {self.symbol}: {error}") from error
        return ast.unparse(ast.fix_missing_locations(tree))


def _found(tree: ast.Module, symbol: str) -> _Symbol:
    node: ast.AST = tree
    for name in symbol.split("."):
        inner = [child for child in getattr(node, "body", ()) if name in _bound(child)]
        assert inner, f"there is no {name}"
        node = inner[-1]
    assert isinstance(node, _Symbol)
    return node


def _bound(statement: ast.stmt) -> set[str]:
    """What a statement gives a name to."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _names(tree: ast.AST) -> set[str]:
    """Every name in a tree but its parameters; attributes as ``.name``, those of the object itself as ``self.name``."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {f"{_object(node)}.{node.attr}" for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return used - {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | attributes


def _object(attribute: ast.Attribute) -> str:
    return "self" if isinstance(attribute.value, ast.Name) and attribute.value.id == "self" else ""


def _known(tree: ast.Module, symbol: str) -> set[str]:
    """What a symbol can name: the module's globals, what its class has, and attributes that the module uses or has."""
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    members = {f".{name}" for node in classes.values() for name in _all_bound(node.body)}
    used = {name for name in _names(tree) if name.startswith(".")}
    own = classes.get(symbol.partition(".")[0], ast.Pass())
    ours = {f"self.{name}" for name in _all_bound(getattr(own, "body", []))} | _names(own)
    return {*_all_bound(tree.body), *dir(builtins), *members, *used, *(name for name in ours if "." in name)}


def _all_bound(body: list[ast.stmt]) -> set[str]:
    return {name for statement in body for name in _bound(statement)}
