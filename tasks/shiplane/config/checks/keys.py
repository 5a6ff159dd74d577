"""Checks of staged images in the project file: ``[[checks]]`` of every lane, ``[[lanes.X.checks]]`` of one more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from posixpath import normpath
from typing import Any, TypeAlias

from shiplane.config.checks.names import MAX_NAME, NAME_KEY, Named, check_skip_names
from shiplane.config.checks.staged_check import StagedCheck, check_command_placeholders, check_report_placeholders
from shiplane.config.keys.texts import ONE_LINE_COMMAND, PATH, SECONDS, VARIABLES, inside
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Array, Boolean, Json

Checks: TypeAlias = Mapping[str, tuple[StagedCheck, ...]]


def _command(text: str) -> str:
    """Raises UsageError: it is no command in one line, or contains an unknown placeholder."""
    assert ONE_LINE_COMMAND.parse  # noqa: S101 -- it has one
    return check_command_placeholders(ONE_LINE_COMMAND.parse(text))


def _report(text: str) -> str:
    """Raises UsageError: it leads out of the project, or contains an unknown placeholder."""
    return check_report_placeholders(inside(text))


def _make(*, command: str, **given: Any) -> StagedCheck:  # noqa: ANN401 -- a check's fields
    return StagedCheck(**{"name": command[:MAX_NAME], **given}, command=command)


_CHECK = Table(
    "check",
    "A command that decides whether a staged image may be tagged: a scanner, a policy, a size limit.",
    _make,
    lambda: {
        "name": replace(NAME_KEY, description=NAME_KEY.description.replace("target", "command")),
        "command": Key(
            "The command, split like a shell command, run in the project's root without a shell and without "
            "credentials; 0 lets the image be tagged. {image} is its reference by digest, {digest} its digest, "
            "{platforms} its platforms separated by commas, {layout} the folder of its OCI layout, {report} the "
            "report's file; {version}, {commit}, {created}, {git-tag} and {lane} say what is released. The variables "
            "SHIPLANE_IMAGE, SHIPLANE_DIGEST and so on say the same.",
            replace(ONE_LINE_COMMAND, parse=_command),
            required=True,
            name="command",
        ),
        "timeout": Key("Timeout in seconds; after that the check fails.", SECONDS, "timeout-seconds", default=900),
        "layout": Key(
            "Whether the image is laid out in a folder for it, so that it needs no login; {layout} in the command does "
            "that as well.",
            Boolean(),
            "layout",
            default=False,
        ),
        "report": Key(
            "The file that it writes, relative to the project's root, with {lane} where several lanes have the check: "
            "its digest is recorded.",
            replace(PATH, parse=_report),
            "report",
        ),
        "env": Key(
            "Variables that it needs; each must be set. In a workflow each is the repository's secret of that name, "
            "or else its variable.",
            VARIABLES,
            "env",
        ),
    },
)
CHECKS = Array(of=_CHECK)


def make_checks(
    shared: Sequence[StagedCheck],
    given: Mapping[str, Json],
    lanes: Iterable[str],
    gates: Sequence[Named],
    place: Location,
) -> Checks:
    """The checks by lane; a lane without any is not there.

    A lane's own come after those of every lane, and replace one of the same name.

    Args:
        shared: Those of every lane.
        given: What the file says of each lane, its checks among it.
        lanes: The names of all lanes.
        gates: The gates: --skip takes the names of both.
        place: The file.

    Raises:
        ConfigurationError: A name, of a gate as well, is ambiguous for --skip, or two checks write one report.
    """
    check_skip_names(gates, place.key("gates"))
    taken = {gate.name for gate in gates}
    check_skip_names(shared, place.key("checks"), taken)
    checks, reports = {}, dict[str, str]()
    for lane in lanes:
        location = place.key("lanes").key(lane).key("checks")
        own = given.get(lane, {}).get("checks", ())
        check_skip_names(own, location, taken)
        if all_of_lane := tuple({check.name: check for check in (*shared, *own)}.values()):
            checks[lane] = all_of_lane
        for report in (normpath(path) for check in all_of_lane if (path := check.report_of(lane))):
            if report in reports:
                remedy = "Put {lane} into the path, or name another file."
                raise location.error(f"write {report[:80]!r}, as one of {reports[report]} does", remedy=remedy)
            reports[report] = lane
    return checks
