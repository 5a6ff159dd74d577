"""How ``rehearse`` look on the command line."""

from __future__ import annotations

from shiplane.cli.edge import shiplane_task


@shiplane_task(
    "rehearsing",
    texts={
        "platforms": "What to build for, as linux/amd64,linux/arm64.",
        "builder": "The buildx builder to use; without it BUILDX_BUILDER, else one made for the rehearsal.",
    },
)
def rehearse(*, platforms: str | None = None, builder: str | None = None) -> None:
    """Rehearse a release on this machine; nothing leaves it.

    All lanes are released, verified, released again one version up and rolled back, against a registry that is thrown
    away.
    """
