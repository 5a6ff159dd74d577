from __future__ import annotations

from tests.rig.fixtures import rig, sample

__all__ = ["rig", "sample"]
