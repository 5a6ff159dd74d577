"""What the commands of a row find: repositories of their own for each build, and projects to be run in."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import MAIN, STANDALONE, Lane
from shiplane.config.names.version_tag import TagTemplate
from tests.bench.builds import Build
from tests.bench.measure import LIMIT, Command
from tests.bench.seed import Storage, ledger, numbers, past, versions
from tests.bench.wire import Wire
from tests.rig.sample import checkout, git

LANES = (MAIN, STANDALONE)
ONE_TASK = "from invoke import task\n\n\n@task\ndef nothing(c):\n    pass\n"
INVOKE = f"{shlex.quote(sys.executable)} -m invoke"


@dataclass(frozen=True)
class Scene:
    """One build on the wire; what it changes in a repository no other build meets."""

    wire: Wire
    build: Build
    name: str = "aionis"

    @property
    def storage(self) -> Storage:
        """The place of its repository."""
        return Storage(self.wire.storage, f"{self.build.name}/{self.name}")

    @property
    def image(self) -> str:
        """The repository as a client names it."""
        return f"{self.wire.registry}/{self.storage.repository}"

    @property
    def project(self) -> Path:
        """The sample as a git checkout, made when it is first wanted."""
        folder = self.wire.folder / "projects" / self.storage.repository
        if not folder.exists():
            checkout(folder)
            (folder / "tasks.py").write_text("from shiplane import ns\n", encoding="utf-8")
        return folder

    def at(self, name: str) -> Scene:
        """The same build with another repository."""
        return replace(self, name=name)

    def invoke(self, arguments: str, *, restored: bool = False, before: str = "", limit: float = LIMIT) -> Command:
        """A command of the build, for its repository; ``before`` are the arguments of one that is run before it."""
        env = {"PYTHONPATH": str(self.build.tasks), "IMAGE_REPO": self.image}
        first = f"{INVOKE} {before}" if before else ""
        return self._command(f"{INVOKE} {arguments}", env, restored=restored, before=first, limit=limit)

    def peer(self, script: str, *, restored: bool = False, before: str = "") -> Command:
        """Somebody else's command; `$R` is the repository, `$B` the builder."""
        env = {"R": self.image, "B": self.wire.builder}
        return self._command(script, env, restored=restored, before=before)

    def _command(
        self, script: str, env: Mapping[str, str], *, restored: bool, before: str = "", limit: float = LIMIT
    ) -> Command:
        changed = (self.storage,) if restored else ()
        return Command(script=script, folder=self.project, env=env, restored=changed, before=before, limit=limit)

    def nothing(self) -> Command:
        """What Invoke takes by itself: a project with one task, in which no library is imported."""
        folder = self.wire.folder / "projects/nothing"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tasks.py").write_text(ONE_TASK, encoding="utf-8")
        return Command(script=f"{INVOKE} --list", folder=folder)

    def seed(self, lanes: Iterable[Lane], count: int, *, recorded: bool = True) -> None:
        """So many versions of each lane, with or without ledgers, unless they are there."""
        if self.storage.folder.exists():
            return
        for lane in lanes:
            releases = versions(self.storage, lane, numbers(count))
            if recorded:
                ledger(self.storage, lane, releases)
        self.storage.keep()

    def seed_ledger(self, entries: int) -> None:
        """One version of the main lane that is there, the last of a ledger with so many entries, two for each."""
        if self.storage.folder.exists():
            return
        every = numbers(entries // 2)
        last = versions(self.storage, MAIN, every[-1:])
        ledger(self.storage, MAIN, [*(past(MAIN, number) for number in every[:-1]), *last])
        self.storage.keep()

    def configure(self, lanes: Sequence[Lane]) -> None:
        """Let the project have these lanes instead of the built-in ones."""
        tables = (
            f'[lanes.{lane.name}]\ndockerfile = "{lane.dockerfile}"\ntag = "{lane.version_template}"\n'
            f'floating = ["{lane.floating_templates[0]}"]\ngit-tag = "{lane.git_tag}"\n'
            for lane in lanes
        )
        file = self.project / "shiplane.toml"
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{''.join(tables)}", encoding="utf-8")
        git(self.project, "commit", "--quiet", "--all", "--message", "lanes")


def lanes(count: int) -> list[Lane]:
    """So many lanes of one Dockerfile."""
    return [
        replace(
            MAIN,
            name=f"lane{number}",
            version_template=TagTemplate(f"lane{number}-v"),
            floating_templates=(FloatingTemplate(text=f"lane{number}-latest"),),
            git_tag=f"lane{number}-v{{version}}",
        )
        for number in range(count)
    ]
