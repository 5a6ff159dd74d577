"""The project file that follows from Dockerfiles, git tags and the registry's tags."""
# ruff: noqa: E501 -- the tables are read by their lines

from __future__ import annotations

from typing import Any

import pytest
import tomli

from shiplane.config.names.version_schemes import Scheme
from shiplane.config.project_file import parse_project_file
from shiplane.config.version_file import FileVersion
from shiplane.init.facts import Facts
from shiplane.init.git_tags import form_of_pattern, forms_of_tags, scheme_of, versions_among
from shiplane.init.project_proposal import propose
from shiplane.init.sources import Remark, Source
from shiplane.init.toml_text import Value, value_text
from shiplane.init.workflows.published_image import PublishedImage
from shiplane.init.workflows.tag_rules import FloatingRule, Tags

IMAGE = "ghcr.io/acme/app"
NODE = [
    ("package.json", FileVersion("package.json", "0.2.1", Scheme.SEMVER)),
    ("pyproject.toml", FileVersion("pyproject.toml", "1.0rc1", Scheme.PEP440)),
]
BARE = ("1.2.2", "1.2.3", "1.2", "1", "latest")


def file_of(**facts: Any) -> dict[str, Any]:  # noqa: ANN401 -- the fields of Facts
    text = propose(Facts(**{"image": IMAGE, "registry": IMAGE, **facts})).text
    parse_project_file(tomli.loads(text), "shiplane.toml")
    return tomli.loads(text)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"dockerfiles": ["Dockerfile", "Dockerfile.standalone"]}, {}),
        ({"dockerfiles": ["Dockerfile"], "git_tags": ["docker-v0.2.17", "v1.0.0"]}, {}),
        ({"dockerfiles": ["Dockerfile"], "git_tags": ["docker-v0.2.17"], "registry_tags": ["0.2.17"]}, {}),
        ({"dockerfiles": ["Dockerfile"], "git_tags": ["v1.0.0"]}, {"lanes": {"main": {"git-tag": "v{version}"}}}),
        (
            {"dockerfiles": ["Dockerfile"], "git_tags": ["v1.2.3"], "registry_tags": BARE},
            {"lanes": {"main": {"git-tag": "v{version}", "tag": "{version}", "floating": ["latest", "{major}", "{major}.{minor}"]}}},
        ),
        (
            {"dockerfiles": ["Dockerfile"], "git_tags": ["1.2.3"], "registry_tags": ["v1.2.3", "v1"]},
            {"lanes": {"main": {"git-tag": "{version}", "floating": ["latest", "v{major}"]}}},
        ),
        (
            {"dockerfiles": ["Dockerfile"], "git_tags": ["2026.08.24", "2026.8.1.2"]},
            {"lanes": {"main": {"git-tag": "{version}", "versions": "calver"}}},
        ),
        (
            {"dockerfiles": ["Dockerfile", "Dockerfile.alpine"]},
            {"lanes": {"main": {"dockerfile": "Dockerfile"}, "alpine": {"dockerfile": "Dockerfile.alpine", "git-tag": "alpine-v{version}"}}},
        ),
        (
            {"dockerfiles": ["svc/Dockerfile"]},
            {"lanes": {"svc": {"dockerfile": "svc/Dockerfile", "context": "svc", "git-tag": "svc-v{version}"}}},
        ),
        (
            {"dockerfiles": ["svc/Dockerfile"], "contexts": {"svc/Dockerfile": "."}},
            {"lanes": {"svc": {"dockerfile": "svc/Dockerfile", "git-tag": "svc-v{version}"}}},
        ),
        ({"dockerfiles": ["9/Dockerfile"]}, {"lanes": {"image": {"dockerfile": "9/Dockerfile", "context": "9", "git-tag": "image-v{version}"}}}),
        ({"dockerfiles": ["Dockerfile"], "image": "", "registry": "quay.io/a/b"}, {"image": "quay.io/a/b"}),
        ({"dockerfiles": ["Dockerfile"], "deployments": ["compose.yml"]}, {"deployments": ["compose.yml"]}),
        (
            {"dockerfiles": ["Dockerfile"], "git_tags": ["docker-v0.2.1", "docker-v0.2.0", "docker-v9-x"], "version_files": NODE},
            {"version-file": "package.json"},
        ),
        # The next version, another lane's, none that is known: nobody knows that they go together.
        ({"dockerfiles": ["Dockerfile"], "git_tags": ["docker-v0.2.0"], "version_files": NODE}, {}),
        ({"dockerfiles": ["Dockerfile"], "version_files": NODE}, {}),
        (
            {
                "dockerfiles": ["Dockerfile", "Dockerfile.standalone"],
                "git_tags": ["docker-v0.2.0", "standalone-v0.2.1"],
                "version_files": NODE,
            },
            {"lanes": {"standalone": {"version-file": "package.json"}}},
        ),
        (
            {
                "dockerfiles": ["Dockerfile", "Dockerfile.standalone"],
                "git_tags": ["docker-v0.2.1", "standalone-v1.0.0-rc.1"],
                "version_files": NODE,
            },
            {"lanes": {"main": {"version-file": "package.json"}, "standalone": {"version-file": "pyproject.toml"}}},
        ),
        (
            {"dockerfiles": ["Dockerfile"], "git_tags": ["2026.08.24", "2026.8.1.2"], "version_files": [("VERSION", FileVersion("VERSION", "2026.8.24"))]},
            {"version-file": "VERSION", "lanes": {"main": {"git-tag": "{version}", "versions": "calver"}}},
        ),
    ],
)  # fmt: skip
def test_what_follows_without_a_workflow(facts: dict[str, Any], expected: dict[str, Any]) -> None:
    assert file_of(**facts) == expected


def image(name: str = "app", **fields: Any) -> PublishedImage:  # noqa: ANN401 -- its fields
    tags = fields.pop("tags", Tags(versions=["{version}"], floating=[FloatingRule("latest")]))
    given = {
        "dockerfile": "Dockerfile",
        "images": (IMAGE,),
        "git_tag": "v{version}",
        "platforms": ("linux/amd64", "linux/arm64"),
    }
    source = Source("w.yml", 9)
    return PublishedImage(source=source, names=(name, "", "", ""), tags=tags, **{**given, **fields})


LANE = {
    "dockerfile": "Dockerfile",
    "tag": "{version}",
    "floating": "latest",
    "git-tag": "v{version}",
    "publish-latest": True,
}


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ([image()], {"lanes": {"app": LANE}}),
        ([image(images=("quay.io/a/b",))], {"image": "quay.io/a/b", "lanes": {"b": LANE}}),
        ([image(images=())], {"lanes": {"app": LANE}}),
        ([image(platforms=("linux/amd64",))], {"platforms": ["linux/amd64"], "lanes": {"app": LANE}}),
        ([image(target="x", context="y")], {"lanes": {"app": {**LANE, "target": "x", "context": "y"}}}),
        ([image(build={"secrets": {"npm": {"env": "NPM"}}})], {"lanes": {"app": {**LANE, "secrets": {"npm": {"env": "NPM"}}}}}),
        ([image(tags=Tags(floating=[FloatingRule("x", ("rc",))]))], {"lanes": {"app": {**LANE, "tag": "v{version}", "floating": [{"tag": "x", "prereleases": ["rc"]}]}}}),
        (
            [image("one", platforms=("linux/amd64",), images=("quay.io/a/b",)), image("two", images=("quay.io/a/c", "quay.io/a/d"))],
            {"lanes": {"one": {**LANE, "image": "quay.io/a/b", "platforms": ["linux/amd64"]}, "two": {**LANE, "image": ["quay.io/a/c", "quay.io/a/d"]}}},
        ),
        (
            [image("build", images=(IMAGE,)), image("build", images=("ghcr.io/acme/web",))],
            {"lanes": {"app": LANE, "web": {**LANE, "image": "ghcr.io/acme/web"}}},
        ),
        (
            [image("build", target="a"), image("build", target="b", tags=Tags(versions=["{version}-b"]))],
            {"lanes": {"app": {**LANE, "target": "a"}, "b": {"dockerfile": "Dockerfile", "target": "b", "tag": "{version}-b", "floating": False, "git-tag": "v{version}"}}},
        ),
        (
            [image("a"), image("a", tags=Tags(following=[("main", "edge")], kept=["sha-{commit}"]))],
            {"lanes": {"app": LANE}, "channels": {"edge": {"branch": "main"}}},
        ),
        (
            [image("a", tags=Tags(following=[("main", "latest")], kept=["{date}-{commit}"])), image("a", tags=Tags(versions=["{version}"]))],
            {
                "lanes": {"app": {"dockerfile": "Dockerfile", "tag": "{version}", "floating": False, "git-tag": "v{version}"}},
                "channels": {"main": {"branch": "main", "tag": "latest", "keep": "{date}-{commit}"}},
            },
        ),
        (
            [
                image("a", tags=Tags(following=[("main", "edge")]), images=("quay.io/a/b",)),
                image("b", tags=Tags(following=[("main", "edge")]), images=("quay.io/a/c",)),
            ],
            {
                "lanes": {
                    "a": {"image": "quay.io/a/b", "dockerfile": "Dockerfile", "floating": False},
                    "b": {"image": "quay.io/a/c", "dockerfile": "Dockerfile", "floating": False},
                },
                "channels": {"edge": {"branch": "main", "lanes": ["a"], "keep": False}},
            },
        ),
        ([image(tags=Tags(), git_tag="docker-v{version}")], {}),
        ([image(tags=Tags(), git_tag="", platforms=())], {}),
        (
            [image(tags=Tags(), dockerfile="Dockerfile.web", images=("ghcr.io/acme/web",))],
            {
                "image": "ghcr.io/acme/web",
                "lanes": {"web": {"dockerfile": "Dockerfile.web", "git-tag": "v{version}", "tag": "v{version}", "floating": "latest"}},
            },
        ),
        (
            [image(tags=Tags(), dockerfile=f"Dockerfile.{name}", images=("ghcr.io/acme/web",)) for name in ("a", "b")],
            {
                "image": "ghcr.io/acme/web",
                "lanes": {name: {"dockerfile": f"Dockerfile.{name}", "git-tag": "v{version}"} for name in ("a", "b")},
            },
        ),
        ([image(tags=Tags(), target="x")], {"lanes": {"main": {"target": "x", "git-tag": "v{version}"}}}),
    ],
)  # fmt: skip
def test_what_follows_from_a_workflow(images: list[PublishedImage], expected: dict[str, Any]) -> None:
    assert file_of(images=images) == expected


def test_images_that_nothing_tells_apart_get_numbers() -> None:
    images = [image("", images=(), tags=Tags(versions=[form])) for form in ("{version}", "v{version}")]
    assert "[lanes.lane-2]" in propose(Facts(images=images)).text


def test_what_cannot_be_is_told() -> None:
    twice = [image(tags=Tags()), image(tags=Tags(), target="x")]
    kept = [image(tags=Tags(kept=["sha-{commit}"]))]
    more = [image(tags=Tags(following=[("main", "edge")], kept=["sha-{commit}", "b-{commit}"]))]
    source = Source("w.yml", 9)
    channel = "a build of a channel keeps one tag, beside the one that follows the branch"
    assert propose(Facts(images=twice)).remarks == [
        Remark(source, "Dockerfile", "another image would be a lane of the same name: add this one by hand")
    ]
    assert propose(Facts(images=kept)).remarks == [Remark(source, "sha-{commit}", channel)]
    assert propose(Facts(images=more)).remarks == [Remark(source, "b-{commit}", channel)]


def test_two_lanes_have_no_tag_of_a_branch_in_common() -> None:
    images = [image(name, images=(f"quay.io/a/{name}",), tags=Tags(following=[("main", "edge")])) for name in "ab"]
    reason = "channels.edge has this tag already; channels of several lanes have {lane} in theirs"
    assert propose(Facts(images=images)).remarks == [Remark(Source("w.yml", 9), "edge", reason)]


def test_a_tag_of_versions_and_of_a_branch_goes_on_with_versions() -> None:
    tags = Tags(
        versions=["{version}"], floating=[FloatingRule("latest")], following=[("main", "latest"), ("main", "edge")]
    )
    proposal = propose(Facts(image=IMAGE, images=[image(tags=tags)]))
    assert tomli.loads(proposal.text)["channels"] == {"edge": {"branch": "main", "keep": False}}
    reason = "it moves with versions alone, no longer with each push to main as well"
    assert proposal.remarks == [Remark(Source("w.yml", 9), "latest", reason)]


def test_each_value_has_its_reason() -> None:
    built_in = propose(Facts(dockerfiles=["Dockerfile"]))
    assert list(built_in.understood()) == [
        (
            "built in",
            'lane main: dockerfile = "Dockerfile", tag = "v{version}", floating = "latest", git-tag = "docker-v{version}"',
            "Dockerfile is there",
        )
    ]
    own = propose(Facts(images=[image(images=("quay.io/a/b",))]))
    assert list(own.understood())[:2] == [
        ("project", 'image = "quay.io/a/b"', "w.yml:9"),
        ("lanes.b", 'dockerfile = "Dockerfile"', "w.yml:9"),
    ]


@pytest.mark.parametrize("password", ["GITHUB_TOKEN", "GHCR_TOKEN"])
def test_the_usual_credentials_need_no_table(password: str) -> None:
    logins = {"ghcr.io": ("U", password), "other.io": ("U", "P")}
    assert "registries" not in file_of(images=[image()], logins=logins)


@pytest.mark.parametrize("value", ["a", 'q"\\\n\x7f\u00e9', True, False, ["a", ["b"]], {"a b": {"c": "d"}}, []])
def test_a_value_is_read_back_as_it_was(value: Value) -> None:
    assert tomli.loads(f"x = {value_text(value)}")["x"] == value


@pytest.mark.parametrize(
    ("pattern", "form"),
    [
        ("v*", "v{version}"),
        ("v*.*.*", "v{version}"),
        ("v1.*", "v{version}"),
        ("v[0-9]+.[0-9]+", "v{version}"),
        ("[0-9]*", "{version}"),
        ("pkg@*", "pkg@{version}"),
        ("app/v**", "app/v{version}"),
        ("!v*", ""),
        ("*", ""),
        ("**", ""),
        ("a..b*", ""),
    ],
)
def test_the_form_of_a_pattern(pattern: str, form: str) -> None:
    assert form_of_pattern(pattern) == form


def test_the_forms_of_git_tags() -> None:
    tags = ["v1.0.0", "v1.1.0", "app/v0.2.1", "nightly", "a..1.0.0", "12.3.4"]
    assert forms_of_tags(tags) == ["v{version}", "app/v{version}", "{version}"]
    assert versions_among(tags, "v{version}") == ["1.0.0", "1.1.0"]


@pytest.mark.parametrize(
    ("versions", "scheme"),
    [
        ([], Scheme.SEMVER),
        (["1.2.3", "1.2.4-rc.1"], Scheme.SEMVER),
        (["1.2.3", "3.2.0rc1"], Scheme.PEP440),
        (["2026.08.24", "1.2.3.4"], Scheme.CALVER),
    ],
)
def test_the_scheme_of_versions(versions: list[str], scheme: Scheme) -> None:
    assert scheme_of(versions) is scheme
