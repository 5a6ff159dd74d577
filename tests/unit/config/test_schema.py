"""The published schema and the parser say the same, or editors would bless what a release then refuses."""

from __future__ import annotations

import json
import re
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import hatchling.build
import pytest
from jsonschema import Draft202012Validator

from shiplane.config.project_file import parse_project_file
from shiplane.core.errors import ConfigurationError

SCHEMA = json.loads(resources.files("shiplane").joinpath("schema/project.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

GOOD: list[dict[str, Any]] = [
    {},
    {"image": "ghcr.io/cognary/aionis"},
    {"image": "localhost/a"},
    {"image": "localhost:5000/a/b__c/d"},
    {"image": "127.0.0.1:5000/a"},
    {"image": "registry:5000/a"},
    {"image": "[::1]:5000/a"},
    {"platforms": ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "windows/amd64"]},
    {"platforms": []},
    {"build": "npm run build", "build-timeout-seconds": 0.5},
    {"lanes": {}},
    {"lanes": {"main": {}}},
    {"lanes": {"main": {"dockerfile": "docker/Dockerfile", "context": "."}}},
    {
        "lanes": {
            "worker": {"prefix": "worker_", "floating": "worker", "git-tag": "w/v{version}", "publish-latest": True}
        }
    },
    {"lanes": {"main": {"target": "app", "provenance": False, "sbom": True}}},
    {"lanes": {"main": {"provenance": "max", "build-args": {}, "secrets": {}}}},
    {"lanes": {"main": {"build-args": {"NODE_ENV": "production", "CHANNEL": {"env": "CHANNEL"}, "KEYBOARD": ""}}}},
    {"lanes": {"main": {"secrets": {"npm": {"env": "NPM_TOKEN"}, "rc.1": {"file": "/root/.npmrc"}}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": "ghcr.io/cognary/aionis:cache-main", "mode": "max"}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": "localhost:5000/c:x"}}}},
    {"lanes": {"main": {"cache": {"type": "gha"}}, "standalone": {"cache": {"type": "gha"}}}},
    {"lanes": {"main": {"cache": {"type": "local", "path": "/var/cache/x", "mode": "min"}}}},
    {"registries": {"r.example.org": {"username-env": ["U"], "password-env": ["P"], "token-host": "t.example.org"}}},
    {"ledger": True},
    {"ledger": False},
    {"ledger": "ghcr.io/cognary/aionis-ledger"},
    {"workflows": {}},
    {"workflows": {"native": True, "environment": "release"}},
    {"workflows": {"environment": "Live_1.0-eu"}},
    {"claim": True},
    {"claim": False},
    {"claim": {}},
    {"claim": {"remote": "upstream", "ref-prefix": "refs/our/claims-of-releases"}},
    {"gates": []},
    {"gates": [{"command": "npm test", "timeout-seconds": 60}]},
    {"gates": [{"name": "health", "http": "https://x.example/health", "status": 204, "field": "a.b", "value": "ok"}]},
    {"gates": [{"name": "gate", "github": "Core Production Gate", "max-age-hours": 168, "timeout-seconds": 0}]},
    {"deployments": []},
    {"deployments": ["deploy/**/*.yml", "compose.yaml", ".env.*", "**/values.yaml"]},
    {"deployments": [{"files": "infra/*.tf"}]},
    {"deployments": [{"files": "infra/*.tf", "pattern": 'image_tag = "{tag@digest}"'}]},
    {"deployments": [{"files": "a", "pattern": "tag={tag} digest={digest}"}]},
    {"smoke": {}},
    {"smoke": {"enabled": False}},
    {"lanes": {"main": {"smoke": {"command": "curl -f http://127.0.0.1:8080/", "timeout-seconds": 30}}}},
    {"smoke": {"env": {"MODE": "smoke"}, "platforms": ["linux/amd64"], "network": "bridge", "memory-mb": 512}},
    {"smoke": {"up-seconds": 0.5}, "lanes": {"main": {"smoke": {"enabled": False}}}},
]
BAD: list[dict[str, Any]] = [
    {"imgae": "ghcr.io/a/b"},
    {"image": 5},
    {"image": ""},
    {"image": "ghcr.io"},
    {"image": "ghcr.io/aionis"},
    {"image": "ghcr.io.example/a/b"},
    {"image": "Ghcr.io/a/b"},
    {"image": "ghcr.io/A/b"},
    {"image": "https://ghcr.io/a/b"},
    {"image": "ghcr.io/a/b:latest"},
    {"image": "user@ghcr.io/a/b"},
    {"image": "registry/a"},
    {"platforms": "linux/amd64"},
    {"platforms": ["linux/amd64", 5]},
    {"platforms": ["linux/amd63"]},
    {"platforms": ["linux/amd64", "linux/amd64"]},
    {"platforms": ["windows/arm"]},
    {"ledger": "aionis-ledger"},
    {"ledger": 1},
    {"ledger": "ghcr.io/cognary/aionis:ledger"},
    {"build": ""},
    {"build": ["npm"]},
    {"build-timeout-seconds": -1},
    {"build-timeout-seconds": True},
    {"build-timeout-seconds": "900"},
    {"workflows": True},
    {"workflows": {"nativ": True}},
    {"workflows": {"native": "yes"}},
    {"workflows": {"environment": ""}},
    {"workflows": {"environment": "live\nx"}},
    {"workflows": {"environment": "${{ x }}"}},
    {"workflows": {"environment": "a" * 101}},
    {"lanes": []},
    {"lanes": {"main": "Dockerfile"}},
    {"lanes": {"Worker": {}}},
    {"lanes": {"main": {"dockerfile": ""}}},
    {"lanes": {"main": {"dockerfile": "/etc/passwd"}}},
    {"lanes": {"main": {"context": "a/../../b"}}},
    {"lanes": {"main": {"context": ".."}}},
    {"lanes": {"main": {"publish-latset": True}}},
    {"lanes": {"main": {"publish-latest": 1}}},
    {"lanes": {"x": {"prefix": "x"}}},
    {"lanes": {"x": {"git-tag": "x-v"}}},
    {"lanes": {"x": {"git-tag": "{version}-{version}"}}},
    {"lanes": {"x": {"git-tag": "a..b{version}"}}},
    {"lanes": {"x": {"floating": "a b"}}},
    {"lanes": {"main": {"target": ""}}},
    {"lanes": {"main": {"target": "a b"}}},
    {"lanes": {"main": {"provenance": True}}},
    {"lanes": {"main": {"provenance": "full"}}},
    {"lanes": {"main": {"provenance": 0}}},
    {"lanes": {"main": {"sbom": "yes"}}},
    {"lanes": {"main": {"build-args": ["A=b"]}}},
    {"lanes": {"main": {"build-args": {"A": 5}}}},
    {"lanes": {"main": {"build-args": {"A-B": "c"}}}},
    {"lanes": {"main": {"build-args": {"A": {}}}}},
    {"lanes": {"main": {"build-args": {"A": {"env": "B", "default": "c"}}}}},
    {"lanes": {"main": {"build-args": {"NPM_TOKEN": "x"}}}},
    {"lanes": {"main": {"build-args": {"npm_password": "x"}}}},
    {"lanes": {"main": {"build-args": {"MY_SECRET": "x"}}}},
    {"lanes": {"main": {"build-args": {"API_KEY": "x"}}}},
    {"lanes": {"main": {"build-args": {"APIKEY_2": "x"}}}},
    {"lanes": {"main": {"build-args": {"A": {"env": "GHCR_TOKEN"}}}}},
    {"lanes": {"main": {"secrets": {"npm": "NPM_TOKEN"}}}},
    {"lanes": {"main": {"secrets": {"npm": {}}}}},
    {"lanes": {"main": {"secrets": {"npm": {"env": "A", "file": "b"}}}}},
    {"lanes": {"main": {"secrets": {"npm": {"env": "A-B"}}}}},
    {"lanes": {"main": {"secrets": {"npm": {"file": "a,src=b"}}}}},
    {"lanes": {"main": {"secrets": {"a,b": {"env": "A"}}}}},
    {"lanes": {"main": {"cache": "gha"}}},
    {"lanes": {"main": {"cache": {}}}},
    {"lanes": {"main": {"cache": {"type": "s3"}}}},
    {"lanes": {"main": {"cache": {"type": "registry"}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": "ghcr.io/cognary/aionis"}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": "localhost:5000/c"}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": "cache:x"}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": "ghcr.io/a/b:x", "path": "y"}}}},
    {"lanes": {"main": {"cache": {"type": "gha", "mode": "full"}}}},
    {"lanes": {"main": {"cache": {"type": "gha", "scope": "a,b"}}}},
    {"lanes": {"main": {"cache": {"type": "local"}}}},
    {"lanes": {"main": {"cache": {"type": "local", "path": "a,mode=max"}}}},
    {"registries": {"ghcr.io": {"password": "secret"}}},
    {"registries": {"ghcr.io": {"password-env": "GHCR_TOKEN"}}},
    {"registries": {"ghcr.io": "x"}},
    {"claim": "yes"},
    {"claim": 1},
    {"claim": []},
    {"claim": {"remote": "https://user:secret@example.org/x"}},
    {"claim": {"remote": "--upload-pack=x"}},
    {"claim": {"remote": ""}},
    {"claim": {"ref-prefix": "refs/heads/claims"}},
    {"claim": {"ref-prefix": "refs/tags/claims"}},
    {"claim": {"ref-prefix": "claims"}},
    {"claim": {"ref-prefix": "refs/a..b"}},
    {"claim": {"ref-prefix": "refs/claims/"}},
    {"claim": {"ref-prefix": ""}},
    {"gates": {}},
    {"gates": ["x"]},
    {"gates": [{}]},
    {"gates": [{"name": "x"}]},
    {"gates": [{"command": ""}]},
    {"gates": [{"command": "a", "http": "https://x"}]},
    {"gates": [{"command": "a", "status": 200}]},
    {"gates": [{"http": "ftp://x"}]},
    {"gates": [{"http": "https://x", "max-age-hours": 1}]},
    {"gates": [{"github": "x", "field": "a"}]},
    {"gates": [{"github": "x", "max-age-hours": -1}]},
    {"gates": [{"name": "build", "command": "a"}]},
    {"deployments": "deploy/*.yml"},
    {"deployments": [5]},
    {"deployments": [""]},
    {"deployments": [" "]},
    {"deployments": ["/etc/*.yml"]},
    {"deployments": ["~/compose.yml"]},
    {"deployments": ["../other/*.yml"]},
    {"deployments": ["deploy/../../*.yml"]},
    {"deployments": [".git/config"]},
    {"deployments": ["deploy\\*.yml"]},
    {"deployments": ["deploy**/*.yml"]},
    {"deployments": ["a\u0000b"]},
    {"deployments": [{}]},
    {"deployments": [{"pattern": "{tag}"}]},
    {"deployments": [{"files": "/x"}]},
    {"deployments": [{"files": "x", "pattern": 5}]},
    {"deployments": [{"files": "x", "pattern": "tag = latest"}]},
    {"deployments": [{"files": "x", "pattern": "a {tag} b {tag}"}]},
    {"deployments": [{"files": "x", "pattern": "a {tag@digest} b {digest}"}]},
    {"deployments": [{"files": "x", "pattern": "a\n{tag}"}]},
    {"deployments": [{"files": "x", "pattern": "{tag}" + "a" * 200}]},
    {"gates": [{"name": "smoke", "command": "a"}]},
    {"smoke": True},
    {"smoke": {"comand": "x"}},
    {"smoke": {"command": " "}},
    {"smoke": {"enabled": "no"}},
    {"smoke": {"timeout-seconds": -1}},
    {"smoke": {"env": {"A": 1}}},
    {"smoke": {"env": {"A B": "1"}}},
    {"smoke": {"network": "host"}},
    {"smoke": {"memory-mb": 5}},
    {"smoke": {"memory-mb": 512.5}},
    {"smoke": {"platforms": ["linux/amd63"]}},
    {"lanes": {"main": {"smoke": {"network": "host"}}}},
    {"smoke": {"network": "host"}, "lanes": {"main": {"smoke": {"network": "none"}}}},
]
# What takes more than one place of the file to see: the parser alone refuses these.
BEYOND: list[dict[str, Any]] = [
    {"lanes": {"main": {}, "x": {"floating": "latest"}}},
    {"lanes": {"main": {}, "x": {"git-tag": "docker-v{version}"}}},
    {"platforms": ["linux/amd64", "linux/amd64/v1"]},
    {"lanes": {name: {"cache": {"type": "local", "path": "/c"}} for name in ("main", "standalone")}},
    {"gates": [{"name": "a", "command": "x"}, {"name": "a", "command": "y"}]},
    {"build": "echo 'unfinished"},
    {"deployments": [{"files": "x", "pattern": ' "{tag}" '}]},
]


def accepted(document: dict[str, Any]) -> bool:
    try:
        parse_project_file(document, "shiplane.toml")
    except ConfigurationError:
        return False
    return True


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("document", GOOD, ids=json.dumps)
def test_both_accept(document: dict[str, Any]) -> None:
    assert (accepted(document), [error.message for error in VALIDATOR.iter_errors(document)]) == (True, [])


@pytest.mark.parametrize("document", BAD, ids=json.dumps)
def test_both_refuse(document: dict[str, Any]) -> None:
    assert (accepted(document), VALIDATOR.is_valid(document)) == (False, False)


@pytest.mark.parametrize("document", BEYOND, ids=json.dumps)
def test_only_the_parser_sees(document: dict[str, Any]) -> None:
    assert (accepted(document), VALIDATOR.is_valid(document)) == (False, True)


UNKNOWN = "\u2603"
TABLES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("file", {UNKNOWN: 1}, SCHEMA),
    ("lane", {"lanes": {"main": {UNKNOWN: 1}}}, SCHEMA["$defs"]["lane"]),
    ("workflows", {"workflows": {UNKNOWN: 1}}, SCHEMA["$defs"]["workflows"]),
    ("secret", {"lanes": {"main": {"secrets": {"a": {UNKNOWN: "b"}}}}}, SCHEMA["$defs"]["build-secret"]),
    ("cache", {"lanes": {"main": {"cache": {"type": "gha", UNKNOWN: 1}}}}, SCHEMA["$defs"]["gha-cache"]),
    ("registry", {"registries": {"r": {UNKNOWN: 1}}}, SCHEMA["$defs"]["registry"]),
    ("claim", {"claim": {UNKNOWN: 1}}, SCHEMA["$defs"]["claim"]),
    ("command", {"gates": [{"command": "x", UNKNOWN: 1}]}, SCHEMA["$defs"]["command-gate"]),
    ("http", {"gates": [{"http": "https://x", UNKNOWN: 1}]}, SCHEMA["$defs"]["http-gate"]),
    ("github", {"gates": [{"github": "x", UNKNOWN: 1}]}, SCHEMA["$defs"]["github-gate"]),
    ("deployment", {"deployments": [{"files": "x", UNKNOWN: 1}]}, SCHEMA["$defs"]["deployment"]),
    ("smoke", {"smoke": {UNKNOWN: 1}}, SCHEMA["$defs"]["smoke"]),
    ("smoke of a lane", {"lanes": {"main": {"smoke": {UNKNOWN: 1}}}}, SCHEMA["$defs"]["smoke"]),
]


@pytest.mark.parametrize(("document", "table"), [row[1:] for row in TABLES], ids=[row[0] for row in TABLES])
def test_the_parser_and_the_schema_know_the_same_keys(document: dict[str, Any], table: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_project_file(document, "shiplane.toml")
    said = re.fullmatch(r"Known keys: (.*)\.", caught.value.remedy)
    assert said
    assert sorted(said.group(1).split(", ")) == sorted(table["properties"])


def test_every_key_is_described_and_no_table_takes_others() -> None:
    tables = [SCHEMA, *SCHEMA["$defs"].values()]
    assert [table for table in tables if table["additionalProperties"] is not False] == []
    undescribed = [key for table in tables for key, value in table["properties"].items() if not value["description"]]
    assert undescribed == []


def test_the_wheel_brings_the_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    wheel = hatchling.build.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / wheel) as files:
        assert json.loads(files.read("shiplane/schema/project.schema.json")) == SCHEMA
