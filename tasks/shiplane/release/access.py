"""Prove, before anything is built, that this identity may push and that a ledger can be uploaded."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from shiplane.core.errors import PrerequisiteError
from shiplane.core.progress import Flow, Step
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Repository

if TYPE_CHECKING:
    from shiplane.ledger.recorder import LedgersOf


def prove_push(registry: RegistryClient, *, records: bool) -> str:
    """Open an upload and leave it to expire.

    Images are uploaded by the builder, which tolerates more from a registry than shiplane does; the ledger is uploaded
    by shiplane itself, after everything else is done.

    Args:
        registry: Where to push, with the credential for it.
        records: Whether the ledger is kept there.

    Returns:
        Nothing if the permission is proven, else why it could not be.

    Raises:
        PrerequisiteError: The ledger is kept there, and could not be uploaded.
        AccessError: This identity may not push.
        UnreachableError: No answer.
    """
    doubt = registry.probe_push()
    if doubt and records:
        raise PrerequisiteError(
            f"{registry.repository} cannot take this release's ledger: {doubt}",
            remedy="A registry answers POST .../blobs/uploads/ with 202 and a Location on its own scheme, host and "
            'port: fix it, or the proxy in front of it. Or keep the ledger elsewhere (ledger = "REGISTRY/NAME" in the '
            "project file), or keep none (ledger = false).",
        )
    return doubt


def check_access(registry: RegistryClient, *, probe: bool, records: bool) -> Flow[bool]:
    """Check the permission to push, and whether a ledger kept there can be uploaded.

    Args:
        registry: Where to push.
        probe: Whether it is checked at all.
        records: Whether the ledger is kept there.

    Returns:
        Whether the permission is proven.
    """
    step = Step("access", f"push to {registry.repository}")
    yield step
    if not probe:
        yield step.skipped("left out")
        return False
    doubt = prove_push(registry, records=records)
    if doubt:
        yield step.skipped(f"could not be confirmed: {doubt}")
    else:
        yield step.done("push permission confirmed (test upload accepted)")
    return not doubt


def check_repositories(
    registry: RegistryClient, ledgers: LedgersOf, primaries: Collection[Repository], *, probe: bool
) -> Flow[dict[Repository, bool]]:
    """Check the permission to push to every primary repository, and to those of their ledgers where they are others.

    Args:
        registry: A client that may push; it knows the credentials of all.
        ledgers: The ledgers of each primary's lanes.
        primaries: The primary repositories of the lanes, each once.
        probe: Whether it is checked at all.

    Returns:
        Whether the permission is proven, for each primary.

    Raises:
        PrerequisiteError, AccessError, UnreachableError: As :func:`prove_push`.
    """
    recording = {kept.registry.repository: kept.registry for primary in primaries if (kept := ledgers(primary))}
    proven = {}
    for primary in primaries:
        records = recording.pop(primary, None) is not None
        proven[primary] = yield from check_access(registry.at(primary), probe=probe, records=records)
    for elsewhere in recording.values():
        yield from check_access(elsewhere, probe=probe, records=True)
    return proven
