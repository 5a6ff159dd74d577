"""A signal at every write of a rollback, before it arrives and after it was answered; then the same command again."""

from __future__ import annotations

import shlex
import signal

import pytest

from tests.e2e.held import CODES, Held, Scene, interrupted, named
from tests.e2e.person import succeeded, wait_until
from tests.rig.sample import commit
from tests.thorough import THOROUGH, crossed

pytestmark = pytest.mark.e2e
VERSIONS = ("v0.2.0", "v0.2.1")
ROLLBACK = ("rollback", "--lane", "main", "--reason", "crashes on start")
# Ours, in an undisturbed rollback: latest, the ledger (2) and what it replaced, which version that is and what is below
# (2), the target with children, attestations and configs (7), each blob of it that was not read (5), the move with a
# look before and a reading back (3), the ledger: the piece (2), looked at before, read back, and once more to see that
# it stays; and latest once more at the end.
REQUESTS = 28
WRITES = ("PUT latest", "PUT upload", "PUT ledger-main")


@pytest.fixture
def bad(scene: Scene) -> Scene:
    """Two releases, of which the second is bad."""
    for version in VERSIONS:
        commit(scene.person.checkout, version)
        succeeded(scene.person.invoke("publish", "--lane", "main", "--tag", version, "--latest"))
    scene.door.passed.clear()
    return scene


def is_back(scene: Scene, versions: dict[str, str]) -> None:
    """The floating tag is at the version below, moved once and marked once, both on record once."""
    assert scene.tags() == {**versions, "latest": versions["v0.2.0"]}
    recorded = [f"{entry.action.value} {entry.tag}" for entry in scene.recorded()]
    assert recorded[-2:] == ["rollback latest", "mark v0.2.1"]
    assert recorded[:-2] == ["publish v0.2.0", "float latest", "publish v0.2.1", "float latest"]
    move, mark = scene.recorded()[-2:]
    assert (str(move.before), str(move.after)) == (versions["v0.2.1"], versions["v0.2.0"])
    assert (mark.why, str(mark.after)) == ("crashes on start", versions["v0.2.1"])
    assert list(scene.temporary.iterdir()) == []
    assert wait_until(lambda: scene.processes() == []), scene.processes()


def versions_of(scene: Scene) -> dict[str, str]:
    return {name: digest for name, digest in scene.tags().items() if name != "latest"}


def test_an_undisturbed_rollback_has_so_many_requests(bad: Scene) -> None:
    versions = versions_of(bad)
    succeeded(bad.person.invoke(*ROLLBACK))
    ours = [passing for passing in bad.door.passed if passing.ours]
    assert len(ours) == REQUESTS, "\n".join(f"{p.method} {p.path}" for p in ours)
    assert sorted(named(p) for p in ours if p.method == "PUT") == sorted(WRITES)
    assert bad.puts() == ["latest", "ledger-main"]
    is_back(bad, versions)


EVERY = [(at, answered, number) for at in WRITES for answered in (False, True) for number in CODES]

# Every write in both ways, with the signals in turn.
SOME = [EVERY[len(CODES) * place + place % len(CODES)] for place in range(2 * len(WRITES))]


@pytest.mark.share(3)
@pytest.mark.parametrize(("at", "answered", "number"), EVERY if THOROUGH else SOME)
def test_a_signal_at_any_write_ends_the_rollback_and_the_next_one_finishes_it(
    bad: Scene,
    at: str,
    answered: bool,  # noqa: FBT001 -- a table's column
    number: signal.Signals,
) -> None:
    versions = versions_of(bad)
    said = interrupted(bad, Held(at, answered), number, *ROLLBACK)
    assert versions_of(bad) == versions
    assert bad.tags()["latest"] in versions.values()
    if number is not signal.SIGKILL:
        again = next(shlex.split(line) for line in said.splitlines() if line.startswith("next: "))
        assert again == ["next:", "invoke", *ROLLBACK, "--to", "v0.2.0"]
    succeeded(bad.person.invoke(*ROLLBACK, "--to", "v0.2.0"))
    is_back(bad, versions)


@pytest.mark.share(3)
@pytest.mark.parametrize(
    ("at", "answered"), [*crossed(WRITES[:-1], [False, True], one_in=2), (WRITES[-1], False), (WRITES[-1], True)]
)
def test_without_the_target_s_name_the_same_command_finishes_what_is_not_recorded_yet(
    bad: Scene,
    at: str,
    answered: bool,  # noqa: FBT001 -- a table's column
) -> None:
    versions = versions_of(bad)
    interrupted(bad, Held(at, answered), signal.SIGKILL, *ROLLBACK)
    again = bad.person.invoke(*ROLLBACK)
    # What is on record is over: the command would mean the next one down, which nobody meant within ten minutes.
    assert again.code == (5 if (at, answered) == (WRITES[-1], True) else 0), str(again)
    is_back(bad, versions)
