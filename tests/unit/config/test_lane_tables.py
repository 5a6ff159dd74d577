"""Lanes that begin from others, and lanes made from a list: what each is, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from shiplane.config.build_settings import BuildArg
from shiplane.config.keys.lane import lane_tables
from shiplane.config.lane import MAIN, STANDALONE, Lane
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.version import Version
from shiplane.core.errors import ConfigurationError
from shiplane.core.schema.location import Location

PYTHON = {"lane": "app-py{python}", "values": {"python": ["3.12", "3.13"]}}


def parse(**content: Any) -> ProjectFile:  # noqa: ANN401 -- the forms of the keys vary
    return parse_project_file(content, "shiplane.toml")


def made(lanes: dict[str, Any], name: str) -> Lane:
    return parse(lanes=lanes).lane(name)


def refused(**content: Any) -> str:  # noqa: ANN401 -- the forms of the keys vary
    with pytest.raises(ConfigurationError) as caught:
        parse(**content)
    return str(caught.value)


def test_a_lane_has_what_it_does_not_say_from_another_one_but_its_names() -> None:
    main = {"dockerfile": "docker/app", "context": "src", "publish-latest": True, "platforms": ["linux/arm64"]}
    names = {"tag": "{version}", "aliases": ["{version}-a"], "floating": "stable", "git-tag": "x-v{version}"}
    alpine = made({"main": {**main, **names, "versions": "calver", "sbom": True}, "alpine": {"from": "main"}}, "alpine")
    assert (alpine.dockerfile, alpine.context, alpine.publish_latest, alpine.build.sbom) == (
        "docker/app",
        "src",
        True,
        True,
    )
    assert (list(map(str, alpine.platforms)), alpine.versions.value) == (["linux/arm64"], "calver")
    new = made({"alpine": {}}, "alpine")
    assert (alpine.version_template, alpine.floating_templates) == (new.version_template, new.floating_templates)
    assert (alpine.alias_templates, alpine.git_tag) == ((), "alpine-v{version}")


def test_no_name_is_handed_on() -> None:
    names = {"version_template": 1, "prefix": 2, "alias_templates": 3, "floating_templates": 4, "git_tag": 5}
    given = {"lanes": {"a": {"build": {}, "context": "src", **names}, "b": {"build": {}, "parent": "a"}}}
    table = lane_tables(given, Location("shiplane.toml"))["b"]
    assert names.keys().isdisjoint(table)
    assert (table["context"], table["parent"]) == ("src", "a")


def test_what_a_lane_says_goes_before_and_what_is_named_adds_up() -> None:
    given = {"A": "1", "B": {"env": "B"}}
    main = {"target": "app", "build-args": given, "labels": {"x": "1", "y": "1"}, "annotations": {"x": "1"}}
    own = {"target": "small", "build-args": {"B": "2", "C": "3"}, "labels": {"y": "2"}, "secrets": {"t": {"env": "T"}}}
    build = made({"main": main, "small": {"from": "main", **own}}, "small").build
    assert build.target == "small"
    assert build.args == tuple(BuildArg(name=name, value=value) for name, value in (("A", "1"), ("B", "2"), ("C", "3")))
    assert (build.labels, build.annotations) == ((("x", "1"), ("y", "2")), (("x", "1"),))
    assert [secret.id for secret in build.secrets] == ["t"]


def test_a_lane_may_begin_from_one_that_begins_from_another_in_any_order() -> None:
    lanes = {"c": {"from": "b", "target": "c"}, "b": {"from": "a", "sbom": True}, "a": {"context": "x", "target": "a"}}
    third = made(lanes, "c")
    assert (third.context, third.build.sbom, third.build.target, third.dockerfile) == ("x", True, "c", "Dockerfile.a")


def test_a_built_in_lane_can_be_begun_from_though_the_project_does_not_have_it() -> None:
    project = parse(lanes={"api": {"from": "standalone"}})
    assert [lane.name for lane in project.lanes] == ["api"]
    assert (project.lane("api").dockerfile, project.lane("api").publish_latest) == (STANDALONE.dockerfile, True)
    standalone = made({"standalone": {"from": "main"}}, "standalone")
    assert (standalone.dockerfile, standalone.publish_latest) == (MAIN.dockerfile, False)
    assert standalone.floating_templates == STANDALONE.floating_templates


def test_a_cache_is_inherited_where_each_lane_has_a_place_of_its_own() -> None:
    caches = [
        made({"main": {"cache": cache}, "x": {"from": "main"}}, "x").build.cache
        for cache in ({"type": "gha", "mode": "max"}, {"type": "local", "path": "/c"})
    ]
    assert [(cache.type, cache.place, cache.mode) if cache else None for cache in caches] == [("gha", "x", "max"), None]


def test_smoke_runs_are_inherited_and_differ_in_what_the_lane_says() -> None:
    main = {"smoke": {"command": "true", "timeout-seconds": 3}}
    smokes = parse(lanes={"main": main, "x": {"from": "main", "smoke": {"timeout-seconds": 5}}}).smokes
    assert {name: (smoke.command, smoke.timeout) for name, smoke in smokes.items()} == {
        "main": (("true",), 3.0),
        "x": (("true",), 5.0),
    }
    assert set(parse(lanes={"main": main, "x": {"from": "main"}, "y": {}}).smokes) == {"main", "x"}


def commands(**content: Any) -> dict[str, list[str]]:  # noqa: ANN401 -- the forms of the keys vary
    """The commands of each lane's checks."""
    return {lane: [check.command for check in checks] for lane, checks in parse(**content).checks.items()}


def test_checks_of_every_lane_come_before_its_own_and_one_of_the_same_name_is_replaced() -> None:
    shared = [{"name": "size", "command": "sh size.sh 100"}, {"command": "scan {layout}"}]
    own = {"main": {"checks": [{"name": "size", "command": "sh size.sh 500"}, {"command": "policy"}]}}
    assert commands(checks=shared, lanes=own) == {
        "main": ["sh size.sh 500", "scan {layout}", "policy"],
        "standalone": ["sh size.sh 100", "scan {layout}"],
    }
    assert commands(lanes=own) == {"main": ["sh size.sh 500", "policy"]}


def test_checks_are_inherited_and_add_up_by_name() -> None:
    main = {"checks": [{"name": "a", "command": "x"}, {"name": "b", "command": "y"}]}
    lanes = {"main": main, "x": {"from": "main", "checks": [{"name": "b", "command": "z"}]}, "y": {"from": "x"}}
    assert commands(lanes=lanes) == {"main": ["x", "y"], "x": ["x", "z"], "y": ["x", "z"]}


def test_a_value_of_a_matrix_stands_in_the_checks_of_its_lane_beside_their_own_placeholders() -> None:
    check = {"command": "python{python} check.py {layout}", "report": "reports/{python}-{lane}.json"}
    project = parse(matrix={"python": {**PYTHON, "checks": [check]}})
    (made,) = project.checks["app-py3.12"]
    assert (made.command, made.report) == ("python3.12 check.py {layout}", "reports/3.12-{lane}.json")


def test_two_checks_that_write_one_report_are_refused_with_what_helps() -> None:
    said = refused(checks=[{"command": "scan", "report": "./reports/r.json"}])
    assert "lanes.standalone.checks write 'reports/r.json', as one of main does" in said
    assert "Put {lane} into the path" in said


@pytest.mark.parametrize(
    ("lanes", "said"),
    [
        ({"a": {"from": "b"}, "b": {"from": "a"}}, "lanes.b.from leads round in a circle: a -> b -> a"),
        ({"a": {"from": "a"}}, "lanes.a.from leads round in a circle: a -> a"),
        ({"a": {"from": "mian"}}, "lanes.a.from names 'mian', which is no lane\n  Did you mean main?"),
        ({"a": {"from": "x"}}, "names 'x', which is no lane\n  Lanes are a, main, standalone."),
    ],
)
def test_a_lane_that_begins_from_none_or_from_itself_is_refused(lanes: dict[str, Any], said: str) -> None:
    assert said in refused(lanes=lanes)


def test_a_circle_is_named_wherever_it_is_entered() -> None:
    lanes = {"a": {"from": "b"}, "b": {"from": "c"}, "c": {"from": "b"}}
    assert "leads round in a circle: a -> b -> c -> b" in refused(lanes=lanes)


def test_a_matrix_makes_a_lane_of_each_value_which_stands_in_every_text() -> None:
    texts = {
        "dockerfile": "docker/{python}",
        "context": "src/{python}",
        "tag": "{version}-py{python}",
        "floating": ["py{python}", {"tag": "next-py{python}", "prereleases": ["rc"]}],
        "platforms": ["linux/amd64"],
        "target": "py-{python}",
        "build-args": {"PYTHON": "{python}", "V": "{version} {{python}}", "E": {"env": "PY"}},
        "labels": {"org.example.python": "{python}"},
        "cache": {"type": "registry", "ref": "ghcr.io/a/b:cache-{python}"},
        "secrets": {"rc": {"file": "rc-{python}"}},
        "smoke": {"command": "python{python} -V"},
        "publish-latest": True,
    }
    project = parse(matrix={"python": {**PYTHON, **texts}})
    assert [lane.name for lane in project.lanes] == ["app-py3.12", "app-py3.13"]
    lane = project.lane("app-py3.12")
    assert (lane.dockerfile, lane.context, str(lane.version_template)) == (
        "docker/3.12",
        "src/3.12",
        "{version}-py3.12",
    )
    assert [template.text for template in lane.floating_templates] == ["py3.12", "next-py3.12"]
    args = {arg.name: arg.env or arg.value for arg in lane.build.args}
    assert args == {"PYTHON": "3.12", "V": "{version} {{python}}", "E": "PY"}
    assert (lane.build.target, lane.build.labels) == ("py-3.12", (("org.example.python", "3.12"),))
    assert lane.build.cache is not None
    assert (lane.build.cache.place, lane.build.secrets[0].file) == ("ghcr.io/a/b:cache-3.12", "rc-3.12")
    assert (project.smokes[lane.name].command, lane.publish_latest) == (("python3.12", "-V"), True)


def test_the_lanes_of_a_matrix_are_of_one_dockerfile_and_one_git_tag_unless_it_says_otherwise() -> None:
    lanes = parse(matrix={"python": PYTHON}).lanes
    assert {(lane.dockerfile, lane.git_tag) for lane in lanes} == {("Dockerfile", "python-v{version}")}
    assert [str(lane.version_template) for lane in lanes] == ["app-py3.12-v{version}", "app-py3.13-v{version}"]
    own = parse(matrix={"python": {**PYTHON, "git-tag": "{python}/v{version}", "from": "base"}}, lanes={"base": {}})
    assert [lane.git_tag for lane in own.lanes[1:]] == ["3.12/v{version}", "3.13/v{version}"]
    assert {lane.dockerfile for lane in own.lanes} == {"Dockerfile.base"}


def test_of_several_keys_there_is_a_lane_for_each_combination() -> None:
    values = {"python": ["3.12", "3.13"], "base": ["slim", "alpine"]}
    lanes = parse(matrix={"m": {"lane": "py{python}-{base}", "values": values}}).lanes
    assert [lane.name for lane in lanes] == ["py3.12-slim", "py3.12-alpine", "py3.13-slim", "py3.13-alpine"]


def test_a_lane_may_begin_from_one_that_a_matrix_made() -> None:
    project = parse(matrix={"python": {**PYTHON, "target": "t"}}, lanes={"plain": {"from": "app-py3.13"}})
    assert project.lane("plain").build.target == "t"


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        ({"lane": "app"}, "makes app twice\n  Name each lane by {python}."),
        ({"values": {"python": []}}, "matrix.python.values.python has 0 items, expected at least 1"),
        ({"values": {}}, "matrix.python.values has 0 keys, expected at least 1"),
        ({"values": {"python": ["3.12"] * 2}}, "names 3.12 twice"),
        ({"values": {"python": [3.12]}}, "is a float, expected a string"),
        ({"values": {"python": ["{version}"]}}, "cannot be a value of a matrix"),
        ({"values": {"version": ["1"]}}, "'version' cannot be a key of values"),
        ({"values": {"python": list("abcdefghi"), "x": list("abcdefgh")}}, "values make 72 lanes, expected at most 64"),
        ({"lane": "App-{python}"}, "matrix.python.lane: 'App-3.12' is not a lane name"),
        ({"lane": "a..{python}"}, "'a..3.12' is not a lane name"),
        ({"tag": "{version}-py{pyhton}"}, "matrix.python.tag: '{version}-py{pyhton}' is not a version tag"),
        ({"tag": "{version}"}, "lanes app-py3.12 and app-py3.13 overlap"),
        ({"build-args": {"A": "{pyhton}"}}, "matrix.python.build-args.A: {pyhton} is not a placeholder"),
        ({"build-args": {"A": "${python}"}}, "${python} is not a placeholder"),
        ({"cache": {"type": "gha", "scope": "one"}}, "lanes use the same cache, one"),
        ({"tga": "x"}, "matrix.python: unknown key 'tga'\n  Did you mean 'tag'?"),
        ({"platforms": "linux/amd64"}, "matrix.python.platforms is a string, expected an array"),
    ],
)
def test_a_matrix_that_cannot_be_meant_is_refused(matrix: dict[str, Any], said: str) -> None:
    assert said in refused(matrix={"python": {**PYTHON, **matrix}})


def test_a_matrix_needs_a_name_for_its_lanes_and_what_to_make_them_for() -> None:
    assert "matrix.python.lane is missing" in refused(matrix={"python": {"values": {"a": ["b"]}}})
    assert "matrix.python.values is missing" in refused(matrix={"python": {"lane": "x"}})


def test_a_matrix_makes_no_lane_that_is_there_already() -> None:
    said = "matrix.python makes app-py3.12, which is another lane already"
    assert said in refused(matrix={"python": PYTHON}, lanes={"app-py3.12": {}})


def test_a_project_has_no_more_lanes_than_can_be_compared_with_each_other() -> None:
    many = {"lane": "x{a}{b}", "values": {"a": list("01234567"), "b": list("abcdefgh")}}
    assert len(parse(matrix={"m": many}).lanes) == 64
    assert "has 65 lanes, expected at most 64" in refused(matrix={"m": many}, lanes={"y": {}})


def test_a_lane_may_have_no_floating_tag_and_nothing_is_one() -> None:
    lanes = parse(lanes={"main": {"floating": False}, "api": {"from": "main", "floating": False}}).lanes
    for lane in lanes:
        assert (lane.floating_templates, lane.floating_tags(Version.parse("1.2.3"))) == ((), ())
        assert lane.floating_tags_among(["latest", f"{lane.name}-latest", "v1"]) == ()
        assert lane.floating_tag("latest") is None
    # It is a name, which another lane does not begin with.
    assert parse(lanes={"main": {"floating": False}, "api": {"from": "main"}}).lane("api").floating_templates != ()
