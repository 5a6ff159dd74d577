"""Names of folders that buildx cannot send: said by us, and only where it is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from shiplane.core.errors import PrerequisiteError
from shiplane.docker.contexts import check_folder_names

UNSENT = ["pr\u00fcfung", "\u65e5\u672c", "a\tb", "a\nb", "bad\udcff"]
SENT = ["plain", "with blank", 'a"b', "a%20b", "$x", "{y}", "back\\slash", "a=b,c"]


@pytest.mark.parametrize("name", UNSENT, ids=ascii)
def test_a_folder_whose_name_is_not_printable_ascii_is_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    root.mkdir()
    with pytest.raises(PrerequisiteError, match="lane main: buildx cannot send") as refused:
        check_folder_names(root, {"main": "."}, {})
    assert str(refused.value).isascii()
    assert 'ln -s "$PWD" /tmp/project' in refused.value.remedy, "by its name as it is shown no shell would find it"
    with pytest.raises(PrerequisiteError) as refused:
        check_folder_names(tmp_path, {"other": "x", "main": f"x/../{name}/"}, {})
    assert "ln -s" not in refused.value.remedy
    check_folder_names(root, {"main": "sub"}, {})  # the folder above it does not matter


@pytest.mark.parametrize("name", SENT)
def test_any_other_name_is_sent(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    check_folder_names(tmp_path / name, {"main": "."}, {})


def test_a_link_that_the_shell_stands_in_gives_the_name_and_any_other_does_not(tmp_path: Path) -> None:
    root, link, odd = tmp_path / "pr\u00fcfung", tmp_path / "link", tmp_path / "l\u00fcnk"
    root.mkdir()
    (tmp_path / "plain").mkdir()
    link.symlink_to(root)
    odd.symlink_to(tmp_path / "plain")
    check_folder_names(root, {"main": "."}, {"PWD": str(link)})
    for elsewhere in (str(tmp_path), "link", "/nowhere", ""):
        with pytest.raises(PrerequisiteError):
            check_folder_names(root, {"main": "."}, {"PWD": elsewhere})
    with pytest.raises(PrerequisiteError):
        check_folder_names(tmp_path / "plain", {"main": "."}, {"PWD": str(odd)})
