"""Whole lanes: every version, the floating tag and the ledger together."""
