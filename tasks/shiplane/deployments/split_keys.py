"""Images split over several keys: ``repository`` and ``tag`` as charts have them, Kustomize's ``images``.

A chart has a key for the digest (``digest``, ``sha256``, ``sha`` or ``hash``, with ``sha256:`` before the 64 digits or
without, as Grafana's charts have it), or none: then its tag alone is written. What a chart makes of a tag is its own
affair, a label among it, and no label holds 78 characters (Kubernetes: 63). A tag that carries its digest already
(``v0.2.0@sha256:...``) has shown that it may.
Kustomize's ``digest`` outranks ``newTag`` in its older versions and stands beside it in newer ones (imagetag.go of
kustomize's api): with both set, every version of it deploys that digest, and people still read the tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from shiplane.core.text import quoted
from shiplane.deployments.image_use import Mention, Part, Slot, is_familiar, spellings, split_pinned
from shiplane.deployments.positions import Lines, Mapping, Scalar, assignments
from shiplane.deployments.yaml_positions import mappings
from shiplane.registry.oci.names import DIGEST_FORM, Digest, Repository

_REPOSITORY = re.compile(r"(?P<stem>.*?)[._-]?(?:repository|repo|image[._-]?name|image|name)", re.IGNORECASE | re.ASCII)
_SEPARATORS = re.compile(r"[._-]")
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SPLIT = re.compile(r"(.*?)(@|:(?=[^/]*$)|$)(.*)", re.ASCII | re.DOTALL)
_DIGEST_KEYS = ("digest", "sha256", "sha", "hash")
_WHOLE = re.compile(DIGEST_FORM, re.ASCII)
_DIGEST_NAME = re.compile("digest|sha|hash|checksum", re.IGNORECASE)
_NO_TAG = "no tag beside it: the reader's default applies"
_EMPTY = ("", "null", "~")
_PINNING = (Part.DIGEST, Part.HEX, Part.PINNED)
_SplitMention = tuple[Mention, tuple[tuple[int, int], ...]]


@dataclass(frozen=True)
class _Group:
    """The keys of one image within a mapping: its repository, what stands beside it, and why it is left alone."""

    mapping: Mapping
    repository: Scalar
    tag: Scalar | None
    digest: Scalar | None
    is_chart: bool = True
    digest_part: Part = Part.DIGEST
    problem: str = ""


def split_mentions(text: str, repository: Repository, lines: Lines) -> list[_SplitMention]:
    """Every mention of the repository over several keys, each with the spans that it claims."""
    tree = mappings(text)
    anchors = {value.anchor: value for mapping in tree for value in mapping.entries.values() if value.anchor}
    bases = {mapping.anchor: mapping for mapping in tree if mapping.anchor}
    images = [mapping for mapping in tree if mapping.parent_key == "images" and "name" in mapping.entries]
    kustomize = list(_renamed(text, images, repository, lines))
    charts = [mapping for mapping in tree if mapping not in images]
    finder = _Finder(repository, anchors, bases, next(filter(None, map(_common_registry, tree)), None))
    groups = [group for mapping in charts for group in finder.groups(mapping)]
    alone = _Finder(repository, anchors, bases, None, is_chart=False)
    groups += [group for mapping in assignments(text) for group in alone.groups(mapping)]
    reader = _Reader(lines, anchors, _uses(tree, anchors, groups))
    return [*kustomize, *(reader.read(group) for group in groups)]


def _common_registry(mapping: Mapping) -> Scalar | None:
    """The registry of every image of a chart: global.imageRegistry (Bitnami's common.images.image), global.image."""
    if mapping.parent_key == "global":
        return mapping.entries.get("imageRegistry")
    is_image = (mapping.grandparent_key, mapping.parent_key) == ("global", "image")
    return mapping.entries.get("registry") if is_image else None


@dataclass(frozen=True)
class _Finder:
    """Finds the keys of one image in a mapping; in a chart's values, or among assignments."""

    repository: Repository
    anchors: dict[str, Scalar]
    bases: dict[str, Mapping]
    common: Scalar | None
    is_chart: bool = True

    def groups(self, mapping: Mapping) -> Iterator[_Group]:
        """Every group within a mapping, by the key of its repository."""
        merged = mapping.entries.get("<<")
        inherited = self.bases[merged.alias].entries if merged and merged.alias in self.bases else {}
        values = {**inherited, **mapping.entries}
        entries = {_plain(key): value for key, value in mapping.entries.items()}
        groups = {key: self._group(mapping, entries, key, value) for key, value in values.items()}
        own = {key: group for key, group in groups.items() if group}
        strays = self._strays(values, inherited, own) if own else {}
        owned = _by_owner(strays, values) if strays else {}
        for key, group in own.items():
            stray = owned.get(_stem(key), "")
            yield _with_stray(group, stray, strays.get(stray, ""))

    def _group(self, mapping: Mapping, entries: dict[str, Scalar], key: str, value: Scalar) -> _Group | None:
        """The group of a key for a repository; None where it is none, or another's."""
        role = _REPOSITORY.fullmatch(key)
        if role is None or value.text is None or self.repository.path.rpartition("/")[2] not in value.text:
            return None
        stems, is_name = _stems(role["stem"]), _plain(key).endswith(("repository", "repo"))
        registry = self.common if self.common and self.common.text else _beside(entries, stems, "registry")
        tag, (digest, part) = _beside(entries, stems, "tag"), self._digest(entries, stems)
        beside = self._is_filled(digest) or (is_name and self._is_filled(tag))
        problem = _mixed(value, registry, self.repository) if beside else ""
        # An image alone is a complete reference; one that is inherited is the base's, unless there is a tag of its own.
        is_complete = tag or digest or (key in mapping.entries and is_name and registry)
        if problem or (is_complete and _names(value, registry, self.repository)):
            return _Group(mapping, value, tag, digest, self.is_chart, part, problem)
        return None

    def _digest(self, entries: dict[str, Scalar], stems: tuple[str, ...]) -> tuple[Scalar | None, Part]:
        """The key for the digest, and what it holds."""
        for name in _DIGEST_KEYS:
            scalar = _beside(entries, stems, name)
            part = _digest_part(name, self._text(scalar)) if scalar else None
            if part:
                return scalar, part
        return None, Part.DIGEST

    def _is_filled(self, scalar: Scalar | None) -> bool:
        return scalar is not None and self._text(scalar) not in _EMPTY

    def _text(self, scalar: Scalar) -> str | None:
        return self.anchors.get(scalar.alias, scalar).text if scalar.alias else scalar.text

    def _strays(
        self, values: dict[str, Scalar], inherited: dict[str, Scalar], groups: dict[str, _Group]
    ) -> dict[str, str]:
        """Further keys that hold a digest and would keep it; those that come from a merged base do not count."""
        filled = {id(each) for group in groups.values() for each in (group.tag, group.digest)}
        filled |= {id(each) for name, each in inherited.items() if _plain(name).endswith(_DIGEST_KEYS)}
        texts = {name: self._text(value) or "" for name, value in values.items() if id(value) not in filled}
        # 64 digits can be a secret, where keys of all kinds stand together.
        alone = self.is_chart and not all(map(_stem, groups))
        return {name: text for name, text in texts.items() if _is_digest(name, text, alone=alone)}


def _by_owner(strays: dict[str, str], values: Iterable[str]) -> dict[str, str]:
    """A stray key by what its image's keys begin with: the longest such beginning; nothing beside a ``repository``."""
    stems = {"", *map(_stem, values)}
    lengths = sorted({len(stem) for stem in stems}, reverse=True)
    plain = {name: _plain(name) for name in strays}
    return {next(stem for size in lengths if (stem := plain[name][:size]) in stems): name for name in reversed(strays)}


def _with_stray(group: _Group, stray: str, text: str) -> _Group:
    if group.problem or not stray:
        return group
    way = "rename the key to sha256" if _HEX.fullmatch(text) else "add a pattern for each of the two keys"
    problem = (
        f"its key {quoted(stray, 40)} also holds a digest, which would stay unchanged: {way}, or change it by hand"
    )
    return replace(group, problem=problem)


def _stem(key: str) -> str:
    """What stands before ``repository`` in a key; nothing where the whole mapping is about one image."""
    role = _REPOSITORY.fullmatch(key)
    return _plain(role["stem"]) if role else ""


def _is_digest(key: str, text: str, *, alone: bool) -> bool:
    """Whether a value is a digest; digits alone are one by their key, or where a mapping has one image."""
    return bool(_WHOLE.fullmatch(text) or (_HEX.fullmatch(text) and (alone or _DIGEST_NAME.search(key))))


def _digest_part(name: str, text: str | None) -> Part | None:
    """What a key for the digest holds: a digest, its digits alone, or something else.

    An empty ``digest`` is for a digest, an empty ``sha`` for the digits (Grafana's charts); for others it is unknown,
    and under ``sha`` and ``hash`` a commit can stand. What cannot be read is taken for one, so that it is named.
    """
    if text is None or _HEX.fullmatch(text) or (name == "sha" and text in _EMPTY):
        return Part.HEX
    return Part.DIGEST if name == "digest" or text.startswith("sha256:") else None


def _plain(key: str) -> str:
    return _SEPARATORS.sub("", key).lower()


def _stems(stem: str) -> tuple[str, ...]:
    """What the keys beside it may begin with: ``imageRepository`` goes with ``imageTag``, ``image`` with both."""
    prefix = _plain(stem)
    return (prefix, prefix.removesuffix("image")) if prefix.endswith("image") else (f"{prefix}image", prefix)


def _beside(entries: dict[str, Scalar], stems: Iterable[str], name: str) -> Scalar | None:
    return next((entries[f"{stem}{name}"] for stem in stems if f"{stem}{name}" in entries), None)


def _names(value: Scalar, registry: Scalar | None, repository: Repository) -> bool:
    host = registry.text if registry else ""
    # A chart that puts the registry before a name which begins with it would have no image.
    has_host = not host or (value.text or "").startswith(f"{host}/")
    return (value.text if has_host else f"{host}/{value.text}") in spellings(repository)


def _mixed(value: Scalar, registry: Scalar | None, repository: Repository) -> str:
    """Why the image of a name beside a tag or a digest is ambiguous; empty where it is not."""
    name, sign, rest = _SPLIT.fullmatch(value.text or "").groups()  # type: ignore[union-attr] # it matches any text
    host = registry.text if registry else ""
    if sign and {name, f"{host}/{name}"} & {*spellings(repository)}:
        end = quoted(sign + rest, 24)
        return f"its name ends in {end}, and another key sets the tag or the digest: keep one of them"
    if host and not is_familiar(name) and name in spellings(repository) and not _names(value, registry, repository):
        return f"its name has a registry, and {quoted(host, 80)} may be prepended: remove one"
    return ""


def _uses(tree: list[Mapping], anchors: dict[str, Scalar], groups: list[_Group]) -> dict[str, bool]:
    """Each anchor that aliases refer to, and whether it and all of them are tags or digests of this image."""
    ours = {id(scalar) for group in groups for scalar in (group.tag, group.digest) if scalar}
    uses: dict[str, bool] = {}
    for mapping in tree:
        for value in mapping.entries.values():
            if value.alias:
                is_ours = id(anchors.get(value.alias)) in ours and id(value) in ours
                uses[value.alias] = uses.get(value.alias, True) and is_ours
    return uses


@dataclass(frozen=True)
class _Reader:
    lines: Lines
    anchors: dict[str, Scalar]
    uses: dict[str, bool]

    def read(self, group: _Group) -> _SplitMention:
        """The mention that the keys of one image make."""
        tag, digest, problem = self._values(group)
        first = next((scalar for scalar in (group.tag, group.digest) if scalar), group.repository)
        claims = tuple((scalar.start, scalar.end) for scalar in (group.repository, group.tag, group.digest) if scalar)
        parts = [] if problem else self._parts(group)
        alone = not any(part in _PINNING for _, part in parts) and not problem
        position = first.start
        mention = Mention(
            line=self.lines.number(position),
            start=position,
            tag=tag,
            digest=digest,
            slots=tuple(_slot(scalar, part) for scalar, part in parts if not scalar.alias),
            follows=frozenset(part for scalar, part in parts if scalar.alias),
            problem=problem,
            tag_alone=alone,
            fallback=group.mapping.fallback,
        )
        return mention, claims

    def _values(self, group: _Group) -> tuple[str | None, Digest | None, str]:
        if group.problem:
            return None, None, group.problem
        is_twice = any(_plain(key).endswith(("tag", *_DIGEST_KEYS)) for key in group.mapping.duplicate_keys)
        try:
            tag, digest = split_pinned(self._text(group.tag) or "")
            text = self._text(group.digest)
            if text:
                digest = Digest(f"sha256:{text}" if group.digest_part is Part.HEX else text)
        except ValueError as error:
            return None, None, str(error)
        if tag is None and digest is None:
            return None, None, _NO_TAG
        return tag, digest, "a key is duplicated" if is_twice else ""

    def _text(self, scalar: Scalar | None) -> str | None:
        """A scalar's text, its anchor's where it is an alias.

        Raises:
            ValueError: It cannot be read, or changing it would change another value too.
        """
        if scalar is None:
            return None
        if not self.uses.get(scalar.anchor or scalar.alias, True):
            raise ValueError(f"it is shared with another value through the anchor &{scalar.anchor or scalar.alias}")
        source = self.anchors.get(scalar.alias, scalar) if scalar.alias else scalar
        if source.text is None:
            raise ValueError("its value cannot be read with certainty")
        return "" if source.text in _EMPTY and not source.quote else source.text

    def _parts(self, group: _Group) -> list[tuple[Scalar, Part]]:
        """The keys to fill: both where there are both, else the one that is there."""
        tag, digest = group.tag, group.digest
        pinned = not digest and (not group.is_chart or "@" in (self._text(tag) or ""))
        part = Part.PINNED if pinned else Part.TAG
        parts = [(tag, part)] if tag and (tag.text or tag.alias or not digest) else []
        return [*parts, (digest, group.digest_part)] if digest else parts


def _slot(scalar: Scalar, part: Part) -> Slot:
    """A scalar as a slot; after a bare colon the blank is missing."""
    bare = scalar.start == scalar.end and not scalar.quote
    return Slot(scalar.start, scalar.end, part, before=" " if bare else "")


def _renamed(text: str, images: list[Mapping], repository: Repository, lines: Lines) -> Iterator[_SplitMention]:
    """Kustomize's entries for the repository."""
    for image in images:
        keys = ("name", "newName", "newTag", "digest")
        values = {key: image.entries[key] for key in keys if key in image.entries}
        names = spellings(repository)
        if not any(values[key].text in names for key in ("name", "newName") if key in values):
            continue
        position = next(values[key] for key in ("newTag", "digest", "name") if key in values).start
        try:
            tag, digest, slots = _entry(text, image, values, repository)
            mention = Mention(line=lines.number(position), start=position, tag=tag, digest=digest, slots=slots)
        except ValueError as error:
            mention = Mention(line=lines.number(position), start=position, tag=None, digest=None, problem=str(error))
        mention = replace(mention, fallback=image.fallback)
        yield mention, tuple((scalar.start, scalar.end) for scalar in values.values())


def _entry(
    text: str, image: Mapping, values: dict[str, Scalar], repository: Repository
) -> tuple[str | None, Digest | None, tuple[Slot, ...]]:
    """The tag and the digest of one entry, and the slots to fill.

    Raises:
        ValueError: It cannot be re-pointed; why not.
    """
    new_name, tag, digest = (values.get(key) for key in ("newName", "newTag", "digest"))
    if new_name and new_name.text not in spellings(repository):
        raise ValueError(f"it is replaced by {quoted(new_name.text or 'something else', 80)}")
    if not tag and not digest:
        raise ValueError("neither newTag nor digest is set: the tag in the resources applies")
    if image.duplicate_keys or any(value.text is None or value.anchor for value in (tag, digest) if value):
        raise ValueError("its keys cannot be read with certainty")
    tag_text, pinned = split_pinned(tag.text or "" if tag else "")
    digest_value = Digest(digest.text) if digest and digest.text else pinned
    if tag and not digest:
        return (
            tag_text,
            digest_value,
            (_slot(tag, Part.PINNED),) if pinned else (_slot(tag, Part.TAG), _beside_tag(text, image, tag)),
        )
    filled = [(tag, Part.TAG)] if tag and tag.text else []
    return (
        tag_text,
        digest_value,
        tuple(_slot(*each) for each in [*filled, *([(digest, Part.DIGEST)] if digest else [])]),
    )


def _beside_tag(text: str, image: Mapping, tag: Scalar) -> Slot:
    """Where a digest is put that is not there yet: after ``newTag``, in the layout of what is there."""
    if image.flow:
        quote = '"' if image.quoted else ""
        position = tag.end + len(tag.quote)
        return Slot(position, position, Part.DIGEST, before=f", {quote}digest{quote}: {quote}", after=quote)
    feed = text.find("\n", tag.end)
    end = len(text) if feed < 0 else feed
    ending = "\r\n" if text[:end].endswith("\r") or (feed < 0 and "\r\n" in text) else "\n"
    position = end - 1 if text[:end].endswith("\r") else end
    return Slot(position, position, Part.DIGEST, before=f"{ending}{' ' * image.column}digest: ")
