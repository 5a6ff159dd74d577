"""How a repository's git tags are made: from the patterns that start its workflows, and from those that are there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from shiplane.config.names.version_schemes import Scheme
from shiplane.config.names.version_tag import GIT_TAG, PLACEHOLDER
from shiplane.config.version import Version
from shiplane.core.errors import UsageError

_LITERAL = re.compile(r"[^*?+\[\]()!\\]*")
_NUMBERED = re.compile(r"(.*?)((?<![0-9])[0-9]+(?:\.[0-9]+)+.*)")


def form_of_pattern(pattern: str) -> str:
    """The form of the git tags that a filter of GitHub's lets through; empty where it lets any through."""
    if pattern.startswith("!") or not pattern.strip("*"):
        return ""
    literal = _LITERAL.match(pattern)
    form = f"{(literal[0] if literal else '').rstrip('0123456789.')}{PLACEHOLDER}"
    return form if GIT_TAG.fits(form) else ""


def forms_of_tags(tags: Iterable[str]) -> list[str]:
    """The forms of the git tags that name versions, the most used first."""
    counts = Counter(match[1] for tag in tags if (match := _NUMBERED.fullmatch(tag)))
    forms = [f"{before}{PLACEHOLDER}" for before, _ in counts.most_common()]
    return [form for form in forms if GIT_TAG.fits(form)]


def versions_among(tags: Iterable[str], form: str) -> list[str]:
    """What stands for the version in those tags that have a form."""
    before = form.removesuffix(PLACEHOLDER)
    rest = (tag.removeprefix(before) for tag in tags if tag.startswith(before))
    return [text for text in rest if text[:1].isdecimal()]


def scheme_of(versions: Sequence[str]) -> Scheme:
    """The scheme that reads the most of these versions; of those that read as many, the first of the three."""
    return max(Scheme, key=lambda scheme: sum(version_of(text, scheme) is not None for text in versions))


def version_of(text: str, scheme: Scheme) -> Version | None:
    """The version that a text is by a scheme, or None."""
    try:
        return Version.parse(text, scheme)
    except UsageError:
        return None
