"""Elements: nothing that is put into one becomes markup; and colours whose contrast is enough."""

from __future__ import annotations

import pytest

from shiplane.pages.colours import COLOURS, READ_ON
from shiplane.pages.elements import Markup, element, joined
from tests.unit.pages.reading import PageText
from tests.unit.pages.reports import EVIL

# Of WCAG 2.2, 1.4.3, for text of any size.
ENOUGH = 4.5
BACKGROUNDS = [(ground, text) for ground, texts in READ_ON.items() for text in texts]


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = element("b", EVIL)
    assert inner == "<b>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;</b>"
    assert joined(["a < b", inner], " & ") == f"a &lt; b &amp; {inner}"


def test_an_attribute_is_escaped_whatever_it_is() -> None:
    assert element("i", title=Markup('"><b>')) == '<i title="&quot;&gt;&lt;b&gt;"></i>'


def test_attributes_have_the_names_of_html_and_short_numbers() -> None:
    shown = element("path", class_="a", stroke_width=2.0, x=1 / 3, text_anchor=None)
    assert shown == '<path class="a" stroke-width="2" x="0.3"></path>'


def test_signs_that_show_nothing_or_turn_text_around_are_gone() -> None:
    assert element("p", "a\x00b\u202ec\ud800\nd") == "<p>a b c \nd</p>"


@pytest.mark.parametrize("text", [EVIL, "</p>", "<!--", "-->", "]]>", "&lt;", '"', "'", "<p", "<?x", "\\"])
def test_no_text_and_no_attribute_can_end_its_element(text: str) -> None:
    reader = PageText()
    reader.feed(element("p", text, data_x=text))
    reader.close()
    assert (reader.open, reader.names, reader.text) == ([], {"p"}, f"{text} ")


def luminance(colour: str) -> float:
    """The relative luminance of a colour, #rrggbb (WCAG 2.2)."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """From 1 for the same colour to 21 for black on white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_the_guidelines_do() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_ground(scheme: int) -> None:
    assert COLOURS.keys() >= READ_ON.keys()
    ratios = {(ground, text): contrast(COLOURS[ground][scheme], COLOURS[text][scheme]) for ground, text in BACKGROUNDS}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < ENOUGH} == {}
