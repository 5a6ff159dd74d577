"""The checks of the registry: access, ledgers and floating tags."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from shiplane.cli.checks.findings import value_or_none
from shiplane.cli.clients.git import claiming_of
from shiplane.core.finding import Finding, done, skipped
from shiplane.doctor.doctor import Look, attempt

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.config.settings import Flags, Resolver
    from shiplane.core.credential import Credential
    from shiplane.doctor.floating_tags import FloatingTagChecks
    from shiplane.doctor.release import LedgerChecks
    from shiplane.ledger.recorder import Ledgers
    from shiplane.registry.client import RegistryClient
    from shiplane.registry.oci.names import Repository
    from shiplane.verify.surveyor import Surveyor

# Seconds of waiting: enough for a hiccup; whoever runs a check wants the answer now.
_WAIT = 10.0


def registry_checks(run: Run, flags: Flags, skip: Sequence[str]) -> dict[str, Look]:
    """All of them; those of one primary repository one after the other: each needs what the one before found out."""
    if "access" in skip:
        return {"access": lambda: [skipped("access", "--skip access")]}
    primaries = value_or_none(lambda: _by_primary(run.resolver(flags)))
    if primaries is None:
        return {"access": lambda: [skipped("access: credential", "the image is unknown: see config")]}
    resolver = run.resolver(flags)
    checks = {
        f"access, ledger, tags of {primary}": _primary_checks(run, resolver, primary, lanes)
        for primary, lanes in primaries.items()
    }
    return {**checks, **further_access(run, [other for other in resolver.repositories() if other not in primaries])}


def _by_primary(resolver: Resolver) -> dict[Repository, list[Lane]]:
    """The lanes of each primary repository."""
    primaries: dict[Repository, list[Lane]] = {}
    for lane in resolver.lanes():
        primaries.setdefault(resolver.image(lane).value, []).append(lane)
    return primaries


def _primary_checks(run: Run, resolver: Resolver, repository: Repository, lanes: Sequence[Lane]) -> Look:
    """Access, ledgers and floating tags of one primary repository."""
    access, ledgers = access_check(run, repository), _ledgers(run, repository, lanes)
    tags = _floating_tags(run, resolver, repository, lanes)
    return lambda: tags.after(list(ledgers.after(list(access()))))


def access_checks(run: Run, repositories: Sequence[Repository]) -> dict[str, Look]:
    """Whether the credentials may push to each of these repositories."""
    first, *others = repositories
    return {"access": access_check(run, first), **further_access(run, others)}


def further_access(run: Run, repositories: Sequence[Repository]) -> dict[str, Look]:
    """The same of repositories beside the first."""
    return {f"access to {repository}": access_check(run, repository) for repository in repositories}


def access_check(run: Run, repository: Repository) -> Look:
    """Whether the credential may push, and git's login may claim."""
    from shiplane.doctor.access import AccessChecks

    checks = AccessChecks(
        repository=repository,
        credential=lambda: run.registries.credential(repository),
        connect=partial(_client, run, repository),
        records=run.project.keeps_ledger and run.project.ledger in (None, repository),
    )
    if run.project.claim is None:
        return checks.check
    return lambda: [*checks.check(), attempt("access: claim", lambda: _claim(run, repository))]


def _claim(run: Run, repository: Repository) -> Finding:
    """Whether this run may claim."""
    claiming = claiming_of(run)
    assert claiming is not None  # noqa: S101 -- asked by the caller
    claiming.check_permission(repository)
    return done("access: claim", "git can log in there; only a push proves write permission")


def _ledgers(run: Run, repository: Repository, lanes: Sequence[Lane]) -> LedgerChecks:
    """The ledgers of the lanes that would be released, read with hardly any waiting."""
    from shiplane.doctor.release import LedgerChecks

    def ledgers() -> Ledgers | None:
        return run.registries.ledgers(repository, _client(run, repository, run.registries.credential(repository)))

    elsewhere = run.project.ledger not in (None, repository)
    return LedgerChecks(lanes=lanes, ledgers=ledgers, elsewhere=elsewhere)


def _floating_tags(run: Run, resolver: Resolver, repository: Repository, lanes: Sequence[Lane]) -> FloatingTagChecks:
    """The floating tags of the same lanes."""
    from shiplane.doctor.floating_tags import FloatingTagChecks
    from shiplane.verify.surveyor import Surveyor

    def surveyor() -> Surveyor:
        registry = _client(run, repository, run.registries.credential(repository))
        ledgers = run.registries.ledgers(repository, registry)
        return Surveyor(registry=registry, ledgers=ledgers)

    return FloatingTagChecks(
        lanes=[(lane, bool(value_or_none(partial(_latest, resolver, lane)))) for lane in lanes],
        surveyor=surveyor,
    )


def _latest(resolver: Resolver, lane: Lane) -> bool:
    """Whether a release here and now would move the lane's floating tag."""
    return resolver.latest(lane).value


def _client(run: Run, repository: Repository, credential: Credential | None) -> RegistryClient:
    return run.registries.client(repository, credential, run.registries.hurried(_WAIT))
