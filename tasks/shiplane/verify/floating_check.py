"""Check where a lane's floating tags point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.core.check import Check
from shiplane.core.next_command import command
from shiplane.ledger.foreign_tags import unadopted_tags
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import VERSION
from shiplane.registry.oci.names import Digest
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.label_reader import read_label

if TYPE_CHECKING:
    from shiplane.verify.verification_target import VerificationTarget


def check_floating(registry: RegistryClient, target: VerificationTarget, digest: Digest | None) -> list[Check]:
    """Check each floating tag of a verification; ``digest`` is the requested version's.

    It is at the requested version's digest, has moved on to a higher version, or need not be there; and never at what
    is no version of its range.
    """
    return [check for state in target.floating for check in _check(registry, target, state, digest)]


def _check(
    registry: RegistryClient, target: VerificationTarget, state: FloatingTagState, digest: Digest | None
) -> list[Check]:
    requested, pointing = target.requested, target.expected.get(state.tag)
    required = pointing is not None and pointing.value
    version = ", ".join(str(part) for part in (requested, digest) if part)
    expected = f"{version} ({pointing.source})" if pointing else ""
    if isinstance(state.answer, Absent):
        return [Check("floating", state.tag, good=False, expected=expected, found="nothing")] if required else []
    description, current = f"{state.version}, {state.digest}", state.version
    if current is None:
        return [_unknown(registry, target, state, state.answer)]
    if not state.floating.spans(current):
        expected = f"one of the {state.floating.span}"
        return [Check("floating", state.tag, good=False, expected=expected, found=description)]
    if requested is None or state.digest == digest:
        return [Check("floating", state.tag, good=True, found=description)]
    return [Check("floating", state.tag, current > requested or not required, expected, description)]


def _unknown(registry: RegistryClient, target: VerificationTarget, state: FloatingTagState, image: Present) -> Check:
    """A floating tag at an image that is no version of the lane."""
    label = read_label(registry, image, VERSION)
    description = f"{image.digest} (its version label: {label or 'none'}){_adoptable(registry, target)}"
    expected = f"the digest of a version of lane {target.lane.name}"
    return Check("floating", state.tag, good=False, expected=expected, found=description)


def _adoptable(registry: RegistryClient, target: VerificationTarget) -> str:
    """How to adopt another tool's versions, if there are some and none was ever adopted."""
    tags = unadopted_tags(target.lane, target.ledger, registry.tags())
    return f"; {tags[-1]} is another tool's: {command('adopt', '--lane', target.lane.name)}" if tags else ""
