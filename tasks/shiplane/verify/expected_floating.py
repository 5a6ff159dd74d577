"""Decide whether a floating tag has to be at a version, and where that comes from. Pure."""

from __future__ import annotations

from shiplane.config.lane import Lane
from shiplane.config.setting import LATEST_GIVEN, RECORDED, Setting
from shiplane.config.version import Version
from shiplane.ledger.ledger import Ledger


def expects_floating(lane: Lane, version: Version, requested: Setting[bool], ledger: Ledger) -> Setting[bool]:
    """Whether the lane's floating tag has to be at this version, or at a higher one since.

    The record goes before the lane's default: a publish with ``--latest`` moves the tag although the default is no, and
    a rollback moves it away although the default is yes.

    Args:
        lane: The lane with its adopted tags.
        version: The version.
        requested: What a flag, a variable or the lane's default says.
        ledger: The lane's ledger; empty where none is kept.
    """
    tag, position = lane.tag_of(version), ledger.position(lane.floating)
    if version.is_prerelease:
        return Setting(value=False, source="a pre-release")
    if tag in ledger.marks:
        return Setting(value=False, source="marked as bad")
    if requested.source in LATEST_GIVEN:
        return requested
    if position or ledger.published(tag):
        return Setting(position is not None and position.release == version, RECORDED)
    return requested
