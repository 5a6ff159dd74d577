"""The text of a release on GitHub: our parts are found by their markers, and nothing else is touched."""

from __future__ import annotations

import pytest

from shiplane.release.announcing.release_body import complete, has_parts, with_notes

BEGIN, END = "<!-- shiplane: images of main -->", "<!-- shiplane: end of main -->"
PART = f"{BEGIN}\nnew\n{END}"
OLD = f"{BEGIN}\nold\n{END}"
ALPINE = PART.replace("main", "main-alpine")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", PART),
        ("\n", PART),
        ("By hand.", f"By hand.\n\n{PART}"),
        ("By hand.\r\n", f"By hand.\r\n\n\n{PART}"),
        (OLD, PART),
        (f"a\n{OLD}\nb", f"a\n{PART}\nb"),
        (f"a\r\n{OLD}\r\nb", f"a\r\n{PART}\r\nb"),
        (PART.replace("\n", "\r\n"), PART.replace("\n", "\r\n")),
        # One marker alone is no part: what follows it is somebody's.
        (f"{BEGIN}\nmine", f"{BEGIN}\nmine\n\n{PART}"),
        (f"{END}\nmine", f"{END}\nmine\n\n{PART}"),
        pytest.param(f"{BEGIN}\nmine\n\n{OLD}", f"{BEGIN}\nmine\n\n{PART}", id="two opening markers"),
        (f"{END}\nmine\n\n{OLD}\nrest", f"{END}\nmine\n\n{PART}\nrest"),
        # Another lane's, and a second one of ours.
        (ALPINE, f"{ALPINE}\n\n{PART}"),
        (f"{OLD}\n{OLD}", f"{PART}\n{OLD}"),
    ],
)
def test_a_part_takes_the_place_of_its_former_one_or_is_added(body: str, expected: str) -> None:
    parts = [("main", PART)]
    completed = complete(body, parts)
    assert completed == expected
    assert has_parts(completed, parts)
    assert complete(completed, parts) == completed


def test_several_parts_are_each_looked_for() -> None:
    parts = [("main", PART), ("main-alpine", ALPINE)]
    assert complete("", parts) == f"{PART}\n\n{ALPINE}"
    assert not has_parts(PART, parts)


@pytest.mark.parametrize("longest", [400, 401, 1000])
def test_generated_notes_that_are_too_long_end_at_a_line_and_say_so(longest: int) -> None:
    notes = "\n".join(f"* change {number}" for number in range(200))
    text = with_notes(PART, notes, longest)
    *_, last, empty, note = text.splitlines()
    assert len(text) <= longest
    assert last in notes.splitlines()
    assert (empty, note) == ("", "*The generated notes are too long for a release; this is their beginning.*")


def test_notes_that_fit_are_whole_and_none_leave_no_blank() -> None:
    whole = f"{PART}\n\nnotes"
    assert with_notes(PART, "notes", 1000) == with_notes(PART, "notes", len(whole)) == whole
    assert with_notes(PART, "", 1000) == PART
