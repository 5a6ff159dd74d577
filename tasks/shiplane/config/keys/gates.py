"""Gates as the project file names them: one table for each kind."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from shiplane.config.gate import Gate, GateKind
from shiplane.config.keys.texts import COMMAND, INVISIBLE, LINE_FORM, SECONDS, split_command
from shiplane.core.errors import UsageError
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, OneOf, Table
from shiplane.core.schema.values import Array, Number, ScalarText, Text
from shiplane.registry.oci.names import PORT_FORM

# What --skip means by these names; a gate of such a name could not be told apart.
RESERVED_CHECKS = ("access", "build", "gates", "smoke")
_MAX_NAME = 80
_HOURS = Number(above=0)
_LINE = Text(pattern=LINE_FORM, problem="is empty, or has control characters")
_NAME = Text(
    pattern=rf"(?!(?:{'|'.join(RESERVED_CHECKS)})$){LINE_FORM}",
    problem="is empty, has control characters, or is a name that --skip understands as something else",
)


def _command(text: str) -> str:
    """A command that stays as it is written: it is shown in one line, and split when it is run."""
    if not _LINE.fits(text):
        raise UsageError("the command is empty, or has control characters")
    split_command(text)
    return text


def _url(text: str) -> str:
    remedy = "Expected one like https://example.org/health."
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise UsageError("that is no http or https URL", remedy=remedy) from error
    if not known or " " in text:
        raise UsageError("that is no http or https URL", remedy=remedy)
    if parts.username is not None or parts.password is not None:
        raise UsageError("the URL has a user name or a password in it, which a file must not hold")
    return text


_COMMAND = Text(pattern=rf"(?=[^{INVISIBLE}]*$(?!\n)){COMMAND.pattern}", parse=_command)
_URL = Text(
    pattern=rf"[Hh][Tt][Tt][Pp][Ss]?://(?:\[[0-9A-Fa-f:.]+\]|[^{INVISIBLE} /?#@:\[\]\\]+)(?::(?:{PORT_FORM})?)?"
    rf"(?:[/?#][^{INVISIBLE} ]*)?",
    problem="is no http or https URL",
    parse=_url,
    shown=False,
)


def _table(kind: GateKind, target: Key, timeout: Key, **more: Key) -> Table:
    """The table of one kind of gate; the key of its kind holds what is asked."""

    def make(*, target: str, **given: Any) -> Gate:  # noqa: ANN401 -- a gate's fields
        return Gate(**{"name": target[:_MAX_NAME], "timeout": timeout.default, **given}, kind=kind, target=target)

    keys = {"name": _NAME_KEY, "target": target, "timeout": timeout, **more}
    return Table(f"{kind.value}-gate", f"A gate of the kind {kind.value}.", make, partial(dict, keys))


_NAME_KEY = Key(
    "What it is called in the story, in the evidence and by --skip; the target itself by default. "
    f"{', '.join(RESERVED_CHECKS[:-1])} and {RESERVED_CHECKS[-1]} are taken.",
    _NAME,
    "name",
)
GATE = OneOf(
    {
        "command": _table(
            GateKind.COMMAND,
            Key(
                "The command, split as a shell would, run without a shell and without any credential.",
                _COMMAND,
                "command",
                required=True,
            ),
            Key("After so many seconds it is ended, and not green.", SECONDS, "timeout-seconds", default=900),
        ),
        "http": _table(
            GateKind.HTTP,
            Key("A health URL; redirects are not followed.", _URL, "http", required=True),
            Key(
                "Within so many seconds it has to be green; outages and 5xx are tried again until then.",
                SECONDS,
                "timeout-seconds",
                default=10,
            ),
            # RFC 9110 section 15
            status=Key(
                "The HTTP status that means green.", Number(whole=True, least=100, most=599), "status", default=200
            ),
            field=Key(
                "A field of the JSON answer that has to be there; dots lead into objects.",
                Text(pattern=r"[\s\S]+", problem="is empty"),
                "field",
            ),
            value=Key("What that field has to be.", ScalarText(), "value", needs="field"),
        ),
        "github": _table(
            GateKind.GITHUB,
            Key(
                "Name of a check run or a workflow that has to be green for this very commit.",
                _LINE,
                "github",
                required=True,
            ),
            Key("How long a pending check is waited for.", Number(least=0), "timeout-seconds", default=0),
            max_age_hours=Key("How old the green result may be.", _HOURS, "max-age-hours"),
        ),
    }
)
GATES = Array(of=GATE)


def check_names(gates: Iterable[Gate], place: Location) -> None:
    """Refuse gates that --skip could not tell apart.

    Raises:
        ConfigurationError: Two have one name, or one has by default a name that means something else.
    """
    names = [gate.name for gate in gates]
    for name in names:
        if names.count(name) > 1:
            raise place.error(f"have the name {name[:40]!a} twice")
        if name in RESERVED_CHECKS:
            raise place.error(f"have the name {name!a}, which --skip understands as something else")
