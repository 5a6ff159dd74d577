"""What ``--skip`` names: the checks of a release that have a name of their own, and what others may be called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from shiplane.config.keys.texts import LINE_FORM
from shiplane.core.schema.location import Location
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


class Named(Protocol):
    """What a name skips."""

    @property
    def name(self) -> str:
        """The name."""


def check_skip_names(named: Iterable[Named], location: Location, gates: Collection[str] = ()) -> None:
    """Refuse names that are ambiguous for --skip; some are that by default.

    Args:
        named: Gates or checks.
        location: Where they are configured.
        gates: The names of gates, which a check must not have.

    Raises:
        ConfigurationError: Two have one name, or one has a name that means something else.
    """
    names = [each.name for each in named]
    for name in names:
        if names.count(name) > 1:
            raise location.error(f"have the name {name[:40]!a} twice")
        if name in gates:
            raise location.error(f"have the name {name[:40]!a}, which is a gate's")
        if name in RESERVED_CHECKS:
            raise location.error(f"have the name {name!a}, which is reserved by --skip")


def skippable(gates: Iterable[Named], checks: Mapping[str, Iterable[Named]]) -> list[str]:
    """The names of all that can be skipped: the built-in checks, the gates, and each lane's own checks."""
    own = (check.name for of_lane in checks.values() for check in of_lane)
    return [*RESERVED_CHECKS, *(gate.name for gate in gates), *dict.fromkeys(own)]
