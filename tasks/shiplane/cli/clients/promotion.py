"""What a promotion works with: a verifier of the source, and clients of the target."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shiplane.cli.run import Run
    from shiplane.config.keys.registries import PromotionRoute
    from shiplane.config.setting import Setting
    from shiplane.config.settings import Resolver
    from shiplane.core.credential import Credential
    from shiplane.promote.request import PromotionRequest
    from shiplane.promote.survey import PromotionSurveyor
    from shiplane.registry.client import RegistryClient
    from shiplane.registry.oci.names import Repository


@contextmanager
def promotion_surveyor(
    run: Run, request: PromotionRequest, route: Setting[PromotionRoute], *, dry_run: bool
) -> Iterator[PromotionSurveyor]:
    """What surveys, with clients that may write where something is to be written."""
    from shiplane.cli.clients.git import claiming_of
    from shiplane.cli.clients.public_tags import tags_now
    from shiplane.cli.clients.signing import signature_checker
    from shiplane.cli.flows.verification import Depth, verifier_of
    from shiplane.promote.survey import PromotionSurveyor

    clients, lane = run.registries, request.lane
    registry = _reader(run, route.value.target) if dry_run else clients.writers(route.value.target)
    tags = [lane.own_tag_of(request.version.value), *(tag.tag for tag in lane.floating_tags(request.version.value))]
    run.show_at_the_end(
        lambda: [line for image in route.value.images for line in tags_now(clients.impatient(registry.at(image)), tags)]
    )
    connect = clients.reader if dry_run else clients.source
    images, targets = [route.value.source], route.value.images
    verifier = verifier_of(run, lane, _resolver(run), Depth(deep=True), images, connect=connect)

    def credentials() -> list[Credential | None]:
        """As the clients have them by now: what anybody may read is read without one."""
        return [verifier.registry.session.credential, *(registry.at(each).session.credential for each in targets)]

    with signature_checker(run, _resolver(run), required=False, credentials=credentials) as signatures:
        yield PromotionSurveyor(
            verifier=replace(verifier, signatures=signatures),
            registry=registry,
            ledgers=cache(lambda primary: clients.ledgers(primary, registry.at(primary))),
            claiming=None if dry_run else claiming_of(run),
            probe=not dry_run,
        )


def _resolver(run: Run) -> Resolver:
    """Settings that no flag of a promotion is about: which platforms an unrecorded version has to have."""
    from shiplane.config.settings import Flags

    return run.resolver(Flags())


def _reader(run: Run, repository: Repository) -> RegistryClient:
    """A client that only reads, from which those of other registries can be had."""
    from shiplane.registry.client import RegistryClient

    readers = run.registries
    return RegistryClient(readers.reader(repository).session, repository, lambda other: readers.reader(other).session)
