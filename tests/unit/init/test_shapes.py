"""Eight shapes of foreign repositories: what follows from their old workflows is what was written for them by hand."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tomli

from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.project_folder import load_project_file
from shiplane.config.settings import Resolver
from shiplane.init.facts import Facts
from shiplane.init.project_proposal import propose
from shiplane.init.workflows.images import Place, WorkflowReader
from shiplane.init.workflows.yaml_nodes import read_yaml
from tests.inprocess import shiplane_here

WORKFLOWS = sorted((Path(__file__).parent / "shapes").glob("*.yml"))
BY_HAND = Path(__file__).parents[2] / "shapes"
SLUGS = {"copy-on-the-hub": "acme/service", "operator": "acme/operator"}


def proposed(path: Path, slug: str) -> str:
    root = read_yaml(path.read_text())
    assert root
    reader = WorkflowReader(path.name, root, Place(slug=slug))
    images = reader.images()
    logins = {host: (user, secret) for host, user, secret in reader.logins()}
    return propose(Facts(image=f"ghcr.io/{slug}", images=images, logins=logins, remarks=reader.remarks)).text


def lanes(project: ProjectFile, slug: str) -> list[Any]:
    """Everything that a plan takes from the file, but for what the lanes and channels are called."""
    resolver = Resolver(project=project, env={"GITHUB_REPOSITORY": slug})
    return sorted(
        (
            lane.dockerfile,
            lane.context,
            lane.versions.value,
            list(map(str, lane.written_templates)),
            [(template.text, sorted(template.prereleases)) for template in lane.floating_templates],
            lane.git_tag,
            lane.publish_latest,
            repr(lane.build),
            sorted(map(str, resolver.platforms(lane).value)),
            list(map(str, resolver.images(lane).value)),
            [(each.branch, each.tag_of(lane), each.keep) for each in project.channels if lane.name in each.lanes],
        )
        for lane in project.lanes
    )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_the_proposal_is_what_was_written_by_hand(path: Path) -> None:
    slug = SLUGS.get(path.stem, "acme/any")
    by_hand = (BY_HAND / path.stem / "shiplane.toml").read_text()
    text = proposed(path, slug)
    made, expected = (parse_project_file(tomli.loads(each), "shiplane.toml") for each in (text, by_hand))
    assert lanes(made, slug) == lanes(expected, slug), text


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_init_sets_the_repository_up_as_by_hand(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slug, project = SLUGS.get(path.stem, "acme/any"), tmp_path / "project"
    monkeypatch.setattr("shiplane.cli.setup.project.registry_tags", lambda *_: ("", [], "not asked"))
    shutil.copytree(BY_HAND / path.stem, project, ignore=shutil.ignore_patterns("shiplane.toml"))
    (project / ".github/workflows").mkdir(parents=True)
    shutil.copy(path, project / ".github/workflows/images.yml")
    person = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("remote", "add", "origin", f"https://github.com/{slug}.git"),
        ("add", "--all"),
        (*person, "commit", "--quiet", "--message", "one"),
    ):
        subprocess.run(["git", *words], cwd=project, check=True, stdin=subprocess.DEVNULL)
    monkeypatch.chdir(project)
    code, out, _ = shiplane_here(capsys, monkeypatch, ("init", "--yes"))
    by_hand = parse_project_file(tomli.loads((BY_HAND / path.stem / "shiplane.toml").read_text()), "shiplane.toml")
    assert (code, "it still publishes: remove it" in out) == (0, True)
    assert lanes(load_project_file(project), slug) == lanes(by_hand, slug)
    assert shiplane_here(capsys, monkeypatch, ("workflow.check",))[0] == 0
    assert shiplane_here(capsys, monkeypatch, ("init",))[1].endswith("everything is set up\n")


def test_every_shape_has_a_workflow() -> None:
    assert {path.stem for path in WORKFLOWS} == {path.name for path in BY_HAND.iterdir() if path.is_dir()}


def test_the_credentials_of_a_login_are_named() -> None:
    text = proposed(BY_HAND.parent / "unit/init/shapes/copy-on-the-hub.yml", "acme/service")
    assert tomli.loads(text)["registries"] == {
        "docker.io": {"username-env": ["DOCKERHUB_USERNAME"], "password-env": ["DOCKERHUB_TOKEN"]}
    }
