"""What a lane's build is given: target, args, secrets, cache. Seen in the image, in the output, in what is stored."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import shutil
import socket
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from shiplane.core.redact import forms_of
from tests.bench.build import executed
from tests.e2e.person import Done, Person, Reader, succeeded
from tests.rig import Rig
from tests.rig.sample import git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]

VARIABLE, FILE = "canary-of-a-variable-0123456789", "canary-of-a-file-0123456789"
DOCKERFILE = """
FROM busybox:stable AS app
ARG FLAVOUR=none
ARG CHANNEL=none
RUN echo "$FLAVOUR $CHANNEL" > /flavour
RUN --mount=type=secret,id=npm --mount=type=secret,id=rc \\
    wc -c < /run/secrets/npm > /sizes; wc -c < /run/secrets/rc >> /sizes; cat /run/secrets/npm /run/secrets/rc
RUN env > /environment

FROM app AS later
RUN false
"""


def configure(person: Person, *lines: str, dockerfile: str = "") -> None:
    """Commit settings of the main lane, and its Dockerfile."""
    (person.checkout / "shiplane.toml").write_text("\n".join(['build = "sh build.sh"', "[lanes.main]", *lines, ""]))
    if dockerfile:
        (person.checkout / "Dockerfile").write_text(dockerfile)
    git(person.checkout, "commit", "--quiet", "--all", "--message", "settings")


def publish(person: Person, *more: str, **variables: str) -> Done:
    """Publish the main lane for one platform."""
    flags = ("--lane", "main", "--tag", "0.2.1", "--platforms", "linux/amd64")
    return person.invoke("publish", *flags, *more, **variables)


def file_in(reader: Reader, name: str, folder: Path) -> str:
    """A file of the published image."""
    layout = folder / f"image-{uuid.uuid4().hex[:6]}.tar"
    succeeded(Person.run(_anybody(reader, folder), ["crane", "export", f"{reader.image}:v0.2.1", str(layout)]))
    with tarfile.open(layout) as image:
        member = image.extractfile(name)
        assert member is not None
        return member.read().decode()


def _anybody(reader: Reader, folder: Path) -> Person:
    (folder / ".git/info").mkdir(parents=True, exist_ok=True)
    return Person(reader.rig, folder)


def stored(rig: Rig, image: str) -> Iterator[bytes]:
    """Everything that the registry has of a repository, unpacked: layers, configs, manifests, provenance."""
    path = image.partition("/")[2]
    links = (rig.plain_root / "docker/registry/v2/repositories" / path).rglob("link")
    digests = {link.read_text().partition(":")[2] for link in links}
    assert digests
    for digest in digests:
        blob = rig.plain_root / "docker/registry/v2/blobs/sha256" / digest[:2] / digest / "data"
        content = blob.read_bytes()
        yield gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def test_target_and_args_make_the_image(workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    configure(
        person,
        'target = "app"',
        'build-args = { FLAVOUR = "plain ${HOME} %{{x}}", CHANNEL = { env = "CHANNEL" } }',
        dockerfile="FROM busybox:stable AS app\nARG FLAVOUR\nARG CHANNEL\n"
        'RUN echo "$FLAVOUR $CHANNEL" > /flavour\nFROM app AS later\nRUN false\n',
    )
    missing = publish(person)
    assert (missing.code, "CHANNEL, which is not set" in missing.err, missing.built) == (2, True, False), str(missing)
    succeeded(publish(person, CHANNEL="beta"))
    assert file_in(reader, "flavour", tmp_path).strip() == "plain ${HOME} %{x} beta"


def test_a_dry_run_can_leave_out_what_comes_from_variables_that_are_not_set(workstation: Workstation) -> None:
    person, reader = workstation
    settings = (
        'build-args = { FLAVOUR = "plain", CHANNEL = { env = "CHANNEL" } }',
        'target = "app"',
        'secrets = { npm = { env = "NPM_SECRET" } }',
    )
    configure(
        person,
        *settings,
        dockerfile="FROM busybox:stable AS app\nARG FLAVOUR\nARG CHANNEL=none\n"
        'RUN --mount=type=secret,id=npm test ! -e /run/secrets/npm && echo "built $FLAVOUR $CHANNEL"\n',
    )
    done = succeeded(publish(person, "--dry-run", "--skip", "variables"))
    for words in ("build-args: CHANNEL is left out, because CHANNEL", "secrets: npm is left out, because NPM_SECRET"):
        assert f"lane main: {words} is not set" in done.err
    assert "built plain none" in done.err
    given = publish(person, "--dry-run", "--skip", "variables", NPM_SECRET=VARIABLE, CHANNEL="beta")
    assert (given.built, "left out" in given.err) == (True, False), str(given)
    refused = publish(person, "--skip", "variables")
    assert (refused.code, "--skip variables is for a dry run" in refused.err) == (2, True), str(refused)
    assert reader.tags() == {}


def test_args_hold_what_is_released_at_the_desk_and_in_a_manual_run_of_a_workflow(
    workstation: Workstation, tmp_path: Path
) -> None:
    person, reader = workstation
    names = ("VERSION", "COMMIT", "CREATED", "GIT_TAG", "LANE", "JSON")
    values = ("{version}", "{commit}", "{created}", "{git-tag}", "{lane}", '{"v":"{version}"}')
    args = ", ".join(f"{name} = '{value}'" for name, value in zip(names, values, strict=True))
    echo = "".join(f'ARG {name}\nRUN echo "${name}" >> /values\n' for name in names)
    configure(person, f"build-args = {{ {args} }}", dockerfile=f"FROM busybox:stable\n{echo}")
    commit, created = git(person.checkout, "log", "-1", "--format=%H %cI").split()
    git(person.checkout, "tag", "docker-v0.2.1")
    moment = dt.datetime.fromisoformat(created).astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    expected = ["0.2.1", commit, moment, "docker-v0.2.1", "main", '{"v":"0.2.1"}']
    succeeded(publish(person))
    assert file_in(reader, "values", tmp_path).splitlines() == expected
    # workflow_dispatch: the version comes as TAG, and HEAD is the git tag without a branch.
    git(person.checkout, "checkout", "--quiet", "refs/tags/docker-v0.2.1")
    again = Reader(reader.rig, f"{reader.image}-ci")
    flags = ("publish", "--lane", "main", "--platforms", "linux/amd64")
    succeeded(person.invoke(*flags, TAG="0.2.1", GITHUB_REF_TYPE="branch", GITHUB_REF_NAME="x", IMAGE_REPO=again.image))
    assert file_in(again, "values", tmp_path).splitlines() == expected


@pytest.mark.share(2)
@pytest.mark.parametrize(
    ("platforms", "more"), [("linux/amd64,linux/arm64", ""), ("linux/amd64", "provenance = false")]
)
def test_labels_and_annotations_are_in_the_image_as_configured(
    workstation: Workstation, tmp_path: Path, platforms: str, more: str
) -> None:
    person, reader = workstation
    label, annotation = '{"a":["${HOME}","%{{x}}"], v={version}}', 'a=b, "{lane}" index:x at {git-tag}'
    configure(
        person,
        f"labels = {{ 'org.example.a' = '{label}', 'empty' = '', 'from.dockerfile' = 'replaced' }}",
        f"annotations = {{ 'org.example/B_c' = '{annotation}', 'org.opencontainers.image.description' = '' }}",
        more,
        dockerfile="FROM busybox:stable\nLABEL from.dockerfile=here empty=not kept=yes\n",
    )
    flags = ("--lane", "main", "--tag", "0.2.1", "--platforms", platforms)
    succeeded(person.invoke("publish", *flags))
    top = json.loads(reader.raw("v0.2.1"))
    children = [entry for entry in top.get("manifests", []) if entry["platform"]["os"] == "linux"]
    manifests = [top, *(reader.manifest(entry["digest"]) for entry in children)]
    assert len(manifests) == (3 if "," in platforms else 1)
    wanted = {"org.example/B_c": 'a=b, "main" index:x at docker-v0.2.1', "org.opencontainers.image.description": ""}
    for manifest in manifests:
        assert wanted.items() <= manifest["annotations"].items()
        assert manifest["annotations"]["org.opencontainers.image.version"] == "0.2.1"
    config = succeeded(Person.run(_anybody(reader, tmp_path), ["crane", "config", f"{reader.image}:v0.2.1"]))
    labels = json.loads(config.out)["config"]["Labels"]
    assert {key: labels[key] for key in ("org.example.a", "empty", "from.dockerfile", "kept")} == {
        "org.example.a": '{"a":["${HOME}","%{x}"], v=0.2.1}',
        "empty": "",
        "from.dockerfile": "replaced",
        "kept": "yes",
    }
    assert set(wanted).isdisjoint(labels)
    succeeded(person.invoke("verify", *flags))


def test_a_build_secret_reaches_its_step_and_nothing_else(rig: Rig, workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    (tmp_path / "rc").write_text(f"//registry.example/:_authToken={FILE}\n")
    seen = spy(person, tmp_path)
    configure(
        person,
        'target = "app"',
        'secrets = { npm = { env = "MY_SECRET" }, rc = { file = "../rc" } }',
        'provenance = "max"',
        dockerfile=f"{DOCKERFILE}# not built before: {uuid.uuid4()}\n".replace("none", uuid.uuid4().hex),
    )
    person.variables["MY_SECRET"] = VARIABLE
    done = succeeded(publish(person, "--json"))
    sizes = [str(len(VARIABLE)), str(len((tmp_path / "rc").read_text()))]
    assert file_in(reader, "sizes", tmp_path).split() == sizes
    assert "***" in done.err
    hidden = [*forms_of(VARIABLE), *forms_of(FILE)]
    for output in (done.out, done.err):
        assert not [form for form in hidden if form in output]
    assert "MY_SECRET" not in file_in(reader, "environment", tmp_path)
    kept = list(stored(rig, reader.image))
    assert any(b'"npm"' in content for content in kept), "provenance names the secret by its id"
    assert not [form for form in hidden for content in kept if form.encode() in content]
    assert holding(seen, VARIABLE) == ["buildx bake"]
    assert holding(seen, FILE) == []


def spy(person: Person, tmp_path: Path) -> Path:
    """Docker, git and the build command as ever, but each writes down what it was given."""
    log, tools = tmp_path / "children.log", tmp_path / "bin"
    tools.mkdir()
    log.touch()
    for name in ("docker", "git", "sh"):
        real = shutil.which(name, path=person.rig.env["PATH"])
        write = f'{{ echo "{name} $*"; env; printf "\\0"; }} >>{log}'
        (tools / name).write_text(f'#!/bin/dash\n{write}\nexec {real} "$@"\n')
        (tools / name).chmod(0o755)
    person.variables["PATH"] = f"{tools}:{person.rig.env['PATH']}"
    return log


def holding(seen: Path, secret: str) -> list[str]:
    """The first words of each child that was given a secret, in its arguments or its environment."""
    first = [child.lstrip().splitlines()[0] for child in seen.read_text().split("\0") if secret in child]
    # buildx itself asks git (with this option) what to write into the provenance.
    return [" ".join(line.split()[1:3]) for line in first if not line.startswith("git -c log.showSignature=false")]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (('build-args = { NPM_TOKEN = "x" }',), "Use secrets"),
        (('build-args = { A = { env = "GHCR_TOKEN" } }',), "Use secrets"),
        (
            ('build-args = { A = { env = "C" } }', 'secrets = { x = { env = "C" } }'),
            "from C, which is a secret as well",
        ),
        (
            ('build-args = { A = { env = "C" } }', "[[announce]]", 'webhook-env = "C"'),
            "from C, which is a secret as well",
        ),
        (('labels = { "org.opencontainers.image.version" = "x" }',), "is set by every release"),
        (('annotations = { a = "{versoin}" }',), "Known are {version}"),
        (('secrets = { npm = { env = "UNSET" } }',), "UNSET, which is not set"),
        (('secrets = { npm = { file = "nowhere" } }',), "cannot read nowhere: No such file"),
        (('secrets = { npm = { file = "src" } }',), "cannot read src"),
        (('cache = { type = "registry", ref = "IMAGE:latest" }',), "which is an image's tag"),
        (('cache = { type = "registry", ref = "IMAGE:standalone-v1.0.0" }',), "which is an image's tag"),
        (('cache = { type = "registry", ref = "IMAGE:v1.0.0" }',), "which is an image's tag"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_before_anything(
    workstation: Workstation, settings: tuple[str, ...], said: str
) -> None:
    person, reader = workstation
    configure(person, *(line.replace("IMAGE", reader.image) for line in settings))
    done = publish(person)
    assert (done.code, said in done.err, done.built) == (2, True, False), str(done)
    assert reader.tags() == {}


def prune(person: Person) -> None:
    """Forget everything that the builder has kept, as a new machine would not know it."""
    succeeded(person.run(["docker", "buildx", "prune", "--all", "--force", "--builder", "rig"]))


@pytest.mark.share(2)
@pytest.mark.parametrize("kind", ["local", "registry"])
def test_a_cache_spares_the_second_machine_the_work(workstation: Workstation, tmp_path: Path, kind: str) -> None:
    person, reader = workstation
    place = f'path = "{tmp_path}/cache"' if kind == "local" else f'ref = "{reader.image}-cache:main"'
    configure(person, f'cache = {{ type = "{kind}", {place}, mode = "max" }}')
    (person.checkout / "src/index.html").write_text(f"@VERSION@ {uuid.uuid4()}")
    git(person.checkout, "commit", "--quiet", "--all", "--message", "new")
    first = succeeded(publish(person))
    assert executed(first.err) > 0, str(first)
    prune(person)
    second = succeeded(publish(person, IMAGE_REPO=f"{reader.image}-second"))
    assert executed(second.err) == 0, str(second)
    assert "cache error" not in first.err + second.err


def test_a_dry_run_leaves_no_cache_behind(workstation: Workstation, tmp_path: Path) -> None:
    person, _ = workstation
    configure(person, f'cache = {{ type = "local", path = "{tmp_path}/cache" }}')
    succeeded(person.invoke("publish", "--lane", "main", "--dry-run"))
    assert not (tmp_path / "cache").exists()


def test_a_cache_registry_that_is_down_is_told_and_stops_nothing(workstation: Workstation) -> None:
    person, reader = workstation
    configure(person, 'cache = { type = "registry", ref = "127.0.0.1:1/c/c:main", mode = "max" }')
    done = succeeded(publish(person))
    assert done.err.count("cache error, ignored") == 3, str(done)
    assert set(reader.tags()) == {"v0.2.1"}


def test_a_cache_that_cannot_be_written_at_all_costs_one_more_try(workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    (tmp_path / "file").write_text("no folder")
    configure(person, f'cache = {{ type = "local", path = "{tmp_path}/file/x" }}')
    done = succeeded(publish(person))
    assert "retrying without the cache" in done.err
    assert set(reader.tags()) == {"v0.2.1"}


def test_a_cache_that_refuses_us_is_told_and_stops_nothing(rig: Rig, workstation: Workstation) -> None:
    person, _ = workstation
    configure(person, f'cache = {{ type = "registry", ref = "{rig.guarded}/nobody/cache:main" }}')
    done = succeeded(publish(person))
    assert "cache error, ignored: importing cache" in done.err


def test_a_build_that_fails_is_not_blamed_on_the_cache(workstation: Workstation) -> None:
    person, _ = workstation
    configure(
        person,
        'cache = { type = "registry", ref = "127.0.0.1:1/c/c:main" }',
        dockerfile="FROM busybox:stable\nRUN false\n",
    )
    done = publish(person)
    assert done.code == 3, str(done)
    assert "without the cache" not in done.err


@pytest.mark.thorough("the real builder before a dead cache; what it says of it is read in unit/docker/test_build_log")
def test_a_cache_that_never_answers_is_not_waited_for_for_ever(workstation: Workstation) -> None:
    person, reader = workstation
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}/c/c:main"
        configure(person, f'cache = {{ type = "registry", ref = "{place}" }}')
        done = succeeded(publish(person))
    assert f"the registry of cache {place} does not respond" in done.err
    assert set(reader.tags()) == {"v0.2.1"}


def test_the_plan_names_what_a_build_is_given_and_no_value_of_the_environment(workstation: Workstation) -> None:
    person, _ = workstation
    configure(
        person,
        'target = "app"',
        'build-args = { FLAVOUR = "plain {version}", CHANNEL = { env = "CHANNEL" } }',
        'secrets = { npm = { env = "MY_SECRET" } }',
        'cache = { type = "gha" }',
    )
    plan = person.invoke("plan", "--lane", "main", "--tag", "0.2.1", CHANNEL="beta-canary", MY_SECRET=VARIABLE)
    wanted = "--target app --build-arg 'FLAVOUR=plain 0.2.1' --build-arg CHANNEL --secret id=npm,env=MY_SECRET"
    assert wanted in succeeded(plan).out
    flags = ("plan", "--lane", "main", "--tag", "0.2.1", "--json")
    document = person.invoke(*flags, CHANNEL="beta-canary", MY_SECRET=VARIABLE).document
    assert document["lanes"][0]["build"] == {
        "target": "app",
        "build_args": {"FLAVOUR": "plain 0.2.1", "CHANNEL": {"env": "CHANNEL"}},
        "labels": {},
        "annotations": {},
        "secrets": ["npm"],
        "cache": {"type": "gha", "place": "main", "mode": "min"},
        "provenance": "min",
        "sbom": False,
    }
    assert "beta-canary" not in plan.out + json.dumps(document)


@pytest.mark.parametrize(("cache", "holders"), [("", []), ('cache = { type = "gha" }', ["buildx bake"])])
def test_the_token_of_an_actions_job_reaches_the_build_only_for_its_cache(
    workstation: Workstation, tmp_path: Path, cache: str, holders: list[str]
) -> None:
    person, _ = workstation
    token = "runtime-canary-0123456789"
    person.variables |= {"ACTIONS_RUNTIME_TOKEN": token, "ACTIONS_RESULTS_URL": "http://127.0.0.1:1/"}
    person.variables["ACTIONS_CACHE_SERVICE_V2"] = "true"
    configure(person, cache)
    seen = spy(person, tmp_path)
    done = succeeded(publish(person))
    assert holding(seen, token) == holders
    assert token not in done.out + done.err
    # It is no token that a cache service would take, and that stops nothing.
    assert ("retrying without the cache" in done.err) is bool(cache)


def test_an_image_without_an_index_is_released_verified_and_rolled_back_as_any_other(workstation: Workstation) -> None:
    person, reader = workstation
    configure(person, "provenance = false")
    for tag in ("0.2.1", "0.2.2"):
        done = person.invoke("publish", "--lane", "main", "--tag", tag, "--platforms", "linux/amd64", "--latest")
        assert succeeded(done).built
    assert "index" not in json.loads(reader.raw("v0.2.1"))["mediaType"], "or this shows nothing"
    succeeded(person.invoke("verify", "--lane", "main", "--platforms", "linux/amd64", "--pull"))
    rolled = ("rollback", "--lane", "main", "--platforms", "linux/amd64", "--reason", "crashes")
    succeeded(person.invoke(*rolled))
    assert reader.digest("latest") == reader.digest("v0.2.1")
    status = json.loads(succeeded(person.invoke("status", "--lane", "main", "--json")).out)
    assert [([tag["version"] for tag in lane["floating_tags"]], lane["drift"]) for lane in status["lanes"]] == [
        (["0.2.1"], [])
    ]
    assert succeeded(person.invoke("history", "--lane", "main")).out.count(" linux/amd64 ") == 2
