"""Mentions of one image in a text: what each says, and which stretches of the text say it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from shiplane.core.errors import UsageError
from shiplane.deployments.positions import Fallback
from shiplane.registry.oci.names import Digest, Repository, Tag, parse_tag

# An untagged reference means this tag (distribution/reference: TagNameOnly).
IMPLIED = Tag("latest")


class Part(Enum):
    """What a slot holds."""

    TAG = "tag"
    DIGEST = "digest"
    PINNED = "tag@digest"
    HEX = "digest without its algorithm"


@dataclass(frozen=True)
class Target:
    """What an image is to be pinned to: a version tag, and the digest behind it."""

    tag: Tag
    digest: Digest

    def part(self, part: Part) -> str:
        """The text for a slot."""
        digest = str(self.digest)
        return {
            Part.TAG: str(self.tag),
            Part.DIGEST: digest,
            Part.HEX: digest.removeprefix("sha256:"),
            Part.PINNED: f"{self.tag}@{digest}",
        }[part]


@dataclass(frozen=True)
class Slot:
    """A span of the text that holds the tag or the digest; an empty one is where it would be inserted."""

    start: int
    end: int
    part: Part
    before: str = ""
    after: str = ""

    def filled(self, target: Target) -> str:
        """Its text when the image is at the target."""
        return f"{self.before}{target.part(self.part)}{self.after}"


@dataclass(frozen=True, kw_only=True)
class Mention:
    """One place that names the image.

    Attributes:
        line: Its line, from 1.
        start: Where it begins in the text, for their order.
        tag: The tag as it stands there; None where there is none.
        digest: The digest as it stands there; None where there is none.
        slots: What to fill to re-point it.
        follows: What another mention's slots say for it, by an alias.
        implied: Whether a missing tag means ``latest`` here.
        problem: Why it cannot be re-pointed; nothing where it can.
        comment: Whether it stands in a comment, where it runs nothing.
        tag_alone: Whether there is no place for a digest: a chart without a key for it.
        fallback: How its keys were read where the text is not YAML.
    """

    line: int
    start: int
    tag: str | None
    digest: Digest | None
    slots: tuple[Slot, ...] = ()
    follows: frozenset[Part] = frozenset()
    implied: bool = False
    problem: str = ""
    comment: bool = False
    tag_alone: bool = False
    fallback: Fallback | None = None

    @property
    def effective_tag(self) -> str | None:
        """The tag it refers to, an implied one too."""
        return IMPLIED if self.tag is None and self.implied and self.digest is None else self.tag

    def reference(self, repository: Repository) -> str:
        """The image as it is usually written."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{repository}{tag}{f'@{self.digest}' if self.digest else ''}"


@dataclass(frozen=True)
class Spans:
    """Spans of the text that are taken: in order, apart from each other."""

    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> Spans:
        """The spans; those that overlap are joined."""
        apart: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if apart and start < apart[-1][1]:
                apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
            else:
                apart.append((start, end))
        return cls(tuple(apart))

    def overlap(self, start: int, end: int) -> bool:
        """Whether one of them overlaps this span."""
        index = bisect_left(self.spans, (end,))
        return any(first < end and start < last for first, last in self.spans[max(index - 1, 0) : index + 1])


# What docker itself takes for Docker Hub (distribution/reference: defaultDomain, legacyDefaultDomain).
_HUB = ("docker.io", "index.docker.io")


def spellings(repository: Repository) -> tuple[str, ...]:
    """Every way to write a repository's name, the longest first; Docker Hub's can do without registry and library."""
    if repository.registry not in _HUB:
        return (str(repository),)
    official = repository.path.removeprefix("library/")
    paths = (repository.path,) if "/" in official else (f"library/{official}", official)
    names = [*paths, *(f"{registry}/{path}" for registry in _HUB for path in paths)]
    return tuple(sorted(names, key=len, reverse=True))


def is_familiar(name: str) -> bool:
    """Whether a name is a short form, without its registry (distribution/reference: splitDockerDomain)."""
    first, slash, _ = name.partition("/")
    return not slash or not ("." in first or ":" in first or first == "localhost")


def digest_or_none(text: str | None) -> Digest | None:
    """The digest of a match; None where it has none."""
    return Digest(text) if text else None


def split_pinned(text: str) -> tuple[str | None, Digest | None]:
    """``tag@digest``, or either alone.

    Raises:
        ValueError: It is none of them.
    """
    tag, _, rest = text.partition("@") if "@" in text or not text.startswith("sha256:") else ("", "", text)
    digest = Digest(rest) if rest or text.endswith("@") else None
    try:
        return (parse_tag(tag) if tag else None), digest
    except UsageError as error:
        raise ValueError(error.what) from error
