"""Projects in folders of one repository: their workflows lie beside each other at its root."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shiplane.core.errors import ConfigurationError
from shiplane.workflows.changes import changes
from tests.unit.workflow_rules import broken
from tests.unit.workflows.test_render import CHANNELS, KINDS, assert_clean, rendered

FOLDER = ".github/workflows"
EVERYTHING = {**CHANNELS, "claim": True, "workflows": {"native": True}}


def documents(texts: dict[str, str]) -> dict[str, dict[Any, Any]]:
    return {path.removeprefix(f"{FOLDER}/"): yaml.safe_load(text) for path, text in texts.items()}


def test_each_project_has_files_of_its_own_names() -> None:
    paths = [
        path for folder in ("", "api", "services/api", "services/web") for path in rendered(CHANNELS, folder=folder)
    ]
    assert len(set(paths)) == len(paths) == 4 * 5
    assert set(documents(rendered(CHANNELS, folder="services/api"))) == {
        "services.api.release-lane.yml",
        "services.api.docker-publish.yml",
        "services.api.docker-standalone-publish.yml",
        "services.api.channel-edge.yml",
        "services.api.channel-no.yml",
    }


def test_every_command_runs_in_the_projects_folder() -> None:
    read = documents(rendered(EVERYTHING, npm=True, folder="services/api"))
    for name in ("release-lane", "channel-edge"):
        document = read[f"services.api.{name}.yml"]
        assert document["defaults"] == {"run": {"working-directory": "services/api"}}
        lines = {step["run"] for job in document["jobs"].values() for step in job["steps"] if "run" in step}
        assert (
            "python -m pip install --disable-pip-version-check --requirement ../../.github/shiplane-requirements.txt"
            in lines
        )
    (caller,) = read["services.api.docker-publish.yml"]["jobs"].values()
    assert caller["uses"] == "$/.github/workflows/services.api.release-lane.yml"
    assert not any("defaults" in document for document in documents(rendered(EVERYTHING)).values())


def test_a_push_elsewhere_starts_no_channel_and_a_git_tag_has_no_paths() -> None:
    """GitHub evaluates no path filter where a tag is pushed (docs.github.com, "Workflow syntax", on.<push>.paths)."""
    read = documents(rendered(CHANNELS, folder="services/api"))
    edge = read["services.api.channel-edge.yml"]
    assert edge[True]["push"] == {
        "branches": ["main"],
        "paths": ["services/api/**", f"{FOLDER}/services.api.channel-edge.yml"],
    }
    assert set(read["services.api.docker-publish.yml"][True]["push"]) == {"tags"}


def test_channels_of_one_name_wait_apart_and_releases_together() -> None:
    api, web = (documents(rendered(CHANNELS, folder=folder)) for folder in ("api", "web"))
    groups = {read["concurrency"]["group"] for read in (api["api.channel-edge.yml"], web["web.channel-edge.yml"])}
    assert groups == {"shiplane-channel-api.edge", "shiplane-channel-web.edge"}
    queues = {read["concurrency"]["group"] for read in (api["api.docker-publish.yml"], web["web.docker-publish.yml"])}
    assert queues == {"shiplane-release"}


def test_the_linters_find_nothing_in_a_repository_of_several_projects(tmp_path: Path) -> None:
    texts = rendered(CHANNELS)
    for folder in ("services/api", "web"):
        texts |= rendered(EVERYTHING, npm=True, whole=True, folder=folder)
    assert_clean(tmp_path, texts)


@pytest.mark.parametrize("kind", KINDS)
def test_every_configuration_keeps_our_rules_in_a_folder(kind: str) -> None:
    assert broken(rendered(KINDS[kind], npm=True, folder="services/api")) == set()


def test_a_projects_workflows_are_not_anothers_to_remove_or_replace() -> None:
    api, web = rendered(CHANNELS, folder="services/api"), rendered(CHANNELS, folder="services/web")
    root = rendered(CHANNELS)
    everything = {**root, **api, **web}
    assert changes(rendered(folder="services/api"), everything, "services/api") == [
        change for change in changes({}, api, "services/api") if "channel" in change.path
    ]
    assert [change.path for change in changes({}, everything)] == list(root)
    # Two folders can come to the same name.
    alike = rendered(CHANNELS, folder="services.api")
    assert set(alike) == set(api)
    assert all(change.by_hand for change in changes(alike, everything, "services.api"))


@pytest.mark.parametrize("folder", ["my app", "a/b c", "a*", "a'b", "ünï", "a\nb", "${{ x }}"])
def test_a_folder_that_no_workflow_can_name_is_refused(folder: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be named in a workflow"):
        rendered(folder=folder)


def test_a_hidden_folder_makes_no_hidden_file() -> None:
    assert set(rendered(folder=".docker/app")) >= {f"{FOLDER}/docker.app.release-lane.yml"}
