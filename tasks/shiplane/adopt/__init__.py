"""Versions that other tools published, taken into the ledger."""
