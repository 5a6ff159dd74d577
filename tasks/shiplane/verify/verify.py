"""Compare what the registry serves with what a release promised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shiplane.config.lane import Lane
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.check import checks_summary
from shiplane.core.progress import Flow, Step
from shiplane.ledger.checks import recorded_checks
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Platform, Repository
from shiplane.signing.check import SignatureChecker, signer_of
from shiplane.verify.floating_check import check_floating
from shiplane.verify.tag_readers import Puller, TagReaders
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verification_target import VerificationTarget, default_subject, find_target
from shiplane.verify.version_check import VersionChecker, check_aliases, check_own_tag


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Verifies lanes of one repository.

    Attributes:
        registry: Reads with the available credential.
        platforms: What a version must have, if its publication is not recorded.
        platforms_given: Whether that applies even if it is: the platforms were given for this run.
        commit_of: The commit that a lane's version was released from, as far as git knows.
        deep: Whether every blob is checked though no version is named, and configs are read though they are recorded.
        statements: Whether what attestations say is read though no version is named and the image is recorded.
        puller: The engine for ``--pull``, or None.
        anonymous: A registry client without credentials for ``--anonymous``, or None.
        ledgers: The lanes' ledgers; None where none is kept.
        signatures: Checks the signatures; None where none are configured, or nothing can be said of them.
        mirrors: Clients of the further repositories, which have to serve the same.
    """

    registry: RegistryClient
    platforms: Setting[tuple[Platform, ...]]
    commit_of: Callable[[Lane, Version], str | None]
    platforms_given: bool = False
    deep: bool = False
    statements: bool = False
    puller: Puller | None = None
    anonymous: RegistryClient | None = None
    ledgers: Ledgers | None = None
    mirrors: Sequence[RegistryClient] = ()
    signatures: SignatureChecker | None = None

    def verify(self, lane: Lane, version: Version | None, *, latest: Setting[bool]) -> Flow[VerificationResult]:
        """Verify a version of a lane, or the one that its widest floating tag points at.

        Args:
            lane: The lane.
            version: The version; None for the widest floating tag's.
            latest: Whether the floating tags were asked to move, and where that comes from: see
                :func:`find_target`.

        Raises:
            AccessError: The registry refuses to show something.
            UnreachableError: Something could not be read; then nothing is said about it.
        """
        step = Step("verify", f"{lane.name} {version or default_subject(lane)}")
        yield step
        target = find_target(self.registry, self.ledgers, lane, version, latest)
        result = replace(self, registry=target.registry)._check(target)  # noqa: SLF001 -- its own
        bad = [check for check in result.checks if not check.good]
        summary = f"{checks_summary(result.checks)}; {result.digest}"
        yield step.failed("; ".join(map(str, bad))) if bad else step.done(summary)
        return result

    def _check(self, target: VerificationTarget) -> VerificationResult:
        result = self._version_checker(target).check(target)
        floating = {state.tag: state.digest for state in target.floating}
        readers = TagReaders(
            registry=self.registry,
            puller=self.puller,
            anonymous=self.anonymous,
            mirrors=self.mirrors,
            blobs=self._wants_blobs(target),
        )
        signatures = self.signatures.check(result.digests_to_sign(self._repositories)) if self.signatures else []
        checks = (
            *result.checks,
            *signatures,
            *check_floating(self.registry, target, result.digest),
            *target.ledger_checks,
            *recorded_checks(
                target.lane, target.ledger, version=result.version, digest=result.digest, floating=floating
            ),
            *check_own_tag(self.registry, result),
            *check_aliases(self.registry, result, target.ledger),
            *readers.check(result),
        )
        tag = result.lane.tag_of(result.version) if result.version else None
        evidence = target.ledger.evidence(tag, result.digest) if tag else ()
        return replace(result, checks=checks, evidence=evidence, signed_by=signer_of(signatures))

    @property
    def _repositories(self) -> list[Repository]:
        return [self.registry.repository, *(mirror.repository for mirror in self.mirrors)]

    def _version_checker(self, target: VerificationTarget) -> VersionChecker:
        """An image that is named, or to be pulled, has to be complete down to the last layer.

        A survey of everything reads manifests and configs alone: it may run every minute.
        """
        return VersionChecker(
            registry=self.registry,
            platforms=self.platforms,
            platforms_given=self.platforms_given,
            commit_of=self.commit_of,
            deep=self.deep,
            blobs=self._wants_blobs(target),
            statements=self.statements,
        )

    def _wants_blobs(self, target: VerificationTarget) -> bool:
        return target.requested is not None or self.puller is not None
