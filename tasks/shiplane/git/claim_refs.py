"""Claims as git refs: created by a push that only succeeds where there is none, read back before they are believed.

A claim is a commit without parents and files whose message is the record: hosts take commits under any ref, it needs
no history (a shallow clone can push it), and nothing of the project goes along with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.core.errors import AccessError, RefusedError, ShiplaneError, UnreachableError
from shiplane.git.claim import Claim, ref_of
from shiplane.git.remote import Remote
from shiplane.registry.oci.names import Repository, Tag

_MAY_PUSH = (
    "Claiming a version pushes a git ref. In a workflow that takes permissions: contents: write, and a checkout that "
    "keeps its credentials."
)


@dataclass(frozen=True, kw_only=True)
class GitClaims:
    """The claims that a remote keeps.

    Attributes:
        remote: Which remote, with the user's own login.
        prefix: Where the refs are.
    """

    remote: Remote
    prefix: str

    def get(self, image: Repository, tags: Sequence[Tag]) -> dict[Tag, Claim]:
        """The claims of these version tags, as the remote has them now.

        Raises:
            AccessError, UnreachableError: The remote could not be asked.
        """
        refs = {ref_of(self.prefix, image, tag): tag for tag in tags}
        remote_refs = self.remote.refs(*refs)
        return {refs[ref]: self._read(image, refs[ref], ref, remote_refs[ref]) for ref in refs if ref in remote_refs}

    def probe(self, image: Repository, tag: Tag) -> None:
        """Ask the remote whether we may push, without pushing anything.

        Raises:
            AccessError: It does not let us.
            UnreachableError: It could not be asked.
        """
        message = self.remote.create({ref_of(self.prefix, image, tag): "HEAD"}, dry_run=True, record=True)
        # That somebody has claimed it meanwhile is no matter of permission; the claim itself will show it.
        if message and "[rejected]" not in message:
            raise self._error(message)

    def create(self, claims: Sequence[Claim]) -> dict[Tag, Claim]:
        """Create all of these claims, or none of them.

        Returns:
            What the remote has afterwards for these tags, whoever put it there.

        Raises:
            AccessError, UnreachableError: It did not take them, and has none.
        """
        commits = {
            ref_of(self.prefix, claim.image, claim.tag): self.remote.write_record(claim.text()) for claim in claims
        }
        message = self.remote.create(commits, record=True)
        try:
            stored = self.get(claims[0].image, [claim.tag for claim in claims])
        except UnreachableError as error:
            raise UnreachableError(
                f"whether the claim arrived could not be read back: {error.what}",
                remedy="Run it again: it goes on with the digest that was claimed.",
            ) from error
        if not stored:
            raise self._error(message or "the push was accepted, but the claim is not there")
        return stored

    def removal(self, image: Repository, tag: Tag) -> str:
        """The command with which a person takes a claim away."""
        return f"git push {self.remote.name} --delete {ref_of(self.prefix, image, tag)}"

    def _read(self, image: Repository, tag: Tag, ref: str, commit: str) -> Claim:
        try:
            return Claim.parse(self.remote.read_record(ref, commit), image, tag)
        except ValueError as error:
            raise RefusedError(
                f"{ref} on {self.remote.name} is no claim that can be read: {error}",
                remedy=f"Look whose it is: git fetch {self.remote.name} {ref} && git show FETCH_HEAD",
            ) from error

    def _error(self, message: str) -> ShiplaneError:
        error = self.remote.error_for(message)
        return AccessError(error.what, remedy=_MAY_PUSH) if isinstance(error, AccessError | RefusedError) else error
