"""Wording shared by all commands."""

from __future__ import annotations

# For status, history, release and rollback in a project without a ledger.
NO_LEDGER = "none is kept (ledger = false)"
_UNITS = ("B", "KB", "MB", "GB", "TB")


def counted(number: int, thing: str, things: str = "") -> str:
    """``1 file``, ``2 files``; ``things`` is an irregular plural."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"


def megabytes(size: int) -> str:
    """Bytes as people read them: ``1.5 MB``."""
    value, unit = float(size), 0
    while value >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 -- SI
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"
