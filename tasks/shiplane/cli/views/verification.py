"""Verified lanes as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.core.plurals import counted
from shiplane.ledger.evidence import evidence_text

if TYPE_CHECKING:
    from shiplane.config.setting import Setting
    from shiplane.registry.oci.names import Repository
    from shiplane.verify.attestations.attestation import Attestation
    from shiplane.verify.attestations.provenance import Provenance
    from shiplane.verify.attestations.sbom import Sbom
    from shiplane.verify.image_check import ImageReport
    from shiplane.verify.verification_result import VerificationResult

# How many images that a build used are named, and how many tools that made an SBOM.
_MOST_BASES = 4


def verified_text(results: Sequence[tuple[Repository, VerificationResult]]) -> str:
    """What a verification found in each lane's repository: a headline, the bad checks, or the number of good ones."""
    lines: list[str] = []
    names = [
        f"{repository}:{lane.tag}" if lane.tag else f"{repository}, lane {lane.lane.name}"
        for repository, lane in results
    ]
    width = max(map(len, names), default=0)
    for (_, lane), name in zip(results, names, strict=True):
        what = name.ljust(width)
        if lane.good:
            images = lane.report.images if lane.report else ()
            platforms = ", ".join(str(image.platform) for image in images)
            lines.append(f"good  {what}  {lane.digest}  {platforms}  ({len(lane.checks)} checks)")
            lines += [f"      platforms: {lane.platforms.source}"] if lane.platforms else []
            lines += [f"      signed by {lane.signed_by}"] if lane.signed_by else []
        else:
            lines.append(f"BAD   {what}  {lane.digest or ''}".rstrip())
            lines += [f"      {check}" for check in lane.checks if not check.good]
        lines += [f"      warning: {check}" for check in lane.checks if check.warning]
        lines += [f"      {name}: {what}" for name, what in (attested_rows(lane.report) if lane.report else ())]
        lines += [f"      {text}" for text in (evidence_text(lane.evidence),) if text]
        lines += _pointing(lane)
    return "\n".join(lines)


def attested_rows(report: ImageReport) -> list[tuple[str, str]]:
    """What the attestations of an image say, as far as they were read: platforms that say the same in one row."""
    platforms = {image.digest: str(image.platform) for image in report.images}
    rows: dict[tuple[str, str], list[str]] = {}
    for attestation in report.attestations:
        platform = platforms.get(attestation.image, "") if attestation.image else ""
        if platform and (what := _claims(attestation)):
            rows.setdefault((attestation.kind.value, what), []).append(platform)
    return [(kind, f"{', '.join(names)}: {what}") for (kind, what), names in rows.items()]


def _claims(attestation: Attestation) -> str:
    if attestation.provenance:
        return _built(attestation.provenance)
    return _listed(attestation.sbom) if attestation.sbom else ""


def _built(provenance: Provenance) -> str:
    """What a provenance claims; whether the tree was clean is not for it to say, unless it says that it was not."""
    tree = "from a dirty tree" if provenance.dirty else "clean or dirty: not recorded"
    source = f" of {provenance.source}" if provenance.source else ""
    commit = f"commit {provenance.commit[:40]}{source} ({tree})" if provenance.commit else f"no commit{source}"
    bases = list(dict.fromkeys(filter(None, (material.image for material in provenance.materials))))
    more = f" and {len(bases) - _MOST_BASES} more" if len(bases) > _MOST_BASES else ""
    used = f", with {', '.join(bases[:_MOST_BASES])}{more}" if bases else ""
    builder = provenance.builder or "a builder without an id"
    return f"{commit}, by {builder}, mode {provenance.mode}{used}"


def _listed(sbom: Sbom) -> str:
    generators = f", by {', '.join(sbom.generators[:_MOST_BASES])}" if sbom.generators else ""
    return f"{counted(sbom.packages, 'package')}, {sbom.format}{generators}"


def _pointing(result: VerificationResult) -> list[str]:
    """Where the floating tags are, and who says whether each has to be at the version that was asked for."""
    if not result.lane.floating_templates and result.version:
        return [f"      {result.lane.tag_of(result.version)}: lane {result.lane.name} has no floating tags"]
    lines = []
    for state in reversed(result.floating):
        position = f"at {result.lane.tag_of(state.version)}" if state.version else "at no version"
        if expected := result.expected.get(state.tag):
            lines.append(f"      {state.tag}: {position}, {_expectation(result, expected)} ({expected.source})")
        elif len(result.floating) > 1:
            lines.append(f"      {state.tag}: {position}")
    return lines


def _expectation(result: VerificationResult, expected: Setting[bool]) -> str:
    return f"expected at {result.tag} or above" if expected.value else f"not expected at {result.tag}"
