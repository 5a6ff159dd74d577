"""Child processes: what they write is bounded, however they write it, and who never reads keeps nobody waiting."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import pytest

from shiplane.core.errors import PrerequisiteError
from shiplane.core.system import output
from shiplane.core.system.output import TAIL
from shiplane.core.system.process import ProcessResult, run

ENV = {"PATH": os.environ["PATH"]}


def python(program: str, **more: object) -> ProcessResult:
    return run([sys.executable, "-c", f"import os, sys\n{program}"], env=ENV, timeout=50, **more)  # type: ignore[arg-type]


LOUD = {
    "lines": "for n in range(400_000): print(n, 'x' * 40, file=sys.stderr)",
    "one line": "sys.stderr.write('x' * 20_000_000)",
    "carriage returns alone": "for n in range(400_000): sys.stderr.write('x' * 40 + '\\r')",
    "no text": "sys.stderr.buffer.write(bytes(range(256)) * 80_000)",
}


@pytest.mark.parametrize("program", LOUD.values(), ids=LOUD.keys())
def test_of_what_people_read_the_last_is_kept(program: str) -> None:
    lines: list[int] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = python(f"{program}\nsys.stderr.write('\\nthe end\\n')", listen=lambda line: lines.append(len(line)))
    assert done.stderr.endswith("\nthe end\n")
    assert TAIL // 2 < len(done.stderr) <= TAIL
    assert sum(lines) > 15_000_000 or len(lines) == 2  # every line was told; of an endless one its beginning
    assert max(lines) <= 64 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_what_a_build_command_writes_is_kept_in_its_order_and_to_the_same_limit() -> None:
    program = "for n in range(300_000): (sys.stdout if n % 2 else sys.stderr).write(f'{n:060}\\n'); sys.stdout.flush()"
    done = python(program, joined=True)
    numbers = [int(line) for line in done.stderr.splitlines()]
    assert done.stdout == ""
    assert numbers == list(range(numbers[0], 300_000))
    assert len(done.stderr) <= TAIL


def test_an_answer_for_programs_is_whole_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "WHOLE", 3_000_000)
    assert len(python("print('x' * 2_999_999)").stdout) == 3_000_000
    with pytest.raises(PrerequisiteError, match="answered with more than"):
        python("print('x' * 3_000_000)")


def test_an_answer_without_end_ends_the_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(output, "WHOLE", 3_000_000)
    program = f"for _ in range(20_000): sys.stdout.write('x' * 65536)\nopen({str(tmp_path / 'end')!r}, 'w')"
    with pytest.raises(PrerequisiteError, match="answered with more than"):
        python(program)
    assert not (tmp_path / "end").exists()


@pytest.mark.parametrize("given", ["", "x", "x\n" * 500_000])
def test_what_a_child_is_given_reaches_it_whole(given: str) -> None:
    assert python("print(len(sys.stdin.read()))", given=given).stdout == f"{len(given)}\n"


def test_a_child_that_reads_nothing_of_it_keeps_nobody_waiting() -> None:
    assert python("print('done')", given="x" * 1_000_000).stdout == "done\n"


def test_line_ends_of_an_answer_are_one_kind() -> None:
    assert python("sys.stdout.buffer.write(b'a\\r\\nb\\rc\\n\\xff')").stdout == "a\nb\nc\n�"


def test_a_child_that_is_given_and_answers_much_at_once_is_not_locked() -> None:
    program = "for line in sys.stdin: sys.stdout.write(line); sys.stderr.write(line)"
    given = "some line of text\n" * 200_000
    done = python(program, given=given)
    assert done.stdout == given
    assert given.endswith(done.stderr)
