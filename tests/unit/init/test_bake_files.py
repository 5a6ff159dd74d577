"""Bake files, read without docker: what they build, and what they leave open."""

from __future__ import annotations

import pytest

from shiplane.init.workflows.bake_files import read_bake, steps_of
from shiplane.init.workflows.images import Place, WorkflowReader
from shiplane.init.workflows.yaml_nodes import read_yaml

HCL = """
# What the release builds.
variable "REGISTRY" { default = "ghcr.io/acme" } // the owner
variable "VERSION" {
  default = ""
}
function "tag" {
  params = [name]
  result = ["${REGISTRY}/${name}:latest"]
}
group "default" { targets = ["app", "images", "none"] }
group "images" {
  targets = ["web", "app"]
}
target "docker-metadata-action" {}
target "base" {
  /* for
     all */
  platforms = ["linux/amd64", "linux/arm64",]
  args = { GO = "1.25", "V" : VERSION }
  inherits = ["base"]
}
target "app" {
  inherits = ["docker-metadata-action", "base"]
  dockerfile = "./Dockerfile"
  args = {
    GO = "1.26"
  }
  tags = ["${REGISTRY}/app:latest"]
}
target "web" {
  inherits = ["base"]
  context = "web"
  target = VERSION == "" ? "dev" : "prod"
  tags = [for name in ["a", "b"] : "${REGISTRY}/${name}:${VERSION}"]
  output = ["type=registry"]
  no-cache = true
}
"""
WORKFLOW = """
on: {push: {tags: ["v*"]}}
env: {REGISTRY: quay.io/acme}
jobs:
  bake:
    steps:
      - id: meta
        uses: docker/metadata-action@v5
        with: {images: ghcr.io/acme/app, tags: "type=semver,pattern={{version}}"}
      - uses: docker/bake-action@v6
        with: {push: true, GIVEN}
"""


def texts(path: str, text: str, *targets: str, **variables: str) -> dict[str, dict[str, str]]:
    bake = read_bake(path, text)
    assert bake is not None
    steps = steps_of(bake, targets, variables)
    return {name: {key: node.text for key, node in step.at("with").entries.items()} for name, step in steps}


def test_what_the_targets_of_a_file_are() -> None:
    platforms = {"platforms": "linux/amd64\nlinux/arm64", "push": "true"}
    read = texts("docker-bake.hcl", HCL)
    assert list(read) == ["app", "web"]
    args = "GO=1.26\nV=${VERSION}"
    assert read["app"] == {**platforms, "file": "./Dockerfile", "tags": "ghcr.io/acme/app:latest", "build-args": args}
    assert read["web"]["context"] == "web"
    assert "${" in read["web"]["target"]
    assert "${" in read["web"]["tags"]
    assert texts("docker-bake.hcl", HCL, "base", REGISTRY="x") == {
        "base": {**platforms, "build-args": "GO=1.25\nV=${VERSION}"}
    }
    assert texts("docker-bake.hcl", HCL, "app", REGISTRY="x")["app"]["tags"] == "x/app:latest"


def test_json_says_the_same() -> None:
    text = '{"group": {"default": {"targets": ["app"]}}, "target": {"app": {"dockerfile": "D", "args": {"A": "1"}}}}'
    assert texts("docker-bake.json", text) == {"app": {"file": "D", "build-args": "A=1", "push": "true"}}
    assert texts("docker-bake.json", "{}") == {}


@pytest.mark.parametrize(
    "text",
    [
        'target "x"',
        "target x y",
        "target x y\n",
        "a = [",
        "a = (",
        "a = {",
        "}",
        "{" * 50,
        "a = " + "[" * 9000,
        "a = " + "{b=" * 50,
    ],
)
def test_what_is_no_bake_file_is_none_or_empty(text: str) -> None:
    bake = read_bake("docker-bake.hcl", text)
    assert bake is None or list(steps_of(bake, [], {})) == []


def test_the_inputs_of_a_target_are_those_of_a_step_that_builds() -> None:
    text = """
target "default" {
  labels = { "org.example.team" = "web" }
  annotations = ["index:org.example.team=web"]
  secret = ["id=npm,env=NPM_TOKEN", "id=GH", "type=file,id=rc,src=/root/.npmrc", { id = "a", source = "b" }]
  cache-to = [{ type = "registry", ref = "ghcr.io/acme/app:cache" }]
  attest = ["type=provenance,mode=max", "type=sbom"]
  contexts = { base = "docker-image://alpine" }
  ssh = ["default"]
  description = "none"
  tags = []
}
"""
    assert texts("docker-bake.hcl", text) == {
        "default": {
            "labels": "org.example.team=web",
            "annotations": "index:org.example.team=web",
            "secret-envs": "npm=NPM_TOKEN\nGH=GH",
            "secret-files": "rc=/root/.npmrc\na=b",
            "cache-to": "type=registry,ref=ghcr.io/acme/app:cache",
            "provenance": "mode=max",
            "sbom": "true",
            "build-contexts": "base=docker-image://alpine",
            "ssh": "default",
            "push": "true",
        }
    }


def test_targets_that_name_each_other_come_to_an_end() -> None:
    groups = "".join(f'group "g{n}" {{ targets = ["g{n + 1}", "g{n + 1}", "g0"] }}\n' for n in range(50))
    targets = "".join(f'target "t{n}" {{ inherits = ["t{n + 1}", "t{n + 1}", "t0"] }}\n' for n in range(50))
    assert list(texts("docker-bake.hcl", groups + targets, "g0", "t0")) == ["t0"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("targets: app", ["app"]),
        ("targets: 'web,app', files: ./docker-bake.hcl", ["web", "app"]),
        ("files: 'cwd://x.hcl'", ["app", "web"]),
        ("targets: nothing", []),
    ],
)
def test_a_step_that_bakes_publishes_its_targets(given: str, names: list[str]) -> None:
    bake, root = read_bake("docker-bake.hcl", HCL), read_yaml(WORKFLOW.replace("GIVEN", given))
    assert bake
    assert root
    images = WorkflowReader("w.yml", root, Place(bake={"docker-bake.hcl": bake})).images()
    assert [image.names[0] for image in images] == names
    assert {image.source.line for image in images} <= {10}
    assert [image.images for image in images if image.names[0] == "app"] == [("quay.io/acme/app",)] * names.count("app")


def test_a_step_whose_file_is_not_there_is_told() -> None:
    root = read_yaml(WORKFLOW.replace("GIVEN", "files: other.hcl"))
    assert root
    reader = WorkflowReader("w.yml", root, Place())
    assert reader.images() == []
    assert [(str(remark.source), remark.reason) for remark in reader.remarks] == [
        ("w.yml:10", "its bake file could not be read")
    ]


def test_a_step_that_pushes_nothing_publishes_nothing() -> None:
    root = read_yaml(WORKFLOW.replace("push: true, GIVEN", "targets: app"))
    assert root
    assert WorkflowReader("w.yml", root, Place()).images() == []
