from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests import pythons

if TYPE_CHECKING:
    import pytest


ROOT = Path(__file__).parents[3]


def test_the_versions_are_those_that_the_package_promises() -> None:
    assert pythons.promised((ROOT / "pyproject.toml").read_text()) == ["3.10", "3.11", "3.12", "3.13", "3.14"]


def test_an_interpreter_of_another_version_is_not_taken() -> None:
    assert pythons.interpreter("3.1") is None


def test_this_one_is_taken_where_it_is_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    version = "{}.{}".format(*sys.version_info[:2])
    (tmp_path / f"python{version}").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pythons.interpreter(version) == tmp_path / f"python{version}"


def test_none_at_all_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(pythons, "interpreter", lambda _version: None)
    assert pythons.main([]) == 1
    assert "3.14  not here" in capsys.readouterr().out
