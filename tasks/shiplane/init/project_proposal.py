"""The whole project file: the lanes and channels, and what they have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from shiplane.config.settings import DEFAULT_PLATFORMS
from shiplane.init.facts import Facts
from shiplane.init.lane_proposal import ProposedLane, propose_lanes
from shiplane.init.proposal import Entry, Proposal, ProposedTable
from shiplane.init.sources import Remark
from shiplane.init.toml_text import Value, value_text
from shiplane.init.version_files import with_version_files
from shiplane.init.workflows.published_image import PublishedImage

_DEFAULT_PLATFORMS = set(map(str, DEFAULT_PLATFORMS))
# What GHCR's credential is called anyway.
_STANDARD = {"GHCR_TOKEN", "GITHUB_TOKEN"}


def propose(facts: Facts) -> Proposal:
    """The project file that follows from the facts."""
    lanes, doubled = _apart_by_name(propose_lanes(facts))
    version_file, lanes = with_version_files(lanes, facts.git_tags, facts.version_files)
    channels, remarks = _channels(lanes)
    common = {**_images(lanes, facts), **_platforms(lanes), **version_file, **_deployments(facts)}
    own = [replace(lane, entries={**_apart(lane, common, facts.image), **lane.entries}) for lane in lanes]
    are_built_in = all(lane.built_in for lane in own)
    tables = [
        ProposedTable((), common),
        *(lane.table for lane in own if lane.entries or not are_built_in),
        *channels,
        *_registries(lanes, facts),
    ]
    notes = [(rest, lane.source) for lane in own if (rest := _built_in(lane))]
    notes += [(f"build command: {facts.build[0]}", facts.build[1])] if facts.build else []
    return Proposal(tables=tables, notes=notes, remarks=[*facts.remarks, *doubled, *remarks])


def _apart_by_name(lanes: Sequence[ProposedLane]) -> tuple[list[ProposedLane], list[Remark]]:
    """The lanes whose names are their own; where two would have one, the first has it."""
    kept = list({lane.name: lane for lane in reversed(lanes)}.values())[::-1]
    reason = "another image would be a lane of the same name: add this one by hand"
    left = [lane.image for lane in lanes if lane not in kept and lane.image]
    return kept, [Remark(image.source, image.dockerfile, reason) for image in left]


def _built_in(proposed: ProposedLane) -> str:
    """What a lane has without being told; empty where that is nothing, as it is no lane that is built in."""
    lane = proposed.built_in
    if lane is None:
        return ""
    values: dict[str, Value] = {"dockerfile": lane.dockerfile, "tag": str(lane.version_template)}
    values |= {"floating": ", ".join(map(str, lane.floating_templates)), "git-tag": lane.git_tag}
    rest = [f"{key} = {value_text(value)}" for key, value in values.items() if key not in proposed.entries]
    return f"lane {lane.name}: {', '.join(rest)}" if rest else ""


def _images(lanes: Sequence[ProposedLane], facts: Facts) -> dict[str, Entry]:
    """The repositories, where all lanes have the same and they are not the default."""
    each = {lane.image.images for lane in lanes if lane.image and lane.image.images}
    if not each and not facts.image and facts.registry:
        return {"image": Entry(facts.registry, "IMAGE_REPO")}
    if len(each) != 1 or {(facts.image,)} == each:
        return {}
    images = next(iter(each))
    source = next(lane.source for lane in lanes if lane.image and lane.image.images)
    return {"image": _image(images, source)}


def _image(images: Sequence[str], source: str) -> Entry:
    """The value of ``image``: one repository, or a list."""
    return Entry(images[0] if len(images) == 1 else list(images), source)


def _platforms(lanes: Sequence[ProposedLane]) -> dict[str, Entry]:
    """The platforms, where all lanes have the same and they are not the default."""
    each = {frozenset(_platforms_of(lane)) for lane in lanes}
    if len(each) != 1 or each == {frozenset(_DEFAULT_PLATFORMS)}:
        return {}
    return {"platforms": Entry(_platforms_of(lanes[0]), lanes[0].source)}


def _platforms_of(lane: ProposedLane) -> list[str]:
    """The platforms of a lane; the default where they are not known."""
    return [*(lane.image.platforms if lane.image else ())] or sorted(_DEFAULT_PLATFORMS)


def _apart(lane: ProposedLane, common: Mapping[str, Entry], default: str) -> dict[str, Entry]:
    """The repositories and platforms of a lane that has its own."""
    entries: dict[str, Entry] = {}
    images = lane.image.images if lane.image else ()
    if images and "image" not in common and images != (default,):
        entries["image"] = _image(images, lane.source)
    if "platforms" not in common and {*_platforms_of(lane)} != _DEFAULT_PLATFORMS:
        entries["platforms"] = Entry(_platforms_of(lane), lane.source)
    return entries


def _deployments(facts: Facts) -> dict[str, Entry]:
    paths = list(facts.deployments)
    return {"deployments": Entry(paths, f"they name {facts.image}")} if paths else {}


def _channels(lanes: Sequence[ProposedLane]) -> tuple[list[ProposedTable], list[Remark]]:
    """The channels, and what of the branches' tags they cannot have: two lanes' channels have no tag in common."""
    tables: dict[str, ProposedTable] = {}
    remarks = []
    for lane, image in ((lane, lane.image) for lane in lanes if lane.image):
        floating = {rule.text for rule in image.tags.floating}
        following = [(branch, tag) for branch, tag in image.tags.following if tag not in floating]
        for branch, tag in image.tags.following:
            if tag in floating:
                reason = f"it moves with versions alone, no longer with each push to {branch} as well"
                remarks.append(Remark(image.source, tag, reason))
        if image.tags.kept if not following else image.tags.kept[1:]:
            reason = "a build of a channel keeps one tag, beside the one that follows the branch"
            remarks.append(Remark(image.source, image.tags.kept[-1], reason))
        for branch, tag in following:
            table = _channel(lane, image, branch, tag, alone=len(lanes) == 1)
            if tag in tables:
                reason = f"{tables[tag].name} has this tag already; channels of several lanes have {{lane}} in theirs"
                remarks.append(Remark(image.source, tag, reason))
            tables.setdefault(tag, table)
    return list(tables.values()), remarks


def _channel(lane: ProposedLane, image: PublishedImage, branch: str, tag: str, *, alone: bool) -> ProposedTable:
    name, kept = _channel_name(branch, tag), image.tags.kept
    values: dict[str, Value] = {"branch": branch}
    values |= {} if alone else {"lanes": [lane.name]}
    values |= {"tag": tag} if tag != name else {}
    values |= {"keep": kept[0] if kept else False} if kept[:1] != ["sha-{commit}"] else {}
    return ProposedTable(("channels", name), {key: Entry(value, lane.source) for key, value in values.items()})


def _channel_name(branch: str, tag: str) -> str:
    text = branch if tag == "latest" or not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", tag) else tag
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-0123456789")[:31] or "branch"


def _registries(lanes: Sequence[ProposedLane], facts: Facts) -> Iterator[ProposedTable]:
    """The credentials of the registries that are published to, other than GHCR's usual ones."""
    used = {image.partition("/")[0] for lane in lanes if lane.image for image in lane.image.images}
    for registry, (user, password) in facts.logins.items():
        if registry in used and password not in _STANDARD:
            entries = {"username-env": Entry([user], "the login"), "password-env": Entry([password], "the login")}
            yield ProposedTable(("registries", registry), entries)
