"""Smoke runs in a real engine: images that run, that do not, and what is left behind by whom."""

from __future__ import annotations

import signal

import pytest

from tests.e2e.person import BUILD, Done, Person, Reader, succeeded, wait_until
from tests.rig import Rig
from tests.rig.sample import git, pair_for
from tests.unit.documents import faults

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
PUBLISH = ("publish", "--lane", "main", "--tag", "v0.2.1")
SERVES = 'HEALTHCHECK --interval=1s --start-interval=1s CMD true\nCMD ["sleep", "600"]'


def configured(person: Person, smoke: str, dockerfile: str = "") -> None:
    """Commit a project file with these smoke runs, and perhaps another image."""
    (person.checkout / "shiplane.toml").write_text(pair_for(person.rig.guarded) + BUILD + smoke)
    if dockerfile:
        (person.checkout / "Dockerfile").write_text(f"FROM busybox:stable\n{dockerfile}\n")
    git(person.checkout, "commit", "--quiet", "--all", "--message", "smoke")


def containers(person: Person, image: str) -> list[str]:
    """The containers of this repository's images, running or not."""
    listed = person.run(["docker", "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Image}}"]).out.splitlines()
    return [line.split()[0] for line in listed if line.split()[1].startswith(image)]


def images(person: Person, image: str) -> list[str]:
    """The images of this repository that the engine has."""
    return person.run(["docker", "images", "--digests", "--quiet", image]).out.split()


def spotless(person: Person, reader: Reader) -> bool:
    return (containers(person, reader.image), images(person, reader.image)) == ([], [])


def test_each_platform_is_run_by_digest_the_other_by_emulation_and_nothing_stays_in_the_engine(
    guarded_workstation: Workstation,
) -> None:
    person, reader = guarded_workstation
    configured(person, "[smoke]\n")
    done = succeeded(person.invoke("release", "--version", "0.2.1", "--json"))
    lanes = {lane["lane"]: lane["smoke"] for lane in done.document["lanes"]}
    for smoke in lanes.values():
        assert smoke["reason"] == "ran on linux/amd64, linux/arm64"
        assert [one["emulated"] for one in smoke["platforms"]] == [False, True]
        assert all(one["reason"].startswith("healthy after ") for one in smoke["platforms"])
    assert faults(done.document, "result", "released") == []
    assert len(reader.tags()) == 3
    assert spotless(person, reader)
    again = succeeded(person.invoke("release", "--version", "0.2.1"))
    assert "unchanged  smoke main: published already" in again.err


UNHEALTHY = 'HEALTHCHECK --interval=1s --retries=1 CMD echo no database; exit 1\nCMD ["sh", "-c", "echo up; sleep 600"]'
LATE = 'HEALTHCHECK --interval=1s --retries=99 CMD exit 1\nCMD ["sh", "-c", "echo up; sleep 600"]'
CRASHING = 'HEALTHCHECK --interval=1s CMD true\nCMD ["sh", "-c", "echo up; echo cannot bind >&2; exit 3"]'


@pytest.mark.share(3)
@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [
        (UNHEALTHY, ["unhealthy after", "(no database)", "  | up"]),
        (LATE, ["not healthy within 3 s", "  | up"]),
        (CRASHING, ["ended with 3 after", "  | up", "  | cannot bind"]),
        # Newer versions of runc say at what it failed before they say why.
        ('CMD ["/no/such/program"]', ["could not be started: ", 'exec: "/no/such/program"']),
        ('CMD ["sh", "-c", "echo up; exit 4"]', ["ended with 4 after", "  | up"]),
    ],
    ids=["unhealthy", "late", "crashing", "no program", "no check"],
)
def test_an_image_that_does_not_run_gets_no_name_and_shows_what_it_wrote(
    workstation: Workstation, dockerfile: str, words: list[str]
) -> None:
    person, reader = workstation
    configured(person, '[smoke]\ntimeout-seconds = 3\nplatforms = ["linux/amd64"]\n', dockerfile)
    done = person.invoke(*PUBLISH, "--json")
    assert (done.code, done.built) == (6, True), str(done)
    assert [word for word in words if word not in done.document["error"]["what"]] == [], str(done)
    assert "--skip smoke" in done.document["error"]["remedy"]
    assert faults(done.document, "result", "error") == []
    assert reader.tags() == {}
    assert spotless(person, reader)
    succeeded(person.invoke(*PUBLISH, "--skip", "smoke"))
    assert set(reader.tags()) == {"v0.2.1"}


@pytest.mark.share(3)
@pytest.mark.parametrize(
    ("command", "words"),
    [("sleep 600", "but does not end"), ("yes", "but does not end"), ("/no/such", "but ends with 127")],
)
def test_a_command_that_never_exits_0_is_waited_for_no_longer_than_configured(
    workstation: Workstation, command: str, words: str
) -> None:
    person, reader = workstation
    smoke = f'[smoke]\ncommand = "{command}"\ntimeout-seconds = 2\nplatforms = ["linux/amd64"]\n'
    configured(person, smoke, 'CMD ["sleep", "600"]')
    done = person.invoke(*PUBLISH)
    assert (done.code, words in done.err) == (6, True), str(done)
    assert spotless(person, reader)


@pytest.mark.share(3)
@pytest.mark.parametrize(
    ("smoke", "dockerfile", "reason"),
    [
        ("up-seconds = 1\n", 'CMD ["sleep", "600"]', "up for 1 s; the image has no HEALTHCHECK"),
        ("", 'CMD ["echo", "did it"]', "ended with 0 after"),
        (
            'command = "test -e /tmp/ready"\n',
            'CMD ["sh", "-c", "sleep 1; touch /tmp/ready; sleep 600"]',
            "exits 0 after",
        ),
        ('command = "sh -c \'test $MODE = s\'"\nenv = {MODE = "s"}\n', SERVES, "exits 0 after"),
        # An entrypoint that becomes somebody else, as those of databases do.
        ('command = "test -O /tmp/ready"\n', 'USER nobody\nCMD ["sh", "-c", "touch /tmp/ready; sleep 600"]', "exits 0"),
    ],
    ids=["stays up", "a job", "a command", "an environment", "another user"],
)
def test_what_decides_is_the_healthcheck_the_command_or_staying_up(
    workstation: Workstation, smoke: str, dockerfile: str, reason: str
) -> None:
    person, _ = workstation
    configured(person, f'[lanes.main.smoke]\nplatforms = ["linux/amd64"]\n{smoke}', dockerfile)
    done = succeeded(person.invoke(*PUBLISH, "--json"))
    amd64, arm64 = done.document["lanes"][0]["smoke"]["platforms"]
    assert reason in amd64["reason"]
    assert (arm64["state"], arm64["reason"]) == ("skipped", "only linux/amd64 is configured to be tested")


def running(person: Person, reader: Reader) -> Done:
    """The container of a smoke run, looked at while it runs."""
    assert wait_until(lambda: containers(person, reader.image) != [])
    form = (
        "{{.HostConfig.Privileged}} {{.HostConfig.NetworkMode}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} "
        "{{len .HostConfig.PortBindings}} {{.HostConfig.PublishAllPorts}} {{len .Mounts}} {{.HostConfig.Memory}}"
    )
    return person.run(["docker", "inspect", "--format", form, containers(person, reader.image)[0]])


@pytest.mark.share(2)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_polite_signal_removes_the_container_which_had_no_privilege_and_no_port(
    workstation: Workstation, number: signal.Signals
) -> None:
    person, reader = workstation
    configured(person, "[smoke]\n", f"EXPOSE 8080\n{LATE}")
    child = person.begin(*PUBLISH)
    try:
        seen = running(person, reader)
        child.send_signal(number)
        story = child.communicate(timeout=240)[1]
    finally:
        child.kill()
    assert seen.out.strip() == "false none [NET_RAW MKNOD] [no-new-privileges] 0 false 0 2147483648"
    assert child.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130}[number], story
    assert spotless(person, reader)
    assert reader.tags() == {}


def test_what_a_killed_run_left_is_removed_by_the_next_one(workstation: Workstation) -> None:
    person, reader = workstation
    configured(person, '[smoke]\nplatforms = ["linux/amd64"]\ntimeout-seconds = 2\n', LATE)
    child = person.begin(*PUBLISH)
    running(person, reader)
    child.kill()
    child.communicate(timeout=240)
    left = containers(person, reader.image)
    assert (len(left), len(images(person, reader.image))) == (1, 1)
    assert person.invoke(*PUBLISH).code == 6
    assert spotless(person, reader)


def test_an_image_that_the_engine_had_before_stays_in_it(workstation: Workstation) -> None:
    person, reader = workstation
    configured(person, '[smoke]\nplatforms = ["linux/amd64"]\n', SERVES)
    staged = succeeded(person.invoke("stage", *PUBLISH[1:], "--output", "../staged.json", "--json"))
    entries = reader.manifest(staged.document["staged"]["digest"])["manifests"]
    first = next(entry["digest"] for entry in entries if entry["platform"]["architecture"] == "amd64")
    succeeded(person.run(["docker", "pull", "--quiet", f"{reader.image}@{first}"]))
    done = succeeded(person.invoke(*PUBLISH, "--staged", "../staged.json", "--json"))
    assert amd64_of(done) == first
    assert "done       smoke main linux/amd64" in done.err
    assert (containers(person, reader.image), len(images(person, reader.image))) == ([], 1)
    succeeded(person.run(["docker", "rmi", f"{reader.image}@{first}"]))


def amd64_of(done: Done) -> str:
    """The digest of the native platform's image."""
    return str(done.document["lanes"][0]["platforms"]["linux/amd64"])


def test_an_engine_that_is_not_there_is_told_before_anything_is_built(rig: Rig, workstation: Workstation) -> None:
    person, reader = workstation
    configured(person, "[smoke]\n")
    # The rig's builder is reached on its own socket, as a remote one would be.
    done = person.invoke(*PUBLISH, "--builder", rig.builder, DOCKER_HOST="unix:///nowhere/engine.sock")
    assert (done.code, done.built) == (7, False), str(done)
    assert "no Docker engine answers" in done.err
    assert reader.tags() == {}
    succeeded(
        person.invoke(*PUBLISH, "--builder", rig.builder, "--skip", "smoke", DOCKER_HOST="unix:///nowhere/engine.sock")
    )
