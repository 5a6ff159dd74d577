from __future__ import annotations

import pytest

from shiplane.docker.build_log import (
    cache_errors,
    failed_before_a_step,
    failed_to_push,
    is_foreign_program,
    is_refused,
    push_error,
)

# As BuildKit 0.29 writes them (docker buildx bake --progress plain).
BROKEN = """#5 importing cache manifest from r.example/c:x
#5 ERROR: failed to authorize: 403 Forbidden
#6 [build 2/3] RUN make
#6 DONE 0.1s
#9 exporting cache to registry
#9 preparing build cache for export 0.0s done
#9 ERROR: error writing layer blob: connection refused
"""
NEW = """#5 importing cache manifest from r.example/c:x
#5 ERROR: r.example/c:x: not found
"""
RED = """#6 [build 2/3] RUN make
#6 0.1 no rule
#6 ERROR: process "make" did not complete successfully: exit code: 2
"""
EARLY = """#1 reading from stdin 294B done
#1 DONE 0.0s
ERROR: failed to evaluate path "/tmp/file/x": not a directory
"""


def test_each_fault_of_the_cache_is_told_with_its_reason() -> None:
    assert cache_errors(BROKEN.splitlines()) == [
        "importing cache manifest from r.example/c:x: failed to authorize: 403 Forbidden",
        "exporting cache to registry: error writing layer blob: connection refused",
    ]


@pytest.mark.parametrize("log", [NEW, RED, EARLY, ""])
def test_that_there_is_no_cache_yet_and_what_is_no_fault_of_it_are_not(log: str) -> None:
    assert cache_errors(log.splitlines()) == []


@pytest.mark.parametrize(("log", "early"), [(BROKEN, True), (EARLY, True), (RED, False), (BROKEN + RED, False)])
def test_a_failure_of_a_step_is_not_blamed_on_the_cache(log: str, *, early: bool) -> None:
    assert failed_before_a_step(log.splitlines()) is early


FOREIGN = """#6 [2/2] RUN true
#6 0.046 exec /bin/sh: exec format error
#6 ERROR: process "/bin/sh -c true" did not complete successfully: exit code: 255
"""


@pytest.mark.parametrize(("log", "foreign"), [(FOREIGN, True), (RED, False), ("", False)])
def test_a_program_of_another_platform_is_known_by_the_kernel_s_words(log: str, *, foreign: bool) -> None:
    assert is_foreign_program(log.splitlines()) is foreign


PUSH = "ERROR: target main: failed to solve: failed to push r.example/a/b: "


@pytest.mark.parametrize(
    ("log", "again"),
    [
        (PUSH + "errors:\nunknown: provided digest did not match uploaded content", True),
        (PUSH + "unexpected status from PUT request: 503 Service Unavailable", True),
        (PUSH + "denied: permission_denied: write_package", False),
        (PUSH + "failed to fetch oauth token: 401 Unauthorized", False),
        (RED, False),
        ("", False),
    ],
)
def test_a_push_that_failed_is_repeated_unless_we_may_not(log: str, *, again: bool) -> None:
    assert failed_to_push(log.splitlines()) is again


def test_why_a_push_failed_is_told_with_where_it_was_to_go() -> None:
    denied, lost = "denied: permission_denied: write_package", "unknown: provided digest did not match"
    assert push_error((PUSH + denied).splitlines()) == f"r.example/a/b: {denied}"
    assert push_error(RED.splitlines()) == ""
    assert (is_refused(denied), is_refused(lost)) == (True, False)
