"""Parse and format times; a text that is no time is shown unchanged."""

from __future__ import annotations

from datetime import datetime, timezone

_STEPS = ((86400 * 2, 86400, "d"), (3600 * 2, 3600, "h"), (120, 60, "min"))


def parse_timestamp(text: str) -> datetime | None:
    """Parse an RFC 3339 time; None if invalid or without a time zone."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_since(text: str, now: float) -> float | None:
    """Seconds from an RFC 3339 time to ``now`` (since the epoch); negative in the future, None if it is no time."""
    moment = parse_timestamp(text)
    return now - moment.timestamp() if moment else None


def short_time(text: str) -> str:
    """An RFC 3339 time as ``2026-11-25 09:00 UTC``."""
    moment = parse_timestamp(text)
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC" if moment else text[:40]


def age(text: str, now: float) -> str:
    """How long before ``now`` (since the epoch) an RFC 3339 time was: ``3 h ago``."""
    moment = parse_timestamp(text)
    if moment is None:
        return "at an unknown time"
    seconds = max(0.0, now - moment.timestamp())
    for limit, unit, name in _STEPS:
        if seconds >= limit:
            return f"{seconds // unit:.0f} {name} ago"
    return f"{seconds:.0f} s ago"
