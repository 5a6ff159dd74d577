"""Where every floating tag is, as a page for a wall; from the document that status --json prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shiplane.core.timestamps import age, rfc3339, short_time
from shiplane.pages.elements import Markup, element, joined
from shiplane.pages.page import badge, code, digest, facts_list, masthead, page, section, table

Json = Mapping[str, Any]
# A browser that shows the file takes it up again, so that a wall shows what the next run wrote.
_REFRESH = '<meta http-equiv="refresh" content="60">\n'
# How many names of a long list are shown.
_NAMED = 5
# What a move is called, by its action.
_HOW = {"float": "moved", "rollback": "rolled back"}


def status_page(data: Json, now: float) -> str:
    """The whole page: a card for each lane and each channel; ``now`` is in seconds since the epoch."""
    cards = [*(_lane(lane, now) for lane in data["lanes"]), *(_channel(tag, now) for tag in data["channels"])]
    images = dict.fromkeys([lane["image"] for lane in data["lanes"]] or [data["image"]])
    title, state = _summary(data)
    facts = [("Image", joined(map(code, images), ", ")), ("As of", short_time(rfc3339(now)))]
    body = [
        masthead("Release status", state, title, "", facts),
        element("main", *cards, class_="cards"),
        _footer(),
    ]
    return page(f"{title} · {', '.join(images)}", joined(body, "\n"), _REFRESH)


def unread_page(what: str, remedy: str, now: float) -> str:
    """The page of a status that could not be read: without it, a wall would go on showing the last one as if it held.

    Args:
        what: What went wrong.
        remedy: What to do about it.
        now: In seconds since the epoch.
    """
    title = "The status could not be read"
    facts = [("As of", short_time(rfc3339(now)))]
    fix = section("How to fix it", *(element("p", line) for line in remedy.splitlines()), class_="bad")
    body = [masthead("Release status", ("unknown", "bad"), title, what, facts), fix, _footer()]
    return page(title, joined(body, "\n"), _REFRESH)


def _summary(data: Json) -> tuple[str, tuple[str, str]]:
    """What all of it comes to, in a sentence and in a word."""
    drifting = [f"lane {lane['lane']}" for lane in data["lanes"] if lane["drift"]]
    drifting += [f"channel {tag['channel']} of {tag['lane']}" for tag in data["channels"] if tag["drift"]]
    if drifting:
        return f"Drift in {_some(drifting)}", ("drift", "bad")
    return "Every tag is where it should be", ("no drift", "good")


def _lane(lane: Json, now: float) -> Markup:
    widest, *others = list(reversed(lane["floating_tags"])) or [None]
    state = (
        badge("drift", "bad")
        if lane["drift"]
        else badge("as recorded" if lane["ledger"]["exists"] else "no drift", "good")
    )
    return element(
        "section",
        element("h2", f"Lane {lane['lane']}", state),
        *(_floating(widest, now) if widest else _without_tag(lane)),
        table(["Tag", "Version", "Since"], [_row(tag, now) for tag in others if tag]),
        _notes(lane),
        element("p", element("b", "Next publish: "), lane["next"], class_="next"),
    )


def _without_tag(lane: Json) -> Iterator[Markup]:
    yield _at("", f"newest {lane['newest']}" if lane["newest"] else "nothing is published")


def _floating(tag: Json, now: float) -> Iterator[Markup]:
    """The tag with the widest range, in large."""
    yield _at(f"{tag['tag']} → ", tag["version"] or _nowhere(tag))
    yield facts_list(
        [
            ("Since", _since(tag, now)),
            ("Commit", code((tag["commit"] or "")[:12])),
            ("Digest", digest(tag["digest"])),
        ]
    )


def _at(label: str, value: str) -> Markup:
    return element("p", element("small", label), value, class_="at")


def _row(tag: Json, now: float) -> list[str]:
    return [code(tag["tag"], "tag"), tag["version"] or _nowhere(tag), _since(tag, now)]


def _nowhere(tag: Json) -> str:
    return "no version of this lane" if tag["digest"] else "does not exist"


def _since(tag: Json, now: float) -> Markup:
    if not tag["since"]:
        return element("span", "unknown, the move was not recorded", class_="quiet") if tag["digest"] else Markup()
    why = f": {tag['why']}" if tag["why"] else ""
    how = tag.get("how") or "float"
    moved = element("span", f"{age(tag['since'], now)}, {_HOW.get(how, how)} by {tag['by']}{why}", class_="why")
    return joined([short_time(tag["since"]), moved])


def _notes(lane: Json) -> Markup:
    """What somebody should look at: the worst first."""
    notes = [*(("bad", what) for what in lane["drift"]), *_marks(lane), *_gaps(lane)]
    return (
        element("ul", *(element("li", what, class_=tone) for tone, what in notes), class_="notes")
        if notes
        else Markup()
    )


def _marks(lane: Json) -> Iterator[tuple[str, str]]:
    for tag in lane["floating_tags"]:
        if tag["marked"] and not lane["drift"]:
            yield "bad", f"{tag['version']} is marked as bad"


def _gaps(lane: Json) -> Iterator[tuple[str, str]]:
    if lane["unrecorded"]:
        yield "care", f"Not recorded: {_some(lane['unrecorded'])}"
    if lane["unsigned"]:
        yield "care", f"Not signed: {_some(lane['unsigned'])}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _channel(tag: Json, now: float) -> Markup:
    state = badge("drift", "bad") if tag["drift"] else badge("no drift", "good")
    return element(
        "section",
        element("h2", f"Channel {tag['channel']}", state),
        _at(f"{tag['tag']} → ", (tag["commit"] or "")[:12] or "does not exist"),
        facts_list(
            [
                ("Branch", tag["branch"]),
                ("Lane", tag["lane"]),
                ("Since", _since(tag, now)),
                ("Digest", digest(tag["digest"])),
            ]
        ),
        *([element("ul", element("li", tag["drift"], class_="bad"), class_="notes")] if tag["drift"] else []),
    )


def _footer() -> Markup:
    from shiplane import __version__

    return element("footer", f"Written by shiplane {__version__}. Times are in UTC.")
