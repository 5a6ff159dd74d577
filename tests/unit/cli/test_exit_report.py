from __future__ import annotations

import shlex

import pytest

import shiplane
from shiplane.cli.views.exit_report import closing_lines
from shiplane.core.next_command import Caller, caller_of


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7, 8, 129, 130, 131, 143])
def test_every_bad_end_says_what_is_public_and_one_next_step(code: int) -> None:
    lines = closing_lines(code, caller=Caller(), arguments=["publish", "--lane", "main"], public=[], wrote=False)
    assert lines[0] == "public: nothing was published and no tag was moved"
    assert lines[-1].startswith("next: ")
    assert sum(line.startswith("next: ") for line in lines) == 1


def test_a_run_that_had_begun_to_write_shows_the_names_as_they_are() -> None:
    lines = closing_lines(
        7,
        caller=Caller(),
        arguments=["publish", "--lane", "main"],
        public=["ghcr.io/a/b:v1.0.0 is sha256:1"],
        wrote=True,
    )
    assert lines == [
        "public: ghcr.io/a/b:v1.0.0 is sha256:1",
        "safe: every published tag had passed verification",
        "next: invoke publish --lane main",
    ]


@pytest.mark.parametrize(
    ("code", "wrote", "line", "following"),
    [
        (6, False, "invoke publish --lane main --tag v1.0.0", "fix the error above, then: {line}"),
        (6, True, "invoke publish --lane main --tag v1.0.0", "invoke status --lane main"),
        (6, False, "invoke verify --lane main --deep", "invoke status --lane main"),
        (5, False, "invoke release --version 1.0.0 --image ghcr.io/a/b", "invoke status --image ghcr.io/a/b"),
        (5, False, "invoke release --lane=a --lane b", "invoke status --lane=a --lane b"),
        (5, False, "invoke promote --lane a --from r.io/a/b --to r.io/a/c", "invoke status --lane a --image r.io/a/c"),
        (8, True, "invoke promote --to=r.io/a/c --tag v1.0.0", "invoke status --image=r.io/a/c"),
        (5, False, "invoke mark --lane main --tag v1.0.0", "invoke history --lane main"),
        (6, False, "invoke rollback --lane main", "invoke history --lane main"),
        (6, True, "invoke rollback --lane main", "invoke status --lane main"),
        (5, False, "invoke deploy.repoint --lane main --to v1.0.0", "invoke history --lane main"),
        (8, True, "invoke publish --lane main --tag v1.0.0", "invoke status --lane main"),
        (4, False, "shiplane publish --lane main", "shiplane auth.show, fix the error above, then: {line}"),
        (2, False, "shiplane publish --lane 'ma in'", "fix the error above. Options: shiplane publish --help"),
        (5, False, "invoke -c dev ship.mark --lane main", "invoke -c dev ship.history --lane main"),
        (7, False, "invoke ship.plan ship.publish", "{line}"),
        (1, False, "invoke plan", "report this with the output above"),
    ],
)
def test_the_next_command_is_about_the_same_names_and_can_be_pasted(
    code: int, line: str, following: str, *, wrote: bool
) -> None:
    argv = shlex.split(line)
    names = list(shiplane.ns.task_names)
    caller = caller_of(argv, next(name for word in argv for name in names if f".{word}".endswith(f".{name}")), names)
    arguments = argv[len(caller.program) :]
    last = closing_lines(code, caller=caller, arguments=arguments, public=[], wrote=wrote)[-1]
    assert caller.render(last) == f"next: {following.format(line=line)}"
