"""How ``build``, ``gates``, ``access``, ``tools``, ``config``, ``everything`` look on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from shiplane.cli.edge import shiplane_task
from shiplane.cli.tasks.words import BUILDER, IMAGE, PLATFORMS, SKIP


@shiplane_task("checks", texts={})
def build() -> None:
    """Run the build command, as a release would."""


@shiplane_task("checks", texts={"skip": "Leave out a gate by name (repeatable)."}, iterable=("skip",))
def gates(*, skip: Sequence[str] | None = None) -> None:
    """Ask every configured gate about this very commit."""


@shiplane_task("checks", texts={"image": IMAGE})
def access(*, image: str | None = None) -> None:
    """Prove that the credential may push, or say why not.

    Its source, a token, and an upload that is opened and left to expire.
    """


@shiplane_task("checks", texts={"platforms": PLATFORMS, "builder": BUILDER})
def tools(*, platforms: str | None = None, builder: str | None = None) -> None:
    """Check docker, buildx, builder, platforms, git, disk space."""


@shiplane_task("checks", texts={"image": IMAGE})
def config(*, image: str | None = None) -> None:
    """Check the project file, the lanes, and what git knows."""


@shiplane_task(
    "checks",
    texts={
        "image": IMAGE,
        "platforms": PLATFORMS,
        "builder": BUILDER,
        "skip": SKIP,
    },
    iterable=("skip",),
    name="all",
)
def everything(
    *,
    image: str | None = None,
    platforms: str | None = None,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
) -> None:
    """The doctor: every check, side by side, with remedies.

    The exit code is that of what has to be mended first: 2 configuration, 3 tools, build and gates, 4 access,
    5 a floating tag that cannot be moved, 6 a broken ledger, 7 an engine or a registry that does not answer.
    """
