"""Check the permission to push: credential, token and a test upload, each as a row, so that it shows where it ends."""

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
from shiplane.registry.kinds import traits_of
from shiplane.registry.oci.names import Repository
from shiplane.release.access import prove_push

_CREDENTIAL, _TOKEN, _UPLOAD, _PACKAGE, _REGISTRY = (
    f"access: {what}" for what in ("credential", "token", "upload", "package", "registry")
)
_STALE = f"  If the stored login is stale: {command('auth.logout')}, then docker login anew."


@dataclass(frozen=True, kw_only=True)
class AccessChecks:
    """The access to one repository.

    Attributes:
        repository: Where to push.
        credential: Finds the credential, as a release would.
        connect: Makes a registry client with a credential.
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
            return skipped(_CREDENTIAL, f"none found for {registry}: anonymous")
        return done(_CREDENTIAL, f"{credential.username} for {registry}, from {credential.source}")

    def _permission(self, credential: Credential | None) -> Iterator[Finding]:
        registry = self.connect(credential)
        token = self._with_login_hint(attempt(_TOKEN, lambda: self._token(registry)), credential)
        yield token
        if token.state is StepState.FAILED:
            yield skipped(_UPLOAD, "no token")
            return
        opened = self._with_login_hint(attempt(_UPLOAD, lambda: self._upload(registry)), credential)
        yield opened
        if opened.state is StepState.DONE:
            yield attempt(_PACKAGE, lambda: self._package(registry))
            yield done(_REGISTRY, str(traits_of(registry)))

    def _token(self, registry: RegistryClient) -> Finding:
        if registry.log_in():
            return done(_TOKEN, f"{self.repository.registry} issued one; what it permits, only the upload shows")
        return skipped(_TOKEN, f"{self.repository.registry} asks for none")

    def _upload(self, registry: RegistryClient) -> Finding:
        return upload(_UPLOAD, registry, records=self.records)

    def _package(self, registry: RegistryClient) -> Finding:
        """For a first publish there is no tag to read: the open upload proves that it may create the package."""
        exists = registry.exists()
        if exists:
            return done(_PACKAGE, f"{self.repository} exists")
        state = (
            "does not exist yet" if exists is False else "cannot be read, as GHCR answers for what does not exist yet"
        )
        return done(_PACKAGE, f"{self.repository} {state}: this is the first publish, and the test upload was accepted")

    @staticmethod
    def _with_login_hint(finding: Finding, credential: Credential | None) -> Finding:
        """The finding, with the usual fix if docker's stored login was refused."""
        stale = credential is not None and credential.source.startswith("docker login")
        if finding.exit_code == AccessError.exit_code and stale:
            return replace(finding, remedy=f"{finding.remedy}\n{_STALE}")
        return finding


def upload(name: str, registry: RegistryClient, *, records: bool) -> Finding:
    """Check push permission: an upload is opened, and left to expire. Raises as :func:`prove_push`."""
    doubt = prove_push(registry, records=records)
    if doubt:
        return skipped(name, f"push permission could not be confirmed: {doubt}")
    return done(name, f"push permission for {registry.repository} confirmed (test upload accepted)")
