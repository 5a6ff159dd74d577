"""The answer of a release that was carried out: what was published, and what did not become of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.views.release import github_text, published_screen, published_text, stayed_text
from shiplane.core.errors import RefusedError, ShiplaneError

if TYPE_CHECKING:
    from shiplane.cli.documents import ReleasedDataJson
    from shiplane.config.plan import Plan
    from shiplane.release.announcing.github_result import GitHubReleaseResult
    from shiplane.release.publish import ReleaseResult
    from shiplane.release.result import LaneResult


def released_answer(plan: Plan, released: ReleaseResult, on_github: Sequence[GitHubReleaseResult]) -> Answer:
    """The answer, which is an error where less was done than was asked for: the versions are published all the same."""
    data: ReleasedDataJson = {
        "image": str(plan.repository),
        "commit": plan.commit,
        "prerequisites": released.evidence.to_json(),
        "lanes": [lane.to_json() for lane in released.lanes],
        "github_releases": [release.to_json() for release in on_github],
        "announcements": [],
    }
    text = "\n".join(filter(None, (published_text(released.lanes), github_text(on_github))))
    return Answer(
        text=text,
        screen=partial(published_screen, released.lanes, on_github),
        data=data,
        error=unmet_error(plan, released.lanes) or _not_on_github(plan, on_github),
    )


def summary_of(plan: Plan) -> str:
    """A release in a line."""
    tags = ", ".join(dict.fromkeys(f"{lane.repository}:{lane.tag}" for lane in plan.lanes))
    return f"Released {tags} from commit {plan.commit[:12]}"


def has_changed(released: ReleaseResult, on_github: Sequence[GitHubReleaseResult]) -> bool:
    """Whether the run changed anything that others can see: another run of the same command changes nothing."""
    from shiplane.release.announcing.github_result import GitHubAction

    moved = any(tag.moved for lane in released.lanes for tag in lane.floating_tags)
    recorded = any(lane.built or (lane.recorded and lane.recorded.added) for lane in released.lanes)
    shown = any(release.action in (GitHubAction.MADE, GitHubAction.COMPLETED) for release in on_github)
    return moved or recorded or shown


def unmet_error(plan: Plan, lanes: Sequence[LaneResult]) -> RefusedError | None:
    """What is said last where floating tags that were asked for stayed where they were."""
    stayed = [stayed_text(plan, lane.plan, floating.tag, floating.reason) for lane in lanes for floating in lane.unmet]
    if not stayed:
        return None
    leave = "the floating tag where it is" if len(stayed) == 1 else "floating tags where they are"
    return RefusedError("\n".join(stayed), remedy=f"The version is published. To leave {leave}, use --latest=no.")


def _not_on_github(plan: Plan, releases: Sequence[GitHubReleaseResult]) -> ShiplaneError | None:
    """What is said last where the release on GitHub of a published version failed: of its kind, the first one's."""
    errors = [(release.tag, release.error) for release in releases if release.error]
    if not errors:
        return None
    published = ", ".join(dict.fromkeys(lane.tag for lane in plan.lanes))
    failed = [f"release {tag} on GitHub could not be made or completed: {error.what}" for tag, error in errors]
    first = errors[0][1]
    again = "The images are published and verified; the same command again does only what is missing."
    return type(first)(
        "\n".join([f"{published}: published, but {failed[0]}", *failed[1:]]), remedy=f"{first.remedy} {again}".strip()
    )
