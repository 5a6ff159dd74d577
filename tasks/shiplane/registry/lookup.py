"""Reading names for certain: of the four answers only two may be built upon, the others end the run."""

from __future__ import annotations

from collections.abc import Callable, Collection

from shiplane.core.errors import AccessError, MisconfiguredError, UnreachableError, VerificationError
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused, digest_of
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Repository, Tag

# Seconds: a read may lag a write by more, but what depends on this comes right in that case as well.
CONSISTENCY_WAIT = 2.0


def require_certain(answer: LookupResult, repository: Repository, reference: Tag | Digest) -> Present | Absent:
    """Present or absent, or an error.

    Raises:
        AccessError: The registry refused to say.
        VerificationError: It served other content than was asked for.
        MisconfiguredError: It cannot say anything before this machine is set up differently.
        UnreachableError: It said nothing that could be relied on.
    """
    if isinstance(answer, Present | Absent):
        return answer
    if isinstance(answer, Refused):
        raise AccessError(answer.what, remedy=answer.remedy)
    if answer.corrupt:
        raise VerificationError(
            f"{repository}: {answer.reason}", remedy="Nothing that this registry serves can be relied on."
        )
    what = f"{repository} could not tell what {reference} is: {answer.reason}"
    if answer.remedy:
        raise MisconfiguredError(what, remedy=answer.remedy)
    raise UnreachableError(what, remedy="Nothing is written on doubt. Run it again.")


def resolve(registry: RegistryClient, reference: Tag | Digest) -> Present | Absent:
    """Read a name for certain; raises as :func:`require_certain`."""
    return require_certain(registry.get_manifest(reference), registry.repository, reference)


def resolve_consistent(
    registry: RegistryClient,
    tag: Tag,
    fits: Callable[[Digest | None], bool],
) -> Present | Absent:
    """A tag read for certain, and again for seconds where it contradicts what is known: which of the two is late?

    Args:
        registry: Asked again and again.
        tag: The tag.
        fits: Whether what it has, None for an absence, agrees with what is known.

    Returns:
        The last answer, whether it agrees or not: a contradiction that stays is no matter of time.

    Raises:
        ShiplaneError: As :func:`require_certain`.
    """
    answer: Present | Absent = Absent()
    for _ in registry.retry_budget.poll(CONSISTENCY_WAIT, what=f"{tag} does not read as it was recorded"):
        answer = resolve(registry, tag)
        if fits(digest_of(answer)):
            break
    return answer


def wait_until_readable(registry: RegistryClient, tag: Tag) -> Present:
    """A tag that read as absent and stands in the list of tags, as soon as it reads.

    Somebody wrote it a moment ago. GHCR may answer 404 for seconds yet, and distribution lists a tag some thousandths
    before it has it; or it was written between a look at it and the list.

    Raises:
        AccessError, VerificationError: As :func:`require_certain`.
        UnreachableError: It does not become readable within a minute, or as :func:`require_certain`.
    """
    for _ in registry.retry_budget.poll(what=f"{tag} is listed, and does not read"):
        answer = resolve(registry, tag)
        if isinstance(answer, Present):
            return answer
    raise UnreachableError(
        f"{registry.repository} lists {tag}, but does not show it yet", remedy="Run it again in some minutes."
    )


def read_back(
    registry: RegistryClient,
    tag: Tag,
    before: Collection[Digest | None],
    *,
    patient: bool,
) -> LookupResult:
    """Read until a name shows something else than what was there before; GHCR may take a minute for that.

    Args:
        registry: Asked again and again.
        tag: The name.
        before: What a read that lags may still show; an absence always is one. Never what was written.
        patient: Whether the write was answered for certain, or is not sent again: then wait a minute, else seconds.
    """
    answer: LookupResult = Absent()
    for _ in registry.retry_budget.poll(60.0 if patient else 4.0, what=f"{tag} does not read as it was written"):
        answer = registry.get_manifest(tag)
        digest = digest_of(answer)
        if digest is not None and digest not in before:
            return answer
    return answer


def wait_for_digest(registry: RegistryClient, digest: Digest, why: str) -> RawManifest:
    """What was pushed by digest, as the registry serves it: these bytes, and no others, get the names.

    Args:
        registry: Asked again and again, for a minute.
        digest: Of what.
        why: Who says that it is there, for the message.

    Raises:
        VerificationError: The registry does not have it.
        AccessError, UnreachableError: As :func:`require_certain`.
    """
    for _ in registry.retry_budget.poll(what=f"{digest.short} is not there ({why})"):
        answer = resolve(registry, digest)
        if isinstance(answer, Present):
            return answer.raw
    raise VerificationError(
        f"{registry.repository} does not have {digest}, although {why}",
        remedy="Check which registry the builder reaches under this name.",
    )
