"""How ``stage`` looks on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from shiplane.cli.edge import shiplane_task
from shiplane.cli.tasks.words import BUILDER, IMAGE, NO_LOGIN, PLATFORMS, TAG


@shiplane_task(
    "staging",
    texts={
        "lane": "Lane to stage.",
        "tag": TAG,
        "image": IMAGE,
        "platforms": PLATFORMS,
        "output": "File to write for publish --staged.",
        "snapshot": "Stage an untagged commit as v0.0.0-<commit>.",
        "builder": BUILDER,
        "skip": "Leave out a check: access.",
        "no_login": NO_LOGIN,
    },
    iterable=("skip",),
)
def stage(
    *,
    lane: str | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    output: str | None = None,
    snapshot: bool = False,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
    no_login: bool = False,
) -> None:
    """Build one lane on its own machine and push it by digest.

    For building each platform natively: every machine stages its platforms and writes a file; then one
    publish --staged FILE --staged FILE joins them into one image, verifies it and gives it its names.
    """
