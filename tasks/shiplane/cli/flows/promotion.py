"""A promotion or its dry run: from the flags to an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.config.setting import Setting
from shiplane.core.errors import UsageError

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.keys.registries import PromotionRoute
    from shiplane.promote.request import PromotionRequest
    from shiplane.promote.survey import Promotion
    from shiplane.registry.oci.names import Repository


@dataclass(frozen=True, kw_only=True)
class PromotionFlags:
    """What was given on the command line; None where nothing was."""

    lane: str | None
    tag: str | None
    source: str | None
    target: str | None
    latest: str | bool | None
    dry_run: bool
    yes: bool


def promote_version(run: Run, flags: PromotionFlags) -> Answer:
    """Verify a version where it is, and carry it to another repository.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.cli.clients.promotion import promotion_surveyor
    from shiplane.cli.flows.promotion_answer import dry_run_answer, dry_run_data, promoted_answer
    from shiplane.promote.promote import Promoter

    request, route = _request(run, flags)
    with promotion_surveyor(run, request, route, dry_run=flags.dry_run) as surveyor:
        promotion = run.console.drive(surveyor.survey(request))
        if flags.dry_run:
            return dry_run_answer(promotion)
        if not flags.yes and not _agreed(run, promotion):
            error = UsageError("nothing was written", remedy="Run it again and answer y, or add --yes.")
            return Answer(text="", data=dry_run_data(promotion), error=error)
        return promoted_answer(run.console.drive(Promoter(surveyor).promote(promotion)), promotion)


def _request(run: Run, flags: PromotionFlags) -> tuple[PromotionRequest, Setting[PromotionRoute]]:
    from shiplane.cli.flag_values import flags_of, tagged_version
    from shiplane.promote.request import PromotionRequest
    from shiplane.promote.routes import RouteChoice

    lane, version = tagged_version(run.project, flags.lane, flags.tag or run.env.get("TAG"))
    resolver = run.resolver(flags_of([lane.name], None, None, None, latest=flags.latest))
    images = {each.name: resolver.images(each).value for each in run.project.lanes}
    choice = RouteChoice(project=run.project, images=images)
    route = choice.choose(lane, _repository("--from", flags.source), _repository("--to", flags.target))
    return PromotionRequest(
        lane=lane,
        version=Setting(version, "--tag" if flags.tag else "TAG"),
        latest=resolver.latest(lane),
        images=Setting(route.value.images, route.source),
    ), route


def _repository(flag: str, text: str | None) -> Repository | None:
    from shiplane.config.settings import named
    from shiplane.registry.oci.names import Repository

    return named(Setting(text, flag), Repository.parse) if text else None


def _agreed(run: Run, promotion: Promotion) -> bool:
    """Whether somebody at the terminal agrees; without one there is nobody to ask, and a job has decided already."""
    from shiplane.cli.views.release import promotion_text

    question = f"Promote {promotion.lane_plan.tag} to {promotion.lane_plan.repository}?"
    return run.console.agrees(f"{promotion_text(promotion)}\n", question) is not False
