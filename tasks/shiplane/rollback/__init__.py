"""Choosing a good version, moving back to it, marking bad ones."""
