"""Read tags reliably: only *present* and *absent* can be relied on; refused and unknown end the run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from shiplane.core.errors import AccessError, MisconfiguredError, UnreachableError, VerificationError
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused, digest_of
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Repository, Tag

# Seconds; reads may lag longer, and callers handle that as well.
CONSISTENCY_WAIT = 2.0


def require_certain(answer: LookupResult, repository: Repository, reference: Tag | Digest) -> Present | Absent:
    """Return *present* or *absent*, or fail.

    Raises:
        AccessError: The registry denied access.
        VerificationError: It served other content than requested.
        MisconfiguredError: This machine's setup prevents a response.
        UnreachableError: No reliable response.
    """
    if isinstance(answer, Present | Absent):
        return answer
    if isinstance(answer, Refused):
        raise AccessError(answer.what, remedy=answer.remedy)
    if answer.corrupt:
        raise VerificationError(
            f"{repository}: {answer.reason}", remedy="The registry serves corrupt content; ask its operator."
        )
    message = f"{repository}: could not read {reference}: {answer.reason}"
    if answer.remedy:
        raise MisconfiguredError(message, remedy=answer.remedy)
    raise UnreachableError(message, remedy="Could not read the registry; nothing was changed. Try again.")


def resolve(registry: RegistryClient, reference: Tag | Digest) -> Present | Absent:
    """Look up a tag or digest reliably; raises as :func:`require_certain`."""
    return require_certain(registry.get_manifest(reference), registry.repository, reference)


def resolve_all(registry: RegistryClient, tags: Iterable[Tag], *, workers: int = WORKERS) -> list[Present | Absent]:
    """Look up tags side by side; the answers are in their order. Raises as :func:`require_certain`."""
    return map_parallel(lambda tag: resolve(registry, tag), tags, workers=workers)


def hides_everything(registry: RegistryClient, tags: Iterable[Tag]) -> bool:
    """Whether the registry refuses to show each of these tags, and the tag list: GHCR does so before the first push."""
    return all(isinstance(registry.get_manifest(tag), Refused) for tag in tags) and registry.exists() is None


def resolve_consistent(
    registry: RegistryClient,
    tag: Tag,
    is_consistent: Callable[[Digest | None], bool],
) -> Present | Absent:
    """Look up a tag, and again for seconds while ``is_consistent`` rejects its digest (None if absent).

    Returns:
        The last result, consistent or not: an inconsistency that lasts is not a lagging read.

    Raises:
        ShiplaneError: As :func:`require_certain`.
    """
    answer: Present | Absent = Absent()
    for number in registry.retry_budget.poll(CONSISTENCY_WAIT, condition=f"{tag} does not read as it was recorded"):
        answer = resolve(registry if number == 1 else registry.fresh, tag)
        if is_consistent(digest_of(answer)):
            break
    return answer


def wait_until_readable(registry: RegistryClient, tag: Tag) -> Present:
    """Wait until a tag that is listed but read as absent becomes readable.

    It was written just now: GHCR may respond 404 for seconds, and distribution lists a tag milliseconds before it can
    be read.

    Raises:
        AccessError, VerificationError: As :func:`require_certain`.
        UnreachableError: It is not readable within a minute, or as :func:`require_certain`.
    """
    for _ in registry.retry_budget.poll(condition=f"{tag} is listed, but not readable yet"):
        answer = resolve(registry.fresh, tag)
        if isinstance(answer, Present):
            return answer
    raise UnreachableError(
        f"{registry.repository} lists {tag}, but does not serve it yet", remedy="Try again in a few minutes."
    )


def read_back(
    registry: RegistryClient,
    tag: Tag,
    previous: Collection[Digest | None],
    *,
    patient: bool,
) -> LookupResult:
    """Read a tag until it no longer shows a ``previous`` digest; GHCR may take a minute.

    An absent tag counts as previous. With ``patient``, for a write that is certain or not sent again, wait a minute,
    else seconds.
    """
    answer: LookupResult = Absent()
    for _ in registry.retry_budget.poll(60.0 if patient else 4.0, condition=f"{tag} does not read as it was written"):
        answer = registry.get_manifest(tag)
        digest = digest_of(answer)
        if digest is not None and digest not in previous:
            return answer
    return answer


def wait_for_digest(registry: RegistryClient, digest: Digest, evidence: str) -> RawManifest:
    """Wait up to a minute for a manifest pushed by digest, and return its exact bytes, which are then tagged.

    Raises:
        VerificationError: The registry does not have it, although ``evidence`` says so.
        AccessError, UnreachableError: As :func:`require_certain`.
    """
    for _ in registry.retry_budget.poll(condition=f"{digest.short} is not there ({evidence})"):
        answer = resolve(registry, digest)
        if isinstance(answer, Present):
            return answer.raw
    raise VerificationError(
        f"{registry.repository} does not have {digest}, although {evidence}",
        remedy="Check which registry the builder reaches under this name.",
    )
