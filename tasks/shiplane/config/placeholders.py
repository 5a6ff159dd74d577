"""Placeholders in values of the project file: ``{version}`` stands for the version that is released.

Only a lower-case name in braces is one, so that JSON, ``${HOME}`` and ``{{ .Version }}`` are what they are; a further
pair of braces makes a name plain text: ``{{version}}`` is ``{version}``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from shiplane.core.errors import UsageError

PLACEHOLDERS = ("version", "commit", "created", "git-tag", "lane")
_NAME = "[a-z][a-z0-9_-]{0,30}"
# A shell's variable in lower case is refused rather than half replaced: ${version} would become $0.2.1.
_FORM = re.compile(rf"\{{(?P<plain>\{{{_NAME}\}})\}}|(?P<given>\$?\{{(?P<name>{_NAME})\}})")


def check_placeholders(text: str, known_names: Collection[str] = PLACEHOLDERS) -> str:
    """A value that contains no other placeholders than those that are known.

    Raises:
        UsageError: It contains another one.
    """
    for match in _FORM.finditer(text):
        if match["given"] and match["given"].removeprefix("{").removesuffix("}") not in known_names:
            known = ", ".join(f"{{{name}}}" for name in known_names)
            raise UsageError(
                f"{match['given']} is not a placeholder",
                remedy=f"Known are {known}. For the text {match['given']} itself: "
                f"{match['given'].replace('{', '{{').replace('}', '}}')}.",
            )
    return text


def resolve_placeholders(text: str, values: Mapping[str, str]) -> str:
    """A checked value with what its placeholders stand for."""
    return _FORM.sub(lambda match: match["plain"] or values[match["name"]], text)
