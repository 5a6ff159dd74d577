"""A repository over a long time: whatever people and the world do to it, every step ends as the model says.

The model is a dict of tags, and what each digest is. It decides anew, by rules of its own, what a step must come to;
where a step is disturbed, each tag must be what it was or what it was to become. After each step every invariant is
judged. Rules are a table, driven by Hypothesis (which shrinks what fails) or by a seed (which is faster).
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shiplane.clients.http import Transport
from shiplane.clients.patience import Patience
from shiplane.clients.registry import Registry
from shiplane.clients.session import Session
from shiplane.flows.claim import Claiming
from shiplane.flows.ledgers import Ledgers, Scribe
from shiplane.flows.marking import Marker
from shiplane.flows.publish import Publisher
from shiplane.flows.rollback import Rollback, Wish
from shiplane.flows.survey import Surveyor
from shiplane.flows.verify import Verifier
from shiplane.model.claim import Claim
from shiplane.model.decision import Move, Naming, decide
from shiplane.model.errors import RefusedError, ShiplaneError
from shiplane.model.lane import BUILT_IN, Lane
from shiplane.model.ledgerfile import LINES, PREVIOUS, blob_of, ledger_manifest
from shiplane.model.plan import LanePlan, Plan
from shiplane.model.redact import Redactor
from shiplane.model.step import Flow
from shiplane.model.version import Version
from tests.faults.claims import MemoryClaims
from tests.faults.clock import VirtualClock
from tests.faults.faults import F, Fault, Faulty
from tests.faults.images import push_image, store_blob
from tests.faults.invariants import BOTH, Case, entries_of, marks_of, violations
from tests.faults.memory import Lag, MemoryRegistry
from tests.faults.release import AIONIS, PATH, USER, a_plan, a_registry, finish

LANES = {lane.name: lane for lane in BUILT_IN}
RELEASES = ("0.1.0", "0.1.9", "0.2.0", "0.2.1", "0.2.10", "0.3.0", "0.10.0", "1.0.0", "1.0.1", "1.1.0", "2.0.0")
PRE_RELEASES = ("0.2.1-rc.1", "0.3.0-rc.1", "1.0.0-rc.2")
COMMITS = ("a" * 40, "b" * 40)
STRANGER = "f" * 40
SETTLED = 60.0  # nobody starts anew within the time that a registry needs to come to itself


@dataclass(frozen=True)
class Fact:
    """What a digest is: its commit, and the version that it calls itself."""

    commit: str
    version: str


@dataclass(frozen=True)
class Expected:
    """What a step must come to: the exit code, and the tags, ``""`` for a digest that is only now being built."""

    code: int
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass
class World:
    """The registry, and what the model knows of it.

    Attributes:
        claimed: Whether versions are claimed.
        facts: Of every digest that ever got a name, or was claimed.
        did: What was done so far, for the one who reads a failure.
        ends: How often a release ended with each exit code; -1 is a crash.
    """

    claimed: bool = False
    registry: MemoryRegistry = field(default_factory=a_registry)
    claims: MemoryClaims = field(default_factory=MemoryClaims)
    facts: dict[str, Fact] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    ends: Counter[int] = field(default_factory=Counter)
    builds: int = 0
    words: Iterator[int] = field(default_factory=itertools.count)

    @property
    def clock(self) -> VirtualClock:
        assert isinstance(self.registry.clock, VirtualClock)
        return self.registry.clock

    @property
    def tags(self) -> dict[str, str]:
        return self.registry.tags(PATH)

    def client(self, transport: Transport) -> tuple[Registry, Patience]:
        """A process of its own."""
        patience = Patience(clock=self.clock, spread=lambda: 0.5)
        redact = Redactor()
        redact.add_credential(USER)
        return Registry(Session(transport, USER, patience, redact)), patience

    def publishing(self, plan: Plan, transport: Transport) -> Flow[Any]:
        """A release, not yet begun."""
        registry, patience = self.client(transport)
        claiming = Claiming(claims=self.claims, by="the model") if self.claimed else None
        publisher = Publisher(
            registry=registry,
            patience=patience,
            stager=lambda: self,
            probe=False,
            workers=1,
            claiming=claiming,
            ledgers=self.ledgers(registry, patience),
        )
        return publisher.publish(plan)

    def ledgers(self, registry: Registry, patience: Patience) -> Ledgers:
        """Where it is recorded; the entries' words are numbers, so that a story is the same each time."""
        scribe = Scribe(who=USER.username, clock=self.clock, word=lambda: str(next(self.words)))
        return Ledgers(registry=registry, repository=AIONIS, patience=patience, scribe=scribe, workers=1)

    def recorded(self, lane: Lane) -> list[dict[str, Any]]:
        """What the lane's ledger says."""
        return entries_of(self.registry.shelf(PATH), lane)

    def published(self, lane: Lane, tag: str) -> str:
        """What a version was published as, by the record; nothing where there is none."""
        found = [entry["to"] for entry in self.recorded(lane) if entry["action"] == "publish" and entry["tag"] == tag]
        return found[-1] if found else ""

    def marks(self, lane: Lane) -> frozenset[str]:
        return marks_of(self.recorded(lane))

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> dict[str, Any]:
        """See :class:`shiplane.flows.publish.Stager`; no two builds have the same bytes."""
        self.builds += 1
        made = {}
        for lane in lanes:
            version = str(lane.version.value)
            salt = f"{lane.lane.name} {self.builds}"
            raw = push_image(self.registry, PATH, revision=plan.commit, version=version, salt=salt)
            self.facts[str(raw.digest)] = Fact(plan.commit, version)
            made[lane.lane.name] = raw.digest
        return made

    def version_of(self, lane: Lane, digest: str) -> Version | None:
        """What a floating tag with this digest stands for, by the tags; what it calls itself is looked at first."""
        names = {tag: found for tag, at in self.tags.items() if at == digest and (found := lane.version_of_tag(tag))}
        said = f"{lane.prefix}v{self.facts[digest].version}" if digest in self.facts else ""
        if said in names:
            return names[said]
        return max((found for found in names.values() if not found.is_prerelease), default=None)

    def expected(self, plan: Plan) -> Expected:
        """What an undisturbed release must come to."""
        lanes = [self._lane(lane, plan.commit) for lane in plan.lanes]
        for code in (5, 8):  # what the registry says is asked before what is claimed
            if any(code == found for found, _ in lanes):
                return Expected(code)
        return Expected(0, {tag: digest for _, names in lanes for tag, digest in names.items()})

    def _lane(self, lane: LanePlan, commit: str) -> tuple[int, dict[str, str]]:
        have = self.tags.get(lane.tag, "")
        move = self._moves(lane, have)
        overwritten = self.published(lane.lane, lane.tag) not in {"", have}
        if overwritten or (have and self.facts[have].commit != commit) or move is None:
            return 5, {}
        claim = self.claims.kept.get((a_plan().repository, lane.tag)) if self.claimed and not have else None
        if claim and claim.commit != commit:
            return 8, {}
        new = have or (str(claim.digest) if claim else "")
        return 0, {lane.tag: new, **({lane.lane.floating: new} if move else {})}

    def _moves(self, lane: LanePlan, have: str) -> bool | None:
        """Whether the floating tag moves; None where nobody can tell whether that would be forward."""
        version, here = lane.version.value, self.tags.get(lane.lane.floating, "")
        if not lane.latest.value or version.is_prerelease or (have and have == here):
            return False
        if lane.tag in self.marks(lane.lane):
            return False
        if not here:
            found = (lane.lane.version_of_tag(tag) for tag in self.tags)
            return not any(other > version for other in found if other and not other.is_prerelease)
        current = self.version_of(lane.lane, here)
        return None if current is None else current < version or current == version

    # What the rules are made of.

    def attempt(
        self,
        plan: Plan,
        faults: Sequence[Fault] = (),
        *,
        after: int = -1,
        act: Callable[[], None] | None = None,
    ) -> int:
        """Release, and judge.

        Args:
            plan: What.
            faults: What disturbs it.
            after: After how many events something happens to it; -1 for never.
            act: What happens; None for a crash.

        Returns:
            The exit code, -1 for a crash.
        """
        before, wanted = self.tags, self.expected(plan)
        wire = Faulty(self.registry, faults, self.clock)
        code = _driven(self.publishing(plan, wire), after, act)
        self.ends[code] += 1
        self.judged(before, [wire], recorded=code == 0)
        disturbed = bool(wire.met) or code < 0
        assert disturbed or code == wanted.code, f"exit {code}, expected {wanted.code}"
        # A registry that calls absent what is there changes what is decided; the invariants hold all the same.
        if not any(fault.kind is F.NOT_FOUND for fault in faults):
            self._arrived(before, wanted, complete=code == 0, possible=wanted.code == 0)
        if code == 0 and not wire.met:
            assert all(self.tags[tag] == digest for tag, digest in wanted.tags.items() if digest)
        return code

    def _arrived(self, before: Mapping[str, str], wanted: Expected, *, complete: bool, possible: bool) -> None:
        """Each tag is what it was, or what it was to become, and that where the run said that all is well."""
        now = self.tags
        for tag in {tag for tag in (*before, *now) if not tag.startswith("ledger-")}:
            was, here = before.get(tag), now.get(tag)
            new = wanted.tags.get(tag) if possible else None
            became = new is not None and (here == new or (new == "" and here not in {None, was}))
            moved = f"{tag}: {was} -> {here}, expected {new}"
            assert became or (here == was and not (complete and new is not None)), moved
            assert here in self.facts or here == was, f"{tag} is at what nobody made"

    def judged(
        self, before: Mapping[str, str], wires: Sequence[Faulty], *, lowers: bool = False, recorded: bool = False
    ) -> None:
        """Every invariant over one step."""
        case = Case(
            self.registry,
            seen=[wire.log for wire in wires],
            initial=dict(before),
            lowers=lowers,
            recorded=recorded,
        )
        broken = violations(case)
        assert not broken, "\n".join(broken)
        self.registry.log.clear()
        self.clock.sleeps.clear()

    def settle(self) -> None:
        """Let the time pass that a registry's readers may need."""
        self.clock.pass_by(SETTLED)


def _driven(flow: Flow[Any], after: int, act: Callable[[], None] | None) -> int:
    try:
        for number, _ in enumerate(flow):
            if number == after:
                if act is None:
                    flow.close()
                    return -1
                act()
    except ShiplaneError as error:
        return error.exit_code
    return 0


@cache
def plan_of(lane: str, version: str, latest: str, commit: str) -> Plan:
    """One lane's release, or every lane's (``all``)."""
    return a_plan(version, tuple(LANES) if lane == "all" else (lane,), latest, commit)


# The rules: a function of the world and of arguments that are chosen from lists.


def publish(world: World, lane: str, version: str, latest: str, commit: str) -> None:
    """A release of one lane, or of all."""
    world.attempt(plan_of(lane, version, latest, commit))


def backport(world: World, lane: str, latest: str, commit: str) -> None:
    """A release below what the floating tag stands for."""
    here = world.tags.get(LANES[lane].floating, "")
    current = world.version_of(LANES[lane], here) if here else None
    lower = [version for version in RELEASES if current and Version.parse(version) < current]
    if lower:
        world.attempt(plan_of(lane, lower[-1], latest, commit))
        assert world.tags[LANES[lane].floating] == here, "a backport moved the floating tag"


def again(world: World, lane: str, version: str, latest: str, commit: str) -> None:
    """The same release twice: the second writes nothing."""
    plan = plan_of(lane, version, latest, commit)
    if world.attempt(plan) == 0:
        before, built = world.tags, world.builds
        assert world.attempt(plan) == 0
        assert (world.tags, world.builds) == (before, built)


def crash(
    world: World,
    lane: str,
    version: str,
    latest: str,
    commit: str,
    event: int,
    hurry: bool,  # noqa: FBT001
) -> None:
    """A release that ends after some event, as by SIGKILL; with the claim it may be run again at once."""
    plan = plan_of(lane, version, latest, commit)
    if world.attempt(plan, after=event) < 0 and world.claimed and hurry and world.expected(plan).code == 0:
        assert world.attempt(plan) == 0
    world.settle()


def expiry(world: World, lane: str, version: str, commit: str, event: int) -> None:
    """Every token ends in the middle of a release."""
    world.attempt(plan_of(lane, version, "yes", commit), after=event, act=world.registry.access.revoke)


def storm(world: World, lane: str, version: str, commit: str, skip: int, times: int) -> None:
    """The registry asks for patience, once or for long."""
    fault = Fault(F.TOO_MANY, skip=skip, times=times, headers={"retry-after": "7"})
    world.attempt(plan_of(lane, version, "yes", commit), [fault])
    world.settle()


def outage(world: World, lane: str, version: str, commit: str, skip: int, kind: F, applied: bool) -> None:  # noqa: FBT001
    """One request meets a fault; or it is carried out, and its answer suffers."""
    world.attempt(plan_of(lane, version, "yes", commit), [Fault(kind, skip=skip, applied=applied)])
    world.settle()


def lag(world: World, seconds: float) -> None:
    """From now on reads lag writes."""
    world.registry.lag = Lag(seconds=seconds)


def overwritten(world: World, lane: str, version: str) -> None:
    """Somebody pushes a version tag past us."""
    raw = push_image(world.registry, PATH, revision=STRANGER, version=version, salt=f"stranger {world.builds}")
    world.builds += 1
    world.facts[str(raw.digest)] = Fact(STRANGER, version)
    world.registry.tag(PATH, LANES[lane].tag_of(Version.parse(version)), raw.digest)


def dragged(world: World, lane: str, version: str) -> None:
    """Somebody points the floating tag at a version, or at an image that is none."""
    digest = world.tags.get(LANES[lane].tag_of(Version.parse(version)))
    if digest is None:
        raw = push_image(world.registry, PATH, revision=STRANGER, version="of an old script", salt=version)
        digest = str(raw.digest)
        world.facts[digest] = Fact(STRANGER, "of an old script")
    world.registry.tag(PATH, LANES[lane].floating, digest)


def claimed_elsewhere(world: World, lane: str, version: str, commit: str) -> None:
    """Another machine builds a version, claims it, and dies before it gives it a name."""
    plan = plan_of(lane, version, "no", commit)
    (one,) = plan.lanes
    digest = world.stage(plan, [one])[lane]
    world.claims.create([Claim(image=plan.repository, tag=one.tag, digest=digest, commit=commit, by="another machine")])


def foreseen(world: World, lane: str, version: str, latest: str, commit: str) -> None:
    """A plan writes nothing, and foresees what a release then comes to."""
    (one,) = plan_of(lane, version, latest, commit).lanes
    wire, before = Faulty(world.registry), world.tags
    registry, patience = world.client(wire)
    wanted = world.expected(plan_of(lane, version, latest, commit))
    try:
        ledgers = world.ledgers(registry, patience)
        survey = Surveyor(registry=registry, repository=AIONIS, ledgers=ledgers, workers=1).survey(one)
        decision = decide(one, survey, commit)
    except RefusedError:
        assert wanted.code == 5
    else:
        assert wanted.code in {0, 8}
        if wanted.code == 0:
            assert (one.lane.floating in wanted.tags) == (decision.move is Move.MOVE)
            assert (decision.naming is Naming.CREATE) == (one.tag not in before)
    assert {entry.method for entry in wire.log} <= {"GET"}
    world.judged(before, [wire])


def verified(world: World, lane: str) -> None:
    """A verification finds what is there: good where the floating tag is a version of its lane."""
    wire, before, known = Faulty(world.registry), world.tags, LANES[lane]
    registry, _ = world.client(wire)
    verifier = Verifier(
        registry=registry,
        repository=a_plan().repository,
        platforms=tuple(sorted(BOTH, key=str)),
        commit_of=lambda _lane, _version: None,
    )
    found, here = finish(verifier.verify(known, None, latest=True)), before.get(known.floating, "")
    assert found.good == bool(here and world.version_of(known, here)), [str(check) for check in found.checks]
    assert world.tags == before
    world.judged(before, [wire])


def rolled_back(world: World, lane: str, to: str, mark: bool) -> None:  # noqa: FBT001
    """A rollback, to a version or to the newest good one below, as the model would choose it."""
    known, wire, before = LANES[lane], Faulty(world.registry), world.tags
    wish = Wish(lane=known, to=Version.parse(to) if to else None, reason="crashes", mark=mark)
    wanted, marks = _downward(world, wish), world.marks(known)
    registry, patience = world.client(wire)
    rollback = Rollback(
        registry=registry,
        repository=AIONIS,
        patience=patience,
        platforms=tuple(sorted(BOTH, key=str)),
        ledgers=world.ledgers(registry, patience),
        commit_of=lambda _lane, _version: None,
        workers=1,
    )
    code = _driven(rollback.run(wish), -1, None)
    world.judged(before, [wire], lowers=True, recorded=code == 0)
    assert code == wanted.code, f"exit {code}, expected {wanted.code}"
    tags = {tag: digest for tag, digest in wanted.tags.items() if not tag.startswith("mark ")}
    _only(world, before, tags, known)
    assert world.marks(known) == marks | {tag.removeprefix("mark ") for tag in wanted.tags if tag not in tags}


def _downward(world: World, wish: Wish) -> Expected:
    """What a rollback must come to: its exit code, where the floating tag is then, and ``mark TAG`` for a new mark."""
    lane, marks = wish.lane, world.marks(wish.lane)
    here = world.tags.get(lane.floating, "")
    current = world.version_of(lane, here) if here else None
    fallen = _fallen(world, lane, here, current)
    if wish.to and lane.tag_of(wish.to) in marks:
        return Expected(5)
    if not wish.to and current is None:
        return Expected(5)
    stays = fallen and current and (wish.to or current) == current
    if stays and current and (wish.to or lane.tag_of(current) not in marks):
        left, candidates = fallen, [current]
    else:
        left, candidates = current, [wish.to] if wish.to else _below(world, lane, current)
    good = (version for version in candidates if _is_good(world, lane, version))
    target = next(good, None)
    if target is None:
        return Expected(6)
    bad = lane.tag_of(left) if wish.mark and left and left > target else ""
    marked = {f"mark {bad}": ""} if bad and bad not in marks else {}
    return Expected(0, {lane.floating: world.tags[lane.tag_of(target)], **marked})


def _fallen(world: World, lane: Lane, here: str, current: Version | None) -> Version | None:
    """The recorded version from which the floating tag came down without a record."""
    moves = [entry for entry in world.recorded(lane) if entry["action"] in {"float", "rollback"}]
    if not moves or not current or moves[-1]["to"] == here:
        return None
    above = Version.parse(moves[-1]["version"])
    return above if above > current else None


def _below(world: World, lane: Lane, current: Version | None) -> list[Version]:
    found = (lane.version_of_tag(tag) for tag in world.tags)
    releases = [version for version in found if version and current and version < current]
    marks = world.marks(lane)
    return sorted((v for v in releases if not v.is_prerelease and lane.tag_of(v) not in marks), reverse=True)


def _is_good(world: World, lane: Lane, version: Version) -> bool:
    tag = lane.tag_of(version)
    return tag in world.tags and world.published(lane, tag) in {"", world.tags[tag]}


def _only(world: World, before: Mapping[str, str], changes: Mapping[str, str], lane: Lane) -> None:
    """Nothing has changed but this, and the lane's ledger."""
    now = {tag: digest for tag, digest in world.tags.items() if tag != lane.ledger}
    assert now == {**{tag: digest for tag, digest in before.items() if tag != lane.ledger}, **changes}


def marking(world: World, lane: str, version: str, action: str) -> None:
    """A version is marked as bad, or the mark is taken back; no tag changes."""
    known, wire, before = LANES[lane], Faulty(world.registry), world.tags
    tag, marks = known.tag_of(Version.parse(version)), world.marks(known)
    there = tag in before or world.published(known, tag)
    registry, patience = world.client(wire)
    marker = Marker(registry=registry, repository=AIONIS, ledgers=world.ledgers(registry, patience))
    act = marker.mark if action == "mark" else marker.unmark
    code = _driven(act(known, Version.parse(version), "crashes"), -1, None)
    world.judged(before, [wire], recorded=code == 0)
    assert code == (0 if there else 5)
    _only(world, before, {}, known)
    assert world.marks(known) == (marks if not there else marks | {tag} if action == "mark" else marks - {tag})


def set_back(world: World, lane: str) -> None:
    """Somebody points the ledger's tag at what it was before: what was added last is forgotten, and nothing else."""
    known = LANES[lane]
    lines = world.recorded(known)
    # What was replaced because it was broken is no ledger to go back to.
    if lines and lines != [line for line in lines[:1] if line["action"] == "restart"]:
        manifest = json.loads(world.registry.shelf(PATH).manifests[world.tags[known.ledger]].body)
        if before := manifest["annotations"].get(PREVIOUS):
            world.registry.tag(PATH, known.ledger, before)


def tampered(world: World, lane: str, version: str, commit: str) -> None:
    """Somebody changes a ledger's line: nobody releases upon it, until it is begun anew."""
    known, before = LANES[lane], world.tags
    lines = world.recorded(known)
    if not lines:
        return
    content = b"".join(json.dumps({**line, "previous": None, "number": 7}).encode() + b"\n" for line in lines)
    store_blob(world.registry.shelf(PATH), content, LINES)
    raw = ledger_manifest(lane, [blob_of(content, LINES)], None)
    world.registry.shelf(PATH).manifests[str(raw.digest)] = raw
    world.registry.tag(PATH, known.ledger, raw.digest)
    wire = Faulty(world.registry)
    assert _driven(world.publishing(plan_of(lane, version, "yes", commit), wire), -1, None) == 6
    world.judged(before, [wire])
    registry, patience = world.client(wire)
    marker = Marker(registry=registry, repository=AIONIS, ledgers=world.ledgers(registry, patience))
    finish(marker.restart(known, "it was changed"))
    _only(world, before, {}, known)
    assert [entry["action"] for entry in world.recorded(known)] == ["restart"]


@dataclass(frozen=True)
class Rule:
    """One thing that can happen, and what its arguments are chosen from."""

    run: Callable[..., None]
    choices: Mapping[str, Sequence[Any]]


_LANE, _LANES = tuple(LANES), (*LANES, "all")
_YES_NO, _EVENTS, _REQUESTS = ("yes", "no"), tuple(range(40)), tuple(range(30))
RULES: dict[str, Rule] = {
    "publish": Rule(publish, {"lane": _LANES, "version": RELEASES, "latest": _YES_NO, "commit": COMMITS}),
    "pre-release": Rule(publish, {"lane": _LANES, "version": PRE_RELEASES, "latest": _YES_NO, "commit": COMMITS}),
    "backport": Rule(backport, {"lane": _LANE, "latest": _YES_NO, "commit": COMMITS}),
    "again": Rule(again, {"lane": _LANES, "version": RELEASES, "latest": _YES_NO, "commit": COMMITS}),
    "crash": Rule(
        crash,
        {
            "lane": _LANES,
            "version": RELEASES,
            "latest": _YES_NO,
            "commit": COMMITS,
            "event": _EVENTS,
            "hurry": (True, False),
        },
    ),
    "token expiry": Rule(expiry, {"lane": _LANES, "version": RELEASES, "commit": COMMITS, "event": _EVENTS}),
    "throttle storm": Rule(
        storm, {"lane": _LANES, "version": RELEASES, "commit": COMMITS, "skip": _REQUESTS, "times": (1, 3, 30)}
    ),
    "outage": Rule(
        outage,
        {
            "lane": _LANES,
            "version": RELEASES,
            "commit": COMMITS,
            "skip": _REQUESTS,
            "kind": tuple(F),
            "applied": (False, True),
        },
    ),
    "lag": Rule(lag, {"seconds": (0.0, 3.0, 30.0)}),
    "foreign version": Rule(overwritten, {"lane": _LANE, "version": RELEASES}),
    "foreign floating tag": Rule(dragged, {"lane": _LANE, "version": (*RELEASES, *PRE_RELEASES)}),
    "claimed elsewhere": Rule(claimed_elsewhere, {"lane": _LANE, "version": RELEASES, "commit": COMMITS}),
    "plan": Rule(foreseen, {"lane": _LANE, "version": RELEASES, "latest": _YES_NO, "commit": COMMITS}),
    "verify": Rule(verified, {"lane": _LANE}),
    "rollback": Rule(rolled_back, {"lane": _LANE, "to": ("", "", "", *RELEASES), "mark": (True, False)}),
    "mark": Rule(marking, {"lane": _LANE, "version": RELEASES, "action": ("mark",)}),
    "unmark": Rule(marking, {"lane": _LANE, "version": RELEASES, "action": ("unmark",)}),
    "ledger set back": Rule(set_back, {"lane": _LANE}),
    "ledger tampered": Rule(tampered, {"lane": _LANE, "version": RELEASES, "commit": COMMITS}),
}


def apply(world: World, name: str, arguments: Mapping[str, Any]) -> None:
    """One step of the story."""
    world.did.append(f"{name} {dict(arguments)}")
    RULES[name].run(world, **arguments)


def story(seed: int, steps: int) -> World:
    """So many steps, chosen by a seed.

    Raises:
        AssertionError: A step did not end as the model says; with everything that was done.
    """
    chosen = random.Random(seed)
    world = World(claimed=bool(seed % 2))
    for _ in range(steps):
        name = chosen.choice(tuple(RULES))
        arguments = {key: chosen.choice(values) for key, values in RULES[name].choices.items()}
        try:
            apply(world, name, arguments)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}\n" + "\n".join(world.did)) from error
    return world


@contextmanager
def reported() -> Iterator[list[AssertionError]]:
    """Print what goes wrong, and go on."""
    failed: list[AssertionError] = []
    try:
        yield failed
    except AssertionError as error:
        failed.append(error)
        print(error)


def main(arguments: Sequence[str]) -> int:
    """Tell so many stories; 1 when one did not end as it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.stateful", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    ends: Counter[int] = Counter()
    wrong = 0
    for seed in range(options.seed, options.seed + options.runs):
        with reported() as failed:
            ends += story(seed, options.steps).ends
        wrong += len(failed)
    told = ", ".join(f"exit {code}: {count}" for code, count in sorted(ends.items()) if code >= 0)
    print(f"{options.runs} runs of {options.steps} steps; releases by {told}, crashed: {ends[-1]}; {wrong} runs wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
