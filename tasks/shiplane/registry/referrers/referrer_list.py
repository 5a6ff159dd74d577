"""Lists of referrers as OCI indexes, with the entries as other tools wrote them. Pure.

Source: distribution-spec, "Listing Referrers" and "Referrers Tag Schema". Entries are kept with every field: cosign 3
lists its signatures under the media type of the empty config, so that nothing can be told, or chosen, by its type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shiplane.core import strict_json
from shiplane.core.errors import VerificationError
from shiplane.registry.oci.manifest import OCI_INDEX, Descriptor, Index, RawManifest, parse_manifest
from shiplane.registry.oci.names import Digest, Tag

_LIST = re.compile(r"sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?")


@dataclass(frozen=True, kw_only=True)
class Referrer:
    """A manifest that refers to another one.

    Attributes:
        digest: Its own.
        entry: How it is listed, as JSON values.
    """

    digest: Digest
    entry: Mapping[str, Any]

    def of(self, raw: RawManifest) -> Referrer:
        """The same, listed with the media type and the size that its manifest really has."""
        return replace(self, entry={**self.entry, "mediaType": raw.media_type, "size": len(raw.body)})


def list_tag(subject: Digest) -> Tag:
    """The tag of the list of what refers to a manifest, where the registry keeps no lists itself."""
    return Tag(str(subject).replace(":", "-"))


def lists_referrers(tag: str) -> bool:
    """Whether a tag lists what refers to a manifest, or is one of those under which cosign kept that before."""
    return _LIST.fullmatch(tag) is not None


def parse_list(raw: RawManifest, what: str) -> tuple[Referrer, ...]:
    """The entries of a list.

    Raises:
        VerificationError: It is none: ``what`` says where it was read.
    """
    parsed = parse_manifest(raw)
    if not isinstance(parsed, Index):
        raise VerificationError(f"{what} is not a list of referrers", remedy="Find out who wrote it.")
    entries = strict_json.loads(raw.body)["manifests"]
    return tuple(_referrer(*pair) for pair in zip(parsed.manifests, entries, strict=True))


def _referrer(descriptor: Descriptor, entry: Mapping[str, Any]) -> Referrer:
    return Referrer(digest=descriptor.digest, entry=entry)


def make_list(current: RawManifest | None, referrers: Iterable[Referrer]) -> RawManifest:
    """A list of these referrers, with whatever else the current one says."""
    document = strict_json.loads(current.body) if current else {"schemaVersion": 2, "mediaType": OCI_INDEX}
    document["manifests"] = [referrer.entry for referrer in referrers]
    return RawManifest(body=json.dumps(document).encode(), media_type=current.media_type if current else OCI_INDEX)


def subject_of(raw: RawManifest) -> str:
    """The digest of the manifest that another one refers to; empty if it refers to none.

    Raises:
        InvalidManifestError: It is no manifest, although a registry serves it as one.
    """
    parse_manifest(raw)
    subject = strict_json.loads(raw.body).get("subject")
    return str(subject.get("digest", "")) if isinstance(subject, dict) else ""
