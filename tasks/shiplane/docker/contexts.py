"""Build contexts that buildx cannot send, said before anything is built.

Seen with buildx 0.29 and every driver but ``docker``: the name of the context's folder becomes the value of a gRPC
header (``x-docker-expose-session-sharedkey``), and one that is not printable ASCII ends the build with an internal
error. buildx is a Go program: it takes its working folder from ``PWD`` where that leads there (os.Getwd).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from shiplane.core.errors import PrerequisiteError


def check_folder_names(root: Path, contexts: Mapping[str, str], env: Mapping[str, str]) -> None:
    """Refuse a context whose folder has a name that buildx cannot send.

    Args:
        root: The project's, where builds run.
        contexts: Each lane's context, from there.
        env: The environment of buildx.

    Raises:
        PrerequisiteError: Such a name, with the ways around it.
    """
    for lane, context in contexts.items():
        folder = Path(os.path.normpath(_working_folder(root, env) / context))
        if not (folder.name.isascii() and folder.name.isprintable()):
            at_root = folder == _working_folder(root, env)
            # Not by its name: what is shown of that is ASCII, and no shell would find it.
            link = ', or enter it by a link, from there: ln -s "$PWD" /tmp/project; cd /tmp/project' if at_root else ""
            raise PrerequisiteError(
                f"lane {lane}: buildx cannot send a build context from a folder with the name {folder.name!a}",
                remedy=f"Give the folder a name in printable ASCII{link}.",
            )


def _working_folder(root: Path, env: Mapping[str, str]) -> Path:
    """Where buildx believes to be when it is started in the project's root."""
    with suppress(OSError):
        if env.get("PWD", "").startswith("/") and Path(env["PWD"]).samefile(root):
            return Path(env["PWD"])
    return root.resolve()
