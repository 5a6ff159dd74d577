"""Files named by the user: replaced as a whole, through links, and never a device or a pipe by a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shiplane.core.errors import UsageError
from shiplane.core.system.atomic_file import require_replaceable, write_user_file

WRITERS = [
    pytest.param(lambda path: write_user_file(path, b"new", "--save x"), id="written"),
    pytest.param(lambda path: require_replaceable(path, "--save x"), id="proven"),
]
Writer = Callable[[Path], None]


@pytest.mark.parametrize("write", WRITERS)
def test_a_pipe_and_a_folder_stay_what_they_are(write: Writer, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link", "."):
        with pytest.raises(UsageError, match="--save x cannot be written: it is no regular file"):
            write(tmp_path / name)
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("number", [1, 2])
def test_a_file_that_the_output_goes_to_is_not_replaced_under_it(write: Writer, number: int, tmp_path: Path) -> None:
    kept, output = os.dup(number), tmp_path / "output"
    (tmp_path / "other").write_text("old")
    with output.open("w") as stream:
        os.dup2(stream.fileno(), number)
    try:
        with pytest.raises(UsageError, match="the output of this command goes to it"):
            write(output)
        os.close(number)
        write(tmp_path / "other")
    finally:
        os.dup2(kept, number)
        os.close(kept)
    assert output.read_bytes() == b""


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", ["gone/file", "a\0b", "n" * 300])
def test_where_nothing_can_be_written_it_is_said(write: Writer, name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--save x cannot be written: "):
        write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_proof_leaves_a_file_as_it_is_and_a_write_keeps_the_links_to_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    require_replaceable(tmp_path / "link", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]
    write_user_file(tmp_path / "link", b"new", "x", 0o644)
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "file").read_bytes()) == (True, b"new")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
