"""What the workflows install: this version of shiplane, from where it was got.

Source: PEP 610, "Recording the Direct URL Origin of installed distributions"; PEP 508 for a requirement with an URL.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

_HEAD = (
    "# What the publish workflows install. One line with a hash makes pip want one for every package:\n"
    "# uv pip compile --generate-hashes gives all of them.\n"
)
# What another machine can reach.
_SCHEMES = {"https", "http", "ssh"}
LOCAL = "shiplane was installed from a folder or file of this machine, where no workflow finds it"
_UNKNOWN = f"# {LOCAL}: name where it is got from, as in\n# shiplane @ git+https://HOST/OWNER/shiplane@COMMIT\n"


def requirement(version: str, origin: str | None) -> str:
    """What pip has to be told to install this shiplane on another machine; empty if nothing there can.

    Args:
        version: Ours.
        origin: The installed package's ``direct_url.json``; None if it came from an index.
    """
    if origin is None:
        return f"shiplane=={version}"
    document = json.loads(origin)
    url, vcs = urlsplit(document["url"]), document.get("vcs_info")
    if url.scheme not in _SCHEMES or url.password or "dir_info" in document:
        return ""
    folder = document.get("subdirectory", "")
    if vcs:
        place = f"{vcs['vcs']}+{document['url']}@{vcs['commit_id']}"
        return f"shiplane @ {place}{f'#subdirectory={folder}' if folder else ''}"
    return f"shiplane @ {document['url']}{_hash(document.get('archive_info', {}))}"


def _hash(archive: dict[str, Any]) -> str:
    return "".join(f"#{kind}={text}" for kind, text in archive.get("hashes", {}).items() if kind == "sha256")


def requirements(version: str, origin: str | None) -> str:
    """The initial file of requirements; afterwards the user maintains it, with hashes for their platform."""
    own = requirement(version, origin)
    return f"{_HEAD}{own}\n" if own else f"{_HEAD}{_UNKNOWN}shiplane=={version}\n"
