"""The answer of a promotion, or of its dry run."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from shiplane.cli.answer import Answer

if TYPE_CHECKING:
    from shiplane.cli.documents import PromotedDataJson, PromotionDryRunDataJson
    from shiplane.promote.result import PromotionResult
    from shiplane.promote.survey import Promotion
    from shiplane.release.planning.plan_document import OutlookJson


def dry_run_answer(promotion: Promotion) -> Answer:
    """What would be done."""
    from shiplane.cli.views.release import promotion_text

    return Answer(text=f"{promotion_text(promotion)}\nnothing was written", data=dry_run_data(promotion))


def dry_run_data(promotion: Promotion) -> PromotionDryRunDataJson:
    """The same for programs."""
    from shiplane.cli.views.plan import outlook_json
    from shiplane.promote.result import attached_json

    decided = promotion.decision
    return {
        "dry_run": True,
        "image": str(promotion.lane_plan.repository),
        "source": promotion.source.reference,
        "digest": str(promotion.source.raw.digest),
        "commit": promotion.plan.commit,
        "attached": attached_json(promotion.source),
        "outlook": cast("OutlookJson", outlook_json(decided.survey, decided.decision)),
    }


def promoted_answer(promoted: PromotionResult, promotion: Promotion) -> Answer:
    """What was done; an error where a floating tag did not move although that was asked for."""
    from shiplane.cli.flows.release_answer import unmet_error
    from shiplane.cli.views.release import promoted_text

    data: PromotedDataJson = {
        "image": str(promotion.lane_plan.repository),
        "commit": promotion.plan.commit,
        **promoted.to_json(),
    }
    return Answer(text=promoted_text(promoted), data=data, error=unmet_error(promotion.plan, [promoted.lane]))
