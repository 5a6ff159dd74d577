"""The file that ``stage`` writes for ``publish --staged``: the staged image, its source and platforms.

One file is one lane on one machine. It is carried between machines, so it is untrusted: nothing in it counts that the
registry does not confirm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

from shiplane.config.plan import LanePlan, Plan
from shiplane.core import strict_json
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.core.next_command import command
from shiplane.core.schema.documents import table_of
from shiplane.core.schema.location import Location
from shiplane.core.schema.values import Array, Choice, Text
from shiplane.registry.oci.document_keys import DigestJson
from shiplane.registry.oci.index_join import PartialIndex
from shiplane.registry.oci.names import Digest, Platform, Repository

SCHEMA = "shiplane.staged/1"
_GIVEN = Text(pattern=r"[\s\S]+", problem="is empty", shown=False)


class StagedJson(TypedDict):
    """What a machine staged."""

    schema: Annotated[str, Choice.of(SCHEMA)]
    image: Annotated[str, Text(parse=lambda text: str(Repository.parse(text)))]
    lane: Annotated[str, _GIVEN]
    version: Annotated[str, _GIVEN]
    commit: Annotated[str, _GIVEN]
    created: Annotated[str, _GIVEN]
    platforms: Annotated[list[str], Array(of=Text(parse=Platform.parse), unique=True, least=1)]
    digest: DigestJson
    builder: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Staged:
    """One lane's image for some platforms, pushed by digest.

    Attributes:
        image: Its repository.
        lane: The lane's name.
        version: The version, as ``0.2.1``.
        commit: The full hash of the commit.
        created: The commit's time, RFC 3339 in UTC.
        part: Platforms and digest.
        builder: The builder's facts, for display.
    """

    image: str
    lane: str
    version: str
    commit: str
    created: str
    part: PartialIndex
    builder: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> StagedJson:
        """The content of the file."""
        return {
            "schema": SCHEMA,
            "image": self.image,
            "lane": self.lane,
            "version": self.version,
            "commit": self.commit,
            "created": self.created,
            "platforms": [str(platform) for platform in self.part.platforms],
            "digest": str(self.part.digest),
            "builder": dict(self.builder),
        }


def staged_of(plan: Plan, lane_plan: LanePlan, digest: Digest, builder: Mapping[str, Any]) -> Staged:
    """The content of the file for a lane that was staged."""
    return Staged(
        **_identity(plan, lane_plan),
        part=PartialIndex(platforms=lane_plan.platforms.value, digest=digest),
        builder=builder,
    )


def parse_staged(body: bytes, name: str) -> Staged:
    """Parse a file of ``stage``.

    Raises:
        UsageError: It is none; the message names the file and the fault.
    """
    try:
        document = strict_json.loads(body)
    except ValueError as error:
        raise UsageError(f"{name} is not JSON: {str(error)[:120]}", remedy=_REMEDY) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        schema = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise UsageError(f"{name} has the schema {ascii(schema)[:60]}, expected {SCHEMA!r}", remedy=_REMEDY)
    try:
        return _staged_from(table_of(StagedJson).read(document, Location(name)))
    except ConfigurationError as error:
        raise UsageError(error.what, remedy=error.remedy or _REMEDY) from error


_REMEDY = f"Give a file that {command('stage')} wrote with --output."


def _staged_from(content: Mapping[str, Any]) -> Staged:
    texts = {key: content[key] for key in ("image", "lane", "version", "commit", "created")}
    part = PartialIndex(platforms=content["platforms"], digest=Digest(content["digest"]))
    return Staged(**texts, part=part, builder=content["builder"])


def parts_of(plan: Plan, files: Mapping[str, Staged]) -> dict[str, tuple[PartialIndex, ...]]:
    """The parts of each lane's image, if they are exactly what the plan needs.

    Args:
        plan: What is to be published.
        files: What was staged, by file name.

    Raises:
        UsageError: A file is of another image, lane, version or commit; a platform is missing, duplicate or foreign.
    """
    lanes = {name.lane.name: name for name in plan.lanes}
    parts: dict[str, list[PartialIndex]] = {name: [] for name in lanes}
    for name, staged in files.items():
        if staged.lane not in lanes:
            raise UsageError(
                f"{name} is of lane {staged.lane[:40]!a}, which is not published here",
                remedy=f"Published are: {', '.join(lanes)}.",
            )
        _check_identity(plan, lanes[staged.lane], name, staged)
        parts[staged.lane].append(staged.part)
    for name, lane_parts in parts.items():
        _check_platforms(lanes[name], lane_parts)
    return {name: tuple(lane_parts) for name, lane_parts in parts.items()}


def _identity(plan: Plan, lane_plan: LanePlan) -> dict[str, str]:
    """What all parts of one image have in common."""
    return {
        "image": str(lane_plan.repository),
        "lane": lane_plan.lane.name,
        "version": str(lane_plan.version.value),
        "commit": plan.commit,
        "created": plan.created,
    }


def _check_identity(plan: Plan, lane_plan: LanePlan, name: str, staged: Staged) -> None:
    for key, expected in _identity(plan, lane_plan).items():
        value = getattr(staged, key)
        if value != expected:
            raise UsageError(
                f"{name} was staged with the {key} {value[:140]!a}, but {expected} is to be published",
                remedy="Stage every platform of one commit and one version, and publish from that commit.",
            )


def _check_platforms(lane_plan: LanePlan, parts: list[PartialIndex]) -> None:
    counts = Counter(platform for part in parts for platform in part.platforms)
    expected = lane_plan.platforms.value
    missing = [platform for platform in expected if platform not in counts]
    foreign = [platform for platform in counts if platform not in expected]
    doubled = [platform for platform, times in counts.items() if times > 1]
    faults = [
        f"{what} {', '.join(map(str, platforms))}"
        for what, platforms in (("lack", missing), ("also have", foreign), ("have twice", doubled))
        if platforms
    ]
    if faults:
        raise UsageError(
            f"the staged files of lane {lane_plan.lane.name} {' and '.join(faults)}",
            remedy=f"Give one file for each of {_listed(expected)}, or say with --platforms what is to be published.",
        )


def _listed(platforms: tuple[Platform, ...]) -> str:
    return ", ".join(map(str, platforms))
