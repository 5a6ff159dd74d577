"""Check that others can read a lane's tags: the engine, and anybody without credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shiplane.core.check import Check
from shiplane.core.errors import AccessError, VerificationError
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import digest_of
from shiplane.registry.oci.names import Digest, Platform, Repository, Tag
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.mirrors.mirror_check import check_mirrors
from shiplane.verify.verification_result import VerificationResult


class Puller(Protocol):
    """An engine that can pull a tag."""

    def pull(self, repository: Repository, tag: Tag, platforms: Sequence[Platform]) -> Sequence[str]:
        """Pull what it is there for; returns the digests under which the engine now knows the image."""


@dataclass(frozen=True, kw_only=True)
class TagReaders:
    """Who else has to be able to read the tags, and where else they have to be.

    Attributes:
        registry: Where the tags are.
        puller: The engine for ``--pull``, or None.
        anonymous: A registry client without credentials for ``--anonymous``, or None.
        mirrors: Clients of the further repositories, which have to serve the same.
        blobs: Whether every blob has to be there.
    """

    registry: RegistryClient
    puller: Puller | None
    anonymous: RegistryClient | None
    mirrors: Sequence[RegistryClient] = ()
    blobs: bool = False

    def check(self, result: VerificationResult) -> list[Check]:
        """Read the version tag, and the floating tags in whose range it is, in each of these ways.

        Raises:
            AccessError, UnreachableError: As :func:`shiplane.verify.mirrors.mirror_check.check_mirrors`.
        """
        tags = _existing_tags(result)
        puller, anonymous = self.puller, self.anonymous
        images = result.report.images if result.report else ()
        platforms = [image.platform for image in images if image.platform]
        checks = [self._pull(puller, tag, digest, platforms) for tag, digest in tags.items() if puller]
        checks += [_read_anonymously(anonymous, tag, digest) for tag, digest in tags.items() if anonymous]
        return checks + check_mirrors(self.mirrors, result, blobs=self.blobs)

    def _pull(self, puller: Puller, tag: Tag, digest: Digest, platforms: Sequence[Platform]) -> Check:
        try:
            digests = puller.pull(self.registry.repository, tag, platforms)
        except VerificationError as error:
            return Check("pull", tag, good=False, expected=str(digest), found=error.what)
        return Check("pull", tag, str(digest) in digests, str(digest), ", ".join(digests) or "no digest")


def _existing_tags(result: VerificationResult) -> Mapping[Tag, Digest]:
    version = result.version
    if version is None:
        return _digests(result.floating[-1:])
    tags = {result.lane.tag_of(version): result.digest} if result.digest else {}
    return {**tags, **_digests(state for state in result.floating if state.floating.spans(version))}


def _digests(floating: Iterable[FloatingTagState]) -> dict[Tag, Digest]:
    return {state.tag: state.digest for state in floating if state.digest}


def _read_anonymously(registry: RegistryClient, tag: Tag, expected: Digest) -> Check:
    try:
        digest = digest_of(resolve(registry, tag))
    except AccessError as error:
        return Check("anonymous", tag, good=False, expected="readable by anyone", found=error.what)
    return Check("anonymous", tag, digest == expected, str(expected), str(digest or "nothing"))
