"""The published schema and the parser say the same, or editors would bless what a release then refuses."""

from __future__ import annotations

import datetime as dt
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hatchling.build
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shiplane.config.project_file import BEYOND_THE_SCHEMA, parse_project_file, project_schema
from shiplane.core.errors import ConfigurationError
from tests.unit.documents import schema
from tests.unit.generate import quickly

SCHEMA = schema("project")
VALIDATOR = Draft202012Validator(SCHEMA)

COMMIT = "48b55a011bda9f5d6aeb4c2d9c7362e8dae4041e"

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
    {"version-file": "package.json"},
    {"version-file": "./web/VERSION", "lanes": {"main": {"version-file": False}, "standalone": {"version-file": "x"}}},
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
    {"channels": {}},
    {"channels": {"edge": {"branch": "main", "lanes": ["main"]}}},
    {"channels": {"edge": {"branch": "release/1.x", "lanes": ["main"], "tag": "next_1", "keep": False}}},
    {"channels": {"edge": {"branch": "main", "tag": "{lane}-edge", "keep": "{lane}.{commit}"}}},
    {"channels": {"edge": {"branch": "main", "tag": "edge-{lane}", "keep": "c-{commit}-{lane}-x"}}},
    {"channels": {"edge": {"branch": "main", "tag": "{lane}-edge", "keep": "{lane}_{date}.{commit}"}}},
    {"channels": {"edge": {"branch": "main", "lanes": ["main"], "keep": "{date}-{commit}"}}},
    {"channels": {name: {"branch": name, "lanes": ["main"]} for name in ("edge", "next")}},
    {"workflows": {}},
    {"workflows": {"native": True, "environment": "release"}},
    {"workflows": {"environment": "Live_1.0-eu"}},
    {"workflows": {"setup": [], "host-output": True}},
    {"workflows": {"setup": [{"uses": f"actions/setup-node@{COMMIT} # v6.0.0", "with": {"node-version": "22"}}]}},
    {"workflows": {"setup": [{"uses": f"a/b/c/d@{COMMIT}", "with": {"x": True}, "name": "b c", "env": ["T"]}]}},
    {"workflows": {"setup": [{"uses": "./.github/actions/x"}, {"run": "make x", "name": "x", "env": ["A", "B"]}]}},
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
    {"image": f"ghcr.io/a/{'b' * 245}"},
    {"image": "r.example:65535/a"},
    {"image": "127.0.0.1/a"},
    {"build": "echo 'a b' \"c\" d\\ e"},
    {"build": "npm ci\n"},
    {"build-timeout-seconds": 1e-9},
    {"build-timeout-seconds": 9_999_999.9},
    {"lanes": {"main": {"dockerfile": "D\u00f6cker/\u6587.file"}}},
    {"lanes": {"main": {"dockerfile": "..a/b..", "context": "./a//b"}}},
    {"lanes": {"a" + "b" * 30: {}}},
    {"lanes": {"x": {"prefix": "x" * 31 + "-"}}},
    {"lanes": {"main": {"floating": "l" * 128}}},
    {"lanes": {"main": {"floating": False}, "x": {"floating": False}}},
    {"matrix": {"python": {"lane": "app-py{python}", "values": {"python": ["3.12"]}, "floating": False}}},
    {"lanes": {"main": {"build-args": {"A": "", "B": "\u2603\n"}}}},
    {"lanes": {"main": {"build-args": {"KEYBOARD": "", "MONKEY1": {"env": "TURKEY2"}}}}},
    {"lanes": {"main": {"build-args": {"A": "{version} {commit} {created} {git-tag} {lane}", "B": '{"a":{"b":1}}'}}}},
    {"lanes": {"main": {"platforms": ["linux/amd64", "linux/arm/v7"]}, "standalone": {"platforms": []}}},
    {"lanes": {"a.b": {}, "a-.-b": {}, "py3.12": {"from": "a.b"}}},
    {"lanes": {"alpine": {"from": "main"}, "slim": {"from": "alpine", "target": "slim"}}},
    {"lanes": {f"l{number}": {} for number in range(64)}},
    {"matrix": {}},
    {"matrix": {"python": {"lane": "app-py{python}", "values": {"python": ["3.12"]}}}},
    {
        "matrix": {
            "m": {
                "lane": "{a}-{b_c}",
                "values": {"a": ["x", "y"], "b_c": ["1/2:3"[:1], "2"]},
                "from": "main",
                "tag": "{version}-{a}{b_c}x",
                "floating": [{"tag": "n-{a}{b_c}x", "prereleases": ["rc"]}, "{a}{b_c}x"],
                "build-args": {"A": "{a}", "B": {"env": "X"}},
                "secrets": {"s": {"env": "{a}"}},
                "cache": {"type": "local", "path": "/c/{a}{b_c}"},
                "smoke": {"command": "{a}", "env": {"A": "{a}"}},
                "platforms": ["linux/amd64"],
                "target": "{a}",
            }
        }
    },
    {"lanes": {"main": {"labels": {}, "annotations": {}}}},
    {"lanes": {"main": {"labels": {"org.opencontainers.image.title": "app {version}", "maintainer": ""}}}},
    {"lanes": {"main": {"annotations": {"a-b/c_d.E": "x" * 4096, "k" * 128: '{"a":["b"]} caf\u00e9 \u6587'}}}},
    {"lanes": {"main": {"labels": {"org.opencontainers.image.version.x": "", "org.opencontainers.image.base": ""}}}},
    {"lanes": {"main": {"labels": {f"k{number}": "" for number in range(64)}}}},
    {"lanes": {"main": {"build-args": {"A": "${HOME} {{ .Version }} {{anything}} {Upper}"}}}},
    {"lanes": {"main": {"secrets": {"x": {"file": "f" * 1024}}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": f"ghcr.io/a/b:{'c' * 100}"}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": f"ghcr.io/a/{'b' * 245}:c"}}}},
    {"registries": {"": {}, "r\u00e9": {"username-env": ["", "A", "A"]}}},
    {"gates": [{"http": "https://x", "field": "a", "value": 3}]},
    {"gates": [{"http": "https://x", "field": "a", "value": 3.5}]},
    {"gates": [{"http": "https://x", "field": "a", "value": False}]},
    {"gates": [{"http": "https://x", "field": "a..b", "value": ""}]},
    {"gates": [{"http": "HTTPS://x:8080?y#z", "status": 100}, {"http": "http://[::1]:80/", "status": 599}]},
    {"gates": [{"http": "http://h\u00f6st/\u6587", "status": 200.0}]},
    {"gates": [{"name": "\U0001f6a2 ready", "command": "true"}]},
    {"gates": [{"name": "build ", "command": "true"}]},
    {"gates": [{"github": "x", "timeout-seconds": 0.0, "max-age-hours": 0.1}]},
    {"deployments": ["a/**", "...", "a b", ".github/x", "d\u00e9ploy/*.yml"]},
    {"deployments": ["a", "a"]},
    {"deployments": [{"files": "x", "pattern": "{tag}{digest}x"}]},
    {"deployments": [{"files": "x", "pattern": "x{tag}" + "a" * 194}]},
    {"deployments": [{"files": "x", "pattern": "{{tag}}"}]},
    {"deployments": [{"files": "x", "pattern": "{ {tag@digest}"}]},
    {"smoke": {"memory-mb": 6, "up-seconds": 1e-3}},
    {"smoke": {"memory-mb": 512.0}},
    {"smoke": {"env": {"A": "", "_b1": "a\nb"}}},
    {"smoke": {"platforms": []}},
    {"workflows": {"environment": "a" * 100}},
    {"claim": {"remote": "r" * 100}},
]
BAD_CHANNELS: list[dict[str, Any]] = [
    *({"branch": text} for text in ("", "/a", "a/", "a..b", "a//b", "a.lock", "a.lock/b", "a*", "-a", "a.", 5)),
    *({"tag": text} for text in ("", ".a", "-a", "a b", "{lane}{lane}", "{commit}", "{x}", "a" * 129, False)),
    *(
        {"keep": text}
        for text in (
            "",
            "sha",
            "-{commit}",
            "{commit}{commit}",
            "{lane}-{commit}-{lane}",
            "{date}",
            "{date}{commit}{date}",
            True,
        )
    ),
    *({"lanes": value} for value in ([], ["main", "main"], ["Main"], "main")),
    {"tags": "edge"},
]
BAD: list[dict[str, Any]] = [
    *({"channels": {"edge": {"branch": "main", "lanes": ["main"], **keys}}} for keys in BAD_CHANNELS),
    {"channels": {"edge": {}}},
    {"channels": {"edge": {"lanes": ["main"]}}},
    {"channels": {"Edge": {"branch": "main", "lanes": ["main"]}}},
    {"channels": {"edge": "main"}},
    {"channels": ["edge"]},
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
    *({"version-file": value} for value in ("", "/VERSION", "../VERSION", False, 5, ["VERSION"])),
    *({"lanes": {"main": {"version-file": value}}} for value in ("", "/VERSION", True, 0)),
    {"version_file": "VERSION"},
    {"workflows": True},
    {"workflows": {"nativ": True}},
    {"workflows": {"native": "yes"}},
    {"workflows": {"environment": ""}},
    {"workflows": {"environment": "live\nx"}},
    {"workflows": {"host-output": "dist"}},
    {"workflows": {"setup": {"run": "make"}}},
    {"workflows": {"setup": ["make"]}},
    {"workflows": {"setup": [{}]}},
    {"workflows": {"setup": [{"name": "x"}]}},
    {"workflows": {"setup": [{"run": "make", "uses": f"a/b@{COMMIT}"}]}},
    {"workflows": {"setup": [{"run": "make", "with": {"a": "b"}}]}},
    {"workflows": {"setup": [{"run": "make", "if": "always()"}]}},
    *({"workflows": {"setup": [{"run": line}]}} for line in ("", " ", "make\nx", "make ${{ github.token }}")),
    *(
        {"workflows": {"setup": [{"uses": action}]}}
        for action in (
            "actions/setup-node",
            "actions/setup-node@v6",
            f"actions/setup-node@{COMMIT[:39]}",
            f"actions/setup-node@{COMMIT} v6",
            f"actions/setup-node@{COMMIT} # v6\n",
            f"actions/setup-node@{COMMIT} # ${{{{ x }}}}",
            f"actions/../x@{COMMIT}",
            "docker://alpine",
            "./",
            "./../x",
            "../x",
        )
    ),
    {"workflows": {"setup": [{"uses": "./x", "with": {"a": 1}}]}},
    {"workflows": {"setup": [{"uses": "./x", "with": {"a b": "c"}}]}},
    {"workflows": {"setup": [{"uses": "./x", "with": {"a": "${{ secrets.X }}"}}]}},
    {"workflows": {"setup": [{"run": "make", "env": ["A B"]}]}},
    {"workflows": {"setup": [{"run": "make", "env": ["A", "A"]}]}},
    {"workflows": {"setup": [{"run": "make", "name": "${{ x }}"}]}},
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
    *({"lanes": {"x": {"floating": value}}} for value in (True, 0, [False], [])),
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
    {"lanes": {"main": {"platforms": "linux/amd64"}}},
    {"lanes": {"main": {"platforms": ["linux/amd63"]}}},
    {"lanes": {"main": {"platforms": ["linux/amd64", "linux/amd64"]}}},
    {"lanes": {"a..b": {}}},
    {"lanes": {"a.": {}}},
    {"lanes": {".a": {}}},
    {"lanes": {"a" * 32: {}}},
    {"lanes": {"x": {"from": "X"}}},
    {"lanes": {"x": {"from": ["main"]}}},
    {"lanes": {f"l{number}": {} for number in range(65)}},
    {"matrix": []},
    {"matrix": {"m": {}}},
    {"matrix": {"M": {"lane": "x{a}", "values": {"a": ["b"]}}}},
    {"matrix": {"m": {"lane": "x{a}"}}},
    {"matrix": {"m": {"values": {"a": ["b"]}}}},
    {"matrix": {"m": {"lane": 1, "values": {"a": ["b"]}}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {}}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {"a": []}}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {"a": [1]}}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {"a": "b"}}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {"a": ["{b}"]}}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {"a": ["b", "b"]}}}},
    {"matrix": {"m": {"lane": "x{A}", "values": {"A": ["b"]}}}},
    {"matrix": {"m": {"lane": "x{version}", "values": {"version": ["b"]}}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {"a": ["b"]}, "platforms": "{a}"}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {"a": ["b"]}, "sbom": "{a}"}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {"a": ["b"]}, "cache": {"type": "{a}"}}}},
    {"matrix": {"m": {"lane": "x{a}", "values": {"a": ["b"]}, "prefixes": "x"}}},
    {"lanes": {"main": {"labels": ["a=b"]}}},
    {"lanes": {"main": {"labels": {"a": 1}}}},
    {"lanes": {"main": {"labels": {"": "x"}}}},
    {"lanes": {"main": {"labels": {".a": "x"}}}},
    {"lanes": {"main": {"labels": {"a.": "x"}}}},
    {"lanes": {"main": {"labels": {"a..b": "x"}}}},
    {"lanes": {"main": {"labels": {"a b": "x"}}}},
    {"lanes": {"main": {"labels": {"a=b": "x"}}}},
    {"lanes": {"main": {"labels": {"a\n": "x"}}}},
    {"lanes": {"main": {"annotations": {"index:a": "x"}}}},
    {"lanes": {"main": {"annotations": {"k" * 129: "x"}}}},
    {"lanes": {"main": {"labels": {"a": "x\n"}}}},
    {"lanes": {"main": {"labels": {"a": "x\u0000"}}}},
    {"lanes": {"main": {"annotations": {"a": "\u202e"}}}},
    {"lanes": {"main": {"annotations": {"a": "x" * 4097}}}},
    {"lanes": {"main": {"labels": {"org.opencontainers.image.version": "{version}"}}}},
    {"lanes": {"main": {"labels": {"org.opencontainers.image.revision": "x"}}}},
    {"lanes": {"main": {"annotations": {"org.opencontainers.image.source": "x"}}}},
    {"lanes": {"main": {"annotations": {"org.opencontainers.image.created": "x"}}}},
    {"lanes": {"main": {"labels": {f"k{number}": "" for number in range(65)}}}},
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
    # Bounds.
    {"image": f"ghcr.io/a/{'b' * 246}"},
    {"image": "r.example:0/a"},
    {"image": "r.example:65536/a"},
    {"image": "r.example:/a"},
    {"image": "ghcr.io:443/a"},
    {"image": f"{'a' * 64}.example/b"},
    {"image": "-a.example/b"},
    {"image": "a..example/b"},
    {"image": "ghcr.io/a/b\n"},
    {"image": "gh\u0441r.io/a/b"},
    {"build-timeout-seconds": 0},
    {"build-timeout-seconds": 0.0},
    {"build-timeout-seconds": 10_000_000},
    {"build-timeout-seconds": float("inf")},
    {"build-timeout-seconds": float("-inf")},
    {"lanes": {"a" * 32: {}}},
    {"lanes": {"": {}}},
    {"lanes": {"a\n": {}}},
    {"lanes": {"l\u00e4ne": {}}},
    {"lanes": {"x": {"prefix": "x" * 32 + "-"}}},
    {"lanes": {"x": {"prefix": "x-\n"}}},
    {"lanes": {"x": {"git-tag": "x" * 101 + "{version}"}}},
    {"lanes": {"x": {"git-tag": "a.lock/{version}"}}},
    {"lanes": {"main": {"floating": "l" * 129}}},
    {"lanes": {"main": {"floating": ""}}},
    {"lanes": {"main": {"floating": "\u0661"}}},
    {"lanes": {"main": {"target": "a" * 129}}},
    {"lanes": {"main": {"build-args": {"A" * 129: ""}}}},
    {"lanes": {"main": {"build-args": {"A\n": ""}}}},
    {"lanes": {"main": {"build-args": {"\u00c4": ""}}}},
    {"lanes": {"main": {"build-args": {"KEYS": ""}}}},
    {"lanes": {"main": {"build-args": {"A": {"env": ""}}}}},
    {"lanes": {"main": {"build-args": {"A": True}}}},
    {"lanes": {"main": {"secrets": {"x": {"file": "f" * 1025}}}}},
    {"lanes": {"main": {"secrets": {"x": {"file": ""}}}}},
    {"lanes": {"main": {"secrets": {"x": {"file": "a\u007fb"}}}}},
    {"lanes": {"main": {"secrets": {"x": {"env": ""}}}}},
    {"lanes": {"main": {"secrets": {"x": {"env": "A", "envs": "B"}}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": f"ghcr.io/a/b:{'c' * 101}"}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": f"ghcr.io/a/{'b' * 246}:c"}}}},
    {"lanes": {"main": {"cache": {"type": "registry", "ref": "ghcr.io/a:c"}}}},
    {"lanes": {"main": {"cache": {"type": 5}}}},
    {"lanes": {"main": {"cache": {"type": "gha", "scope": ""}}}},
    {"lanes": {"main": {"dockerfile": "a/..", "context": "."}}},
    {"lanes": {"main": {"context": "a\u0000b"}}},
    {"claim": {"remote": "r" * 101}},
    {"claim": {"ref-prefix": "refs/claims\n"}},
    {"gates": [{"http": "https://x", "status": 99}]},
    {"gates": [{"http": "https://x", "status": 600}]},
    {"gates": [{"http": "https://x", "status": 700}]},
    {"gates": [{"http": "https://x", "status": 200.5}]},
    {"gates": [{"http": "https://x", "status": "200"}]},
    {"gates": [{"http": "https://x", "status": True}]},
    {"gates": [{"http": "https://x", "timeout-seconds": 0}]},
    {"gates": [{"command": "a", "timeout-seconds": 0}]},
    {"gates": [{"command": "a", "timeout-seconds": 1e7}]},
    {"gates": [{"github": "x", "max-age-hours": 0}]},
    {"gates": [{"github": "x", "timeout-seconds": -0.1}]},
    {"smoke": {"timeout-seconds": 0}},
    {"smoke": {"up-seconds": 0}},
    {"smoke": {"memory-mb": 10_000_000}},
    {"smoke": {"memory-mb": float("inf")}},
    # Commands.
    {"build": "echo 'unfinished"},
    {"build": 'echo "unfinished'},
    {"build": "echo \\"},
    {"build": 'echo "a\\"'},
    {"build": " \t\n"},
    {"build": "a\u0000b"},
    {"gates": [{"command": "'"}]},
    {"gates": [{"command": "a\n"}]},
    {"gates": [{"command": "a\u202eb"}]},
    {"smoke": {"command": "echo 'open"}},
    {"smoke": {"command": ""}},
    # URLs.
    {"gates": [{"http": ""}]},
    {"gates": [{"http": "https://"}]},
    {"gates": [{"http": "https:///x"}]},
    {"gates": [{"http": "https://x:0/"}]},
    {"gates": [{"http": "https://x:65536/"}]},
    {"gates": [{"http": "https://x:y/"}]},
    {"gates": [{"http": "https://x/a b"}]},
    {"gates": [{"http": "https://x/\n"}]},
    {"gates": [{"http": "https://u:p@x/"}]},
    {"gates": [{"http": "https://u@x/"}]},
    {"gates": [{"http": "https://["}]},
    # Other types, and texts that say nothing.
    {"image": None},
    {"build": dt.date(2026, 11, 29)},
    {"build-timeout-seconds": dt.time(9, 0)},
    {"image": dt.datetime(2026, 11, 29, tzinfo=dt.timezone.utc)},
    {"platforms": [["linux/amd64"]]},
    {"platforms": ["linux/amd64,linux/arm64"]},
    {"platforms": [""]},
    {"platforms": ["linux/amd64\n"]},
    {"lanes": {"main": []}},
    {"lanes": {"main": {"smoke": []}}},
    {"lanes": {"main": {"build-args": []}}},
    {"lanes": {"main": {"secrets": []}}},
    {"registries": []},
    {"registries": {"r": {"username-env": [1]}}},
    {"registries": {"r": {"token-host": 1}}},
    {"gates": [{"http": "https://x", "field": 1}]},
    {"gates": [{"http": "https://x", "field": ""}]},
    {"gates": [{"http": "https://x", "field": "a", "value": []}]},
    {"gates": [{"http": "https://x", "field": "a", "value": dt.date(2026, 11, 29)}]},
    {"gates": [{"http": "https://x", "value": "a"}]},
    {"gates": [{"name": "", "command": "a"}]},
    {"gates": [{"name": " ", "command": "a"}]},
    {"gates": [{"name": "\u3000", "command": "a"}]},
    {"gates": [{"name": "a\u200bb", "command": "a"}]},
    {"gates": [{"name": 5, "command": "a"}]},
    {"gates": [{"github": ""}]},
    {"gates": [{"github": "\x1b[31m"}]},
    {"deployments": [{"files": "x", "pattern": ' "{tag}" '}]},
    {"deployments": [{"files": "x", "pattern": ""}]},
    {"deployments": [{"files": "", "pattern": "x{tag}"}]},
    {"deployments": [{"files": "x", "pattern": "x {digest} {tag} {digest}"}]},
    {"deployments": [{"files": "x", "file": "x"}]},
    {"deployments": ["a***"]},
    {"deployments": ["\u00a0"]},
    {"deployments": ["~"]},
    {"deployments": [["a"]]},
    {"smoke": {"env": []}},
    {"smoke": {"env": {"": "1"}}},
    {"smoke": {"env": {"A": "a\u0000b"}}},
    {"smoke": {"platforms": ["linux/amd64", "linux/amd64"]}},
    {"smoke": {"network": ""}},
    {"smoke": {"network": 0}},
    {"smoke": {"enabled": 0}},
    {"workflows": {"environment": "release\n"}},
]
# What the parser alone refuses, by the rule that says why.
BEYOND: list[tuple[str, dict[str, Any]]] = [
    ("lanes", {"lanes": {"main": {}, "x": {"floating": "latest"}}}),
    ("lanes", {"lanes": {"main": {}, "x": {"tag": "v{version}"}}}),
    ("lanes", {"lanes": {"main": {"floating": "v1.2.3"}}}),
    ("lanes", {"lanes": {name: {"cache": {"type": "local", "path": "/c"}} for name in ("main", "standalone")}}),
    ("channels", {"channels": {"edge": {"branch": "main"}}}),
    ("channels", {"channels": {"edge": {"branch": "main", "lanes": ["worker"]}}}),
    ("channels", {"channels": {"latest": {"branch": "main", "lanes": ["main"]}}}),
    ("gates", {"gates": [{"name": "a", "command": "x"}, {"name": "a", "command": "y"}]}),
    ("gates", {"gates": [{"command": "a"}, {"command": "a"}]}),
    ("gates", {"gates": [{"command": "build"}]}),
    ("from", {"lanes": {"x": {"from": "mian"}}}),
    ("from", {"lanes": {"x": {"from": "y"}, "y": {"from": "x"}}}),
    ("matrix", {"matrix": {"m": {"lane": "x", "values": {"a": ["1", "2"]}}}}),
    ("matrix", {"matrix": {"m": {"lane": "X{a}", "values": {"a": ["1"]}}}}),
    ("matrix", {"matrix": {"m": {"lane": "x{a}", "values": {"a": ["1"]}, "dockerfile": "/{a}"}}}),
    ("matrix", {"matrix": {"m": {"lane": "x{a}", "values": {"a": ["1"]}}}, "lanes": {"x1": {}}}),
    ("placeholders", {"lanes": {"main": {"build-args": {"A": "{versoin}"}}}}),
    ("placeholders", {"lanes": {"main": {"build-args": {"A": "${version}"}}}}),
    ("placeholders", {"lanes": {"main": {"labels": {"a": "{x}"}}}}),
    ("placeholders", {"lanes": {"main": {"annotations": {"a": "{x}"}}}}),
    ("platforms", {"platforms": ["linux/amd64", "linux/amd64/v1"]}),
    ("platforms", {"lanes": {"main": {"platforms": ["linux/arm", "linux/arm/v7"]}}}),
    ("platforms", {"smoke": {"platforms": ["linux/arm", "linux/arm/v7"]}}),
    ("addresses", {"image": "127.1/a"}),
    ("addresses", {"image": "[::]:5000/a"}),
    ("addresses", {"image": "224.0.0.1/a"}),
    ("numbers", {"build-timeout-seconds": float("nan")}),
    ("numbers", {"smoke": {"up-seconds": float("nan")}}),
]


def accepted(document: dict[str, Any]) -> bool:
    try:
        parse_project_file(document, "shiplane.toml")
    except ConfigurationError:
        return False
    return True


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_is_up_to_date() -> None:
    assert project_schema() == SCHEMA, "invoke dev.schema writes it"


@pytest.mark.parametrize("document", GOOD, ids=repr)
def test_both_accept(document: dict[str, Any]) -> None:
    parse_project_file(document, "shiplane.toml")
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@pytest.mark.parametrize("document", BAD, ids=repr)
def test_both_refuse(document: dict[str, Any]) -> None:
    assert (accepted(document), VALIDATOR.is_valid(document)) == (False, False)


@pytest.mark.parametrize(("rule", "document"), BEYOND, ids=repr)
def test_only_the_parser_sees(rule: str, document: dict[str, Any]) -> None:
    assert BEYOND_THE_SCHEMA[rule] in SCHEMA["description"]
    assert (accepted(document), VALIDATOR.is_valid(document)) == (False, True)


def test_each_rule_beyond_the_schema_has_an_example() -> None:
    assert {rule for rule, _ in BEYOND} == set(BEYOND_THE_SCHEMA)


# A text in a document, the signs that decide about it, and what the parser sees beyond the pattern.
TEXTS: dict[str, tuple[Callable[[str], dict[str, Any]], str]] = {
    "branch": (lambda text: {"channels": {"x": {"branch": text, "lanes": ["main"]}}}, "a./lock-_*\n"),
    "channel": (lambda text: {"channels": {text: {"branch": "b", "lanes": ["main"]}}}, "a1-A_."),
    "keep": (lambda text: {"channels": {"x": {"branch": "b", "lanes": ["main"], "keep": f"s{text}"}}}, "{commit}-."),
    "image": (lambda text: {"image": f"r.io/{text}"}, "ab/.-_:1A@"),
    "registry": (lambda text: {"image": f"{text}/a"}, "ab.-:A@"),
    "platform": (lambda text: {"platforms": [f"linux/{text}"]}, "armd64v78/"),
    "command": (lambda text: {"build": text}, "a \"'\\\n\t\0"),
    "gate command": (lambda text: {"gates": [{"command": text}]}, "a \"'\\\n\u2028"),
    "gate name": (lambda text: {"gates": [{"name": text, "command": "x"}]}, "a \u00a0\u200b\n\x7f\u6587"),
    "url": (lambda text: {"gates": [{"http": f"http://{text}"}]}, "a1:/?#@ .\\"),
    "path": (lambda text: {"lanes": {"main": {"context": text}}}, "a./\0\n"),
    "glob": (lambda text: {"deployments": [text]}, "a.*/ ~\\git"),
    "pattern": (lambda text: {"deployments": [{"files": "x", "pattern": text}]}, "{}tag@digest \"'"),
    "git tag": (lambda text: {"lanes": {"main": {"git-tag": f"docker-{text}{{version}}"}}}, "a./-lock{v"),
    "build arg": (lambda text: {"lanes": {"main": {"build-args": {text: ""}}}}, "AKEYSkeys_1"),
    "label": (lambda text: {"lanes": {"main": {"labels": {f"org.opencontainers.image.{text}": ""}}}}, "aB1._/-\n"),
    "cache": (lambda text: {"lanes": {"main": {"cache": {"type": "registry", "ref": text}}}}, "a./:1-"),
    "ref prefix": (lambda text: {"claim": {"ref-prefix": f"refs/{text}"}}, "a-/1headstg"),
}


@pytest.mark.parametrize("name", TEXTS)
@quickly
@given(data=st.data())
def test_both_judge_any_text_alike(name: str, data: st.DataObject) -> None:
    document_with, signs = TEXTS[name]
    holes = st.sampled_from(["{tag}", "{digest}", "{tag@digest}"]) if name == "pattern" else st.nothing()
    text = "".join(data.draw(st.lists(st.one_of(st.sampled_from(signs), holes), max_size=12)))
    document = document_with(text)
    assert accepted(document) == VALIDATOR.is_valid(document), document


UNKNOWN = "\u2603"
TABLES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("file", {UNKNOWN: 1}, SCHEMA),
    ("lane", {"lanes": {"main": {UNKNOWN: 1}}}, SCHEMA["$defs"]["lane"]),
    ("channel", {"channels": {"x": {UNKNOWN: 1}}}, SCHEMA["$defs"]["channel"]),
    ("matrix", {"matrix": {"m": {"lane": "x", "values": {"a": ["b"]}, UNKNOWN: 1}}}, SCHEMA["$defs"]["matrix"]),
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
    tables = [SCHEMA, *(part for part in SCHEMA["$defs"].values() if part["type"] == "object")]
    assert [table for table in tables if table["additionalProperties"] is not False] == []
    undescribed = [key for table in tables for key, value in table["properties"].items() if not value["description"]]
    assert undescribed == []


def test_the_wheel_brings_the_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    wheel = hatchling.build.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / wheel) as files:
        assert json.loads(files.read("shiplane/schema/project.schema.json")) == SCHEMA
