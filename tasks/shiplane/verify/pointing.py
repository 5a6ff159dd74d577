"""Whether a floating tag has to be at a version, and who says so. Pure."""

from __future__ import annotations

from shiplane.config.lane import Lane
from shiplane.config.settings import LATEST_GIVEN, RECORDED, Setting
from shiplane.config.version import Version
from shiplane.ledger.ledger import Ledger


def expects_floating(lane: Lane, version: Version, asked: Setting[bool], ledger: Ledger) -> Setting[bool]:
    """Whether the lane's floating tag has to be at this version, or at a higher one since.

    What was recorded goes before the lane's own default: a publish with ``--latest`` moves the tag although the default
    is no, and a rollback takes it away although the default is yes.

    Args:
        lane: Which lane, with what is known of adopted versions.
        version: The version that is looked at.
        asked: What was asked for: by a flag or a variable, or else the lane's default.
        ledger: What was recorded; an empty one where no ledger is kept.
    """
    tag, position = lane.tag_of(version), ledger.position(lane.floating)
    if version.is_prerelease:
        return Setting(value=False, source="a pre-release")
    if tag in ledger.marks:
        return Setting(value=False, source="marked as bad")
    if asked.source in LATEST_GIVEN:
        return asked
    if position or ledger.published(tag):
        return Setting(position is not None and position.release == version, RECORDED)
    return asked
