"""Whether an image's attestations agree with its labels, the ledger and the configuration. Pure.

A contradiction is a fault. What is only absent is one where the configuration asks for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.core.check import Check
from shiplane.core.text import one_line, quoted
from shiplane.git.remote_url import same_repository
from shiplane.registry.oci.manifest import REVISION, SOURCE, VERSION
from shiplane.registry.oci.names import Digest
from shiplane.verify.attestations.attestation import Attestation, Reading
from shiplane.verify.attestations.provenance import Provenance
from shiplane.verify.attestations.statement import Kind

if TYPE_CHECKING:
    from shiplane.config.lane import Lane
    from shiplane.ledger.ledger import Entry
    from shiplane.verify.image_check import ImageReport


# What git abbreviates a hash to at least (core.abbrev).
_ABBREVIATED = 7


def attestation_checks(lane: Lane, report: ImageReport, record: Entry | None) -> list[Check]:
    """Check what an image's attestations say; an adopted one may lack those that the lane's configuration asks for.

    Args:
        lane: The lane.
        report: The image.
        record: The entry of its publication or adoption, if any.
    """
    asked = {Kind.PROVENANCE: lane.build.asks_for_provenance, Kind.SBOM: lane.build.sbom}
    adopted = record is not None and record.adopted
    checker = AttestationChecker(
        report=report,
        recorded_commit=record.commit if record else "",
        required=() if adopted else [kind for kind, is_asked in asked.items() if is_asked],
    )
    return checker.check()


@dataclass(frozen=True, kw_only=True)
class AttestationChecker:
    """Checks what an image's attestations say.

    Attributes:
        report: The image.
        recorded_commit: The commit by the ledger; may be empty.
        required: What each platform's image must have.
    """

    report: ImageReport
    recorded_commit: str = ""
    required: Collection[Kind] = ()

    def check(self) -> list[Check]:
        """Every check."""
        checks = [check for attestation in self.report.attestations for check in self._check(attestation)]
        return [*checks, *self._missing()]

    def _missing(self) -> Iterator[Check]:
        """What a platform's image lacks of what it must have."""
        there = {(attestation.image, attestation.kind) for attestation in self.report.attestations}
        for kind in self.required:
            for image in self.report.images:
                if (image.digest, kind) not in there:
                    expected = "one, as the lane's configuration requires"
                    yield _fault(kind.value, str(image.platform or "the image"), expected, "none")

    @property
    def _platforms(self) -> Mapping[Digest, str]:
        return {image.digest: str(image.platform or "the image") for image in self.report.images}

    def _check(self, attestation: Attestation) -> Iterator[Check]:
        kind, platform = attestation.kind.value, self._platforms.get(attestation.image) if attestation.image else None
        if platform is None:
            found = str(attestation.image or "no image")
            yield _fault("attestation", attestation.manifest.short, "to be about an image of the index", found)
            return
        if attestation.reading is Reading.UNREADABLE:
            expected = f"an in-toto statement of the type {attestation.predicate_type}"
            yield _fault(kind, platform, expected, attestation.reason)
        if attestation.reading is Reading.TOO_LARGE:
            yield _remark(kind, platform, "a statement that can be read", attestation.reason)
        if attestation.reading is Reading.READ:
            yield _about(kind, platform, attestation)
        if attestation.provenance:
            yield from self._agreement(platform, attestation.provenance)

    def _agreement(self, platform: str, provenance: Provenance) -> Iterator[Check]:
        """Whether a provenance agrees with the image's labels and the ledger."""
        yield from self._commit(platform, provenance)
        labels = self.report.labels
        source = labels.get(SOURCE, "")
        if same_repository(provenance.source, source) is False:
            yield _remark("provenance", platform, f"the source {quoted(source)} (its label)", provenance.source)
        for key in (REVISION, VERSION, SOURCE):
            built, labelled = provenance.labels.get(key), labels.get(key)
            if built and labelled and built != labelled:
                expected, found = f"{key}={quoted(labelled, 80)}, its label", f"built with {quoted(built, 80)}"
                yield _fault("provenance", platform, expected, found)

    def _commit(self, platform: str, provenance: Provenance) -> Iterator[Check]:
        """Whether the commit is that of the label and of the ledger.

        One of another repository cannot be compared: a build context may be a submodule.
        """
        sources = {"its label": self.report.revision, "the ledger": self.recorded_commit}
        expected = {name: commit for name, commit in sources.items() if commit}
        if not provenance.commit or not expected:
            return
        wrong = [name for name, commit in expected.items() if not _is_same(provenance.commit, commit)]
        elsewhere = same_repository(provenance.source, self.report.labels.get(SOURCE, "")) is False
        told = ", ".join(f"{one_line(commit)[:64]} ({name})" for name, commit in expected.items())
        found = f"commit {provenance.commit}" + (f" of {provenance.source}" if elsewhere else "")
        found += ", from a dirty tree" if provenance.dirty else ""
        good = not provenance.dirty and (not wrong or elsewhere)
        yield Check("provenance", platform, good, f"commit {told}", found, warning=good and bool(wrong))


def _is_same(commit: str, other: str) -> bool:
    """Whether two hashes are of one commit: a label may have an abbreviated one (git: at least 7 digits by default)."""
    return commit == other or (len(other) >= _ABBREVIATED and commit.startswith(other))


def _fault(name: str, subject: str, expected: str, found: str) -> Check:
    return Check(name, subject, good=False, expected=expected, found=found)


def _remark(name: str, subject: str, expected: str, found: str) -> Check:
    return Check(name, subject, good=True, expected=expected, found=found, warning=True)


def _about(kind: str, platform: str, attestation: Attestation) -> Check:
    """Whether a statement is about the image that the index lists it for.

    BuildKit's subject is empty where the build had no name (``type=oci`` without one).
    """
    image = str(attestation.image)
    expected, found = f"a statement about {image}", f"one about {', '.join(attestation.subjects) or 'no image'}"
    if image in attestation.subjects:
        return Check(kind, platform, good=True, expected=expected, found=f"one about {image}")
    return (
        _fault(kind, platform, expected, found[:400])
        if attestation.subjects
        else _remark(kind, platform, expected, found)
    )
