"""Where a lane's floating tags are: what the registry serves, and what the ledger has recorded. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, TypedDict

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.next_command import command
from shiplane.ledger.ledger import Entry, Ledger
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.names import Digest, Tag


class FloatingTagJson(TypedDict):
    """A floating tag, and where it is."""

    tag: TagJson
    range: Annotated[str, "The first numbers of the versions in its range, 1 or 1.2; empty for all."]
    version: Annotated[str | None, "The version that it points at; null if it is none of the lane's."]
    digest: Annotated[DigestJson | None, "Its digest; null if it does not exist."]


@dataclass(frozen=True, kw_only=True)
class FloatingTagState:
    """Where one floating tag is.

    Attributes:
        floating: The tag.
        answer: What the registry serves under it.
        version: The version that it points at, if that can be told.
        position: The last recorded move of it, if any.
    """

    floating: FloatingTag
    answer: Present | Absent
    version: Version | None = None
    position: Entry | None = None

    @property
    def tag(self) -> Tag:
        """Its name."""
        return self.floating.tag

    @property
    def digest(self) -> Digest | None:
        """Its digest, if it exists."""
        return digest_of(self.answer)

    @property
    def as_recorded(self) -> bool:
        """Whether it is where the ledger has it; so it is where the ledger has no move of it."""
        return self.position is None or self.position.after == self.digest

    @property
    def arrival(self) -> Entry | None:
        """The recorded move that brought it to where it is, if any."""
        return self.position if self.as_recorded else None

    def placed(self, digests: Iterable[tuple[Version, Digest | None]]) -> FloatingTagState:
        """The same with the version that it points at: of those with its digest the first in its range, else the first.

        Args:
            digests: The lane's versions with the digests of their tags, the highest first.
        """
        at = [version for version, digest in digests if self.digest and digest == self.digest]
        return replace(self, version=next(filter(self.floating.spans, at), at[0] if at else None))

    def to_json(self) -> FloatingTagJson:
        """As JSON values."""
        return {
            "tag": self.tag,
            "range": ".".join(self.floating.range),
            "version": str(self.version) if self.version else None,
            "digest": str(self.digest) if self.digest else None,
        }


def existing_floating_tags(lane: Lane, ledger: Ledger, tags: Iterable[str]) -> tuple[FloatingTag, ...]:
    """The floating tags of a lane that are listed or recorded, and those that have no range, in moving order."""
    return lane.floating_tags_among([*tags, *(entry.tag for entry in ledger.entries)])


def set_command(lane: Lane, floating: FloatingTag, to: str) -> str:
    """The command that sets one floating tag to a version, and leaves the lane's others where they are."""
    only = ("--floating", floating.tag) if len(lane.floating_templates) > 1 else ()
    return command("rollback", "--lane", lane.name, *only, "--to", to)
