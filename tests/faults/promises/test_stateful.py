"""The model, in short: Hypothesis looks for a history that goes wrong and shrinks it; seeds give some more.

``python -m tests.faults.stateful`` (``invoke dev.model``) runs 2,000 histories of 50 steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.faults.stateful import expectations
from tests.faults.stateful.judging import attempt
from tests.faults.stateful.rules import RULES, apply, story
from tests.faults.stateful.world import COMMITS, Fact, World, plan_of
from tests.thorough import THOROUGH


class Machine(RuleBasedStateMachine):
    """The table of rules as Hypothesis wants it; the rules themselves are added below."""

    world: World

    @initialize(claimed=st.booleans())
    def begin(self, claimed: bool) -> None:  # noqa: FBT001 -- by name
        self.world = World(claimed=claimed)


def _as_rule(name: str) -> Callable[..., Any]:
    def step(self: Machine, **arguments: Any) -> None:  # noqa: ANN401 -- whatever the rule takes
        apply(self.world, name, arguments)

    step.__name__ = name.replace(" ", "_").replace("-", "_")
    arguments: dict[str, Any] = {key: st.sampled_from(values) for key, values in RULES[name].choices.items()}
    decorated: Callable[..., Any] = rule(**arguments)(step)  # type: ignore[no-untyped-call]
    return decorated


for _name in RULES:
    setattr(Machine, f"rule_{_name}", _as_rule(_name))


def test_no_story_goes_wrong() -> None:
    short = settings(
        max_examples=200 if THOROUGH else 30, stateful_step_count=25, deadline=None, derandomize=True, database=None
    )
    run_state_machine_as_test(Machine, settings=short)


def test_stories_by_seed_end_in_every_way() -> None:
    ends: Counter[int] = Counter()
    for seed in range(200 if THOROUGH else 20):
        ends += story(seed, 50).ends
    assert set(ends) >= {-1, 0, 5, 7, 8}
    assert ends[0] > 150, ends


def test_every_rule_is_driven_by_hypothesis() -> None:
    # The attribute by which Hypothesis itself finds them.
    found = [name for name in dir(Machine) if hasattr(getattr(Machine, name), "hypothesis_stateful_rule")]
    assert len(found) == len(RULES)


# Whether the model sees what goes wrong.


def test_a_release_that_ends_otherwise_is_seen() -> None:
    world = World()
    attempt(world, plan_of("main", "0.2.0", "yes", COMMITS[0]))
    world.facts[world.tags["v0.2.0"]] = Fact(COMMITS[1], "0.2.0")
    with pytest.raises(AssertionError, match="exit 0, expected 5"):
        attempt(world, plan_of("main", "0.2.0", "yes", COMMITS[0]))


def test_a_tag_that_becomes_what_it_must_not_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    attempt(world, plan_of("main", "0.2.0", "yes", COMMITS[0]))
    monkeypatch.setattr(expectations, "_moves", lambda *_: False)
    with pytest.raises(AssertionError, match="latest"):
        attempt(world, plan_of("main", "0.3.0", "yes", COMMITS[0]))
