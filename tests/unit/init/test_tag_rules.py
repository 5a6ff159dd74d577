"""The rules of docker/metadata-action, one by one."""
# ruff: noqa: E501 -- the tables are read by their lines

from __future__ import annotations

import pytest

from shiplane.init.sources import Source
from shiplane.init.workflows.tag_rules import Tags, Triggers, add_plain, read_rules

BOTH = Triggers(git_tag="v{version}", branches=("main",))
TAGS = Triggers(git_tag="v{version}")
BRANCH = Triggers(branches=("main", "release/1"))


def read(rules: str, triggers: Triggers = TAGS, flavor: str = "") -> Tags:
    def lines(text: str) -> list[tuple[Source, str]]:
        return [(Source("w.yml", n, line), line) for n, line in enumerate(text.splitlines(), 1)]

    return read_rules(lines(rules), lines(flavor), triggers)


def made(tags: Tags) -> list[str]:
    """All tags in a few words each."""
    floating = [f"~{rule.text}{'+' + '+'.join(rule.prereleases) if rule.prereleases else ''}" for rule in tags.floating]
    return [*tags.versions, *floating, *(f"{branch}>{tag}" for branch, tag in tags.following), *tags.kept]


@pytest.mark.parametrize(
    ("rule", "triggers", "flavor", "expected"),
    [
        ("type=semver,pattern={{version}}", TAGS, "", ["{version}", "~latest"]),
        ("type=semver,pattern=v{{version}}", TAGS, "latest=false", ["v{version}"]),
        ("type=semver,pattern={{raw}}", TAGS, "latest=false", ["v{version}"]),
        ("type=semver,pattern={{major}}.{{minor}}.{{patch}}", TAGS, "latest=false", ["{version}"]),
        ("type=semver,pattern={{version}},suffix=-alpine", TAGS, "latest=auto", ["{version}-alpine", "~latest"]),
        (
            "type=semver,pattern={{version}}",
            TAGS,
            "prefix=app-,onlatest=true",
            ["app-{version}", "~app-latest"],
        ),
        ("type=semver,pattern={{version}},prefix=v", TAGS, "prefix=app-\nsuffix=-x", ["v{version}-x", "~latest"]),
        ("type=semver,pattern=v{{major}}", TAGS, "", ["~v{major}"]),
        ("type=pep440,pattern={{major}}.{{minor}}", TAGS, "", ["~{major}.{minor}"]),
        ("type=semver,pattern={{major}},enable=${{ !startsWith(github.ref, 'refs/tags/v0.') }}", TAGS, "", ["~{major}"]),
        ("type=ref,event=tag", TAGS, "latest=false", ["v{version}"]),
        ("type=ref,event=tag", Triggers(git_tag="app/v{version}"), "latest=false", ["app-v{version}"]),
        ("type=ref,event=branch", BRANCH, "", ["main>main", "release/1>release-1"]),
        ("type=ref,event=other", BRANCH, "", []),
        ("type=edge", TAGS, "", ["main>edge"]),
        ("type=edge,branch=dev", TAGS, "", ["dev>edge"]),
        ("type=sha,format=long", BRANCH, "", ["sha-{commit}"]),
        ("type=sha,format=long,prefix=git-", BRANCH, "suffix=-x", ["git-{commit}-x"]),
        ("type=raw,value=stable", TAGS, "", ["~stable"]),
        ("stable", TAGS, "", ["~stable"]),
        ("type=raw,value=latest,enable={{is_default_branch}}", BOTH, "", ["main>latest"]),
        ("type=raw,value=next,enable=${{ github.ref == 'refs/heads/dev' }}", BOTH, "", ["dev>next"]),
        ("type=raw,value=next,enable=${{ github.ref_name == 'dev' }}", BOTH, "", ["dev>next"]),
        ("type=raw,value=stable,enable=${{ startsWith(github.ref, 'refs/tags/v') }}", BOTH, "", ["~stable"]),
        ("type=raw,value=x,enable=${{ contains(github.ref, '-rc') || contains(github.ref, 'beta') }}", TAGS, "", ["~x+rc+beta"]),
        ("type=raw,value=x,enable=${{ !contains(github.ref_name, '-rc') }}", TAGS, "", ["~x"]),
        ("type=raw,value=x,enable=false", TAGS, "", []),
        ("type=raw,value={{date 'YYYY-MM-DD'}}-{{sha}}", BRANCH, "", ["{date}-{commit}"]),
        ("type=match,pattern=v(.*),group=1", TAGS, "latest=false", ["{version}"]),
        ("type=match,pattern=app/(v.*),group=1", TAGS, "latest=false", ["v{version}"]),
        (r"type=match,pattern=v\d+.\d+.\d+", TAGS, "latest=false", ["v{version}"]),
        ("# type=edge", TAGS, "", []),
        ("type=semver,pattern={{version}}\ntype=ref,event=tag\ntype=semver,pattern={{version}}", TAGS, "latest=false", ["{version}", "v{version}"]),
        ("stable\nstable", TAGS, "", ["~stable"]),
        ("type=edge\ntype=edge", TAGS, "", ["main>edge"]),
        ("type=semver,pattern={{version}}\ntype=semver,pattern={{major}}", TAGS, "", ["{version}", "~latest", "~{major}"]),
        ("type=schedule", TAGS, "", []),
    ],
)  # fmt: skip
def test_what_a_rule_makes(rule: str, triggers: Triggers, flavor: str, expected: list[str]) -> None:
    tags = read(rule, triggers, flavor)
    assert (made(tags), tags.remarks) == (expected, [])
    assert tags.is_empty is (not expected)


@pytest.mark.parametrize(
    ("rule", "triggers", "expected", "reason"),
    [
        ("type=semver,pattern={{version}}", BRANCH, [], "it does not go with a version's git tag"),
        ("type=semver,pattern={{patch}}", TAGS, [], "the pattern is unknown"),
        ("type=raw,value=x,enable=${{ inputs.x }}", TAGS, [], "when it applies is not understood"),
        ("type=new", TAGS, [], "no tag of a lane or a channel is made by a rule of type=new"),
        ("type=ref,event=pr", TAGS, [], "images of pull requests are not published"),
        ("type=sha", TAGS, [], "a release has its version's tags alone; its commit is in the image's labels"),
        ("type=sha", BRANCH, ["sha-{commit}"], "with the full hash of the commit, not the short one"),
        ("type=raw,value={{branch}}-x", BRANCH, [], "its value is only known when the workflow runs"),
        ("latest", BOTH, [], "it moves both with versions and with a branch; a tag can only follow one of them"),
        ("type=raw,value={{date 'YYYYMMDD'}}", BRANCH, [], "a build keeps a tag with {commit}, and perhaps {date} as in 2026-11-29"),
        ("type=raw,value={{date 'YYYYMMDD'}}-{{sha}}", BRANCH, [], "a build keeps a tag with {commit}, and perhaps {date} as in 2026-11-29"),
        ("type=raw,value={{sha}}", TAGS, [], "a build keeps a tag with {commit}, and perhaps {date} as in 2026-11-29"),
        ("type=schedule,pattern=nightly", TAGS, ["main>nightly"], "with each push to the branch, not by schedule"),
        ("type=schedule,pattern={{date 'YYYYMMDD'}}", TAGS, [], "a schedule's builds keep no tag of their own"),
        ("type=match,pattern=(a|b)", TAGS, [], "the pattern is not understood"),
        ("type=match,pattern=v(.*),group=1", BRANCH, [], "the pattern is not understood"),
        ("type=ref,event=tag", BRANCH, [], None),
    ],
)  # fmt: skip
def test_what_a_rule_cannot_make_is_told_with_its_line(
    rule: str, triggers: Triggers, expected: list[str], reason: str | None
) -> None:
    tags = read(rule, triggers)
    told = [(str(remark.source), remark.text, remark.reason) for remark in tags.remarks]
    assert (made(tags), told) == (expected, [("w.yml:1", rule, reason)] if reason else [])


def test_a_flavor_that_depends_on_the_run_is_told() -> None:
    tags = read("type=semver,pattern={{version}}", flavor="latest=${{ github.ref_type == 'branch' }}")
    assert made(tags) == ["{version}"]
    reason = "latest=${{ github.ref_type == 'branch' }}: when it applies is not understood"
    assert [(str(remark.source), remark.reason) for remark in tags.remarks] == [("w.yml:1", reason)]


def test_a_match_says_what_the_git_tags_are() -> None:
    assert read("type=match,pattern=app/(v.*),group=1").git_tag == "app/v{version}"
    assert read("type=pep440,pattern={{version}}").scheme == "pep440"


@pytest.mark.parametrize(
    ("tag", "triggers", "expected"),
    [
        ("latest", TAGS, ["~latest"]),
        ("${{ github.ref_name }}", TAGS, ["v{version}"]),
        ("sha-${{ github.sha }}", BRANCH, ["sha-{commit}"]),
    ],
)
def test_a_tag_without_the_action(tag: str, triggers: Triggers, expected: list[str]) -> None:
    tags = Tags()
    add_plain(tags, Source("w.yml", 1, tag), tag, triggers)
    assert made(tags) == expected
