"""Processes that a test started by way of others."""

from __future__ import annotations

import time
from pathlib import Path


def has_ended(process: int) -> bool:
    """Whether a process ends within seconds; a killed orphan may wait for its new parent."""
    for _ in range(100):
        try:
            stat = Path(f"/proc/{process}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False
