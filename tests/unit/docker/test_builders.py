"""Which node builds what: as buildx decides it, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shiplane.core.errors import AccessError, PrerequisiteError, ShiplaneError, UnreachableError, UsageError
from shiplane.core.system.process import ProcessResult
from shiplane.docker.bake import Build, staging
from shiplane.docker.builders import Builder, BuildMode, assigned_platforms, builder_of, choose, emulation_remedy
from shiplane.docker.buildx import BuildError, Buildx
from shiplane.registry.oci.names import Digest, Platform
from tests.faults.harness.scene import a_plan

AMD, ARM, RISC = (Platform.parse(f"linux/{name}") for name in ("amd64", "arm64", "riscv64"))
INSPECTED = """Name:          fleet
Driver:        remote

Nodes:
Name:             one
Endpoint:         unix:///1.sock
Platforms:        linux/amd64*, linux/amd64/v2, linux/arm64
Labels:
 org.mobyproject.buildkit.worker.hostname: vm
Name:             two
Platforms:        linux/arm64*, linux/arm/v7*, linux/amd64
"""


def fleet(*nodes: tuple[str, list[str]]) -> Builder:
    fields: list[dict[str, Any]] = [
        {"Name": name, "Endpoint": f"unix:///{name}", "Platforms": platforms} for name, platforms in nodes
    ]
    return builder_of({"Name": "fleet", "Driver": "remote", "Nodes": fields})


def names(builder: Builder) -> list[str | None]:
    chosen = [builder.node_for(platform) for platform in (AMD, ARM, RISC)]
    return [node.name if node else None for node in chosen]


def test_a_platform_goes_to_the_node_that_it_is_assigned_to() -> None:
    known = fleet(("one", ["linux/amd64", "linux/arm64"]), ("two", ["linux/arm64", "linux/amd64"]))
    assigned = {"one": frozenset({AMD}), "two": frozenset({ARM})}
    assert names(known.assign(assigned)) == ["one", "two", "one"]
    assert known.assign(assigned).build_mode(ARM) is BuildMode.ASSIGNED


def test_unassigned_it_goes_to_the_first_node_that_can_build_it_and_a_better_one_is_known() -> None:
    known = fleet(("one", ["linux/amd64", "linux/arm64"]), ("two", ["linux/arm64", "linux/amd64"]))
    assert names(known) == ["one", "one", "one"]
    better = known.better_node(ARM)
    assert better is not None
    assert better.name == "two"
    assert (known.build_mode(AMD), known.build_mode(ARM)) == (BuildMode.NATIVE, BuildMode.EMULATED)
    assert known.better_node(AMD) is None


@pytest.mark.parametrize(
    ("wanted", "node", "way"),
    [
        ("linux/arm/v7", "two", BuildMode.CROSS),
        ("linux/amd64/v2", "three", BuildMode.NATIVE),
        ("linux/amd64/v1", "one", BuildMode.NATIVE),
        ("linux/amd64/v3", "one", BuildMode.CROSS),
        ("windows/amd64", "one", BuildMode.CROSS),
    ],
)
def test_what_no_node_can_run_goes_to_one_that_is_like_it_else_to_the_first(
    wanted: str, node: str, way: BuildMode
) -> None:
    known = fleet(("one", ["linux/amd64"]), ("two", ["linux/arm64"]), ("three", ["linux/amd64/v2"]))
    platform = Platform.parse(wanted)
    found = known.node_for(platform)
    assert found is not None
    assert (found.name, known.build_mode(platform)) == (node, way)
    assert known.cannot_run([AMD, platform, platform]) == ([platform] if way is BuildMode.CROSS else [])
    assert fleet().node_for(AMD) is None


def test_an_emulation_is_named_once_and_only_where_there_can_be_one() -> None:
    foreign = [Platform.parse(f"linux/{name}") for name in ("arm/v6", "arm/v7", "s390x")]
    assert emulation_remedy(foreign).endswith("--install arm,s390x")
    assert "binfmt" not in emulation_remedy([Platform.parse("windows/amd64")])


def test_what_is_assigned_stands_in_what_buildx_inspect_prints() -> None:
    assert assigned_platforms(INSPECTED) == {
        "one": frozenset({AMD}),
        "two": frozenset({ARM, Platform.parse("linux/arm/v7")}),
    }


def test_a_builder_runs_when_all_its_nodes_do() -> None:
    assert fleet(("one", ["linux/amd64"])).is_running
    assert not fleet(("one", ["linux/amd64"]), ("two", [])).is_running
    assert not fleet().is_running


def test_a_builder_that_is_asked_for_must_exist_and_push_by_digest() -> None:
    engine = Builder(name="default", driver="docker", current=True)
    own = Builder(name="shiplane", driver="docker-container", current=False)
    assert choose([engine, own], None, by_digest=True) == own
    assert choose([engine, own], None, by_digest=False) == engine
    assert choose([engine], None, by_digest=True) is None
    with pytest.raises(UsageError, match="no such builder: 'x'"):
        choose([engine], "x", by_digest=True)
    with pytest.raises(PrerequisiteError, match="cannot push by digest"):
        choose([engine], "default", by_digest=True)


@dataclass(frozen=True, kw_only=True)
class Listed(Buildx):
    """A buildx that knows these builders and nothing of what is assigned to their nodes."""

    names: tuple[str, ...] = ("current", "named", "asked")

    def builders(self) -> list[Builder]:
        nodes = [{"Name": "one", "Platforms": ["linux/amd64"]}]
        return [
            builder_of({"Name": name, "Driver": "remote", "Current": name == "current", "Nodes": nodes})
            for name in self.names
        ]


@pytest.mark.parametrize(
    ("variable", "flag", "chosen"),
    [("", None, "current"), ("named", None, "named"), ("named", "asked", "asked"), ("gone", "asked", "asked")],
)
def test_a_builder_is_the_flags_else_the_variables_else_the_current_one(
    variable: str, flag: str | None, chosen: str, tmp_path: Path
) -> None:
    buildx = Listed(env={"BUILDX_BUILDER": variable, "PATH": ""}, root=tmp_path, listen=lambda _line: None)
    found = buildx.candidate(flag)
    assert found is not None
    assert found.name == chosen


def test_a_variable_that_names_no_builder_is_refused(tmp_path: Path) -> None:
    buildx = Listed(env={"BUILDX_BUILDER": "gone", "PATH": ""}, root=tmp_path, listen=lambda _line: None)
    with pytest.raises(UsageError, match="no such builder: 'gone'"):
        buildx.candidate(None)


def test_a_machine_covers_what_it_mostly_runs() -> None:
    pairs = {("linux/arm64", "linux/arm/v6"), ("linux/arm/v7", "linux/arm/v6"), ("linux/amd64/v3", "linux/amd64")}
    for better, lesser in pairs:
        assert Platform.parse(better).covers(Platform.parse(lesser))
        assert not Platform.parse(lesser).covers(Platform.parse(better))
    assert not Platform.parse("windows/amd64").covers(AMD)
    assert AMD.covers(Platform.parse("linux/amd64/v1"))


DIGEST = Digest.of(b"an image")
LOST = "ERROR: failed to solve: failed to push r.example/a/b: unknown: provided digest did not match uploaded content"
DENIED = "ERROR: failed to solve: failed to push r.example/a/b: denied: permission_denied: write_package"


@dataclass(frozen=True, kw_only=True)
class Pushing(Buildx):
    """A buildx whose bakes end as told, one after the other: by this last line, or well."""

    ends: list[str]

    def _bake(self, builds: Sequence[Build], _builder: Builder, metadata: Path, *_: object) -> ProcessResult:
        fault = self.ends.pop(0)
        metadata.write_text(json.dumps({build.name: {"containerimage.digest": str(DIGEST)} for build in builds}))
        return ProcessResult(argv=("docker",), code=int(bool(fault)), stdout="", stderr=fault)


@pytest.mark.parametrize(
    ("ends", "left", "kind", "words"),
    [
        (["", "more"], 1, None, ""),
        ([LOST, "", "more"], 1, None, ""),
        ([LOST, LOST, "more"], 1, UnreachableError, "the build succeeded, but the registry did not accept the push to"),
        ([DENIED, "more"], 1, AccessError, "the build succeeded, but the registry refused the push to r.example/a/b"),
        (["ERROR: failed to solve: exit code: 2", "more"], 1, BuildError, "the build failed"),
    ],
)
def test_a_push_that_the_registry_did_not_take_is_repeated_once(
    ends: list[str], left: int, kind: type[ShiplaneError] | None, words: str, tmp_path: Path
) -> None:
    told: list[str] = []
    buildx = Pushing(env={}, root=tmp_path, listen=lambda _line: None, tell=told.append, ends=list(ends))
    plan = a_plan()
    builder = fleet(("one", ["linux/amd64", "linux/arm64"]))
    if kind is None:
        assert set(buildx.bake(staging(plan, plan.lanes), builder).values()) == {DIGEST}
    else:
        with pytest.raises(kind, match=words):
            buildx.bake(staging(plan, plan.lanes), builder)
    assert len(buildx.ends) == left
    assert len(told) == len(ends) - left - 1
