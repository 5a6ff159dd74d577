"""The JSON documents of ``plan``, ``publish``, ``release`` and ``adopt``, and the schema that is made from them."""

from __future__ import annotations

from typing import Annotated, TypedDict

from shiplane.adopt.adopt import AdoptionResultJson
from shiplane.cli.envelope import ClosingJson, EndingJson, FailureJson, OutcomeJson
from shiplane.config.plan import PlanJson
from shiplane.core.schema.documents import document
from shiplane.core.schema.values import Choice, Json
from shiplane.registry.oci.document_keys import CommitJson, DigestJson
from shiplane.release.planning.decision import FloatingTagAction, VersionTagAction
from shiplane.release.planning.saved_plan import PrerequisiteJson
from shiplane.release.prerequisites import PrerequisiteEvidenceJson
from shiplane.release.result import LaneResultJson


class RegistryAskedJson(TypedDict):
    """Whether the registry was asked."""

    asked: Annotated[bool, "Whether it was."]
    why_not: Annotated[str, "Why it could not be, or nothing."]


class NamedCredentialJson(TypedDict):
    """What would be sent where although only the project file says so."""

    registry: Annotated[str, "Where a command that writes would send it."]
    variables: Annotated[str, "The names of the variables."]


class TagsBeforeJson(TypedDict):
    """A lane's tags before."""

    version_before: Annotated[DigestJson | None, "What the version tag has; null where it is absent."]
    floating_before: Annotated[DigestJson | None, "What the floating tag has; null where it is absent."]


class OutlookJson(TagsBeforeJson):
    """What a release would do about a lane's tags."""

    version: Annotated[str, VersionTagAction, "What becomes of the version tag."]
    floating: Annotated[str, FloatingTagAction, "What becomes of the floating tag."]
    reason: Annotated[str, "Why the floating tag moves or stays."]


class RefusedOutlookJson(TagsBeforeJson):
    """Why a release of a lane would be refused."""

    refused: Annotated[str, "Why."]


class _SavedJson(TypedDict, total=False):
    saved: Annotated[str, "The file that keeps the plan, with --save."]


class PlannedDataJson(PlanJson):
    """What ``plan`` says."""

    registry: RegistryAskedJson
    prerequisites: Annotated[list[PrerequisiteJson], "What has to hold before a name is given."]
    tags: Annotated[
        dict[str, OutlookJson | RefusedOutlookJson],
        "Each lane's tags before, and what becomes of them; empty where the registry was not asked.",
    ]
    credential: Annotated[
        NamedCredentialJson | None,
        "What would be sent where although only the project file says so; null where that is nothing.",
    ]
    ignored: Annotated[
        list[str],
        "What lies in a lane's context and is in no commit, since a .gitignore names it; a folder's path ends in a "
        "slash.",
    ]


class ReleasedDataJson(TypedDict):
    """What ``publish`` and ``release`` say."""

    image: Annotated[str, "The repository."]
    commit: CommitJson
    prerequisites: PrerequisiteEvidenceJson
    lanes: Annotated[list[LaneResultJson], {"least": 1}, "Each lane as it is now, read back."]


class DryRunDataJson(PlanJson):
    """What they say with ``--dry-run``."""

    dry_run: Annotated[bool, Choice.of(True), "Nothing was pushed."]
    loaded: Annotated[list[str], "The images' names in the local engine."]


class AdoptedDataJson(AdoptionResultJson):
    """What ``adopt`` says."""

    image: Annotated[str, "The repository."]


class PlannedJson(OutcomeJson, PlannedDataJson, _SavedJson, EndingJson):
    """invoke plan --json."""


class ReleasedJson(OutcomeJson, ReleasedDataJson, EndingJson):
    """invoke publish --json and invoke release --json."""


class DryRunJson(OutcomeJson, DryRunDataJson):
    """The same with --dry-run."""


class AdoptedJson(OutcomeJson, AdoptedDataJson, EndingJson):
    """invoke adopt --json."""


class ErrorJson(OutcomeJson):
    """Whatever did not end well."""

    error: FailureJson
    closing: ClosingJson


def result_schema() -> Json:
    """The JSON Schema of these documents."""
    return document(
        PlannedJson | ReleasedJson | DryRunJson | AdoptedJson | ErrorJson,
        urn="urn:shiplane:result",
        title="shiplane result",
        description="The one JSON document that plan, publish, release and adopt write to standard output with --json: "
        "a plan, a release, a dry run, an adoption, or an error (of any task).",
    )
