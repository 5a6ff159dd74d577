"""Two flows over one registry, in every order in which their steps can fall.

A turn is one step that touches what others can see, with the steps after it that cannot (``LOCAL``). Orders that lead
to the same state of the world and of both flows have the same future: they are followed once and counted as many times
as they are. So every interleaving is covered, and its end judged, at the cost of the distinct states.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shiplane.config.lane import BUILT_IN, Lane
from shiplane.core.errors import ShiplaneError
from shiplane.core.progress import Flow, Step, StepOutcome
from shiplane.ledger.recorder import EntryAuthor
from shiplane.release.claiming import ReleaseClaims
from shiplane.rollback.result import RollbackResult
from tests.faults.harness.claims import MemoryClaims
from tests.faults.harness.exchange import Exchange
from tests.faults.harness.faults import Faulty
from tests.faults.harness.invariants import Case, violations
from tests.faults.harness.memory import MemoryRegistry, Shelf
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import PATH, a_client, a_registry
from tests.lanes import widest

# Steps that read or write nothing but content under its own digest: no order among them can make a difference.
LOCAL = frozenset({"access", "stage", "inspect"})


@dataclass
class World:
    """What the flows of a race share; ``recorded``: whether they keep a ledger."""

    registry: MemoryRegistry
    claims: MemoryClaims | None
    recorded: bool = True


@dataclass
class Runner:
    """One of the two: its own client, its own view, and how it ended.

    Attributes:
        world: What it shares.
        number: 0 or 1; who came before has -1 and below.
        wire: Its recorder.
        flow: What it runs.
        code: Its exit code, None while it runs.
        error: What ended it.
        result: What it returned.
        parked: The step before which it stands.
    """

    world: World
    number: int
    wire: Faulty = field(init=False)
    flow: Flow[Any] = field(init=False)
    code: int | None = None
    error: ShiplaneError | None = None
    result: Any = None
    parked: Step | None = None

    def __post_init__(self) -> None:
        self.wire = Faulty(self.world.registry)

    @property
    def name(self) -> str:
        """The name that identifies it in a ledger; a second run has another one."""
        return f"{self.number} at {self.world.registry.clock.now():.3f}"

    def releaser(self) -> Releaser:
        """A process of its own."""
        registry = a_client(self.wire, self.world.registry.clock)
        claims = self.world.claims
        claiming = ReleaseClaims(claims=claims, by=f"runner {self.number}") if claims is not None else None
        releaser = Releaser(registry=registry, claiming=claiming, probe=False)
        return releaser.recording(self._scribe()) if self.world.recorded else releaser

    def _scribe(self) -> EntryAuthor:
        """Its entries' words are its own, and the same in each order, so that states are equal."""
        words = itertools.count()
        clock = self.world.registry.clock
        return EntryAuthor(who=f"runner {self.name}", clock=clock, make_id=lambda: f"{self.name} {next(words)}")

    def begin(self, contender: Contender) -> None:
        """Come to stand before the first step that others can see."""
        self.flow = contender(self.releaser())
        self.turn()

    def turn(self) -> None:
        """Carry out the step before which it stands, and go on to the next one that others can see."""
        stands = self.parked
        try:
            while True:
                event = next(self.flow)
                if isinstance(event, Step) and event is not stands and event.name not in LOCAL:
                    self.parked = event
                    return
                stands = None if isinstance(event, StepOutcome) else stands
        except StopIteration as end:
            self._end(0, result=end.value)
        except ShiplaneError as error:
            self._end(error.exit_code, error=error)

    def _end(self, code: int, *, error: ShiplaneError | None = None, result: object = None) -> None:
        self.code, self.error, self.result = code, error, result

    def seen(self) -> tuple[object, ...]:
        """Everything that its future depends on."""
        log = [(entry.method, entry.path, entry.status, entry.received) for entry in self.wire.log]
        return self.code, self.parked, tuple(log)


class Contender(Protocol):
    """What takes part: begins a flow of a releaser."""

    def __call__(self, releaser: Releaser) -> Flow[Any]:
        """The flow, not yet begun."""

    def prepare(self, registry: MemoryRegistry) -> None:
        """Put into the registry what the flow takes for granted and what no order can change; often nothing."""


@dataclass(frozen=True)
class Scenario:
    """Two contenders, and what was there before them.

    Attributes:
        first: One of them.
        second: The other.
        before: Who came before, one after the other.
        lowers: Whether one of them may lower a floating tag: a rollback may.
        recorded: Whether they keep a ledger.
        breaks: The invariants that no publisher alone can hold here.
        unclaimed: Those that only the claim holds.
        besides: The exit codes with which one of them may end, besides 0, 5 and 8.
        configured: The lanes of the project.
    """

    first: Contender
    second: Contender
    before: Sequence[Contender] = ()
    lowers: bool = False
    recorded: bool = True
    breaks: frozenset[str] = frozenset()
    unclaimed: frozenset[str] = frozenset()
    besides: frozenset[int] = frozenset()
    configured: tuple[Lane, ...] = BUILT_IN

    @property
    def lane(self) -> Lane:
        """The lane that both are about, which is the first."""
        return self.configured[0]

    @property
    def contenders(self) -> tuple[Contender, Contender]:
        return self.first, self.second

    @property
    def codes(self) -> frozenset[int]:
        """How they may end: well, refused, lost to the other one, and what else is known."""
        return frozenset({0, 5, 8}) | self.besides

    def may_break(self, *, claimed: bool) -> frozenset[str]:
        """The invariants that may be broken, as long as somebody says so where there is a ledger."""
        return self.breaks if claimed else self.breaks | self.unclaimed


@dataclass
class Start:
    """A scenario's world before the race, to be had again and again for next to nothing."""

    scenario: Scenario
    claimed: bool
    shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        registry = a_registry()
        for contender in (*self.scenario.before, *self.scenario.contenders):
            contender.prepare(registry)
        for number, contender in enumerate(self.scenario.before, start=1):
            runner = Runner(self._world(registry), -number)
            runner.begin(contender)
            while runner.code is None:
                runner.turn()
            assert runner.code == 0, runner.error
        self.shelf = registry.shelf(PATH)

    def _world(self, registry: MemoryRegistry) -> World:
        return World(registry, MemoryClaims() if self.claimed else None, self.scenario.recorded)

    def race(self, schedule: Sequence[int] = ()) -> Race:
        """The race as it stands after these turns."""
        shelf = Shelf(dict(self.shelf.manifests), dict(self.shelf.blobs), dict(self.shelf.tags))
        world = self._world(a_registry(shelves={PATH: shelf}))
        race = Race(self, world, (Runner(world, 0), Runner(world, 1)))
        for runner, contender in zip(race.runners, self.scenario.contenders, strict=True):
            runner.begin(contender)
        for number in schedule:
            race.runners[number].turn()
        return race


@dataclass
class Race:
    """Two runners and where they are."""

    start: Start
    world: World
    runners: tuple[Runner, Runner]

    @property
    def running(self) -> list[int]:
        return [runner.number for runner in self.runners if runner.code is None]

    @property
    def codes(self) -> tuple[int | None, int | None]:
        return self.runners[0].code, self.runners[1].code

    def around(self) -> tuple[object, ...]:
        """What a turn depends on besides what the runner itself has seen."""
        claims = tuple(self.world.claims.kept.items()) if self.world.claims else ()
        clock = round(self.world.registry.clock.now(), 6)
        return tuple(self.world.registry.effects()), claims, clock

    def broken(self) -> set[str]:
        """The numbers of the invariants that this race has broken."""
        return {found.partition(":")[0] for found in self.violations()}

    def violations(self) -> list[str]:
        case = Case(
            self.world.registry,
            seen=tuple(runner.wire.log for runner in self.runners),
            initial=dict(self.start.shelf.tags),
            lanes=self.start.scenario.configured,
            touched=self.start.scenario.configured,
            lowers=self.start.scenario.lowers,
            recorded=self.start.scenario.recorded and self.codes == (0, 0),
        )
        return [*violations(case), *self._lies()]

    def _lies(self) -> Iterator[str]:
        for runner in self.runners:
            yield from lies(runner.wire.log, promised(runner.result))


def lies(log: Sequence[Exchange], promises: Iterable[tuple[str, str]]) -> Iterator[str]:
    """I9: whoever ends well has, by its own last look at each name, read what it promises."""
    read = {entry.reference: entry.received for entry in log if entry.method == "GET" and entry.status == 200}
    for tag, digest in promises:
        if read.get(tag) != digest:
            yield f"I9: {tag} was called {digest[:19]}, but last read as {read.get(tag, 'nothing')[:19]}"


def promised(result: object) -> Iterator[tuple[str, str]]:
    """What a flow that ended well says of names."""
    if isinstance(result, RollbackResult):
        yield widest(result.request.lane), str(result.digest)
    for lane in result if isinstance(result, tuple) else ():
        yield lane.plan.tag, str(lane.digest)
        for floating in lane.floating_tags:
            if floating.moved:
                yield floating.tag, str(floating.digest)


@dataclass
class Tally:
    """What all interleavings of a scenario came to.

    Attributes:
        interleavings: How many there are.
        states: How many different states they pass through.
        ends: How many interleavings there are of each end: both exit codes, and the invariants that broke.
        example: A schedule for each end.
    """

    interleavings: int = 0
    states: int = 0
    ends: Counter[tuple[tuple[int | None, int | None], frozenset[str]]] = field(default_factory=Counter)
    example: dict[tuple[tuple[int | None, int | None], frozenset[str]], tuple[int, ...]] = field(default_factory=dict)

    def count(self, race: Race, schedule: tuple[int, ...], ways: int) -> None:
        end = race.codes, frozenset(race.broken())
        self.interleavings += ways
        self.ends[end] += ways
        self.example.setdefault(end, schedule)

    @property
    def broken(self) -> int:
        """In how many a promise was broken."""
        return sum(ways for (_, broken), ways in self.ends.items() if broken)

    @property
    def silent(self) -> int:
        """In how many a promise was broken and nobody said so."""
        return sum(ways for (codes, broken), ways in self.ends.items() if broken and codes == (0, 0))


def explore(start: Start) -> Tally:
    """Every interleaving of a scenario."""
    tally, turns = Tally(), _Turns(start)
    first = turns.begin()
    level = {first.key: first}
    while level:
        tally.states += len(level)
        following: dict[tuple[int, int, int], _State] = {}
        for state in level.values():
            if not turns.running(state):
                tally.count(turns.race(state), state.schedule, state.ways)
            for number in turns.running(state):
                reached = turns.after(state, number)
                following.setdefault(reached.key, reached).ways += state.ways
        level = following
    return tally


@dataclass
class _State:
    """One state: what is around, and what each runner has seen, by number; a way to it, and how many ways there are.

    ``race`` is the race itself where it is at hand; it goes when it is moved on from here.
    """

    key: tuple[int, int, int]
    schedule: tuple[int, ...]
    ways: int = 0
    race: Race | None = None


@dataclass
class _Turns:
    """What each turn leads to. It depends on what is around and on what this runner has seen, and not on the other one:
    a turn that is known is not taken again. A flow cannot be copied: another one's way is gone anew.
    """

    start: Start
    numbers: dict[object, int] = field(default_factory=dict)
    ended: dict[int, bool] = field(default_factory=dict)
    known: dict[tuple[int, int, int], tuple[int, int]] = field(default_factory=dict)

    def begin(self) -> _State:
        race = self.start.race()
        around, one, other = self._number(race.around()), *(self._seen(runner) for runner in race.runners)
        return _State((around, one, other), (), ways=1, race=race)

    def running(self, state: _State) -> list[int]:
        return [number for number in (0, 1) if not self.ended[state.key[number + 1]]]

    def race(self, state: _State) -> Race:
        """The race in this state, which is used up by that."""
        race, state.race = state.race or self.start.race(state.schedule), None
        return race

    def after(self, state: _State, number: int) -> _State:
        turn, race = (number, state.key[0], state.key[number + 1]), None
        if turn not in self.known:
            race = self.race(state)
            race.runners[number].turn()
            self.known[turn] = self._number(race.around()), self._seen(race.runners[number])
        around, seen = self.known[turn]
        key = (around, seen, state.key[2]) if number == 0 else (around, state.key[1], seen)
        return _State(key, (*state.schedule, number), race=race)

    def _seen(self, runner: Runner) -> int:
        seen = self._number(runner.seen())
        self.ended[seen] = runner.code is not None
        return seen

    def _number(self, what: object) -> int:
        return self.numbers.setdefault(what, len(self.numbers))


def one_by_one(start: Start) -> Tally:
    """The same without putting equal states together: what :func:`explore` is held to."""
    tally = Tally()
    open_: list[tuple[int, ...]] = [()]
    while open_:
        schedule = open_.pop()
        race = start.race(schedule)
        tally.states += 1
        if race.running:
            open_ += [(*schedule, number) for number in race.running]
        else:
            tally.count(race, schedule, 1)
    return tally


def orders(first: int, second: int) -> int:
    """How many interleavings two sequences of that many turns have."""
    return math.comb(first + second, first)
