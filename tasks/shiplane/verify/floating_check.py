"""Check where a lane's floating tag points."""

from __future__ import annotations

from shiplane.core.check import Check
from shiplane.core.next_command import command
from shiplane.ledger.foreign_tags import unadopted_tags
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent
from shiplane.registry.oci.manifest import VERSION
from shiplane.verify.label_reader import read_label
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verification_target import VerificationTarget


def check_floating(registry: RegistryClient, target: VerificationTarget, result: VerificationResult) -> list[Check]:
    """Whether the floating tag is at the version's digest, has moved on to a higher one, or need not be there."""
    tag, floating, requested, pointing = target.lane.floating, target.floating, target.requested, result.pointing
    required = pointing is not None and pointing.value
    version = ", ".join(str(part) for part in (requested, result.digest) if part)
    expected = f"{version} ({pointing.source})" if pointing else ""
    if isinstance(floating, Absent):
        return [Check("floating", tag, good=False, expected=expected, found="nothing")] if required else []
    digest, current = str(floating.digest), target.current
    if current is None:
        label = read_label(registry, floating, VERSION)
        expected = f"the digest of a version of lane {target.lane.name}"
        description = f"{digest} (its version label: {label or 'none'}){_adoptable(registry, target)}"
        return [Check("floating", tag, good=False, expected=expected, found=description)]
    if requested is None or floating.digest == result.digest:
        return [Check("floating", tag, good=True, found=f"{current}, {digest}")]
    return [Check("floating", tag, current > requested or not required, expected, f"{current}, {digest}")]


def _adoptable(registry: RegistryClient, target: VerificationTarget) -> str:
    """How to adopt another tool's versions, if there are some and none was ever adopted."""
    tags = unadopted_tags(target.lane, target.ledger, registry.tags())
    return f"; {tags[-1]} is another tool's: {command('adopt', '--lane', target.lane.name)}" if tags else ""
