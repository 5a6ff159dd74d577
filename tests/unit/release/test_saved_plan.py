"""Plan files: written, read back, compared; whatever else a file may hold is one clear refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shiplane.config.plan import LanePlan, Plan
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.setting import Setting
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError, UsageError
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import OCI_INDEX, RawManifest
from shiplane.registry.oci.names import Digest, Platform, parse_repositories
from shiplane.release.planning.decision import decide
from shiplane.release.planning.plan_document import encode, settings_json, tags_json
from shiplane.release.planning.planner import make_plan
from shiplane.release.planning.saved_plan import SavedPlan, parse
from shiplane.verify.survey import Survey
from tests.unit.documents import faults
from tests.unit.release.surveys import surveyed

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
AMD = Platform("linux", "amd64")
HERE = Checkout(commit=COMMIT, committed_at="2026-02-28T12:00:00Z", remote="https://github.com/cognary/aionis.git")
GATES = [("build command", "npm run build"), ("gates", "none is configured")]
FILES = {"Dockerfile": str(Digest.of(b"FROM scratch"))}
NOTHING = surveyed(version=Absent(), floating=Absent())


def image(text: str) -> Present:
    return Present(RawManifest(body=text.encode(), media_type=OCI_INDEX))


def a_plan(flags: Flags | None = None, env: dict[str, str] | None = None, project: ProjectFile | None = None) -> Plan:
    given = flags or Flags(lanes=("main",), tag="0.2.1", latest="yes")
    return make_plan(Resolver(flags=given, env=env or {}, project=project or ProjectFile(), checkout=HERE))


def written(plan: Plan | None = None, survey: Survey = NOTHING) -> bytes:
    known = plan or a_plan()
    surveys = [(lane, renamed(survey, lane)) for lane in known.lanes]
    tags = [tags_json(lane, seen, decide(lane, seen, known.commit)) for lane, seen in surveys]
    return encode(settings_json(known, GATES, FILES), tags, written_by="0.1.0")


def renamed(survey: Survey, lane: LanePlan) -> Survey:
    """The same for a lane whose floating tag has another name."""
    pairs = zip(survey.floating_tags, lane.floating_tags, strict=True)
    return replace(survey, floating_tags=tuple(replace(state, floating=floating) for state, floating in pairs))


def saved(plan: Plan | None = None, survey: Survey = NOTHING) -> SavedPlan:
    return parse(written(plan, survey), "plan.json")


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A file that somebody changed and gave the digest that belongs to it."""
    document = json.loads(written())
    change(document)
    content = {key: value for key, value in document.items() if key != "digest"}
    return json.dumps({**document, "digest": _digest(content)}).encode()


def _digest(content: dict[str, Any]) -> str:
    return str(Digest.of(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()))


def test_a_plan_file_is_as_its_schema_says_and_the_same_plan_gives_the_same_bytes() -> None:
    assert faults(json.loads(written()), "plan") == []
    assert written() == written()


def test_a_plan_fits_the_state_that_it_was_made_for() -> None:
    plan = saved()
    plan.require_settings(settings_json(a_plan(), GATES, FILES))
    assert plan.differences(a_plan().lanes[0], NOTHING, COMMIT) == []


def test_a_plan_keeps_the_values_of_this_very_release_and_notices_others() -> None:
    project = parse_project_file({"lanes": {"main": {"build-args": {"V": "{version}-{git-tag}"}}}}, "shiplane.toml")
    plan = a_plan(project=project)
    assert plan.to_json()["lanes"][0]["build"]["build_args"] == {"V": "0.2.1-docker-v0.2.1"}
    other = parse_project_file({"lanes": {"main": {"build-args": {"V": "{version}"}}}}, "shiplane.toml")
    with pytest.raises(RefusedError, match=r"lane main build build_args V: 0\.2\.1-docker-v0\.2\.1 -> 0\.2\.1\n"):
        saved(plan).require_settings(settings_json(a_plan(project=other), GATES, FILES))


PLAN = a_plan()
LANE = PLAN.lanes[0]


def to(images: str) -> Plan:
    """The same plan with other repositories."""
    return replace(PLAN, lanes=(replace(LANE, images=Setting(parse_repositories(images), "IMAGE_REPO")),))


@pytest.mark.parametrize(
    ("now", "gates", "files", "lines"),
    [
        (replace(PLAN, commit=OTHER, created="2026-03-01T00:00:00Z"), GATES, FILES, [f"commit: {COMMIT} -> {OTHER}"]),
        (
            to("ghcr.io/a/b"),
            GATES,
            FILES,
            [
                "image: ghcr.io/cognary/aionis (git remote origin) -> ghcr.io/a/b (IMAGE_REPO)",
                "lane main images: ghcr.io/cognary/aionis (git remote origin) -> ghcr.io/a/b (IMAGE_REPO)",
            ],
        ),
        (
            to(f"{PLAN.repository},a.io/b"),
            GATES,
            FILES,
            [f"lane main images: {PLAN.repository} (git remote origin) -> {PLAN.repository},a.io/b (IMAGE_REPO)"],
        ),
        (
            replace(PLAN, lanes=(replace(PLAN.lanes[0], platforms=Setting((AMD,), "--platforms")),)),
            GATES,
            FILES,
            ["lane main platforms: linux/amd64,linux/arm64 (default) -> linux/amd64 (--platforms)"],
        ),
        (replace(PLAN, source=""), GATES, FILES, ["source: https://github.com/cognary/aionis -> nothing"]),
        (
            replace(PLAN, lanes=(replace(LANE, version=Setting(Version.parse("0.2.2"), "TAG")),)),
            GATES,
            FILES,
            [
                "lane main git_tag: docker-v0.2.1 -> docker-v0.2.2",
                "lane main version: 0.2.1 (--tag) -> 0.2.2 (TAG)",
                "lane main tag: v0.2.1 -> v0.2.2",
            ],
        ),
        (
            replace(PLAN, lanes=(replace(LANE, latest=Setting(False, "PUBLISH_LATEST")),)),
            GATES,
            FILES,
            ["lane main latest: yes (--latest) -> no (PUBLISH_LATEST)"],
        ),
        (
            replace(PLAN, lanes=(replace(LANE, lane=replace(LANE.lane, dockerfile="other/Dockerfile", context="x")),)),
            GATES,
            FILES,
            ["lane main dockerfile: Dockerfile -> other/Dockerfile", "lane main context: . -> x"],
        ),
        (PLAN, GATES[:1], FILES, ["prerequisite gates: none is configured -> nothing"]),
        (PLAN, [*GATES, ("health", "http: x")], FILES, ["prerequisite health what: nothing -> http: x"]),
        (PLAN, GATES, {"Dockerfile": "missing"}, [f"dockerfiles Dockerfile: {FILES['Dockerfile']} -> missing"]),
    ],
)
def test_each_setting_that_differs_is_named_before_and_now(
    now: Plan, gates: list[tuple[str, str]], files: dict[str, str], lines: list[str]
) -> None:
    with pytest.raises(RefusedError, match="another state") as caught:
        saved().require_settings(settings_json(now, gates, files))
    assert caught.value.what.splitlines()[1:] == [f"  {line.replace('gates:', 'gates what:')}" for line in lines]


def test_another_source_of_the_same_value_is_no_difference() -> None:
    now = to(str(PLAN.repository))
    saved().require_settings(settings_json(now, GATES, FILES))


OLD, NEW, THEIRS = image("0.2.0"), image("0.2.1"), image("somebody else")


@pytest.mark.parametrize(
    ("seen", "now", "fits"),
    [
        # Nothing was there.
        (NOTHING, surveyed(version=NEW, floating=Absent(), revision=COMMIT), True),
        (NOTHING, surveyed(version=NEW, floating=NEW, floating_version=Version.parse("0.2.1"), revision=COMMIT), True),
        (NOTHING, surveyed(version=NEW, floating=Absent(), revision=OTHER), False),
        (NOTHING, surveyed(version=NEW, floating=Absent()), False),
        (NOTHING, surveyed(version=Absent(), floating=THEIRS, floating_version=Version.parse("0.1.0")), False),
        (
            NOTHING,
            surveyed(version=NEW, floating=THEIRS, floating_version=Version.parse("0.1.0"), revision=COMMIT),
            False,
        ),
        # The same tags, but a higher version elsewhere: the floating tag would stay, where it was to move.
        (NOTHING, surveyed(version=Absent(), floating=Absent(), newest=Version.parse("0.3.0")), False),
        # A floating tag was there, and is to move.
        (
            surveyed(version=Absent(), floating=OLD, floating_version=Version.parse("0.2.0")),
            surveyed(version=NEW, floating=OLD, floating_version=Version.parse("0.2.0"), revision=COMMIT),
            True,
        ),
        (
            surveyed(version=Absent(), floating=OLD, floating_version=Version.parse("0.2.0")),
            surveyed(version=NEW, floating=NEW, floating_version=Version.parse("0.2.1"), revision=COMMIT),
            True,
        ),
        (
            surveyed(version=Absent(), floating=OLD, floating_version=Version.parse("0.2.0")),
            surveyed(version=Absent(), floating=THEIRS, floating_version=Version.parse("0.2.0")),
            False,
        ),
        (
            surveyed(version=Absent(), floating=OLD, floating_version=Version.parse("0.2.0")),
            surveyed(version=Absent(), floating=Absent()),
            False,
        ),
        # The version was there already, to be adopted.
        (
            surveyed(version=NEW, floating=Absent(), revision=COMMIT),
            surveyed(version=NEW, floating=Absent(), revision=COMMIT),
            True,
        ),
        (
            surveyed(version=NEW, floating=Absent(), revision=COMMIT),
            surveyed(version=NEW, floating=NEW, floating_version=Version.parse("0.2.1"), revision=COMMIT),
            True,
        ),
        (
            surveyed(version=NEW, floating=Absent(), revision=COMMIT),
            surveyed(version=THEIRS, floating=Absent(), revision=COMMIT),
            False,
        ),
        (surveyed(version=NEW, floating=Absent(), revision=COMMIT), NOTHING, False),
    ],
)
def test_what_the_plan_itself_has_done_is_no_difference_and_everything_else_is(
    seen: Survey, now: Survey, *, fits: bool
) -> None:
    found = saved(survey=seen).differences(LANE, now, COMMIT)
    assert (found == []) is fits, found
    assert all(" -> " in line for line in found)


def test_a_floating_tag_that_was_to_stay_and_was_moved_is_a_difference() -> None:
    plan = a_plan(Flags(lanes=("main",), tag="0.2.1", latest="no"))
    now = surveyed(version=NEW, floating=NEW, floating_version=Version.parse("0.2.1"), revision=COMMIT)
    assert saved(plan).differences(plan.lanes[0], now, COMMIT) == [f"latest: absent -> {NEW.digest}"]


@pytest.mark.parametrize(
    ("flags", "env", "later"),
    [
        (Flags(lanes=("main",), tag="0.2.1", latest="yes", image="ghcr.io/a/b", platforms="linux/amd64"), {}, {}),
        (
            Flags(),
            {"TAG": "0.2.1", "IMAGE_REPO": "ghcr.io/a/b", "PLATFORMS": "linux/arm64", "PUBLISH_LATEST": "no"},
            {},
        ),
        (Flags(tag="0.2.1"), {"IMAGE_REPO": "ghcr.io/a/b"}, {"IMAGE_REPO": "ghcr.io/a/b"}),
        # A flag went before a variable, and still does.
        (Flags(image="ghcr.io/a/b"), {"IMAGE_REPO": "ghcr.io/c/d"}, {"IMAGE_REPO": "ghcr.io/c/d"}),
        (Flags(), {}, {}),
    ],
)
def test_a_plan_makes_itself_again_from_what_it_keeps(flags: Flags, env: dict[str, str], later: dict[str, str]) -> None:
    first = a_plan(flags, env)
    kept = saved(first)
    again = a_plan(kept.flags(later, snapshot=False), later)
    kept.require_settings(settings_json(again, GATES, FILES))


def test_a_variable_that_says_something_else_by_now_is_a_difference() -> None:
    kept = saved(a_plan(Flags(), {"TAG": "0.2.1"}))
    again = a_plan(kept.flags({"TAG": "0.2.2"}, snapshot=False), {"TAG": "0.2.2"})
    with pytest.raises(RefusedError, match=r"version: 0\.2\.1 \(TAG\) -> 0\.2\.2 \(TAG\)"):
        kept.require_settings(settings_json(again, GATES, FILES))


def test_a_changed_project_file_is_a_difference() -> None:
    project = parse_project_file({"platforms": ["linux/amd64"]}, "shiplane.toml")
    kept = saved()
    again = a_plan(kept.flags({}, snapshot=False), project=project)
    with pytest.raises(RefusedError, match=r"-> linux/amd64 \(shiplane\.toml: platforms\)"):
        kept.require_settings(settings_json(again, GATES, FILES))


HOSTILE: list[tuple[bytes, str]] = [
    (b"", "is not a plan file"),
    (b"not json", "is not a plan file"),
    (b"\xff\xfe", "is not a plan file"),
    (b"[]", "is not a plan file"),
    (b"null", "is not a plan file"),
    (b"{}", "is not a plan file"),
    (b'{"format": "shiplane-plan", "format": "shiplane-plan"}', "duplicate key"),
    (b'{"format": "shiplane-plan", "schema": NaN}', "NaN"),
    (b"[" * 100_000, "is not a plan file"),
    (b'{"a":' * 100_000, "is not a plan file"),
    (b'{"format": "other", "schema": 1}', "no format"),
    (b'{"format": "shiplane-plan"}', "schema 'None'"),
    (b'{"format": "shiplane-plan", "schema": true}', "schema 'True'"),
    (b'{"format": "shiplane-plan", "schema": "1"}', "schema '1'"),
    (b'{"format": "shiplane-plan", "schema": 1}', "schema '1'; this shiplane reads 2"),
    (b'{"format": "shiplane-plan", "schema": 3}', "schema '3'; this shiplane reads 2"),
    (b'{"format": "shiplane-plan", "schema": 2}', "was changed after it was written"),
    (written().replace(b"v0.2.1", b"v0.2.2"), "was changed after it was written"),
    (written().replace(b'"value": true', b'"value": false'), "was changed after it was written"),
    (changed(lambda d: d.update(extra=1)), "unknown key 'extra'"),
    (changed(lambda d: d.pop("settings")), "settings is missing"),
    (changed(lambda d: d.pop("tags")), "tags is missing"),
    (changed(lambda d: d.update(settings=[])), "settings is an array"),
    (changed(lambda d: d.update(tags={})), "tags is a table"),
    (changed(lambda d: d.update(tags=[])), "tags has 0 items, expected at least 1"),
    (changed(lambda d: d.update(tags=["x"])), "tags[0] is a string, expected a table"),
    (changed(lambda d: d["tags"][0].update(lane="standalone")), "are not those of the settings' lanes"),
    (changed(lambda d: d["tags"][0].update(floating_tags=[])), "are not those of the settings' lanes"),
    (changed(lambda d: d["tags"][0]["floating_tags"][0].update(tag="v1")), "are not those of the settings' lanes"),
    (changed(lambda d: d["settings"]["lanes"][0].update(floating_tags=["v1"])), "are not those of the settings' lanes"),
    (changed(lambda d: d["settings"]["lanes"][0].pop("floating_tags")), "lanes[0].floating_tags is missing"),
    (changed(lambda d: d["tags"][0].update(floating="latest")), "unknown key 'floating'"),
    (changed(lambda d: d["tags"][0]["floating_tags"][0].update(do="delete")), "do is 'delete'"),
    (changed(lambda d: d["tags"][0]["floating_tags"][0].update(do=["move"])), "do is ['move'], expected one of move"),
    (changed(lambda d: d["tags"][0]["version"].update(digest="sha256:1")), "is not a sha256 digest"),
    (
        changed(lambda d: d["tags"][0]["version"].update(digest=5)),
        "tags[0].version.digest is an integer, expected a string or null",
    ),
    (changed(lambda d: d["settings"].update(image="ghcr.io/a/b")), "settings.image is a string, expected a table"),
    (changed(lambda d: d["settings"]["image"].update(value=5)), "settings.image.value is an integer"),
    (
        changed(lambda d: d["settings"]["lanes"][0]["platforms"].update(value="linux/amd64")),
        "platforms.value is a string",
    ),
    (changed(lambda d: d["settings"]["lanes"][0]["platforms"].update(value=[1])), "value[0] is an integer"),
    (changed(lambda d: d["settings"].update(lanes=[5])), "lanes[0] is an integer"),
    (changed(lambda d: d["settings"]["lanes"][0].pop("version")), "lanes[0].version is missing"),
    (
        changed(lambda d: d["settings"]["lanes"][0]["latest"].update(value="yes")),
        "latest.value is a string, expected a boolean",
    ),
]


@pytest.mark.parametrize(("body", "complaint"), HOSTILE, ids=[f"{n} {why}" for n, (_, why) in enumerate(HOSTILE)])
def test_whatever_is_no_plan_of_ours_is_refused_in_one_line(body: bytes, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(body, "plan.json")
    assert complaint in caught.value.what
    assert caught.value.what.isprintable()
    assert len(caught.value.what) < 500
    assert caught.value.exit_code == 2


def test_a_nesting_that_can_be_read_but_not_be_hashed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    document = {**json.loads(written()), "settings": deep}
    # How deep that is differs from Python to Python, so the document comes as if it had been read.
    monkeypatch.setattr("shiplane.release.planning.saved_plan.loads", lambda _body: document)
    with pytest.raises(UsageError, match=r"plan\.json is not a plan file: nested too deep"):
        parse(b"", "plan.json")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["settings"].update(commit=5),
        lambda d: d["settings"].update(commit=None),
        lambda d: d["settings"].update(prerequisites="none"),
        lambda d: d["settings"].update(dockerfiles=[[[]]]),
        lambda d: d["settings"].update(more={"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}),
        lambda d: d["settings"]["lanes"][0].update(dockerfile="\x1b[2J\n::error::owned"),
        lambda d: d["settings"]["lanes"][0].update(lane="main", tag=["v0.2.1"]),
    ],
)
def test_a_file_with_a_right_digest_and_wrong_settings_is_refused_as_another_state(
    change: Callable[[dict[str, Any]], object],
) -> None:
    kept = parse(changed(change), "plan.json")
    with pytest.raises(RefusedError, match="another state") as caught:
        kept.require_settings(settings_json(a_plan(), GATES, FILES))
    assert all(line.isprintable() for line in caught.value.what.splitlines())
