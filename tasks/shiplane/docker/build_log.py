"""Errors in a build log (``--progress plain``): of the cache, of a push, or of a step."""

from __future__ import annotations

import re
from collections.abc import Iterable

_STEP = re.compile(r"#([1-9]\d*) (?!ERROR|DONE|CACHED|CANCELED|WARN|\.\.\.)(.*)")
_ERROR = re.compile(r"#(\d+) ERROR: (.*)")
_CACHE = ("importing cache", "exporting cache")
_REFUSED = re.compile(r"denied|unauthorized|authorization|authentication|insufficient|\b40[13]\b", re.IGNORECASE)
# buildx's message for a missing cache folder, as on the first build.
_NEW = ("not found", "no such file or directory")


def cache_errors(lines: Iterable[str]) -> list[str]:
    """Errors of the cache, each with its step; a missing cache is none."""
    errors = [f"{name}: {reason}" for name, reason in _errors(lines) if name.startswith(_CACHE)]
    return [error for error in dict.fromkeys(errors) if not (error.startswith(_CACHE[0]) and error.endswith(_NEW))]


def failed_before_a_step(lines: Iterable[str]) -> bool:
    """Whether only cache steps failed, so that the cache may be the cause."""
    return all(name.startswith(_CACHE) for name, _ in _errors(lines))


def failed_to_push(lines: Iterable[str]) -> bool:
    """Whether the build succeeded and the push failed, for another reason than missing permission.

    Seen with distribution 2.8 where two targets push one blob in the same moment: ``provided digest did not match``.
    """
    reason = push_error(lines)
    return bool(reason) and not is_refused(reason)


def push_error(lines: Iterable[str]) -> str:
    """Why the push failed, with its destination; empty if the build did not end with that."""
    _, pushed, reason = "\n".join(lines).rpartition("failed to solve: failed to push ")
    return reason if pushed else ""


def is_refused(reason: str) -> bool:
    """Whether a registry's message means missing permission."""
    return _REFUSED.search(reason) is not None


def is_foreign_program(lines: Iterable[str]) -> bool:
    """Whether a program of another platform could not be run: ``exec /bin/sh: exec format error``."""
    return any("exec format error" in line for line in lines)


def _errors(lines: Iterable[str]) -> list[tuple[str, str]]:
    """The failed steps, each with its name (its first line) and error."""
    names: dict[str, str] = {}
    errors = []
    for line in lines:
        if match := _ERROR.match(line):
            errors.append((names.get(match.group(1), ""), match.group(2).strip()))
        elif match := _STEP.match(line):
            names.setdefault(match.group(1), match.group(2).strip())
    return errors
