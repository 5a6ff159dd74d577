"""Make a plan from the settings: everything that a release needs to know before it reads the registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shiplane.config.channel import Channel, channel_of_tag
from shiplane.config.lane import Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.settings import Resolver
from shiplane.core.errors import PrerequisiteError, UsageError
from shiplane.core.next_command import command


def make_plan(resolver: Resolver) -> Plan:
    """Resolve every setting.

    Raises:
        UsageError: A setting is invalid.
        PrerequisiteError: There is no commit that the image could be labelled with.
    """
    if resolver.checkout is None:
        raise PrerequisiteError(
            "this folder is not a git repository with a commit, so the image could not be labelled with one",
            remedy="Run it in a checkout.",
        )
    lanes = resolver.released_lanes()
    slug = resolver.slug()
    server = resolver.env.get("GITHUB_SERVER_URL") or "https://github.com"
    plan = Plan(
        commit=resolver.checkout.commit,
        created=resolver.checkout.committed_at,
        source=f"{server}/{slug.value}" if slug else "",
        lanes=tuple(_plan_lane(resolver, lane) for lane in lanes),
    )
    _check_latest(plan.lanes)
    return plan


def _plan_lane(resolver: Resolver, lane: Lane) -> LanePlan:
    version = resolver.version(lane)
    return LanePlan(
        lane=lane,
        version=version,
        latest=resolver.latest(lane),
        platforms=resolver.platforms(lane),
        images=resolver.images(lane),
        version_file=None if version.value.is_snapshot else resolver.version_file(lane),
    )


def _check_latest(lanes: Sequence[LanePlan]) -> None:
    """Refuse a request for floating tags where no lane has any.

    Raises:
        UsageError: With what requests them.
    """
    asked = [lane for lane in lanes if lane.wants_latest]
    if asked and not any(lane.lane.floating_templates for lane in asked):
        names = ", ".join(lane.lane.name for lane in asked)
        raise UsageError(
            f"{asked[0].latest.source}: no floating tag can move, since {names} has none",
            remedy="Leave it out, or configure floating for the lane.",
        )


def check_dockerfiles(plan: Plan, present: frozenset[str]) -> None:
    """Refuse a plan whose Dockerfiles do not exist.

    Raises:
        UsageError: Naming the lane and the file.
    """
    for lane_plan in plan.lanes:
        if lane_plan.lane.dockerfile not in present:
            raise UsageError(
                f"lane {lane_plan.lane.name} builds {lane_plan.lane.dockerfile}, which this project does not have",
                remedy=f"Add it, or name the right file as dockerfile in [lanes.{lane_plan.lane.name}] "
                "of shiplane.toml.",
            )


def check_caches(plan: Plan, lanes: Iterable[Lane], channels: Sequence[Channel] = ()) -> None:
    """Refuse a cache that would be written under an image's tag.

    Args:
        plan: Names the images' repositories.
        lanes: Every lane of the project, released now or not.
        channels: Every channel of the project.

    Raises:
        UsageError: Naming the lane and the tag.
    """
    all_lanes, images = tuple(lanes), {str(image) for lane_plan in plan.lanes for image in lane_plan.images.value}
    for lane_plan in plan.lanes:
        cache = lane_plan.lane.build.cache
        if cache is None or cache.type != "registry":
            continue
        repository = cache.place.rpartition(":")[0]
        parts = [cache, *(cache.at(platform.dashed) for platform in lane_plan.platforms.value)]
        tags = [part.place.rpartition(":")[2] for part in parts]
        is_taken = any(
            lane.owns(tag) or channel_of_tag(channels, tag) is not None for tag in tags for lane in all_lanes
        )
        if repository in images and is_taken:
            raise UsageError(
                f"lane {lane_plan.lane.name} keeps its cache under {cache.place}, which is an image's tag",
                remedy=f"Give it a tag of its own, as {repository}:cache-{lane_plan.lane.name}.",
            )


def check_versions(plan: Plan, *, snapshot: bool, flag: str = "--tag") -> None:
    """Refuse to publish a lane without a version, unless a snapshot was requested; ``flag`` would have named one.

    Raises:
        UsageError: A lane has no version, or ``--snapshot`` was given beside one.
    """
    for lane_plan in plan.lanes:
        if lane_plan.version.value.is_snapshot and not snapshot:
            raise UsageError(
                f"lane {lane_plan.lane.name} has no version: no {flag}, no TAG, and no git tag "
                f"{lane_plan.lane.git_tag.replace('{version}', 'X.Y.Z')} at HEAD",
                remedy=f"Give {flag}, or publish {lane_plan.tag} explicitly: "
                + command("publish", "--lane", lane_plan.lane.name, "--snapshot"),
            )
        if snapshot and not lane_plan.version.value.is_snapshot:
            raise UsageError(
                f"--snapshot, but {lane_plan.version.source} says {lane_plan.version.value}", remedy="Give one of them."
            )
