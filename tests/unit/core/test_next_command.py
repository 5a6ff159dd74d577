"""Commands that messages propose: as the tasks are called here, and each one is read by the real parser."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from invoke import Program
from invoke.parser import Parser

import shiplane
from shiplane.cli.views.exit_report import closing_lines
from shiplane.core.next_command import Caller, caller_of, caller_without_task, command

PACKAGE = Path(shiplane.__file__).parent
NAMES = sorted(shiplane.ns.task_names)
# What stands in a message for a value that is only known when it is written.
_UNKNOWN = "v0.2.1"
_PROPOSED = re.compile(rf"\b(?:invoke|shiplane) (?:{'|'.join(map(re.escape, NAMES))})\b")


@pytest.mark.parametrize(
    ("typed", "task", "program", "prefix"),
    [
        ("/usr/bin/invoke publish --lane main", "publish", "invoke", ""),
        ("/usr/bin/inv publish", "publish", "inv", ""),
        ("/usr/bin/shiplane check.build", "check.build", "shiplane", ""),
        ("/opt/shiplane/__main__.py plan", "plan", "shiplane", ""),
        ("/opt/invoke/__main__.py plan", "plan", "invoke", ""),
        ("C:/bin/shiplane.exe plan", "plan", "shiplane", ""),
        ("run.py plan", "plan", "invoke", ""),
        ("/usr/bin/invoke ship.publish", "publish", "invoke", "ship."),
        ("/usr/bin/invoke a.ship.check.build --json", "check.build", "invoke", "a.ship."),
        ("/usr/bin/invoke -c release -r .. ship.publish", "publish", "invoke -c release -r ..", "ship."),
        ("/usr/bin/invoke --echo ship.plan ship.publish", "publish", "invoke --echo", "ship."),
        ("/usr/bin/invoke test ship.publish", "publish", "invoke test", "ship."),
        ("/usr/bin/own", "publish", "own", ""),
    ],
)
def test_how_the_tasks_are_called_is_told_from_the_command_line(
    typed: str, task: str, program: str, prefix: str
) -> None:
    assert caller_of(typed.split(), task, NAMES) == Caller(tuple(program.split()), prefix)


@pytest.mark.parametrize(
    ("typed", "program", "prefix"),
    [
        ("/usr/bin/shiplane", "shiplane", ""),
        ("/usr/bin/invoke ship", "invoke", "ship."),
        ("/usr/bin/invoke -r .. a.ship", "invoke -r ..", "a.ship."),
        ("/usr/bin/invoke --search-root=.. ship", "invoke --search-root=..", "ship."),
        ("/usr/bin/invoke -r ..", "invoke -r ..", ""),
        ("/usr/bin/invoke --echo", "invoke --echo", ""),
    ],
)
def test_how_tasks_are_called_where_none_is_named(typed: str, program: str, prefix: str) -> None:
    assert caller_without_task(typed.split()) == Caller(tuple(program.split()), prefix)


@pytest.mark.parametrize(
    ("typed", "folder"),
    [
        ("invoke plan -r x", ""),
        ("invoke -e -r ../one plan", "../one"),
        ("invoke -r../one plan", "../one"),
        ("invoke -r=../one plan", "../one"),
        ("invoke --search-root /one -e plan", "/one"),
        ("invoke --search-root=/one plan", "/one"),
        ("invoke --search-rooted -e plan", ""),
        ("invoke -R plan", ""),
    ],
)
def test_where_invoke_searches_for_tasks_is_told_from_the_command_line(typed: str, folder: str) -> None:
    assert caller_of(typed.split(), "plan", NAMES).search_root == folder


def test_a_command_in_a_text_is_shown_as_it_can_be_pasted() -> None:
    caller = Caller(("invoke", "-c", "my tasks"), "ship.")
    text = f"See {command('status')}, then {command('rollback', '--reason', 'two words')}."
    shown = "See invoke -c 'my tasks' ship.status, then invoke -c 'my tasks' ship.rollback --reason 'two words'."
    assert caller.render(text) == shown
    assert caller.render_json({"a": [text, 1, None], "b": (text,)}) == {"a": [shown, 1, None], "b": [shown]}
    assert Caller().render(command("publish")[:-3]) == "invoke publi", "a text that was cut has no mark left in it"


PARSER = Parser(initial=Program().initial_context, contexts=shiplane.ns.to_contexts())


@cache
def is_read(*words: str) -> None:
    """Raises where the real parser of the command line does not take it."""
    parsed = PARSER.parse_argv([*words])
    assert [context.name for context in parsed[1:]] == [*words[:1]]
    assert not parsed.unparsed


def proposed() -> Iterator[tuple[str, list[str]]]:
    """Every command that a message of the product proposes: where, and its words."""
    for module in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "command":
                yield f"{module.relative_to(PACKAGE)}:{node.lineno}", list(words_of(node))


def words_of(call: ast.Call) -> Iterator[str]:
    for argument in call.args:
        if isinstance(argument, ast.Constant):
            yield str(argument.value)
        elif not isinstance(argument, ast.Starred):
            yield _UNKNOWN


PROPOSED = [(place, words) for place, words in proposed() if words[0] not in (_UNKNOWN, "--help")]


@pytest.mark.parametrize(("place", "words"), PROPOSED, ids=[place for place, _ in PROPOSED])
def test_every_command_that_is_proposed_is_one(place: str, words: list[str]) -> None:
    is_read(*words)
    assert place


def test_no_message_names_a_program_by_which_it_may_not_be_read() -> None:
    bare = []
    for module in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(module.read_text("utf-8"))
        documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in documents)
        bare += [f"{module.name}:{text.lineno}" for text in texts if _PROPOSED.search(str(text.value))]
    assert not bare, "write command(...): what is proposed is shown as the tasks are called here"


FLAGS = {
    "check.access": "--image ghcr.io/a/b",
    "deploy.repoint": "--lane main --to v0.2.1",
    "history": "--lane main --image ghcr.io/a/b",
    "ledger.restart": "--lane main --reason x",
    "mark": "--lane main --tag v0.2.1 --reason x --image ghcr.io/a/b",
    "publish": "--lane main --tag v0.2.1 --image ghcr.io/a/b --latest",
    "release": "--version 0.2.1 --lane main --lane=standalone --latest=no",
    "rollback": "--lane main",
    "stage": "--lane standalone --platforms linux/amd64 --output x",
    "trigger": "--lane main --version 0.2.1",
    "unmark": "--lane main --tag v0.2.1",
    "verify": "--lane main --tag v0.2.1 --deep",
}


@pytest.mark.parametrize("task", NAMES)
def test_the_next_command_after_every_bad_end_of_every_task_is_one(task: str) -> None:
    arguments = [task, *FLAGS.get(task, "").split()]
    for code, wrote in itertools.product((2, 3, 4, 5, 6, 7, 8, 129, 130, 131, 143), (True, False)):
        last = closing_lines(code, caller=Caller(), arguments=arguments, public=[], wrote=wrote)[-1]
        following = Caller().render(last).split("invoke ")[1:]
        assert following
        for words in following:
            is_read(*shlex.split(words.partition(",")[0]))


def test_what_is_proposed_where_the_tasks_have_a_prefix_can_be_run(tmp_path: Path) -> None:
    """The commands of a project that mounts the tasks under a name, pasted one after the other."""
    (tmp_path / "tasks.py").write_text(
        "from invoke import Collection\nimport shiplane\nns = Collection()\nns.add_collection(shiplane.ns, 'ship')\n"
    )
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": str(PACKAGE.parent)}

    def paste(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    first = paste("invoke ship.auth.login")
    following = first.stderr.splitlines()[-1].rpartition(": ")[2]
    assert (first.returncode, following) == (2, "invoke ship.auth.login --help"), first.stderr
    assert " ship.auth.login [--options]" in paste(following).stdout
