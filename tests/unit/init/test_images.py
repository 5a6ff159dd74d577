"""What a workflow publishes, by values: its triggers, its matrix, its steps."""
# ruff: noqa: E501 -- the tables are read by their lines

from __future__ import annotations

import pytest

from shiplane.init.workflows.images import Place, WorkflowReader, combinations
from shiplane.init.workflows.published_image import PublishedImage, dockerfile_suffix
from shiplane.init.workflows.yaml_nodes import Node, read_yaml

PUSHED = "{uses: docker/build-push-action@v6, with: {push: true, tags: 'ghcr.io/acme/app:latest'"


def reader(text: str, place: Place | None = None) -> WorkflowReader:
    root = read_yaml(text)
    assert root is not None
    return WorkflowReader("w.yml", root, place or Place(slug="acme/app", git_tags=["app-v{version}"]))


def job(step: str, on: str = "{push: {tags: ['v*']}}", more: str = "") -> str:
    return f"on: {on}\njobs:\n  image:\n    {more or 'name: image'}\n    steps:\n      - {step}\n"


def only(text: str) -> tuple[PublishedImage, list[str]]:
    read = reader(text)
    (image,) = read.images()
    return image, [f"{remark.source} {remark.text}: {remark.reason}" for remark in read.remarks]


@pytest.mark.parametrize(
    ("on", "git_tag", "following"),
    [
        ("{push: {tags: ['v*']}}", "v{version}", []),
        ("{push: {tags: ['!v*-test', 'docker-v*']}}", "docker-v{version}", []),
        ("{push: {tags: '*'}}", "app-v{version}", []),
        ("{release: {types: [published]}}", "app-v{version}", []),
        ("{push: {branches: [dev, 'release/**']}}", "", [("dev", "latest")]),
        ("{schedule: [{cron: '0 0 * * *'}]}", "", [("main", "latest")]),
        ("{workflow_dispatch: }", "", []),
    ],
)
def test_what_starts_it(on: str, git_tag: str, following: list[tuple[str, str]]) -> None:
    image, _ = only(job(PUSHED + "}}", on))
    assert (image.git_tag, image.tags.following) == (git_tag, following)


@pytest.mark.parametrize("on", ["push", "[push, pull_request]", "{push: }"])
def test_any_push_is_one_of_a_branch_or_of_a_tag(on: str) -> None:
    read = reader(job(PUSHED + "}}", on))
    assert (read.git_tag_patterns, read.branches) == (("*",), ("main",))


def test_without_tags_in_git_a_version_has_a_v() -> None:
    read = reader(job(PUSHED + "}}", "{push: {tags: '*'}}"), Place())
    assert [image.git_tag for image in read.images()] == ["v{version}"]


@pytest.mark.parametrize(
    ("step", "published"),
    [
        (PUSHED + "}}", 1),
        ("{uses: docker/build-push-action@v6, with: {push: false}}", 0),
        ("{uses: docker/build-push-action@v6}", 0),
        ("{uses: docker/build-push-action@v6, with: {outputs: 'type=image,push=true'}}", 1),
        ("{uses: acme/build-push-action@v6, with: {push: true}}", 0),
        ("{run: docker build .}", 0),
    ],
)
def test_only_what_is_pushed_is_published(step: str, published: int) -> None:
    assert len(reader(job(step)).images()) == published


@pytest.mark.parametrize(
    ("given", "dockerfile", "context"),
    [
        ("", "Dockerfile", "."),
        (", context: .", "Dockerfile", "."),
        (", context: ./svc", "svc/Dockerfile", "svc"),
        (", context: ./svc, file: ./docker/Dockerfile.svc", "docker/Dockerfile.svc", "svc"),
        (", context: '{{defaultContext}}:svc'", "svc/Dockerfile", "svc"),
    ],
)
def test_paths_are_those_of_the_repository(given: str, dockerfile: str, context: str) -> None:
    image, remarks = only(job(f"{PUSHED}{given}}}}}"))
    assert (image.dockerfile, image.context, remarks) == (dockerfile, context, [])


@pytest.mark.parametrize(
    ("given", "platforms", "remarks"),
    [
        ("", ("linux/amd64",), []),
        (", platforms: 'linux/amd64, linux/arm64'", ("linux/amd64", "linux/arm64"), []),
        (
            ", platforms: '${{ inputs.platforms }}'",
            (),
            ["w.yml:6 platforms: ${{ inputs.platforms }}: it is only known when the workflow runs"],
        ),
        (", ssh: default", ("linux/amd64",), ["w.yml:6 ssh: default: a lane has no such setting"]),
    ],
)
def test_platforms_and_what_a_lane_cannot_have(given: str, platforms: tuple[str, ...], remarks: list[str]) -> None:
    image, told = only(job(f"{PUSHED}{given}}}}}"))
    assert (image.platforms, told) == (platforms, remarks)


def test_labels_are_those_of_the_step_and_of_metadata_action() -> None:
    text = """
on: {push: {tags: ["v*"]}}
jobs:
  image:
    steps:
      - id: meta
        uses: docker/metadata-action@v5
        with:
          images: ghcr.io/acme/app
          tags: type=semver,pattern={{version}}
          labels: |
            org.opencontainers.image.title=App
          annotations: org.example.a=b
      - uses: docker/build-push-action@v6
        with:
          push: true
          tags: ${{ steps.meta.outputs.tags }}
          labels: ${{ steps.meta.outputs.labels }}
          annotations: ${{ steps.other.outputs.annotations }}
"""
    image, told = only(text)
    assert image.build == {"labels": {"org.opencontainers.image.title": "App"}}
    assert told == [
        "w.yml:18 ${{ steps.meta.outputs.labels }}: title, description, url and licenses are not taken from GitHub: write them into labels",
        "w.yml:19 ${{ steps.other.outputs.annotations }}: title, description, url and licenses are not taken from GitHub: write them into annotations",
    ]


@pytest.mark.parametrize(
    ("tags", "images", "versions", "remarks"),
    [
        ("acme/app:1", ("docker.io/acme/app",), [], []),
        ("'app:${{ github.ref_name }}'", ("docker.io/library/app",), ["v{version}"], []),
        ("'ghcr.io/${{ github.repository }}:a,localhost:5000/x/y:b'", ("ghcr.io/acme/app", "localhost:5000/x/y"), [], []),
        ("'${{ env.TAGS }}'", (), [], ["${{ env.TAGS }}: the tag is made by a script, or only known later"]),
        ("ghcr.io/a b:c", (), [], ["ghcr.io/a b:c: the tag is made by a script, or only known later"]),
        ("ghcr.io/acme/app", (), [], ["ghcr.io/acme/app: the tag is made by a script, or only known later"]),
    ],
)  # fmt: skip
def test_tags_without_metadata(tags: str, images: tuple[str, ...], versions: list[str], remarks: list[str]) -> None:
    image, told = only(job(f"{{uses: docker/build-push-action@v6, with: {{push: true, tags: {tags}}}}}"))
    assert (image.images, image.tags.versions) == (images, versions)
    assert [line.partition(" ")[2] for line in told] == remarks


def test_metadata_of_another_job_is_that_of_an_image_pushed_by_digest() -> None:
    text = """
on: {push: {tags: ["v*"]}}
env: {REGISTRY: ghcr.io, IMAGE: "${{ env.REGISTRY }}/acme/app"}
jobs:
  build:
    strategy: {matrix: {platform: [linux/amd64, linux/arm64]}}
    steps:
      - uses: docker/build-push-action@v6
        with: {platforms: "${{ matrix.platform }}", outputs: "type=image,push-by-digest=true,push=true"}
  merge:
    steps:
      - uses: docker/metadata-action@v5
        with: {images: "${{ env.IMAGE }}\\n${{ inputs.more }}"}
"""
    image, told = only(text)
    assert (image.images, image.platforms) == (("ghcr.io/acme/app",), ("linux/amd64", "linux/arm64"))
    assert image.tags.versions == ["v{version}"]
    assert [line.partition(": ")[2] for line in told] == [
        "images of pull requests are not published",
        "the repository is not known",
    ] * 2 or told


def test_an_image_of_an_unknown_dockerfile_is_told_once() -> None:
    step = "{uses: docker/build-push-action@v6, with: {push: true, file: '${{ matrix.f }}/Dockerfile', tags: '${{ f(a, b) }}'}}"
    read = reader(job(step, more="strategy: {matrix: {v: [1, 2]}}"))
    assert read.images() == []
    assert [remark.text for remark in read.remarks] == ["${{ f(a, b) }}", "file: ${{ matrix.f }}/Dockerfile"]


def test_a_job_for_one_of_several_git_tags() -> None:
    condition = "if: startsWith(github.ref, 'refs/tags/b/')"
    image, _ = only(job(PUSHED + "}}", "{push: {tags: ['a/v*', 'b/v*']}}", condition))
    assert image.git_tag == "b/v{version}"


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("{registry: quay.io, username: '${{ vars.U }}', password: '${{ secrets.P }}'}", [("quay.io", "U", "P")]),
        ("{username: '${{ secrets.U }}', password: '${{ secrets.P }}'}", [("docker.io", "U", "P")]),
        ("{username: '${{ github.actor }}', password: '${{ secrets.GITHUB_TOKEN }}'}", []),
    ],
)
def test_logins(login: str, expected: list[tuple[str, str, str]]) -> None:
    assert list(reader(job(f"{{uses: docker/login-action@v3, with: {login}}}")).logins()) == expected
    assert list(reader(job("{run: x}")).logins()) == []


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("{}", [{}]),
        ("{a: [1, 2]}", ["a=1", "a=2"]),
        ("{a: [1, 2], exclude: [{a: 2}]}", ["a=1"]),
        ("{a: [1, 2], include: [{a: 2, b: x}]}", ["a=1", "a=2 b=x"]),
        ("{a: [1], include: [{a: 3, b: x}]}", ["a=1", "a=3 b=x"]),
        ("{a: [1, 2], include: [{b: x}]}", ["a=1 b=x", "a=2 b=x"]),
        ("{include: [{a: 1}, {a: 2}]}", ["a=1", "a=2"]),
        ("{a: [{n: 1, m: 2}]}", ["a.n=1 a.m=2"]),
        ("{a: '${{ fromJSON(x) }}'}", [{}]),
    ],
)
def test_combinations_of_a_matrix(matrix: str, expected: list[object]) -> None:
    node = read_yaml(matrix)
    assert node is not None
    shown = [
        " ".join(f"{key.removeprefix('matrix.')}={value}" for key, value in each.items()) for each in combinations(node)
    ]
    assert shown == [each or "" for each in expected]


@pytest.mark.parametrize(
    ("path", "suffix"),
    [
        ("Dockerfile", ""),
        ("Dockerfile.alpine", "alpine"),
        ("svc/Dockerfile", "svc"),
        ("svc/Dockerfile.x", "x"),
        ("web.Dockerfile", "web"),
    ],
)
def test_what_tells_dockerfiles_apart(path: str, suffix: str) -> None:
    assert dockerfile_suffix(path) == suffix


@pytest.mark.parametrize("text", ["a: [", "a: &a [*a]", "[" * 5000, "a: !!python/object:os.system x\nb: ["])
def test_what_is_no_yaml_is_none(text: str) -> None:
    assert read_yaml(text) is None


BOMB = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}\n" for n in range(1, 60))


@pytest.mark.parametrize(
    "text",
    [
        BOMB + job(PUSHED + "}}", more="strategy: {matrix: {include: [*a59], v: [*a59]}}"),
        job(PUSHED + "}}", more=f"strategy: {{matrix: {{{', '.join(f'k{n}: [1, 2, 3, 4]' for n in range(40))}}}}}"),
        job(PUSHED[:-1] + "${{ env.A }}'}}", more="env: {A: '" + "${{ env.A }}" * 5000 + "'}"),
        job(PUSHED[:-1] + " ${{" + " " * 100_000 + "'}}"),
        job(PUSHED[:-1] + "{{" * 100_000 + "'}}"),
    ],
    ids=["aliases", "matrix", "variables", "blanks", "braces"],
)
def test_a_workflow_that_would_grow_without_end_is_read_all_the_same(text: str) -> None:
    assert 1 <= len(reader(text).images()) <= 64


def test_yaml_with_its_lines() -> None:
    node = read_yaml("a: &x\n  b: 1\nc: *x\nd: |\n  one\n\n  two\ne: one\n")
    assert node is not None
    assert (node.at("a", "b").line, node.at("c", "b").text) == (2, "1")
    assert list(node.at("d").lines) == [(5, "one"), (7, "two")]
    assert list(node.at("e").lines) == [(8, "one")]
    assert node.at("nothing", "more").texts == ()
    assert read_yaml("") == Node()
