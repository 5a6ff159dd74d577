"""What deployment files are to name: a version that the registry serves whole."""

from __future__ import annotations

from shiplane.core.check import require
from shiplane.core.errors import VerificationError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow, Step
from shiplane.deployments.image_use import Target
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.names import Tag
from shiplane.verify.image_check import ExpectedImage, ImageChecker


def resolve_target(registry: RegistryClient, tag: Tag) -> Flow[Target]:
    """Read a version's whole image.

    Raises:
        VerificationError: The registry has no such version, or nothing valid under it.
    """
    step = Step("resolve", f"{registry.repository}:{tag}")
    yield step
    answer = resolve(registry, tag)
    if not isinstance(answer, Present):
        yield step.failed("the registry has no such tag")
        raise VerificationError(
            f"{registry.repository} has no {tag}: deployments could not pull it",
            remedy=f"Choose a published version: {command('verify')} shows the current one.",
        )
    examiner = ImageChecker(registry=registry, deep=True)
    # For which platforms it is, is a release's affair; here it has to be whole.
    checks = [
        check for check in examiner.check(answer.raw, ExpectedImage(platforms=())).checks if check.name != "platforms"
    ]
    require(
        checks,
        f"{registry.repository}:{tag}",
        remedy="Nothing was re-pointed. Choose a version that verifies.",
    )
    yield step.done(str(answer.digest))
    return Target(tag, answer.digest)
