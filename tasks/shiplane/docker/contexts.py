"""Detect build contexts that buildx cannot send, before a build.

Seen with buildx 0.29 and every driver but ``docker``: the context folder's name becomes a gRPC header
(``x-docker-expose-session-sharedkey``), and fails with an internal error unless it is printable ASCII. buildx, a Go
program, takes its working folder from ``PWD`` if valid (os.Getwd).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from shiplane.core.errors import PrerequisiteError


def check_folder_names(root: Path, contexts: Mapping[str, str], env: Mapping[str, str]) -> None:
    """Refuse a context folder with a name that buildx cannot send; ``contexts`` are by lane, relative to the root.

    Raises:
        PrerequisiteError: There is one; the remedy has the workarounds.
    """
    for lane, context in contexts.items():
        folder = Path(os.path.normpath(_working_folder(root, env) / context))
        if not (folder.name.isascii() and folder.name.isprintable()):
            at_root = folder == _working_folder(root, env)
            # Not by its name, which is shown escaped.
            link = ', or use a link to it, from there: ln -s "$PWD" /tmp/project; cd /tmp/project' if at_root else ""
            raise PrerequisiteError(
                f"lane {lane}: buildx cannot send a build context from a folder named {folder.name!a}",
                remedy=f"Give the folder a name in printable ASCII{link}.",
            )


def _working_folder(root: Path, env: Mapping[str, str]) -> Path:
    """Buildx's working folder when it is started in the project's root."""
    with suppress(OSError):
        if env.get("PWD", "").startswith("/") and Path(env["PWD"]).samefile(root):
            return Path(env["PWD"])
    return root.resolve()
