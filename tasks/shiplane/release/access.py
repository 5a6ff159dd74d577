"""Prove, before anything is built, that this identity may push and that a ledger can be uploaded."""

from __future__ import annotations

from shiplane.core.errors import PrerequisiteError
from shiplane.core.progress import Flow, Step
from shiplane.registry.client import RegistryClient


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
        yield step.skipped("--skip access")
        return False
    doubt = prove_push(registry, records=records)
    if doubt:
        yield step.skipped(f"could not be confirmed: {doubt}")
    else:
        yield step.done("push permission confirmed (test upload accepted)")
    return not doubt
