"""The values of a lane's build settings in the project file: what each may be."""

from __future__ import annotations

import re

from shiplane.config.placeholders import check_placeholders
from shiplane.core.errors import UsageError
from shiplane.core.schema.values import Choice, Named, Text, any_case
from shiplane.core.text import INVISIBLE
from shiplane.registry.oci.manifest import CREATED, REVISION, SOURCE, VERSION
from shiplane.registry.oci.names import MAX_NAME, REPOSITORY_FORM, Repository, parse_tag

# A stage's name, or its number (Dockerfile reference, "FROM").
TARGET = Text(pattern="[A-Za-z0-9][A-Za-z0-9._-]{0,127}", problem="is not a Dockerfile stage name")
SECRET_ID = Text(pattern="[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", problem="is not a secret id")
VARIABLE = Text(pattern="[A-Za-z_][A-Za-z0-9_]{0,127}", problem="is not a variable name")
# buildx takes these as fields of comma-separated values.
FILE = Text(pattern=r'[^",\u0000-\u001f\u007f]{1,1024}', problem="is not a path, or contains a comma or quote")
SCOPE = Text(pattern="[A-Za-z0-9][A-Za-z0-9._/-]{0,127}", problem="is not a cache scope")
MODE = Choice.of("min", "max")
# None is an empty text for the build.
PROVENANCE = Choice((("min", "min"), ("max", "max"), (False, "")))
# What is no build arg whatever it holds: provenance shows build args to everybody who can pull the image.
_SECRET = f"(?:{any_case('TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL')}|{any_case('KEY')}[Ss]?(?:_|$))"
# A tag has 128; a platform's name goes behind it.
_MAX_TAG = 100


def _public(name: str) -> str:
    """The name of a build arg, or of the variable behind it.

    Raises:
        UsageError: It looks like a secret's.
    """
    if VARIABLE.fits(name) and re.search(_SECRET, name):
        raise UsageError(
            f"{name} looks like a secret, and build args are public: the image's provenance and history show them",
            remedy='Use secrets = { some-id = { env = "..." } } and RUN --mount=type=secret,id=some-id.',
        )
    return name


PUBLIC_NAME = Text(
    pattern=rf"(?![A-Za-z0-9_]*{_SECRET}){VARIABLE.pattern}",
    problem="is not the name of a build arg or variable",
    parse=_public,
    ref="public-name",
)


_RELEASE_KEYS = (SOURCE, REVISION, VERSION, CREATED)


def _own_key(key: str) -> str:
    """The key of a label or an annotation.

    Raises:
        UsageError: A release says with it what was built, and relies on it.
    """
    if key in _RELEASE_KEYS:
        raise UsageError(
            f"{key} is set by every release, and what it says is verified afterwards",
            remedy="Leave it out; use a key of your own for another value.",
        )
    return key


# docs.docker.com, "Docker object labels": reverse-DNS names in lower case; capitals, "_" and "/" are common as well.
_KEY = Text(
    pattern=rf"(?!(?:{'|'.join(re.escape(key) for key in _RELEASE_KEYS)})$)"
    "[A-Za-z0-9]+(?:[._/-][A-Za-z0-9]+)*",
    problem="is not a key of a label or an annotation",
    remedy="Letters and digits, with single '.', '-', '_' or '/' between them, as in org.example.name; at most 128.",
    most=128,
    parse=_own_key,
    ref="label-key",
)
_LABEL = Text(
    pattern=f"[^{INVISIBLE}]*",
    problem="contains a control or invisible character",
    most=4096,
    parse=check_placeholders,
    ref="label-value",
)
# A registry must take manifests of up to 4 MiB (OCI distribution-spec, "Pushing Manifests").
LABELS = Named(of=_LABEL, names=_KEY, most=64, make=lambda labels: tuple(labels.items()))


def _reference(text: str) -> str:
    """A cache's reference: with a tag, since none would mean ``latest``."""
    name, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        raise UsageError(f"{text[:80]!a} has no tag", remedy="Add a tag that no lane uses, e.g. ...:cache-main.")
    if len(tag) > _MAX_TAG:
        raise UsageError(f"the tag {tag[:80]!a} is {len(tag)} characters long", remedy=f"At most {_MAX_TAG}.")
    return f"{Repository.parse(name)}:{parse_tag(tag)}"


CACHE_REFERENCE = Text(
    pattern=rf"(?=.{{1,{MAX_NAME}}}:[^:]*$){REPOSITORY_FORM}:[a-zA-Z0-9_][a-zA-Z0-9._-]{{0,{_MAX_TAG - 1}}}",
    parse=_reference,
)
