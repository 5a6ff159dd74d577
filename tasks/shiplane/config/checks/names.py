"""What ``--skip`` names: the checks of a release that have a name of their own, and what others may be called."""

from __future__ import annotations

from shiplane.config.keys.texts import LINE_FORM
from shiplane.core.schema.tables import Key
from shiplane.core.schema.values import Text

ANNOUNCE_CHECK = "announce"
GITHUB_RELEASE_CHECK = "github-release"
VARIABLES_CHECK = "variables"
# Reserved by --skip: a gate of such a name would be ambiguous.
RESERVED_CHECKS = ("access", ANNOUNCE_CHECK, "build", "checks", "gates", GITHUB_RELEASE_CHECK, "smoke", VARIABLES_CHECK)
MAX_NAME = 80
_NAME = Text(
    pattern=rf"(?!(?:{'|'.join(RESERVED_CHECKS)})$){LINE_FORM}",
    problem="is empty, has control characters, or is reserved by --skip",
)
NAME_KEY = Key(
    "Name in the output, in the evidence and for --skip. Default: the target. "
    f"{', '.join(RESERVED_CHECKS[:-1])} and {RESERVED_CHECKS[-1]} are reserved.",
    _NAME,
    "name",
)
