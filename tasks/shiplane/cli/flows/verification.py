"""The verification of lanes, as ``verify`` and a rehearsal carry it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.clients.signing import signature_checker
from shiplane.cli.views.verification import verified_text
from shiplane.core.errors import VerificationError
from shiplane.core.system.parallel import FLOWS

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.config.settings import Resolver
    from shiplane.core.progress import Flow
    from shiplane.docker.engine import Engine
    from shiplane.registry.client import RegistryClient
    from shiplane.registry.oci.names import Platform, Repository, Tag
    from shiplane.verify.verification_result import VerificationResult, VerifiedDataJson, VerifiedLaneJson
    from shiplane.verify.verify import Verifier


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How thoroughly to verify; each field is the flag of that name."""

    deep: bool = False
    pull: bool = False
    anonymous: bool = False
    provenance: bool = False
    signed: bool = False


@dataclass(frozen=True, kw_only=True)
class _EnginePuller:
    engine: Engine
    registry: RegistryClient

    def pull(self, repository: Repository, tag: Tag, platforms: Sequence[Platform]) -> Sequence[str]:
        return self.engine.pull(repository, tag, self.registry.session.credential, platforms)


def verify_lanes(run: Run, resolver: Resolver, depth: Depth) -> Answer:
    """Verify every lane; the exit code is 6 when anything is wrong.

    Raises:
        ShiplaneError: It could not be verified: by situation.
    """
    verifiers = [
        (lane, verifier_of(run, lane, resolver, depth, resolver.images(lane).value)) for lane in resolver.lanes()
    ]
    with signature_checker(run, resolver, required=depth.signed) as signatures:
        flows = [_verification(lane, resolver, replace(each, signatures=signatures)) for lane, each in verifiers]
        # One pull after the other: an interrupt has to reach the engine's client.
        results = run.console.drive_all(flows, workers=1 if depth.pull else FLOWS)
    good = all(result.good for result in results)
    repositories = [resolver.image(lane).value for lane in resolver.lanes()]
    verified = list(zip(repositories, results, strict=True))
    lanes: list[VerifiedLaneJson] = [{"image": str(repository), **result.to_json()} for repository, result in verified]
    code = 0 if good else VerificationError.exit_code
    data: VerifiedDataJson = {"image": str(repositories[0]), "lanes": lanes}
    return Answer(text=verified_text(verified), data=data, exit_code=code)


def failed_verification(verified: VerifiedDataJson) -> VerificationError:
    """The checks of a verification that failed, as an error."""
    from shiplane.core.check import Check

    checks = [(lane["lane"], Check(**check)) for lane in verified["lanes"] for check in lane["checks"]]
    failed = [f"lane {lane}: {check}" for lane, check in checks if not check.good]
    return VerificationError("verification failed:\n  " + "\n  ".join(failed))


def _verification(lane: Lane, resolver: Resolver, verifier: Verifier) -> Flow[VerificationResult]:
    published = resolver.published(lane)
    version = published.value if published else None
    return verifier.verify(lane, version, latest=resolver.latest(lane))


def verifier_of(
    run: Run,
    lane: Lane,
    resolver: Resolver,
    depth: Depth,
    images: Sequence[Repository],
    *,
    connect: Callable[[Repository], RegistryClient] | None = None,
) -> Verifier:
    """What verifies a lane, by its own platforms, in a repository and those that have the same.

    ``connect`` makes the client of the first; by default it is one that only reads.
    """
    from shiplane.docker.engine import Engine
    from shiplane.verify.verify import Verifier

    git, clients, (repository, *mirrors) = run.git, run.registries, images
    registry = (connect or clients.reader)(repository)
    puller = _EnginePuller(engine=Engine(env=run.child_env), registry=registry) if depth.pull else None
    return Verifier(
        registry=registry,
        platforms=resolver.platforms(lane),
        platforms_given=resolver.flags.platforms is not None,
        commit_of=lambda lane, version: git.commit_of_tag(lane.git_tag_of(version)),
        deep=depth.deep,
        statements=depth.provenance,
        puller=puller,
        anonymous=clients.client(repository, None) if depth.anonymous else None,
        ledgers=clients.ledgers(repository, registry),
        mirrors=[clients.reader(mirror) for mirror in mirrors],
    )
