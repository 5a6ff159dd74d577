"""Images that are spread over several keys: ``repository`` and ``tag`` as charts have them, Kustomize's ``images``.

A chart has a key for the digest (``digest``, or ``sha`` for its 64 digits alone, as Grafana's charts have it), or none:
then its tag alone is written. What a chart makes of a tag is its own affair, a label among it, and no label holds 78
characters (Kubernetes: 63). A tag that carries its digest already (``v0.2.0@sha256:...``) has shown that it may.
Kustomize's ``digest`` outranks ``newTag`` in its older versions and stands beside it in newer ones (imagetag.go of
kustomize's api): with both set, every version of it deploys that digest, and people still read the tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from shiplane.model.image import Digest, Repository
from shiplane.model.layout import Lines, Mapping, Scalar, assignments
from shiplane.model.mention import Mention, Part, Slot, spellings, split_pinned
from shiplane.model.redact import quoted
from shiplane.model.yamlscan import mappings

_REPOSITORY = re.compile(r"(?P<stem>.*?)[._-]?(?:repository|repo|image[._-]?name|image|name)", re.IGNORECASE | re.ASCII)
_SEPARATORS = re.compile(r"[._-]")
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NO_TAG = "no tag beside it: the default of whoever reads this file applies"
_EMPTY = ("", "null", "~")
_PINNING = (Part.DIGEST, Part.HEX, Part.PINNED)
_Found = tuple[Mention, tuple[tuple[int, int], ...]]


@dataclass(frozen=True)
class _Group:
    """The keys of one image within a mapping: its repository, and what stands beside it."""

    mapping: Mapping
    repository: Scalar
    tag: Scalar | None
    digest: Scalar | None
    is_chart: bool = True
    digest_part: Part = Part.DIGEST


def spread(text: str, repository: Repository, lines: Lines) -> list[_Found]:
    """Every mention of the repository over several keys, each with the stretches that it claims."""
    tree = mappings(text)
    anchors = {value.anchor: value for known in tree for value in known.entries.values() if value.anchor}
    bases = {known.anchor: known for known in tree if known.anchor}
    renamed = [known for known in tree if known.under == "images" and "name" in known.entries]
    found = list(_renamed(text, renamed, repository, lines))
    charts = [known for known in tree if known not in renamed]
    registry = next((known.entries["imageRegistry"] for known in tree if _is_global(known)), None)
    groups = [group for known in charts for group in _groups(known, bases, repository, registry)]
    for known in assignments(text):
        groups += [replace(group, is_chart=False) for group in _groups(known, bases, repository)]
    reader = _Reader(lines, anchors, _uses(tree, anchors, groups))
    return [*found, *(reader.read(group) for group in groups)]


def _is_global(mapping: Mapping) -> bool:
    """Whether it names the registry of every image of a chart (Bitnami's common chart: common.images.image)."""
    return mapping.under == "global" and "imageRegistry" in mapping.entries


def _groups(
    mapping: Mapping, bases: dict[str, Mapping], repository: Repository, common: Scalar | None = None
) -> Iterator[_Group]:
    entries = {_plain(key): value for key, value in mapping.entries.items()}
    merged = mapping.entries.get("<<")
    inherited = bases[merged.alias].entries if merged and merged.alias in bases else {}
    for key, value in {**inherited, **mapping.entries}.items():
        role = _REPOSITORY.fullmatch(key)
        stems = _stems(role["stem"]) if role else ()
        registry = common if common and common.text else _beside(entries, stems, "registry")
        if not stems or not _names(value, registry, repository):
            continue
        tag, digest = (_beside(entries, stems, name) for name in ("tag", "digest"))
        sha = None if digest else _beside(entries, stems, "sha")
        # A commit's hash is another thing under the same name.
        part = None if sha is None else _sha_part(sha)
        # An image alone is a complete reference; one that is inherited is the base's, unless there is a tag of its own.
        if (tag or digest) or (key in mapping.entries and _plain(key).endswith(("repository", "repo")) and registry):
            yield _Group(mapping, value, tag, sha if part else digest, digest_part=part or Part.DIGEST)


def _plain(key: str) -> str:
    return _SEPARATORS.sub("", key).lower()


def _stems(stem: str) -> tuple[str, ...]:
    """What the keys beside it may begin with: ``imageRepository`` goes with ``imageTag``, ``image`` with both."""
    known = _plain(stem)
    return (known, known.removesuffix("image")) if known.endswith("image") else (f"{known}image", known)


def _beside(entries: dict[str, Scalar], stems: Iterable[str], name: str) -> Scalar | None:
    return next((entries[f"{stem}{name}"] for stem in stems if f"{stem}{name}" in entries), None)


def _sha_part(sha: Scalar) -> Part | None:
    """What a key called sha holds: a digest, its digits alone (also where it is empty yet), or something else."""
    text = sha.text or ""
    if text.startswith("sha256:"):
        return Part.DIGEST
    return Part.HEX if _HEX.fullmatch(text) or text in _EMPTY else None


def _names(value: Scalar, registry: Scalar | None, repository: Repository) -> bool:
    whole = f"{registry.text}/{value.text}" if registry and registry.text else value.text
    return whole in spellings(repository)


def _uses(tree: list[Mapping], anchors: dict[str, Scalar], groups: list[_Group]) -> dict[str, bool]:
    """Each anchor that aliases refer to, and whether it and all of them are tags or digests of this image."""
    own = {id(scalar) for group in groups for scalar in (group.tag, group.digest) if scalar}
    uses: dict[str, bool] = {}
    for known in tree:
        for value in known.entries.values():
            if value.alias:
                holds = id(anchors.get(value.alias)) in own and id(value) in own
                uses[value.alias] = uses.get(value.alias, True) and holds
    return uses


@dataclass(frozen=True)
class _Reader:
    lines: Lines
    anchors: dict[str, Scalar]
    uses: dict[str, bool]

    def read(self, group: _Group) -> _Found:
        """What the keys of one image say."""
        tag, digest, problem = self._values(group)
        holder = next((scalar for scalar in (group.tag, group.digest) if scalar), group.repository)
        claims = tuple((scalar.start, scalar.end) for scalar in (group.repository, group.tag, group.digest) if scalar)
        parts = [] if problem else self._parts(group)
        alone = not any(part in _PINNING for _, part in parts) and not problem
        place = holder.start
        mention = Mention(
            line=self.lines.number(place),
            start=place,
            tag=tag,
            digest=digest,
            slots=tuple(_slot(scalar, part) for scalar, part in parts if not scalar.alias),
            follows=frozenset(part for scalar, part in parts if scalar.alias),
            problem=problem,
            tag_alone=alone,
        )
        return mention, claims

    def _values(self, group: _Group) -> tuple[str | None, Digest | None, str]:
        doubled = any(_plain(key).endswith(("tag", "digest", "sha")) for key in group.mapping.doubled)
        try:
            tag, digest = split_pinned(self._text(group.tag) or "")
            text = self._text(group.digest)
            if text:
                digest = Digest(f"sha256:{text}" if group.digest_part is Part.HEX else text)
        except ValueError as error:
            return None, None, str(error)
        if tag is None and digest is None:
            return None, None, _NO_TAG
        return tag, digest, "a key stands there twice" if doubled else ""

    def _text(self, scalar: Scalar | None) -> str | None:
        """A scalar's text, its anchor's where it is an alias.

        Raises:
            ValueError: Nobody can tell, or changing it would change something else, too.
        """
        if scalar is None:
            return None
        if not self.uses.get(scalar.anchor or scalar.alias, True):
            raise ValueError(f"it is shared with something else by the anchor &{scalar.anchor or scalar.alias}")
        source = self.anchors.get(scalar.alias, scalar) if scalar.alias else scalar
        if source.text is None:
            raise ValueError("what stands there cannot be read without guessing")
        return "" if source.text in _EMPTY and not source.quote else source.text

    def _parts(self, group: _Group) -> list[tuple[Scalar, Part]]:
        """What says it: both keys where there are both, else the one that is there."""
        tag, digest = group.tag, group.digest
        pinned = not digest and (not group.is_chart or "@" in (self._text(tag) or ""))
        part = Part.PINNED if pinned else Part.TAG
        parts = [(tag, part)] if tag and (tag.text or tag.alias or not digest) else []
        return [*parts, (digest, group.digest_part)] if digest else parts


def _slot(scalar: Scalar, part: Part) -> Slot:
    """A scalar as a slot; after a bare colon the blank is missing."""
    bare = scalar.start == scalar.end and not scalar.quote
    return Slot(scalar.start, scalar.end, part, before=" " if bare else "")


def _renamed(text: str, images: list[Mapping], repository: Repository, lines: Lines) -> Iterator[_Found]:
    """Kustomize's entries for the repository."""
    for known in images:
        keys = ("name", "newName", "newTag", "digest")
        values = {key: known.entries[key] for key in keys if key in known.entries}
        names = spellings(repository)
        if not any(values[key].text in names for key in ("name", "newName") if key in values):
            continue
        place = next(values[key] for key in ("newTag", "digest", "name") if key in values).start
        try:
            tag, digest, slots = _entry(text, known, values, repository)
            found = Mention(line=lines.number(place), start=place, tag=tag, digest=digest, slots=slots)
        except ValueError as error:
            found = Mention(line=lines.number(place), start=place, tag=None, digest=None, problem=str(error))
        yield found, tuple((scalar.start, scalar.end) for scalar in values.values())


def _entry(
    text: str, known: Mapping, values: dict[str, Scalar], repository: Repository
) -> tuple[str | None, Digest | None, tuple[Slot, ...]]:
    """What one entry says, and what to fill.

    Raises:
        ValueError: It cannot be re-pointed; why not.
    """
    new_name, tag, digest = (values.get(key) for key in ("newName", "newTag", "digest"))
    if new_name and new_name.text not in spellings(repository):
        raise ValueError(f"it is replaced by {quoted(new_name.text or 'something else', 80)}")
    if not tag and not digest:
        raise ValueError("neither newTag nor digest: whatever the resources say applies")
    if known.doubled or any(value.text is None or value.anchor for value in (tag, digest) if value):
        raise ValueError("its keys cannot be read without guessing")
    said, pinned = split_pinned(tag.text or "" if tag else "")
    found = Digest(digest.text) if digest and digest.text else pinned
    if tag and not digest:
        return (
            said,
            found,
            (_slot(tag, Part.PINNED),) if pinned else (_slot(tag, Part.TAG), _beside_tag(text, known, tag)),
        )
    filled = [(tag, Part.TAG)] if tag and tag.text else []
    return said, found, tuple(_slot(*each) for each in [*filled, *([(digest, Part.DIGEST)] if digest else [])])


def _beside_tag(text: str, known: Mapping, tag: Scalar) -> Slot:
    """Where a digest is put that is not there yet: after ``newTag``, in the layout of what is there."""
    if known.flow:
        quote = '"' if known.quoted else ""
        place = tag.end + len(tag.quote)
        return Slot(place, place, Part.DIGEST, before=f", {quote}digest{quote}: {quote}", after=quote)
    feed = text.find("\n", tag.end)
    end = len(text) if feed < 0 else feed
    ending = "\r\n" if text[:end].endswith("\r") or (feed < 0 and "\r\n" in text) else "\n"
    place = end - 1 if text[:end].endswith("\r") else end
    return Slot(place, place, Part.DIGEST, before=f"{ending}{' ' * known.column}digest: ")
