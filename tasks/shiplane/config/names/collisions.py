"""That no two lanes can ever write, or be triggered by, one name, and that no name of a lane has two meanings. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.names.overlap import ends_differ, shared_floating_name, shared_name, version_example
from shiplane.config.names.version_tag import PLAIN, TagTemplate
from shiplane.core.errors import ConfigurationError

if TYPE_CHECKING:
    from shiplane.config.lane import Lane
    from shiplane.registry.oci.names import Repository

_REMEDY = "Give each lane its own name, version tag, floating tags and git tag, or an image of its own."


def apart(lanes: Iterable[Lane], images: Collection[Repository] = ()) -> tuple[Lane, ...]:
    """The lanes, each knowing which endings its versions must not have, and which lanes need another repository.

    Args:
        lanes: Every lane of the project.
        images: The repositories of the lanes without their own; empty where the file does not say.

    Raises:
        ConfigurationError: Two could write one name, or a name could be read as that of two; the message has one.
    """
    lanes = tuple(lanes)
    lanes = tuple(replace(lane, reserved=dict(_reserved(lane, lanes))) for lane in lanes)
    for lane in lanes:
        for problem in _own_clashes(lane):
            raise ConfigurationError(f"lane {lane.name}: {problem}", remedy=_REMEDY)
    rivals: dict[str, set[str]] = {lane.name: set() for lane in lanes}
    for lane, other in permutations(lanes, 2):
        problems = tuple(_shared_names(lane, other))
        if problems and not _share_a_repository(lane, other, images):
            rivals[lane.name].add(other.name)
            rivals[other.name].add(lane.name)
            problems = ()
        for problem in (*problems, *_shared_readings(lane, other)):
            raise ConfigurationError(f"lanes {lane.name} and {other.name} overlap: {problem}", remedy=_REMEDY)
    return tuple(replace(lane, rivals=frozenset(rivals[lane.name])) for lane in lanes)


def _share_a_repository(lane: Lane, other: Lane, images: Collection[Repository]) -> bool:
    """Whether two lanes are known to write into one repository; of one that is not known yet it is seen later."""
    mine, theirs = {*(lane.images or images)}, {*(other.images or images)}
    return bool(mine & theirs) or not (mine or theirs)


def _reserved(lane: Lane, lanes: Sequence[Lane]) -> Iterator[tuple[str, str]]:
    """The endings by which a version of the lane would be written as another version: ``-alpine``, and whose it is."""
    for template in (*lane.written_templates, lane.git_template):
        for other in lanes:
            for longer in other.written_templates:
                is_longer = longer.before == template.before and longer.after.endswith(template.after)
                if is_longer and longer.after != template.after:
                    yield longer.after.removesuffix(template.after), other.name


def _own_clashes(lane: Lane) -> Iterator[str]:
    """What in a lane alone has two meanings: :meth:`Lane.parse_version` must have no choice."""
    yield from _floating_clashes(lane, lane)
    for one, two in combinations(lane.floating_templates, 2):
        if name := _shared_by_floating(one, two):
            yield f"{name} is made by {one} and by {two}"
    if len(set(lane.written_templates)) < len(lane.written_templates):
        yield f"{lane.version_template} is given twice"
    readers = dict.fromkeys((*lane.written_templates, lane.git_template, *PLAIN))
    for first, second in combinations(readers, 2):
        if name := shared_name(first, lane.versions, second, lane.versions):
            yield f"{name} can be read as a version of {first} and of {second}"


def _shared_names(lane: Lane, other: Lane) -> Iterator[str]:
    """What both could write, if it were into one repository."""
    for one in lane.floating_templates:
        for two in other.floating_templates:
            if name := _shared_by_floating(one, two):
                yield f"both move {name}"
    for mine in lane.written_templates:
        for theirs in other.written_templates:
            if name := _shared(lane, mine, other, theirs):
                yield f"a tag such as {name} can be read as one of {lane.name}"
    if any(lane.reads(template)(other.ledger) for template in lane.written_templates):
        yield f"{other.ledger} is the tag of {other.name}'s ledger, and of a version of {lane.name}"
    yield from _floating_clashes(lane, other)


def _shared_readings(lane: Lane, other: Lane) -> Iterator[str]:
    """What means both lanes, wherever their images are."""
    if lane.name == other.name:
        yield "they have the same name"
    # With one template, one git tag starts both: they are a group.
    if lane.git_tag != other.git_tag and (name := _shared(lane, lane.git_template, other, other.git_template)):
        yield f"a git tag such as {name} triggers both"
    yield from _cross_readings(lane, other)


def _cross_readings(lane: Lane, other: Lane) -> Iterator[str]:
    """What is a git tag to one lane and an image tag to another: ``--tag`` takes both."""
    for template in lane.written_templates if lane.git_tag != other.git_tag else ():
        # "v1.2.3" alone belongs to no lane: each takes it for its own version of that number.
        is_everybodys = template == other.git_template and template.is_plain
        if not is_everybodys and (name := _shared(lane, template, other, other.git_template)):
            yield f"{name} is a git tag of {other.name} and an image tag of {lane.name}"


def _shared(lane: Lane, mine: TagTemplate, other: Lane, theirs: TagTemplate) -> str:
    """A name that two lanes make of a version each; empty if there is none."""
    if mine == theirs:
        return version_example(mine, lane.versions, other.versions)
    return shared_name(mine, lane.versions, theirs, other.versions)


def _floating_clashes(lane: Lane, other: Lane) -> Iterator[str]:
    """What of another lane's floating tags, or of its own, is a name of the lane."""
    for floating in other.floating_templates:
        if floating.read(lane.ledger):
            yield f"{lane.ledger} is the tag of {lane.name}'s ledger, and {floating} makes it"
        for template in (*lane.written_templates, *(() if floating.depth else (lane.git_template, *PLAIN))):
            if ends_differ(floating.text, str(template)):
                continue
            if name := shared_floating_name(floating, str(template), lane.reads(template)):
                yield f"the floating tag {name} can be read as a version of {lane.name}"


def _shared_by_floating(one: FloatingTemplate, two: FloatingTemplate) -> str:
    one, two = sorted((one, two), key=lambda template: template.depth)
    return "" if ends_differ(one.text, two.text) else shared_floating_name(one, two.text, two.read)
