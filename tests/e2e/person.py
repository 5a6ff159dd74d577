"""A local user: a checkout, an environment, and ``invoke``; and programs that know nothing of shiplane."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e import warm
from tests.rig import Rig, processes

ROOT = Path(__file__).parents[2]
PLATFORMS = "linux/amd64,linux/arm64"
# Whatever could change what a run does, so that a test depends on what it says alone.
_OWN = (
    "GITHUB_",
    "GHCR_",
    "DOCKER_",
    "BUILDX_",
    "ACTIONS_",
    "IMAGE_REPO",
    "TAG",
    "PLATFORMS",
    "PUBLISH_LATEST",
    "GIT_",
)


# The build command of the sample in a project file: not npm, which need not be there.
BUILD = 'build = "sh build.sh"\n'


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it is."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def built(self) -> bool:
        """Whether a build was so much as begun."""
        return "  | #" in self.err

    def __str__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


def succeeded(done: Done) -> Done:
    """The same, with its whole output if it did not."""
    assert done.code == 0, str(done)
    return done


def _cold(argv: list[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command as it is."""
    return subprocess.run(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=warm.LIMIT,
        check=False,
    )


@dataclass
class Person:
    """One checkout and what its owner has in the environment."""

    rig: Rig
    checkout: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.checkout / "tasks.py").write_text("from shiplane import ns\n")

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of a command."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        clean |= processes.CALM_GO
        return {**clean, **self.rig.env, "PYTHONPATH": str(ROOT / "tasks"), **self.variables, **more}

    @property
    def program(self) -> list[str]:
        """What ``invoke`` is here."""
        return [sys.executable, "-m", "invoke"]

    def invoke(self, *arguments: str, **more: str) -> Done:
        """Run ``invoke`` as in a terminal, with no standard input."""
        return self.run([*self.program, *arguments], **more)

    def run(self, argv: list[str], below: str = "", **more: str) -> Done:
        """Run any command in the checkout, or in a folder below its root."""
        folder, env = self.checkout / below, self.environ(**more)
        start = warm.run if warm.understands(argv, env) else _cold
        done = start(argv, folder, env)
        return Done(done.returncode, done.stdout, done.stderr)

    def begin(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start ``invoke`` and give it back while it runs; its progress is on standard error."""
        return subprocess.Popen(
            [*self.program, *arguments],
            cwd=self.checkout,
            env=self.environ(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def killed(self, number: signal.Signals, when: Callable[[str], bool], *arguments: str, **more: str) -> int:
        """Run ``invoke`` and send it a signal at a line of its output; gives how it ended."""
        child = self.begin(*arguments, **more)
        assert child.stderr is not None
        with child:
            for line in child.stderr:
                if when(line):
                    child.send_signal(number)
                    break
            child.stderr.read()
            return child.wait(timeout=60)


@dataclass(frozen=True)
class Reader:
    """Looks at one repository with crane and skopeo, logged in as somebody or not at all."""

    rig: Rig
    image: str
    account: str = ""

    def tags(self) -> dict[str, str]:
        """Every image's tag with its digest, by crane (a ledger's is none); none where there is no repository."""
        listed = self._run("crane", "ls", self.image)
        names = [name for name in listed.stdout.split() if not name.startswith("ledger-")]
        names = names if listed.returncode == 0 else []
        return {name: self.digest(name) for name in sorted(names)}

    def digest(self, tag: str) -> str:
        """By ``crane digest``."""
        done = self._run("crane", "digest", f"{self.image}:{tag}")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def raw(self, tag: str) -> bytes:
        """By ``skopeo inspect --raw``: the exact bytes."""
        flags = ["--creds", self._pair()] if self.account else ["--no-creds"]
        argv = ["skopeo", "inspect", "--raw", "--tls-verify=false", *flags, f"docker://{self.image}:{tag}"]
        return subprocess.run(argv, env=self.rig.environ(), check=True, capture_output=True).stdout

    def manifest(self, digest: str) -> dict[str, Any]:
        """One platform's manifest, by ``crane manifest``."""
        done = self._run("crane", "manifest", f"{self.image}@{digest}")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def pull(self, tag: str, folder: Path) -> None:
        """Everything of an image, by ``crane pull``."""
        done = self._run("crane", "pull", "--format=oci", f"{self.image}:{tag}", str(folder))
        assert done.returncode == 0, done.stderr

    def platforms(self, tag: str) -> list[str]:
        """The platforms in an index, attestations set aside."""
        entries = json.loads(self.raw(tag))["manifests"]
        found = [f"{entry['platform']['os']}/{entry['platform']['architecture']}" for entry in entries]
        return sorted(platform for platform in found if platform != "unknown/unknown")

    def _pair(self) -> str:
        account = self.rig.accounts[self.account]
        return f"{account.username}:{account.password}"

    def _run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        env = self.rig.environ()
        if self.account:
            env["DOCKER_CONFIG"] = str(self._logged_in())
        return subprocess.run(argv, env=env, capture_output=True, encoding="utf-8", check=False)

    def _logged_in(self) -> Path:
        """A docker configuration of the reader's own."""
        folder = self.rig.folder / f"reader-{self.account}"
        if not folder.exists():
            folder.mkdir()
            account = self.rig.accounts[self.account]
            argv = ["crane", "auth", "login", self.rig.guarded, "-u", account.username, "--password-stdin"]
            env = {**self.rig.environ(), "DOCKER_CONFIG": str(folder)}
            subprocess.run(argv, env=env, input=account.password.encode(), check=True, capture_output=True)
        return folder


@dataclass
class Log:
    """What a registry's door wrote down since this object was made."""

    path: Path
    start: int = 0

    def __post_init__(self) -> None:
        self.start = self.path.stat().st_size

    def lines(self) -> list[str]:
        """``METHOD PATH STATUS``, one line a request."""
        with self.path.open("rb") as stream:
            stream.seek(self.start)
            return stream.read().decode().splitlines()

    def tag_puts(self) -> list[str]:
        """The tags that were written, the ledgers' aside."""
        return [name for name in self.all_tag_puts() if not name.startswith("ledger-")]

    def wrote_in_turn(self, *groups: Collection[str]) -> bool:
        """Whether exactly these tags were written, one group after the other; those of one group side by side."""
        written = self.tag_puts()
        for group in groups:
            if sorted(written[: len(group)]) != sorted(group):
                return False
            written = written[len(group) :]
        return not written

    def all_tag_puts(self) -> list[str]:
        """The tags that were written, in their order."""
        found = [line.split() for line in self.lines()]
        names = [path.rpartition("/")[2] for method, path, _ in found if method == "PUT" and "/manifests/" in path]
        return [name for name in names if not name.startswith("sha256:")]


def runbook(rig: Rig, image: str, account: str = "push", **more: str) -> dict[str, str]:
    """The variables as the runbook exports them."""
    who = rig.accounts[account]
    names = {"IMAGE_REPO": image, "PLATFORMS": PLATFORMS, "GHCR_USERNAME": who.username, "GHCR_TOKEN": who.password}
    return {**names, **more}


def logged_in(person: Person, folder: Path) -> None:
    """Store the person's credential as ``docker login`` does, in a configuration of the test's own."""
    config = shutil.copytree(person.rig.env["DOCKER_CONFIG"], folder / "docker", symlinks=True)
    person.variables["DOCKER_CONFIG"] = str(config)
    succeeded(person.invoke("auth.login"))


def wait_until(true: Callable[[], bool], seconds: float = 240.0) -> bool:
    """Whether it became true, in a time that a busy machine meets as well."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


def without(variables: Mapping[str, str], *names: str) -> dict[str, str]:
    """The variables less some."""
    return {name: value for name, value in variables.items() if name not in names}
