"""A lane's floating tags in the project file: one text, a list of texts and tables, or false for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Array, Choice, Either, Text

# As a tag (OCI distribution-spec, "Pulling manifests"), with {major}, or {major} and {minor}; next to them no digit.
_FORM = (
    r"(?![.-])(?:[a-zA-Z0-9._-]{1,128}"
    r"|[a-zA-Z0-9._-]{0,31}\{major\}(?:[a-zA-Z._-]{1,20}\{minor\})?(?:[a-zA-Z._-][a-zA-Z0-9._-]{0,31})?)"
)
_REMEDY = (
    "Expected a tag, or one with {major}, or with {major} and then {minor}, as in latest, v{major}, v{major}.{minor}."
)
# The letters that a pre-release begins with: rc of 1.0.0-rc.1.
_KIND = Text(
    pattern="[A-Za-z]{1,20}", problem="is not a kind of pre-release", remedy="Letters only: rc for 1.0.0-rc.1."
)


def _template(parse: Callable[[str], Any] | None) -> Text:
    return Text(pattern=_FORM, problem="is not a floating tag", remedy=_REMEDY, parse=parse)


_TABLE = Table(
    "floating-tag",
    "A floating tag that moves to some pre-releases too.",
    lambda tag, prereleases=(): FloatingTemplate(text=tag, prereleases=frozenset(prereleases)),
    lambda: {
        "tag": Key("The tag.", _template(None), "tag", required=True),
        "prereleases": Key(
            "Kinds of pre-release that it moves to, besides releases: rc, beta.",
            Array(of=_KIND, unique=True),
            "prereleases",
        ),
    },
)
FLOATING = Either(
    (
        _template(lambda text: (FloatingTemplate(text=text),)),
        Choice(((False, ()),)),
        Array(of=Either((_template(lambda text: FloatingTemplate(text=text)), _TABLE)), unique=True, least=1),
    )
)
