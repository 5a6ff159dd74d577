"""A release into several repositories: one digest in all, every version tag before any floating tag, primary first."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from shiplane.config.plan import Plan
from shiplane.core.errors import AccessError, RefusedError, ShiplaneError, UnreachableError
from shiplane.core.progress import Step, StepOutcome
from shiplane.core.redact import Redactor
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Transport
from shiplane.registry.http.session import Session
from shiplane.registry.oci.names import Repository
from shiplane.release.result import LaneResult
from tests.faults.harness.access import Access, Account, failure
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty, Instead
from tests.faults.harness.images import COMMIT, push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import AIONIS, PATH, USER, Scene, a_plan, events, finish, to_images
from tests.thorough import THOROUGH

MIRROR = Repository("registry.example", "acme/app")
SIBLING = Repository("ghcr.io", "cognary/sibling")
PASSWORD = "pw_m1rr0r_c4n4ry"
OTHER = "d" * 40
KINDS = (F.FORBIDDEN, F.NOT_FOUND, F.RESET, F.SERVER_ERROR, F.TRUNCATED)
LOGINS = ((USER.username, USER.password), ("mirrorer", PASSWORD))


@dataclass
class Mirrored(Scene):
    """A scene with a second registry, which has a credential of its own."""

    mirror: MemoryRegistry = field(init=False)
    to_mirror: Transport = field(init=False)
    images: tuple[Repository, ...] = (AIONIS, MIRROR)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mirror = MemoryRegistry(
            host=MIRROR.registry, access=Access(accounts={"mirrorer": Account(PASSWORD)}), clock=self.registry.clock
        )
        self.to_mirror = self.mirror

    def client(self) -> RegistryClient:
        primary = super().client()
        credential = replace(USER, registry=MIRROR.registry, username="mirrorer", password=PASSWORD)
        redact = Redactor()
        redact.add_credential(credential)
        session = Session(self.to_mirror, credential, primary.retry_budget, redact)
        return replace(
            primary, sessions=lambda other: session if other.registry == MIRROR.registry else primary.session
        )

    def plan(self, version: str = "0.2.1", latest: str = "yes") -> Plan:
        return to_images(a_plan(version, latest=latest), *self.images)

    def release(self, version: str = "0.2.1", latest: str = "yes") -> tuple[LaneResult, ...]:
        return self.publish(self.plan(version, latest))

    def mirrored(self) -> dict[str, str]:
        return self.mirror.tags(MIRROR)

    def converged(self) -> bool:
        """Whether both have the same tags, each at the same digest."""
        return self.tags() == self.mirrored()


BOTH = {"v0.2.1", "latest", "standalone-v0.2.1", "standalone-latest"}


def test_all_tags_have_one_digest_in_both_repositories() -> None:
    scene = Mirrored()
    main, standalone = scene.release()
    assert scene.converged()
    assert set(scene.mirrored()) == BOTH
    assert scene.stager.built == ["main", "standalone"]
    assert scene.mirrored()["v0.2.1"] == str(main.digest)
    assert [mirror.to_json(standalone.plan.tag, standalone.digest) for mirror in standalone.mirrors] == [
        {
            "image": "registry.example/acme/app:standalone-v0.2.1",
            "reference": f"registry.example/acme/app@{standalone.digest}",
            "floating_tags": [
                {
                    "tag": "standalone-latest",
                    "range": "",
                    "version": "0.2.1",
                    "digest": str(standalone.digest),
                    "moved": True,
                    "reason": "standalone-latest does not exist there yet",
                }
            ],
        }
    ]


def written(scene: Mirrored) -> list[str]:
    """The steps that write tags, in order."""
    return [
        f"{event.name} {event.subject}"
        for event in events(scene.flow(scene.plan()))
        if isinstance(event, Step) and event.writes and event.name != "record"
    ]


def test_every_version_tag_is_in_every_repository_before_any_floating_tag_and_the_primary_is_first() -> None:
    scene = Mirrored()
    assert written(scene) == [
        *("tag v0.2.1", "tag standalone-v0.2.1"),
        *(f"tag v0.2.1 in {MIRROR}", f"tag standalone-v0.2.1 in {MIRROR}"),
        *("move latest", "move standalone-latest"),
        *(f"move latest in {MIRROR}", f"move standalone-latest in {MIRROR}"),
    ]
    assert scene.converged()


def test_nothing_is_named_before_everything_is_copied() -> None:
    scene = Mirrored()
    names = [event.name for event in events(scene.flow(scene.plan())) if isinstance(event, Step)]
    last_copy = len(names) - 1 - names[::-1].index("copy")
    assert last_copy < names.index("tag")
    assert names.index("stage") < names.index("copy")


def test_a_further_repository_of_the_same_registry_has_its_blobs_mounted() -> None:
    scene = Mirrored(images=(AIONIS, SIBLING))
    scene.release()
    assert scene.registry.tags(SIBLING) == scene.tags()
    assert scene.mirror.log == []


def test_each_registry_sees_its_own_credential_only() -> None:
    scene = Mirrored()
    scene.release()
    seen = [{entry.authorization for entry in registry.log} for registry in (scene.registry, scene.mirror)]
    basic = [f"Basic {base64.b64encode(f'{user}:{word}'.encode()).decode()}" for user, word in LOGINS]
    assert [[one in there for one in basic] for there in seen] == [[True, False], [False, True]]


@pytest.mark.parametrize("at_mirror", [True, False])
def test_one_registry_away_and_nothing_is_named_anywhere_and_the_next_run_completes_it(*, at_mirror: bool) -> None:
    scene = Mirrored()
    away = Faulty(scene.mirror if at_mirror else scene.registry, [Fault(F.RESET, times=FOR_EVER)])
    if at_mirror:
        scene.to_mirror = away
    else:
        scene.transport = away
    with pytest.raises(UnreachableError):
        scene.release()
    assert (scene.tags(), scene.mirrored()) == ({}, {})
    away.plan = []
    scene.release()
    assert scene.converged()


def test_a_registry_that_goes_away_while_it_is_copied_to_leaves_nothing_named_and_no_second_build() -> None:
    scene = Mirrored()
    scene.to_mirror = away = Faulty(scene.mirror, [Fault(F.SERVER_ERROR, "PUT", "/manifests/", times=FOR_EVER)])
    with pytest.raises(UnreachableError, match=r"could not be copied to registry\.example/acme/app"):
        scene.release()
    assert (scene.tags(), scene.mirrored()) == ({}, {})
    away.plan = []
    scene.release()
    assert scene.converged()


def test_one_that_goes_away_once_the_primary_is_named_is_completed_without_a_build() -> None:
    scene = Mirrored()
    scene.to_mirror = away = Faulty(scene.mirror, [Fault(F.SERVER_ERROR, "PUT", "/manifests/v", times=FOR_EVER)])
    with pytest.raises(UnreachableError):
        scene.release()
    assert set(scene.tags()) == {"v0.2.1", "standalone-v0.2.1"}, "nothing floats anywhere"
    assert scene.mirrored() == {}
    away.plan = []
    scene.release()
    assert scene.converged()
    assert set(scene.mirrored()) == BOTH
    assert scene.stager.built == ["main", "standalone"]


def test_a_run_that_is_stopped_before_any_step_is_completed_by_the_next() -> None:
    steps = sum(isinstance(event, Step) for event in events(Mirrored().flow(Mirrored().plan())))
    for last in range(0, steps, 1 if THOROUGH else 4):
        scene = Mirrored()
        flow = scene.flow(scene.plan())
        for _ in range(last + 1):
            next(event for event in flow if isinstance(event, Step))
        flow.close()
        floats = {tag for tags in (scene.tags(), scene.mirrored()) for tag in tags if tag.endswith("latest")}
        if floats:
            assert {"v0.2.1", "standalone-v0.2.1"} <= scene.tags().keys() & scene.mirrored().keys()
        scene.release()
        assert scene.converged(), last
        assert set(scene.mirrored()) == BOTH


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("at_mirror", [True, False])
@pytest.mark.parametrize(
    "kind", [F.FORBIDDEN, F.NOT_FOUND, F.RESET, F.SERVER_ERROR, F.TRUNCATED], ids=lambda kind: kind.name
)
def test_a_run_that_any_request_breaks_is_completed_by_the_next(kind: F, *, at_mirror: bool, applied: bool) -> None:
    quiet = Mirrored()
    quiet.release()
    for position in range(0, len((quiet.mirror if at_mirror else quiet.registry).log), 1 if THOROUGH else 13):
        scene = Mirrored()
        inner = scene.mirror if at_mirror else scene.registry
        faulty = Faulty(inner, [Fault(kind, skip=position, applied=applied)])
        if at_mirror:
            scene.to_mirror = faulty
        else:
            scene.transport = faulty
        try:
            scene.release()
        except ShiplaneError:
            faulty.plan = []
            scene.release()
        assert scene.converged(), position
        assert set(scene.mirrored()) == BOTH


def test_a_repository_that_is_added_later_gets_the_version_from_the_primary() -> None:
    scene = Mirrored(images=(AIONIS,))
    scene.release("0.2.0")
    scene.release()
    scene.images = (AIONIS, MIRROR)
    scene.stager.built.clear()
    main, _ = scene.release()
    assert scene.stager.built == []
    assert set(scene.mirrored()) == BOTH
    assert {tag: scene.tags()[tag] for tag in BOTH} == scene.mirrored()
    assert not main.floating_tags[0].moved
    assert main.mirrors[0].floating_tags[0].moved
    scene.mirror.log.clear()
    assert finish(scene.flow(scene.plan()))
    assert not [entry for entry in scene.mirror.log if entry.method == "PUT"]


@pytest.mark.parametrize("published", [True, False])
def test_other_content_under_a_version_tag_there_is_refused_before_anything_is_named(*, published: bool) -> None:
    scene = Mirrored(images=(AIONIS,))
    if published:
        scene.release(latest="no")
    before = scene.tags()
    push_image(scene.mirror, MIRROR, revision=OTHER, tag="standalone-v0.2.1", salt="theirs")
    theirs = scene.mirrored()
    scene.images = (AIONIS, MIRROR)
    scene.stager.built.clear()
    with pytest.raises(RefusedError, match="a version is the same in every repository") as caught:
        scene.release()
    assert ("does not exist" in caught.value.what) == (not published)
    assert (scene.tags(), scene.mirrored(), scene.stager.built) == (before, theirs, [])


def test_a_version_tag_that_appears_there_meanwhile_is_not_overwritten() -> None:
    scene = Mirrored()
    flow = scene.flow(scene.plan())
    for event in flow:
        if isinstance(event, StepOutcome) and event.step.name == "stage":
            break
    theirs = push_image(scene.mirror, MIRROR, revision=OTHER, tag="v0.2.1", salt="theirs").digest
    with pytest.raises(RefusedError, match=r"v0\.2\.1 now exists as"):
        finish(flow)
    assert scene.mirrored()["v0.2.1"] == str(theirs)
    assert "latest" not in scene.tags()


def test_a_floating_tag_that_is_higher_there_stays() -> None:
    scene = Mirrored()
    higher = push_image(scene.mirror, MIRROR, version="0.3.0", tag="v0.3.0").digest
    scene.mirror.tag(MIRROR, "latest", higher)
    main, standalone = scene.release()
    assert scene.mirrored()["latest"] == str(higher)
    assert scene.tags()["latest"] == str(main.digest)
    (there,) = main.mirrors[0].floating_tags
    assert (there.moved, there.reason) == (False, "0.2.1 is lower than 0.3.0, where latest is there")
    assert scene.mirrored()["standalone-latest"] == str(standalone.digest)


def test_one_that_is_lower_there_moves_forward() -> None:
    scene = Mirrored()
    lower = push_image(scene.mirror, MIRROR, version="0.1.0", tag="v0.1.0").digest
    scene.mirror.tag(MIRROR, "latest", lower)
    main, _ = scene.release()
    assert scene.mirrored()["latest"] == str(main.digest)
    assert main.mirrors[0].floating_tags[0].reason == "forward from 0.1.0 to 0.2.1"


def test_one_that_is_where_the_primary_was_moves_with_it() -> None:
    scene = Mirrored()
    scene.release("0.2.0")
    del scene.mirror.shelf(MIRROR).tags["v0.2.0"]
    main, _ = scene.release()
    assert scene.mirrored()["latest"] == str(main.digest)
    assert main.mirrors[0].floating_tags[0].reason == "latest is where the primary's was"


def test_one_at_an_unknown_place_there_is_refused_before_anything_is_named() -> None:
    scene = Mirrored()
    strange = push_image(scene.mirror, MIRROR, revision=OTHER, version="nonsense").digest
    scene.mirror.tag(MIRROR, "latest", strange)
    with pytest.raises(RefusedError, match=r"app:latest points at sha256:.* cannot tell whether"):
        scene.release()
    assert (scene.tags(), scene.stager.built) == ({}, [])
    # Where the floating tag is not asked for, it is nobody's concern.
    scene.release(latest="no")
    assert scene.mirrored()["v0.2.1"] == scene.tags()["v0.2.1"]


def test_a_version_that_floats_nowhere_in_the_primary_does_not_float_there() -> None:
    scene = Mirrored()
    scene.release("0.3.0")
    scene.release("0.2.1", latest="no")
    assert scene.converged()
    assert scene.mirrored()["latest"] == scene.tags()["v0.3.0"]


def test_without_permission_to_push_there_nothing_is_built() -> None:
    scene = Mirrored()
    scene.mirror.access.accounts["mirrorer"] = Account(PASSWORD, "pull")
    with pytest.raises(AccessError, match=r"refused to push to registry\.example/acme/app as mirrorer"):
        scene.release()
    assert (scene.stager.built, scene.tags()) == ([], {})


def test_a_package_there_that_cannot_be_read_before_it_exists_is_presumed_new() -> None:
    scene = Mirrored()

    def hidden(request: object) -> object:
        if MIRROR.path in scene.mirror.shelves and scene.mirror.shelf(MIRROR).manifests:
            return scene.mirror.send(request, limit=1 << 30, deadline=0)  # type: ignore[arg-type]
        return failure(403, "DENIED", "denied")

    answers: dict[str, Callable[..., object]] = {r"(GET|HEAD) registry\.example/v2/acme": hidden}
    scene.to_mirror = Instead(scene.mirror, answers)  # type: ignore[arg-type]
    scene.release()
    assert scene.converged()


def test_a_version_that_was_marked_meanwhile_floats_nowhere() -> None:
    scene = Mirrored()
    scene.release(latest="no")
    flow = scene.flow(scene.plan())
    for event in flow:
        if isinstance(event, StepOutcome) and event.step.name == "copy":
            break
    finish(scene.marker().mark(a_plan().lanes[0].lane, a_plan().lanes[0].version.value, "it loses data"))
    finish(flow)
    assert "latest" not in scene.tags()
    assert "latest" not in scene.mirrored()
    assert scene.mirrored()["standalone-latest"] == scene.tags()["standalone-latest"]


def test_what_is_known_of_the_commit_is_in_both() -> None:
    scene = Mirrored()
    scene.release()
    assert a_plan().commit == COMMIT
    assert scene.registry.shelf(PATH).manifests.keys() - scene.mirror.shelf(MIRROR).manifests.keys() == {
        scene.registry.tags(PATH)[f"ledger-{lane}"] for lane in ("main", "standalone")
    }
