"""The registry clients of a run: who reads, who writes, how long they may wait, and the ledgers that they keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from shiplane.core.credential import Credential
from shiplane.core.errors import ConfigurationError
from shiplane.core.redact import Redactor
from shiplane.core.system.host import user_at_host
from shiplane.ledger.actor import acting_user
from shiplane.registry.client import RegistryClient
from shiplane.registry.credentials import Credentials
from shiplane.registry.http.exchange import Transport
from shiplane.registry.http.retry_budget import Clock, RetryBudget, SystemClock
from shiplane.registry.http.session import Session
from shiplane.registry.oci.names import Repository, Tag

if TYPE_CHECKING:
    from shiplane.config.project_file import ProjectFile
    from shiplane.ledger.recorder import Ledgers

# Seconds for a registry that is just writing what we read: distribution answers 500 for that moment.
_HICCUP = 1.0
# Seconds that the tags may take in the closing lines of an interrupted run: the user is waiting.
_CLOSING = 4.0


def identity(credential: Credential | None) -> str:
    """Who a credential is, for display."""
    return f"as {credential.username} ({credential.source})" if credential else "anonymous (no credentials found)"


@dataclass(frozen=True, kw_only=True)
class RegistryClients:
    """Makes the clients.

    Attributes:
        env: Says who writes into ledgers.
        project: Names the registries, and where ledgers are kept.
        credentials: Where credentials are looked for.
        transport: Carries the requests.
        redact: Learns each credential that is used.
        tell: Shows a line of progress.
        count_down: Shows how long a wait will still take.
        clock: Whose time waits go by.
    """

    env: Mapping[str, str]
    project: ProjectFile
    credentials: Credentials
    transport: Callable[[], Transport]
    redact: Redactor
    tell: Callable[[str], None]
    count_down: Callable[[str, float], None] = lambda _reason, _seconds: None
    clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def retry_budget(self) -> RetryBudget:
        """The run's one retry budget."""
        limits = self.project.limits
        return RetryBudget(
            tell=self.tell,
            count_down=self.count_down,
            clock=self.clock,
            budget=limits.retry_seconds,
            tries=limits.tries,
            max_wait=limits.wait_seconds,
        )

    def hurried(self, seconds: float = 0.0) -> RetryBudget:
        """A budget with only so many seconds of waiting: a registry that is down must not delay the answer."""
        return RetryBudget(tell=self.tell, count_down=self.count_down, budget=seconds)

    def credential(self, repository: Repository) -> Credential | None:
        """The credential to write to a repository with, known to the redactor from here on."""
        return self._hidden(self.credentials.for_writing(repository.registry))

    def _hidden(self, credential: Credential | None) -> Credential | None:
        if credential:
            self.redact.add_credential(credential)
        return credential

    def reader(self, repository: Repository, retry_budget: RetryBudget | None = None) -> RegistryClient:
        """A client that only reads: anonymous, and where that is refused with a credential of that very registry.

        The readers of one registry share their connections and tokens, unless one has a budget of its own.
        """
        if retry_budget is not None:
            return self._reader(repository, retry_budget)
        session = self._reading.get(repository.registry)
        if session is None:
            session = self._reading[repository.registry] = self._reader(repository).session
        return RegistryClient(session, repository)

    @cached_property
    def _reading(self) -> dict[str, Session]:
        """The session that reads each registry."""
        return {}

    def _reader(self, repository: Repository, retry_budget: RetryBudget | None = None) -> RegistryClient:
        registry = self.client(repository, None, retry_budget)
        registry.session.fallback = lambda: self._hidden(self.credentials.for_reading(repository.registry))
        registry.session.only_reads = True
        return registry

    def source(self, repository: Repository) -> RegistryClient:
        """A client that reads what is to be written elsewhere: anonymous, and where that is refused as :meth:`writer`.

        The command writes, so that a variable which only the project file assigns to this registry is meant for it.
        """
        registry = self.client(repository, None)
        registry.session.fallback = lambda: self.credential(repository)
        registry.session.only_reads = True
        return registry

    def writer(self, repository: Repository) -> RegistryClient:
        """A client that may write, with the credential for it; anonymous where there is none."""
        return self.client(repository, self.credential(repository))

    def writers(self, repository: Repository) -> RegistryClient:
        """The same, from which clients for other registries can be had, each with the credential for its own."""
        sessions: dict[str, Session] = {}

        def session(other: Repository) -> Session:
            if other.registry not in sessions:
                credential = self.credential(other)
                self.tell(f"{other.registry}: {identity(credential)}")
                sessions[other.registry] = self.client(other, credential).session
            return sessions[other.registry]

        return RegistryClient(session(repository), repository, session)

    def client(
        self, repository: Repository, credential: Credential | None, retry_budget: RetryBudget | None = None
    ) -> RegistryClient:
        """A client with a credential, or an anonymous one."""
        session = Session(self.transport(), credential, retry_budget or self.retry_budget, self.redact)
        session.token_hosts = {host: names.token_host for host, names in self.project.registries.items()}
        session.joining = frozenset(host for host, names in self.project.registries.items() if names.several_tags)
        session.variables = self.credentials.login_variables
        return RegistryClient(session, repository)

    def impatient(self, registry: RegistryClient, *, within: float = _CLOSING) -> RegistryClient:
        """The same identity with hardly any waiting, for what is nice to know: so many seconds for all of it.

        It shares nothing with the client it is made from: that one may have been interrupted while it held a lock.
        """
        hurried = self.client(registry.repository, registry.session.credential, RetryBudget(budget=_HICCUP))
        hurried.session.fallback = registry.session.fallback
        hurried.session.until = hurried.retry_budget.clock.now() + within
        return hurried

    def tags_now(self, registry: RegistryClient, tags: Sequence[Tag]) -> list[str]:
        """A line for each tag as it is now, for the end of a run."""
        from shiplane.cli.clients.public_tags import tags_now

        return tags_now(self.impatient(registry), tags)

    def required_ledgers(self, repository: Repository, registry: RegistryClient, *, for_what: str) -> Ledgers:
        """The ledgers of a repository's lanes.

        Raises:
            ConfigurationError: The project keeps none.
        """
        ledgers = self.ledgers(repository, registry)
        if ledgers is None:
            raise ConfigurationError(
                f"{self.project.name}: ledger = false, and {for_what} kept in the ledger",
                remedy="Remove ledger = false.",
            )
        return ledgers

    def ledgers(self, repository: Repository, registry: RegistryClient) -> Ledgers | None:
        """The ledgers of a repository's lanes, or None where the project keeps none.

        Args:
            repository: Of the images.
            registry: The client for it; a ledger at another registry gets its own, with that one's credential.
        """
        from shiplane.ledger.recorder import EntryAuthor, Ledgers

        if not self.project.keeps_ledger:
            return None
        kept_in = self.project.ledger_of(repository)
        if kept_in.registry != repository.registry and registry.sessions is None:
            registry = self.reader(kept_in) if registry.session.only_reads else self.writer(kept_in)
        registry = registry.at(kept_in)
        credential = registry.session.credential
        who, run = acting_user(self.env, credential.username if credential else "", user_at_host=user_at_host())
        return Ledgers(registry=registry, author=EntryAuthor(who=self.redact(who), run=run))
