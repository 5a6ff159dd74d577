"""``announce`` of the project file: who is told of a release or a rollback, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Annotated, Any, TypeAlias, TypedDict

from shiplane.config.keys.texts import LINE, ONE_LINE_COMMAND, SECONDS, VARIABLE_FORM
from shiplane.core.schema.tables import Key, OneOf, Table
from shiplane.core.schema.values import Array, Choice, Text
from shiplane.registry.http.urls import parse_url
from shiplane.registry.oci.names import PORT_FORM

_MAX_NAME = 80
_REST = rf"(?::(?:{PORT_FORM}))?(?:/[!-\"$->@-\[\]-~]*)?(?:\?[!\"$-\[\]-~]*)?"
WEBHOOK = Text(
    pattern=rf"(?:https://(?:\[[0-9A-Fa-f:.]{{2,45}}\]|[A-Za-z0-9_.-]{{1,253}})|http://(?:localhost|127\.0\.0\.1)){_REST}",
    problem="is not an https URL, without user name, password and fragment",
    # It is a secret, mostly.
    shown=False,
)
VARIABLE = Text(pattern=VARIABLE_FORM, problem="is not the name of an environment variable")


class AnnouncementKind(Enum):
    """How somebody is told."""

    COMMAND = "command"
    WEBHOOK = "webhook"
    WEBHOOK_ENV = "webhook-env"


class AnnouncedEvent(Enum):
    """What somebody is told of."""

    RELEASE = "release"
    ROLLBACK = "rollback"


class PlannedAnnouncementJson(TypedDict):
    """An announcement that would be made."""

    name: Annotated[str, "Its name."]
    what: Annotated[str, "The command or the webhook, without a URL's path."]


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One configured announcement.

    Attributes:
        name: For people.
        kind: How it is made.
        target: The command, the URL, or the variable that holds the URL.
        timeout: Seconds for all of it.
        events: What it is about.
    """

    name: str
    kind: AnnouncementKind
    target: str
    timeout: float = 30.0
    events: tuple[AnnouncedEvent, ...] = (AnnouncedEvent.RELEASE,)

    def __str__(self) -> str:
        """What it does, without a URL's path: whoever has that can post there."""
        if self.kind is AnnouncementKind.WEBHOOK:
            url = parse_url(self.target)
            return f"webhook on {url.host if url else 'no host'}"
        return f"webhook in {self.target}" if self.kind is AnnouncementKind.WEBHOOK_ENV else f"command: {self.target}"


def _table(kind: AnnouncementKind, target: Key) -> Table:
    """The table of one kind; the key of its kind holds what is run or posted to."""

    def make(*, target: str, **given: Any) -> Announcement:  # noqa: ANN401 -- an announcement's fields
        unnamed = Announcement(
            name="", kind=kind, target=target, **{key: value for key, value in given.items() if key != "name"}
        )
        # The announcement's own description, where a URL would be its name.
        default = str(unnamed) if kind is AnnouncementKind.WEBHOOK else target
        return Announcement(**{**vars(unnamed), "name": given.get("name", default[:_MAX_NAME])})

    keys = {"name": _NAME, "target": target, "timeout": _TIMEOUT, "events": _EVENTS}
    return Table(f"{kind.value}-announcement", f"An announcement by {kind.value}.", make, partial(dict, keys))


_NAME = Key("Name in the output and the result. Default: what is run or posted to, without a URL's path.", LINE, "name")
_TIMEOUT = Key("Timeout in seconds, retries included.", SECONDS, "timeout-seconds", default=30)
_EVENTS = Key(
    "What is announced: release (of publish and release), rollback, or both.",
    Array(of=Choice(tuple((event.value, event) for event in AnnouncedEvent)), unique=True, least=1),
    "on",
    default=[AnnouncedEvent.RELEASE.value],
)
ANNOUNCEMENT = OneOf(
    {
        "command": _table(
            AnnouncementKind.COMMAND,
            Key(
                "A command, split like a shell command, run without a shell and without credentials. It has the result "
                "as JSON on standard input and in the file that SHIPLANE_RESULT names.",
                ONE_LINE_COMMAND,
                "command",
                required=True,
            ),
        ),
        "webhook": _table(
            AnnouncementKind.WEBHOOK,
            Key(
                "An https URL that the result is posted to as JSON. One that is secret belongs into a variable.",
                WEBHOOK,
                "webhook",
                required=True,
            ),
        ),
        "webhook-env": _table(
            AnnouncementKind.WEBHOOK_ENV,
            Key("The environment variable that holds such a URL.", VARIABLE, "webhook-env", required=True),
        ),
    }
)
Announcements: TypeAlias = tuple[Announcement, ...]
ANNOUNCEMENTS = Array(of=ANNOUNCEMENT)


def planned_announcements(announcements: Announcements, event: AnnouncedEvent) -> list[PlannedAnnouncementJson]:
    """Those that an event has."""
    return [{"name": each.name, "what": str(each)} for each in announcements if event in each.events]


def webhook_variables(announcements: Announcements) -> list[str]:
    """The variables that hold URLs to post to: nobody else has to know them."""
    return [each.target for each in announcements if each.kind is AnnouncementKind.WEBHOOK_ENV]
