"""The rules of the house: what imports what, how large things get, what a user's installation brings."""

from __future__ import annotations

import ast
import graphlib
import os
import re
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import hatchling.build
import pytest

import shiplane
from tests.rooms import PICTURE, ROOMS, draw

PROJECT = Path(__file__).parents[3]
PACKAGE = PROJECT / "tasks" / "shiplane"
MODULES = sorted(PACKAGE.rglob("*.py"))
# Who may touch files, sockets, processes, threads or the clock. All else decides, and is tested by values alone.
IMPURE = {
    "shiplane.__main__",
    "shiplane.api",
    *(
        f"shiplane.cli.{name}"
        for name in ("embedded", "exits", "page_files", "signals", "namespace", "run", "task_decorator", "tasks.status")
    ),
    "shiplane.cli.completion.candidates",
    "shiplane.cli.live.terminal",
    *(f"shiplane.cli.views.{name}" for name in ("actions", "console", "findings")),
    "shiplane.cli.flows.rehearsal",
    *(f"shiplane.cli.rehearsals.{name}" for name in ("hurried_clock", "rehearsal")),
    "shiplane.cli.workflows.files",
    "shiplane.config.project_folder",
    *(f"shiplane.core.system.{name}" for name in ("atomic_file", "host", "output", "parallel", "process")),
    *(f"shiplane.core.system.{name}" for name in ("real_path", "streams", "temp_folder")),
    *(f"shiplane.deployments.{name}" for name in ("files", "inventory", "repoint")),
    *(f"shiplane.docker.{name}" for name in ("buildx", "cache_probe", "containers", "contexts", "dial", "endpoint")),
    *(f"shiplane.docker.{name}" for name in ("engine", "private_config")),
    *(f"shiplane.doctor.{name}" for name in ("doctor", "documents.files", "tools")),
    "shiplane.cli.setup.files",
    "shiplane.init.project_files",
    *(f"shiplane.git.{name}" for name in ("ancestry", "file_history", "plumbing", "remote", "repository", "worktree")),
    *(
        f"shiplane.registry.http.{name}"
        for name in ("connections", "retry_budget", "slots", "tokens", "transport", "trust")
    ),
    "shiplane.registry.image_layout",
    "shiplane.registry.stored_login",
    *(f"shiplane.release.{name}" for name in ("announcing.announcements", "gates_run", "prerequisites")),
    *(f"shiplane.release.checks.{name}" for name in ("check_run", "project_command", "report_file", "staged_image")),
    *(f"shiplane.release.{name}" for name in ("planning.plan_files", "staging.multi_node", "staging.staged_file")),
    "shiplane.signing.tool",
    "shiplane.workflows.files",
}
# Which rooms may import a library.
LIBRARIES = {
    "urllib3": ("registry.http", "docker"),
    "docker": ("docker",),
    "invoke": ("cli", "__main__"),
    "colorama": ("cli",),
    "yaml": ("deployments.yaml_positions", "init.workflows.yaml_nodes"),
}
WORLDLY = {
    "asyncio",
    "colorama",
    "docker",
    "getpass",
    "glob",
    "http",
    "invoke",
    "os",
    "pathlib.Path",
    "platform",
    "random",
    "requests",
    "shutil",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "urllib3",
}
# A room is seen at a glance, with one more for the room itself.
MOST_MODULES = 15
# What a module imports has to be understood with it: of the product, also where it is used only, or for types alone.
MOST_IMPORTS = 15
# The longest chain of modules that each bring the next along. Longer ones wait for a reader, and for the interpreter.
DEEPEST = 12
# What does not keep to that yet, and how far it is: not to grow.
WIDER = {
    "config.project_file": 20,
}
CALLS_OF_THE_WORLD = {"open", "input", "print"}


def name_of(module: Path) -> str:
    parts = module.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(module) for module in MODULES}
each_module = pytest.mark.parametrize("module", MODULES, ids=name_of)


def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), filename=str(module))


def imports_of(module: Path, *, deferred: bool = True) -> Iterator[str]:
    """Everything a module imports, by full name; without ``deferred`` only what is imported along with it."""
    tree = tree_of(module)
    for node in ast.walk(tree) if deferred else _at_import(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(module)} has a relative import; rooms are told from full names"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                within = str(node.module).partition(".")[0] == "shiplane" and full not in NAMES
                yield str(node.module) if within else full


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that are run by an import: no function bodies, nothing that only the type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _at_import(child)


def room_of(name: str) -> int:
    """How high a module stands; the package's own modules stand above all rooms."""
    room = name.split(".")[1:2]
    return ROOMS.index(room[0]) if room and room[0] in ROOMS else len(ROOMS)


@each_module
def test_imports_point_downwards_only(module: Path) -> None:
    own = room_of(name_of(module))
    # The version is a constant; every room may say it.
    upward = {
        name
        for name in imports_of(module)
        if name.partition(".")[0] == "shiplane" and room_of(name) > own and not _is_version(module, name)
    }
    assert not upward


def _is_version(module: Path, name: str) -> bool:
    wanted = [
        alias.name
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ImportFrom) and node.module == "shiplane"
        for alias in node.names
        if f"shiplane.{alias.name}" not in NAMES
    ]
    return name == "shiplane" and wanted == ["__version__"]


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name_of(module): {name for name in imports_of(module) if name in NAMES} for module in MODULES}
    graph = {name: {other for other in others if room_of(other) == room_of(name)} for name, others in graph.items()}
    tuple(graphlib.TopologicalSorter(graph).static_order())


def test_what_is_said_to_touch_the_world_exists() -> None:
    assert not IMPURE - NAMES


@pytest.mark.parametrize("module", [module for module in MODULES if name_of(module) not in IMPURE], ids=name_of)
def test_what_decides_knows_nothing_of_the_world(module: Path) -> None:
    for name in imports_of(module):
        assert not {name, name.partition(".")[0]} & WORLDLY, f"{name_of(module)} imports {name}"
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in CALLS_OF_THE_WORLD, f"{name_of(module)} calls {node.func.id}"
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"environ", "getenv"}, f"{name_of(module)} reads the environment"


@each_module
def test_a_library_is_imported_in_its_own_room_only(module: Path) -> None:
    place = name_of(module).removeprefix("shiplane.")
    for library in {name.partition(".")[0] for name in imports_of(module)} & set(LIBRARIES):
        assert place.startswith(LIBRARIES[library]), f"{place} imports {library}"


def test_every_folder_is_a_package_of_a_room_and_none_has_too_many_modules() -> None:
    folders = {module.parent for module in MODULES} - {PACKAGE}
    assert {folder.relative_to(PACKAGE).parts[0] for folder in folders} == set(ROOMS)
    for folder in folders:
        assert (folder / "__init__.py").is_file()
        assert len(list(folder.glob("*.py"))) <= MOST_MODULES + 1, folder


def short(name: str) -> str:
    return name.removeprefix("shiplane.")


def neighbours_of(module: Path, *, deferred: bool) -> set[str]:
    """The modules of the product that a module imports."""
    return {name for name in imports_of(module, deferred=deferred) if name in NAMES} - {"shiplane", name_of(module)}


def test_no_module_imports_more_than_can_be_understood_with_it() -> None:
    widths = {short(name_of(module)): len(neighbours_of(module, deferred=True)) for module in MODULES}
    assert {name: width for name, width in widths.items() if width > WIDER.get(name, MOST_IMPORTS)} == {}


def test_no_chain_of_imports_is_too_long() -> None:
    graph = {name_of(module): neighbours_of(module, deferred=False) for module in MODULES}
    depths: dict[str, int] = {}
    for name in graphlib.TopologicalSorter(graph).static_order():
        depths[name] = 1 + max((depths[other] for other in graph[name]), default=0)
    assert {name: depth for name, depth in depths.items() if depth > DEEPEST} == {}


def test_tasks_is_a_source_root_and_no_package() -> None:
    assert not (PROJECT / "tasks" / "__init__.py").exists()
    assert Path(shiplane.__file__).parent == PACKAGE


@each_module
def test_a_file_can_be_read_in_one_sitting(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) < 400


def test_functions_are_short() -> None:
    lengths = {
        f"{name_of(module)}.{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    longest = sorted(lengths, key=lambda name: lengths[name], reverse=True)[:5]
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= 50, longest


@each_module
def test_every_module_says_what_it_is_for(module: Path) -> None:
    if module.read_text(encoding="utf-8").strip():
        assert ast.get_docstring(tree_of(module))


def test_starting_costs_no_heavy_import() -> None:
    code = "import sys, shiplane; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(run.stdout.split())
    assert "shiplane" in loaded
    assert not loaded & {"docker", "packaging", "urllib3", "requests", "invoke", "colorama"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    folder = tmp_path_factory.mktemp("wheel")
    before = Path.cwd()
    os.chdir(PROJECT)
    try:
        name = hatchling.build.build_wheel(str(folder))
    finally:
        os.chdir(before)
    return zipfile.Path(folder / name)


def test_the_wheel_brings_the_library_and_nothing_else(wheel: zipfile.Path) -> None:
    version = shiplane.__version__
    assert {entry.name for entry in wheel.iterdir()} == {"shiplane", f"shiplane-{version}.dist-info"}


def test_the_wheel_is_complete_and_typed(wheel: zipfile.Path) -> None:
    packed = set(wheel.root.namelist())
    assert "shiplane/py.typed" in packed
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {str(path.relative_to(PACKAGE.parent)) for path in files} <= packed
    assert not [name for name in packed if "__pycache__" in name or name.endswith(".pyc")]
    assert [name for name in packed if name.endswith("/licenses/LICENSE")]


def test_the_picture_of_the_rooms_is_up_to_date() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(), "run: invoke dev.rooms"


CONTRIBUTING = (PROJECT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
MENTIONED = sorted(set(re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)`", CONTRIBUTING)))


@pytest.mark.parametrize("path", MENTIONED)
def test_what_the_guide_for_contributors_mentions_exists(path: str) -> None:
    assert (PROJECT / path).exists() or (PACKAGE / path).exists()
