"""Verification finds each fault, names it, and says nothing about what it could not read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shiplane.cli.views.verification import verified_text
from shiplane.config.lane import MAIN
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.errors import VerificationError
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.session import Session
from shiplane.registry.oci.manifest import OCI_INDEX, OCI_MANIFEST, RawManifest
from shiplane.registry.oci.names import Digest, Platform, Repository, Tag
from shiplane.rollback.result import RollbackRequest
from shiplane.verify.tag_readers import Puller
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verify import Verifier
from tests.faults.harness.access import Access
from tests.faults.harness.images import (
    COMMIT,
    children,
    lie_in_config,
    lose_blob,
    lose_child,
    push_image,
    rewrite,
    store,
    swap_content,
)
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import AIONIS, IMAGE, PATH, Scene, a_plan, finish

V021 = Version.parse("0.2.1")
BOTH = (Platform("linux", "amd64"), Platform("linux", "arm64"))


def verify(
    scene: Scene,
    version: Version | None = None,
    *,
    deep: bool = False,
    latest: bool = True,
    source: str = "--latest",
    commit: str | None = COMMIT,
    stranger: RegistryClient | bool = False,
    puller: Puller | None = None,
    recorded: bool = False,
    insists: bool = False,
) -> VerificationResult:
    registry = scene.client()
    verifier = Verifier(
        registry=registry,
        platforms=Setting(BOTH, "--platforms" if insists else "default"),
        platforms_given=insists,
        commit_of=lambda _lane, _version: commit,
        deep=deep,
        anonymous=registry if stranger is True else stranger or None,
        puller=puller,
        ledgers=scene.ledgers(registry) if recorded else None,
    )
    return finish(verifier.verify(MAIN, version, latest=Setting(latest, source)))


def released() -> tuple[Scene, RawManifest]:
    scene = Scene()
    raw = push_image(scene.registry, PATH, tag="v0.2.1")
    scene.registry.tag(PATH, "latest", raw.digest)
    return scene, raw


def named(found: VerificationResult) -> set[str]:
    return {check.name for check in found.checks if not check.good}


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("version", [None, V021])
def test_a_good_pair_is_good(version: Version | None, deep: bool) -> None:  # noqa: FBT001 -- a table's column
    scene, raw = released()
    found = verify(scene, version, deep=deep, stranger=True)
    assert found.good
    assert (found.version, found.digest) == (V021, raw.digest)


@pytest.mark.parametrize("version", [None, V021])
def test_a_floating_tag_that_nobody_asked_for_need_not_be_there(version: Version | None) -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.1", ["main"], latest="no"))
    found = verify(scene, version, latest=False, source="lane main", recorded=True)
    assert (found.good, found.version) == (True, V021)
    assert named(verify(scene, version)) == ({"floating"} if version else {"resolves"})


def test_the_newest_release_is_verified_where_no_floating_tag_says_which() -> None:
    scene = Scene()
    for version in ("0.3.0-rc.1", "0.2.0", "0.2.1"):
        scene.publish(a_plan(version, ["main"], latest="no"))
    assert verify(scene, latest=False).version == V021
    assert verify(Scene(), latest=False).good is False
    early = Scene()
    early.publish(a_plan("0.1.0-rc.1", ["main"], latest="no"))
    assert str(verify(early, latest=False).version) == "0.1.0-rc.1"


def test_a_floating_tag_that_was_there_and_is_gone_is_missed_by_the_record() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.1", ["main"]))
    scene.registry.shelf(PATH).tags.pop("latest")
    assert named(verify(scene, latest=False, recorded=True)) == {"record"}


Damage = Callable[[MemoryRegistry, RawManifest], RawManifest | None]

DAMAGES: list[tuple[str, Damage, str]] = [
    ("a child manifest is lost", lambda r, raw: lose_child(r, PATH, raw), "child"),
    ("a config is lost", lambda r, raw: lose_blob(r, PATH, raw, "config"), "config"),
    ("a config says another architecture", lambda r, raw: lie_in_config(r, PATH, raw, architecture="arm64"), "config"),
    (
        "a platform is missing",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d["manifests"].pop(1)),
        "platforms",
    ),
    (
        "a platform is there twice",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d["manifests"].append(d["manifests"][0])),
        "platforms",
    ),
    (
        "the index is empty",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d["manifests"].clear()),
        "platforms",
    ),
    (
        "the index is empty and says nothing of itself",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d.update(manifests=[], annotations={})),
        "platforms",
    ),
    (
        "it is no index at all",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d.update(schemaVersion=1)),
        "manifest",
    ),
    (
        "a child is an index itself",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d["manifests"][0].update(mediaType=OCI_INDEX)),
        "child",
    ),
    (
        "a size in the index is wrong",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d["manifests"][0].update(size=1)),
        "child",
    ),
    (
        "a media type in the index is wrong",
        lambda r, raw: rewrite(
            r,
            PATH,
            raw,
            lambda d: d["manifests"][0].update(mediaType="application/vnd.docker.distribution.manifest.v2+json"),
        ),
        "child",
    ),
    (
        "the index says another commit",
        lambda r, raw: rewrite(
            r, PATH, raw, lambda d: d["annotations"].update({"org.opencontainers.image.revision": "b" * 40})
        ),
        "revision",
    ),
]


@pytest.mark.parametrize(("why", "damage", "check"), DAMAGES, ids=[row[0] for row in DAMAGES])
def test_a_damaged_version_is_found_and_the_fault_is_named(why: str, damage: Damage, check: str) -> None:
    scene, raw = released()
    damaged = damage(scene.registry, raw) or raw
    for tag in ("v0.2.1", "latest"):
        scene.registry.tag(PATH, tag, damaged.digest)
    assert check in named(verify(scene, V021))


def test_a_label_of_another_commit_in_one_config_is_found() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, tag="v0.2.1", labels={"org.opencontainers.image.revision": "b" * 40})
    scene.registry.tag(PATH, "latest", raw.digest)
    assert named(verify(scene, V021)) == {"revision"}


def test_an_image_of_another_commit_than_its_git_tag_is_found() -> None:
    scene, _ = released()
    assert named(verify(scene, V021, commit="b" * 40)) == {"revision"}


def test_a_floating_tag_on_another_digest_that_calls_itself_the_same_is_found() -> None:
    scene, _ = released()
    other = push_image(scene.registry, PATH, salt="another build")
    scene.registry.tag(PATH, "latest", other.digest)
    assert "floating" in named(verify(scene))
    assert "floating" in named(verify(scene, V021))


def three_releases(scene: Scene, **plans: str) -> Scene:
    """0.2.0 and 0.2.1 with latest, 0.2.2 without: each is a version that nobody has a fault with."""
    for version, latest in (("0.2.0", "yes"), ("0.2.1", "yes"), ("0.2.2", "no")):
        scene.publish(a_plan(version, ["main"], latest=plans.get(f"v{version[-1]}", latest), commit=version[-1] * 40))
    return scene


EXPECTED_FLOATING = [
    ("the default is no, and latest stayed where it was", False, "lane main", "0.2.2", False, "recorded in the ledger"),
    ("it is where it was last recorded", False, "lane main", "0.2.1", True, "recorded in the ledger"),
    ("it has moved on by the record", False, "lane main", "0.2.0", False, "recorded in the ledger"),
    ("the default is yes, and latest was held back", True, "lane main", "0.2.2", False, "recorded in the ledger"),
    ("a flag says that it need not be there", False, "--latest", "0.2.1", False, "--latest"),
    ("a variable asks for it, and it has moved on", True, "PUBLISH_LATEST", "0.2.0", True, "PUBLISH_LATEST"),
]


@pytest.mark.parametrize(
    ("latest", "source", "version", "expected", "says"),
    [row[1:] for row in EXPECTED_FLOATING],
    ids=[row[0] for row in EXPECTED_FLOATING],
)
def test_the_floating_tag_is_expected_where_somebody_asked_or_the_record_has_it(
    *, latest: bool, source: str, version: str, expected: bool, says: str
) -> None:
    scene = three_releases(Scene())
    found = verify(scene, Version.parse(version), latest=latest, source=source, commit=None, recorded=True)
    assert found.good, list(map(str, found.checks))
    assert found.to_json()["expected_floating"] == {"latest": {"value": expected, "source": says}}
    where = f"expected at v{version} or above" if expected else f"not expected at v{version}"
    assert f"latest: at v0.2.1, {where} ({says})" in verified_text([(AIONIS, found)])


@pytest.mark.parametrize("source", ["--latest", "PUBLISH_LATEST"])
def test_a_floating_tag_that_was_asked_for_and_stayed_is_a_fault_that_names_who_asked(source: str) -> None:
    found = verify(three_releases(Scene()), Version.parse("0.2.2"), source=source, commit=None, recorded=True)
    assert named(found) == {"floating"}
    assert f"({source}), found 0.2.1" in verified_text([(AIONIS, found)])


@pytest.mark.parametrize(("latest", "faults"), [(False, set()), (True, {"floating"})])
def test_without_a_ledger_the_default_of_the_lane_decides(*, latest: bool, faults: set[str]) -> None:
    scene = three_releases(Scene(keeps_ledger=False))
    found = verify(scene, Version.parse("0.2.2"), latest=latest, source="lane main", commit=None)
    assert (named(found), found.expected) == (faults, {"latest": Setting(latest, "lane main")})


@pytest.mark.parametrize("latest", [False, True])
def test_after_a_rollback_neither_what_was_left_nor_what_was_passed_over_lacks_the_floating_tag(
    *, latest: bool
) -> None:
    scene = three_releases(Scene(), v2="yes")
    finish(scene.rollback(RollbackRequest(lane=MAIN, to=Version.parse("0.2.0"), reason="crashes")))
    said = {
        version: verify(scene, Version.parse(version), latest=latest, source="lane main", commit=None, recorded=True)
        for version in ("0.2.2", "0.2.1", "0.2.0")
    }
    assert [sorted(named(found)) for found in said.values()] == [[], [], []]
    assert [found.expected[Tag("latest")] for found in said.values()] == [
        Setting(False, "marked as bad"),
        Setting(False, "recorded in the ledger"),
        Setting(True, "recorded in the ledger"),
    ]


def test_a_floating_tag_that_left_its_recorded_place_is_a_fault_of_the_version_there() -> None:
    scene = three_releases(Scene())
    scene.registry.tag(PATH, "latest", Digest(scene.tags()["v0.2.0"]))
    at = {
        version: named(verify(scene, Version.parse(version), latest=False, source="lane", commit=None, recorded=True))
        for version in ("0.2.1", "0.2.2")
    }
    assert at == {"0.2.1": {"floating", "record"}, "0.2.2": {"record"}}


@pytest.mark.parametrize("recorded", [False, True])
def test_a_floating_tag_that_was_never_there_is_not_missed_where_nobody_asks_for_it(*, recorded: bool) -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.1", ["main"], latest="no"))
    found = verify(scene, V021, latest=False, source="lane main", recorded=recorded)
    assert found.good
    assert "latest: at no version, not expected at v0.2.1" in verified_text([(AIONIS, found)])
    assert named(verify(scene, V021, source="lane main", recorded=recorded)) == (set() if recorded else {"floating"})


def test_a_pre_release_never_has_the_floating_tag() -> None:
    scene = released()[0]
    early = Version.parse("0.2.2-rc.1")
    push_image(scene.registry, PATH, version=str(early), tag=f"v{early}")
    found = verify(scene, early)
    assert (found.good, found.expected) == (True, {"latest": Setting(False, "a pre-release")})


def test_a_floating_tag_left_behind_is_found_unless_it_need_not_be_there() -> None:
    scene, _ = released()
    push_image(scene.registry, PATH, version="0.2.2", revision="b" * 40, tag="v0.2.2")
    newer = Version.parse("0.2.2")
    assert named(verify(scene, newer, commit=None)) == {"floating"}
    assert verify(scene, newer, latest=False, commit=None).good


def test_a_floating_tag_that_has_moved_on_is_no_fault_of_the_older_version() -> None:
    scene, _ = released()
    newer = push_image(scene.registry, PATH, version="0.2.2", revision="b" * 40, tag="v0.2.2")
    scene.registry.tag(PATH, "latest", newer.digest)
    assert verify(scene, V021).good


def test_a_version_that_does_not_exist_is_named() -> None:
    assert named(verify(Scene(), V021)) == {"resolves", "floating"}


LOST_BLOBS = [
    (f"a {part} of {whose}", part, at)
    for at, whose in ((0, "the first platform"), (1, "the second platform"), (2, "an attestation"))
    for part in ("layer", "config")
]


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize(("part", "at"), [row[1:] for row in LOST_BLOBS], ids=[row[0] for row in LOST_BLOBS])
def test_a_version_that_nobody_can_pull_is_found_where_it_is_named(part: str, at: int, *, recorded: bool) -> None:
    scene = Scene()
    (done,) = scene.publish(a_plan("0.2.1", ["main"]))
    raw = scene.registry.shelf(PATH).manifests[str(done.digest)]
    lose_blob(scene.registry, PATH, raw, {"layer": "layers"}.get(part, part), at)
    reads = part == "config" and at < len(BOTH) and not recorded
    lost = "provenance" if (part, at) == ("layer", len(BOTH)) else "config" if reads else "blob"
    assert named(verify(scene, V021, recorded=recorded)) == {lost}


@pytest.mark.parametrize(
    ("why", "version", "looks", "good"),
    [
        ("a survey asks for no layer", None, {}, True),
        ("a version that is named", V021, {}, False),
        ("what the engine has already is asked for all the same", None, {"pull": True}, False),
        ("a deep look", None, {"deep": True}, False),
    ],
)
def test_a_lost_layer_is_found_wherever_one_is_asked_for(
    why: str, version: Version | None, looks: dict[str, bool], *, good: bool
) -> None:
    scene, raw = released()
    lose_blob(scene.registry, PATH, raw, "layers")
    engine = Engine([str(raw.digest)]) if looks.get("pull") else None
    found = verify(scene, version, deep=looks.get("deep", False), puller=engine)
    assert named(found) == (set() if good else {"blob"}), why


def test_the_layers_of_a_version_are_asked_for_by_head_alone_and_each_once() -> None:
    scene, _ = released()
    start = len(scene.registry.log)
    verify(scene)
    survey = len(scene.registry.log)
    verify(scene, V021)
    asked = [
        [entry for entry in scene.registry.log[low:high] if "/blobs/" in entry.path]
        for low, high in ((start, survey), (survey, None))
    ]
    heads = [entry.path for entry in asked[1] if entry.method == "HEAD"]
    assert not [entry for entry in asked[0] if entry.method == "HEAD"]
    # Which of the reads that begin together is first is a matter of time.
    assert sorted(entry.path for entry in asked[1] if entry.method == "GET") == sorted(entry.path for entry in asked[0])
    assert sorted(heads) == sorted(set(heads))
    assert len(heads) == 3, "two layers, and the config that both attestations share; their statements were read"


@pytest.mark.parametrize("deep", [False, True])
def test_a_lost_attestation_is_named(*, deep: bool) -> None:
    scene, raw = released()
    lost = children(raw)[-1]["digest"]
    lose_child(scene.registry, PATH, raw, position=len(children(raw)) - 1)
    (check,) = [check for check in verify(scene, V021, deep=deep).checks if not check.good]
    assert (check.name, check.subject) == ("attestation", Digest(lost).short)


@pytest.mark.parametrize("deep", [False, True])
def test_an_attestation_that_has_lost_its_statement_is_found(*, deep: bool) -> None:
    scene, raw = released()
    lose_blob(scene.registry, PATH, raw, "layers", len(children(raw)) - 1)
    assert named(verify(scene, V021, deep=deep)) == {"provenance"}


@pytest.mark.parametrize(
    ("document", "found"),
    [({"mediaType": OCI_MANIFEST}, "is not a valid manifest"), ({"mediaType": OCI_INDEX, "manifests": []}, "an index")],
)
def test_an_attestation_that_is_none_is_found(document: dict[str, Any], found: str) -> None:
    scene, raw = released()
    bad = store(scene.registry.shelf(PATH), {"schemaVersion": 2, **document})
    entry = {"mediaType": bad.media_type, "digest": str(bad.digest), "size": len(bad.body)}
    other = rewrite(scene.registry, PATH, raw, lambda d: d["manifests"][-1].update(entry))
    for tag in ("v0.2.1", "latest"):
        scene.registry.tag(PATH, tag, other.digest)
    (check,) = [check for check in verify(scene, V021).checks if not check.good]
    assert (check.name, found in check.found) == ("attestation", True)


def test_an_image_without_annotations_is_known_by_its_configs_labels() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, tag="v0.2.1", annotated=False)
    scene.registry.tag(PATH, "latest", raw.digest)
    push_image(scene.registry, PATH, tag="v0.2.0", version="0.2.0")
    start = len(scene.registry.log)
    found = verify(scene)
    assert (found.good, found.version) == (True, V021)
    assert not [entry for entry in scene.registry.log[start:] if entry.reference == "v0.2.0"], "the label told which"


def test_a_floating_tag_that_says_nothing_of_itself_is_no_version_and_nothing_else_is_expected_of_it() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, annotated=False, attestations=False)
    for position in (0, 1):
        raw = lie_in_config(scene.registry, PATH, raw, position, config={})
    scene.registry.tag(PATH, "latest", raw.digest)
    (check,) = [check for check in verify(scene).checks if not check.good]
    assert (check.name, check.found) == ("floating", f"{raw.digest} (its version label: none)")
    scene.registry.tag(PATH, "v0.2.1", raw.digest)
    found = verify(scene, V021)
    assert found.good
    assert [str(check) for check in found.checks if check.warning] == [
        f"{name} of the image: expected {value}, found no label org.opencontainers.image.{name}: made by another tool"
        for name, value in (("revision", COMMIT), ("version", "0.2.1"))
    ]


# As docker/metadata-action writes them, which gives an image the first of its tags for a version.
@pytest.mark.parametrize("label", ["0.2.1", "v0.2.1", "docker-v0.2.1", "0.2", "v0.2", "0", ""])
def test_the_version_label_of_another_tool_is_read_as_it_writes_it(label: str) -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, tag="v0.2.1", version=label)
    scene.registry.tag(PATH, "latest", raw.digest)
    assert verify(scene, V021).good
    assert [check.name for check in verify(scene).checks if check.warning] == ([] if label else ["version"])
    assert not scene.audit(deep=True).drift


@pytest.mark.parametrize("label", ["0.2.2", "0.3", "1", "standalone-v0.2.1", "main", "v0.2.1-rc.1", "24.04"])
def test_a_version_label_that_says_something_else_stays_a_fault(label: str) -> None:
    scene = Scene()
    push_image(scene.registry, PATH, tag="v0.2.1", version=label, annotated=False)
    assert "version" in named(verify(scene, V021, latest=False))
    assert len(scene.audit(deep=True).drift) == 2


def test_a_version_is_expected_for_the_platforms_of_its_publication_unless_others_are_given() -> None:
    scene = Scene()
    scene.stager.platforms = ("linux/amd64",)
    plan = a_plan(lanes=["main"])
    scene.publish(replace(plan, lanes=(replace(plan.lanes[0], platforms=Setting(BOTH[:1], "--platforms")),)))
    found = verify(scene, V021, recorded=True)
    assert found.good, list(map(str, found.checks))
    assert found.to_json()["expected_platforms"] == {"value": ["linux/amd64"], "source": "recorded in the ledger"}
    assert verify(scene, recorded=True).good
    for insists, source in ((True, "--platforms"), (False, "default")):
        told = verify(scene, V021, recorded=insists, insists=insists)
        (bad,) = [check for check in told.checks if not check.good]
        assert (bad.name, bad.expected, bad.found) == (
            "platforms",
            f"linux/amd64, linux/arm64 ({source})",
            "linux/amd64",
        )


def test_what_was_recorded_is_compared_and_a_broken_ledger_is_a_finding_of_its_own() -> None:
    scene = Scene()
    scene.publish(a_plan(lanes=["main"]))
    assert verify(scene, V021, recorded=True).good
    other = push_image(scene.registry, PATH, tag="v0.2.1", salt="moved by hand")
    scene.registry.tag(PATH, "latest", other.digest)
    assert named(verify(scene, V021, recorded=True)) == {"record"}
    push_image(scene.registry, PATH, tag="ledger-main")
    assert named(verify(scene, V021, recorded=True)) == {"ledger"}, "nothing of a broken one is believed"


@dataclass
class Engine:
    """An engine that knows each image that it pulls under some digests, or cannot pull it."""

    digests: Sequence[str] = ()
    fault: str = ""
    pulled: list[str] = field(default_factory=list)
    platforms: tuple[Platform, ...] = ()

    def pull(self, repository: Repository, tag: Tag, platforms: Sequence[Platform]) -> Sequence[str]:
        self.pulled.append(f"{repository}:{tag}")
        self.platforms = tuple(platforms)
        if self.fault:
            raise VerificationError(self.fault)
        return self.digests


def test_both_tags_are_pulled_and_are_the_digest_that_was_verified() -> None:
    scene, raw = released()
    good = Engine([str(raw.digest)])
    assert verify(scene, puller=good).good
    assert good.pulled == [f"{IMAGE}:v0.2.1", f"{IMAGE}:latest"]
    assert good.platforms == BOTH
    rows = [(Engine(["sha256:another"]), "sha256:another"), (Engine(), "no digest"), (Engine(fault="cut"), "cut")]
    for engine, words in rows:
        bad = [check for check in verify(scene, V021, puller=engine).checks if not check.good]
        assert [(check.name, check.subject, check.found) for check in bad] == [
            ("pull", "v0.2.1", words),
            ("pull", "latest", words),
        ]


def test_a_stranger_who_is_refused_or_shown_something_else_is_a_finding() -> None:
    scene, _ = released()
    private = MemoryRegistry(access=Access(anonymous=""))
    other = Scene()
    push_image(other.registry, PATH, tag="v0.2.1", salt="another")
    for shown, words in ((private, "authentication required"), (other.registry, "sha256:")):
        stranger = RegistryClient(Session(shown, None, scene.client().retry_budget), AIONIS)
        bad = [check for check in verify(scene, V021, stranger=stranger).checks if not check.good]
        assert {check.name for check in bad} == {"anonymous"}
        assert words in bad[0].found


def test_the_findings_as_json_have_each_check_and_each_platform() -> None:
    scene, raw = released()
    told = verify(scene, V021).to_json()
    assert (told["lane"], told["version"], told["tag"]) == ("main", "0.2.1", "v0.2.1")
    latest = {"tag": "latest", "range": "", "version": "0.2.1", "digest": str(raw.digest)}
    assert told["floating_tags"] == [latest]
    assert (told["digest"], told["good"]) == (str(raw.digest), True)
    images = dict(zip(map(str, BOTH), (entry["digest"] for entry in children(raw)), strict=False))
    assert told["platforms"] == images
    assert {
        "name": "resolves",
        "subject": "v0.2.1",
        "good": True,
        "expected": "",
        "found": str(raw.digest),
        "warning": False,
    } in told["checks"]
    nothing = verify(Scene()).to_json()
    assert (nothing["version"], nothing["tag"], nothing["digest"], nothing["platforms"]) == (None, None, None, {})
    assert nothing["good"] is False


def test_other_bytes_under_a_digest_are_never_judged_as_if_they_were_right() -> None:
    scene, raw = released()
    swap_content(scene.registry, PATH, children(raw)[0]["digest"], b'{"schemaVersion": 2}')
    with pytest.raises(VerificationError, match="but content with"):
        verify(scene, V021)
