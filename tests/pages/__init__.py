"""The pages of ``.github/docs`` that are made from the code: ``invoke dev.docs`` writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.pages import commands, keys, messages, registries

DOCS = Path(__file__).parents[2] / ".github" / "docs"
PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands.page,
    "keys.md": keys.page,
    "messages.md": messages.page,
    "registries.md": registries.page,
}
STALE = "run: invoke dev.docs"
