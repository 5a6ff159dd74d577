"""A plan in a file, with the state that it was made for: later exactly that is carried out, or nothing.

The file drives nothing without a comparison: settings are resolved and the registry is read again, and each difference
is listed. Its digest is a checksum, not a signature: it shows that the file was changed, not by whom.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shiplane.config.plan import LanePlan, LanePlanJson
from shiplane.config.settings import Flags
from shiplane.core.errors import RefusedError, UsageError
from shiplane.core.next_command import command
from shiplane.core.schema.location import Location
from shiplane.core.strict_json import loads
from shiplane.core.text import one_line, quoted
from shiplane.registry.oci.lookup_result import digest_of
from shiplane.registry.oci.names import Digest
from shiplane.release.planning.decision import Decision, decide
from shiplane.release.planning.plan_document import (
    FORMAT,
    PLAN_FILE,
    SCHEMA,
    LaneTagsJson,
    PlanFileJson,
    content_digest,
)
from shiplane.release.planning.tag_actions import FloatingTagAction
from shiplane.verify.survey import Survey

LIMIT = 1024 * 1024
_PLAN = command("plan", "--save", "FILE")
_PLAN_AGAIN = f"Check what has changed, then plan again: {_PLAN}"
_NOT_OURS = f"Give a file that this wrote: {_PLAN}"
_NESTED = 6


@dataclass(frozen=True, kw_only=True)
class SavedFloatingTag:
    """A floating tag when the plan was made, None if it did not exist; and what the plan does to it."""

    digest: Digest | None
    action: FloatingTagAction


@dataclass(frozen=True, kw_only=True)
class SavedTags:
    """A lane's tags when the plan was made; the version tag is None if it did not exist."""

    version: Digest | None
    floating_tags: Mapping[str, SavedFloatingTag]


@dataclass(frozen=True, kw_only=True)
class SavedPlan:
    """A plan as read from a file.

    Attributes:
        name: The file's name, for display.
        digest: The digest of its content.
        settings: As :func:`shiplane.release.planning.plan_document.settings_json` gave them.
        tags: The state that the plan was made for, by lane, in order.
    """

    name: str
    digest: Digest
    settings: Mapping[str, Any]
    tags: Mapping[str, SavedTags]

    def flags(self, env: Mapping[str, str], *, snapshot: bool) -> Flags:
        """The flags that make the same plan again.

        A value from a flag is that flag again, and so is one from a variable that is no longer set. A variable that is
        set speaks for itself: another value is a difference.
        """
        lanes = self.settings["lanes"]
        return Flags(
            lanes=tuple(self.tags),
            tag=_flag_value(env, "--tag", "TAG", *(lane["version"] for lane in lanes)),
            image=_flag_value(env, "--image", "IMAGE_REPO", *(lane["images"] for lane in lanes)),
            platforms=_flag_value(env, "--platforms", "PLATFORMS", *(lane["platforms"] for lane in lanes)),
            latest=_flag_value(env, "--latest", "PUBLISH_LATEST", *(lane["latest"] for lane in lanes)),
            snapshot=snapshot,
        )

    def require_settings(self, now: Mapping[str, Any]) -> None:
        """Refuse if a setting has changed since the plan was made.

        Args:
            now: The current settings, as :func:`settings_json` gives them.

        Raises:
            RefusedError: Listing each difference, before and now.
        """
        require_same(self.name, _setting_changes(self.settings, now))

    def differences(self, lane_plan: LanePlan, survey: Survey, commit: str) -> list[str]:
        """How a lane's tags differ from what the plan was made for.

        What this plan has done already is no difference, since a run of it may have been interrupted anywhere: the
        version tag may have an image of this commit by now, and a floating tag may have followed it, if that was
        planned.

        Raises:
            RefusedError: As :func:`shiplane.release.planning.decision.decide` does.
        """
        saved = self.tags[lane_plan.lane.name]
        version = digest_of(survey.version)
        created = saved.version is None and version is not None and survey.revision == commit
        ours = version if created or version == saved.version else None
        changes = {} if created else {lane_plan.tag: _change(saved.version, version)}
        for state in survey.floating_tags:
            changes[state.tag] = _change_of_place(saved.floating_tags[state.tag], state.digest, ours)
        named = [f"{tag}: {change}" for tag, change in changes.items() if change]
        return named or _other_moves(saved, decide(lane_plan, survey, commit))


def parse(body: bytes, name: str) -> SavedPlan:
    """Parse a plan file.

    Args:
        body: Its content.
        name: Its name, for display.

    Raises:
        UsageError: It is no plan file, has another schema, or was changed after it was written.
    """
    try:
        document = loads(body)
    except ValueError as error:
        raise UsageError(f"{name} is not a plan file: {one_line(str(error))[:200]}", remedy=_NOT_OURS) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError(f"{name} is not a plan file: it has no format {FORMAT!r}", remedy=_NOT_OURS)
    if type(document.get("schema")) is not int or document["schema"] != SCHEMA:
        raise UsageError(
            f"{name} has the schema {quoted(str(document.get('schema')), 20)}; this shiplane reads {SCHEMA}",
            remedy="Carry it out with the shiplane that wrote it, or plan again.",
        )
    place = Location(name)
    digest = _checked_digest(document, name)
    content: PlanFileJson = PLAN_FILE.read(document, place)
    tags = {lane["lane"]: _saved_tags(lane) for lane in content["tags"]}
    if _names(content["settings"]["lanes"]) != {name: list(saved.floating_tags) for name, saved in tags.items()}:
        raise place.key("tags").error("are not those of the settings' lanes")
    return SavedPlan(name=name, digest=digest, settings=document["settings"], tags=tags)


def require_same(name: str, differences: Sequence[str]) -> None:
    """Refuse a state that differs from what the plan was made for.

    Raises:
        RefusedError: Listing each difference.
    """
    if differences:
        listed = "\n  ".join(differences)
        raise RefusedError(f"{name} was made for another state (then -> now):\n  {listed}", remedy=_PLAN_AGAIN)


def _checked_digest(document: Mapping[str, Any], name: str) -> Digest:
    written = str(document.get("digest"))
    try:
        digest = content_digest({key: value for key, value in document.items() if key != "digest"})
    except RecursionError as error:
        raise UsageError(f"{name} is not a plan file: nested too deep", remedy=_NOT_OURS) from error
    if written != str(digest):
        raise UsageError(
            f"{name} was changed after it was written: its content is {digest}, it says {quoted(written, 80)}",
            remedy=f"A plan is not edited. Make another one: {_PLAN}",
        )
    return digest


def _names(lanes: Sequence[LanePlanJson]) -> dict[str, list[str]]:
    """The floating tags of each of the settings' lanes."""
    return {lane["lane"]: list(lane["floating_tags"]) for lane in lanes}


def _saved_tags(lane: LaneTagsJson) -> SavedTags:
    return SavedTags(
        version=_saved_digest(lane["version"]["digest"]),
        floating_tags={
            floating["tag"]: SavedFloatingTag(
                digest=_saved_digest(floating["digest"]), action=FloatingTagAction(floating["do"])
            )
            for floating in lane["floating_tags"]
        },
    )


def _saved_digest(text: str | None) -> Digest | None:
    return Digest(text) if text else None


def _flag_value(env: Mapping[str, str], flag: str, variable: str, *pairs: Mapping[str, Any]) -> str | None:
    """A setting as a flag says it, where it came from the flag, or from a variable that is gone."""
    for pair in pairs:
        if pair["source"] == flag or (pair["source"] == variable and not env.get(variable)):
            return _flag_text(pair["value"])
    return None


def _setting_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    old, new = dict(_leaves(before)), dict(_leaves(now))
    if old.get("commit") != new.get("commit"):
        # Its time goes with it, and is no news of its own.
        old["created"] = new.get("created", old.get("created", ("", "")))
    nothing = ("", "nothing")
    names = [*new, *(name for name in old if name not in new)]
    pairs = [(name, old.get(name, nothing), new.get(name, nothing)) for name in names]
    return [
        one_line(f"{name}: {was[1]} -> {now_is[1]}")
        for name, was, now_is in pairs
        if was[0] != now_is[0] or (name in old) != (name in new)
    ]


def _leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, tuple[str, str]]]:  # noqa: ANN401 -- JSON
    """Each single value by its path: as it is compared, and as it is shown (with its source, where it has one)."""
    if isinstance(value, dict) and set(value) == {"value", "source"}:
        yield path, (json.dumps(value["value"]), f"{_flag_text(value['value'])} ({value['source']})")
    elif isinstance(value, dict) and depth < _NESTED:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path} {key}".strip(), depth + 1)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value) and depth < _NESTED:
        for item in value:
            name = item.get("lane") or item.get("name") or ""
            rest = {key: inner for key, inner in item.items() if key not in ("lane", "name")}
            yield from _leaves(rest, f"{path.removesuffix('s')} {name}", depth + 1)
    else:
        yield path, (json.dumps(value), _flag_text(value) or "nothing")


def _flag_text(value: Any) -> str:  # noqa: ANN401 -- JSON
    """A value as a flag spells it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(str(item)[:200] for item in value)
    return "" if value is None else str(value)[:400]


def _change(before: Digest | None, now: Digest | None) -> str:
    return "" if now == before else f"{before or 'absent'} -> {now or 'absent'}"


def _change_of_place(saved: SavedFloatingTag, now: Digest | None, ours: Digest | None) -> str:
    """How a floating tag is elsewhere by now, unless this plan has moved it to ``ours``, as was planned; or nothing."""
    followed = saved.action is FloatingTagAction.MOVE and ours is not None and now == ours
    return "" if followed else _change(saved.digest, now)


def _other_moves(saved: SavedTags, decision: Decision) -> list[str]:
    texts = {
        FloatingTagAction.MOVE: "moves",
        FloatingTagAction.UNCHANGED: "stays",
        FloatingTagAction.LEAVE: "does not move",
    }
    planned = [(saved.floating_tags[move.tag].action, move) for move in decision.moves]
    return [
        f"{move.tag}: {texts[before]} -> {texts[move.action]} ({move.reason})"
        for before, move in planned
        if move.action is not before and (before, move.action) != (FloatingTagAction.MOVE, FloatingTagAction.UNCHANGED)
    ]
