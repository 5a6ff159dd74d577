"""A project's ``tasks.py`` with our tasks in it: a new one, or its own with ours below a name."""

from __future__ import annotations

import ast
import re

NEW = '''"""The project's tasks: `invoke --list` shows them."""

from shiplane import ns

__all__ = ["ns"]
'''
# What ours could be called beside the project's own.
_NAMES = ("ship", "shiplane", "image-release")
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+shiplane\b|import\b[^#\n]*\bshiplane\b)", re.MULTILINE)
_ROOTS = ("ns", "namespace")


def imports_shiplane(text: str) -> bool:
    """Whether a file of tasks has ours, or could have: it imports the package, and does not only name it."""
    return _IMPORT.search(text) is not None


def with_our_tasks(text: str) -> str | None:
    """A file of tasks with ours below a name of their own; None where that cannot be added safely.

    Invoke collects a module's tasks by itself only as long as the module has no ``ns`` or ``namespace`` of its own
    (invoke 3.0.3, ``Collection.from_module``): so where it has none, one is made of what Invoke would have collected.
    """
    if imports_shiplane(text):
        return text
    try:
        names = _module_names(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not text.strip():
        return NEW
    if any(names.get(root, False) is None for root in _ROOTS):
        return None
    own = next((root for root in _ROOTS if names.get(root)), None)
    made = next((root for root in _ROOTS if root not in names), None)
    if own is None and made is None:
        return None
    name = next(name for name in _NAMES if name == _NAMES[-1] or not re.search(rf"\b{name}\b", text))
    return f"{text.rstrip()}\n\n\n{_added_to(own, name) if own else _made(made, name)}"


def _module_names(tree: ast.Module) -> dict[str, bool | None]:
    """What the module's own statements name, and whether it is a collection: made as one, or imported.

    None where only running the module would show it.
    """
    names: dict[str, bool | None] = {}
    statements: list[ast.AST] = [tree]
    while statements:
        node = statements.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update({(alias.asname or alias.name).partition(".")[0]: True for alias in node.names})
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update({target.id: _is_collection(node.value) for target in targets if isinstance(target, ast.Name)})
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names[node.name] = False
        else:
            statements += ast.iter_child_nodes(node)
    return names


def _is_collection(value: ast.expr | None) -> bool | None:
    if value is None or isinstance(value, (ast.Constant, ast.List, ast.Tuple, ast.Dict)):
        return False
    return True if "Collection" in ast.dump(value) else None


_HEAD = "# The release tasks, as in `invoke {name}.plan`.\n"


def _added_to(root: str, name: str) -> str:
    """The lines that add our tasks to a collection of the module's own."""
    return (
        f"{_HEAD.format(name=name)}import invoke  # noqa: E402\n\nimport shiplane  # noqa: E402\n\n"
        f'{root}.add_collection(invoke.Collection.from_module(shiplane, name="{name}"))\n'
    )


def _made(root: str | None, name: str) -> str:
    """The lines that make the collection which Invoke would have made, and add our tasks to it."""
    return (
        f"{_HEAD.format(name=name)}import sys  # noqa: E402\n\nimport invoke  # noqa: E402\n"
        "import shiplane  # noqa: E402\n\n"
        f"{root} = invoke.Collection.from_module(sys.modules[__name__])\n"
        f'{root}.add_collection(invoke.Collection.from_module(shiplane, name="{name}"))\n'
    )
