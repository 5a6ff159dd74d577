"""The git tag that starts a workflow, against a git and a remote made of answers: refused, made, lost, taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from shiplane.config.lane import MAIN, Lane
from shiplane.config.names.version_schemes import Scheme
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.settings import Checkout
from shiplane.config.version import Version
from shiplane.config.version_file import FileVersion
from shiplane.core.errors import AccessError, LostRaceError, PrerequisiteError, RefusedError, UnreachableError
from shiplane.core.progress import StepOutcome
from shiplane.core.redact import Redactor
from shiplane.git.remote import Remote
from shiplane.git.repository import Git
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Unknown
from shiplane.registry.oci.manifest import OCI_INDEX, RawManifest
from shiplane.release.trigger import Trigger, TriggeredLane, TriggerResult
from tests.faults.harness.scene import events, finish

HEAD = "a" * 40
WORKFLOW = 'on:\n  push:\n    tags: ["docker-v*"]\n'
OURS, THEIRS = "1" * 40, "2" * 40


@dataclass(frozen=True, kw_only=True)
class Here(Git):
    """A repository of which only the tags matter."""

    known: dict[str, str] = field(default_factory=dict)
    said: str = "one"
    whose: str = "lane main"

    def tags(self) -> list[str]:
        return list(self.known)

    def message(self, commit: str) -> str:
        assert commit == HEAD
        return self.said

    def create_tag(self, tag: str, message: str) -> str:
        assert message == f"Release 0.2.1 of {self.whose}"
        self.known[tag] = OURS
        return OURS

    def delete_tag(self, tag: str, made: str) -> None:
        assert self.known.pop(tag) == made


def pushed_as(what: str, said: str = "") -> Callable[[dict[str, str], str], str]:
    """A push after which the remote has this, and what git says of it."""

    def push(known: dict[str, str], tag: str) -> str:
        known[tag] = what
        return said

    return push


@dataclass(frozen=True, kw_only=True)
class There(Remote):
    """A remote; ``pushed`` is what a push does to it, and ``blind`` whether it can be read afterwards."""

    has: bool = True
    known: dict[str, str] = field(default_factory=dict)
    pushed: Callable[[dict[str, str], str], str] = field(default_factory=lambda: pushed_as(OURS))
    blind: list[bool] = field(default_factory=list)

    def url(self) -> str:
        return "https://github.com/cognary/aionis"

    def has_commit(self, commit: str) -> bool:
        return self.has and commit == HEAD

    def tags(self) -> dict[str, str]:
        if self.blind:
            raise UnreachableError("the remote is away")
        return dict(self.known)

    def create(self, refs: Mapping[str, str], *, dry_run: bool = False, record: bool = False) -> str:
        assert not dry_run
        assert not record, "a git tag is pushed as the user pushes: hooks, signatures and options apply"
        (ref,) = refs
        return self.pushed(self.known, ref.removeprefix("refs/tags/"))


@dataclass
class Scene:
    """Everything that a trigger asks, as the test wants it."""

    here: Here = field(default_factory=lambda: Here(folder=Path(), env={}))
    there: There = field(default_factory=lambda: There(folder=Path(), env={}, login={}, redact=Redactor()))
    changes: tuple[str, ...] = ()
    answer: LookupResult | None = field(default_factory=Absent)
    workflows: dict[str, str] = field(default_factory=lambda: {".github/workflows/publish.yml": WORKFLOW})
    published: Sequence[str] = ()
    drifted: Sequence[str] = ()
    lanes: Sequence[Lane] = (MAIN,)
    version: str = "0.2.1"
    in_file: str = ""

    def trigger(self) -> Trigger:
        answer = self.answer
        return Trigger(
            lanes=[
                TriggeredLane(
                    lane=lane,
                    version=Version.parse(self.version, lane.versions),
                    get_version_tag=(lambda: answer) if answer is not None else None,
                    published=lambda: [Version.parse(text, self.lanes[0].versions) for text in self.published],
                    version_file=FileVersion("package.json", self.in_file) if self.in_file else None,
                )
                for lane in self.lanes
            ],
            checkout=Checkout(commit=HEAD, committed_at="2026-02-28T12:00:00Z", changes=self.changes),
            git=self.here,
            remote=self.there,
            workflows=self.workflows,
            outdated=self.drifted,
        )

    def run(self, *, dry_run: bool = False) -> TriggerResult:
        return finish(self.trigger().run(dry_run=dry_run))

    def story(self, *names: str) -> list[str]:
        told = [one for one in events(self.trigger().run(dry_run=True)) if isinstance(one, StepOutcome)]
        return [f"{one.step.name}: {one.state.value}: {one.reason}" for one in told if one.step.name in names]


def test_a_tag_is_made_pushed_and_read_back() -> None:
    scene = Scene()
    done = scene.run()
    assert (done.git_tag, done.commit, done.pushed) == ("docker-v0.2.1", HEAD, True)
    assert done.workflows == (".github/workflows/publish.yml",)
    assert (scene.here.known, scene.there.known) == ({"docker-v0.2.1": OURS}, {"docker-v0.2.1": OURS})
    assert done.to_json()["remote"] == "https://github.com/cognary/aionis"


def test_a_dry_run_looks_at_everything_and_makes_no_tag() -> None:
    scene = Scene()
    assert scene.run(dry_run=True).pushed is False
    assert (scene.here.known, scene.there.known) == ({}, {})
    assert scene.story("resolve", "remote", "version", "registry", "workflow", "tag", "push") == [
        "resolve: done: commit aaaaaaaaaaaa, clean",
        "remote: done: has the commit",
        "version: done: new: the lane has no git tag yet",
        "registry: done: does not exist yet",
        "workflow: done: starts .github/workflows/publish.yml",
        "tag: skipped: dry run: nothing was tagged",
        "push: skipped: dry run: nothing was pushed",
    ]


PRESENT = Present(RawManifest(body=b"{}", media_type=OCI_INDEX))


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"changes": ("a", "b")}, PrerequisiteError, "the working tree differs from commit aaaaaaaaaaaa: a, b"),
        ({"has": False}, PrerequisiteError, "no branch of .* has commit aaaaaaaaaaaa"),
        ({"there": ["docker-v0.2.1"]}, RefusedError, "the remote has git tag docker-v0.2.1 already"),
        ({"here": ["docker-v0.2.1"]}, RefusedError, "git tag docker-v0.2.1 exists only in this repository"),
        ({"here": ["docker-v0.3.0"]}, RefusedError, "0.2.1 is not higher than 0.3.0, the newest release of lane main"),
        ({"there": ["docker-v0.2.2"]}, RefusedError, "0.2.1 is not higher than 0.2.2"),
        ({"answer": PRESENT}, RefusedError, "the registry has v0.2.1 already, as sha256:"),
        (
            {"published": ["0.2.9", "0.1.0", "0.3.0-rc.1"]},
            RefusedError,
            "0.2.1 is not higher than 0.2.9, the newest release in the registry of lane main",
        ),
        (
            {"in_file": "0.2.2"},
            RefusedError,
            "git tag docker-v0.2.1 gives lane main version 0.2.1, but package.json of the commit has '0.2.2'",
        ),
        ({"drifted": ["a.yml", "b.yml"]}, PrerequisiteError, "out of date with the project file: a.yml, b.yml"),
        (
            {"said": "fix\n\nskip-checks: true\n"},
            PrerequisiteError,
            "the message of commit aaaaaaaaaaaa says skip-checks: true: a git tag there starts no workflow",
        ),
    ],
)
def test_what_must_not_be_tagged_is_refused_before_a_tag_is_made(
    change: dict[str, object], kind: type[Exception], words: str
) -> None:
    scene = Scene()
    scene.changes = change.get("changes", ())  # type: ignore[assignment] # the table's columns
    scene.in_file = str(change.get("in_file", "0.2.1"))
    object.__setattr__(scene.there, "has", change.get("has", True))
    scene.there.known.update(dict.fromkeys(change.get("there", ()), THEIRS))  # type: ignore[call-overload]
    scene.here.known.update(dict.fromkeys(change.get("here", ()), THEIRS))  # type: ignore[call-overload]
    scene.answer = change.get("answer", Absent())  # type: ignore[assignment]
    scene.published, scene.drifted = change.get("published", ()), change.get("drifted", ())  # type: ignore[assignment]
    object.__setattr__(scene.here, "said", change.get("said", ""))
    before = dict(scene.there.known), dict(scene.here.known)
    with pytest.raises(kind, match=words):
        scene.run()
    assert (scene.there.known, scene.here.known) == before


def test_tags_of_others_and_pre_releases_say_nothing_about_what_is_newest() -> None:
    scene = Scene()
    scene.here.known.update(dict.fromkeys(["docker-v0.3.0-rc.1", "v0.9.0", "nightly", "docker-v0.2.0"], THEIRS))
    assert scene.story("version") == ["version: done: new, above 0.2.0"]


@pytest.mark.parametrize("answer", [None, Unknown("away")])
def test_a_registry_that_does_not_say_is_left_to_ci(answer: LookupResult | None) -> None:
    assert Scene(answer=answer).story("registry") == [
        "registry: skipped: the registry could not be read; CI will check"
    ]


def test_the_registry_s_newest_release_is_told_where_there_is_no_git_tag_of_it() -> None:
    scene = Scene(published=["0.2.0", "0.3.0-rc.1"])
    assert scene.story("version", "registry") == [
        "version: done: new: the lane has no git tag yet",
        "registry: done: does not exist yet, above 0.2.0",
    ]


def test_a_message_that_asks_for_no_run_is_no_matter_where_nothing_would_start() -> None:
    scene = Scene(workflows={})
    object.__setattr__(scene.here, "said", "[skip ci]")
    assert scene.run().pushed


def test_a_tag_that_starts_nothing_is_told() -> None:
    scene = Scene(workflows={"a.yml": 'on:\n  push:\n    tags: ["release-*"]\n'})
    assert "nothing may start" in scene.story("workflow")[0]
    assert scene.run().workflows == ()


ALPINE = replace(MAIN, name="alpine", version_template=TagTemplate("v", "-alpine"))


def test_one_tag_releases_every_lane_of_a_group_and_each_is_looked_for() -> None:
    scene = Scene(lanes=(MAIN, ALPINE), workflows={}, here=Here(folder=Path(), env={}, whose="lanes main, alpine"))
    assert scene.story("version", "registry") == [
        "version: done: new: the lanes have no git tag yet",
        "registry: done: does not exist yet",
        "registry: done: does not exist yet",
    ]
    done = scene.run()
    assert (done.git_tag, done.to_json()["lanes"]) == ("docker-v0.2.1", ["main", "alpine"])


def test_a_group_of_which_one_lane_has_the_version_is_not_released() -> None:
    scene = Scene(lanes=(MAIN, ALPINE))
    flow = replace(
        scene.trigger(),
        lanes=[scene.trigger().lanes[0], replace(scene.trigger().lanes[1], get_version_tag=lambda: PRESENT)],
    )
    with pytest.raises(RefusedError, match=r"the registry has v0\.2\.1-alpine already"):
        finish(flow.run(dry_run=True))


@pytest.mark.parametrize("where", ["git", "registry"])
def test_another_spelling_of_a_version_that_is_there_is_refused(where: str) -> None:
    lane = replace(MAIN, versions=Scheme.PEP440)
    scene = Scene(lanes=(lane,), version="3.2.0")
    if where == "git":
        scene.here.known["docker-v3.2"] = THEIRS
    else:
        scene.published = ("3.1", "3.2")
    with pytest.raises(RefusedError, match=r"3\.2\.0 is 3\.2 in another spelling") as caught:
        scene.run()
    assert caught.value.remedy == "A version is released once. The next one is 3.2.1."


def pushing(scene: Scene, pushed: Callable[[dict[str, str], str], str]) -> Scene:
    object.__setattr__(scene.there, "pushed", pushed)
    return scene


def test_a_tag_that_somebody_else_pushed_meanwhile_is_theirs_and_ours_does_not_stay() -> None:
    scene = pushing(Scene(), pushed_as(THEIRS, "rejected"))
    with pytest.raises(LostRaceError, match=r"pushed git tag docker-v0\.2\.1 meanwhile: it is 222222222222"):
        scene.run()
    assert (scene.here.known, scene.there.known) == ({}, {"docker-v0.2.1": THEIRS})


@pytest.mark.parametrize(
    ("said", "words"), [("fatal: unable to access", "unable to access"), ("", "the push was accepted, but the git tag")]
)
def test_a_push_that_did_not_arrive_leaves_no_tag_here(said: str, words: str) -> None:
    scene = pushing(Scene(), lambda _known, _tag: said)
    with pytest.raises((AccessError, UnreachableError, RefusedError), match=words):
        scene.run()
    assert (scene.here.known, scene.there.known) == ({}, {})


def test_a_push_of_which_nobody_knows_keeps_the_tag_here_and_says_what_to_look_at() -> None:
    scene = Scene()

    def broken(_known: dict[str, str], _tag: str) -> str:
        scene.there.blind.append(True)
        return "the line broke"

    pushing(scene, broken)
    with pytest.raises(UnreachableError, match=r"whether git tag docker-v0\.2\.1 arrived could not") as caught:
        scene.run()
    assert scene.here.known == {"docker-v0.2.1": OURS}
    assert "git ls-remote --tags origin docker-v0.2.1" in caught.value.remedy


def test_an_interrupt_before_the_push_leaves_no_tag_here() -> None:
    scene = Scene()
    flow = scene.trigger().run(dry_run=False)
    for event in flow:
        if isinstance(event, StepOutcome) and event.step.name == "tag":
            break
    assert scene.here.known == {"docker-v0.2.1": OURS}
    flow.close()
    assert scene.here.known == {}
