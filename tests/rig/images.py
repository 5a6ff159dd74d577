"""The base images of a rig, made from nothing but Debian's packages and pushed to the mirror's storage."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig import processes, registries
from tests.rig.machine import PROCESSORS
from tests.rig.model import RigError
from tests.rig.unix import UnixConnection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.rig.packages import Toolbox

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSWD = "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n\
nobody:x:65534:65534:nobody:/home:/bin/false\n"
GROUP = "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n"
REGISTRY_CONF = """\
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/registry}, delete: {enabled: true}}
http: {addr: ":5000"}
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing in a layer: a file with content, a link to somewhere, or else a folder."""

    path: str
    content: bytes | None = None
    link: str = ""
    mode: int = 0o644

    def header(self) -> tarfile.TarInfo:
        """The entry's place in a tar archive, with nothing in it that differs from day to day."""
        info = tarfile.TarInfo(self.path)
        info.type = tarfile.SYMTYPE if self.link else tarfile.DIRTYPE if self.content is None else tarfile.REGTYPE
        info.mode, info.linkname, info.size = self.mode, self.link, len(self.content or b"")
        return info


@dataclass(kw_only=True)
class Image:
    """An image of one or more platforms as the bytes that a registry wants: blobs, manifests, one index."""

    blobs: list[bytes] = field(default_factory=list)
    manifests: list[bytes] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)

    def add(self, architecture: str, layers: Sequence[bytes], config: Mapping[str, Any]) -> None:
        """Add a platform: its layers (tar.gz) and what a container of it runs."""
        diff_ids = [digest(gzip.decompress(layer)) for layer in layers]
        rootfs = {"type": "layers", "diff_ids": diff_ids}
        described = encode({"architecture": architecture, "os": "linux", "config": config, "rootfs": rootfs})
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, described)}
        self.blobs += [described, *layers]
        self.manifests.append(encode({**manifest, "layers": [descriptor(LAYER, layer) for layer in layers]}))
        self.platforms.append(architecture)

    def index(self) -> bytes:
        """The index that names every platform's manifest."""
        entries = [
            {**descriptor(MANIFEST, manifest), "platform": {"os": "linux", "architecture": architecture}}
            for manifest, architecture in zip(self.manifests, self.platforms, strict=True)
        ]
        return encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})


def encode(document: Mapping[str, Any]) -> bytes:
    """JSON as registries keep it: bytes, in an order that does not change."""
    return json.dumps(document, separators=(",", ":")).encode()


def digest(content: bytes) -> str:
    """The name of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    """How a manifest points at bytes."""
    return {"mediaType": media_type, "digest": digest(content), "size": len(content)}


def layer(entries: Sequence[Entry]) -> bytes:
    """A layer with these entries; the same entries give the same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for entry in entries:
            archive.addfile(entry.header(), io.BytesIO(entry.content or b""))
    return gzip.compress(raw.getvalue(), compresslevel=3, mtime=0)


def busybox_layer(binary: bytes, applets: Sequence[str]) -> bytes:
    """A small system: one program under its many names, the folders and users that Dockerfiles count on."""
    folders = ("bin", "dev", "etc", "home", "root", "usr", "usr/bin", "usr/sbin", "var", "var/www")
    return layer(
        [
            *(Entry(path=folder, mode=0o755) for folder in folders),
            Entry(path="tmp", mode=0o1777),
            Entry(path="etc/passwd", content=PASSWD.encode()),
            Entry(path="etc/group", content=GROUP.encode()),
            Entry(path="bin/busybox", content=binary, mode=0o755),
            *(Entry(path=f"bin/{applet}", link="busybox") for applet in applets if applet != "busybox"),
        ]
    )


def registry_layer(binary: Path) -> bytes:
    """The registry with the libraries that it is linked to, where its loader looks for them."""
    linked = processes.call(["ldd", str(binary)]).stdout
    libraries = re.findall(r"(?:=> )?(/\S+) \(0x", linked)
    return layer(
        [
            Entry(path="var/lib/registry", mode=0o755),
            Entry(path="etc/distribution/config.yml", content=REGISTRY_CONF.encode()),
            Entry(path="bin/registry", content=binary.read_bytes(), mode=0o755),
            *(Entry(path=lib.lstrip("/"), content=Path(lib).read_bytes(), mode=0o755) for lib in libraries),
        ]
    )


def busybox(tools: Toolbox) -> Image:
    """`busybox:stable` for both processors, as far as both can be had; the native one is asked for the applets."""
    applets = processes.call([str(tools.busybox(tools.processor.name)), "--list"]).stdout.split()
    image = Image()
    for architecture in (processor.name for processor in PROCESSORS if tools.busybox(processor.name).exists()):
        content = busybox_layer(tools.busybox(architecture).read_bytes(), applets)
        image.add(architecture, [content], {"Env": [PATH], "Cmd": ["sh"]})
    return image


def registry(tools: Toolbox, base: Image) -> Image:
    """`registry:3`: busybox' native layer and the registry above it, started as the official image is."""
    config = {
        "Env": [PATH],
        "Entrypoint": ["registry"],
        "Cmd": ["serve", "/etc/distribution/config.yml"],
        "ExposedPorts": {"5000/tcp": {}},
        "Volumes": {"/var/lib/registry": {}},
    }
    image = Image()
    native = tools.processor.name
    _, small_system = base.blobs[2 * base.platforms.index(native) :][:2]
    image.add(native, [small_system, registry_layer(Path(tools.tool("docker-registry")))], config)
    return image


def seed(tools: Toolbox) -> None:
    """Push the base images into the toolbox' storage, through a real registry that runs for the moment."""
    base = busybox(tools)
    distribution = registry(tools, base)
    with tempfile.TemporaryDirectory(prefix="slr-") as folder:
        socket = Path(folder) / "seed.sock"
        binary = tools.tool("docker-registry")
        registries.serve(Path(folder), "seed", binary, registries.config(tools.images, f"unix:{socket}"))
        try:
            for name, tag, image in (
                ("busybox", "stable", base),
                ("busybox", "latest", base),
                ("registry", "3", distribution),
            ):
                push(socket, f"library/{name}", tag, image)
        finally:
            processes.end(processes.running(Path(folder)).values())


def push(socket: Path, repository: str, tag: str, image: Image) -> None:
    """Push an image to the registry behind a unix socket."""
    for blob in image.blobs:
        location = _ask(socket, "POST", f"/v2/{repository}/blobs/uploads/", b"", "")
        joint = "&" if "?" in location else "?"
        _ask(socket, "PUT", f"{location}{joint}digest={digest(blob)}", blob, "application/octet-stream")
    for manifest in image.manifests:
        _ask(socket, "PUT", f"/v2/{repository}/manifests/{digest(manifest)}", manifest, MANIFEST)
    _ask(socket, "PUT", f"/v2/{repository}/manifests/{tag}", image.index(), INDEX)


def _ask(socket: Path, method: str, path: str, body: bytes, media_type: str) -> str:
    """Send one request and give back the answer's Location, without its host.

    Raises:
        RigError: the registry refused.
    """
    connection = UnixConnection(str(socket))
    connection.request(method, path, body, {"Content-Type": media_type} if media_type else {})
    answer = connection.getresponse()
    words = answer.read()
    connection.close()
    if answer.status not in {201, 202}:
        raise RigError(f"{method} {path}: {answer.status} {words.decode(errors='replace')}")
    return re.sub(r"^https?://[^/]*", "", answer.headers["Location"] or "")
