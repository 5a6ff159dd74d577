"""The first lines of a generated workflow: which project it belongs to, and a digest that tells manual changes."""

from __future__ import annotations

import hashlib
import re

from shiplane.workflows.action_pins import without_pins

_SIGN = "# sha256 of what follows"
# Others keep the pins up to date. Version 0.1 did not have this digest.
_PINLESS = ", each action by its name alone"
_SIGNED = re.compile(rf"(?:#[^\n]*\n)*?{_SIGN}: ([0-9a-f]{{64}})(?:{_PINLESS}: ([0-9a-f]{{64}}))?\n(.*)", re.DOTALL)
_HEAD = "# Written by `{program} workflow.write` from {source}. Change that, and write it again.\n"
_SOURCE = re.compile(r"^# Written by `[^`\n]*` from the configuration in ([^\s]+)\. Change that,", re.MULTILINE)


def signed(text: str, program: str, folder: str) -> str:
    """A workflow with its first lines."""
    source = f"the configuration in {folder}" if folder else "the project's configuration"
    digests = f"{_SIGN}: {_digest(text)}{_PINLESS}: {_digest(without_pins(text))}"
    return f"{_HEAD.format(program=program, source=source)}{digests}\n{text}"


def was_changed_by_hand(text: str) -> bool:
    """Whether a workflow was changed since it was generated, its actions' pins aside, or is not ours."""
    match = _SIGNED.fullmatch(text)
    return not is_as_written(text) and (match is None or match[2] != _digest(without_pins(match[3])))


def is_as_written(text: str) -> bool:
    """Whether nobody changed a workflow since it was generated."""
    match = _SIGNED.fullmatch(text)
    return match is not None and match[1] == _digest(match[3])


def unsigned(text: str) -> str:
    """A workflow without the line of its digests."""
    return re.sub(rf"^{_SIGN}.*\n", "", text, count=1, flags=re.MULTILINE)


def is_ours(text: str) -> bool:
    """Whether we generated a workflow, possibly changed since."""
    return f"\n{_SIGN}" in text[:1000]


def folder_of(text: str) -> str | None:
    """The folder of the project that a workflow was generated for, empty at the repository's root; None if not ours."""
    match = _SOURCE.search(text[:1000])
    return (match[1] if match else "") if is_ours(text) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
