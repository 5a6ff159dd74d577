"""Figures, not tests: what releases, checks and rollbacks cost, beside the commands that do the same by hand."""
