"""A ledger as one piece, as small ones are stored."""

from __future__ import annotations

from shiplane.ledger.ledger import Ledger


def content_of(ledger: Ledger) -> bytes:
    """Its lines, each with its line feed."""
    return b"".join(line + b"\n" for line in ledger.lines)
