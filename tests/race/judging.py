"""Whether a race broke a promise: by the rules for the model's interleavings, by the tags, and by the ledger."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from shiplane.config.lane import Lane
from shiplane.core.check import Check
from shiplane.ledger.artifact import PREVIOUS, parse_ledger_manifest
from shiplane.ledger.ledger import BrokenLedgerError
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Present, digest_of
from shiplane.registry.oci.names import Digest, Repository, Tag
from tests.faults.harness.exchange import Effect, Exchange
from tests.faults.harness.invariants import Case, entries_of, violations
from tests.faults.harness.memory import MemoryRegistry, Shelf
from tests.faults.harness.races import lies
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import finish
from tests.race.courses import Course
from tests.race.processes import Ended, Recorder, releaser

_Fact: TypeAlias = tuple[str, ...]
_MOVE, _PUBLISH = "move", "publish"


@dataclass(frozen=True)
class Judge:
    """One race after its end.

    Attributes:
        course: What was raced.
        before: The repository as it was before.
        repository: Where it is.
        ends: How both processes ended.
    """

    course: Course
    before: Shelf
    repository: Repository
    ends: Sequence[Ended]

    @property
    def lane(self) -> Lane:
        """The lane that was raced."""
        return self.course.scenario.lane

    @cached_property
    def reader(self) -> Releaser:
        """Who looks at it."""
        return releaser(self.repository, Recorder(), recorded=self.course.recorded)

    def broken(self) -> list[str]:
        """Every promise that does not hold, each as ``I1: what happened``."""
        found = [*self._ends(), *violations(self._case), *self._lies()]
        return [*found, *self._record()] if self.course.recorded else found

    def story(self) -> list[str]:
        """Which manifest was requested when and by whom, and the answer: for debugging."""
        both = [(number, entry) for number, end in enumerate(self.ends) for entry in end.log if entry.reference]
        told = sorted(both, key=lambda one: one[1].at)
        asked = [
            f"{e.at - told[0][1].at:7.3f} s  {number}: {e.method} {e.reference[:19]} {e.status} "
            f"{(e.sent or e.received)[7:19]}"
            for number, e in told
        ]
        return [*asked, *(f"{number} ended with {end.code} {end.words}" for number, end in enumerate(self.ends))]

    @cached_property
    def complaints(self) -> list[Check]:
        """What ``verify`` then says of the floating tag and of each version."""
        versions = [None, *filter(None, map(self.lane.version_of_tag, self._tags))]
        found = [finish(self.reader.verify(self.lane, version)) for version in versions]
        return [check for one in found for check in one.checks if not check.good]

    @property
    def _well(self) -> bool:
        return all(end.code == 0 for end in self.ends)

    @cached_property
    def _tags(self) -> Mapping[str, str]:
        """The tags as they are now."""
        registry = self.reader.registry
        return {tag: self._digest(tag) for tag in registry.tags()}

    def _digest(self, tag: Tag) -> str:
        return str(digest_of(resolve(self.reader.registry, tag)) or "")

    def _ends(self) -> Iterator[str]:
        for end in self.ends:
            if end.code not in self.course.scenario.codes:
                yield f"exit {end.code}: {end.words}"

    def _lies(self) -> Iterator[str]:
        """I9: what was promised is what was read, and of a version it is so still."""
        for end in self.ends:
            yield from lies(end.log, end.promised)
            for tag, digest in end.promised:
                if self.lane.version_of_tag(tag) and self._tags.get(tag) != digest:
                    yield f"I9: {tag} was called {digest[:19]}, but is {self._tags.get(tag)}"

    # What both did, put together to what the registry went through.

    @cached_property
    def _case(self) -> Case:
        shelf = Shelf(dict(self.before.manifests), dict(self.before.blobs), dict(self._tags))
        tags, registry = dict(self.before.tags), MemoryRegistry(host=self.repository.registry)
        registry.shelves[self.repository.path] = shelf
        for entry in self._in_order():
            self._fetch(Tag(entry.reference), entry.sent, shelf)
            registry.log.append(_arrived(entry, tags))
        for tag, digest in self._tags.items():
            self._fetch(Tag(tag), digest, shelf)
        return Case(
            registry,
            seen=[end.log for end in self.ends],
            repository=self.repository.path,
            lanes=self.course.scenario.configured,
            touched=self.course.scenario.configured,
            lowers=self.course.scenario.lowers,
            initial=dict(self.before.tags),
            recorded=self.course.recorded and self._well,
        )

    def _in_order(self) -> list[Exchange]:
        """All writes of tags as they were answered; what a tag has now was written last, whenever its answer came."""
        written = sorted((e for end in self.ends for e in end.written()), key=lambda entry: entry.at)
        for tag, last in {entry.reference: entry for entry in written}.items():
            final = [entry for entry in written if (entry.reference, entry.sent) == (tag, self._tags[tag])]
            if final and last not in final:
                written.remove(final[-1])
                written.insert(written.index(last) + 1, final[-1])
        return written

    def _fetch(self, tag: Tag, digest: str, shelf: Shelf) -> None:
        """Put what was written into a ledger where the rules look for it; images lie there already."""
        registry = self.reader.registry
        answer = None if digest in shelf.manifests else resolve(registry, Digest(digest))
        if isinstance(answer, Present):
            shelf.manifests[digest] = answer.raw
            for piece in parse_ledger_manifest(answer.raw, tag).pieces:
                shelf.blobs[str(piece.digest)] = registry.blob(piece)

    # The record.

    def _record(self) -> Iterator[str]:
        """I11: the ledger goes on from what it was, whole, and has what was done, each thing once."""
        assert self.reader.ledgers
        try:
            self.reader.ledgers.store(self.lane).read_verified()
        except BrokenLedgerError as error:
            yield f"I11: {error.what}"
            return
        earlier, states = _words(entries_of(self.before, self.lane)), [_words(state) for state in self._states()]
        if any(after[: len(before)] != before for after, before in itertools.pairwise(states)):
            yield "I11: the ledger does not go on from what it was"
        if earlier not in [*states, []]:
            yield "I11: the ledger was begun anew"
        yield from self._told(Counter(map(_fact, self._entries(self._tags.get(self.lane.ledger, ""))[len(earlier) :])))
        if self._well:
            yield from (f"I11: {check}" for check in self.complaints if check.name == "record")

    def _told(self, told: Mapping[_Fact, int]) -> Iterator[str]:
        """Whoever ended well is on record, whoever did not may be, and nothing is there twice or was never done."""
        done = set().union(*(self._done(end) for end in self.ends))
        owed = set().union(*(self._done(end) | self._wrote(end) for end in self.ends if end.code == 0))
        yield from (f"I11: {fact} is on record {times} times" for fact, times in told.items() if times > 1)
        yield from (f"I11: {fact} was done, and is not on record" for fact in owed - set(told))
        made_up = {fact for fact in told if fact[0] in {_MOVE, _PUBLISH}} - done
        yield from (f"I11: {fact} is on record, and was not done" for fact in made_up)

    def _done(self, end: Ended) -> set[_Fact]:
        """What a process did to the tags."""
        published = (entry for entry in end.written() if self.lane.version_of_tag(entry.reference))
        return {(_MOVE, *move) for move in end.moves(self.lane)} | {(_PUBLISH, e.reference, e.sent) for e in published}

    def _wrote(self, end: Ended) -> set[_Fact]:
        """What a process last put on record: marks too."""
        written = [entry.sent for entry in end.written() if entry.reference == self.lane.ledger][-1:]
        known = len(entries_of(self.before, self.lane))
        return {_fact(entry) for digest in written for entry in self._entries(digest)[known:]}

    def _entries(self, digest: str) -> list[dict[str, Any]]:
        """A state of the ledger."""
        return entries_of(self._case.registry.shelf(self.repository), self.lane, {self.lane.ledger: digest})

    def _states(self) -> Iterator[list[dict[str, Any]]]:
        """The ledger as it is, and as it was before each write, back to the first."""
        digest = self._tags.get(self.lane.ledger, "")
        while digest:
            yield self._entries(digest)
            manifest = self._case.registry.shelf(self.repository).manifests[digest]
            digest = json.loads(manifest.body)["annotations"].get(PREVIOUS, "")


def _arrived(entry: Exchange, tags: dict[str, str]) -> Exchange:
    """A write with what came of it in a repository with these tags."""
    before, tags[entry.reference] = tags.get(entry.reference, ""), entry.sent
    changed = Effect(entry.repository, entry.reference, before, entry.sent) if before != entry.sent else None
    return replace(entry, effect=changed)


def _words(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The words by which entries are known."""
    return [entry["id"] for entry in entries]


def _fact(entry: Mapping[str, Any]) -> _Fact:
    """What an entry says: a move of a tag with both its ends, a publication, a mark."""
    if entry["action"] in {"float", "rollback"}:
        return _MOVE, entry["tag"], entry["from"] or "", entry["to"]
    return entry["action"], entry["tag"], entry["to"]
