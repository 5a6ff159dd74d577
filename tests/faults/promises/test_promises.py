"""Promises that hang on one guard each, asked for where nothing else could keep them (see ``guards.py``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from shiplane.config.plan import Plan
from shiplane.config.project_file import parse_project_file
from shiplane.config.setting import Setting
from shiplane.config.settings import Checkout, Lacking
from shiplane.config.version import Version
from shiplane.config.version_file import FileVersion
from shiplane.core.errors import ConfigurationError, PrerequisiteError, RefusedError, ShiplaneError, UnreachableError
from shiplane.core.progress import Flow
from shiplane.docker.builders import Builder, Node
from shiplane.docker.buildx import Buildx
from shiplane.registry.http.exchange import Request, Response, TransportError
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.lookup_result import Absent, Unknown
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest, Platform
from shiplane.release.planning.decision import decide
from shiplane.release.planning.tag_actions import FloatingTagAction
from shiplane.release.source_check import check_again, check_source
from shiplane.release.staging.join import IndexJoiner
from shiplane.release.staging.multi_node import MultiNodeStager
from shiplane.release.staging.staging import BuildxStager, stager_for
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.survey import Survey
from tests.faults.harness.access import answer, failure
from tests.faults.harness.client_setup import AIONIS, ClientSetup
from tests.faults.harness.faults import Instead
from tests.faults.harness.images import COMMIT, push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import PATH, Scene, a_plan, finish, until
from tests.faults.harness.server import raw as raw_bytes
from tests.faults.harness.server import serve


class LosingFloats:
    """A connection over which no floating tag's PUT arrives, although each is answered with a yes."""

    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        if request.method == "PUT" and request.url.endswith("/manifests/latest"):
            return answer(201, {}, docker_content_digest=str(Digest.of(request.body)))
        return self._registry.send(request, limit=limit, deadline=deadline)


def test_a_floating_tag_that_does_not_read_back_is_no_success() -> None:
    scene = Scene()
    scene.transport = LosingFloats(scene.registry)
    with pytest.raises(UnreachableError, match="could not be read back"):
        scene.publish(a_plan(lanes=["main"]))
    assert set(scene.tags()) == {"v0.2.1"}


class Blind:
    """A connection that loses every PUT of a tag, and after the first one every read of it."""

    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry
        self.puts = 0

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        named = "/manifests/v0.2.1" in request.url
        self.puts += named and request.method == "PUT"
        if named and self.puts:
            raise TransportError("the connection broke")
        return self._registry.send(request, limit=limit, deadline=deadline)


def test_a_lost_put_is_not_repeated_while_the_name_cannot_be_read() -> None:
    scene = Scene()
    scene.transport = blind = Blind(scene.registry)
    with pytest.raises(UnreachableError, match="could not be read back"):
        scene.publish(a_plan(lanes=["main"]))
    assert blind.puts == 1


def test_a_name_that_another_wrote_at_the_same_time_is_a_lost_race() -> None:
    scene = Scene()
    flow = scene.flow(a_plan(lanes=["main"]))
    until(flow, lambda step: step.name == "read back")
    push_image(scene.registry, PATH, salt="somebody else", tag="v0.2.1")
    with pytest.raises(ShiplaneError) as caught:
        finish(flow)
    assert caught.value.kind == "lost-race"


def test_a_snapshot_never_moves_the_floating_tag() -> None:
    lane = replace(a_plan(lanes=["main"]).lanes[0], version=Setting(Version.snapshot(COMMIT), "HEAD"))
    states = tuple(FloatingTagState(floating=floating, answer=Absent()) for floating in lane.floating_tags)
    (made,) = decide(lane, Survey(version=Absent(), floating_tags=states), COMMIT).moves
    assert (made.action, "pre-release" in made.reason) == (FloatingTagAction.LEAVE, True)


def test_other_bytes_under_a_digest_are_a_finding() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS)
    other = Response(status=200, headers={"content-type": raw.media_type}, body=raw.body + b" ")
    found = setup.registry(Instead(setup.memory, {"/manifests/": lambda _: other})).get_manifest(raw.digest)
    assert isinstance(found, Unknown)
    assert found.corrupt


def test_a_header_that_names_another_digest_is_a_finding() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag="v0.2.1")
    headers = {"content-type": raw.media_type, "docker-content-digest": "sha256:" + "0" * 64}
    lying = Response(status=200, headers=headers, body=raw.body)
    found = setup.registry(Instead(setup.memory, {"/manifests/": lambda _: lying})).get_manifest(raw.digest)
    assert isinstance(found, Unknown)
    assert found.corrupt


def test_a_page_that_leads_back_to_the_first_is_not_asked_for_twice() -> None:
    setup = ClientSetup()
    link = {"link": f'</v2/{AIONIS.path}/tags/list?n=1000>; rel="next"'}
    wire = Instead(setup.memory, {"/tags/list": lambda _: answer(200, {"name": AIONIS.path, "tags": []}, **link)})
    with pytest.raises(UnreachableError, match="does not end"):
        setup.registry(_AtMost(wire, 20)).tags()
    assert len(wire.asked) == 1, "an empty page adds nothing that could be seen to repeat itself"


def test_a_list_that_goes_on_for_ever_is_left_after_a_thousand_pages() -> None:
    setup = ClientSetup()

    def page(request: Request) -> Response:
        number = int(request.url.rpartition("v1.0.")[2] or 0) if "last" in request.url else 0
        more = {"link": f'</v2/{AIONIS.path}/tags/list?n=1000&last=v1.0.{number + 1}>; rel="next"'}
        return answer(200, {"name": AIONIS.path, "tags": [f"v1.0.{number + 1}"]}, **more)

    with pytest.raises(UnreachableError, match="does not end"):
        setup.registry(_AtMost(Instead(setup.memory, {"/tags/list": page}), 1100)).tags()


class _Limits:
    """Remembers how much would have been read."""

    def __init__(self, inner: MemoryRegistry) -> None:
        self.inner, self.most = inner, 0

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        self.most = max(self.most, limit)
        return self.inner.send(request, limit=limit, deadline=deadline)


def test_nothing_is_read_beyond_four_mebibytes() -> None:
    scene = Scene()
    scene.transport = limits = _Limits(scene.registry)
    scene.publish()
    assert 0 < limits.most <= 4 * 1024 * 1024


def test_of_an_error_64_kibibytes_are_read() -> None:
    long = b"HTTP/1.1 500 Ouch\r\ncontent-length: 200000\r\n\r\n" + b"x" * 200_000
    with serve(MemoryRegistry()) as served:
        served.rude["GET /v2/"] = raw_bytes(long)
        request = Request(method="GET", url=served.url("/v2/"))
        response = HttpTransport({}, user_agent="test").send(request, limit=1 << 30, deadline=20)
    assert (response.status, len(response.body)) == (500, 64 * 1024)


def test_the_sixth_redirect_is_not_followed() -> None:
    setup = ClientSetup()
    config = b'{"os": "linux"}'
    blob = Descriptor(media_type="application/json", digest=Digest.of(config), size=len(config))

    def on(request: Request) -> Response:
        hop = int(request.url.rpartition("hop")[2] or 0) if "hop" in request.url else 0
        return Response(status=307, headers={"location": f"https://storage.example/hop{hop + 1}"})

    wire = Instead(setup.memory, {"/blobs/|/hop": on})
    with pytest.raises(UnreachableError, match="redirected more than 5 times"):
        setup.registry(_AtMost(wire, 20)).blob(blob)
    assert len(wire.asked) == 6


class _AtMost:
    """So that a test without its guard fails, and does not run for ever."""

    def __init__(self, inner: Instead, most: int) -> None:
        self.inner, self.left = inner, most

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        self.left -= 1
        if self.left < 0:
            raise TransportError("enough")
        return self.inner.send(request, limit=limit, deadline=deadline)


def test_a_token_that_the_registry_echoes_is_hidden() -> None:
    setup = ClientSetup()

    def echo(request: Request) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return failure(500, "UNKNOWN", f"what is {token}?")

    found = setup.registry(Instead(setup.memory, {"/manifests/": echo})).get_manifest(Digest.of(b""))
    assert isinstance(found, Unknown)
    assert "what is ***?" in found.reason
    assert not any(token in "".join([found.reason, *setup.said]) for token in setup.memory.access.grants)


def _source(changes: tuple[str, ...] = (), tag_at: str | None = None, version: str = "0.2.1") -> Flow[None]:
    plan: Plan = a_plan(version, lanes=["main"])
    checkout = Checkout(commit=COMMIT, committed_at="2026-02-28T12:00:00Z", changes=changes)
    return check_source(plan, checkout, lambda _tag: tag_at)


def test_a_clean_tree_whose_git_tag_stands_here_is_taken() -> None:
    assert "clean" in list(_source(tag_at=COMMIT))[-1].reason  # type: ignore[union-attr] # the last is an outcome


def test_a_dirty_tree_is_refused_whatever_else_holds() -> None:
    with pytest.raises(PrerequisiteError, match="left-over"):
        list(_source(changes=("left-over",), tag_at=COMMIT))


def test_a_tree_that_is_not_whole_is_refused_with_the_command_that_completes_it() -> None:
    lacking = Lacking("a submodule is not checked out", ("vendor/lib",), "git submodule update --init")
    checkout = Checkout(commit=COMMIT, committed_at="", lacking=(lacking, lacking))
    with pytest.raises(PrerequisiteError, match="is incomplete: a submodule is not checked out: vendor/lib") as caught:
        list(check_source(a_plan(lanes=["main"]), checkout, lambda _tag: None))
    assert caught.value.remedy == "Run: git submodule update --init"


def test_another_head_than_was_planned_is_refused() -> None:
    moved = Checkout(commit="b" * 40, committed_at="")
    with pytest.raises(PrerequisiteError, match="HEAD has moved to bbbbbbbbbbbb"):
        list(check_again(a_plan(lanes=["main"]), moved))


def test_a_git_tag_at_another_commit_is_refused_whatever_else_holds() -> None:
    with pytest.raises(PrerequisiteError, match="is at bbbbbbbbbbbb"):
        list(_source(tag_at="b" * 40))


def test_a_version_that_its_file_does_not_have_is_refused_whatever_else_holds() -> None:
    plan = a_plan(lanes=["main"])
    (lane,) = plan.lanes
    told = replace(plan, lanes=(replace(lane, version_file=FileVersion("package.json", "0.2.2")),))
    checkout = Checkout(commit=COMMIT, committed_at="2026-02-28T12:00:00Z")
    with pytest.raises(RefusedError) as caught:
        list(check_source(told, checkout, lambda _tag: COMMIT))
    assert caught.value.what == "--tag gives lane main version 0.2.1, but package.json of the commit has '0.2.2'"
    assert caught.value.remedy == "Write 0.2.1 into package.json, commit it and release that commit; or release 0.2.2."


def test_a_snapshot_has_no_git_tag_that_could_stand_elsewhere() -> None:
    said = list(_source(tag_at="b" * 40, version=f"0.0.0-{COMMIT[:12]}"))[-1].reason  # type: ignore[union-attr] # an outcome
    assert said == f"commit {COMMIT[:12]}, clean"


@pytest.mark.parametrize("key", ["dockerfile", "context"])
@pytest.mark.parametrize("path", ["/etc/passwd", "..", "../other/Dockerfile", "a/../../b", "", "a\0b", "./../x"])
def test_a_path_out_of_the_project_is_refused(key: str, path: str) -> None:
    with pytest.raises(ConfigurationError, match=r"leads out of the project|is absolute|is not a path"):
        parse_project_file({"lanes": {"main": {key: path}}}, "shiplane.toml")


class _Known(Buildx):
    """A buildx with one builder, which is never called."""

    nodes = 1

    def builder(self, wanted: str | None, platforms: Sequence[Platform], *, by_digest: bool = True) -> Builder:
        assert (wanted, by_digest, len(platforms)) == (None, True, 2)
        both = frozenset({Platform("linux", "amd64"), Platform("linux", "arm64")})
        nodes = tuple(Node(name=f"node{n}", endpoint="unix:///nowhere", platforms=both) for n in range(self.nodes))
        return Builder(name="fleet", driver="remote", current=True, nodes=nodes)

    def _assigned(self, builder: Builder) -> Builder:
        return builder


@pytest.mark.parametrize(("nodes", "stager"), [(1, BuildxStager), (2, MultiNodeStager)])
def test_what_several_nodes_build_is_joined_by_us(tmp_path: Path, nodes: int, stager: type) -> None:
    buildx = _Known(env={}, root=tmp_path, listen=lambda _line: None)
    object.__setattr__(buildx, "nodes", nodes)
    registry = Scene().client()
    builder = buildx.builder(None, a_plan().platforms)
    assert isinstance(stager_for(buildx, builder, IndexJoiner(registry=registry)), stager)
