"""May we push? Credential, token, an upload opened and left to expire: each a row, so that it shows where it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from shiplane.core.credential import Credential
from shiplane.core.errors import AccessError
from shiplane.core.finding import Finding, done, failed, skipped
from shiplane.core.next_command import command
from shiplane.core.progress import StepState
from shiplane.doctor.doctor import attempt
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Repository
from shiplane.release.access import prove_push

_CREDENTIAL, _TOKEN, _UPLOAD, _PACKAGE = (f"access: {what}" for what in ("credential", "token", "upload", "package"))
_STALE = f"  If the stored login is stale: {command('auth.logout')}, then docker login anew."


@dataclass(frozen=True, kw_only=True)
class AccessChecks:
    """One repository, and how to come to it.

    Attributes:
        repository: What is to be pushed to.
        credential: Finds the credential, as a release would.
        connect: Makes a registry client in somebody's name.
        records: Whether the ledger is kept there.
    """

    repository: Repository
    credential: Callable[[], Credential | None]
    connect: Callable[[Credential | None], RegistryClient]
    records: bool = True

    def check(self) -> Iterator[Finding]:
        """The rows; after the first failure the others are skipped."""
        try:
            credential = self.credential()
        except AccessError as error:
            yield failed(_CREDENTIAL, error)
            yield skipped(_UPLOAD, "no usable credential")
            return
        yield self._credential(credential)
        yield from self._permission(credential)

    def _credential(self, credential: Credential | None) -> Finding:
        registry = self.repository.registry
        if credential is None:
            return skipped(_CREDENTIAL, f"none found for {registry}: we come as a stranger")
        return done(_CREDENTIAL, f"{credential.username} for {registry}, from {credential.source}")

    def _permission(self, credential: Credential | None) -> Iterator[Finding]:
        registry = self.connect(credential)
        token = self._told(attempt(_TOKEN, lambda: self._token(registry)), credential)
        yield token
        if token.state is StepState.FAILED:
            yield skipped(_UPLOAD, "there is no token to open one with")
            return
        opened = self._told(attempt(_UPLOAD, lambda: self._upload(registry)), credential)
        yield opened
        if opened.state is StepState.DONE:
            yield attempt(_PACKAGE, lambda: self._package(registry))

    def _token(self, registry: RegistryClient) -> Finding:
        if registry.log_in():
            return done(_TOKEN, f"{self.repository.registry} let us in; what it allows, only the upload shows")
        return skipped(_TOKEN, f"{self.repository.registry} asks for none")

    def _upload(self, registry: RegistryClient) -> Finding:
        return upload(_UPLOAD, registry, records=self.records)

    def _package(self, registry: RegistryClient) -> Finding:
        """The first publish has no name to look at: the open upload is what proves that it may create one."""
        known = registry.exists()
        if known:
            return done(_PACKAGE, f"{self.repository} exists")
        what = "does not exist yet" if known is False else "cannot be read, as GHCR answers for what does not exist yet"
        return done(_PACKAGE, f"{self.repository} {what}: this is the first publish, and the upload shows that it may")

    @staticmethod
    def _told(finding: Finding, credential: Credential | None) -> Finding:
        """The finding, with the usual way out where docker's stored login was refused."""
        stale = credential is not None and credential.source.startswith("docker login")
        if finding.exit_code == AccessError.exit_code and stale:
            return replace(finding, remedy=f"{finding.remedy}\n{_STALE}")
        return finding


def upload(name: str, registry: RegistryClient, *, records: bool) -> Finding:
    """Whether we may push: an upload is opened, and left to expire. Raises as :func:`prove_push`."""
    doubt = prove_push(registry, records=records)
    if doubt:
        return skipped(name, f"whether we may push could not be told: {doubt}")
    return done(name, f"{registry.repository} opened one for us: we may push")
