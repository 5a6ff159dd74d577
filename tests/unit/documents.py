"""The published schemas of what shiplane writes, and documents held to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator


def schema(name: str) -> dict[str, Any]:
    """One of the package's schemas: ``plan``, ``result`` or ``project``."""
    text = resources.files("shiplane").joinpath(f"schema/{name}.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def faults(document: Mapping[str, Any], name: str, part: str = "") -> list[str]:
    """What a document has that its schema does not allow; of the result's kinds the one that is meant is named."""
    whole = schema(name)
    if part:
        whole = {"$schema": whole["$schema"], "$defs": whole["$defs"], "$ref": f"#/$defs/{part}"}
    found = Draft202012Validator(whole).iter_errors(document)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]
