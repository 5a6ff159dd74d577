"""The frame of a page: one file that needs nothing else, no network and no script."""

from __future__ import annotations

from collections.abc import Sequence
from string import Template

from shiplane.pages.colours import variables
from shiplane.pages.elements import Markup, element, joined

# Nothing is loaded and nothing runs, whatever a value in the page were to contain.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="referrer" content="no-referrer">
$further$title
<style>
$style</style>
</head>
<body>
$body
</body>
</html>
""")


def page(title: str, body: Markup, further: str = "") -> str:
    """A whole page; ``further`` is what else its head has, as markup in lines."""
    from importlib.resources import files

    style = variables() + files("shiplane.pages").joinpath("page.css").read_text(encoding="utf-8")
    return _PAGE.substitute(policy=_POLICY, further=further, title=element("title", title), style=style, body=body)


def masthead(kind: str, state: tuple[str, str], title: str, lead: str, facts: list[tuple[str, str]]) -> Markup:
    """The top of a page.

    Args:
        kind: What kind of page it is.
        state: How things are, in a word, and the tone of that.
        title: What it comes to.
        lead: The same in a sentence.
        facts: Names and values.
    """
    return element(
        "header",
        element("p", kind, " ", badge(*state), class_="kind"),
        element("h1", title),
        *([element("p", lead, class_="lead")] if lead else []),
        facts_list(facts),
    )


def facts_list(facts: list[tuple[str, str]]) -> Markup:
    """Names with their values; those without a value are left out."""
    rows = [element("div", element("dt", name), element("dd", value)) for name, value in facts if value]
    return element("dl", joined(rows), class_="facts") if rows else Markup()


def section(title: str, *content: str, class_: str | None = None) -> Markup:
    """A part of a page; nothing where it has no content."""
    return element("section", element("h2", title), *content, class_=class_) if any(content) else Markup()


def code(text: str, class_: str | None = None) -> Markup:
    """A name, a digest or a command, to be copied."""
    return element("code", text, class_=class_) if text else Markup()


def digest(text: str | None) -> Markup:
    """A digest in full: it is what a deployment is pinned to."""
    return code(text, "digest") if text else element("span", "does not exist", class_="quiet")


def badge(text: str, tone: str) -> Markup:
    """A word in a colour; the word alone says what it means."""
    return element("span", text, class_=f"badge {tone}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", class_: str | None = None) -> Markup:
    """A table whose rows become blocks on a narrow screen, each cell behind its column's name; nothing without rows."""
    if not rows:
        return Markup()
    return element(
        "table",
        *([element("caption", caption)] if caption else []),
        element("thead", element("tr", *(element("th", name, scope="col") for name in head))),
        element("tbody", *(_row(head, cells) for cells in rows)),
        class_=class_,
    )


def _row(head: Sequence[str], cells: Sequence[str]) -> Markup:
    first, *others = cells
    labelled = zip(others, ("" if isinstance(name, Markup) else name for name in head[1:]), strict=True)
    return element(
        "tr",
        element("th", first, scope="row"),
        *(element("td", cell, data_label=name or None) for cell, name in labelled),
    )
