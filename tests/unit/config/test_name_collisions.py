"""No two names of a project's lanes are one: decided by their templates, compared with the names that they make."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import Lane
from shiplane.config.names.collisions import apart
from shiplane.config.names.version_schemes import Scheme
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.project_file import parse_project_file
from shiplane.config.settings import Resolver
from shiplane.config.version import Version
from shiplane.core.errors import ConfigurationError, UsageError
from tests.thorough import THOROUGH
from tests.unit.hostile import refusal_of

SEMVER, PEP440, CALVER = Scheme.SEMVER, Scheme.PEP440, Scheme.CALVER


def lane(name: str, tag: str, *floating: str, git: str = "", scheme: Scheme = SEMVER) -> Lane:
    return Lane(
        name=name,
        dockerfile="Dockerfile",
        version_template=TagTemplate.parse(tag),
        floating_templates=tuple(FloatingTemplate(text=text) for text in floating or (f"{name}-latest",)),
        git_tag=git or f"git-{name}/{{version}}",
        versions=scheme,
    )


def shown(value: tuple[Lane, ...] | str) -> str:
    if isinstance(value, str):
        return value
    return " ".join(f"{known.version_template} {known.floating_templates[-1]}" for known in value)


def two(one: str, other: str, schemes: tuple[Scheme, Scheme] = (SEMVER, SEMVER)) -> tuple[Lane, Lane]:
    return lane("a", one, scheme=schemes[0]), lane("b", other, scheme=schemes[1])


@pytest.mark.parametrize(
    ("lanes", "example"),
    [
        (two("{version}", "{version}"), "1.2.3 can"),
        (two("v{version}", "v{version}", (SEMVER, CALVER)), "v1.2.3 can"),
        (two("{version}", "{version}", (PEP440, CALVER)), "as 1 can"),
        (two("p-{version}", "p-1.0.0-v{version}"), "p-1.0.0-v1.2.3 can"),
        (two("p-{version}-alpine", "p-1.0.0-{version}"), "p-1.0.0-1.2.3-alpine can"),
        (two("p-{version}-x1.2.3", "p-1.0.0-x{version}"), "p-1.0.0-x1.2.3 can"),
        (two("p-{version}", "p-1.0.0-{version}-alpine"), "p-1.0.0-1.2.3-alpine can"),
        (two("p-{version}", "p-2026-{version}", (CALVER, SEMVER)), "p-2026-1.2.3 can"),
        (two("p-{version}", "p-3.{version}", (PEP440, CALVER)), "p-3.1 can"),
        ((lane("a", "{version}", "{major}.{minor}", scheme=CALVER),), "tag 1.1 can be read as a version of a"),
        ((lane("a", "{version}", "{major}", scheme=PEP440),), "tag 1 can be read as a version of a"),
        ((lane("a", "v{version}", "v{major}.{minor}", scheme=CALVER),), "tag v1.1 can"),
        ((lane("a", "{version}", "b"), lane("b", "x{version}-a", "1.0.0-rc{major}")), "tag 1.0.0-rc1 can"),
        ((lane("a", "{version}", "0.0.0-a{major}", scheme=PEP440),), "tag 0.0.0-a11111111111 can"),
        ((lane("a", "p-1.{version}", scheme=CALVER), lane("b", "x{version}", "p-{major}.{minor}")), "tag p-1.1 can"),
        ((lane("a", "v{version}", "v{major}"), lane("b", "b-v{version}", "v{major}")), "both move v1"),
        ((lane("a", "v{version}", "v{major}"), lane("b", "b-v{version}", "v12")), "both move v12"),
        ((lane("a", "v{version}", "v1{major}"), lane("b", "b-v{version}", "v12")), "both move v12"),
        ((lane("a", "v{version}", "v{major}", "v3"),), "v3 is made by"),
        ((lane("a", "v{version}", "v{major}.{minor}", "v1.{major}"),), "is made by"),
        ((lane("a", "v{version}", "latest", "latest"),), "latest is made by"),
        ((lane("a1", "v{version}"), lane("b", "b{version}", "ledger-a{major}")), "ledger-a1 is the tag of a1's ledger"),
        ((lane("a1", "v{version}"), lane("b", "ledger-a{version}", scheme=CALVER)), "ledger-a1 is the tag of"),
        ((lane("a", "a{version}", git="g{version}"), lane("b", "b{version}", git="g1.0.0-{version}")), "triggers both"),
        ((lane("a", "g{version}"), lane("b", "b{version}", git="g{version}")), "g1.2.3 is a git tag of b"),
    ],
    ids=shown,
)
def test_names_that_could_be_one_are_refused_with_an_example(lanes: tuple[Lane, ...], example: str) -> None:
    for given in (lanes, lanes[::-1]):
        with pytest.raises(ConfigurationError) as caught:
            apart(given)
        assert example in caught.value.what


@pytest.mark.parametrize(
    "lanes",
    [
        two("{version}", "v{version}"),
        two("{version}", "{version}-alpine"),
        two("{version}", "{version}_alpine"),
        two("{version}-slim", "{version}-alpine"),
        two("{version}-slim-alpine", "{version}-alpine"),
        two("app-{version}", "app-v{version}"),
        two("{version}", "1.{version}"),
        two("{version}", "{version}-alpine", (CALVER, PEP440)),
        two("p-{version}", "p-1.0.0-{version}", (PEP440, SEMVER)),
        two("{version}-py3.12", "{version}-py3.13", (PEP440, PEP440)),
        (lane("a", "v{version}", "latest", "v{major}", "v{major}.{minor}"),),
        (lane("a", "{version}", "latest", "{major}", "{major}.{minor}"),),
        (lane("a", "v{version}", "{major}.{minor}", scheme=CALVER),),
        (lane("a", "{version}", "v{major}", scheme=PEP440),),
        (lane("a", "v{version}", "v{major}"), lane("b", "v{version}-b", "v{major}-b")),
        (lane("a", "{version}", git="v{version}"), lane("b", "{version}-b", git="v{version}")),
        (lane("a", "g{version}", git="g{version}"), lane("b", "b{version}", git="g{version}")),
        (lane("a", "{version}", git="{version}"), lane("b", "b{version}", git="v{version}")),
    ],
    ids=shown,
)
def test_names_that_differ_are_taken(lanes: tuple[Lane, ...]) -> None:
    assert apart(lanes) == lanes
    assert apart(lanes[::-1]) == lanes[::-1]


def test_an_ending_that_marks_another_lanes_tags_is_reserved_for_it() -> None:
    main, alpine, slim = apart(
        (lane("main", "{version}"), lane("alpine", "{version}-alpine"), lane("slim", "{version}-slim-alpine"))
    )
    owners = {
        "1.0.0": "main",
        "1.0.0-rc.1": "main",
        "1.0.0-alpine": "alpine",
        "1.0.0-rc.1-alpine": "alpine",
        "1.0.0-rc.1.alpine": "main",
        "1.0.0-slim-alpine": "slim",
        "1.0.0-slim": "main",
    }
    for tag, name in owners.items():
        assert [known.name for known in (main, alpine, slim) if known.version_of_tag(tag)] == [name]
    error = refusal_of(main.parse_version, "1.0.0-alpine")
    assert error.what.endswith("is not a version of lane main: tags that end in -alpine are those of lane alpine")
    assert alpine.parse_version("1.0.0-alpine") == Version.parse("1.0.0")
    assert "those of lane slim" in refusal_of(alpine.parse_version, "v1.0.0-slim").what
    assert main.version_of_git_tag("git-main/1.0.0-alpine") is None
    assert alpine.version_of_git_tag("git-alpine/1.0.0-alpine") is None
    assert slim.version_spelled("1.0.0-slim-alpine") == Version.parse("1.0.0")


OPERATOR, AGENT = (
    {"tag": "{version}", "floating": "latest", "git-tag": "v{version}", "image": f"ghcr.io/acme/{name}"}
    for name in ("operator", "agent")
)


def without_image(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != "image"}


@pytest.mark.parametrize(
    ("document", "env", "refused"),
    [
        ({"lanes": {"operator": OPERATOR, "agent": AGENT}}, {}, ""),
        (
            {"lanes": {"operator": OPERATOR, "agent": AGENT}},
            {"IMAGE_REPO": "ghcr.io/acme/all"},
            "lanes operator and agent have tags of the same name, and both would be in ghcr.io/acme/all (IMAGE_REPO)",
        ),
        ({"lanes": {"operator": OPERATOR, "agent": without_image(AGENT)}}, {"GITHUB_REPOSITORY": "acme/agent"}, ""),
        (
            {"lanes": {"operator": OPERATOR, "agent": without_image(AGENT)}},
            {"GITHUB_REPOSITORY": "acme/operator"},
            "both would be in ghcr.io/acme/operator",
        ),
        (
            {"lanes": {"operator": OPERATOR, "agent": {**AGENT, "image": ["ghcr.io/acme/agent", OPERATOR["image"]]}}},
            {},
            "lanes operator and agent overlap: both move latest",
        ),
        ({"lanes": {"operator": without_image(OPERATOR), "agent": without_image(AGENT)}}, {}, "overlap: both move"),
        ({"image": "ghcr.io/acme/agent", "lanes": {"a": OPERATOR, "b": without_image(AGENT)}}, {}, ""),
        ({"image": OPERATOR["image"], "lanes": {"a": OPERATOR, "b": without_image(AGENT)}}, {}, "overlap: both move"),
        (
            {"lanes": {"a": {**OPERATOR, "git-tag": "g{version}"}, "b": {**AGENT, "git-tag": "g1{version}"}}},
            {},
            "a git tag such as g11.2.3 triggers both",
        ),
    ],
)
def test_lanes_in_repositories_of_their_own_may_share_tags(
    document: dict[str, Any], env: dict[str, str], refused: str
) -> None:
    def images() -> list[str]:
        project = parse_project_file(document, "shiplane.toml")
        resolver = Resolver(env=env, project=project)
        return [str(resolver.image(each).value) for each in project.lanes]

    if not refused:
        assert images() == ["ghcr.io/acme/operator", "ghcr.io/acme/agent"]
        return
    with pytest.raises(UsageError) as caught:
        images()
    assert refused in caught.value.what


def test_an_alias_is_a_name_of_its_version_and_of_no_other() -> None:
    aliases = (TagTemplate("", "-bookworm"), TagTemplate("x-"))
    main, alpine = apart(
        (dataclasses.replace(lane("main", "{version}"), alias_templates=aliases), lane("alpine", "{version}-alpine"))
    )
    version = Version.parse("1.2.3")
    assert main.aliases_of(version) == ("1.2.3-bookworm", "x-1.2.3")
    assert alpine.aliases_of(version) == ()
    for tag in main.aliases_of(version):
        assert main.owns(tag)
        assert not alpine.owns(tag)
        assert main.version_of_tag(tag) is None
        assert main.version_of_alias(tag) == main.version_tagged(tag) == main.version_spelled(tag) == version
        assert main.parse_version(tag) == version
        assert tag in main.spellings(version)
    assert "those of lane main" in refusal_of(main.parse_version, "v1.2.3-bookworm").what


@pytest.mark.parametrize(
    ("aliases", "why"),
    [
        (("{version}",), "{version} is given twice"),
        (("{version}-a", "{version}-a"), "given twice"),
        (("ledger-b{version}",), "ledger-b1 is the tag of b1's ledger"),
        (("b{version}",), "a tag such as b1 can be read as one of"),
        (("b-l{version}",), ""),
    ],
)
def test_an_alias_that_is_another_name_as_well_is_refused(aliases: tuple[str, ...], why: str) -> None:
    templates = tuple(map(TagTemplate.parse, aliases))
    known = dataclasses.replace(lane("a", "{version}", scheme=CALVER), alias_templates=templates)
    other = lane("b1", "b{version}", "moving", scheme=CALVER)
    if not why:
        apart((known, other))
        return
    with pytest.raises(ConfigurationError) as caught:
        apart((known, other))
    assert why in caught.value.what


def test_a_git_tag_reserves_an_ending_as_well() -> None:
    app, _ = apart((lane("app", "app-{version}", git="v{version}"), lane("x", "v{version}-x", git="x{version}")))
    assert app.version_of_git_tag("v1.0.0-x") is None
    assert app.version_of_git_tag("v1.0.0-y") == Version.parse("1.0.0-y")


SMALL = {
    SEMVER: (
        "0.0.0",
        "1.0.0",
        "1.2.3",
        "1.0.0-rc.1",
        "1.0.0-x",
        "1.0.0-x-x",
        "1.0.0-1.2.3",
        "1.0.0-1.0.0-x",
        "1.0.0-a.x",
    ),
    PEP440: ("0", "1", "3", "1.0", "1.3", "3.1", "1.0.0", "1.2.3", "1.0a1", "1.0.post1", "1.0.dev1", "3.1.2rc1"),
    CALVER: (
        "0",
        "1",
        "3",
        "1.0",
        "1.3",
        "3.1",
        "08",
        "2026.08",
        "1.2.3",
        "1-x",
        "1.0-x",
        "1-1.3",
        "2026-1.2.3",
        "1.0.0.0",
    ),
}
BEFORE = (
    "",
    "v",
    *(f"p-{text}" for text in ("", "v", "1.", "1.0.0-", "3.1.", "1.0.0-x", "2026-", "1-", "x")),
    "ledger-a",
)
AFTER = ("", "", "-x", "-x-x", "-a", ".x", "-1.2.3", "_x", "-x.x")
HEADS, TAILS = ("", "v", "p-", "p-1.", "p-1.0.0-rc.", "p-3", "ledger-a", "x"), ("", "-x", ".x", "-1.2.3")
FIXED = ("latest", "v1", "p-1", "p-1.3", "p-1.0.0-x", "ledger-a", "ledger-b", "a-1", "3.x")


def drawn(rng: random.Random, name: str) -> Lane:
    """A lane of which no name has two meanings, so that another one alone is to blame."""
    while True:
        candidate = any_lane(rng, name)
        with contextlib.suppress(ConfigurationError):
            return apart((candidate,))[0]


def any_lane(rng: random.Random, name: str) -> Lane:
    tag = TagTemplate(rng.choice(BEFORE), rng.choice(AFTER))
    numbers = rng.choice(("{major}", "{major}.{minor}"))
    floating = rng.choice((rng.choice(FIXED), f"{rng.choice(HEADS)}{numbers}{rng.choice(TAILS)}"))
    alias = (TagTemplate(rng.choice(BEFORE), rng.choice(AFTER)),) if rng.random() < 0.3 else ()
    return dataclasses.replace(lane(name, str(tag), floating, scheme=rng.choice(list(Scheme))), alias_templates=alias)


def written(known: Lane) -> Iterator[tuple[str, str]]:
    """Every name that a lane has for any of the small versions, and what it is."""
    yield known.ledger, f"ledger of {known.name}"
    for version in filter(None, map(known.version_of, SMALL[known.versions])):
        for tag in (known.own_tag_of(version), *known.aliases_of(version)):
            yield tag, f"{version} of {known.name}"
        yield from ((floating.tag, f"floating of {known.name}") for floating in known.floating_tags(version))


def shared(lanes: tuple[Lane, ...]) -> set[str]:
    meanings: dict[str, set[str]] = {}
    for name, meaning in itertools.chain.from_iterable(map(written, lanes)):
        meanings.setdefault(name, set()).add(meaning)
    return {name for name, meant in meanings.items() if len(meant) > 1}


# All of 10,000 in the thorough run.
PAIRS = 10_000 if THOROUGH else 1_000


def test_of_many_pairs_of_templates_none_that_is_taken_shares_a_name() -> None:
    rng = random.Random(20261129)
    taken = refused = needlessly = 0
    pools = [[drawn(rng, name) for _ in range(PAIRS // 20)] for name in "ab"]
    for _ in range(PAIRS):
        lanes = tuple(rng.choice(pool) for pool in pools)
        try:
            lanes = apart(lanes)
        except ConfigurationError:
            refused += 1
            needlessly += not shared(lanes)
        else:
            taken += 1
            assert shared(lanes) == set()
    print(f"{taken} taken, {refused} refused, of which {needlessly} share none of the small names")
    assert taken > PAIRS / 10
    assert needlessly < refused / 3
