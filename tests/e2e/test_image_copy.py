"""Copying an image between real registries: whole, by digest, in little memory, read back by others' programs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from shiplane.registry.blob_upload import Uploader, finish_upload
from shiplane.registry.http.exchange import Upload
from shiplane.registry.oci.manifest import OCI_MANIFEST, Descriptor, RawManifest
from shiplane.registry.oci.names import Digest
from tests.e2e.copying import client
from tests.e2e.person import ROOT, Log, Reader
from tests.rig import Rig

pytestmark = pytest.mark.e2e
MOST_MB = 100
# The whole programme is a layer of 2048; a quarter of a gigabyte shows the same: nothing grows with the layer.
MEBIBYTES = int(os.environ.get("COPY_MIB", "256"))
_BLOCK = os.urandom(1 << 20)


def layer() -> Iterator[bytes]:
    """A layer that cannot be compressed, nor held in memory."""
    for number in range(MEBIBYTES):
        yield number.to_bytes(8, "big") + _BLOCK[8:]


def digest_of_layer() -> Digest:
    sha256 = hashlib.sha256()
    for piece in layer():
        sha256.update(piece)
    return Digest(f"sha256:{sha256.hexdigest()}")


def push(image: str) -> RawManifest:
    """Push an image of one large layer, by digest."""
    registry = client(image, "", "")
    blob = Descriptor(
        media_type="application/vnd.oci.image.layer.v1.tar", digest=digest_of_layer(), size=MEBIBYTES << 20
    )
    assert finish_upload(registry, registry.open_upload(), blob, Upload(size=blob.size, open=layer)) == ""
    facts = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [str(blob.digest)]}}
    config = Uploader(registry).send(json.dumps(facts).encode(), "application/vnd.oci.image.config.v1+json")
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": entry(config), "layers": [entry(blob)]}
    raw = RawManifest(body=json.dumps(document).encode(), media_type=OCI_MANIFEST)
    assert registry.put_manifest(raw.digest, raw).certain
    return raw


def entry(blob: Descriptor) -> dict[str, Any]:
    return {"mediaType": blob.media_type, "digest": str(blob.digest), "size": blob.size}


def copy(rig: Rig, source: str, target: str, digest: Digest) -> dict[str, Any]:
    """Copy in a process of its own."""
    who = rig.accounts["push"]
    env = rig.environ(COPY_USERNAME=who.username, COPY_PASSWORD=who.password, PYTHONPATH=str(ROOT / "tasks"))
    argv = [sys.executable, "-m", "tests.e2e.copying", source, target, str(digest)]
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_large_layer_is_copied_between_registries_in_little_memory_and_mounted_within_one(rig: Rig) -> None:
    name = uuid.uuid4().hex[:8]
    source, target = f"{rig.plain}/copy/{name}", f"{rig.guarded}/copy/{name}"
    raw = push(source)

    first = copy(rig, source, target, raw.digest)
    assert first["reasons"][-1].startswith("2 blobs (")
    assert first["peak_mb"] < MOST_MB
    assert Reader(rig, target, account="pull").manifest(str(raw.digest)) == json.loads(raw.body)

    log = Log(rig.guarded_log)
    assert copy(rig, source, target, raw.digest)["reasons"] == ["everything is there"]
    assert not [line for line in log.lines() if line.startswith(("POST /v2", "PUT"))]

    sibling = f"{rig.guarded}/copy/{name}-sibling"
    second = copy(rig, target, sibling, raw.digest)
    assert second["reasons"][:2] == [f"mounted from copy/{name}"] * 2
    assert Reader(rig, sibling, account="pull").manifest(str(raw.digest)) == json.loads(raw.body)
    sys.stdout.write(json.dumps({"mebibytes": MEBIBYTES, "first": first, "second": second}))
