"""One run of one task: where it runs, with what, and the clients made on first use."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from shiplane.cli.views.console import Console
from shiplane.config.build_settings import check_variables, secret_variables
from shiplane.config.keys.gates import RESERVED_CHECKS
from shiplane.config.keys.registries import check_names
from shiplane.config.lane import Lane
from shiplane.config.plan import Plan
from shiplane.config.project_file import ProjectFile
from shiplane.config.project_folder import existing, find_root, load_project_file, read_secret
from shiplane.config.settings import Checkout, Flags, Resolver, public_slug
from shiplane.core.credential import Credential
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.core.next_command import Caller
from shiplane.core.redact import Redactor, quoted
from shiplane.core.system.process import without_secrets
from shiplane.docker.contexts import check_folder_names
from shiplane.git.repository import Git
from shiplane.ledger.actor import author
from shiplane.registry.client import RegistryClient
from shiplane.registry.credentials import Credentials
from shiplane.registry.http.proxies import proxy_passwords
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.session import Session
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.names import Repository
from shiplane.release.planning.planner import check_caches

if TYPE_CHECKING:
    from shiplane.cli.views.actions import Actions
    from shiplane.docker.buildx import Buildx
    from shiplane.git.github import GitHub
    from shiplane.ledger.recorder import Ledgers
    from shiplane.release.prerequisites import Prerequisites

# Ours and the usual names of others': whatever they hold must not be printed, wherever it turns up.
_SECRETS = ("GHCR_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")

# Seconds for a registry that is just writing what we read: distribution answers 500 for that moment.
_HICCUP = 1.0
# Seconds that the names may take in what an interrupted run says last: whoever interrupted it is waiting.
_LAST_WORDS = 4.0


@dataclass
class Run:
    """What a task body works with, instead of globals.

    Attributes:
        env: The environment, read once.
        folder: Where the user stands.
        closing: What an unfinished run says about the registry; set as soon as there is something to say.
        caller: How our tasks are called here.
        pinned: What has to be added to the command, so that running it again means the same.
    """

    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = field(default_factory=Path.cwd)
    closing: Callable[[], list[str]] | None = None
    caller: Caller = field(default_factory=Caller)
    pinned: Callable[[], Sequence[str]] = tuple

    @cached_property
    def redact(self) -> Redactor:
        """Hides every secret of the environment, and those found later."""
        known = [self.env[name] for name in _SECRETS if self.env.get(name)]
        known += proxy_passwords(self.env)
        return Redactor(known, self.actions.mask) if self.actions else Redactor(known)

    @cached_property
    def console(self) -> Console:
        """Where the run tells its story."""
        return Console(self.env, self.redact, shown=self.caller.shown, fold=self.actions.fold if self.actions else None)

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
        return find_root(self.folder)

    @cached_property
    def project(self) -> ProjectFile:
        """The project file."""
        project = load_project_file(self.root)
        check_names(project.name, project.registries, self.env)
        return project

    @cached_property
    def git(self) -> Git:
        """The project's repository."""
        return Git(folder=self.root, env=self._git_env)

    @cached_property
    def credentials(self) -> Credentials:
        """Where credentials are looked for."""
        return Credentials(env=self.env, names=self.project.registries)

    @cached_property
    def retry_budget(self) -> RetryBudget:
        """The run's one retry budget."""
        return RetryBudget(tell=self.console.tell)

    @cached_property
    def child_env(self) -> dict[str, str]:
        """The environment of children that do not log in, build secrets left out: only the build itself gets them."""
        secrets = secret_variables(lane.build for lane in self.project.lanes)
        return without_secrets(self.env, also=[*self.credentials.secret_variables(), *secrets])

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
        return self.git.compared()

    def resolver(self, flags: Flags) -> Resolver:
        """Everything that settings come from."""
        return Resolver(
            flags=flags,
            env=self.env,
            project=self.project,
            checkout=self.checkout,
            dockerfiles=self.dockerfiles(),
        )

    def dockerfiles(self) -> frozenset[str]:
        """The lanes' Dockerfiles that exist."""
        return existing(self.root, [lane.dockerfile for lane in self.project.lanes])

    def check_build(self, plan: Plan) -> None:
        """See that what the builds are given is there, and hide the secrets among it from here on.

        Raises:
            UsageError: A variable is not set, a file is missing, or a cache would take an image's name.
        """
        check_caches(plan, self.project.lanes)
        for lane in plan.lanes:
            self.check_build_of(lane.lane)

    def check_build_of(self, lane: Lane) -> None:
        """The same for what one lane's build is given, its cache aside. Raises as :meth:`check_build`."""
        check_variables(lane.name, lane.build, self.env)
        for secret in lane.build.secrets:
            content = self.env[secret.env] if secret.env else read_secret(self.root, lane.name, secret)
            self.redact.add_content(content)

    def check_contexts(self, plan: Plan) -> None:
        """Refuse, before anything is built or asked, what buildx cannot send to a builder that pushes by digest.

        Raises:
            PrerequisiteError: A context's folder has a name that is not ASCII.
        """
        check_folder_names(self.root, {lane.lane.name: lane.lane.context for lane in plan.lanes}, self.env)

    def buildx(self, env: Mapping[str, str]) -> Buildx:
        """This machine's buildx, whose builds get what their settings name of the user's environment."""
        from shiplane.docker.buildx import Buildx
        from shiplane.docker.cache_probe import probe_with

        return Buildx(
            env=env,
            root=self.root,
            listen=self.console.foreign,
            tell=self.console.tell,
            given=self.env,
            silent=probe_with(self.transport()),
            names_source=self._remotes_name_the_source,
        )

    def _remotes_name_the_source(self) -> bool:
        """Whether every URL of every git remote says what the label of an image's source says."""
        slug = self.resolver(Flags()).slug()
        return slug is not None and all(public_slug(url) == slug.value for url in self.git.remote_urls())

    def lane_named(self, lane: str | None, tag: str | None) -> str:
        """The lane of a command whose version is ``--tag`` or TAG. Raises as :func:`one_lane`."""
        return one_lane(lane, self.project, tag or self.env.get("TAG"))

    def credential(self, repository: Repository) -> Credential | None:
        """The credential to write to a repository with, known to the redactor from here on."""
        return self._hidden(self.credentials.find(repository.registry))

    def _hidden(self, credential: Credential | None) -> Credential | None:
        if credential:
            self.redact.add_credential(credential)
        return credential

    def reader(self, repository: Repository, retry_budget: RetryBudget | None = None) -> RegistryClient:
        """A client that only reads: as a stranger, and where one is refused as whoever belongs to that registry."""
        registry = self.registry(repository, None, retry_budget)
        registry.session.reserve = lambda: self._hidden(self.credentials.own(repository.registry))
        return registry

    def writer(self, repository: Repository) -> RegistryClient:
        """A client that writes, in the name of whoever the credential to write with belongs to."""
        return self.registry(repository, self.credential(repository))

    def registry(
        self, repository: Repository, credential: Credential | None, retry_budget: RetryBudget | None = None
    ) -> RegistryClient:
        """A registry client in somebody's name, or in nobody's."""
        session = Session(self.transport(), credential, retry_budget or self.retry_budget, self.redact)
        session.token_hosts = {host: names.token_host for host, names in self.project.registries.items()}
        session.variables = self.credentials.login_variables
        return RegistryClient(session, repository)

    def impatient(self, registry: RegistryClient, *, within: float = _LAST_WORDS) -> RegistryClient:
        """The same identity with hardly any waiting, for what is nice to know: so many seconds for all of it.

        It shares nothing with the client it is made from: that one may have been interrupted while it held a lock.
        """
        hurried = self.registry(registry.repository, registry.session.credential, RetryBudget(budget=_HICCUP))
        hurried.session.reserve = registry.session.reserve
        hurried.session.until = hurried.retry_budget.clock.now() + within
        return hurried

    def ledgers(self, repository: Repository, registry: RegistryClient) -> Ledgers | None:
        """The ledgers of a repository's lanes, or None where the project keeps none.

        Args:
            repository: Of the images.
            registry: The client for it; a ledger at another registry gets its own, with that one's credential.
        """
        from shiplane.core.system.host import desk
        from shiplane.ledger.recorder import EntryAuthor, Ledgers

        if not self.project.keeps_ledger:
            return None
        place = self.project.ledger or repository
        reads = registry.session.reserve is not None
        if place.registry != repository.registry:
            registry = self.reader(place) if reads else self.writer(place)
        credential = registry.session.credential
        who, run = author(self.env, credential.username if credential else "", desk=desk())
        return Ledgers(
            registry=registry.at(place),
            author=EntryAuthor(who=self.redact(who), run=run),
        )

    def transport(self) -> HttpTransport:
        """What carries requests, under our name."""
        from shiplane import __version__

        return HttpTransport(self.env, user_agent=f"shiplane/{__version__}")

    def prerequisites(self, commit: str, skip: Sequence[str] = ()) -> Prerequisites:
        """The prerequisites of a commit, with children that see no secret.

        Raises:
            UsageError: ``skip`` names no check.
        """
        from shiplane.release.prerequisites import Prerequisites

        self.check_skip(skip)
        # A gate may repeat what it was never given: the project's own registries have secrets, too.
        for name in self.credentials.secret_variables():
            self.redact.add(self.env.get(name, ""))
        return Prerequisites(
            root=self.root,
            project=self.project,
            commit=commit,
            env=self.child_env,
            transport=self.transport(),
            github=self.github,
            redact=self.redact,
            skip=frozenset(skip),
            tell=self.console.tell,
        )

    def check_skip(self, skip: Sequence[str]) -> None:
        """Refuse the name of a check that does not exist.

        Raises:
            UsageError: Listing those that do.
        """
        known = [*RESERVED_CHECKS, *(gate.name for gate in self.project.gates)]
        for name in skip:
            if name not in known:
                raise UsageError(f"--skip {name[:40]!a}: no such check", remedy=f"One of: {', '.join(known)}.")

    def github(self) -> GitHub:
        """The client for the checks of this project's repository.

        Raises:
            UsageError: Nothing says which repository that is.
        """
        from shiplane.git.github import API, TOKEN_VARIABLES, GitHub

        slug = self.resolver(Flags()).slug()
        if slug is None:
            raise UsageError("a gate asks GitHub, but nothing says which repository", remedy="Set GITHUB_REPOSITORY.")
        return GitHub(
            transport=self.transport(),
            retry_budget=self.retry_budget,
            redact=self.redact,
            slug=slug.value,
            api=self.env.get("GITHUB_API_URL") or API,
            token=next((self.env[name] for name in TOKEN_VARIABLES if self.env.get(name)), ""),
        )

    @contextmanager
    def login(self, credential: Credential | None, *, stored: bool) -> Iterator[dict[str, str]]:
        """The environment for the one child that pushes: privately logged in, unless what is stored is to be used."""
        from shiplane.docker.private_config import private_login
        from shiplane.registry.stored_login import AUTH_CONFIG, environment_logins

        own = None if credential and (stored or credential.source.startswith("docker login")) else credential
        logins = environment_logins(self.env.get(AUTH_CONFIG, ""))
        if own is None and not logins:
            yield self.child_env
            return
        for entry in logins.values():
            self.redact.add_content("\n".join([entry["auth"], base64.b64decode(entry["auth"]).decode()]))
        with private_login(self.child_env, own, logins, project=self.root) as env:
            yield env


def one_lane(lane: str | None, project: ProjectFile, version: str | None = None) -> str:
    """The lane that has to be named.

    Args:
        lane: What ``--lane`` gives.
        project: Whose lanes there are.
        version: What was given as the version: a tag of one lane tells which is meant, and is not taken for the answer.

    Raises:
        UsageError: None was.
    """
    if lane:
        return lane
    owner = project.lane_of(version) if version else None
    if version and owner:
        raise UsageError(
            f"no lane is named; {quoted(version, 40)} is lane {owner.name}'s", remedy=f"Give --lane {owner.name}."
        )
    known = " or ".join(f"--lane {lane.name}" for lane in project.lanes)
    raise UsageError("no lane is named", remedy=f"Give {known}.")
