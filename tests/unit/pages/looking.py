"""What a browser measures of a page that it shows: what is too wide, and which texts cannot be read."""

from __future__ import annotations

from typing import Any

from tests.rig.browser import Browser

# Texts by their lines as they are drawn. The colour behind a text is that of the nearest element that has one, in a
# picture that of the last shape before the text which holds its middle. Contrast is computed as in WCAG 2.2.
_MEASURE = """(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const shown = (colour) => colour !== "none" && (parse(colour)[3] ?? 1) > 0;
  const linear = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const boxes = [...document.querySelectorAll("svg rect")];
  const holds = (box, x, y) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
  const behind = (element, rect) => {
    const [x, y] = [(rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2];
    const box = boxes.filter((each) => holds(each.getBoundingClientRect(), x, y)).pop();
    if (box) return parse(getComputedStyle(box).fill);
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (shown(colour)) return parse(colour);
    }
    return [255, 255, 255];
  };
  const hidden = new Set(["style", "title", "desc", "script", "head"]);
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  const texts = [];
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement, words = node.data.trim();
    const folded = element.closest("thead")?.getBoundingClientRect().width < 2;
    if (!words || folded || hidden.has(element.localName)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rect = element instanceof SVGElement ? element.getBoundingClientRect() : range.getBoundingClientRect();
    const style = getComputedStyle(element);
    const colour = parse(element instanceof SVGElement ? style.fill : style.color);
    const place = [rect.left, rect.top, rect.right, rect.bottom];
    texts.push({ words, place, contrast: contrast(colour, behind(element, rect)) });
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return { texts, dark, width: innerWidth, across: document.documentElement.scrollWidth };
})()"""
# Of WCAG 2.2, 1.4.3; and half a pixel, since places are rounded.
_ENOUGH, _ROUNDED = 4.5, 0.5


def measured(browser: Browser) -> dict[str, Any]:
    """The page's texts with their places (left, top, right, bottom) and contrasts, its width and the window's."""
    seen: dict[str, Any] = browser.evaluate(_MEASURE)
    return seen


def faint(seen: dict[str, Any]) -> list[tuple[str, float]]:
    """The texts whose contrast is too low."""
    return [(text["words"], text["contrast"]) for text in seen["texts"] if text["contrast"] < _ENOUGH]


def outside(seen: dict[str, Any]) -> list[str]:
    """The texts that go beyond the window, to the left or to the right."""
    right = seen["width"] + _ROUNDED
    return [text["words"] for text in seen["texts"] if text["place"][0] < -_ROUNDED or text["place"][2] > right]


def overlapping(seen: dict[str, Any]) -> list[tuple[str, str]]:
    """The texts of a picture that are drawn over each other."""
    texts = seen["texts"]
    return [
        (one["words"], other["words"])
        for number, one in enumerate(texts)
        for other in texts[number + 1 :]
        if _overlap(one["place"], other["place"])
    ]


def _overlap(one: list[float], other: list[float]) -> bool:
    """Whether two places have more than a pixel in common, in both directions."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 1 and down > one[3] - one[1] - 1 > 0
