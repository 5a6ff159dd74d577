"""A floating tag of a further repository in a rollback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Repository, Tag


class MirrorMoveJson(TypedDict):
    """A floating tag of a further repository in a rollback."""

    image: Annotated[str, "The repository."]
    tag: TagJson
    digest: DigestJson
    before: Annotated[DigestJson | None, "Its digest before; null if it did not exist."]
    moved: Annotated[bool, "Whether it was (or would be) moved."]


@dataclass(frozen=True, kw_only=True)
class MirrorMove:
    """A floating tag of a further repository.

    Attributes:
        lane: The lane's name.
        registry: A client of that repository.
        floating: The floating tag.
        tag: The tag of the version that it goes to.
        raw: That version's manifest.
        current: Where the floating tag is there; None if it does not exist.
    """

    lane: str
    registry: RegistryClient
    floating: Tag
    tag: Tag
    raw: RawManifest
    current: Digest | None

    @property
    def repository(self) -> Repository:
        """Where it is."""
        return self.registry.repository

    @property
    def moves(self) -> bool:
        """Whether it has to be moved."""
        return self.current != self.raw.digest

    def to_json(self) -> MirrorMoveJson:
        """The tag as JSON values."""
        return {
            "image": str(self.repository),
            "tag": self.floating,
            "digest": str(self.raw.digest),
            "before": str(self.current) if self.current else None,
            "moved": self.moves,
        }
