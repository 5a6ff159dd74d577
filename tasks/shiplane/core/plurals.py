"""Words that every command says in the same way."""

from __future__ import annotations

# What status, history, a release and a rollback say where the project keeps no ledger.
NO_LEDGER = "none is kept (ledger = false)"


def counted(number: int, thing: str, things: str = "") -> str:
    """``1 file``, ``2 files``; ``things`` where the plural is another one."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"
