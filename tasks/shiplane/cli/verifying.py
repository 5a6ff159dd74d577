"""``verify``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.cli.edge import Answer
from shiplane.cli.run import Run
from shiplane.cli.views.verification import verified_text
from shiplane.config.lane import Lane
from shiplane.config.settings import Flags, Resolver
from shiplane.config.version import Version
from shiplane.core.errors import VerificationError
from shiplane.docker.engine import Engine
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Repository, Tag
from shiplane.verify.verify import Verifier


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How thoroughly to look."""

    deep: bool = False
    pull: bool = False
    anonymous: bool = False


@dataclass(frozen=True, kw_only=True)
class _EnginePuller:
    engine: Engine
    registry: RegistryClient

    def pull(self, repository: Repository, tag: Tag) -> Sequence[str]:
        return self.engine.pull(repository, tag, self.registry.session.credential)


def verify(
    run: Run,
    *,
    lane: Sequence[str] | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    pull: bool = False,
    deep: bool = False,
    anonymous: bool = False,
) -> Answer:
    """Check what the registry really serves; reads only.

    Platforms, digests, configs, labels, and where the floating tag points; of a version that is named every layer, too.
    Ends with 6 when anything is wrong.
    """
    word = "yes" if latest is True else latest
    latest = None if isinstance(word, bool) else word
    flags = Flags(lanes=tuple(lane or ()), tag=tag, image=image, platforms=platforms, latest=latest)
    return look_at(run, run.resolver(flags), Looks(deep=deep, pull=pull, anonymous=anonymous))


def look_at(run: Run, resolver: Resolver, looks: Looks) -> Answer:
    """Verify every lane; the exit code is 6 when anything is wrong.

    Raises:
        ShiplaneError: Nothing could be said: by situation.
    """
    repository = resolver.image().value
    verifier = _verifier(run, repository, resolver, looks)
    found = []
    for lane in resolver.lanes():
        named = resolver.published(lane)
        version = named.value if named else None
        found.append(run.console.drive(verifier.verify(lane, version, latest=resolver.latest(lane))))
    bad = [lane for lane in found if not lane.good]
    data = {"image": str(repository), "lanes": [lane.to_json() for lane in found]}
    return Answer(text=verified_text(repository, found), data=data, exit_code=VerificationError.exit_code if bad else 0)


def _verifier(run: Run, repository: Repository, resolver: Resolver, looks: Looks) -> Verifier:
    registry = run.reader(repository)
    puller = _EnginePuller(engine=Engine(env=run.child_env), registry=registry) if looks.pull else None
    return Verifier(
        registry=registry,
        platforms=resolver.platforms(),
        insists=resolver.flags.platforms is not None,
        commit_of=lambda lane, version: _commit(run, lane, version),
        deep=looks.deep,
        puller=puller,
        stranger=run.registry(repository, None) if looks.anonymous else None,
        ledgers=run.ledgers(repository, registry),
    )


def _commit(run: Run, lane: Lane, version: Version) -> str | None:
    return run.git.commit_of_tag(lane.git_tag_of(version))


__all__ = ["Looks", "look_at", "verify"]
