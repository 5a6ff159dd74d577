"""Which keys of a project file changed."""

from __future__ import annotations

from typing import Any

import pytest
import tomli

from shiplane.core.schema.changed_keys import changed_keys, with_old

LANES = '[lanes.main]\ntag = "{version}"\n[lanes.worker]\n'
CHANGES = {
    "nothing": (LANES, LANES, []),
    "a value": ("claim = true", "claim = false", ["claim"]),
    "a value that was not there": ("", "claim = false", ["claim"]),
    "a value that is gone": ("claim = true", "", ["claim"]),
    "a value of another type": ('image = "a/b/c"', 'image = ["a/b/c"]', ["image"]),
    "a part of a list": ("platforms = [1, 2]", "platforms = [1]", ["platforms"]),
    "a value in a table": (LANES, LANES.replace("{version}", "v{version}"), ["lanes.main.tag"]),
    "a table": (LANES, LANES.replace("[lanes.worker]", ""), ["lanes.worker"]),
    "tables where there were none": ("", LANES, ["lanes.main", "lanes.worker"]),
    "tables that are all gone": (LANES, "", ["lanes.main", "lanes.worker"]),
    "a table with values": ("", "[workflows]\nnative = true\nsetup = []", ["workflows.native", "workflows.setup"]),
    "an empty table": ("", "[workflows]", ["workflows"]),
    "a table instead of a value": ("claim = true", "[claim]\nremote = 'x'", ["claim"]),
    "tables instead of a value": ("lanes = 1", LANES, ["lanes"]),
    "several": ("a = 1\nb = 1\n[c]\nd = 1", "a = 1\nb = 2\n[c]\nd = 2", ["b", "c.d"]),
}


def read(text: str) -> dict[str, Any]:
    return tomli.loads(text)


@pytest.mark.parametrize(("before", "after", "keys"), CHANGES.values(), ids=CHANGES)
def test_what_differs_is_named(before: str, after: str, keys: list[str]) -> None:
    paths = list(changed_keys(read(before), read(after)))
    assert [".".join(path) for path in paths] == keys


def test_each_change_can_be_taken_back() -> None:
    for before, after, _ in CHANGES.values():
        tables = read(after)
        for path in changed_keys(read(before), read(after)):
            tables = with_old(read(before), tables, path)
        assert {key: value for key, value in tables.items() if value != {}} == read(before)
