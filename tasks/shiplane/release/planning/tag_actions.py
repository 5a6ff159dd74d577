"""What a release does to a tag."""

from __future__ import annotations

from enum import Enum


class VersionTagAction(Enum):
    """What happens to a version tag."""

    CREATE = "create"
    ADOPT = "adopt"


class FloatingTagAction(Enum):
    """What happens to a floating tag."""

    MOVE = "move"
    UNCHANGED = "already there"
    LEAVE = "leave"
