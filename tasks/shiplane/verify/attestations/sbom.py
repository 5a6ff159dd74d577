"""What an SBOM says of itself: how many packages it lists, and what generated it. Pure.

Source: SPDX 2.3, sections 6 (document creation information) and 7 (packages).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from shiplane.verify.attestations.statement import Statement, items, table, text

_TOOL = "Tool:"


class SbomJson(TypedDict):
    """What an SBOM says of itself."""

    format: Annotated[str, "The format and its version: SPDX-2.3."]
    generators: Annotated[list[str], "The tools that made it, else whoever it names as its creator."]
    packages: Annotated[int, "How many packages it lists."]


@dataclass(frozen=True, kw_only=True)
class Sbom:
    """What an SBOM says of itself: see :class:`SbomJson`."""

    format: str
    generators: tuple[str, ...]
    packages: int

    def to_json(self) -> SbomJson:
        """As JSON values."""
        return {"format": self.format, "generators": list(self.generators), "packages": self.packages}


def parse_sbom(statement: Statement) -> Sbom:
    """The facts of a statement with an SPDX document.

    Raises:
        ValueError: A part has another type than the specification says.
    """
    document = statement.predicate
    version = text(document.get("spdxVersion"))
    if not version:
        raise ValueError("it has no spdxVersion: not an SPDX document")
    creators = [text(creator) for creator in items(table(document, "creationInfo"), "creators")]
    tools = [creator.removeprefix(_TOOL).strip() for creator in creators if creator.startswith(_TOOL)]
    packages = items(document, "packages")
    return Sbom(format=version, generators=tuple(tools or creators), packages=len(packages))
