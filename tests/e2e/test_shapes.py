"""Eight shapes of foreign repositories, each with nothing but its shiplane.toml, from the plan to the rollback.

The fixtures are in ``tests/shapes``; the only change to a file is its registries, which become the rig's.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.person import Person, Reader, runbook, succeeded
from tests.rig import Rig, packages, processes, registries
from tests.rig.sample import commit, git, pair_for

pytestmark = pytest.mark.e2e
SHAPES = Path(__file__).parents[1] / "shapes"


@pytest.fixture(scope="module")
def hosts(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A real registry of the rig in place of each of the world's; the second asks for a credential."""
    folder = tmp_path_factory.mktemp("quay")
    binary = packages.toolbox().tool("docker-registry")
    third = registries.serve(folder, "quay", binary, registries.config(folder / "data", "127.0.0.1:0"))
    try:
        yield {"ghcr.io": rig.plain, "docker.io": rig.guarded, "quay.io": third}
    finally:
        processes.end(processes.running(folder).values())


@dataclass(frozen=True)
class Shape:
    """A shape as a project: its owner, and who looks at each of its repositories, by its name in the shape's file."""

    owner: Person
    readers: dict[str, Reader]

    @property
    def head(self) -> str:
        return git(self.owner.checkout, "rev-parse", "HEAD")

    def pushed(self, message: str) -> str:
        """Another commit on the branch."""
        made = commit(self.owner.checkout, message)
        git(self.owner.checkout, "push", "--quiet", "origin", "main", "--tags")
        return made

    def release(self, git_tag: str, lanes: Sequence[str] = ()) -> None:
        """What a pushed git tag starts, after a look at the plan."""
        if not git(self.owner.checkout, "tag", "--list", git_tag):
            commit(self.owner.checkout, git_tag)
            git(self.owner.checkout, "tag", git_tag)
            git(self.owner.checkout, "push", "--quiet", "origin", "main", git_tag)
        chosen = [f"--lane={lane}" for lane in lanes]
        before = self.tags()
        planned = succeeded(self.owner.invoke("plan", *chosen)).out
        released = succeeded(self.owner.invoke("release", *chosen)).out
        after = self.tags()
        for image in after:
            new = {tag for tag, digest in after[image].items() if before[image].get(tag) != digest}
            where = re.escape(f" in {image}") if f" in {image}" in planned else " "
            assert new <= set(re.findall(rf"^  (\S+){where} ", planned, re.MULTILINE)), planned
            assert {f"{image}:{tag}" for tag in new} <= set(released.split()), released

    def release_again(self) -> None:
        """The same release changes nothing."""
        before = self.tags()
        again = succeeded(self.owner.invoke("release"))
        assert not again.built
        assert self.tags() == before

    def tags(self) -> dict[str, dict[str, str]]:
        """The tags of each repository, with their digests."""
        return {reader.image: reader.tags() for reader in self.readers.values()}

    def publish(self, channel: str) -> str:
        """Publish a new commit to a channel; gives the commit."""
        made = self.pushed(channel)
        succeeded(self.owner.invoke("publish", "--channel", channel))
        return made

    def verify(self, *tags: str, lanes: Sequence[str] = ()) -> None:
        """What is published is verified as it is."""
        done = succeeded(self.owner.invoke("verify", *(f"--lane={lane}" for lane in lanes)))
        assert re.findall(r"^good  \S+:(\S+)", done.out, re.MULTILINE) == list(tags), done

    def roll_back(self, *targets: str, lanes: Sequence[str] = (), staying: str = "") -> None:
        """Roll back; ``staying`` is a floating tag that has nothing to go to."""
        done = succeeded(self.owner.invoke("rollback", *(f"--lane={lane}" for lane in lanes), "--reason", "slow"))
        for target in targets:
            assert f"is at {target}" in done.out, done
        assert f":{staying} stays" in done.out or not staying, done

    def workflows(self, *names: str) -> None:
        """Write the workflows, which are then up to date, and are these."""
        succeeded(self.owner.invoke("workflow.write"))
        succeeded(self.owner.invoke("workflow.check"))
        files = {path.name for path in (self.owner.checkout / ".github" / "workflows").iterdir()}
        assert files == {"release-lane.yml", *names}

    def environment(self, tag: str, name: str = "") -> set[str]:
        """The variables of an image, by crane."""
        reader = self._reader(name) if name else next(iter(self.readers.values()))
        argv = ["crane", "config", "--platform", "linux/amd64", f"{reader.image}:{tag}"]
        return set(json.loads(succeeded(self.owner.run(argv)).out)["config"]["Env"])

    def platforms(self, tag: str) -> list[str]:
        """The platforms of an image, by skopeo."""
        return next(iter(self.readers.values())).platforms(tag)

    def kept(self, made: str) -> str:
        """What a build keeps that is named by date and commit."""
        day = git(self.owner.checkout, "show", "--no-patch", "--date=format-local:%Y-%m-%d", "--format=%cd", made)
        return f"{day}-{made}"

    def has(self, *tags: str, name: str = "") -> None:
        """Every repository (or one) has these tags and no others, in one text those of one digest."""
        for reader in [self._reader(name)] if name else self.readers.values():
            images: dict[str, list[str]] = {}
            for tag, digest in reader.tags().items():
                images.setdefault(digest, []).append(tag)
            found = {" ".join(sorted(names)) for names in images.values()}
            assert found == {" ".join(sorted(one.split())) for one in tags}, reader.image

    def _reader(self, name: str) -> Reader:
        return next(reader for image, reader in self.readers.items() if image.endswith(f"/{name}"))


@pytest.fixture
def shape(request: pytest.FixtureRequest, rig: Rig, hosts: dict[str, str], tmp_path: Path) -> Shape:
    """The shape that a test names, in a repository of its own with a remote."""
    checkout, remote = tmp_path / "project", tmp_path / "remote.git"
    shutil.copytree(SHAPES / request.param, checkout)
    file, unique = checkout / "shiplane.toml", f"acme-{uuid.uuid4().hex[:8]}"
    text = file.read_text()
    images = dict.fromkeys(re.findall(r'"((?:ghcr|docker|quay)\.io/acme/[^"]+)"', text))
    for host, address in hosts.items():
        text = text.replace(f"{host}/acme/", f"{address}/{unique}/")
    file.write_text(pair_for(rig.guarded) + text)
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(remote))
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", str(checkout))
    for arguments in (
        ("config", "user.name", "Sample"),
        ("config", "user.email", "sample@localhost"),
        ("remote", "add", "origin", remote.as_uri()),
    ):
        git(checkout, *arguments)
    variables = {name: value for name, value in runbook(rig, "").items() if name.startswith("GHCR_")}
    owner = Person(rig, checkout, variables)
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "the project")
    git(checkout, "push", "--quiet", "--set-upstream", "origin", "main")
    readers = {
        image: Reader(
            rig, image.replace(f"{host}/acme/", f"{hosts[host]}/{unique}/"), "pull" if host == "docker.io" else ""
        )
        for image in images
        for host in [image.partition("/")[0]]
    }
    return Shape(owner, readers)


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("shape", [name], indirect=True)


@pytest.mark.thorough("a copy and a channel in one project; alone they are in test_mirrors and test_channel")
@of("copy-on-the-hub")
def test_a_service_with_a_copy_on_the_hub_and_nightly_from_a_branch(shape: Shape) -> None:
    shape.release("v1.0.0")
    shape.has("v1.0.0 latest")
    head = shape.publish("nightly")
    kept = f"nightly sha-{head}"
    shape.has("v1.0.0 latest", kept)
    shape.release("v1.1.0")
    shape.release_again()
    shape.has("v1.0.0", "v1.1.0 latest", kept)
    assert shape.environment("v1.1.0") >= {"VERSION=1.1.0", f"COMMIT={shape.head}"}
    shape.verify("v1.1.0")
    shape.roll_back("v1.0.0")
    shape.has("v1.0.0 latest", "v1.1.0", kept)
    shape.verify("v1.0.0")
    shape.workflows("docker-service-publish.yml", "channel-nightly.yml")


@pytest.mark.thorough("suffixes over three registries; over one in test_names, plain ones over two in test_mirrors")
@of("variants")
def test_debian_and_alpine_over_three_registries_with_latest_and_alpine_together(shape: Shape) -> None:
    debian, alpine = "{0} {0}-debian", "{0}-alpine"
    shape.release("v1.2.0")
    shape.has("1.2.0 1.2.0-debian latest 1 1.2", "1.2.0-alpine alpine 1-alpine 1.2-alpine")
    shape.release("v1.2.1")
    shape.release_again()
    old = (debian.format("1.2.0"), alpine.format("1.2.0"))
    shape.has(*old, "1.2.1 1.2.1-debian latest 1 1.2", "1.2.1-alpine alpine 1-alpine 1.2-alpine")
    shape.verify("1.2.1", "1.2.1-alpine")
    shape.roll_back("1.2.0", "1.2.0-alpine", lanes=("debian", "alpine"))
    new = (debian.format("1.2.1"), alpine.format("1.2.1"))
    shape.has(*new, "1.2.0 1.2.0-debian latest 1 1.2", "1.2.0-alpine alpine 1-alpine 1.2-alpine")
    shape.verify("1.2.0", "1.2.0-alpine")
    shape.workflows("docker-debian-publish.yml")


@pytest.mark.thorough("six platforms in one image; the tags are in test_floating_tags and test_channel")
@of("rolling")
def test_rolling_tags_and_edge_on_two_registries_for_six_platforms(shape: Shape) -> None:
    shape.release("v1.2.0")
    shape.has("1.2.0 1.2 1 latest")
    shape.release("v1.3.0")
    shape.has("1.2.0 1.2", "1.3.0 1.3 1 latest")
    assert len(shape.platforms("1.3.0")) == 6
    edge = f"edge sha-{shape.publish('edge')}"
    shape.has("1.2.0 1.2", "1.3.0 1.3 1 latest", edge)
    shape.verify("1.3.0")
    shape.roll_back("1.2.0", staying="1.3")
    shape.has("1.2.0 1.2 1 latest", "1.3.0 1.3", edge)
    shape.workflows("docker-tool-publish.yml", "channel-edge.yml")


@pytest.mark.thorough("this shape as a whole; two git tags are in test_workflows and test_defects")
@of("release-please")
def test_two_images_with_git_tags_of_their_own(shape: Shape) -> None:
    shape.release("flagd/v0.1.0", lanes=("flagd",))
    shape.release("flagd-proxy/v0.2.0", lanes=("proxy",))
    shape.has("v0.1.0 latest", name="flagd")
    shape.has("v0.2.0 latest", name="flagd-proxy")
    shape.release("flagd/v0.1.1", lanes=("flagd",))
    shape.has("v0.1.0", "v0.1.1 latest", name="flagd")
    shape.has("v0.2.0 latest", name="flagd-proxy")
    shape.verify("v0.1.1", lanes=("flagd",))
    shape.roll_back("v0.1.0", lanes=("flagd",))
    shape.has("v0.1.0 latest", "v0.1.1", name="flagd")
    shape.verify("v0.1.0", lanes=("flagd",))
    shape.workflows("docker-flagd-publish.yml", "docker-proxy-publish.yml")


@pytest.mark.thorough("this shape as a whole; its parts are in test_floating_tags and test_names")
@of("changesets")
def test_a_package_with_2_and_2_12_and_a_variant_for_bun(shape: Shape) -> None:
    shape.release("pkg@2.12.0")
    shape.has("2.12.0 2.12 2 latest", "2.12.0-bun 2.12-bun 2-bun bun")
    shape.release("pkg@2.12.1")
    shape.has("2.12.0", "2.12.1 2.12 2 latest", "2.12.0-bun", "2.12.1-bun 2.12-bun 2-bun bun")
    shape.verify("2.12.1", "2.12.1-bun")
    shape.roll_back("2.12.0", "2.12.0-bun", lanes=("node", "bun"))
    shape.has("2.12.1", "2.12.0 2.12 2 latest", "2.12.1-bun", "2.12.0-bun 2.12-bun 2-bun bun")
    shape.verify("2.12.0", "2.12.0-bun")
    shape.workflows("docker-node-publish.yml")


PYTHONS = [f"{target}py3.{minor}" for target in ("", "full-") for minor in (10, 11, 12, 13)]


def pythons(version: str) -> list[str]:
    """The tags of a version of each lane of the list, with the floating tag."""
    tags = {python: python if python.startswith("full-") else f"stable-{python}" for python in PYTHONS}
    return [f"{version}-{python} {tag}" for python, tag in tags.items()]


@of("python-matrix")
def test_python_versions_and_targets_from_a_list_with_prereleases_of_pep_440(shape: Shape) -> None:
    two = ("default", "slim-py3.10")
    shape.release("v3.1.0", lanes=two)
    shape.has("3.1.0 3.1.0-py3.14 stable next", "3.1.0-py3.10 stable-py3.10")
    shape.release("v3.2.0a1", lanes=("default",))
    shape.has("3.1.0 3.1.0-py3.14 stable", "3.2.0a1 3.2.0a1-py3.14 next", "3.1.0-py3.10 stable-py3.10")
    shape.release("v3.2.0")
    old = "3.1.0 3.1.0-py3.14", "3.2.0a1 3.2.0a1-py3.14", "3.1.0-py3.10"
    shape.has("3.2.0 3.2.0-py3.14 stable next", *pythons("3.2.0"), *old)
    assert shape.environment("3.2.0-full-py3.11") >= {"PYTHON=3.11"}
    shape.verify("3.2.0", *(f"3.2.0-{python}" for python in PYTHONS))
    shape.roll_back("3.1.0", "3.1.0-py3.10", lanes=two)
    assert shape.environment("stable-py3.10") >= {"PYTHON=3.10"}
    shape.workflows("docker-default-publish.yml")


@of("date-sha")
def test_every_push_by_date_and_commit_without_versions(shape: Shape) -> None:
    first = shape.kept(shape.publish("main"))
    shape.has(f"{first} latest")
    second = shape.kept(shape.publish("main"))
    shape.has(first, f"{second} latest")
    back = shape.owner.invoke("rollback", "--reason", "slow")
    assert (back.code, "lane site has no floating tag, so there is nothing to move" in back.err) == (5, True), back
    assert "no floating tags" in succeeded(shape.owner.invoke("check.all")).out
    shape.workflows("channel-main.yml", "docker-site-publish.yml")


@of("operator")
def test_three_images_of_one_git_tag_and_no_floating_tag(shape: Shape) -> None:
    shape.release("v2.21.0")
    shape.has("2.21.0")
    shape.release("v2.22.0")
    shape.release_again()
    shape.has("2.21.0", "2.22.0")
    for part in ("webhooks", "adapter"):
        assert shape.environment("2.22.0", f"operator-{part}") >= {f"PART={part}"}
    shape.verify("2.22.0", "2.22.0", "2.22.0")
    verified = succeeded(shape.owner.invoke("verify")).out
    assert {f"{reader.image}:2.22.0" for reader in shape.readers.values()} <= set(verified.split()), verified
    git(shape.owner.checkout, "tag", "--delete", "v2.22.0")
    git(shape.owner.checkout, "push", "--quiet", "origin", ":v2.22.0")
    triggered = shape.owner.invoke("trigger", "--version", "2.22.0")
    assert (triggered.code, "the registry has 2.22.0 already" in triggered.err) == (5, True), triggered
    back = shape.owner.invoke("rollback", "--lane", "operator", "--reason", "slow")
    assert (back.code, "invoke mark --lane operator --tag TAG --reason TEXT" in back.err) == (5, True), back
    succeeded(shape.owner.invoke("mark", "--lane", "operator", "--tag", "2.22.0", "--reason", "slow"))
    assert "2.22.0" in succeeded(shape.owner.invoke("status", "--lane", "operator")).out
    shape.has("2.21.0", "2.22.0")
    shape.workflows("docker-operator-publish.yml")
