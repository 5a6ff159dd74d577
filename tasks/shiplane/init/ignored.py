"""The lines that a ``.gitignore`` needs, so that running the tasks leaves the tree clean."""

from __future__ import annotations

_NEEDED = "__pycache__/"
_SAME = {_NEEDED, "__pycache__", "**/__pycache__", "**/__pycache__/", "*.pyc", "*.py[co]", "*.py[cod]", "*.py[codz]"}


def with_needed_lines(text: str) -> str:
    """The file with what it lacks added at its end."""
    if _SAME & {line.strip() for line in text.splitlines()}:
        return text
    return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{_NEEDED}\n"
