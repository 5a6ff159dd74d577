"""Claims as git refs: created by a push that succeeds only if the ref does not exist, then read back.

A claim is a commit without parents and files, whose message is the record: hosts accept commits under any ref, a
shallow clone can push it, and it contains nothing of the project.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.core.errors import AccessError, RefusedError, ShiplaneError, UnreachableError
from shiplane.git.claim_record import Claim, VersionTag, ref_of
from shiplane.git.remote import Remote

_MAY_PUSH = (
    "Claiming a version pushes a git ref. In a workflow that takes permissions: contents: write, and a checkout that "
    "keeps its credentials."
)


@dataclass(frozen=True, kw_only=True)
class GitClaims:
    """The claims on a remote, as refs under ``prefix``."""

    remote: Remote
    prefix: str

    def get(self, version_tags: Sequence[VersionTag]) -> dict[VersionTag, Claim]:
        """The current claims of these version tags.

        Raises:
            AccessError, UnreachableError: The remote cannot be read.
        """
        refs = {ref_of(self.prefix, version_tag): version_tag for version_tag in version_tags}
        remote_refs = self.remote.refs(*refs)
        return {refs[ref]: self._read(refs[ref], ref, remote_refs[ref]) for ref in refs if ref in remote_refs}

    def probe(self, version_tag: VersionTag) -> None:
        """Check push permission without pushing.

        Raises:
            AccessError: No permission.
            UnreachableError: The remote cannot be reached.
        """
        message = self.remote.create({ref_of(self.prefix, version_tag): "HEAD"}, dry_run=True, record=True)
        # An existing claim is no matter of permission; claiming will show it.
        if message and "[rejected]" not in message:
            raise self._error(message)

    def create(self, claims: Sequence[Claim]) -> dict[VersionTag, Claim]:
        """Create all of these claims, or none.

        Returns:
            The remote's claims of these tags afterwards, whoever created them.

        Raises:
            AccessError, UnreachableError: They were rejected, and there are none.
        """
        commits = {ref_of(self.prefix, claim.version_tag): self.remote.write_record(claim.text()) for claim in claims}
        message = self.remote.create(commits, record=True)
        try:
            stored = self.get([claim.version_tag for claim in claims])
        except UnreachableError as error:
            raise UnreachableError(
                f"the claim could not be read back: {error.what}",
                remedy="Run it again: it continues with the claimed digest.",
            ) from error
        if not stored:
            raise self._error(message or "the push was accepted, but the claim is not there")
        return stored

    def removal(self, version_tag: VersionTag) -> str:
        """The command that removes a claim."""
        return f"git push {self.remote.name} --delete {ref_of(self.prefix, version_tag)}"

    def _read(self, version_tag: VersionTag, ref: str, commit: str) -> Claim:
        try:
            return Claim.parse(self.remote.read_record(ref, commit), version_tag)
        except ValueError as error:
            raise RefusedError(
                f"{ref} on {self.remote.name} is not a valid claim: {error}",
                remedy=f"Look whose it is: git fetch {self.remote.name} {ref} && git show FETCH_HEAD",
            ) from error

    def _error(self, message: str) -> ShiplaneError:
        error = self.remote.error_for(message)
        return AccessError(error.what, remedy=_MAY_PUSH) if isinstance(error, AccessError | RefusedError) else error
