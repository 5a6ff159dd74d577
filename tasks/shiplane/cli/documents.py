"""The JSON documents of the tasks that release, verify and roll back, and the schema that is made from them."""

from __future__ import annotations

from typing import Annotated, TypedDict

from shiplane.adopt.result import AdoptionResultJson
from shiplane.cli.envelope import ClosingJson, EndingJson, FailureJson, OutcomeJson
from shiplane.cli.views.rollback import RolledBackDataJson, RolledBackLanesDataJson
from shiplane.config.plan import PlanJson
from shiplane.core.schema.documents import document
from shiplane.core.schema.values import Choice, Json
from shiplane.promote.documents import AttachedJson, PromotionJson
from shiplane.registry.oci.document_keys import CommitJson, DigestJson
from shiplane.release.announcing.documents import AnnouncedJson, FollowingJson, PlannedFollowingJson
from shiplane.release.channel.result import ChannelLaneResultJson
from shiplane.release.planning.plan_document import OutlookJson, RefusedOutlookJson, RequirementsJson
from shiplane.release.prerequisites import PrerequisiteEvidenceJson
from shiplane.release.result import LaneResultJson
from shiplane.verify.verification_result import VerifiedDataJson as VerifiedDataJson  # noqa: PLC0414 -- handed on


class RegistryAskedJson(TypedDict):
    """Whether the registry was asked."""

    asked: Annotated[bool, "Whether the registry was asked."]
    why_not: Annotated[str, "Why it could not be asked; empty if it was."]


class NamedCredentialJson(TypedDict):
    """A credential that only the project file assigns to a registry."""

    registry: Annotated[str, "The registry that commands which write would send it to."]
    variables: Annotated[str, "Names of the variables that hold it."]


class _SavedJson(TypedDict, total=False):
    saved: Annotated[str, "The file that the plan was saved to, with --save."]


class PlannedDataJson(PlanJson, RequirementsJson, PlannedFollowingJson):
    """The result of ``plan``."""

    registry: RegistryAskedJson
    tags: Annotated[
        dict[str, OutlookJson | RefusedOutlookJson],
        "Each lane's tags now, and what happens to them; empty if the registry was not asked.",
    ]
    credential: Annotated[
        NamedCredentialJson | None,
        "A credential that only the project file assigns to a registry; null if there is none.",
    ]
    ignored: Annotated[
        list[str],
        "Files in a lane's build context that are in no commit because a .gitignore matches them; a folder's path ends "
        "in a slash.",
    ]


class ReleasedDataJson(FollowingJson):
    """The result of ``publish`` and ``release``."""

    image: Annotated[str, "The primary repository of the first lane; each lane's references are of its own."]
    commit: CommitJson
    prerequisites: PrerequisiteEvidenceJson
    lanes: Annotated[list[LaneResultJson], {"least": 1}, "Each lane after the release, as read back from the registry."]


class ChannelDataJson(TypedDict):
    """The result of ``publish --channel``."""

    image: Annotated[str, "The primary repository of the first lane; each lane's references are of its own."]
    commit: CommitJson
    channel: Annotated[str, "The channel's name."]
    branch: Annotated[str, "The branch that it follows."]
    prerequisites: PrerequisiteEvidenceJson
    builds: Annotated[list[ChannelLaneResultJson], {"least": 1}, "Each lane, as read back from the registry."]


class DryRunDataJson(PlanJson):
    """The result of ``publish --dry-run`` and ``release --dry-run``."""

    dry_run: Annotated[bool, Choice.of(True), "Nothing was pushed."]
    loaded: Annotated[list[str], "Names of the images in the local engine."]


class PromotedDataJson(PromotionJson):
    """The result of ``promote``."""

    image: Annotated[str, "The repository that it was promoted to."]
    commit: Annotated[str, "What the image was built from; empty if nothing says."]


class PromotionDryRunDataJson(TypedDict):
    """The result of ``promote --dry-run``."""

    dry_run: Annotated[bool, Choice.of(True), "Nothing was written."]
    image: Annotated[str, "The repository that it would be promoted to."]
    source: Annotated[str, "The image reference that it would be copied from."]
    digest: DigestJson
    commit: Annotated[str, "What the image was built from; empty if nothing says."]
    attached: AttachedJson
    outlook: OutlookJson


class AdoptedDataJson(AdoptionResultJson):
    """The result of ``adopt``."""

    image: Annotated[str, "The repository."]


class RollbacksDataJson(RolledBackLanesDataJson, AnnouncedJson):
    """The result of ``rollback`` for any number of lanes, as programs get it."""


class PlannedJson(OutcomeJson, PlannedDataJson, _SavedJson, EndingJson):
    """invoke plan --json."""


class ReleasedJson(OutcomeJson, ReleasedDataJson, EndingJson):
    """invoke publish --json and invoke release --json."""


class ChannelJson(OutcomeJson, ChannelDataJson):
    """invoke publish --channel --json."""


class DryRunJson(OutcomeJson, DryRunDataJson):
    """invoke publish --dry-run --json and invoke release --dry-run --json."""


class AdoptedJson(OutcomeJson, AdoptedDataJson, EndingJson):
    """invoke adopt --json."""


class PromotedJson(OutcomeJson, PromotedDataJson, EndingJson):
    """invoke promote --json."""


class PromotionDryRunJson(OutcomeJson, PromotionDryRunDataJson):
    """invoke promote --dry-run --json."""


class VerifiedJson(OutcomeJson, VerifiedDataJson, EndingJson):
    """invoke verify --json."""


class RolledBackJson(OutcomeJson, RolledBackDataJson, AnnouncedJson):
    """invoke rollback --json of one lane."""


class RolledBackLanesJson(OutcomeJson, RolledBackLanesDataJson, AnnouncedJson):
    """invoke rollback --json of several lanes."""


class ErrorJson(OutcomeJson):
    """A failure of any task."""

    error: FailureJson
    closing: ClosingJson


def result_schema() -> Json:
    """The JSON Schema of these documents."""
    return document(
        PlannedJson
        | ReleasedJson
        | ChannelJson
        | DryRunJson
        | AdoptedJson
        | PromotedJson
        | PromotionDryRunJson
        | VerifiedJson
        | RolledBackJson
        | RolledBackLanesJson
        | ErrorJson,
        urn="urn:shiplane:result",
        title="shiplane result",
        description="The one JSON document that plan, publish, release, promote, adopt, verify and rollback write to "
        "standard output with --json: a plan, a release, a published channel, a promotion, a dry run, an adoption, a "
        "verification, a rollback, or an error (of any task).",
    )
