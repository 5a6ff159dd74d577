"""Gates as the project file names them: one table for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from shiplane.config.checks.names import MAX_NAME, NAME_KEY
from shiplane.config.gate import Gate, GateKind
from shiplane.config.keys.texts import LINE, ONE_LINE_COMMAND, SECONDS, VARIABLES
from shiplane.core.errors import UsageError
from shiplane.core.schema.tables import Key, OneOf, Table
from shiplane.core.schema.values import Array, Boolean, Number, ScalarText, Text
from shiplane.core.text import INVISIBLE
from shiplane.registry.oci.names import PORT_FORM

_HOURS = Number(above=0)


def _url(text: str) -> str:
    remedy = "Example: https://example.org/health."
    try:
        parts = urlsplit(text)
        is_http = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise UsageError("not an http or https URL", remedy=remedy) from error
    if not is_http or " " in text:
        raise UsageError("not an http or https URL", remedy=remedy)
    if parts.username is not None or parts.password is not None:
        raise UsageError("the URL contains a user name or password, which must not be in a file")
    return text


_URL = Text(
    pattern=rf"[Hh][Tt][Tt][Pp][Ss]?://(?:\[[0-9A-Fa-f:.]+\]|[^{INVISIBLE} /?#@:\[\]\\]+)(?::(?:{PORT_FORM})?)?"
    rf"(?:[/?#][^{INVISIBLE} ]*)?",
    problem="is not an http or https URL",
    parse=_url,
    shown=False,
)


def _table(kind: GateKind, target: Key, timeout: Key, **more: Key) -> Table:
    """The table of one kind of gate; the key of its kind holds what is asked."""

    def make(*, target: str, **given: Any) -> Gate:  # noqa: ANN401 -- a gate's fields
        return Gate(**{"name": target[:MAX_NAME], "timeout": timeout.default, **given}, kind=kind, target=target)

    keys = {"name": NAME_KEY, "target": target, "timeout": timeout, **more}
    return Table(f"{kind.value}-gate", f"A gate of kind {kind.value}.", make, partial(dict, keys))


GATE = OneOf(
    {
        "command": _table(
            GateKind.COMMAND,
            Key(
                "The command, split like a shell command, run without a shell and without credentials.",
                ONE_LINE_COMMAND,
                "command",
                required=True,
            ),
            Key("Timeout in seconds; then the gate is not green.", SECONDS, "timeout-seconds", default=900),
            env=Key(
                "Variables that the command needs; each must be set. In a workflow each is the repository's secret of "
                "that name, or else its variable.",
                VARIABLES,
                "env",
            ),
        ),
        "http": _table(
            GateKind.HTTP,
            Key("A health URL; redirects are not followed.", _URL, "http", required=True),
            Key(
                "Timeout in seconds; outages and 5xx are retried until then.",
                SECONDS,
                "timeout-seconds",
                default=10,
            ),
            # RFC 9110 section 15
            status=Key(
                "The HTTP status that means green.", Number(whole=True, least=100, most=599), "status", default=200
            ),
            field=Key(
                "Field of the JSON response that must exist; dots descend into objects.",
                Text(pattern=r"[\s\S]+", problem="is empty"),
                "field",
            ),
            value=Key("Required value of that field.", ScalarText(), "value", needs="field"),
        ),
        "github": _table(
            GateKind.GITHUB,
            Key(
                "Name of a check run or workflow that must be green for the commit.",
                LINE,
                "github",
                required=True,
            ),
            Key("How many seconds to wait for a pending check.", Number(least=0), "timeout-seconds", default=0),
            max_age_hours=Key("Maximum age of the green result in hours.", _HOURS, "max-age-hours"),
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class RollbackSettings:
    """What follows a rollback."""

    gates: Annotated[
        bool,
        Key(
            "Whether the gates are checked again once floating tags have moved back, for the commit that they are at "
            "now. The results are shown and recorded; they change neither the tags nor the exit code.",
            Boolean(),
        ),
    ] = False


ROLLBACK = Table.of(RollbackSettings, "rollback")
Gates: TypeAlias = tuple[Gate, ...]
GATES = Array(of=GATE)
