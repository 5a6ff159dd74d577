"""Rehearsals in which the registry misbehaves."""
