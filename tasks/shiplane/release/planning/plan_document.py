"""The form of a plan file: what ``plan --save`` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from shiplane.config.plan import LanePlan, LanePlanJson, Plan, PlanJson
from shiplane.config.running.limits import LimitsJson
from shiplane.core.schema.documents import document as schema_of_document
from shiplane.core.schema.documents import table_of
from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Array, Choice, Json
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.lookup_result import digest_of
from shiplane.registry.oci.names import Digest
from shiplane.release.planning.tag_actions import FloatingTagAction, VersionTagAction
from shiplane.verify.floating_tags import FloatingTagJson

if TYPE_CHECKING:
    from shiplane.release.planning.decision import Decision
    from shiplane.verify.survey import Survey

FORMAT = "shiplane-plan"
SCHEMA = 2
# What is read of a lane's settings, apart from what is only compared.
_READ = ("lane", "version", "floating_tags", "latest", "platforms", "images")


class PrerequisiteJson(TypedDict):
    """What has to pass before anything is tagged."""

    name: Annotated[str, "The build command, a gate, a lane's smoke run, a check."]
    what: Annotated[str, "How it is checked, as text."]


class TagsBeforeJson(TypedDict):
    """A lane's version tag as it is now."""

    version_before: Annotated[DigestJson | None, "Digest of the version tag; null if it does not exist."]


class FloatingOutlookJson(FloatingTagJson):
    """A floating tag as it is now, and what a release would do with it."""

    action: Annotated[str, FloatingTagAction, "What happens to it."]
    reason: Annotated[str, "Why it moves or does not."]


class OutlookJson(TagsBeforeJson):
    """What a release would do with a lane's tags."""

    version: Annotated[str, VersionTagAction, "What happens to the version tag."]
    floating_tags: Annotated[
        list[FloatingOutlookJson],
        "The floating tags in whose range the version is, in the order in which they move.",
    ]


class RefusedOutlookJson(TagsBeforeJson):
    """Why a release of a lane would be refused."""

    refused: Annotated[str, "Why."]
    floating_tags: Annotated[
        list[FloatingTagJson], "The floating tags in whose range the version is, in the order in which they move."
    ]


class RequirementsJson(TypedDict):
    """What a release needs, and how long it may take."""

    prerequisites: Annotated[list[PrerequisiteJson], "What has to pass before anything is tagged."]
    limits: LimitsJson


class SettingsJson(PlanJson):
    """Everything that decides what a release makes, apart from the registry."""

    prerequisites: Annotated[list[PrerequisiteJson], "What has to pass before anything is tagged."]
    dockerfiles: Annotated[dict[str, DigestJson], "The digest of each lane's Dockerfile, by its path."]


class PlannedVersionTagJson(TypedDict):
    """A version tag."""

    tag: TagJson
    digest: Annotated[DigestJson | None, "What it had; null where it was absent."]
    do: Annotated[str, VersionTagAction, "What is done about it."]


class PlannedFloatingTagJson(TypedDict):
    """A floating tag."""

    tag: TagJson
    digest: Annotated[DigestJson | None, "What it had; null where it was absent."]
    do: Annotated[str, FloatingTagAction, "What is done about it."]


class LaneTagsJson(TypedDict):
    """One lane's tags."""

    lane: Annotated[str, "The lane's name."]
    version: PlannedVersionTagJson
    floating_tags: Annotated[
        list[PlannedFloatingTagJson],
        "The floating tags in whose range the version is, in the order in which they move.",
    ]


class PlanContentJson(TypedDict):
    """What a plan file says."""

    format: Annotated[str, Choice.of(FORMAT), "What this file is."]
    schema: Annotated[int, Choice.of(SCHEMA), "The form of this file; another form has another number."]
    shiplane: Annotated[str, "The version of shiplane that wrote it."]
    settings: SettingsJson
    tags: Annotated[
        list[LaneTagsJson],
        {"least": 1},
        "Each lane's tags as the plan saw them, in the order of the settings' lanes.",
    ]


class PlanFileJson(PlanContentJson):
    """What plan --save writes, and --plan of publish and release reads; no secret, and not to be edited."""

    digest: Annotated[
        DigestJson,
        "SHA-256 of everything else, as JSON with sorted keys and no blanks: a checksum, not a signature.",
    ]


def _read_keys() -> dict[str, Key]:
    """The keys of the file, but of the settings those that are read one by one: all others are only compared."""
    plan, lane = table_of(PlanJson).keys, table_of(LanePlanJson).keys
    lanes = Array(of=Table("", "", dict, lambda: {key: lane[key] for key in _READ}, open=True))
    read = {"image": plan["image"], "lanes": replace(plan["lanes"], value=lanes)}
    keys = table_of(PlanFileJson).keys
    return {**keys, "settings": replace(keys["settings"], value=Table("", "", dict, read.copy, open=True))}


PLAN_FILE = Table("", "", dict, _read_keys)


def plan_schema() -> Json:
    """The JSON Schema of the file."""
    return schema_of_document(PlanFileJson, urn="urn:shiplane:plan-file", title="Plan file of shiplane")


def prerequisites_json(prerequisites: Sequence[tuple[str, str]]) -> list[PrerequisiteJson]:
    """What has to hold before a release, by name."""
    return [{"name": name, "what": what} for name, what in prerequisites]


def settings_json(plan: Plan, prerequisites: Sequence[tuple[str, str]], dockerfiles: Mapping[str, str]) -> SettingsJson:
    """Everything that decides what a release makes, apart from the registry.

    Args:
        plan: The settings, each with its source.
        prerequisites: What has to hold before, by name.
        dockerfiles: The digest of each lane's Dockerfile: git may ignore one, and then no commit speaks for it.
    """
    return {
        **plan.to_json(),
        "prerequisites": prerequisites_json(prerequisites),
        "dockerfiles": dict(dockerfiles),
    }


def tags_json(lane_plan: LanePlan, survey: Survey, decision: Decision) -> LaneTagsJson:
    """A lane's tags, and what the plan does to them."""
    return {
        "lane": lane_plan.lane.name,
        "version": {
            "tag": lane_plan.tag,
            "digest": _digest_text(digest_of(survey.version)),
            "do": decision.version_tag.value,
        },
        "floating_tags": [
            {"tag": state.tag, "digest": _digest_text(state.digest), "do": move.action.value}
            for state, move in zip(survey.floating_tags, decision.moves, strict=True)
        ],
    }


def encode(settings: SettingsJson, tags: Sequence[LaneTagsJson], *, written_by: str) -> bytes:
    """The file: the same plan gives the same bytes.

    Args:
        settings: As :func:`settings_json` gives them.
        tags: As :func:`tags_json` gives them, for each lane.
        written_by: The version of shiplane.
    """
    content: PlanContentJson = {
        "format": FORMAT,
        "schema": SCHEMA,
        "shiplane": written_by,
        "settings": settings,
        "tags": list(tags),
    }
    document: PlanFileJson = {**content, "digest": str(content_digest(content))}
    return (json.dumps(document, indent=2) + "\n").encode()


def _digest_text(digest: Digest | None) -> str | None:
    return str(digest) if digest else None


def content_digest(content: Mapping[str, Any]) -> Digest:
    """The digest of everything in a plan file but the digest itself."""
    return Digest.of(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
