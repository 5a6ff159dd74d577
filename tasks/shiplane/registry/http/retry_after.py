"""How long a response asks to wait.

``Retry-After`` in both forms (RFC 9110 section 10.2.3), and GHCR's message (``retry-after: 10.305464ms``).
"""

from __future__ import annotations

import re
from datetime import timezone
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,30}", re.ASCII)
_PART = r"[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h)"
_GO_DURATION = re.compile(rf"retry-after: ((?:{_PART}){{1,6}})\b", re.ASCII | re.IGNORECASE)
_GO_PART = re.compile(r"([0-9.]+)([a-zµ]+)", re.ASCII | re.IGNORECASE)
_UNIT = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_retry_after(header: str | None, body: str, *, wall: float) -> float | None:
    """The seconds a response asks to wait, or None.

    Args:
        header: The ``Retry-After`` header: seconds or an HTTP date.
        body: The text, in which GHCR writes a Go duration instead (chainguard-images#173).
        wall: The current time, in seconds since the epoch.
    """
    if header is not None and _SECONDS.fullmatch(header.strip()):
        return float(header)
    if header is not None and (moment := _http_date(header)) is not None:
        return max(0.0, moment - wall)
    duration = _GO_DURATION.search(body)
    if not duration:
        return None
    return sum(float(number) * _UNIT[unit.lower()] for number, unit in _GO_PART.findall(duration.group(1)))


def _http_date(header: str) -> float | None:
    try:
        moment = parsedate_to_datetime(header)
        # A date without a zone is UTC here (RFC 9110 section 5.6.7), and local time to timestamp().
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
