from __future__ import annotations

import pytest

from shiplane.model.closing import closing_lines


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7, 8, 130, 143])
def test_every_bad_end_says_what_is_public_and_one_next_step(code: int) -> None:
    lines = closing_lines(code, command="invoke publish --lane main", public=[], wrote=False)
    assert lines[0] == "public: this run gave nothing a name and moved nothing"
    assert lines[-1].startswith("next: ")
    assert sum(line.startswith("next: ") for line in lines) == 1


def test_a_run_that_had_begun_to_write_shows_the_names_as_they_are() -> None:
    lines = closing_lines(
        7, command="invoke publish --lane main", public=["ghcr.io/a/b:v1.0.0 is sha256:1"], wrote=True
    )
    assert lines == [
        "public: ghcr.io/a/b:v1.0.0 is sha256:1",
        "safe: what has a name was verified before it got it",
        "next: invoke publish --lane main",
    ]
