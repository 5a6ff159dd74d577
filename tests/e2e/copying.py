"""A copy by a process of its own, so that its memory can be told: ``python -m tests.e2e.copying SOURCE TARGET DIGEST``.

The target's login is in COPY_USERNAME and COPY_PASSWORD. Prints what happened and the most memory that it ever held.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from shiplane.core.credential import Credential
from shiplane.core.progress import StepOutcome
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.session import Session
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.image_copy import ImageCopier
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.names import Digest, Repository


def client(image: str, username: str, password: str) -> RegistryClient:
    """A client with a session of its own."""
    repository = Repository.parse(image)
    credential = Credential(registry=repository.registry, username=username, password=password, source="test")
    session = Session(HttpTransport({}, user_agent="test"), credential if username else None)
    return RegistryClient(session, repository)


def main(source: str, target: str, digest: str) -> None:
    login = os.environ.get("COPY_USERNAME", ""), os.environ.get("COPY_PASSWORD", "")
    same = source.partition("/")[0] == target.partition("/")[0]
    copier = ImageCopier(source=client(source, *login if same else ("", "")), target=client(target, *login))
    image = resolve(copier.source, Digest(digest))
    assert isinstance(image, Present)
    reasons = [event.reason for event in copier.copy(image.raw) if isinstance(event, StepOutcome)]
    # Not getrusage: its maximum is inherited from the process that started this one.
    peak = re.findall(r"VmHWM:\s*([0-9]+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    sys.stdout.write(json.dumps({"reasons": reasons, "peak_mb": int(peak[0]) * 1024 / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
