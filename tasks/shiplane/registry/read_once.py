"""A client for a look at one moment: each tag, each manifest and the tag list are asked for once.

So parts of a check can be read side by side before it is known that they matter, and each is still asked for once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shiplane.core.system.parallel import Once
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.session import MANIFEST_LIMIT
from shiplane.registry.oci.lookup_result import LookupResult
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest, Repository, Tag


@dataclass(frozen=True)
class ReadOnce(RegistryClient):
    """All requests to one repository, none of which for content is made twice; for reading only."""

    manifests: Once[tuple[Repository, Tag | Digest], LookupResult] = field(default_factory=Once, compare=False)
    lists: Once[Repository, list[Tag]] = field(default_factory=Once, compare=False)
    blobs: Once[tuple[Repository, Digest, int], bytes] = field(default_factory=Once, compare=False)

    @classmethod
    def of(cls, registry: RegistryClient) -> ReadOnce:
        """One that has asked for nothing yet; the same if it is one already."""
        if isinstance(registry, ReadOnce):
            return registry
        return cls(registry.session, registry.repository, registry.sessions)

    @property
    def fresh(self) -> RegistryClient:
        """See :attr:`RegistryClient.fresh`."""
        return RegistryClient(self.session, self.repository, self.sessions)

    def get_manifest(self, reference: Tag | Digest) -> LookupResult:
        """See :meth:`RegistryClient.get_manifest`."""
        return self.manifests.get((self.repository, reference), lambda: self.fresh.get_manifest(reference))

    def blob(self, descriptor: Descriptor, *, limit: int = MANIFEST_LIMIT) -> bytes:
        """See :meth:`RegistryClient.blob`."""
        key = (self.repository, descriptor.digest, descriptor.size)
        return self.blobs.get(key, lambda: self.fresh.blob(descriptor, limit=limit))

    def tags(self) -> list[Tag]:
        """See :meth:`RegistryClient.tags`."""
        return self.lists.get(self.repository, self.fresh.tags)
