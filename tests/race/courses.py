"""What is raced: scenarios of the model, with and without the ledger, with and without the claim."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.harness.contenders import RANGES, SCENARIOS, SEVERAL_TAGS, Publishing, unrecorded
from tests.faults.harness.races import Scenario

# Both forms of these are a project's choice: a ledger is kept unless it says ``ledger = false``.
_TWO_PUBLISHERS = (
    "same version, same bytes",
    "same version, other bytes of the same commit",
    "same version, another commit",
    "same version, other bytes, both float",
    "two versions",
    "the first release of a repository, twice",
)
# A mark is an entry of a ledger, and a rollback without one can be told of nothing.
_RECORDED = (
    "release and rollback",
    "release and mark of that version",
    "release of a version that is there already, and mark of it",
    "two rollbacks",
    "two rollbacks to different versions",
    "rollback and mark of where it goes",
    RANGES,
)
_ALL = SCENARIOS | SEVERAL_TAGS


@dataclass(frozen=True)
class Course:
    """A scenario, whether the two keep a ledger, and whether they claim versions."""

    name: str
    recorded: bool = True
    claimed: bool = False

    def __str__(self) -> str:
        return f"{self.name}, {_with(self.recorded)} ledger, {_with(self.claimed)} claim"

    @property
    def scenario(self) -> Scenario:
        """Who races, and what was there before."""
        return _ALL[self.name] if self.recorded else unrecorded(self.name)

    @property
    def may_break(self) -> frozenset[str]:
        """What may be broken, as long as somebody says so where there is a ledger."""
        known = self.scenario.may_break(claimed=self.claimed)
        # Whoever wrote a version that was then written over has promised it.
        return known | {"I9"} if "I1" in known else known


_EITHER = (True, False)


def _with(what: bool) -> str:  # noqa: FBT001 -- a word of a sentence
    return "with" if what else "without"


def _claims(name: str) -> tuple[bool, ...]:
    """Only who publishes has something to claim."""
    publishes = any(isinstance(one, Publishing) for one in _ALL[name].contenders)
    return _EITHER if publishes else (False,)


COURSES = (
    *(Course(name, recorded, claimed) for name in _TWO_PUBLISHERS for recorded in _EITHER for claimed in _EITHER),
    *(Course(name, claimed=claimed) for name in _RECORDED for claimed in _claims(name)),
)
