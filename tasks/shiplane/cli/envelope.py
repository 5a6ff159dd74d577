"""The fields around each JSON document that a task writes with ``--json``."""

from __future__ import annotations

from typing import Annotated, TypedDict


class FailureJson(TypedDict):
    """What went wrong."""

    kind: Annotated[
        str,
        "The kind of failure: usage, configuration, prerequisite, build, access, refused, verification, unreachable, "
        "lost-race; error for anything else.",
    ]
    what: Annotated[str, "What failed, and on which object."]
    remedy: Annotated[str, "How to fix it; may be empty."]


class OutcomeJson(TypedDict):
    """How a task ended."""

    ok: Annotated[bool, "Whether the exit code is 0."]
    exit: Annotated[int, {"most": 255}, "The exit code."]


ClosingJson = Annotated[list[str], "What is public now, what is safe, and the next command."]


class EndingJson(TypedDict, total=False):
    """Added when a task fails."""

    error: FailureJson
    closing: ClosingJson
