"""What a release is going to do, as a value: printed, compared, kept, carried out. Nothing is decided later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, TypedDict

from shiplane.config.build_settings import BuildSettings, BuildSettingsJson
from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.config.setting import LATEST_GIVEN, Setting
from shiplane.config.version import Version
from shiplane.config.version_file import FileVersion, VersionFileJson
from shiplane.registry.oci.document_keys import CommitJson, PlatformJson, TagJson
from shiplane.registry.oci.manifest import CREATED, REVISION, SOURCE, VERSION
from shiplane.registry.oci.names import Platform, Repository, Tag


class SettingJson(TypedDict):
    """A value, and the flag, variable, file or fact that it came from."""

    value: Annotated[str, "The value."]
    source: Annotated[str, "Where it comes from."]


class FlagJson(TypedDict):
    """Yes or no, and the flag, variable, file or fact that it came from."""

    value: Annotated[bool, "Whether it is yes."]
    source: Annotated[str, "Where it comes from."]


class PlatformsJson(TypedDict):
    """Platforms, and the flag, variable, file or fact that they came from."""

    value: Annotated[list[PlatformJson], "The platforms."]
    source: Annotated[str, "Where they come from."]


class ImagesJson(TypedDict):
    """Image repositories, and the flag, variable, file or fact that they came from."""

    value: Annotated[list[str], {"least": 1}, "The primary first; the others get the same bytes."]
    source: Annotated[str, "Where they come from."]


class LanePlanJson(TypedDict):
    """One lane's part of a release."""

    lane: Annotated[str, "The lane's name."]
    dockerfile: Annotated[str, "Path of the Dockerfile."]
    context: Annotated[str, "The build context."]
    git_tag: Annotated[str, "The git tag of this version."]
    build: BuildSettingsJson
    version: Annotated[SettingJson, "X.Y.Z, with a pre-release where it is one."]
    version_file: Annotated[VersionFileJson | None, "The lane's version file; null if there is none."]
    images: Annotated[ImagesJson, "Image repositories."]
    platforms: Annotated[PlatformsJson, "Target platforms."]
    tag: TagJson
    aliases: Annotated[list[TagJson], "Further tags of the version."]
    floating_tags: Annotated[
        list[TagJson], "The floating tags in whose range the version is, in the order in which they move."
    ]
    latest: Annotated[FlagJson, "Whether the floating tags are to move."]


class PlanJson(TypedDict):
    """What a release is made of."""

    image: Annotated[SettingJson, "The primary repository of the first lane."]
    commit: CommitJson
    created: Annotated[str, "The commit's time, RFC 3339 in UTC."]
    source: Annotated[str, "URL of the source repository; may be empty."]
    lanes: Annotated[list[LanePlanJson], {"least": 1}, "Each lane's version and tags."]


@dataclass(frozen=True, kw_only=True)
class LanePlan:
    """One lane's part of a release; a snapshot has no version file, which is about releases."""

    lane: Lane
    version: Setting[Version]
    latest: Setting[bool]
    platforms: Setting[tuple[Platform, ...]]
    images: Setting[tuple[Repository, ...]]
    version_file: FileVersion | None = None

    @property
    def repository(self) -> Repository:
        """The primary repository: where it is built to, and where its ledger is."""
        return self.images.value[0]

    @property
    def mirrors(self) -> tuple[Repository, ...]:
        """The further repositories, which get the primary's bytes and tags."""
        return self.images.value[1:]

    @property
    def tag(self) -> Tag:
        """The version tag to be written, once."""
        return self.lane.own_tag_of(self.version.value)

    @property
    def floating_tags(self) -> tuple[FloatingTag, ...]:
        """The floating tags in whose range the version is, in the order in which they move."""
        return self.lane.floating_tags(self.version.value)

    @property
    def aliases(self) -> tuple[Tag, ...]:
        """Its aliases, to be written once as well."""
        return self.lane.aliases_of(self.version.value)

    @property
    def image_tags(self) -> list[Tag]:
        """The version tag and its aliases, then the floating tags."""
        return [self.tag, *self.aliases, *(floating.tag for floating in self.floating_tags)]

    @property
    def settable_tags(self) -> tuple[FloatingTag, ...]:
        """Those of them that may move to the version; none where none is to move."""
        version = self.version.value
        return (
            tuple(floating for floating in self.floating_tags if floating.takes(version)) if self.latest.value else ()
        )

    @property
    def wants_latest(self) -> bool:
        """Whether the floating tags are asked for by this very release, and not by a setting of its lane alone."""
        return self.latest.value and self.latest.source in LATEST_GIVEN


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One release of one commit.

    Attributes:
        commit: The full hash of the commit that is built.
        created: Its time, RFC 3339 in UTC: two builds of one commit carry the same label.
        source: The URL of the source repository; may be empty.
        lanes: Each lane's version, tags, repositories and platforms.
    """

    commit: str
    created: str
    source: str
    lanes: tuple[LanePlan, ...]

    @property
    def image(self) -> Setting[Repository]:
        """The primary repository of the first lane."""
        images = self.lanes[0].images
        return Setting(images.value[0], images.source)

    @property
    def repository(self) -> Repository:
        """The primary repository of the first lane."""
        return self.image.value

    @property
    def primaries(self) -> tuple[Repository, ...]:
        """The primary repositories of the lanes, each once."""
        return tuple(dict.fromkeys(lane.repository for lane in self.lanes))

    def where(self, lane_plan: LanePlan) -> str:
        """The primary repository of a lane, for display behind its tags: nothing where all lanes have the same."""
        return f" in {lane_plan.repository}" if len(self.primaries) > 1 else ""

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """What is built for any of the lanes."""
        return all_platforms(self.lanes)

    def labels(self, lane_plan: LanePlan) -> dict[str, str]:
        """The labels of a lane's image."""
        return {**self._source(lane_plan), **dict(self.build(lane_plan).labels)}

    def annotations(self, lane_plan: LanePlan) -> dict[str, str]:
        """The annotations of its index and its manifests."""
        return {**self._source(lane_plan), **dict(self.build(lane_plan).annotations)}

    def _source(self, lane_plan: LanePlan) -> dict[str, str]:
        """What was built, as label and as annotation (image-spec, annotations.md, "Pre-Defined Keys")."""
        labels = {
            SOURCE: self.source,
            REVISION: self.commit,
            VERSION: str(lane_plan.version.value),
            CREATED: self.created,
        }
        return {key: value for key, value in labels.items() if value}

    def build(self, lane_plan: LanePlan) -> BuildSettings:
        """The settings of a lane's build, with what their placeholders stand for."""
        return lane_plan.lane.build.resolved(self.placeholders(lane_plan))

    def placeholders(self, lane_plan: LanePlan) -> dict[str, str]:
        """What each placeholder stands for in a lane's settings."""
        lane, version = lane_plan.lane, lane_plan.version.value
        return {
            "version": str(version),
            "commit": self.commit,
            "created": self.created,
            "git-tag": lane.git_tag_of(version),
            "lane": lane.name,
        }

    def to_json(self) -> PlanJson:
        """The plan as JSON values, each setting with its source."""
        return {
            "image": {"value": str(self.repository), "source": self.image.source},
            "commit": self.commit,
            "created": self.created,
            "source": self.source,
            "lanes": [_lane_json(lane, self.build(lane)) for lane in self.lanes],
        }


def all_platforms(lanes: Iterable[LanePlan]) -> tuple[Platform, ...]:
    """The platforms of some lanes, each once."""
    return tuple(dict.fromkeys(platform for lane in lanes for platform in lane.platforms.value))


def _lane_json(plan: LanePlan, build: BuildSettings) -> LanePlanJson:
    return {
        "lane": plan.lane.name,
        "dockerfile": plan.lane.dockerfile,
        "context": plan.lane.context,
        "git_tag": plan.lane.git_tag_of(plan.version.value),
        "build": build.to_json(),
        "version": {"value": str(plan.version.value), "source": plan.version.source},
        "version_file": plan.version_file.to_json() if plan.version_file else None,
        "images": {"value": [str(image) for image in plan.images.value], "source": plan.images.source},
        "platforms": {"value": [str(p) for p in plan.platforms.value], "source": plan.platforms.source},
        "tag": plan.tag,
        "aliases": list(plan.aliases),
        "floating_tags": [floating.tag for floating in plan.floating_tags],
        "latest": {"value": plan.latest.value, "source": plan.latest.source},
    }
