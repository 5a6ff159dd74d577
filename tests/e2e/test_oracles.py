"""What keeps the registry in memory honest: real registries give the same answers, and programs that know nothing of
shiplane read what it has published there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pytest

from shiplane.config.lane import BUILT_IN
from shiplane.config.setting import Setting
from shiplane.core.errors import ShiplaneError
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.session import Session
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.kinds import RegistryTraits, registry_kinds, traits_of
from shiplane.registry.oci.names import Repository
from shiplane.verify.verify import Verifier
from tests.faults.harness.access import Access
from tests.faults.harness.behaviour import BEHAVIOURS
from tests.faults.harness.conformance import CRANE, DEVIATIONS, DISTRIBUTION, MEMORY, STORIES, Api
from tests.faults.harness.contenders import OTHER, Publishing
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import PATH, finish
from tests.faults.harness.server import serve
from tests.faults.harness.transfer import upload
from tests.lanes import widest
from tests.rig import Rig, processes

pytestmark = pytest.mark.e2e


def _program(rig: Rig, name: str) -> str:
    found = shutil.which(name, path=rig.environ()["PATH"])
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def addresses(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Where each registry is."""
    folder, crane = tmp_path_factory.mktemp("crane"), f"127.0.0.1:{_free_port()}"
    processes.spawn(folder, "crane", [_program(rig, "crane"), "registry", "serve", "--address", crane], rig.environ())
    try:
        processes.wait_or_explain(folder, "crane", lambda: _listens(crane))
        with serve(MemoryRegistry(access=Access(scheme="none"))) as memory:
            yield {MEMORY: memory.address, DISTRIBUTION: rig.plain, CRANE: crane}
    finally:
        processes.end(processes.running(folder).values())


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


@pytest.mark.parametrize("kind", [MEMORY, DISTRIBUTION, CRANE])
@pytest.mark.parametrize("name", STORIES)
def test_a_story_of_the_specification(addresses: Mapping[str, str], name: str, kind: str) -> None:
    story, wanted = STORIES[name]
    seen = story(Api(addresses[kind], f"conformance/{uuid.uuid4().hex[:10]}"))
    assert seen == DEVIATIONS.get((kind, name), wanted)


def test_the_registry_in_memory_deviates_nowhere() -> None:
    assert not [name for kind, name in DEVIATIONS if kind == MEMORY]
    assert {name for _, name in DEVIATIONS} <= set(STORIES)


@pytest.mark.parametrize("kind", [DISTRIBUTION, CRANE])
def test_the_table_of_registries_says_what_they_do(addresses: Mapping[str, str], kind: str) -> None:
    entry = registry_kinds()[kind]
    api = partial(Api, addresses[kind])
    seen = {name: behave(api(f"behaviour/{uuid.uuid4().hex[:10]}")) for name, behave in BEHAVIOURS.items()}
    assert seen == {name: behaviour.answer for name, behaviour in entry.behaviours.items()}
    assert {behaviour.source for behaviour in entry.behaviours.values()} == {"run"}
    there = RegistryClient(
        Session(HttpTransport({}, user_agent="test")), Repository(addresses[kind], f"{PATH}-{uuid.uuid4().hex[:10]}")
    )
    assert traits_of(there) == RegistryTraits(kind=entry, has_referrers=False)


# Flows, read by others.

BOTH = ("main", "standalone")
ONE, NEXT = Publishing(latest="yes"), Publishing("0.3.0", latest="yes", build="next", commit=OTHER)


@dataclass(frozen=True)
class Told:
    """Releases one after the other, each with the exit code that it must have, and whose image each tag has then."""

    releases: Sequence[tuple[Publishing, int]]
    tags: Mapping[str, Publishing]


def told(*releases: Publishing | tuple[Publishing, int], **tags: Publishing) -> Told:
    """An exchange; in tags ``_`` stands for ``.``, ``__`` for ``-``."""
    named = {tag.replace("__", "-").replace("_", "."): publishing for tag, publishing in tags.items()}
    return Told([one if isinstance(one, tuple) else (one, 0) for one in releases], named)


def both(publishing: Publishing) -> Publishing:
    return replace(publishing, lanes=BOTH)


def still(publishing: Publishing) -> Publishing:
    return replace(publishing, latest="no")


RC = Publishing("0.3.0-rc.1", latest="yes", build="rc", commit=OTHER)
OLD = Publishing("0.1.9", latest="yes", build="old", commit=OTHER)
ALONE = replace(NEXT, lanes=("standalone",))
FLOWS = {
    "one version": told(still(ONE), v0_2_1=ONE),
    "one version and its floating tag": told(ONE, v0_2_1=ONE, latest=ONE),
    "the other lane": told(ALONE, standalone__v0_3_0=ALONE, standalone__latest=ALONE),
    "both lanes": told(still(both(ONE)), v0_2_1=ONE, standalone__v0_2_1=both(ONE)),
    "both lanes and their floating tags": told(
        both(ONE), v0_2_1=ONE, latest=ONE, standalone__v0_2_1=both(ONE), standalone__latest=both(ONE)
    ),
    "twice": told(ONE, ONE, v0_2_1=ONE, latest=ONE),
    "twice, built anew": told(ONE, replace(ONE, build="anew"), v0_2_1=ONE, latest=ONE),
    "another commit": told(ONE, (replace(ONE, build="other", commit=OTHER), 5), v0_2_1=ONE, latest=ONE),
    "the next version": told(ONE, NEXT, v0_2_1=ONE, v0_3_0=NEXT, latest=NEXT),
    "the next version, not floated": told(ONE, still(NEXT), v0_2_1=ONE, v0_3_0=NEXT, latest=ONE),
    "an older version": told(ONE, OLD, v0_2_1=ONE, v0_1_9=OLD, latest=ONE),
    "a pre-release": told(ONE, RC, v0_2_1=ONE, v0_3_0__rc_1=RC, latest=ONE),
    "a pre-release alone": told(RC, v0_3_0__rc_1=RC),
    "a pre-release, then its release": told(RC, NEXT, v0_3_0__rc_1=RC, v0_3_0=NEXT, latest=NEXT),
    "floated later": told(still(ONE), ONE, v0_2_1=ONE, latest=ONE),
    "lower than what is published": told(still(NEXT), ONE, v0_3_0=NEXT, v0_2_1=ONE),
    "numbers are no words": told(
        Publishing("0.9.0", latest="yes", build="nine"),
        Publishing("0.10.0", latest="yes", build="ten"),
        v0_9_0=Publishing("0.9.0", latest="yes", build="nine"),
        v0_10_0=Publishing("0.10.0", latest="yes", build="ten"),
        latest=Publishing("0.10.0", latest="yes", build="ten"),
    ),
    "one lane after the other": told(
        ONE, ALONE, v0_2_1=ONE, latest=ONE, standalone__v0_3_0=ALONE, standalone__latest=ALONE
    ),
    "one lane is refused, so none is released": told(
        ONE, (both(replace(ONE, commit=OTHER)), 5), v0_2_1=ONE, latest=ONE
    ),
    "the second lane joins": told(
        ONE, both(ONE), v0_2_1=ONE, latest=ONE, standalone__v0_2_1=both(ONE), standalone__latest=both(ONE)
    ),
}


def release(repository: Repository, publishing: Publishing) -> int:
    """Release what was uploaded before; gives the exit code."""
    try:
        finish(publishing(Releaser.anonymous(HttpTransport({}, user_agent="test"), repository)))
    except ShiplaneError as error:
        return error.exit_code
    return 0


@pytest.fixture(scope="module")
def reading(rig: Rig) -> Reading:
    return Reading(rig)


@dataclass(frozen=True)
class Reading:
    """Three programs by three authors."""

    rig: Rig

    def by_crane(self, image: str) -> dict[str, str]:
        return {tag: self._run("crane", "digest", f"{image}:{tag}") for tag in self._run("crane", "ls", image).split()}

    def by_skopeo(self, image: str, tags: Sequence[str]) -> dict[str, str]:
        return {tag: self._hashed(f"docker://{image}:{tag}") for tag in tags}

    def by_oras(self, image: str) -> dict[str, str]:
        fetch = ("oras", "manifest", "fetch", "--plain-http", "--descriptor")
        tags = self._run("oras", "repo", "tags", "--plain-http", image).split()
        return {tag: json.loads(self._run(*fetch, f"{image}:{tag}"))["digest"] for tag in tags}

    def _hashed(self, place: str) -> str:
        argv = ["skopeo", "inspect", "--raw", "--no-creds", "--tls-verify=false", place]
        done = subprocess.run(argv, env=self.rig.environ(), capture_output=True, check=True)
        return f"sha256:{hashlib.sha256(done.stdout).hexdigest()}"

    def _run(self, *argv: str) -> str:
        done = subprocess.run(argv, env=self.rig.environ(), capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.mark.share(3)
@pytest.mark.parametrize("kind", [DISTRIBUTION, CRANE])
@pytest.mark.parametrize("story", FLOWS.values(), ids=FLOWS.keys())
def test_releases_are_read_alike_by_all(addresses: Mapping[str, str], reading: Reading, story: Told, kind: str) -> None:
    repository = Repository(addresses[kind], f"{PATH}-{uuid.uuid4().hex[:10]}")
    memory = MemoryRegistry()
    for publishing, _ in story.releases:
        publishing.prepare(memory)
    upload(memory.shelf(PATH), repository)
    for publishing, code in story.releases:
        assert release(repository, publishing) == code
    wanted = {tag: digest_of(tag, publishing) for tag, publishing in story.tags.items()}
    image = str(repository)
    assert reading.by_crane(image) == reading.by_oras(image) == reading.by_skopeo(image, list(wanted)) == wanted
    verified(repository, story)


def digest_of(tag: str, publishing: Publishing) -> str:
    name = "standalone" if tag.startswith("standalone-") else "main"
    return next(str(publishing.digest(lane_plan)) for lane_plan in publishing.plan.lanes if lane_plan.lane.name == name)


def verified(repository: Repository, story: Told) -> None:
    """Our own verification agrees, down to the blobs."""
    plan = story.releases[0][0].plan
    verifier = Verifier(
        registry=RegistryClient(Session(HttpTransport({}, user_agent="test")), repository),
        platforms=plan.lanes[0].platforms,
        commit_of=lambda _lane, _version: None,
        deep=True,
    )
    for lane in BUILT_IN:
        if widest(lane) in story.tags:
            found = finish(verifier.verify(lane, None, latest=Setting(value=True, source="--latest")))
            assert found.good, [str(check) for check in found.checks]
