"""The text of a release on GitHub: a part of ours for each lane, between markers; all else is other people's.

A part has only what a version keeps for good, so that the same version gives the same text whenever it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shiplane.release.result import LaneResult

_CUT = "\n\n*The generated notes are too long for a release; this is their beginning.*"


def part_of(lane: LaneResult) -> str:
    """A lane's part, with its markers: its images in each repository, and the commands that pull them."""
    name, plan = lane.plan.lane.name, lane.plan
    rows = [f"| {' | '.join(row)} |" for row in _rows(lane)]
    pulls = [f"docker pull {repository}:{plan.tag}@{lane.digest}" for repository in plan.images.value]
    return "\n".join(
        [
            _begin(name),
            f"### Images of {name}",
            "",
            "| image | tags | platforms | digest |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "```sh",
            *pulls,
            "```",
            _end(name),
        ]
    )


def _rows(lane: LaneResult) -> Iterator[tuple[str, ...]]:
    tags = ", ".join(f"`{tag}`" for tag in (lane.plan.tag, *lane.plan.aliases))
    platforms = ", ".join(str(image.platform) for image in lane.report.images)
    for repository in lane.plan.images.value:
        yield f"`{repository}`", tags, platforms, f"`{lane.digest}`"


def complete(body: str, parts: Sequence[tuple[str, str]]) -> str:
    """A body with the parts of these lanes: each in the place of its former one, or at the end.

    Args:
        body: As GitHub has it.
        parts: The name of each lane with its part.
    """
    for name, part in parts:
        body = _with_part(body, name, part)
    return body


def has_parts(body: str, parts: Sequence[tuple[str, str]]) -> bool:
    """Whether a body says all of them already. GitHub's page writes CRLF."""
    plain = _plain(body)
    return all(_former(plain, name) == part for name, part in parts)


def with_notes(body: str, notes: str, longest: int) -> str:
    """A new body with generated notes behind it, as much of them as it may hold."""
    text = f"{body}\n\n{notes}" if notes else body
    if len(text) <= longest:
        return text
    kept = text[: longest - len(_CUT)]
    return kept[: kept.rindex("\n")] + _CUT


def _with_part(body: str, name: str, part: str) -> str:
    place = _place(body, name)
    if place is None:
        return f"{body}\n\n{part}" if body.strip() else part
    start, stop = place
    former = body[start:stop]
    return body if _plain(former) == part else body[:start] + part + body[stop:]


def _former(body: str, name: str) -> str:
    place = _place(body, name)
    return body[place[0] : place[1]] if place else ""


def _place(body: str, name: str) -> tuple[int, int] | None:
    """Where a lane's part is, markers included; None if there is none, or one of them alone: that is no part.

    It begins at the last opening marker before the first closing one that has any: what is between two opening ones
    was written by somebody else.
    """
    begin, end = _begin(name), _end(name)
    stop = body.find(end)
    while stop != -1:
        start = body.rfind(begin, 0, stop)
        if start != -1:
            return start, stop + len(end)
        stop = body.find(end, stop + 1)
    return None


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _begin(name: str) -> str:
    return f"<!-- shiplane: images of {name} -->"


def _end(name: str) -> str:
    return f"<!-- shiplane: end of {name} -->"
