"""The pages for people: links lead somewhere, commands and snippets are read by the real parsers, nothing is stale."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from itertools import dropwhile, groupby
from pathlib import Path

import pytest
import tomli
from invoke import Collection, Program
from invoke.parser import Parser

import shiplane
from shiplane.config.project_file import parse_project_file
from shiplane.core import errors
from tests import pages
from tests.unit.workflows.test_reusable import example

ROOT = Path(__file__).parents[3]
DOCS = ROOT / ".github/docs"
PAGES = [ROOT / "README.md", ROOT / ".github/CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
# What stands for something in a command: other words, a name to fill in, our tasks below a name of a project's own.
PLACEHOLDERS = {"…", "...", "TASK", "<task>", "ship"}
ASSIGNMENT = re.compile(r"\w+=")
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them: lower case, blanks as hyphens, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """The targets of a page's links within the repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", page.read_text("utf-8")))
    return [target for target in targets if "://" not in target]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_the_front_page_leads_to_every_page_and_is_read_in_minutes() -> None:
    front = ROOT / "README.md"
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in links(front)}
    assert set(DOCS.glob("*.md")) <= linked
    assert len(front.read_text("utf-8").split()) < 1100


def test_the_page_of_commands_lists_every_task() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    missing = [name for name in shiplane.ns.task_names if not re.search(rf"\b{re.escape(name)}\b", text)]
    assert missing == []


def test_the_page_of_messages_lists_every_exit_code() -> None:
    table = (DOCS / "messages.md").read_text("utf-8").partition("## Messages")[0]
    listed = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")]
    assert listed == {0, 129, 130, 131, 143, *(kind.exit_code for kind in kinds)}


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_that_is_made_from_the_code_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == pages.PAGES[name](), pages.STALE


@cache
def tasks() -> Collection:
    """The tasks of this repository: the library's, and those for working on it."""
    spec, before = spec_from_file_location("tasks_of_pages", ROOT / "tasks.py"), sys.path[:]
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path[:] = before
    collection: Collection = module.ns
    return collection


@cache
def parser() -> Parser:
    """What reads the command line."""
    return Parser(initial=Program(namespace=tasks()).initial_context, contexts=tasks().to_contexts())


def typed(page: Path) -> Iterator[list[str]]:
    """The words of each command of ours on a page, without the program, and without what only stands for something."""
    for line in code_lines(page.read_text("utf-8")):
        for is_end, words in groupby(shlex.split(line, comments=True), key=lambda word: word in {"&&", "|", ";"}):
            program, *rest = [*dropwhile(ASSIGNMENT.match, words), ""]
            if not is_end and Path(program).name in {"invoke", "shiplane"} and not PLACEHOLDERS.intersection(rest[:1]):
                yield [word.removeprefix("ship.") for word in rest if word and word not in PLACEHOLDERS]


def code_lines(text: str) -> Iterator[str]:
    """What is typed in a shell: lines of such blocks, and code within sentences."""
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        lines = block.splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        yield from prompted or lines
    spans = (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", CODE.sub("", text)))
    yield from (span for span in spans if re.match(r"(?:\S+=\S* )*(?:invoke|shiplane) ", span))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_on_a_page_is_read_by_the_real_parser(page: Path) -> None:
    for words in typed(page):
        parser().parse_argv(words)


def test_commands_are_found_on_the_pages() -> None:
    assert sum(1 for page in PAGES for _ in typed(page)) > 100


def snippets(kind: str) -> list[tuple[str, str]]:
    """Every block of a kind, with the page it is on."""
    blocks = (
        (page, re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL))
        for page in PAGES
    )
    return [(page.name, str(block)) for page, found in blocks for block in found]


@pytest.mark.parametrize(("page", "text"), snippets("toml"))
def test_each_project_file_on_a_page_is_read_by_the_real_reader(page: str, text: str) -> None:
    parse_project_file(tomli.loads(text), page)


def test_each_workflow_on_a_page_is_the_one_that_is_checked_as_a_workflow() -> None:
    assert [text for _, text in snippets("ya?ml")] == [example()]
