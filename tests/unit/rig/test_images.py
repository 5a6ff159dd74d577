"""The rig's base images are made of the same bytes every time, and of such as registries take."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.rig import images
from tests.rig.model import Account, Rig, RigError, load, save


def test_the_same_entries_give_the_same_layer() -> None:
    entries = [images.Entry(path="bin", mode=0o755), images.Entry(path="bin/x", content=b"x", mode=0o755)]
    assert images.layer(entries) == images.layer(entries)


def test_busybox_is_one_program_under_many_names() -> None:
    content = gzip.decompress(images.busybox_layer(b"ELF", ["busybox", "ls", "sh"]))
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getmember("bin/busybox").mode == 0o755
        assert {m.name: m.linkname for m in archive if m.issym()} == {"bin/ls": "busybox", "bin/sh": "busybox"}
        assert archive.getmember("tmp").mode == 0o1777


def test_an_index_names_every_platforms_manifest_by_its_digest_and_size() -> None:
    image = images.Image()
    for architecture in ("amd64", "arm64"):
        image.add(architecture, [images.layer([images.Entry(path=architecture)])], {"Cmd": ["sh"]})
    listed = json.loads(image.index())["manifests"]
    assert [entry["platform"]["architecture"] for entry in listed] == ["amd64", "arm64"]
    assert [entry["digest"] for entry in listed] == [images.digest(manifest) for manifest in image.manifests]
    assert [entry["size"] for entry in listed] == [len(manifest) for manifest in image.manifests]


def test_a_config_names_its_layers_by_their_unpacked_bytes() -> None:
    image, layer = images.Image(), images.layer([images.Entry(path="etc/x", content=b"x")])
    image.add("amd64", [layer], {})
    assert json.loads(image.blobs[0])["rootfs"]["diff_ids"] == [images.digest(gzip.decompress(layer))]


def test_a_rig_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    rig = Rig(
        folder=tmp_path,
        env={"DOCKER_HOST": "unix:///x"},
        plain="127.0.0.1:1",
        plain_root=tmp_path / "plain",
        plain_log=tmp_path / "plain.log",
        guarded="127.0.0.1:2",
        guarded_root=tmp_path / "guarded",
        guarded_log=tmp_path / "guarded.log",
        accounts={"push": Account(username="u", password="p")},
    )
    save(rig)
    assert load(tmp_path) == rig
    assert (tmp_path / "rig.json").stat().st_mode & 0o077 == 0


def test_no_rig_in_a_folder_is_said_with_the_way_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"python -m tests\.rig up"):
        load(tmp_path)
