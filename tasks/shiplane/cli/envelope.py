"""What stands around each JSON document that a task writes with ``--json``."""

from __future__ import annotations

from typing import Annotated, TypedDict


class FailureJson(TypedDict):
    """What went wrong."""

    kind: Annotated[
        str,
        "The situation: usage, configuration, prerequisite, build, access, refused, verification, unreachable, "
        "lost-race; error for anything else.",
    ]
    what: Annotated[str, "What happened, to which object."]
    remedy: Annotated[str, "What to do, or nothing."]


class OutcomeJson(TypedDict):
    """How a task ended."""

    ok: Annotated[bool, "Whether the exit code is 0."]
    exit: Annotated[int, {"most": 255}, "The exit code."]


ClosingJson = Annotated[list[str], "What is public now, what is safe, the one next command."]


class EndingJson(TypedDict, total=False):
    """What is said where it did not end well."""

    error: FailureJson
    closing: ClosingJson
