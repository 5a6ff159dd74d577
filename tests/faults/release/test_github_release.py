"""Releases on GitHub: after every tag, for git tags that GitHub has, made once, and only our part of them written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shiplane.config.keys.github_release import GitHubReleaseSettings
from shiplane.config.lane import BUILT_IN, MAIN, Lane, groups_of
from shiplane.config.plan import Plan
from shiplane.config.project_file import parse_project_file
from shiplane.core.errors import AccessError, LostRaceError, PrerequisiteError, ShiplaneError, UnreachableError
from shiplane.core.progress import Event, Flow, Step, StepOutcome, StepState
from shiplane.registry.oci.names import Repository
from shiplane.release.announcing.github_release import GitHubReleaser, planned_releases, with_github_releases
from shiplane.release.announcing.github_result import GitHubAction, GitHubReleaseResult
from shiplane.release.publish import Publisher, ReleaseResult
from tests.faults.harness.github import API, DEFAULT_BRANCH, MemoryGitHub, answering, lost
from tests.faults.harness.images import COMMIT
from tests.faults.harness.scene import AIONIS, IMAGE, Scene, a_plan, events, finish, to_images

TAG = "docker-v0.2.1"
ONE = a_plan(lanes=["main"])
GROUP = parse_project_file(
    {"lanes": {name: {"tag": f"{{version}}-{name}", "git-tag": "v{version}"} for name in ("app", "tool")}}, "the test"
).lanes


@dataclass
class Desk(Scene):
    """A registry, GitHub, and whoever releases to both."""

    github: MemoryGitHub = field(default_factory=lambda: MemoryGitHub(tags={TAG: COMMIT, "standalone-v0.2.1": COMMIT}))
    settings: GitHubReleaseSettings = field(default_factory=GitHubReleaseSettings)
    lanes: tuple[Lane, ...] = BUILT_IN
    token: str | None = None
    seen: list[Event] = field(default_factory=list)

    def releaser_on_github(self) -> GitHubReleaser:
        client = self.github.client(self.registry.clock, self.github.token if self.token is None else self.token)
        return GitHubReleaser(releases=client, settings=self.settings, groups=groups_of(self.lanes))

    def flow_to_github(self, plan: Plan = ONE) -> Flow[tuple[ReleaseResult, tuple[GitHubReleaseResult, ...]]]:
        registry = self.client()
        ledgers = self.ledgers(registry)
        publisher = Publisher(
            registry=registry,
            stager=lambda: self.stager,
            ledgers=lambda _primary: ledgers,
            workers=1,
        )
        return with_github_releases(self.releaser_on_github(), plan, publisher.publish(plan))

    def release(self, plan: Plan = ONE) -> tuple[GitHubReleaseResult, ...]:
        self.seen.clear()
        _, on_github = finish(self.flow_to_github(plan), self.seen.append)
        return on_github

    def version(self, version: str, **more: Any) -> GitHubReleaseResult:  # noqa: ANN401
        """Release a version of lane main whose git tag is on GitHub."""
        self.github.tags[f"docker-v{version}"] = COMMIT
        (result,) = self.release(a_plan(version, ["main"], latest="no", **more))
        return result


def test_a_release_has_a_table_of_each_image_and_the_commands_that_pull_it() -> None:
    desk = Desk()
    (result,) = desk.release()
    release = desk.github.of(TAG)
    digest = desk.tags()["v0.2.1"]
    assert result.to_json() == {
        "git_tag": TAG,
        "action": "made",
        "url": f"https://github.com/cognary/aionis/releases/tag/{TAG}",
        "draft": False,
        "prerelease": False,
        "not_latest": "",
        "error": None,
    }
    assert f"| `{IMAGE}` | `v0.2.1` | linux/amd64, linux/arm64 | `{digest}` |" in release["body"].splitlines()
    assert f"docker pull {IMAGE}:v0.2.1@{digest}" in release["body"].splitlines()
    assert (release["name"], release["draft"], release["prerelease"], desk.github.latest_tag) == (
        TAG,
        False,
        False,
        TAG,
    )
    assert desk.github.authorizations == {f"Bearer {desk.github.token}"}


def test_every_repository_is_in_the_table() -> None:
    desk = Desk()
    desk.release(to_images(ONE, AIONIS, Repository("ghcr.io", "cognary/mirror")))
    body = desk.github.of(TAG)["body"]
    assert [line.split()[2].partition("@")[0] for line in body.splitlines() if line.startswith("docker pull")] == [
        "ghcr.io/cognary/aionis:v0.2.1",
        "ghcr.io/cognary/mirror:v0.2.1",
    ]


def test_it_is_made_after_every_floating_tag_has_moved_and_the_ledger_is_written() -> None:
    desk = Desk()
    for event in desk.flow_to_github(a_plan()):
        if isinstance(event, Step):
            begun = [step for step in desk.seen if isinstance(step, Step)]
            moved = {"latest", "standalone-latest", "ledger-main", "ledger-standalone"} <= set(
                desk.registry.tags("cognary/aionis")
            )
            if event.name == "github release":
                assert moved or not [step for step in begun if step.name in ("tag", "move", "record")]
            assert moved or not desk.github.releases
            desk.seen.append(event)
    assert set(desk.github.releases) == {101, 102}


def test_running_it_again_changes_nothing() -> None:
    desk = Desk()
    desk.release()
    before, writes = dict(desk.github.of(TAG)), len(desk.github.writes())
    (again,) = desk.release()
    assert (again.action, desk.github.of(TAG), len(desk.github.writes())) == (GitHubAction.UNCHANGED, before, writes)


def test_a_release_made_by_hand_keeps_its_text_and_its_marks() -> None:
    desk = Desk()
    text = "# Aionis 0.2.1\r\n\r\nBy hand, with care.  \r\n"
    desk.github.release(TAG, text, prerelease=True, name="Aionis")
    (result,) = desk.release()
    release = desk.github.of(TAG)
    assert (result.action, release["name"], release["prerelease"]) == (GitHubAction.COMPLETED, "Aionis", True)
    assert release["body"].startswith(text + "\n\n<!-- shiplane: images of main -->\n")
    assert desk.github.latest == 0
    assert desk.release()[0].action is GitHubAction.UNCHANGED


def test_a_release_that_is_completed_does_not_become_the_latest() -> None:
    desk = Desk()
    desk.github.release("docker-v0.1.0")
    desk.github.release(TAG, make_latest="false")
    desk.release()
    assert desk.github.latest_tag == "docker-v0.1.0"


def test_the_latest_release_stays_so_when_it_is_completed() -> None:
    desk = Desk()
    desk.github.release(TAG)
    desk.release()
    assert desk.github.latest_tag == TAG


def test_only_our_part_is_replaced_and_line_ends_of_githubs_page_are_no_difference() -> None:
    desk = Desk()
    desk.release()
    release = desk.github.of(TAG)
    ours = release["body"]
    release["body"] = f"before\r\n{ours}\nafter".replace("\r\n", "\n").replace("\n", "\r\n")
    assert desk.release()[0].action is GitHubAction.UNCHANGED
    release["body"] = release["body"].replace("linux/amd64", "linux/x86")
    assert desk.release()[0].action is GitHubAction.COMPLETED
    assert release["body"] == f"before\r\n{ours}\r\nafter"


def test_lanes_of_one_git_tag_share_a_release_also_when_they_are_released_one_by_one() -> None:
    desk = Desk(lanes=GROUP)
    desk.github.tags["v0.2.1"] = COMMIT
    for lanes, action in ((["tool"], GitHubAction.MADE), (["app"], GitHubAction.COMPLETED)):
        (result,) = desk.release(a_plan(lanes=lanes, configured=GROUP))
        assert result.action is action
    (together,) = desk.release(a_plan(lanes=["app", "tool"], configured=GROUP))
    assert together.action is GitHubAction.UNCHANGED
    assert desk.github.of("v0.2.1")["body"].count("docker pull") == 2


def test_lanes_with_git_tags_of_their_own_have_releases_of_their_own_and_the_first_is_the_latest() -> None:
    desk = Desk()
    results = desk.release(a_plan())
    assert [(result.tag, result.not_latest) for result in results] == [
        (TAG, ""),
        ("standalone-v0.2.1", f"{TAG} is"),
    ]
    assert desk.github.latest_tag == TAG


def test_the_first_lane_takes_the_latest_release_from_a_later_one() -> None:
    desk = Desk()
    desk.release(a_plan(lanes=["standalone"]))
    assert desk.github.latest_tag == "standalone-v0.2.1"
    desk.release()
    assert desk.github.latest_tag == TAG


@pytest.mark.parametrize(("version", "reason"), [("1.9.1", "docker-v2.0.0 is newer"), ("2.1.0-rc.1", "a pre-release")])
def test_the_latest_release_never_goes_backwards(version: str, reason: str) -> None:
    desk = Desk()
    desk.version("1.9.0")
    desk.version("2.0.0")
    assert desk.version(version).not_latest == reason
    assert desk.github.latest_tag == "docker-v2.0.0"
    assert desk.github.of(f"docker-v{version}")["prerelease"] is ("-" in version)


def test_a_newer_release_that_is_not_the_latest_by_somebodys_choice_still_counts() -> None:
    desk = Desk()
    desk.github.release("docker-v2.0.0", make_latest="false")
    desk.github.release("docker-v1.0.0")
    assert desk.version("1.9.1").not_latest == "docker-v2.0.0 is newer"
    assert desk.github.latest_tag == "docker-v1.0.0"


def test_a_pre_release_that_nobody_marked_as_one_is_none_before_which_a_release_would_stop() -> None:
    desk = Desk()
    desk.version("1.9.0")
    desk.github.release("docker-v2.0.0-rc.1", make_latest="false")
    assert desk.version("1.9.1").not_latest == ""
    assert desk.github.latest_tag == "docker-v1.9.1"


def test_where_only_the_latest_release_is_newer_it_is_left() -> None:
    desk = Desk()
    old = desk.github.release("docker-v2.0.0", prerelease=True)
    desk.github.latest = old["id"]
    assert desk.version("1.9.1").not_latest == "docker-v2.0.0 is newer"


def test_a_release_for_something_else_stays_the_latest() -> None:
    desk = Desk()
    desk.github.release("v9.9.9")
    assert desk.version("1.0.0").not_latest == "v9.9.9 is"
    assert desk.github.latest_tag == "v9.9.9"


def test_the_project_may_leave_the_latest_release_alone() -> None:
    desk = Desk(settings=GitHubReleaseSettings(latest=False))
    assert desk.version("1.0.0").not_latest == "latest = false"
    assert desk.github.latest == 0


def test_a_newer_release_made_at_the_same_time_becomes_the_latest_again() -> None:
    desk = Desk()
    desk.version("1.0.0")

    def overtaken(method: str, path: str, act: Callable[[], tuple[int, Any]]) -> None:
        if (method, path) == ("POST", "releases"):
            desk.github.faults.clear()
            desk.github.release("docker-v2.0.0")

    desk.github.faults.append(overtaken)
    assert desk.version("1.1.0").not_latest == ""
    assert desk.github.latest_tag == "docker-v2.0.0"


def test_a_part_that_another_run_overwrites_is_written_again() -> None:
    desk = Desk(lanes=GROUP)
    desk.github.tags["v0.2.1"] = COMMIT
    desk.release(a_plan(lanes=["tool"], configured=GROUP))
    release = desk.github.of("v0.2.1")
    before, spoiled = release["body"], iter([True])

    def overwritten(
        method: str, _path: str, act: Callable[[], tuple[int, Any]]
    ) -> tuple[int, Any, dict[str, str]] | None:
        if method != "PATCH" or not next(spoiled, False):
            return None
        given = act()
        release["body"] = before  # another run that read it before
        return *given, {}

    desk.github.faults.append(overwritten)
    desk.release(a_plan(lanes=["app"], configured=GROUP))
    assert release["body"].count("docker pull") == 2


def test_two_runs_that_overwrite_each_other_for_ever_end() -> None:
    desk = Desk()
    release = desk.github.release(TAG, "by hand")

    def overwritten(
        method: str, _path: str, act: Callable[[], tuple[int, Any]]
    ) -> tuple[int, Any, dict[str, str]] | None:
        if method != "PATCH":
            return None
        given = act()
        release["body"] = "by hand"
        return *given, {}

    desk.github.faults.append(overwritten)
    (result,) = desk.release()
    assert isinstance(result.error, LostRaceError)


@pytest.mark.parametrize("gone_at", ["GET", "PATCH"])
def test_a_release_that_somebody_deletes_meanwhile_is_no_success(gone_at: str) -> None:
    desk = Desk()
    number = desk.github.release(TAG, "by hand")["id"]

    def deleted(method: str, path: str, _act: object) -> None:
        if (method, path) == (gone_at, f"releases/{number}"):
            desk.github.releases.pop(number, None)

    desk.github.faults.append(deleted)
    (result,) = desk.release()
    assert isinstance(result.error, LostRaceError)
    assert "deleted" in result.error.what


def test_a_git_tag_that_github_does_not_have_is_never_made_there() -> None:
    desk = Desk()
    del desk.github.tags[TAG]
    with pytest.raises(PrerequisiteError) as caught:
        desk.release()
    assert "GitHub has no git tag docker-v0.2.1" in caught.value.what
    assert f"git push origin refs/tags/{TAG}" in caught.value.remedy
    assert (desk.github.tags.get(TAG), desk.github.writes(), desk.tags(), desk.stager.built) == (None, [], {}, [])


def test_a_git_tag_that_is_deleted_while_the_release_runs_is_not_made_either() -> None:
    desk = Desk()
    for event in desk.flow_to_github():
        if isinstance(event, Step) and event.name == "tag":
            desk.github.tags.pop(TAG, None)
    assert (desk.github.tags.get(TAG), desk.github.writes()) == (None, [])


@pytest.mark.parametrize("annotated", [False, True])
def test_a_git_tag_at_another_commit_is_refused(annotated: bool) -> None:  # noqa: FBT001
    desk = Desk()
    desk.github.tags[TAG] = DEFAULT_BRANCH
    desk.github.annotated = {TAG} if annotated else set()
    with pytest.raises(PrerequisiteError, match="at commit dddddddddddd, and not at"):
        desk.release()
    assert desk.tags() == {}


def test_an_annotated_git_tag_stands_for_its_commit() -> None:
    desk = Desk()
    desk.github.annotated = {TAG}
    assert desk.release()[0].action is GitHubAction.MADE


def test_a_git_tag_with_signs_of_a_path_is_asked_for_as_it_is() -> None:
    lanes = parse_project_file({"lanes": {"app": {"git-tag": "@acme/app@{version}"}}}, "the test").lanes
    desk = Desk(lanes=lanes)
    desk.github.tags["@acme/app@0.2.1"] = COMMIT
    assert desk.release(a_plan(lanes=["app"], configured=lanes))[0].tag == "@acme/app@0.2.1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"may_write": False}, "permissions: contents: write"),
        ({"token": "another"}, "wrong or has expired"),
        ({"exists": False}, "The token lacks access"),
    ],
)
def test_a_token_that_may_not_is_told_before_anything_is_built(changes: dict[str, Any], words: str) -> None:
    desk = Desk(token="ghp_canary0123456789canary0123456789")
    for name, value in changes.items():
        setattr(desk.github, name, value)
    with pytest.raises(AccessError) as caught:
        desk.release()
    assert words in caught.value.remedy
    assert (desk.stager.built, desk.tags()) == ([], {})


def test_without_a_token_nothing_is_asked() -> None:
    desk = Desk(token="")
    with pytest.raises(AccessError, match="needs a token, and none is set"):
        desk.release()
    assert desk.github.log == []


def test_a_github_that_does_not_answer_stops_no_release_and_is_asked_again_after_it() -> None:
    desk = Desk()
    desk.github.faults.append(answering("GET", f"git/ref/tags/{TAG}", 503, {"message": "Unavailable"}, times=5))
    assert desk.release()[0].action is GitHubAction.MADE
    assert [
        event.state for event in desk.seen if isinstance(event, StepOutcome) and event.step.name == "github release"
    ] == [StepState.SKIPPED, StepState.DONE]


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        (401, {"message": "Bad credentials"}, AccessError),
        (403, {"message": "Resource not accessible by integration"}, AccessError),
        (404, {"message": "Not Found"}, AccessError),
        (422, {"message": "Validation Failed", "errors": [{"code": "custom", "field": "body"}]}, PrerequisiteError),
        (
            422,
            {"message": "Validation Failed", "errors": ["tag_name was used by an immutable release"]},
            PrerequisiteError,
        ),
        (422, {"message": "Unprocessable"}, PrerequisiteError),
        (500, {"message": "Server Error"}, UnreachableError),
        (429, {"message": "slow down"}, UnreachableError),
        (403, {"message": "You have exceeded a secondary rate limit."}, UnreachableError),
        (307, {"message": "Moved Permanently"}, UnreachableError),
    ],
)
def test_a_refusal_after_the_tags_is_part_of_the_result(
    status: int, document: object, kind: type[ShiplaneError]
) -> None:
    desk = Desk()
    desk.github.faults.append(answering("POST", "releases", status, document, times=9))
    (result,) = desk.release()
    assert result.action is GitHubAction.FAILED
    assert type(result.error) is kind
    assert f"HTTP {status}" in str(result.to_json()["error"])
    assert set(desk.tags()) == {"v0.2.1", "latest"}
    desk.github.faults.clear()
    assert desk.release()[0].action is GitHubAction.MADE


def test_a_secondary_rate_limit_is_waited_for_as_long_as_it_asks() -> None:
    desk = Desk()
    limit = {"message": "You have exceeded a secondary rate limit."}
    desk.github.faults.append(answering("POST", "releases", 403, limit, retry_after="7"))
    assert desk.release()[0].action is GitHubAction.MADE
    assert any(wait >= 7 for wait in desk.registry.clock.sleeps)  # type: ignore[attr-defined] # a VirtualClock


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("draft", [False, True])
def test_a_lost_answer_makes_no_second_release(after: bool, draft: bool) -> None:  # noqa: FBT001
    desk = Desk(settings=GitHubReleaseSettings(draft=draft))
    desk.github.faults.append(lost("POST", "releases", after=after))
    (result,) = desk.release()
    assert result.error is None
    assert [release["tag_name"] for release in desk.github.releases.values()] == [TAG]


def test_a_release_that_another_run_makes_first_is_completed() -> None:
    desk = Desk()

    def first(method: str, path: str, _act: object) -> None:
        if (method, path) == ("POST", "releases") and not desk.github.releases:
            desk.github.release(TAG, "the other's")

    desk.github.faults.append(first)
    (result,) = desk.release()
    assert result.action is GitHubAction.COMPLETED
    assert desk.github.of(TAG)["body"].startswith("the other's\n\n<!-- shiplane")


def test_a_draft_is_made_for_somebody_to_publish_and_found_again() -> None:
    desk = Desk(settings=GitHubReleaseSettings(draft=True))
    (result,) = desk.release()
    assert (result.draft, result.description.startswith("made as a draft")) == (True, True)
    assert (desk.github.of(TAG)["draft"], desk.github.latest) == (True, 0)
    assert desk.release()[0].action is GitHubAction.UNCHANGED


def test_a_draft_of_somebody_else_is_completed_and_stays_one() -> None:
    desk = Desk()
    desk.github.release(TAG, "drafted", draft=True)
    desk.github.release(TAG, "drafted twice", draft=True)
    (result,) = desk.release()
    assert result.description.startswith("images added to its text; it is a draft, https://github.com/")
    assert [(one["draft"], "shiplane" in one["body"]) for one in desk.github.releases.values()] == [
        (True, True),
        (True, False),
    ]


def test_it_is_found_on_a_later_page() -> None:
    desk = Desk()
    desk.github.release(TAG, "drafted", draft=True)
    for number in range(70):
        desk.github.release(f"other-{number}", make_latest="false")
    assert desk.release()[0].action is GitHubAction.COMPLETED


def test_generated_notes_follow_the_images_since_the_lanes_own_release_before() -> None:
    desk = Desk(settings=GitHubReleaseSettings(generate_notes=True))
    desk.github.release("standalone-v0.2.0")
    desk.github.release("docker-v0.2.0", draft=True)
    desk.version("0.1.0")
    desk.version("0.2.0-rc.1")
    desk.version("0.2.1")
    assert desk.github.of("docker-v0.1.0")["body"].endswith(
        "<!-- shiplane: end of main -->\n\n## What's Changed\n* since the beginning"
    )
    assert desk.github.of("docker-v0.2.0-rc.1")["body"].endswith("* since docker-v0.1.0")
    assert desk.github.of("docker-v0.2.1")["body"].endswith("* since docker-v0.1.0")


def test_notes_that_cannot_be_generated_are_told_and_nothing_is_made() -> None:
    desk = Desk(settings=GitHubReleaseSettings(generate_notes=True))
    refused = {"message": "Invalid previous_tag parameter"}
    desk.github.faults.append(answering("POST", "releases/generate-notes", 422, refused, times=9))
    (result,) = desk.release()
    assert isinstance(result.error, PrerequisiteError)
    assert desk.github.releases == {}


def test_a_text_without_room_for_the_images_is_left_as_it_is() -> None:
    desk = Desk()
    text = "x" * 124_999
    desk.github.release(TAG, text)
    (result,) = desk.release()
    assert isinstance(result.error, PrerequisiteError)
    assert "no room" in result.error.what
    assert desk.github.of(TAG)["body"] == text


def test_a_plan_names_the_releases_that_would_be_made() -> None:
    settings = GitHubReleaseSettings(draft=True)
    plan = a_plan("0.2.1-rc.1", lanes=["app", "tool"], configured=GROUP)
    assert planned_releases(plan, settings) == [
        {"git_tag": "v0.2.1-rc.1", "lanes": ["app", "tool"], "draft": True, "prerelease": True, "generate_notes": False}
    ]
    assert [release["git_tag"] for release in planned_releases(a_plan(), settings)] == [TAG, "standalone-v0.2.1"]
    assert planned_releases(plan, None) == []


def test_a_project_without_them_asks_github_nothing() -> None:
    desk = Desk()
    publisher = Publisher(registry=desk.client(), stager=lambda: desk.stager, workers=1)
    released, on_github = finish(with_github_releases(None, ONE, publisher.publish(ONE)))
    assert (len(released.lanes), on_github, desk.github.log) == (1, (), [])


def test_a_snapshot_has_no_release() -> None:
    desk = Desk()
    snapshot = MAIN.snapshot(COMMIT)
    plan = replace(ONE, lanes=tuple(replace(lane, version=replace(lane.version, value=snapshot)) for lane in ONE.lanes))
    assert desk.release(plan) == ()
    assert desk.github.log == []


def at_each_request(make: Callable[[], Desk], first: Plan, second: Plan) -> Iterator[MemoryGitHub]:
    """GitHub after two runs, the second within the first: before each request of that, one after the other."""
    alone = make()
    alone.release(first)
    for place in range(len(alone.github.log) + 1):
        desk = make()
        other = replace(desk)

        def both(*_: object, desk: Desk = desk, other: Desk = other, place: int = place) -> None:
            if len(desk.github.log) == place + 1:
                desk.github.faults.clear()
                other.release(second)

        desk.github.faults.append(both)
        desk.release(first)
        yield desk.github


def test_two_runs_of_lanes_that_share_a_release_end_with_one_that_has_both() -> None:
    def make() -> Desk:
        return Desk(lanes=GROUP, github=MemoryGitHub(tags={"v0.2.1": COMMIT}))

    plans = [a_plan(lanes=[lane], configured=GROUP) for lane in ("app", "tool")]
    ends = list(at_each_request(make, *plans))
    assert len(ends) > 10
    for github in ends[:-1]:
        assert github.of("v0.2.1")["body"].count("docker pull") == 2


@pytest.mark.parametrize(("first", "second"), [("1.1.0", "2.0.0"), ("2.0.0", "1.1.0")])
def test_two_runs_of_two_versions_end_with_the_newer_as_the_latest(first: str, second: str) -> None:
    def make() -> Desk:
        desk = Desk(github=MemoryGitHub(tags={f"docker-v{version}": COMMIT for version in (first, second)}))
        desk.github.release("docker-v1.0.0")
        return desk

    plans = [a_plan(version, lanes=["main"], latest="no") for version in (first, second)]
    for github in list(at_each_request(make, *plans))[:-1]:
        assert github.latest_tag == "docker-v2.0.0"


def malformed() -> Iterator[tuple[str, str, object]]:
    yield "GET", f"git/ref/tags/{TAG}", {"object": 1}
    yield "GET", f"git/ref/tags/{TAG}", []
    yield "GET", "releases", {}
    yield "GET", "releases", [{"id": "1", "tag_name": "x"}]
    yield "GET", f"releases/tags/{TAG}", {"id": 1}
    yield "GET", "releases/latest", {"tag_name": 3, "id": 1}


@pytest.mark.parametrize(("method", "path", "document"), list(malformed()))
def test_answers_that_are_no_answers_are_told(method: str, path: str, document: object) -> None:
    desk = Desk()
    desk.github.faults.append(answering(method, path, 200, document, times=9))
    (result,) = desk.release()
    assert isinstance(result.error, UnreachableError)
    assert desk.github.releases == {}


def test_the_same_run_stopped_anywhere_and_begun_again_ends_the_same() -> None:
    whole = Desk()
    steps = len(events(whole.flow_to_github()))
    for stop in range(steps):
        desk = Desk()
        for _, _event in zip(range(stop), desk.flow_to_github(), strict=False):
            pass
        desk.release()
        assert list(desk.github.releases) == [101]
        assert desk.github.of(TAG)["body"].count("docker pull") == 1


def test_the_api_of_an_enterprise_server_is_asked_below_its_path() -> None:
    desk = Desk()
    client = desk.github.client()
    github = replace(client.github, api=f"{API}/api/v3/")
    assert replace(client, github=github).commit_of_tag(TAG) == COMMIT
