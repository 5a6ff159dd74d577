"""The credentials of a registry as JSON values: which places were looked at, and which one is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shiplane.core.errors import AccessError

if TYPE_CHECKING:
    from shiplane.registry.credentials import Credentials, CredentialSource


def credentials_json(credentials: Credentials, registry: str, project_file: str) -> dict[str, Any]:
    """The places in which a registry's credential is looked for, in their order, and what becomes of each.

    A place that cannot be read is shown as it is, and hides no other registry.
    """
    try:
        candidates = credentials.candidates(registry)
    except AccessError as error:
        broken = {"source": "broken", "verdict": error.what}
        return {"registry": registry, "username": None, "source": None, "candidates": [broken]}
    winner = next((candidate for candidate in candidates if candidate.credential), None)
    own = next((candidate for candidate in candidates if candidate.credential and candidate.belongs), None)
    rows = [
        {"source": candidate.source, "verdict": _verdict(candidate, winner, own, project_file)}
        for candidate in candidates
    ]
    if winner is None:
        rows.append({"source": "no credential", "verdict": "used: can read public images, cannot push"})
    return {
        "registry": registry,
        "username": winner.credential.username if winner and winner.credential else None,
        "source": winner.source if winner else None,
        "candidates": rows,
    }


def _verdict(
    candidate: CredentialSource, winner: CredentialSource | None, own: CredentialSource | None, file: str
) -> str:
    """What becomes of a candidate.

    Args:
        candidate: Which.
        winner: What a command that writes uses.
        own: What a command that reads uses, where an anonymous request is refused.
        file: The project file.
    """
    if candidate.credential is None:
        return candidate.verdict
    who = f"as {candidate.credential.username}"
    if candidate is winner:
        return (
            f"used, {who}"
            if candidate.belongs
            else f"used by commands that write, {who}: only {file} assigns it to this registry"
        )
    return f"used by commands that read, {who}" if candidate is own else "not used: an earlier one takes precedence"
