from __future__ import annotations

import pytest

from shiplane.model.bake import definition, literal, staging, trial
from shiplane.model.image import Platform
from shiplane.model.plan import Plan
from shiplane.model.planning import make_plan
from shiplane.model.settings import Checkout, Flags, Resolver

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")


def plan(image: str = "ghcr.io/cognary/aionis", **flags: str) -> Plan:
    checkout = Checkout(commit="a" * 40, committed_at="2026-02-28T12:00:00Z")
    return make_plan(Resolver(flags=Flags(tag="0.2.1", image=image, **flags), checkout=checkout))  # type: ignore[arg-type] # str flags


def test_staging_pushes_by_digest_and_gives_no_name() -> None:
    made = plan()
    target = definition(staging(made, made.lanes))["target"]["main"]
    assert "tags" not in target
    fields = target["output"][0].split(",")
    assert {"type=image", "name=ghcr.io/cognary/aionis", "push-by-digest=true", "push=true"} <= set(fields)
    assert "registry.insecure=true" not in fields


def test_only_a_registry_on_this_machine_is_spoken_to_in_plain_http() -> None:
    made = plan(image="127.0.0.1:5000/x/y")
    assert "registry.insecure=true" in definition(staging(made, made.lanes))["target"]["main"]["output"][0]


def test_all_lanes_are_one_bake() -> None:
    made = plan()
    assert definition(staging(made, made.lanes))["group"]["default"]["targets"] == ["main", "standalone"]


def test_labels_become_annotations_of_index_and_manifests() -> None:
    made = plan()
    target = definition(staging(made, made.lanes))["target"]["standalone"]
    assert target["labels"]["org.opencontainers.image.version"] == "0.2.1"
    assert f"index:org.opencontainers.image.revision={'a' * 40}" in target["annotations"]
    assert f"manifest:org.opencontainers.image.revision={'a' * 40}" in target["annotations"]


def test_a_trial_loads_one_platform_under_a_local_name_and_only_builds_the_others() -> None:
    made = plan()
    targets = definition(trial(made, AMD, [ARM]))["target"]
    assert targets["main"]["tags"] == ["localhost/cognary/aionis:v0.2.1"]
    assert targets["main"]["output"] == ["type=docker"]
    assert targets["main-others"]["output"] == ["type=cacheonly"]
    assert "tags" not in targets["main-others"]
    assert not [target for target in targets.values() if "push" in target["output"][0]]


@pytest.mark.parametrize(
    ("text", "safe"), [("${HOME}", "$${HOME}"), ("%{if}", "%%{if}"), ("$x", "$x"), ("100%", "100%")]
)
def test_a_value_cannot_become_a_template(text: str, safe: str) -> None:
    assert literal(text) == safe
