"""In-toto statements: which images one is about, of what kind it is, and its predicate. Pure.

Sources: in-toto attestation framework, "Statement" v0.1 and v1; BuildKit docs/attestations/attestation-storage.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from shiplane.core import strict_json
from shiplane.core.text import one_line

IN_TOTO = "application/vnd.in-toto+json"
# BuildKit's annotation of a statement's layer.
PREDICATE_TYPE = "in-toto.io/predicate-type"
SLSA_02 = "https://slsa.dev/provenance/v0.2"
SLSA_1 = "https://slsa.dev/provenance/v1"
SPDX = "https://spdx.dev/Document"
_STATEMENTS = ("https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1")
# Longer texts of a statement are cut: they are shown to people.
_LONGEST = 500

T = TypeVar("T")


class Kind(Enum):
    """What a statement is, by its predicate's type."""

    PROVENANCE = "provenance"
    SBOM = "sbom"
    OTHER = "attestation"

    @classmethod
    def of(cls, predicate_type: str) -> Kind:
        """The kind of a predicate type; SPDX's may end in a version."""
        if predicate_type in (SLSA_02, SLSA_1):
            return cls.PROVENANCE
        return cls.SBOM if predicate_type == SPDX or predicate_type.startswith(f"{SPDX}/") else cls.OTHER


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement; ``subjects`` are the digests of what it is about, as ``sha256:...``."""

    predicate_type: str
    subjects: tuple[str, ...]
    predicate: Mapping[str, Any]


def parse_statement(body: bytes) -> Statement:
    """Parse an in-toto statement.

    Raises:
        ValueError: It is none.
    """
    document = typed(strict_json.loads(body), dict, "the document")
    if document.get("_type") not in _STATEMENTS:
        raise ValueError(f"its type is {text(document.get('_type'))!a}, not an in-toto statement's")
    return Statement(
        predicate_type=text(document.get("predicateType")),
        subjects=tuple(digest for subject in items(document, "subject") for digest in _digests(subject)),
        predicate=table(document, "predicate"),
    )


def _digests(subject: object) -> list[str]:
    digests = table(typed(subject, dict, "a subject"), "digest")
    return [f"{name}:{text(value)}" for name, value in digests.items()]


def table(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """An object within another one; null or absent is empty.

    Raises:
        ValueError: Something else is there.
    """
    for name in path:
        value = document.get(name)
        document = typed({} if value is None else value, dict, name)
    return document


def tables(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of objects; null or absent is empty.

    Raises:
        ValueError: Something else is there.
    """
    return [typed(entry, dict, f"an entry of {name}") for entry in items(document, name)]


def items(document: Mapping[str, Any], name: str) -> list[Any]:
    """A list; null or absent is empty.

    Raises:
        ValueError: Something else is there.
    """
    value = document.get(name)
    return typed([] if value is None else value, list, name)


def text(value: object) -> str:
    """A text as one safe line; null or absent is empty.

    Raises:
        ValueError: It is none.
    """
    return one_line(typed("" if value is None else value, str, "a text")[: 2 * _LONGEST])[:_LONGEST]


def typed(value: object, kind: type[T], name: str) -> T:
    """A value of this type.

    Raises:
        ValueError: It is of another one.
    """
    if not isinstance(value, kind):
        raise ValueError(f"{name} is {type(value).__name__}, not {kind.__name__}")  # noqa: TRY004 -- foreign data
    return value
