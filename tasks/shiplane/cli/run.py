"""One run of one task: where it runs, with what, and what it has to say at its end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from shiplane.cli.clients.environment import child_environment, secrets_of
from shiplane.cli.views.console import Console, Live, Verbosity, live_on
from shiplane.config.keys.registries import check_names
from shiplane.config.project_folder import existing, find_root, load_project_file
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.core.errors import ConfigurationError
from shiplane.core.next_command import Caller
from shiplane.core.redact import Redactor
from shiplane.core.system.process import without_secrets
from shiplane.registry.credentials import Credentials

if TYPE_CHECKING:
    from shiplane.cli.clients.registry import RegistryClients
    from shiplane.cli.views.actions import Actions
    from shiplane.config.project_file import ProjectFile
    from shiplane.git.repository import Git
    from shiplane.registry.http.transport import HttpTransport


@dataclass
class Run:
    """What a task works with, instead of globals.

    Attributes:
        env: The environment, read once.
        folder: Where the user stands.
        caller: How the tasks are called here.
        search_root: Where the search for the project begins, if not where the user stands.
        verbosity: How much of the run is shown.
        limit: Called with how many seconds the run may take, once the project file says it.
        repeat_flags: What has to be added to the command, so that running it again means the same.
        began: When it began, in seconds since the epoch.
    """

    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = field(default_factory=Path.cwd)
    caller: Caller = field(default_factory=Caller)
    search_root: Path | None = None
    verbosity: Verbosity = Verbosity.USUAL
    limit: Callable[[float], None] = lambda _seconds: None
    repeat_flags: tuple[str, ...] = field(default=(), init=False)
    began: float = field(default_factory=time.time, init=False)
    _read_public_tags: Callable[[], list[str]] | None = field(default=None, init=False, repr=False)

    def show_at_the_end(self, read_public_tags: Callable[[], list[str]]) -> None:
        """What an unfinished run asks the registry at its end: a line for each tag that this run is about."""
        self._read_public_tags = read_public_tags

    def repeat_with(self, *flags: str) -> None:
        """From now on the same command without these flags would mean something else."""
        self.repeat_flags = flags

    def public_tags(self) -> list[str]:
        """The tags that this run is about, as they are now; nothing where it has not come that far."""
        return self._read_public_tags() if self._read_public_tags else []

    def within(self, *, env: Mapping[str, str] | None = None, folder: Path | None = None) -> Run:
        """A part of this run in another environment or folder; its public tags are shown at the end of this one."""
        part = Run(
            env=self.env if env is None else env,
            folder=self.folder if folder is None else folder,
            caller=self.caller,
            search_root=self.search_root if folder is None else None,
            verbosity=self.verbosity,
        )
        part.live = self.console.live
        self.show_at_the_end(part.public_tags)
        return part

    @cached_property
    def redact(self) -> Redactor:
        """Hides every secret of the environment, and those found later."""
        secrets = secrets_of(self.env)
        return Redactor(secrets, self.actions.mask) if self.actions else Redactor(secrets)

    @cached_property
    def console(self) -> Console:
        """Where progress and the result are shown."""
        return Console(
            self.env,
            self.redact,
            shown=self.caller.render,
            fold=self.actions.fold if self.actions else None,
            live=self.live,
            verbosity=self.verbosity,
        )

    @cached_property
    def live(self) -> Live | None:
        """What shows the running steps on a terminal; the parts of a run share it."""
        return live_on(self.env, sys.stderr) if self.verbosity is Verbosity.USUAL else None

    @cached_property
    def actions(self) -> Actions | None:
        """The GitHub Actions job that this run is a step of, if it is."""
        if self.env.get("GITHUB_ACTIONS") != "true":
            return None
        from shiplane.cli.views.actions import Actions

        return Actions(self.env)

    @cached_property
    def root(self) -> Path:
        """The project's root."""
        return find_root(self.search_root or self.folder)

    @cached_property
    def project(self) -> ProjectFile:
        """The project file."""
        project = load_project_file(self.root)
        check_names(project.name, project.registries, self.env)
        self.limit(project.limits.run_seconds)
        return project

    @cached_property
    def git(self) -> Git:
        """The project's repository."""
        from shiplane.git.repository import Git

        return Git(folder=self.root, env=self._git_env)

    @cached_property
    def child_env(self) -> dict[str, str]:
        """The environment of children that do not log in, build secrets left out: only the build itself gets them."""
        return child_environment(self.env, self.project, self.credentials)

    @property
    def _git_env(self) -> dict[str, str]:
        """Git runs the project's filters and hooks, which must see no secret; a broken project file stops no git."""
        try:
            return self.child_env
        except ConfigurationError:
            return without_secrets(self.env)

    @cached_property
    def checkout(self) -> Checkout | None:
        """What git said of the project when it was first asked; None where this is no repository with a commit."""
        return self.git.checkout()

    @cached_property
    def compared(self) -> Checkout | None:
        """The same, and what of the files differed from the commit then. A release looks anew, by :class:`Git`."""
        return self.git.compare_worktree()

    def resolver(self, flags: Flags) -> Resolver:
        """Everything that settings come from."""
        return Resolver(
            flags=flags,
            env=self.env,
            project=self.project,
            checkout=self.checkout,
            dockerfiles=self.dockerfiles(),
            committed=self.committed,
        )

    @cached_property
    def committed(self) -> Callable[[str], str | None]:
        """Reads the files of HEAD's commit by their paths, each once; where there is no commit there are none."""
        checkout = self.checkout
        return cache(partial(self.git.committed_file, checkout.commit)) if checkout else lambda _path: None

    def dockerfiles(self) -> frozenset[str]:
        """The lanes' Dockerfiles that exist."""
        return existing(self.root, [lane.dockerfile for lane in self.project.lanes])

    @cached_property
    def credentials(self) -> Credentials:
        """Where credentials are looked for."""
        return Credentials(env=self.env, names=self.project.registries)

    def transport(self) -> HttpTransport:
        """What carries requests, under our name."""
        from shiplane import __version__
        from shiplane.registry.http.transport import HttpTransport

        return HttpTransport(self.env, user_agent=f"shiplane/{__version__}")

    @cached_property
    def registries(self) -> RegistryClients:
        """The clients of registries, with one budget of retries for all of them."""
        from shiplane.cli.clients.registry import RegistryClients

        return RegistryClients(
            env=self.env,
            project=self.project,
            credentials=self.credentials,
            transport=self.transport,
            redact=self.redact,
            tell=self.console.tell,
            count_down=self.console.show_wait,
        )
