"""A stand-in for cosign and notation: attaches a signature to a digest in a registry, as they do where that has no
referrers API: an entry in the index that the tag ``sha256-<hex>`` names (distribution-spec, "Referrers tag schema").
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from shiplane.config.plan import Plan
from shiplane.core.errors import AccessError, ShiplaneError, UnreachableError
from shiplane.core.progress import Flow
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused
from shiplane.registry.oci.manifest import OCI_INDEX, RawManifest
from shiplane.registry.oci.names import Digest, Tag
from shiplane.release.publish import Publisher
from shiplane.release.result import LaneResult
from shiplane.signing.sign import ReleaseSigning
from shiplane.signing.signature import Signature, SignatureState, SignedDigest
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import Scene, a_plan, finish

OURS = "release.pub"
# What cosign 3 lists its signatures by.
EMPTY = "application/vnd.oci.empty.v1+json"


def referrers_tag(digest: object) -> Tag:
    """The tag that lists what refers to a digest."""
    return Tag(str(digest).replace(":", "-"))


def entries_of(registry: MemoryRegistry, repository: object, digest: object) -> list[str]:
    """The keys that a digest is signed by, as the registry has it."""
    shelf = registry.shelf(repository)
    listed = shelf.tags.get(referrers_tag(digest))
    names = [entry["digest"] for entry in json.loads(shelf.manifests[listed].body)["manifests"]] if listed else []
    return [json.loads(shelf.manifests[name].body)["annotations"]["key"] for name in names]


@dataclass
class StandIn:
    """A tool that signs by a key.

    Attributes:
        registry: The client that it asks with, of any repository.
        signer: The key.
        fault: What ``check`` ends with.
        refusal: What ``sign`` ends with.
        kind: The type that its signatures are listed by.
        signed: What was to be signed, in order.
        after: Called after each signature.
    """

    registry: RegistryClient
    signer: str = OURS
    fault: ShiplaneError | None = None
    refusal: ShiplaneError | None = None
    signed: list[SignedDigest] = field(default_factory=list)
    after: Callable[[SignedDigest], object] = lambda _digest: None
    name: str = "stand-in"
    kind: str = EMPTY

    def check(self) -> str:
        """See :class:`shiplane.signing.signature.ImageSigner`."""
        if self.fault:
            raise self.fault
        return f"{self.name} 1.0, {self.signer}"

    def sign(self, digest: SignedDigest) -> None:
        """See :class:`shiplane.signing.signature.ImageSigner`."""
        self.signed.append(digest)
        if self.refusal:
            raise self.refusal
        repository = self.registry.at(digest.repository)
        entries = self._entries(digest)
        claim = {"subject": str(digest.digest), "key": self.signer, "number": str(len(entries))}
        signature = _index([], claim)
        entry = {
            "mediaType": OCI_INDEX,
            "artifactType": self.kind,
            "digest": str(signature.digest),
            "size": len(signature.body),
        }
        self._put(repository, signature.digest, signature)
        self._put(repository, referrers_tag(digest.digest), _index([*entries, entry], {}))
        self.after(digest)

    def verify(self, digest: SignedDigest) -> Signature:
        """See :class:`shiplane.signing.signature.ImageSigner`."""
        repository = self.registry.at(digest.repository)
        claims = [
            json.loads(_read(repository.get_manifest(Digest(str(entry["digest"]))), digest).body)["annotations"]
            for entry in self._entries(digest)
        ]
        if any(claim["key"] == self.signer and claim["subject"] == str(digest.digest) for claim in claims):
            return Signature(SignatureState.VALID)
        return Signature(SignatureState.INVALID, "another key") if claims else Signature(SignatureState.MISSING)

    def _entries(self, digest: SignedDigest) -> list[dict[str, object]]:
        answer = self.registry.at(digest.repository).get_manifest(referrers_tag(digest.digest))
        if isinstance(answer, Absent):
            return []
        entries: list[dict[str, object]] = json.loads(_read(answer, digest).body)["manifests"]
        return entries

    def _put(self, repository: RegistryClient, reference: Tag | Digest, raw: RawManifest) -> None:
        result = repository.put_manifest(reference, raw)
        if not result.certain:
            raise UnreachableError(result.detail)


def _read(answer: LookupResult, digest: SignedDigest) -> RawManifest:
    """A manifest, or what a tool would end with."""
    if isinstance(answer, Present):
        return answer.raw
    problem = f"the signatures of {digest} cannot be read"
    raise AccessError(problem) if isinstance(answer, Refused) else UnreachableError(problem)


def _index(manifests: list[dict[str, object]], annotations: dict[str, str]) -> RawManifest:
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests, "annotations": annotations}
    return RawManifest(body=json.dumps(document).encode(), media_type=OCI_INDEX)


@dataclass
class Signing:
    """Releases that sign, into a scene.

    Attributes:
        scene: Where to.
        prepare: Changes the tool of each run.
        tools: The tool of each run.
    """

    scene: Scene = field(default_factory=Scene)
    prepare: Callable[[StandIn], StandIn] = lambda tool: tool
    tools: list[StandIn] = field(default_factory=list)

    def flow(self, version: str = "0.2.1") -> Flow[tuple[LaneResult, ...]]:
        """A release that signs, not yet begun."""
        who = self.scene.releaser()
        self.tools.append(self.prepare(StandIn(self.scene.client())))
        publisher = Publisher(
            registry=who.registry,
            stager=lambda: self.scene.stager,
            workers=1,
            ledgers=lambda _primary: who.ledgers,
            signing=ReleaseSigning(tool=self.tools[-1], clock=self.scene.registry.clock),
        )
        return (yield from publisher.publish(self.plan(version))).lanes

    def plan(self, version: str) -> Plan:
        """What is released: as the scene has it, where that has a plan of its own."""
        plan: Plan = getattr(self.scene, "plan", a_plan)(version)
        return plan

    def publish(self, version: str = "0.2.1") -> tuple[LaneResult, ...]:
        """A release from beginning to end."""
        return finish(self.flow(version))
