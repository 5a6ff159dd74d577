"""What a build's progress (``--progress plain``) says of its cache: its faults, and whether anything else failed."""

from __future__ import annotations

import re
from collections.abc import Iterable

_STEP = re.compile(r"#([1-9]\d*) (?!ERROR|DONE|CACHED|CANCELED|WARN|\.\.\.)(.*)")
_ERROR = re.compile(r"#(\d+) ERROR: (.*)")
_CACHE = ("importing cache", "exporting cache")
_REFUSED = re.compile(r"denied|unauthorized|authorization|authentication|insufficient|\b40[13]\b", re.IGNORECASE)
# buildx itself on a folder that is not there: the first build of a machine.
_NEW = ("not found", "no such file or directory")


def cache_faults(lines: Iterable[str]) -> list[str]:
    """Each fault of the cache: what was tried, and why it did not work. That there is no cache yet is none."""
    found = [f"{name}: {why}" for name, why in _errors(lines) if name.startswith(_CACHE)]
    return [fault for fault in dict.fromkeys(found) if not (fault.startswith(_CACHE[0]) and fault.endswith(_NEW))]


def failed_before_a_step(lines: Iterable[str]) -> bool:
    """Whether no step failed but those of the cache: then the cache may be what failed."""
    return all(name.startswith(_CACHE) for name, _ in _errors(lines))


def failed_to_push(lines: Iterable[str]) -> bool:
    """Whether all was built and a registry did not take it, for another reason than that we may not.

    Seen with distribution 2.8 where two targets push one blob in the same moment: ``provided digest did not match``.
    """
    why = push_fault(lines)
    return bool(why) and not is_refused(why)


def push_fault(lines: Iterable[str]) -> str:
    """Why a registry did not take what was built, where to included; nothing where that is not how the build ended."""
    _, pushed, why = "\n".join(lines).rpartition("failed to solve: failed to push ")
    return why if pushed else ""


def is_refused(why: str) -> bool:
    """Whether a registry's words say that we may not."""
    return _REFUSED.search(why) is not None


def is_foreign_program(lines: Iterable[str]) -> bool:
    """Whether the kernel refused a program of another platform: ``exec /bin/sh: exec format error``."""
    return any("exec format error" in line for line in lines)


def _errors(lines: Iterable[str]) -> list[tuple[str, str]]:
    """The failed steps, each by the first line that it wrote, which is its name."""
    names: dict[str, str] = {}
    errors = []
    for line in lines:
        if found := _ERROR.match(line):
            errors.append((names.get(found.group(1), ""), found.group(2).strip()))
        elif found := _STEP.match(line):
            names.setdefault(found.group(1), found.group(2).strip())
    return errors
