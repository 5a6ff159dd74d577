"""Strict JSON: two readers of the same bytes must not see different documents.

Python's ``json`` keeps the last of two equal keys, accepts NaN, guesses UTF-16 and fails on deep nesting; each has been
used to show a verifier one thing and a runtime another (compare CVE-2021-41190).
"""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]", re.ASCII)


def loads(body: bytes) -> Any:  # noqa: ANN401 -- JSON is any of its types until somebody looks
    """Parse UTF-8 JSON.

    Raises:
        ValueError: Not UTF-8, a byte order mark, not JSON, a duplicate key, NaN or Infinity, nested too deep, or
            a lone surrogate, which Go reads as another character and which cannot be printed.
    """
    text = body.decode("utf-8")
    if text.startswith("\ufeff"):
        raise ValueError("a byte order mark")
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        if _SURROGATE.search(text):
            json.dumps(document, ensure_ascii=False).encode("utf-8")  # a UnicodeEncodeError is a ValueError
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(f"duplicate key among {[key[:40] for key in sorted(members)[:8]]}")
    return members


def _no_constant(name: str) -> Any:  # noqa: ANN401
    raise ValueError(f"{name} is not JSON")
