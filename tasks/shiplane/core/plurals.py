"""Wording shared by all commands."""

from __future__ import annotations

# For status, history, release and rollback in a project without a ledger.
NO_LEDGER = "none is kept (ledger = false)"


def counted(number: int, thing: str, things: str = "") -> str:
    """``1 file``, ``2 files``; ``things`` is an irregular plural."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"
