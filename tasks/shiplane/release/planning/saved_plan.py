"""A plan in a file, with the state that it was made for: later exactly that is carried out, or nothing.

The file drives nothing without a comparison: settings are resolved and the registry is read again, and each difference
is listed. Its digest is a checksum, not a signature: it shows that the file was changed, not by whom.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypedDict

from shiplane.config.plan import LanePlan, LanePlanJson, Plan, PlanJson
from shiplane.config.settings import Flags
from shiplane.core.errors import RefusedError, UsageError
from shiplane.core.next_command import command
from shiplane.core.schema.documents import document as schema_of_document
from shiplane.core.schema.documents import table_of
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Array, Choice, Json
from shiplane.core.strict_json import loads
from shiplane.core.text import one_line, quoted
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.lookup_result import digest_of
from shiplane.registry.oci.names import Digest
from shiplane.release.planning.decision import Decision, FloatingTagAction, VersionTagAction, decide
from shiplane.verify.survey import Survey

FORMAT = "shiplane-plan"
SCHEMA = 1
LIMIT = 1024 * 1024
_PLAN = command("plan", "--save", "FILE")
_PLAN_AGAIN = f"Check what has changed, then plan again: {_PLAN}"
_NOT_OURS = f"Give a file that this wrote: {_PLAN}"
_NESTED = 6
# What is read of a lane's settings, apart from what is only compared.
_FLAGGED = ("lane", "version", "latest", "platforms")


class PrerequisiteJson(TypedDict):
    """What has to pass before anything is tagged."""

    name: Annotated[str, "The build command, a gate, a lane's smoke run."]
    what: Annotated[str, "How it is checked, as text."]


class SettingsJson(PlanJson):
    """Everything that decides what a release makes, apart from the registry."""

    prerequisites: Annotated[list[PrerequisiteJson], "What has to pass before anything is tagged."]
    dockerfiles: Annotated[dict[str, DigestJson], "The digest of each lane's Dockerfile, by its path."]


class PlannedVersionTagJson(TypedDict):
    """A version tag."""

    tag: TagJson
    digest: Annotated[DigestJson | None, "What it had; null where it was absent."]
    do: Annotated[str, VersionTagAction, "What is done about it."]


class PlannedFloatingTagJson(TypedDict):
    """A floating tag."""

    tag: TagJson
    digest: Annotated[DigestJson | None, "What it had; null where it was absent."]
    do: Annotated[str, FloatingTagAction, "What is done about it."]


class LaneTagsJson(TypedDict):
    """One lane's two tags."""

    lane: Annotated[str, "The lane's name."]
    version: PlannedVersionTagJson
    floating: PlannedFloatingTagJson


class PlanContentJson(TypedDict):
    """What a plan file says."""

    format: Annotated[str, Choice.of(FORMAT), "What this file is."]
    schema: Annotated[int, Choice.of(SCHEMA), "The form of this file; another form has another number."]
    shiplane: Annotated[str, "The version of shiplane that wrote it."]
    settings: SettingsJson
    tags: Annotated[
        list[LaneTagsJson],
        {"least": 1},
        "Each lane's tags as the plan saw them, in the order of the settings' lanes.",
    ]


class PlanFileJson(PlanContentJson):
    """What plan --save writes, and --plan of publish and release reads; no secret, and not to be edited."""

    digest: Annotated[
        DigestJson,
        "SHA-256 of everything else, as JSON with sorted keys and no blanks: a checksum, not a signature.",
    ]


def _read_keys() -> dict[str, Key]:
    """The keys of the file, but of the settings those that are read one by one: all others are only compared."""
    plan, lane = table_of(PlanJson).keys, table_of(LanePlanJson).keys
    lanes = Array(of=Table("", "", dict, lambda: {key: lane[key] for key in _FLAGGED}, open=True))
    read = {"image": plan["image"], "lanes": replace(plan["lanes"], value=lanes)}
    keys = table_of(PlanFileJson).keys
    return {**keys, "settings": replace(keys["settings"], value=Table("", "", dict, read.copy, open=True))}


_FILE = Table("", "", dict, _read_keys)


def plan_schema() -> Json:
    """The JSON Schema of the file."""
    return schema_of_document(PlanFileJson, urn="urn:shiplane:plan-file", title="Plan file of shiplane")


def prerequisites_json(prerequisites: Sequence[tuple[str, str]]) -> list[PrerequisiteJson]:
    """What has to hold before a release, by name."""
    return [{"name": name, "what": what} for name, what in prerequisites]


def settings_json(plan: Plan, prerequisites: Sequence[tuple[str, str]], dockerfiles: Mapping[str, str]) -> SettingsJson:
    """Everything that decides what a release makes, apart from the registry.

    Args:
        plan: The settings, each with its source.
        prerequisites: What has to hold before, by name.
        dockerfiles: The digest of each lane's Dockerfile: git may ignore one, and then no commit speaks for it.
    """
    return {
        **plan.to_json(),
        "prerequisites": prerequisites_json(prerequisites),
        "dockerfiles": dict(dockerfiles),
    }


def tags_json(lane_plan: LanePlan, survey: Survey, decision: Decision) -> LaneTagsJson:
    """A lane's two tags, and what the plan does to them."""
    return {
        "lane": lane_plan.lane.name,
        "version": {
            "tag": lane_plan.tag,
            "digest": _digest_text(digest_of(survey.version)),
            "do": decision.version_tag.value,
        },
        "floating": {
            "tag": lane_plan.lane.floating,
            "digest": _digest_text(digest_of(survey.floating)),
            "do": decision.move.value,
        },
    }


def encode(settings: SettingsJson, tags: Sequence[LaneTagsJson], *, written_by: str) -> bytes:
    """The file: the same plan gives the same bytes.

    Args:
        settings: As :func:`settings_json` gives them.
        tags: As :func:`tags_json` gives them, for each lane.
        written_by: The version of shiplane.
    """
    content: PlanContentJson = {
        "format": FORMAT,
        "schema": SCHEMA,
        "shiplane": written_by,
        "settings": settings,
        "tags": list(tags),
    }
    document: PlanFileJson = {**content, "digest": str(_digest_of(content))}
    return (json.dumps(document, indent=2) + "\n").encode()


@dataclass(frozen=True, kw_only=True)
class SavedTags:
    """A lane's tags when the plan was made; None if a tag did not exist."""

    version: Digest | None
    floating: Digest | None
    move: FloatingTagAction


@dataclass(frozen=True, kw_only=True)
class SavedPlan:
    """A plan as read from a file.

    Attributes:
        name: The file's name, for display.
        digest: The digest of its content.
        settings: As :func:`settings_json` gave them.
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
            image=_flag_value(env, "--image", "IMAGE_REPO", self.settings["image"]),
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
        version tag may have an image of this commit by now, and the floating tag may have followed it, if that was
        planned.

        Raises:
            RefusedError: As :func:`shiplane.release.planning.decision.decide` does.
        """
        saved = self.tags[lane_plan.lane.name]
        version, floating = digest_of(survey.version), digest_of(survey.floating)
        created = saved.version is None and version is not None and survey.revision == commit
        ours = created or (version is not None and version == saved.version)
        followed = saved.move is FloatingTagAction.MOVE and ours and floating == version
        changes = []
        if version != saved.version and not created:
            changes.append(f"{lane_plan.tag}: {saved.version or 'absent'} -> {version or 'absent'}")
        if floating != saved.floating and not followed:
            changes.append(f"{lane_plan.lane.floating}: {saved.floating or 'absent'} -> {floating or 'absent'}")
        return changes or _other_move(lane_plan, saved.move, decide(lane_plan, survey, commit))


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
    content: PlanFileJson = _FILE.read(document, place)
    tags = {lane["lane"]: _saved_tags(lane) for lane in content["tags"]}
    if [lane["lane"] for lane in content["settings"]["lanes"]] != list(tags):
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
        digest = _digest_of({key: value for key, value in document.items() if key != "digest"})
    except RecursionError as error:
        raise UsageError(f"{name} is not a plan file: nested too deep", remedy=_NOT_OURS) from error
    if written != str(digest):
        raise UsageError(
            f"{name} was changed after it was written: its content is {digest}, it says {quoted(written, 80)}",
            remedy=f"A plan is not edited. Make another one: {_PLAN}",
        )
    return digest


def _saved_tags(lane: LaneTagsJson) -> SavedTags:
    version, floating = lane["version"]["digest"], lane["floating"]["digest"]
    return SavedTags(
        version=Digest(version) if version else None,
        floating=Digest(floating) if floating else None,
        move=FloatingTagAction(lane["floating"]["do"]),
    )


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


def _other_move(lane_plan: LanePlan, planned: FloatingTagAction, decision: Decision) -> list[str]:
    if decision.move is planned or (planned is FloatingTagAction.MOVE and decision.move is FloatingTagAction.UNCHANGED):
        return []
    texts = {
        FloatingTagAction.MOVE: "moves",
        FloatingTagAction.UNCHANGED: "stays",
        FloatingTagAction.LEAVE: "does not move",
    }
    return [f"{lane_plan.lane.floating}: {texts[planned]} -> {texts[decision.move]} ({decision.reason})"]


def _digest_text(digest: Digest | None) -> str | None:
    return str(digest) if digest else None


def _digest_of(content: Mapping[str, Any]) -> Digest:
    return Digest.of(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
