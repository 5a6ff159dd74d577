"""The pages for people: what they link is there, and what they list is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import shiplane
from shiplane.core import errors

ROOT = Path(__file__).parents[3]
DOCS = ROOT / ".github/docs"
PAGES = [ROOT / "README.md", ROOT / ".github/CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
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


def test_the_page_of_commands_lists_every_exit_code() -> None:
    table = (DOCS / "commands.md").read_text("utf-8").partition("## Exit codes")[2]
    listed = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")]
    assert listed == {0, 129, 130, 131, 143, *(kind.exit_code for kind in kinds)}
