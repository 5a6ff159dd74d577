"""The published JSON Schema says what the parser does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import shiplane
from shiplane.model import projectfile
from shiplane.model.errors import ConfigurationError
from shiplane.model.projectfile import parse_project_file

SCHEMA = json.loads((Path(shiplane.__file__).parent / "schema/project.schema.json").read_text())

GOOD: list[dict[str, Any]] = [
    {},
    {"image": "ghcr.io/cognary/aionis", "platforms": ["linux/amd64", "linux/arm64"]},
    {"build": "npm run build", "build-timeout-seconds": 0.5},
    {"lanes": {"main": {"publish-latest": True}, "worker": {"dockerfile": "w/Dockerfile", "context": "w"}}},
    {"lanes": {"x": {"prefix": "x.", "floating": "x", "git-tag": "release/x-{version}"}}},
    {"registries": {"reg.example:5000": {"username-env": ["U"], "password-env": ["P"], "token-host": "auth.example"}}},
    {
        "gates": [
            {"command": "true"},
            {"name": "h", "http": "https://x/health", "status": 204, "field": "a.b", "value": "c"},
        ]
    },
    {"gates": [{"github": "Gate", "max-age-hours": 168, "timeout-seconds": 60}]},
]
BAD: list[dict[str, Any]] = [
    {"imgae": "x"},
    {"image": 5},
    {"image": "aionis"},
    {"image": "ghcr.io/Cognary/Aionis"},
    {"platforms": "linux/amd64"},
    {"platforms": ["linux/amd64", "linux/amd64"]},
    {"platforms": ["amd64"]},
    {"build": ""},
    {"build": ["npm"]},
    {"build-timeout-seconds": -1},
    {"build-timeout-seconds": "9"},
    {"lanes": {"Main": {}}},
    {"lanes": {"x": {"publish-latset": True}}},
    {"lanes": {"x": {"publish-latest": 1}}},
    {"lanes": {"x": {"prefix": "x"}}},
    {"lanes": {"x": {"git-tag": "x"}}},
    {"lanes": {"x": {"floating": "a b"}}},
    {"lanes": {"x": {"dockerfile": ""}}},
    {"registries": {"ghcr.io": {"password": "secret"}}},
    {"registries": {"ghcr.io": {"password-env": "P"}}},
    {"gates": {}},
    {"gates": [{"name": "none of the three"}]},
    {"gates": [{"command": "true", "http": "http://x/"}]},
    {"gates": [{"command": "true", "status": 200}]},
    {"gates": [{"http": "ftp://x/"}]},
    {"gates": [{"github": 5}]},
]


@pytest.mark.parametrize("document", GOOD, ids=json.dumps)
def test_what_the_parser_takes_the_schema_takes(document: dict[str, Any]) -> None:
    parse_project_file(document, "shiplane.toml")
    jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize("document", BAD, ids=json.dumps)
def test_what_the_parser_refuses_the_schema_refuses(document: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        parse_project_file(document, "shiplane.toml")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_the_schema_is_one_and_describes_every_key() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    tables = [SCHEMA, *(known for known in SCHEMA["$defs"].values() if known.get("type") == "object")]
    for table in tables:
        assert table["additionalProperties"] is False
        undescribed = [
            key for key, value in table["properties"].items() if "description" not in value and "$ref" not in value
        ]
        assert undescribed == []


def test_parser_and_schema_know_the_same_keys() -> None:
    source = Path(projectfile.__file__).read_text()
    calls = re.findall(r"\.only\(([^)]*)\)", source) + re.findall(r"Kind\.\w+: \(([^)]*)\),", source)
    parser = {key for call in calls for key in re.findall(r'"([a-z-]+)"', call)} | {"command", "http", "github"}
    tables = [SCHEMA, *(known for known in SCHEMA["$defs"].values() if "properties" in known)]
    assert parser == {key for table in tables for key in table["properties"]}
