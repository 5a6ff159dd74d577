"""Times as people read them; what is no time is shown as it is."""

from __future__ import annotations

from datetime import datetime, timezone

_STEPS = ((86400 * 2, 86400, "d"), (3600 * 2, 3600, "h"), (120, 60, "min"))


def parse_timestamp(text: str) -> datetime | None:
    """An RFC 3339 time, or None; one without a zone is none, since it could mean any."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def rfc3339(seconds: float) -> str:
    """RFC 3339 in UTC, of seconds since the epoch."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_since(text: str, now: float) -> float | None:
    """How long ago a time was, less than nothing where it is ahead of our clock; None where it is no time.

    Args:
        text: RFC 3339.
        now: Seconds since the epoch.
    """
    moment = parse_timestamp(text)
    return now - moment.timestamp() if moment else None


def short_time(text: str) -> str:
    """``2026-11-25 09:00`` of an RFC 3339 time in UTC."""
    return text[:16].replace("T", " ") if parse_timestamp(text) else text[:40]


def age(text: str, now: float) -> str:
    """How long ago a time was: ``3 h ago``.

    Args:
        text: RFC 3339.
        now: Seconds since the epoch.
    """
    moment = parse_timestamp(text)
    if moment is None:
        return "at an unknown time"
    seconds = max(0.0, now - moment.timestamp())
    for limit, unit, name in _STEPS:
        if seconds >= limit:
            return f"{seconds // unit:.0f} {name} ago"
    return f"{seconds:.0f} s ago"
