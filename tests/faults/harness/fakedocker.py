"""A ``docker`` for tests of process trees: it knows as much of buildx as a release calls, and builds nothing.

What it pushes depends on the commit and the version alone, so that two runs of one release are equal to the last byte.
Like the real one it does its work in a child of its own. ``FAKE_BUILD`` is how many seconds a build takes.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
NAME = os.environ.get("BUILDX_BUILDER") or "fake"
_LISTED = {
    "Name": NAME,
    "Driver": "remote",
    "Current": True,
    "Nodes": [{"Platforms": ["linux/amd64", "linux/arm64"]}],
}


def install(folder: Path) -> None:
    """Put it into a folder, as the ``docker`` that is found there."""
    path = f"{ROOT}:{ROOT / 'tasks'}"
    script = f'#!/bin/sh\nPYTHONPATH={path} exec {sys.executable} -m tests.faults.harness.fakedocker "$@"\n'
    folder.mkdir(exist_ok=True)
    (folder / "docker").write_text(script)
    (folder / "docker").chmod(0o755)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["buildx", "version"]:
            print("github.com/docker/buildx v0.29.0 fake")
        case ["buildx", "ls", *_]:
            print(json.dumps(_LISTED))
        case ["buildx", "inspect", *_]:
            print(f"Name:   {NAME}\nDriver: remote\n\nNodes:\nName:      fake\nPlatforms: linux/amd64, linux/arm64")
        case ["buildx", "bake", *rest]:
            return _in_a_child(rest)
        case ["at-work", metadata]:
            _bake(json.load(sys.stdin), Path(metadata))
        case _:
            print(f"fake docker: {arguments}", file=sys.stderr)
            return 64
    return 0


def _in_a_child(rest: list[str]) -> int:
    metadata = rest[rest.index("--metadata-file") + 1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    argv = [sys.executable, "-m", "tests.faults.harness.fakedocker", "at-work", metadata]
    return subprocess.call(argv, env=environment, stdin=sys.stdin)


def _bake(definition: dict[str, Any], metadata: Path) -> None:
    print(f"#1 building, process {os.getpid()}", file=sys.stderr, flush=True)
    time.sleep(float(os.environ.get("FAKE_BUILD", "0")))
    targets: dict[str, dict[str, Any]] = definition["target"]
    metadata.write_text(json.dumps({name: _push(name, target) for name, target in targets.items()}))
    print("#2 pushed", file=sys.stderr, flush=True)


def _push(name: str, target: dict[str, Any]) -> dict[str, str]:
    from shiplane.registry.oci.manifest import REVISION, VERSION
    from tests.faults.harness.images import push_image
    from tests.faults.harness.memory import MemoryRegistry
    from tests.faults.harness.pushing import push

    found = re.search(r"name=([^/,]+)/([^,]+)", target["output"][0])
    assert found
    address, repository = found.groups()
    memory, labels = MemoryRegistry(), target["labels"]
    raw = push_image(memory, repository, target["platforms"], labels[REVISION], labels[VERSION], salt=name)
    push(memory.shelf(repository), address, repository)
    return {"containerimage.digest": str(raw.digest)}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a program in Go ends without a traceback
    sys.exit(main(sys.argv[1:]))
