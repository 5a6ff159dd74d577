"""The files that are changed: tasks, npm scripts, what git ignores."""
# ruff: noqa: E501 -- the tables are read by their lines

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shiplane.init.ignored import with_needed_lines
from shiplane.init.npm_scripts import SCRIPTS, old_scripts, with_new_scripts
from shiplane.init.project_files import is_built_at_the_root
from shiplane.init.tasks_file import NEW, with_our_tasks

ROOT = Path(__file__).parents[3]
TASK = "from invoke import task\n\n\n@task\ndef build_it(c, dry_run=False):\n    '''Build it.'''\n"
OWN = {
    "tasks alone": TASK,
    "a collection": TASK + "\nfrom invoke import Collection\nns = Collection(build_it)\n",
    "a collection with a default": TASK + "\nimport invoke\nnamespace: object = invoke.Collection()\nnamespace.add_task(build_it, default=True)\n",
    "a variable called ns": TASK + "\nns = 'production'\n",
    "a local ns": TASK + "\ndef helper():\n    ns = 1\n    return ns\n",
    "a collection within a block": TASK + "\ntry:\n    from invoke import Collection\n    ns = Collection(build_it)\nexcept ImportError:\n    pass\n",
    "shiplane in a comment": "# shiplane could do this\n" + TASK,
    "ship is taken": TASK + "\n\n@task\ndef ship(c):\n    '''Ship it.'''\n",
}  # fmt: skip


def listed(folder: Path) -> dict[str, str]:
    """``invoke --list`` as programs see it: each task with its help, and which one is the default."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tasks"), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, "-m", "invoke", "--list", "--list-format", "json"]
    done = subprocess.run(
        argv, cwd=folder, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    collection = json.loads(done.stdout)
    return {"": collection["default"], **dict(_tasks(collection))}


def _tasks(collection: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    yield from ((f"{prefix}{task['name']}", task["help"]) for task in collection["tasks"])
    for inner in collection["collections"]:
        yield from _tasks(inner, f"{prefix}{inner['name']}.")


@pytest.mark.share(3)
@pytest.mark.parametrize("text", OWN.values(), ids=OWN)
@pytest.mark.parametrize("path", ["tasks.py", "tasks/__init__.py"])
def test_a_project_keeps_its_tasks(tmp_path: Path, text: str, path: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    before = listed(tmp_path)
    new = with_our_tasks(text)
    assert new is not None
    assert new.startswith(text.rstrip())
    file.write_text(new)
    after = listed(tmp_path)
    name = "shiplane" if "def ship(" in text else "ship"
    assert {key: value for key, value in after.items() if not key.startswith(f"{name}.")} == before
    assert f"{name}.plan" in after
    assert with_our_tasks(new) == new


@pytest.mark.parametrize("text", ["", "\n"])
def test_a_project_without_tasks_gets_ours(tmp_path: Path, text: str) -> None:
    new = with_our_tasks(text)
    assert new == NEW
    (tmp_path / "tasks.py").write_text(new)
    assert "plan" in listed(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "def (",
        "ns = 1\nnamespace = 2\n",
        "class ns:\n    pass\ndef namespace(): ...\n",
        "\0",
        "from mine import make\n\nns = make()\n",
        "ns = other\n",
    ],
)
def test_what_cannot_be_added_safely_is_not(text: str) -> None:
    assert with_our_tasks(text) is None


@pytest.mark.parametrize(
    ("text", "at_the_root"),
    [
        ("COPY go.mod ./", True),
        ("copy --chown=1:1 go.mod cmd /src/", True),
        ("ADD /go.mod .", True),
        ("COPY own go.mod ./", False),
        ("COPY own ./", False),
        ("COPY neither ./", False),
        ("FROM scratch", False),
        ("COPY --from=build go.mod ./\nCOPY $A ./\nADD https://example.org/a ./", False),
    ],
)
def test_the_folder_that_a_dockerfile_is_built_from(tmp_path: Path, text: str, at_the_root: bool) -> None:  # noqa: FBT001
    for path in ("go.mod", "cmd/a.go", "docker/own"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "docker/Dockerfile").write_text(f"{text}\n")
    assert is_built_at_the_root(tmp_path, "docker/Dockerfile") is at_the_root


PACKAGE = """{
  "name": "x",
  "scripts": {
\t"build": "tsc",
    "docker:publish:ghcr" : "bash a.sh --x \\"y\\"",
    "docker:publish:ghcr:dry-run": "shiplane publish --lane main --dry-run",
    "docker:publish:standalone:ghcr":"bash b.sh"
  }
}
"""


def test_old_scripts_are_replaced_and_nothing_else() -> None:
    assert list(old_scripts(PACKAGE)) == ["docker:publish:ghcr", "docker:publish:standalone:ghcr"]
    new = with_new_scripts(PACKAGE)
    assert new is not None
    changed = [pair for pair in zip(PACKAGE.splitlines(), new.splitlines(), strict=True) if pair[0] != pair[1]]
    assert [line for _, line in changed] == [
        '    "docker:publish:ghcr" : "shiplane publish --lane main",',
        '    "docker:publish:standalone:ghcr":"shiplane publish --lane standalone"',
    ]
    assert old_scripts(new) == {}
    assert with_new_scripts("\ufeff" + PACKAGE) == "\ufeff" + new


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "{}", '{"scripts": 1}', '{"scripts": {"build": "x"}}', '{"a": 1, "a": 2}']
)
def test_a_package_without_them_is_left_alone(text: str) -> None:
    assert old_scripts(text) == {}


def test_a_script_that_is_there_twice_is_left_to_the_reader() -> None:
    name = next(iter(SCRIPTS))
    assert with_new_scripts(json.dumps({"scripts": {name: "x"}, "old": {name: "y"}})) is None
    assert with_new_scripts(json.dumps({"scripts": {name: "x"}}).replace(":ghcr", "\\u003aghcr")) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "__pycache__/\n"),
        ("dist", "dist\n__pycache__/\n"),
        ("dist\n", "dist\n__pycache__/\n"),
        ("  __pycache__\n", "  __pycache__\n"),
        ("*.py[cod]\n", "*.py[cod]\n"),
    ],
)
def test_what_git_ignores(before: str, after: str) -> None:
    assert with_needed_lines(before) == after
