"""OCI names in our JSON documents."""

from __future__ import annotations

from typing import Annotated

from shiplane.core.schema.values import Text
from shiplane.registry.oci.names import DIGEST_FORM, TAG_FORM, Tag

# Wider than what we build for: existing images may have any platform.
PLATFORM = Text(pattern="[a-z0-9]+/[a-z0-9]+(?:/[a-z0-9]+)?", ref="platform", description="os/architecture[/variant].")
_DIGEST = Text(
    pattern=DIGEST_FORM, problem="is not a sha256 digest", ref="digest", description="The SHA-256 of some bytes."
)
DigestJson = Annotated[str, _DIGEST]
TagJson = Annotated[Tag, Text(pattern=TAG_FORM, ref="tag", description="An image tag.")]
PlatformJson = Annotated[str, PLATFORM]
CommitJson = Annotated[str, Text(pattern="[0-9a-f]{40,64}", ref="commit", description="The full hash of a commit.")]
