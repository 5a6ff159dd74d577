"""The version that a file of the commit has: read from each kind of file, compared by meaning, and where it is used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.names.version_schemes import Scheme
from shiplane.config.names.version_spelling import respelled
from shiplane.config.project_file import parse_project_file
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.config.version import Version
from shiplane.config.version_file import FileVersion, read_version_file
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.release.planning.planner import make_plan

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HERE = Checkout(commit=COMMIT, committed_at="2026-02-28T12:00:00Z", remote="https://github.com/Cognary/Aionis.git")
MEMBER = '[package]\nname = "app"\nversion.workspace = true\n'
SHARED = '[workspace]\nmembers = ["crates/*"]\n[workspace.package]\nversion = "0.2.1"\n'


@pytest.mark.parametrize(
    ("path", "files", "at"),
    [
        ("package.json", {"package.json": '{"name": "a", "version": "0.2.1"}'}, "package.json"),
        ("web/deno.json", {"web/deno.json": '{"version": "0.2.1"}'}, "web/deno.json"),
        ("pyproject.toml", {"pyproject.toml": '[project]\nname = "a"\nversion = "0.2.1"\n'}, "pyproject.toml"),
        (
            "pyproject.toml",
            {"pyproject.toml": '[project]\ndynamic = ["readme"]\nversion = "0.2.1"\n'},
            "pyproject.toml",
        ),
        ("Cargo.toml", {"Cargo.toml": '[package]\nversion = "0.2.1"\n'}, "Cargo.toml"),
        ("Cargo.toml", {"Cargo.toml": SHARED}, "Cargo.toml"),
        ("Cargo.toml", {"Cargo.toml": f"{MEMBER}{SHARED}"}, "Cargo.toml"),
        ("crates/a/Cargo.toml", {"crates/a/Cargo.toml": MEMBER, "Cargo.toml": SHARED}, "Cargo.toml"),
        (
            "crates/a/Cargo.toml",
            {
                "crates/a/Cargo.toml": MEMBER,
                "crates/Cargo.toml": '[package]\nversion = "9.9.9"\n',
                "Cargo.toml": SHARED,
            },
            "Cargo.toml",
        ),
        ("Cargo.toml", {"Cargo.toml": MEMBER, "../Cargo.toml": SHARED}, "../Cargo.toml"),
        ("a/Cargo.toml", {"a/Cargo.toml": f'{MEMBER}workspace = "../b"\n', "b/Cargo.toml": SHARED}, "b/Cargo.toml"),
        ("VERSION", {"VERSION": "0.2.1\n"}, "VERSION"),
        ("version.txt", {"version.txt": "  v0.2.1  \r\n"}, "version.txt"),
    ],
)
def test_the_version_is_read_from_each_kind_of_file(path: str, files: dict[str, str], at: str) -> None:
    file = read_version_file(path, files.get)
    assert (file.text, file.path) == ("0.2.1", at)


DYNAMIC = '[project]\ndynamic = ["version"]\n'


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("package.json", None, "package.json is not in the commit"),
        ("package.json", "{", "package.json cannot be read"),
        ("package.json", "[]", "package.json has no version"),
        ("package.json", '{"version": 3}', "package.json has no version"),
        ("package.json", "[" * 100_000, "package.json cannot be read"),
        ("package.json", '{"version": ""}', "has '', which is no version"),
        ("package.json", '{"version": "1\\u001b[31m"}', r"has '1\\x1b\[31m', which is no version"),
        ("package.json", f'{{"version": "{"1" * 96}"}}', "has '1111.*', which is no version"),
        ("pyproject.toml", "x", "pyproject.toml cannot be read"),
        ("pyproject.toml", "[tool.poetry]\n", r"pyproject.toml has no project\.version"),
        ("pyproject.toml", DYNAMIC, r"project\.version is dynamic"),
        ("pyproject.toml", '[project]\ndynamic = "version"\n', r"has no project\.version"),
        ("Cargo.toml", "[package]\n", r"Cargo.toml has no package\.version"),
        ("Cargo.toml", '[package]\nversion.workspace = false\nversion.x = ""\n', r"has no package\.version"),
        ("Cargo.toml", MEMBER, "no Cargo.toml above it has a workspace"),
        ("Cargo.toml", '[workspace]\nmembers = ["a"]\n', r"Cargo.toml has no workspace\.package\.version"),
        ("Cargo.toml", f'{MEMBER}workspace = ".."\n', r"^\.\./Cargo.toml is not in the commit"),
        ("VERSION", "", "VERSION has 0 words"),
        ("Chart.yaml", "version: 0.2.1\n", "Chart.yaml has 2 words, and not a version alone"),
    ],
)
def test_a_file_without_a_version_is_refused_with_what_is_wrong(path: str, content: str | None, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_version_file(path, {path: content}.get)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("written", "text", "wanted", "respelt"),
    [
        (Scheme.PEP440, "1.0rc1", Scheme.SEMVER, "1.0.0-rc.1"),
        (Scheme.PEP440, "1.0.0a2", Scheme.SEMVER, "1.0.0-alpha.2"),
        (Scheme.PEP440, "1.0b3", Scheme.SEMVER, "1.0.0-beta.3"),
        (Scheme.PEP440, "1.2.dev4", Scheme.SEMVER, "1.2.0-dev.4"),
        (Scheme.PEP440, "1.2", Scheme.SEMVER, "1.2.0"),
        (Scheme.PEP440, "2026.8.24rc1", Scheme.CALVER, "2026.8.24-rc.1"),
        (Scheme.PEP440, "2026.8", Scheme.CALVER, "2026.8"),
        (Scheme.PEP440, "1.0-RC1", Scheme.PEP440, "1.0rc1"),
        (Scheme.SEMVER, "1.0.0-rc.1", Scheme.PEP440, "1.0.0rc1"),
        (Scheme.SEMVER, "1.0.0-alpha", Scheme.PEP440, "1.0.0a0"),
        (Scheme.SEMVER, "2.0.0", Scheme.CALVER, "2.0.0"),
        # Which the other scheme has no version for.
        *((Scheme.PEP440, text, Scheme.SEMVER, None) for text in ("1!1.0", "1.0+x", "1.0.post1", "1.0a1.dev1", "x")),
        *((Scheme.SEMVER, text, Scheme.PEP440, None) for text in ("1.0.0-1", "1.0.0-nightly.3")),
    ],
)
def test_a_version_is_written_as_another_scheme_does(
    written: Scheme, text: str, wanted: Scheme, respelt: str | None
) -> None:
    assert respelled(text, written, wanted) == respelt


@pytest.mark.parametrize(
    ("file", "scheme", "version", "lane_scheme", "same"),
    [
        ("1.0rc1", Scheme.PEP440, "1.0.0-rc.1", Scheme.SEMVER, True),
        ("1.0rc1", Scheme.PEP440, "1.0.0-rc1", Scheme.SEMVER, True),
        ("1.0", Scheme.PEP440, "1.0.0", Scheme.SEMVER, True),
        ("1.0rc1", Scheme.PEP440, "1.0.0", Scheme.SEMVER, False),
        ("1.0.post1", Scheme.PEP440, "1.0.0-1", Scheme.SEMVER, False),
        ("1.0.0-rc.1", Scheme.SEMVER, "1.0.0rc1", Scheme.PEP440, True),
        ("nonsense", Scheme.PEP440, "1.0.0", Scheme.SEMVER, False),
        ("1.0.0-nightly", Scheme.SEMVER, "1.0.0", Scheme.PEP440, False),
        ("0.2.1", Scheme.SEMVER, "0.2.1", Scheme.SEMVER, True),
        ("0.2.1+build", Scheme.SEMVER, "0.2.1", Scheme.SEMVER, False),
        ("2026.8.1", None, "2026.08.01", Scheme.CALVER, True),
        ("3.2", None, "3.2.0", Scheme.PEP440, True),
    ],
)
def test_versions_are_compared_by_what_they_mean(
    file: str, scheme: Scheme | None, version: str, lane_scheme: Scheme, *, same: bool
) -> None:
    assert FileVersion("f", file, scheme).agrees(Version.parse(version, lane_scheme)) is same


def test_a_lane_that_can_have_no_such_version_says_so() -> None:
    for text, scheme in (("1.0.post1", Scheme.PEP440), ("0.2", Scheme.SEMVER)):
        with pytest.raises(ConfigurationError, match=f"f has version '{text}', which is no version of lane main"):
            FileVersion("f", text, scheme).version_of(MAIN)
    assert str(FileVersion("f", "1.0rc1", Scheme.PEP440).version_of(MAIN)) == "1.0.0-rc.1"


def resolver(file: dict[str, Any], content: str = "0.2.1", **given: Any) -> Resolver:  # noqa: ANN401
    return Resolver(
        project=parse_project_file(file, "shiplane.toml"),
        checkout=replace(HERE, tags=given.pop("tags", ())),
        dockerfiles=frozenset({"Dockerfile", "Dockerfile.standalone"}),
        committed={"VERSION": content, "own/VERSION": "7.0.0"}.get,
        **given,
    )


@pytest.mark.parametrize(
    ("given", "version", "source"),
    [
        ({"flags": Flags(tag="0.3.0")}, "0.3.0", "--tag"),
        ({"env": {"TAG": "0.4.0"}}, "0.4.0", "TAG"),
        ({"tags": ("docker-v0.5.0",)}, "0.5.0", "git tag docker-v0.5.0 at HEAD"),
        ({}, "0.2.1", "VERSION"),
        ({"flags": Flags(snapshot=True)}, f"0.0.0-{COMMIT[:12]}", "HEAD"),
    ],
)
def test_the_file_gives_the_version_where_neither_a_flag_nor_a_git_tag_does(
    given: dict[str, Any], version: str, source: str
) -> None:
    setting = resolver({"version-file": "VERSION"}, **given).version(MAIN)
    assert (str(setting.value), setting.source) == (version, source)


def test_a_lane_has_its_own_file_or_the_projects_or_none() -> None:
    lanes: dict[str, Any] = {"main": {}, "standalone": {"version-file": "own/VERSION"}}
    main, standalone = make_plan(resolver({"version-file": "VERSION", "lanes": lanes})).lanes
    assert [str(lane.version.value) for lane in (main, standalone)] == ["0.2.1", "7.0.0"]
    lanes["standalone"] = {"version-file": False}
    main, standalone = make_plan(resolver({"version-file": "VERSION", "lanes": lanes})).lanes
    assert (standalone.version.source, standalone.version_file) == ("HEAD", None)
    assert main.version_file == FileVersion("VERSION", "0.2.1")
    inherited = {"lanes": {"main": {"version-file": "VERSION"}, "alpine": {"from": "main"}}}
    assert str(resolver(inherited).version(resolver(inherited).project.lane("alpine")).value) == "0.2.1"


def test_the_plan_names_the_file_and_what_it_says() -> None:
    plan = make_plan(resolver({"version-file": "VERSION"}, flags=Flags(tag="0.3.0", lanes=("main",))))
    assert plan.to_json()["lanes"][0]["version_file"] == {"path": "VERSION", "version": "0.2.1"}
    without = make_plan(resolver({}, flags=Flags(tag="0.3.0", lanes=("main",))))
    assert without.to_json()["lanes"][0]["version_file"] is None


def test_a_snapshot_is_compared_with_no_file() -> None:
    broken = resolver({"version-file": "missing"}, flags=Flags(snapshot=True, lanes=("main",)))
    assert make_plan(broken).lanes[0].version_file is None


def test_a_file_that_cannot_be_read_is_named_with_the_key_that_names_it() -> None:
    with pytest.raises(UsageError, match=r"^shiplane\.toml: version-file: missing is not in the commit"):
        resolver({"version-file": "missing"}).version(MAIN)
    own = {"lanes": {"main": {"version-file": "missing"}}}
    with pytest.raises(UsageError, match=r"^shiplane\.toml: lanes\.main\.version-file: missing is not"):
        resolver(own).version(resolver(own).project.lane("main"))


def test_without_a_commit_there_is_no_version_file() -> None:
    without = replace(resolver({"version-file": "VERSION"}), checkout=None)
    assert without.version_file(MAIN) is None


def test_a_rehearsal_has_its_own_versions() -> None:
    lanes: dict[str, Any] = {"main": {"version-file": "own/VERSION"}}
    project = parse_project_file({"version-file": "VERSION", "lanes": lanes}, "shiplane.toml").for_rehearsal()
    assert [replace(resolver({}), project=project).version_file(lane) for lane in project.lanes] == [None, None]
