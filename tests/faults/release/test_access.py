"""Uploads that cannot end well are judged before anything is built: what a registry answers when one is opened."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from shiplane.core.errors import PrerequisiteError, UnreachableError
from shiplane.core.progress import StepOutcome, StepState
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.oci.names import Repository
from tests.faults.harness.faults import Instead
from tests.faults.harness.scene import AIONIS, Scene, a_plan, finish

ELSEWHERE = "https://elsewhere.example/v2/cognary/aionis/blobs/uploads/1"
ILLEGAL = {
    "another host": (202, {"location": ELSEWHERE}, f"an upload was opened at '{ELSEWHERE}', but our token is for"),
    "another host, without a scheme": (202, {"location": "//elsewhere.example/1"}, "was opened at"),
    "another port": (202, {"location": "https://ghcr.io:8443/v2/x"}, "was opened at"),
    "down to http": (202, {"location": "http://ghcr.io/v2/x"}, "was opened at"),
    "a user": (202, {"location": "https://robot@ghcr.io/v2/x"}, "was opened at"),
    "our host for a user": (202, {"location": "https://ghcr.io@elsewhere.example/x"}, "was opened at"),
    "another scheme": (202, {"location": "ftp://ghcr.io/v2/x"}, "was opened at"),
    "an escape": (202, {"location": "/v2/\x1b[31m"}, "was opened at"),
    "no location": (202, {}, r"without a Location"),
    "an empty location": (202, {"location": ""}, "without a Location"),
    "200": (200, {"location": "/v2/cognary/aionis/blobs/uploads/1"}, "failed with HTTP 200"),
    "201": (201, {"location": "/v2/cognary/aionis/blobs/uploads/1"}, "failed with HTTP 201"),
    "204": (204, {}, "failed with HTTP 204: no message"),
    "a redirect": (307, {"location": ELSEWHERE}, "failed with HTTP 307"),
    "404": (404, {}, "failed with HTTP 404"),
    "405": (405, {}, "failed with HTTP 405"),
}
each_answer = pytest.mark.parametrize(("status", "headers", "words"), ILLEGAL.values(), ids=ILLEGAL.keys())


def opening(scene: Scene, status: int, headers: dict[str, str], repository: Repository = AIONIS) -> Instead:
    """A scene whose registry answers so when an upload is opened."""
    scene.transport = wire = Instead(
        scene.registry,
        {f"^POST {repository.registry}/v2/{repository.path}/blobs/uploads/": _Answer(status, headers)},
    )
    return wire


class _Answer:
    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self._response = Response(status=status, headers=headers)

    def __call__(self, _request: Request) -> Response:
        return self._response


@each_answer
def test_a_registry_that_takes_no_upload_of_ours_ends_a_release_before_anything_is_built(
    status: int, headers: dict[str, str], words: str
) -> None:
    scene = Scene()
    wire = opening(scene, status, headers)
    with pytest.raises(PrerequisiteError, match=words) as caught:
        scene.publish()
    assert str(AIONIS) in caught.value.what
    assert "ledger = false" in caught.value.remedy
    assert (scene.stager.built, scene.tags(), len(wire.asked)) == ([], {}, 1)
    assert {entry.host for entry in scene.registry.log} == {"ghcr.io"}


@each_answer
def test_where_no_ledger_is_kept_the_builder_may_know_better(status: int, headers: dict[str, str], words: str) -> None:
    scene = Scene(keeps_ledger=False)
    opening(scene, status, headers)
    said = first_outcome(scene)
    assert said.state is StepState.SKIPPED
    assert re.search(words, said.reason)
    scene.publish()
    assert "v0.2.1" in scene.tags()


def test_a_ledger_in_a_repository_of_its_own_is_judged_there() -> None:
    records = Repository("ghcr.io", "cognary/aionis-ledger")
    scene = Scene(records=records)
    opening(scene, 202, {"location": ELSEWHERE}, records)
    with pytest.raises(PrerequisiteError, match="cognary/aionis-ledger cannot take this release's ledger"):
        scene.publish()
    assert scene.stager.built == []
    opening(scene, 202, {"location": ELSEWHERE})
    scene.publish()
    assert len(scene.ledger().entries) == 2


def test_without_the_proof_it_shows_when_the_ledger_is_written() -> None:
    scene = Scene()
    opening(scene, 202, {"location": ELSEWHERE})
    unproved = replace(scene.releaser(), probe=False)
    with pytest.raises(UnreachableError, match="done, but perhaps not recorded"):
        finish(unproved.publish(a_plan(), scene.stager))


@pytest.mark.parametrize(
    "location",
    [
        "/v2/cognary/aionis/blobs/uploads/1?_state=x",
        "https://ghcr.io/v2/cognary/aionis/blobs/uploads/1",
        "https://ghcr.io:443/elsewhere/1",
        "https://GHCR.IO/upload/1",
        "1",
        "?upload=1",
    ],
)
def test_what_the_specification_allows_on_the_same_host_is_taken(location: str) -> None:
    scene = Scene()
    opening(scene, 202, {"location": location})
    assert first_outcome(scene).state is StepState.DONE


def first_outcome(scene: Scene) -> StepOutcome:
    """How the first step of a release, the access, ends."""
    return next(event for event in scene.flow(a_plan()) if isinstance(event, StepOutcome))
