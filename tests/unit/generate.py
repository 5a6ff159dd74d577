"""What the properties are tried with. ``SHIPLANE_EXAMPLES=10000 pytest tests/unit`` looks longer."""

from __future__ import annotations

import contextlib
import os
import string

from hypothesis import settings
from hypothesis import strategies as st

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import Lane
from shiplane.config.names.collisions import apart
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.version import MAX_LENGTH, Version
from shiplane.core.errors import ConfigurationError

quickly = settings(max_examples=int(os.environ.get("SHIPLANE_EXAMPLES", "150")), deadline=None)

_HEX = "0123456789abcdef"
_WORD = string.ascii_letters + string.digits + "-"

_numbers = st.integers(0, 10**9) | st.integers(0, 3)
_identifiers = (
    _numbers.map(str)
    | st.sampled_from(("alpha", "beta", "rc", "v1", "v1-0", "-", "0a", "00a", "v0"))
    | st.text(_WORD, min_size=1, max_size=12).filter(lambda text: not (text.isdecimal() and text != str(int(text))))
)
commits = st.text(_HEX, min_size=40, max_size=40) | st.text(string.digits, min_size=40, max_size=40).map(
    lambda digits: f"0{digits[1:]}"
)
_cores = st.tuples(_numbers, _numbers, _numbers).map(lambda numbers: ".".join(map(str, numbers)))
_prereleases = st.just("") | st.lists(_identifiers, min_size=1, max_size=4).map(lambda parts: f"-{'.'.join(parts)}")
ordinary_versions = (
    st.builds("{}{}".format, _cores, _prereleases).filter(lambda text: len(text) <= MAX_LENGTH).map(Version.parse)
)
versions = ordinary_versions | commits.map(Version.snapshot)

_prefixes = st.sampled_from(
    ("", "standalone-", "v1.0.0-", "v-", "1.0.0-", "0.", "docker-", "docker-v1.0.0-", "a_", "x." + 29 * "y" + "-")
)
_git_stems = st.sampled_from(
    (
        "docker-v",
        "standalone-v",
        "v",
        "v1",
        "1",
        "v1.0.0-v",
        "v1.0.0-",
        "docker-v1",
        "1.0.0-v",
        "a/v",
        "a_v",
        "x",
        "v-v",
    )
)
_floating = st.sampled_from(("latest", "a", "stable", "v1", "1.2.3", "v1.2.3", "ledger-a", "docker-v1.2.3", "v1.0.0-v"))


@st.composite
def lane_sets(draw: st.DrawFn) -> tuple[Lane, ...]:
    """Disjoint lanes, picked from candidates that were made to be confused."""
    kept: tuple[Lane, ...] = ()
    for name in "abcd":
        candidate = Lane(
            name=name,
            dockerfile="Dockerfile",
            version_template=TagTemplate(f"{draw(_prefixes)}v"),
            floating_templates=(FloatingTemplate(text=draw(_floating)),),
            git_tag=draw(_git_stems) + "{version}",
        )
        with contextlib.suppress(ConfigurationError):
            kept = apart((*kept, candidate))
    return kept
