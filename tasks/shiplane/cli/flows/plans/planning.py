"""A plan: from the flags to an answer, and to a file where it is to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.flows.plans.preview import credential_notes, ignored_files, preview
from shiplane.cli.flows.plans.saved_plans import requirements, save_plan
from shiplane.cli.views.plan import following_text, ignored_text, limits_row, outlook_json, plan_text

if TYPE_CHECKING:
    from shiplane.cli.documents import PlannedDataJson
    from shiplane.cli.run import Run
    from shiplane.config.settings import Flags


def plan_release(run: Run, flags: Flags, save: str | None = None) -> Answer:
    """Plan a release; the answer is an error where it would be refused as things are.

    Args:
        run: The run.
        flags: What is to be released.
        save: The file to keep the plan in, relative to where the user stands.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.config.keys.announcements import AnnouncedEvent, planned_announcements
    from shiplane.release.announcing.github_release import planned_releases
    from shiplane.release.planning.plan_document import prerequisites_json
    from shiplane.release.planning.planner import check_dockerfiles, make_plan

    planned = make_plan(run.resolver(flags))
    check_dockerfiles(planned, run.dockerfiles())
    outlook = preview(run, planned, certain=save is not None)
    required = requirements(run)
    credential, credential_text = credential_notes(run, planned)
    data: PlannedDataJson = {
        **planned.to_json(),
        "registry": {"asked": not outlook.doubt, "why_not": outlook.doubt},
        "prerequisites": prerequisites_json(required),
        "limits": run.project.limits.to_json(),
        "tags": {name: outlook_json(survey, decision) for name, (survey, decision) in outlook.lanes.items()},
        "github_releases": planned_releases(planned, run.project.github_release),
        "announcements": planned_announcements(run.project.announcements, AnnouncedEvent.RELEASE),
        "credential": credential,
        "ignored": ignored_files(run, planned),
    }
    text = plan_text(planned, outlook.lanes, outlook.doubt, required, limits_row(run.project)) + following_text(
        data["github_releases"], data["announcements"]
    )
    text += credential_text + ignored_text(data["ignored"])
    if save is not None:
        text += f"\n\nsaved; carry it out with:\n  {save_plan(run, planned, outlook.lanes, save)}"
    saved = {} if save is None else {"saved": save}
    return Answer(text=text, data={**data, **saved}, error=outlook.broken_ledger or outlook.refusal(planned))
