"""Actions pinned by commit, with the version that a comment gives: ``uses: owner/name@<sha> # v1.2.3``.

Dependabot and Renovate write both anew. The comment alone says which of two pins is newer: nobody is asked whether the
commit is that version's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PIN = re.compile(
    r"^(?P<key> *(?:- )?uses: )(?P<pin>(?P<action>[\w.-]+/[\w./-]+)@[0-9a-f]{40}"
    r" +# *(?:tag=)?v?(?P<version>\d{1,6}(?:\.\d{1,6}){0,2}))$",
    re.ASCII | re.MULTILINE,
)


@dataclass(frozen=True)
class Pin:
    """One pin, as it stands behind ``uses:``, and the version in its comment."""

    text: str
    action: str
    version: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version's three numbers, for comparison."""
        numbers = [int(part) for part in self.version.split(".")]
        return (*numbers, 0, 0)[:3]


def newest_pins(text: str) -> dict[str, Pin]:
    """The newest pin of each action in a workflow; of two with the same version the first."""
    newest: dict[str, Pin] = {}
    for pin in _pins(text):
        if pin.action not in newest or pin.numbers > newest[pin.action].numbers:
            newest[pin.action] = pin
    return newest


def keep_newer(text: str, other: str) -> str:
    """A workflow with the pins of another one, where those are newer."""
    newest = newest_pins(other)

    def newer(match: re.Match[str]) -> str:
        own = _pin(match)
        theirs = newest.get(own.action, own)
        return f"{match['key']}{theirs.text}" if theirs.numbers > own.numbers else match[0]

    return _PIN.sub(newer, text)


def differs(text: str, rendered: str) -> bool:
    """Whether a workflow is another than the rendered one, apart from newer pins in some or all of its steps."""
    return keep_newer(text, text) != keep_newer(rendered, text)


def without_pins(text: str) -> str:
    """A workflow with the names of its actions alone."""
    return _PIN.sub(r"\g<key>\g<action>", text)


def _pins(text: str) -> Iterator[Pin]:
    return map(_pin, _PIN.finditer(text))


def _pin(match: re.Match[str]) -> Pin:
    return Pin(match["pin"], match["action"], match["version"])
