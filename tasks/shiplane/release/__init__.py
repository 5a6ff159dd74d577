"""A release, from its plan to its result."""
