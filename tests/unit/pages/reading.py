"""Pages and pictures as a test reads them: well-formed, and by their text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta"}


@dataclass
class PageText(HTMLParser):
    """The text of a page outside of its style, with what it loads; an element that is not closed is a mistake."""

    text: str = ""
    open: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.open += [] if tag in _VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} " if "style" not in self.open else ""


def read(page: str) -> str:
    """The text of a page that is well-formed, loads nothing and runs nothing; blanks are folded."""
    reader = PageText()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert (reader.addresses, reader.names & {"script", "link", "img", "iframe", "form", "object"}) == ([], set())
    assert not re.search(r"url\(|@import", page)
    assert page.startswith("<!doctype html>\n")
    return re.sub(r"\s+", " ", reader.text)


def read_picture(picture: str) -> str:
    """The same for a picture."""
    root = ET.fromstring(picture)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "title", "desc", "style", "g", "rect", "text", "path", "circle"}
    assert not re.search(r"url\(|@import|href", picture)
    return " ".join(element.text or "" for element in root.iter() if not element.tag.endswith("style"))
