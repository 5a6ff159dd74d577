"""What the images that a lane's floating tags are at attest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Present
from shiplane.verify.attestations.agreement import attestation_checks
from shiplane.verify.attestations.attested_version import AttestedVersion
from shiplane.verify.image_check import ExpectedImage, ImageChecker

if TYPE_CHECKING:
    from shiplane.config.version import Version
    from shiplane.verify.lane_status import LaneStatus


def with_attestations(registry: RegistryClient, status: LaneStatus, *, workers: int = WORKERS) -> LaneStatus:
    """A lane with what the versions attest that its floating tags are at; the newest where it has none.

    Args:
        registry: What the lane was read with, which asks for nothing twice.
        status: The lane.
        workers: How many reads at once.

    Raises:
        AccessError, UnreachableError: A part could not be read.
    """
    images = _images(registry, status).items()
    attested = map_parallel(lambda each: _read(registry, status, *each), images, workers=workers)
    return replace(status, attested=tuple(attested))


def _images(registry: RegistryClient, status: LaneStatus) -> Mapping[Version, Present]:
    versions = [floating.version for floating in reversed(status.floating)] or [status.newest]
    answers = {version: resolve(registry, status.lane.tag_of(version)) for version in versions if version}
    return {version: answer for version, answer in answers.items() if isinstance(answer, Present)}


def _read(registry: RegistryClient, status: LaneStatus, version: Version, image: Present) -> AttestedVersion:
    tag = status.lane.tag_of(version)
    record = status.ledger.published(tag)
    proven = record is not None and record.after == image.digest
    expected = ExpectedImage.published(status.lane, version, platforms=None, proven=proven)
    report = ImageChecker(registry=registry, statements=True).check(image.raw, expected)
    checks = tuple(attestation_checks(status.lane, report, record))
    return AttestedVersion(version=version, tag=tag, digest=image.digest, report=report, checks=checks)
