"""Actions pinned by commit, with the version that a comment gives: ``uses: owner/name@<sha> # v1.2.3``.

Dependabot and Renovate write both anew. The comment alone says which of two pins is newer: nobody is asked whether the
commit is that version's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Commits behind the version tags of the actions, each seen in several public repositories that pin by commit.
ACTIONS = {
    "CHECKOUT": "actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3",
    "PYTHON": "actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0",
    "QEMU": "docker/setup-qemu-action@06116385d9baf250c9f4dcb4858b16962ea869c3 # v4.1.0",
    "BUILDX": "docker/setup-buildx-action@bb05f3f5519dd87d3ba754cc423b652a5edd6d2c # v4.2.0",
    # cosign-installer 4 installs cosign 3.
    "COSIGN": "sigstore/cosign-installer@ba7bc0a3fef59531c69a25acd34668d6d3fe6f22 # v4.1.0",
    "UPLOAD": "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
    "DOWNLOAD": "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
}
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


def keep_newer(text: str, other: str) -> str:
    """A workflow with the pins of another one, where those are newer.

    Where both use an action equally often each step has its own pin, else all have the newest one, if that is newer
    than all of them. Of two commits of one version only the first is believed.
    """
    own, theirs = _by_action(text), _by_action(other)
    steps = {action: iter(range(len(pins))) for action, pins in own.items()}

    def newer(match: re.Match[str]) -> str:
        pin = _pin(match)
        found = _counterpart(own[pin.action], theirs.get(pin.action, []), next(steps[pin.action]))
        return f"{match['key']}{found.text}" if found.numbers > pin.numbers else match[0]

    return _PIN.sub(newer, text)


def added_pins(text: str, other: str) -> list[Pin]:
    """The pins of a workflow that another one does not have, each once."""
    return list(dict.fromkeys(pin for pin in _pins(text) if pin not in set(_pins(other))))


def without_pins(text: str) -> str:
    """A workflow with the names of its actions alone."""
    return _PIN.sub(r"\g<key>\g<action>", text)


def _by_action(text: str) -> dict[str, list[Pin]]:
    by_action: dict[str, list[Pin]] = {}
    for pin in _pins(text):
        by_action.setdefault(pin.action, []).append(pin)
    return by_action


def _counterpart(own: Sequence[Pin], theirs: Sequence[Pin], step: int) -> Pin:
    """The other workflow's pin for one of the steps that use an action; the own one where it has none."""
    if len(own) == len(theirs):
        return next(pin for pin in theirs if pin.numbers == theirs[step].numbers)
    newest = max(theirs, key=lambda pin: pin.numbers, default=own[step])
    return newest if all(newest.numbers > pin.numbers for pin in own) else own[step]


def _pins(text: str) -> Iterator[Pin]:
    return map(_pin, _PIN.finditer(text))


def _pin(match: re.Match[str]) -> Pin:
    return Pin(match["pin"], match["action"], match["version"])
