"""The command line in this process: what a test calls where a process of its own would show nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from invoke import Collection, Program

import shiplane

if TYPE_CHECKING:
    import pytest


def shiplane_here(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    variables: Mapping[str, str] | None = None,
    tasks: Collection = shiplane.ns,
) -> tuple[int, str, str]:
    """``shiplane ...`` with these variables set for the rest of the test; gives exit code, stdout and stderr.

    Other tasks than the library's can be run so, too.
    """
    for name, value in (variables or {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["shiplane", *arguments])
    code = 0
    try:
        Program(namespace=tasks, binary="shiplane").run(["shiplane", *arguments])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    printed = capsys.readouterr()
    return code, printed.out, printed.err
