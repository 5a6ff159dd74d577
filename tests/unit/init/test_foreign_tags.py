"""Versions in the registry under tags that a lane would not give them."""

from __future__ import annotations

import pytest

from shiplane.config.lane import BUILT_IN
from shiplane.init.foreign_tags import foreign_tags


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], []),
        (["v0.2.17", "standalone-v0.2.17", "latest", "main", "sha-0123456"], []),
        (["0.2.9", "0.2.17", "latest"], [("main", "0.2.17", "{version}")]),
        (
            ["0.2.17", "standalone-0.2.17", "v0.2.16"],
            [("main", "0.2.17", "{version}"), ("standalone", "standalone-0.2.17", "standalone-{version}")],
        ),
    ],
)
def test_the_highest_of_each_lane(tags: list[str], expected: list[tuple[str, str, str]]) -> None:
    assert [(each.lane.name, each.tag, each.form) for each in foreign_tags(BUILT_IN, tags)] == expected


def test_what_becomes_of_the_form() -> None:
    (foreign,) = foreign_tags(BUILT_IN, ["0.2.17"])
    remark = foreign.remark("ghcr.io/a/b")
    assert (str(remark.source), remark.text) == ("ghcr.io/a/b", "0.2.17")
    assert remark.reason == (
        'lane main tags a version as v{version} from now on: tag = "{version}" in [lanes.main] keeps this form'
    )
