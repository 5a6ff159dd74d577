"""What tests ask of a lane."""

from __future__ import annotations

from shiplane.config.lane import Lane
from shiplane.registry.oci.names import Tag


def widest(lane: Lane) -> Tag:
    """The floating tag whose range is all versions: ``latest``."""
    return lane.floating_tags_among(())[-1].tag
