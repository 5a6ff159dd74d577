"""What a registry's JSON error response says."""

from __future__ import annotations

from shiplane.core import strict_json
from shiplane.registry.http.exchange import Response

_ABSENT_CODES = {"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"}


def _errors(response: Response) -> list[dict[str, object]]:
    try:
        document = strict_json.loads(response.body)
        return [entry for entry in document["errors"] if isinstance(entry, dict)]
    except (ValueError, KeyError, TypeError):
        return []


def error_codes(response: Response) -> set[str]:
    """The error codes of a registry's JSON error response."""
    return {str(entry.get("code", ""))[:40] for entry in _errors(response)}


def is_not_found(response: Response) -> bool:
    """Whether it is a registry's own 404, with no other error code."""
    codes = error_codes(response)
    return response.status == 404 and bool(codes) and codes <= _ABSENT_CODES  # noqa: PLR2004


def error_messages(response: Response) -> list[str]:
    """``code: message`` as docker prints them: ``denied: permission_denied: write_package``."""
    return [
        f"{str(entry.get('code', '')).lower()}: {entry.get('message', '')}".strip(": ") for entry in _errors(response)
    ]
