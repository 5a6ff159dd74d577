"""How ``show``, ``login``, ``logout`` look on the command line."""

from __future__ import annotations

from shiplane.cli.edge import shiplane_task
from shiplane.cli.tasks.words import IMAGE


@shiplane_task("auth", texts={"image": IMAGE})
def show(*, image: str | None = None) -> None:
    """Show which credential is used, and why; never a secret."""


@shiplane_task("auth", texts={"image": IMAGE})
def login(*, image: str | None = None) -> None:
    """Store the environment's credential, as docker login does.

    The password goes to docker by standard input.
    """


@shiplane_task("auth", texts={"image": IMAGE})
def logout(*, image: str | None = None) -> None:
    """Remove the login stored for the registry."""
