"""Compare a lane's further repositories with its primary: the same tags at the same digests, and whole images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from shiplane.core.check import Check
from shiplane.core.errors import AccessError, UnreachableError
from shiplane.core.system.parallel import WORKERS
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve_all
from shiplane.registry.oci.lookup_result import Present, digest_of
from shiplane.registry.oci.names import Digest, Tag
from shiplane.verify.image_check import ExpectedImage, ImageChecker

if TYPE_CHECKING:
    from shiplane.verify.lane_status import LaneStatus
    from shiplane.verify.verification_result import VerificationResult


def check_mirrors(
    mirrors: Iterable[RegistryClient], result: VerificationResult, *, blobs: bool, workers: int = WORKERS
) -> list[Check]:
    """Check that further repositories serve what the primary serves.

    Args:
        mirrors: A client of each.
        result: What was found in the primary.
        blobs: Whether every blob has to be there.
        workers: How many reads at once.

    Raises:
        AccessError: A registry refuses to show something.
        UnreachableError: Something could not be read; then nothing is said about it.
    """
    return [check for mirror in mirrors for check in _check(mirror, result, blobs=blobs, workers=workers)]


def compared(mirrors: Iterable[RegistryClient], status: LaneStatus, *, workers: int = WORKERS) -> LaneStatus:
    """The lane's state with how further repositories differ in the floating tags and the versions behind them."""
    tags: dict[Tag, Digest | None] = {state.tag: state.digest for state in status.floating}
    for state in status.floating:
        if state.version and state.digest:
            tags[status.lane.tag_of(state.version)] = state.digest
    for mirror in mirrors:
        lines, unread = _read(mirror, tags, workers)
        status = replace(status, elsewhere=(*status.elsewhere, *lines), unread=(*status.unread, *unread))
    return status


def _read(mirror: RegistryClient, tags: Mapping[Tag, Digest | None], workers: int) -> tuple[list[str], list[str]]:
    """How a repository differs; or that it could not be compared."""
    try:
        return _differences(mirror, tags, workers), []
    except (AccessError, UnreachableError) as error:
        return [], [f"{mirror.repository} could not be compared: {error.what}"]


def _differences(mirror: RegistryClient, tags: Mapping[Tag, Digest | None], workers: int) -> list[str]:
    answers = resolve_all(mirror, list(tags), workers=workers)
    pairs = zip(tags.items(), map(digest_of, answers), strict=True)
    return [
        f"{mirror.repository}:{tag} {f'is {there}' if there else 'does not exist'}; "
        f"in the primary it {f'is {here}' if here else 'does not exist'}"
        for (tag, here), there in pairs
        if here != there
    ]


def _check(mirror: RegistryClient, result: VerificationResult, *, blobs: bool, workers: int) -> list[Check]:
    tags: dict[Tag, Digest | None] = {state.tag: state.digest for state in result.floating}
    if result.version and result.digest:
        tags[result.lane.tag_of(result.version)] = result.digest
    answers = resolve_all(mirror, list(tags), workers=workers)
    checks = [
        _same(f"{mirror.repository}:{tag}", digest, digest_of(answer))
        for (tag, digest), answer in zip(tags.items(), answers, strict=True)
    ]
    image = next((answer for answer in answers if isinstance(answer, Present) and answer.digest == result.digest), None)
    if image is None:
        return checks
    checker = ImageChecker(registry=mirror, blobs=blobs, workers=workers)
    report = checker.check(image.raw, ExpectedImage(platforms=None, foreign=True))
    return checks + [replace(check, subject=f"{mirror.repository} {check.subject}") for check in report.checks]


def _same(subject: str, primary: Digest | None, there: Digest | None) -> Check:
    expected = f"{primary or 'nothing'}, as in the primary"
    return Check("mirror", subject, primary == there, expected, str(there or "nothing"))
