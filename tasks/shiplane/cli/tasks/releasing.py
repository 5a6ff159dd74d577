"""How ``plan``, ``publish``, ``release`` look on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from shiplane.cli.edge import shiplane_task
from shiplane.cli.tasks.words import BUILDER, IMAGE, LANES, LATEST, NO_LOGIN, PLAN, PLATFORMS, SKIP, STAGED, TAG


@shiplane_task(
    "releasing",
    texts={
        "lane": LANES,
        "tag": TAG,
        "image": IMAGE,
        "platforms": PLATFORMS,
        "latest": LATEST,
        "save": "Keep the plan in this file, for --plan of publish and release.",
    },
    iterable=("lane",),
    optional=("latest",),
)
def plan(
    *,
    lane: Sequence[str] | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    save: str | None = None,
) -> None:
    """Show what a release would do; reads only.

    Every setting with where it came from, the prerequisites, the builds, and each tag before and after. Works without
    Docker and without a network: then it says that the registry was not asked.
    """


@shiplane_task(
    "releasing",
    texts={
        "lane": "Lane to publish.",
        "tag": TAG,
        "image": IMAGE,
        "platforms": PLATFORMS,
        "latest": LATEST,
        "dry_run": "Build (one platform, loaded; --platforms for more) and push nothing; needs no credentials.",
        "snapshot": "Publish an untagged commit as v0.0.0-<commit>; never moves the floating tag.",
        "builder": BUILDER,
        "skip": SKIP,
        "no_login": NO_LOGIN,
        "plan": PLAN,
        "staged": STAGED,
    },
    iterable=("skip", "staged"),
    optional=("latest",),
)
def publish(
    *,
    lane: str | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    dry_run: bool = False,
    snapshot: bool = False,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
    no_login: bool = False,
    plan: str | None = None,
    staged: Sequence[str] | None = None,
) -> None:
    """Release one lane: build, verify, name, float.

    The image is staged by digest and verified before it gets a name; the version tag is written once; the floating tag
    moves forward only, if asked; everything is read back. The same command again finishes a run that was cut off.
    """


@shiplane_task(
    "releasing",
    texts={
        "version": "Version of every lane, as 0.2.1; without it each lane's git tag at HEAD.",
        "lane": LANES,
        "image": IMAGE,
        "platforms": PLATFORMS,
        "latest": LATEST,
        "dry_run": "Build (one platform, loaded; --platforms for more) and push nothing; needs no credentials.",
        "builder": BUILDER,
        "skip": SKIP,
        "no_login": NO_LOGIN,
        "plan": PLAN,
        "staged": STAGED,
    },
    iterable=("lane", "skip", "staged"),
    optional=("latest",),
)
def release(
    *,
    version: str | None = None,
    lane: Sequence[str] | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    dry_run: bool = False,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
    no_login: bool = False,
    plan: str | None = None,
    staged: Sequence[str] | None = None,
) -> None:
    """Release all lanes as one, all or nothing.

    No lane gets a name until every lane is staged and verified, and every version tag is written before any floating
    tag moves.
    """
