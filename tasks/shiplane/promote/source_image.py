"""A version in the repository that it is promoted from: verified there, and not marked as bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.config.setting import Setting
from shiplane.core.errors import LostRaceError, RefusedError, VerificationError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow
from shiplane.ledger.ledger import Ledger
from shiplane.promote.request import PromotionRequest
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.referrers.copying import AttachedContent, find_attached

if TYPE_CHECKING:
    from shiplane.verify.image_check import ImageReport
    from shiplane.verify.verification_result import VerificationResult
    from shiplane.verify.verify import Verifier


@dataclass(frozen=True, kw_only=True)
class SourceImage:
    """A verified version.

    Attributes:
        reference: Where it is: repository and tag.
        raw: Its index or manifest.
        report: What it consists of.
        commit: What it was built from, by its labels or its git tag; empty if neither says.
        attached: What refers to it.
    """

    reference: str
    raw: RawManifest
    report: ImageReport
    commit: str
    attached: AttachedContent


def find_source(verifier: Verifier, request: PromotionRequest) -> Flow[SourceImage]:
    """Verify a version where it is, every blob of it, and find what refers to it.

    Raises:
        VerificationError: It does not exist, or something is wrong with it.
        RefusedError: It is marked as bad there.
        LostRaceError: Its tag was moved meanwhile.
        AccessError, UnreachableError: Something could not be read.
    """
    lane, version = request.lane, request.version.value
    result = yield from verifier.verify(lane, version, latest=Setting(value=False, source="promote"))
    reference = f"{verifier.registry.repository}:{result.tag}"
    report = _require_good(result, reference)
    _require_unmarked(verifier, result, reference)
    answer = resolve(verifier.registry, result.lane.tag_of(version))
    if not isinstance(answer, Present) or answer.digest != result.digest:
        raise LostRaceError(f"{reference} was {result.digest} and has changed since", remedy="Find out who moved it.")
    attached = yield from find_attached(verifier.registry, answer.raw)
    commit = report.revision or verifier.commit_of(lane, version) or ""
    return SourceImage(reference=reference, raw=answer.raw, report=report, commit=commit, attached=attached)


def _require_good(result: VerificationResult, reference: str) -> ImageReport:
    bad = [str(check) for check in result.checks if not check.good]
    if bad or result.report is None:
        raise VerificationError(
            f"{reference} is not promoted: verification failed:\n  " + "\n  ".join(bad),
            remedy="Nothing was copied. Promote a version that passes verification in its own repository.",
        )
    return result.report


def _require_unmarked(verifier: Verifier, result: VerificationResult, reference: str) -> None:
    ledger = verifier.ledgers.store(result.lane).read().ledger if verifier.ledgers else Ledger()
    if mark := ledger.marks.get(result.tag) if result.tag else None:
        raise RefusedError(
            f"{reference} is marked as bad there: {mark.reason} ({mark.when}, {mark.who})",
            remedy=f"Promote another version, or remove the mark first: {command('unmark')}.",
        )
