"""What a rehearsal asks for, by what the project has."""

from __future__ import annotations

from pathlib import Path

import pytest

from shiplane.cli.rehearsals.rehearsal import Rehearsal
from shiplane.cli.run import Run
from shiplane.registry.oci.names import Repository


@pytest.mark.parametrize(
    ("floating", "latest", "movable"),
    [
        ('floating = "latest"', "yes", ["main"]),
        ('floating = ["v{major}"]', "yes", ["main"]),
        ("floating = false", None, []),
    ],
)
def test_only_a_lane_with_floating_tags_is_moved_and_moved_back(
    tmp_path: Path, floating: str, latest: str | None, movable: list[str]
) -> None:
    (tmp_path / "Dockerfile").touch()
    other = '[lanes.other]\ndockerfile = "Dockerfile"\nprefix = "other-"\nfloating = false\n'
    (tmp_path / "shiplane.toml").write_text(f"[lanes.main]\n{floating}\n{other}", encoding="utf-8")
    rehearsal = Rehearsal(
        env={}, git_env={}, folder=tmp_path, image="127.0.0.1:5000/app", platforms=None, builder="none"
    )
    part = rehearsal.part(Run(env={}, folder=tmp_path))
    assert [lane.name for lane in rehearsal.movable_lanes(part)] == movable
    flags = rehearsal.flags(part, "0.1.0", "main")
    assert (flags.latest, flags.lanes, flags.image) == (latest, ("main",), "127.0.0.1:5000/app")


SIGNED = """[sign]
tool = "cosign"
key = "env://KEY"
required = true
"""


def test_a_rehearsal_gives_the_key_that_signs_to_nobody(tmp_path: Path) -> None:
    (tmp_path / "shiplane.toml").write_text(SIGNED, encoding="utf-8")
    env = {"KEY": "-----BEGIN ENCRYPTED", "COSIGN_PASSWORD": "pw-c4n4ry", "COPY": "x-pw-c4n4ry", "KEPT": "1"}
    rehearsal = Rehearsal(
        env=env, git_env={}, folder=tmp_path, image="127.0.0.1:5000/app", platforms=None, builder="none"
    )
    part = rehearsal.part(Run(env=env, folder=tmp_path))
    assert part.project.sign is None
    assert part.child_env == {"KEPT": "1"}


REAL = """ledger = "registry.example/acme/ledgers"
[rollback]
gates = true
[lanes.main]
cache = { type = "registry", ref = "registry.example/acme/app:cache-main" }
"""


def test_a_rehearsal_leaves_what_others_share_alone_and_asks_no_gate_about_its_commits(tmp_path: Path) -> None:
    (tmp_path / "shiplane.toml").write_text(REAL, encoding="utf-8")
    image = Repository.parse("127.0.0.1:5000/app")
    rehearsal = Rehearsal(env={}, git_env={}, folder=tmp_path, image=str(image), platforms=None, builder="none")
    part = rehearsal.part(Run(env={}, folder=tmp_path))
    ledgers = part.registries.ledgers(image, part.registries.reader(image))
    assert ledgers
    assert ledgers.registry.repository == image
    assert part.project.lane("main").build.cache is None
    assert not part.project.rollback.gates
