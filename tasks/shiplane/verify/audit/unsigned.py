"""Which versions have no signature while others have one: what is attached is looked at, no tool is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shiplane.core.errors import VerificationError
from shiplane.core.system.parallel import map_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Digest
from shiplane.registry.referrers.cosign_tags import cosign_tags
from shiplane.registry.referrers.reading import read_referrers

if TYPE_CHECKING:
    from shiplane.config.version import Version
    from shiplane.verify.lane_status import VersionStatus

# How many versions are looked at, the newest first: a few requests for each.
_NEWEST = 20
# cosign 3 lists its signatures under the type of the empty config (seen with 3.1.1), where it lists their type at all.
_SIGNATURES = ("application/vnd.oci.empty.v1+json", "application/vnd.cncf.notary.signature")
_SIGSTORE = ("application/vnd.dev.sigstore.", "application/vnd.dev.cosign.artifact.sig.")


def unsigned_versions(
    registry: RegistryClient,
    versions: Sequence[VersionStatus],
    tags: Collection[str],
    *,
    required: bool,
    workers: int,
) -> tuple[Version, ...]:
    """The versions without a signature, if any other has one.

    Args:
        registry: Where they are.
        versions: The versions of a lane, the highest first.
        tags: The repository's tags.
        required: Whether each has to have one, whatever the others have.
        workers: How many reads at once.

    Raises:
        AccessError, UnreachableError: What is attached cannot be read.
    """
    known = [(state.version, digest) for state in versions if (digest := _digest(state))][:_NEWEST]
    signed = map_parallel(lambda pair: _has_signature(registry, pair[1], tags), known, workers=workers)
    if not (required or any(signed)):
        return ()
    return tuple(version for (version, _), has_one in zip(known, signed, strict=True) if not has_one)


def _digest(state: VersionStatus) -> Digest | None:
    """What a version's tag has; of one that was not read, what is recorded."""
    return state.recorded.after if state.recorded and not state.is_read else state.digest


def _has_signature(registry: RegistryClient, digest: Digest, tags: Collection[str]) -> bool:
    if cosign_tags(digest)[0] in tags:
        return True
    try:
        referrers = read_referrers(registry, digest).all.values()
    except VerificationError:  # something else stands where the list should be
        return False
    return any(_may_be_signature(referrer.entry) for referrer in referrers)


def _may_be_signature(entry: Mapping[str, Any]) -> bool:
    kind = str(entry.get("artifactType", ""))
    return kind in _SIGNATURES or kind.startswith(_SIGSTORE)
