"""Compose files, read without docker: what they build for the project, and what they leave open."""
# ruff: noqa: E501 -- the tables are read by their lines

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import tomli

from shiplane.init.project_files import compose_files
from shiplane.init.workflows.compose_files import ComposeReader
from shiplane.init.workflows.published_image import PublishedImage
from shiplane.init.workflows.yaml_nodes import read_yaml
from tests.inprocess import shiplane_here

COMMIT = ["-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false", "commit", "-qm", "one"]
REMOTE = "https://github.com/acme/app.git"
IMAGE = "ghcr.io/acme/app"
NOT_OURS = "it names no image of this project: no lane is made of this build"
LATER = "it is only known when compose runs"
WHOLE = """
x-build: &build
  args: &args {GO: "1.26", EMPTY: "", COMMIT: }
services:
  db: {image: "postgres:17", profiles: [data]}
  app:
    image: ${IMAGE:-ghcr.io/acme/app}:${TAG:-latest}
    build:
      <<: *build
      context: .
      target: prod
      platforms: [linux/amd64]
  worker:
    build: {<<: *build, context: ./, target: prod}
  web:
    image: ghcr.io/acme/app:latest-alpine
    build:
      context: ./web
      dockerfile: ../Dockerfile
      args: [MODE=prod, FLAVOUR, "HOST=$HOST_NAME", "PORT=${PORT:-80}"]
      ssh: [default]
      cache_from: [type=gha]
      secrets: [npm]
"""


def read(text: str, slug: str = "acme/app", **files: str) -> tuple[list[PublishedImage], list[str]]:
    reader = ComposeReader(slug=slug, own=["quay.io/corp/app"])
    nodes = {path: node for path, each in {**files, "compose.yaml": text}.items() if (node := read_yaml(each))}
    images = reader.images(nodes)
    return images, [f"{remark.source} {remark.text}: {remark.reason}" for remark in reader.remarks]


def service(build: str, more: str = "image: ghcr.io/acme/app") -> str:
    return f"services:\n  app:\n    {more}\n    build: {build}\n"


def only(text: str) -> PublishedImage:
    ((image,), remarks) = read(text)
    assert remarks == []
    return image


def test_what_the_services_of_a_file_are() -> None:
    (app, web), remarks = read(WHOLE)
    assert (str(app.source), app.images, app.dockerfile, app.context, app.target) == (
        "compose.yaml:6",
        (IMAGE,),
        "Dockerfile",
        ".",
        "prod",
    )
    assert (app.platforms, app.variant) == (("linux/amd64",), "")
    assert app.build == {"build-args": {"GO": "1.26", "EMPTY": "", "COMMIT": {"env": "COMMIT"}}}
    assert (web.images, web.dockerfile, web.context, web.variant) == ((IMAGE,), "Dockerfile", "web", "alpine")
    assert web.build == {"build-args": {"MODE": "prod", "FLAVOUR": {"env": "FLAVOUR"}, "HOST": {"env": "HOST_NAME"}}}
    assert remarks == [
        "compose.yaml:21 ssh: default: a lane has no such setting",
        "compose.yaml:22 cache_from: type=gha: a lane has one cache, which it reads and writes: cache in its table",
        "compose.yaml:23 secrets: npm: name the variable or the file of each: secrets in the lane's table",
        f"compose.yaml:20 PORT: ${{PORT:-80}}: {LATER}: a lane has a value, or a variable alone",
    ]


@pytest.mark.parametrize(
    ("build", "dockerfile", "context"),
    [
        (".", "Dockerfile", "."),
        ("./svc/", "svc/Dockerfile", "svc"),
        ("{dockerfile: docker/Dockerfile.x}", "docker/Dockerfile.x", "."),
        ("{context: svc, dockerfile: ../Dockerfile}", "Dockerfile", "svc"),
        ("'${CONTEXT:-svc}'", "svc/Dockerfile", "svc"),
    ],
)
def test_the_dockerfile_is_looked_for_in_the_context(build: str, dockerfile: str, context: str) -> None:
    image = only(service(build))
    assert (image.dockerfile, image.context) == (dockerfile, context)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        ("https://github.com/acme/app.git", "it is not built from a folder of this project"),
        ("../other", "it is not built from a folder of this project"),
        ("{dockerfile: /etc/Dockerfile}", "it is not built from a folder of this project"),
        (
            "{dockerfile_inline: FROM scratch}",
            "its Dockerfile is written in the compose file: a lane has a file of its own",
        ),
        ("{target: dev}", "it is a build for development"),
        ("{dockerfile: Dockerfile.dev}", "it is a build for development"),
        ("{target: $STAGE}", LATER),
        ("'${CONTEXT:?set it}'", LATER),
    ],
)
def test_what_no_lane_can_build_is_told(build: str, reason: str) -> None:
    images, remarks = read(service(build))
    assert images == []
    assert [(remark[:20], remark.endswith(f": {reason}")) for remark in remarks] == [("compose.yaml:2 app: ", True)]


@pytest.mark.parametrize("build", ['{target: "a b"}', "{platforms: [pdp11]}"])
def test_what_a_project_file_cannot_have_is_told(build: str) -> None:
    images, remarks = read(service(build))
    assert (images, len(remarks)) == ([], 1)


@pytest.mark.parametrize(
    ("image", "images"),
    [
        ("ghcr.io/acme/app:1.0", (IMAGE,)),
        ("ghcr.io/ACME/App@sha256:00", (IMAGE,)),
        ("acme/app", ("docker.io/acme/app",)),
        ("quay.io/corp/app", ("quay.io/corp/app",)),
        ("${REGISTRY-ghcr.io/${OWNER:-acme}}/app", (IMAGE,)),
        ("app:latest", ()),
    ],
)
def test_an_image_gives_the_repository(image: str, images: tuple[str, ...]) -> None:
    assert only(service(".", f"image: '{image}'")).images == images


@pytest.mark.parametrize("image", ["$IMAGE", "${REGISTRY}/app:latest", "ghcr.io/${OWNER:?}/app"])
def test_an_image_that_is_a_variable_is_the_projects(image: str) -> None:
    (found,), remarks = read(service(".", f"image: '{image}'"))
    assert found.images == ()
    assert remarks == [f"compose.yaml:3 image: {image}: the repository: {LATER}"]


@pytest.mark.parametrize("image", ["quay.io/other/app", "redis:7", "localhost:5000/acme/app", "a b"])
def test_a_build_under_a_foreign_name_is_told_and_makes_no_lane(image: str) -> None:
    assert read(service(".", f"image: '{image}'")) == ([], [f"compose.yaml:2 app: context .: {NOT_OURS}"])


def test_without_a_remote_each_repository_with_an_owner_is_the_projects() -> None:
    assert [image.images for image in read(service("."), slug="")[0]] == [(IMAGE,)]
    assert read(service(".", "image: app"), slug="")[0] == []


def test_a_build_without_an_image_is_told_only_if_its_dockerfile_does_not_say_as_much() -> None:
    assert read(service(".", "ports: ['80:80']")) == ([], [])
    assert read(service("", "ports: ['80:80']")) == ([], [])
    assert read(service("{args: {A: 1}}", "ports: ['80:80']")) == ([], [f"compose.yaml:2 app: args: {NOT_OURS}"])


def test_tags_of_a_build_are_repositories_too() -> None:
    image = only(service("{context: ., tags: ['quay.io/corp/app:1', 'redis:7'], pull: true}"))
    assert image.images == (IMAGE, "quay.io/corp/app")


def test_labels_platforms_and_proofs() -> None:
    build = "{labels: {team: web, who: '$WHO', cost: 5$$}, platforms: ['$P'], provenance: mode=max, sbom: true}"
    (image,), remarks = read(service(build))
    assert image.build == {"labels": {"team": "web", "cost": "5$"}, "provenance": "max", "sbom": True}
    assert image.platforms == ()
    assert remarks == [
        f"compose.yaml:4 platforms: $P: {LATER}",
        f"compose.yaml:4 who: $WHO: {LATER}: a lane has a value, or a variable alone",
    ]
    assert only(service(".", "image: acme/app\n    platform: linux/arm64")).platforms == ("linux/arm64",)


def test_arguments_without_a_name_or_an_end_are_told() -> None:
    _, remarks = read(service(f"{{args: ['$ALL', 'A={'x' * 5000}']}}"))
    assert [remark.rpartition(": ")[2] for remark in remarks] == [LATER, "it is too long to be read"]


def test_what_is_extended_or_included_is_told() -> None:
    text = "include: [other.yaml]\nservices:\n  app:\n    image: acme/app\n    extends: {file: base.yaml, service: app}\n    build: .\n"
    assert read(text) == (
        [],
        [
            "compose.yaml:1 include: other.yaml: other files are not read",
            "compose.yaml:5 extends: file, service: what it extends is not read: no lane is made of this service",
        ],
    )


def test_profiles_are_told() -> None:
    assert read(service(".", "image: acme/app\n    profiles: [a, b]"))[1] == [
        "compose.yaml:4 profiles: a, b: a lane has no such setting"
    ]


def test_images_of_one_dockerfile_are_told_apart() -> None:
    services = {"a": "app:alpine", "b": "app:${TAG:-alpine}", "c": "app:1.2", "d": "app"}
    lines = [
        f"  {name}: {{image: '{IMAGE[:-3]}{image}', build: {{target: t{name}}}}}" for name, image in services.items()
    ]
    images, _ = read("\n".join(["services:", *lines]))
    assert [(image.target, image.variant) for image in images] == [
        ("tb", ""),
        ("tc", "tc"),
        ("td", "td"),
        ("ta", "alpine"),
    ]


def test_a_service_of_the_first_file_counts() -> None:
    (image,), _ = read(service("{target: base}"), **{"compose.prod.yaml": service("{target: prod}")})
    assert (image.target, str(image.source)) == ("prod", "compose.prod.yaml:2")


BOMB = "x0: &x0 {image: acme/app, build: .}\n" + "".join(
    f"x{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}]}}\n" for n in range(1, 400)
)


@pytest.mark.parametrize(
    ("text", "images"),
    [
        (BOMB + "services: {app: *x399}", 1),
        ("services: [app]", 0),
        ("services: {app: [build], b: text, c: {build: [a]}, d: {build: null}}", 0),
        ("services: {'': {image: acme/app, build: .}}", 1),
        ("services: {" + ", ".join(f"s{n}: {{image: acme/app, build: d{n}}}" for n in range(200)) + "}", 64),
        (service(".", f"image: '{'${A:-' * 50_000}'"), 1),
    ],
    ids=["aliases", "list", "kinds", "nameless", "many", "variables"],
)
def test_an_odd_file_is_read_all_the_same(text: str, images: int) -> None:
    assert len(read(text)[0]) == images


def test_which_files_are_read(tmp_path: Path) -> None:
    names = [
        "compose.override.yml",
        "docker-compose.yml",
        "compose.yml",
        "docker-compose.prod.yml",
        "compose.dev.yaml",
        "compose-x.yml",
        "composer.yml",
    ]
    for name in names:
        (tmp_path / name).touch()
    assert compose_files(tmp_path) == ["compose-x.yml", "docker-compose.prod.yml", "compose.yml"]


def proposed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **files: str
) -> tuple[dict[str, Any], str]:
    """The project file that ``init`` writes into a repository with these files, and its output."""
    monkeypatch.setattr("shiplane.cli.setup.project.registry_tags", lambda *_: ("", [], "not asked"))
    monkeypatch.chdir(folder)
    for path, text in {"Dockerfile": "FROM scratch\n", "Dockerfile.standalone": "FROM scratch\n", **files}.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    for words in (["init", "--quiet"], ["remote", "add", "origin", REMOTE], ["add", "--all"], COMMIT):
        subprocess.run(["git", *words], check=True, stdin=subprocess.DEVNULL)
    code, out, err = shiplane_here(capsys, monkeypatch, ("init", "--yes"))
    assert code == 0, err
    assert shiplane_here(capsys, monkeypatch, ("init",))[1].endswith("everything is set up\n")
    return tomli.loads(Path("shiplane.toml").read_text()), out


def test_the_whole_proposal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written, out = proposed(tmp_path, monkeypatch, capsys, **{"compose.yaml": WHOLE, "docker-compose.prod.yml": "a: ["})
    assert written == {
        "deployments": ["compose.yaml"],
        "lanes": {
            "main": {"target": "prod", "platforms": ["linux/amd64"], "build-args": {"GO": "1.26", "EMPTY": "", "COMMIT": {"env": "COMMIT"}}},
            "alpine": {
                "dockerfile": "Dockerfile",
                "context": "web",
                "git-tag": "alpine-v{version}",
                "build-args": {"MODE": "prod", "FLAVOUR": {"env": "FLAVOUR"}, "HOST": {"env": "HOST_NAME"}},
            },
            "standalone": {"dockerfile": "Dockerfile.standalone"},
        }
    }  # fmt: skip
    assert "compose.yaml:6" in out
    assert "docker-compose.prod.yml\n      it cannot be read as YAML" in out
    assert "postgres" not in out


@pytest.mark.parametrize(
    "files",
    [
        {"docker-bake.hcl": f'target "default" {{ tags = ["{IMAGE}:latest"] }}'},
        {
            ".github/workflows/w.yml": "on: {push: {tags: ['v*']}}\njobs:\n  a:\n    steps:\n      - {uses: docker/build-push-action@v6, "
            f"with: {{push: true, platforms: 'linux/amd64,linux/arm64', tags: '{IMAGE}:latest'}}}}\n"
        },
    ],
    ids=["bake", "workflow"],
)
def test_a_bake_file_or_a_workflow_counts_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: dict[str, str]
) -> None:
    written, out = proposed(tmp_path, monkeypatch, capsys, **{"compose.yaml": WHOLE}, **files)
    assert not {"target", "build-args"} & set(next(iter(written.get("lanes", {"main": {}}).values())))
    assert "compose.yaml:" not in out
