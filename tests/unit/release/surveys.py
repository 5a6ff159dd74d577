"""Surveys of a lane with one floating tag, and of one with several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shiplane.config.floating_tag import FloatingTag, FloatingTemplate
from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.ledger.ledger import Ledger
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.names import Tag
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.survey import Survey

LATEST = FloatingTag(tag=Tag("latest"))
SEVERAL = replace(
    MAIN,
    floating_templates=(
        FloatingTemplate(text="latest"),
        FloatingTemplate(text="v{major}"),
        FloatingTemplate(text="v{major}.{minor}"),
        FloatingTemplate(text="next", prereleases=frozenset({"rc"})),
    ),
)
"""A lane with ranges, and a tag that takes release candidates."""


def surveyed(
    *,
    version: Present | Absent,
    revision: str | None = None,
    floating: Present | Absent,
    floating_version: Version | None = None,
    newest: Version | None = None,
    ledger: Ledger | None = None,
) -> Survey:
    """What a survey of the main lane saw, whose one floating tag is ``latest``."""
    recorded = ledger or Ledger()
    state = FloatingTagState(
        floating=LATEST, answer=floating, version=floating_version, position=recorded.position(LATEST.tag)
    )
    return Survey(
        version=version,
        revision=revision,
        floating_tags=(state,),
        newest={LATEST.tag: newest} if newest else {},
        ledger=recorded,
    )


def with_ledger(survey: Survey, ledger: Ledger) -> Survey:
    """The same with another ledger."""
    states = tuple(replace(state, position=ledger.position(state.tag)) for state in survey.floating_tags)
    return replace(survey, floating_tags=states, ledger=ledger)


def surveyed_several(
    version: Version,
    places: Mapping[str, Present | Absent],
    versions: Mapping[Present, Version],
    *,
    own: Present | Absent | None = None,
    ledger: Ledger | None = None,
    newest: Mapping[Tag, Version] | None = None,
) -> Survey:
    """What a survey of :data:`SEVERAL` saw before a release of a version.

    Args:
        version: The version to release.
        places: The floating tags that exist, with what is there.
        versions: The version that each image is.
        own: What the version tag is, if it exists.
        ledger: The ledger.
        newest: As in the survey.
    """
    recorded = ledger or Ledger()
    answers = {floating: places.get(floating.tag, Absent()) for floating in SEVERAL.floating_tags(version)}
    states = tuple(
        FloatingTagState(
            floating=floating,
            answer=answer,
            version=versions.get(answer) if isinstance(answer, Present) else None,
            position=recorded.position(floating.tag),
        )
        for floating, answer in answers.items()
    )
    return Survey(
        version=own or Absent(), revision="c" * 40, floating_tags=states, newest=newest or {}, ledger=recorded
    )
