"""What must never happen, judged over the request log and the final state after any case.

``seen`` is one client's view (a :class:`tests.faults.harness.faults.Faulty` has it); without one, the registry's own
log is taken, which is the same where nothing was disturbed. The rules are written anew here, not borrowed from the
product.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from shiplane.config.lane import BUILT_IN, Lane
from shiplane.config.version import Version
from shiplane.registry.oci.manifest import Index, Manifest, RawManifest, parse_config, parse_manifest
from shiplane.registry.oci.names import Platform
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.exchange import Effect, Exchange
from tests.faults.harness.memory import MemoryRegistry, Shelf

MAX_REQUESTS = 200
MAX_SECONDS = 15 * 60.0
MAX_WAIT = 60.0
# The tags of what refers to a manifest: they belong to its content, and to no lane.
_ATTACHED = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")
BOTH = frozenset({Platform("linux", "amd64"), Platform("linux", "arm64")})


@dataclass(frozen=True)
class Case:
    """What is judged.

    Attributes:
        registry: The final state, and every effect in order.
        seen: The client's view, one list for each client (for each run, when a case has several).
        lanes: Every lane of the repository.
        touched: Those that the runs were about; no name of another may be written.
        platforms: What each lane's image is for.
        lowers: Whether a floating tag may go down: only a rollback may.
        marked: Versions' tags that were marked as bad, besides those of which the ledger said so at that moment.
        initial: The tags before the first request, where the log does not begin with an empty registry.
        recorded: Whether every run ended well, so that each move has to be on record.
        contexts: For each build, the paths in its context before the run, and while the builder read it.
    """

    registry: MemoryRegistry
    seen: Sequence[Sequence[Exchange]] = ()
    repository: str = "cognary/aionis"
    lanes: Sequence[Lane] = BUILT_IN
    touched: Sequence[Lane] = BUILT_IN
    platforms: frozenset[Platform] = BOTH
    lowers: bool = False
    marked: frozenset[str] = frozenset()
    initial: dict[str, str] = field(default_factory=dict)
    recorded: bool = False
    contexts: Sequence[tuple[frozenset[str], frozenset[str]]] = ()

    @property
    def views(self) -> Sequence[Sequence[Exchange]]:
        return self.seen or (self.registry.log,)

    def effects(self) -> list[Effect]:
        return [effect for effect in self.registry.effects() if effect.repository == self.repository]

    def is_floating(self, tag: str) -> bool:
        return any(lane.floating_tag(tag) for lane in self.lanes)

    def version_of(self, tag: str) -> Version | None:
        return next((found for lane in self.lanes if (found := lane.version_of_tag(tag))), None)


def violations(case: Case) -> list[str]:
    """Every broken invariant, each as ``I1: what happened``; an empty list is what is wanted."""
    return [f"{name}: {what}" for name, rule in _RULES.items() for what in rule(case)]


def assert_invariants(case: Case) -> None:
    """Fail with every broken invariant."""
    broken = violations(case)
    assert not broken, "\n".join(broken)


def _write_once(case: Case) -> Iterator[str]:
    digests: dict[str, set[str]] = {tag: {digest} for tag, digest in case.initial.items()}
    for effect in case.effects():
        digests.setdefault(effect.tag, set()).update({effect.before, effect.after} - {""})
    for tag, all_of_them in digests.items():
        if case.version_of(tag) and len(all_of_them) > 1:
            yield f"{tag} had {len(all_of_them)} digests over time"


def _no_write_on_doubt(case: Case) -> Iterator[str]:
    for view in case.views:
        last: dict[str, Exchange] = {}
        for entry in view:
            if entry.is_manifest_put and case.version_of(entry.reference):
                read = last.get(entry.reference)
                if read is None or not read.says_absent:
                    yield f"{entry.reference} was written after {_said(read)}"
            # A 401 wrote nothing: what was read before it still holds.
            if entry.reference and not (entry.is_manifest_put and entry.status == 401):
                last[entry.reference] = entry


def _said(read: Exchange | None) -> str:
    return f"{read.method} {read.status} {set(read.codes)} {read.fault}" if read else "no look at it"


def _pointers_valid(case: Case) -> Iterator[str]:
    for lane, effect, tags in _moves(case):
        names = [tag for tag, digest in tags.items() if digest == effect.after and lane.version_of_tag(tag)]
        if not names:
            yield f"{effect.tag} was set to {effect.after[:19]}, which is not a version of lane {lane.name}"
        floating, versions = lane.floating_tag(effect.tag), [lane.version_of_tag(tag) for tag in names]
        if floating and not any(version and floating.spans(version) for version in versions):
            yield f"{effect.tag} was set to {names}, which is none of the {floating.span}"
        if (case.marked | _marks(case, lane, tags)) & set(names):
            yield f"{effect.tag} was set to {names}, which is marked as bad"
        yield from (f"{effect.tag}: {what}" for what in _faults_of(case, effect.after))


def _moves(case: Case) -> Iterator[tuple[Lane, Effect, dict[str, str]]]:
    """Each write of a floating tag, with all tags as they were at that moment."""
    tags = dict(case.initial)
    for effect in case.effects():
        tags[effect.tag] = effect.after
        for lane in case.lanes:
            if lane.floating_tag(effect.tag):
                yield lane, effect, dict(tags)


def _faults_of(case: Case, digest: str) -> Iterator[str]:
    shelf = case.registry.shelf(case.repository)
    index = parse_manifest(shelf.manifests[digest])
    if not isinstance(index, Index):
        yield "it is a single image, no index"
        return
    if sorted(str(entry.platform) for entry in index.images) != sorted(map(str, case.platforms)):
        yield f"it has the platforms {[str(entry.platform) for entry in index.images]}"
    for entry in index.manifests:
        child = shelf.manifests.get(str(entry.digest))
        yield from _faults_of_child(case, child, None if entry.is_attestation else entry.platform)


def _faults_of_child(case: Case, raw: RawManifest | None, platform: Platform | None) -> Iterator[str]:
    blobs = case.registry.shelf(case.repository).blobs
    child = parse_manifest(raw) if raw else None
    if not isinstance(child, Manifest):
        yield "a child manifest is missing"
        return
    for blob in (child.config, *child.layers):
        if len(blobs.get(str(blob.digest), b"")) != blob.size:
            yield f"blob {blob.digest.short} is missing or has another size"
    config = blobs.get(str(child.config.digest))
    if platform and config and parse_config(config).platform != platform:
        yield f"a config is not for {platform}"


def _monotone(case: Case) -> Iterator[str]:
    for lane, effect, tags in _moves(case):
        known = {digest: found for tag, digest in tags.items() if (found := lane.version_of_tag(tag))}
        before, after = known.get(effect.before), known.get(effect.after)
        floating = lane.floating_tag(effect.tag)
        if after and floating and after.is_prerelease and after.prerelease_kind not in floating.prereleases:
            yield f"{effect.tag} was set to the pre-release {after}"
        if before and after and after < before and not case.lowers:
            yield f"{effect.tag} was lowered from {before} to {after}"


def _own_names(case: Case) -> Iterator[str]:
    for view in case.views:
        for entry in view:
            name = entry.reference
            if not entry.is_manifest_put or ":" in name:
                continue
            if not any(lane.owns(name) for lane in case.touched) and not _ATTACHED.fullmatch(name):
                yield f"{name} was written, which is no name of {[lane.name for lane in case.touched]}"


def _nothing_detached(case: Case) -> Iterator[str]:
    """What refers to an image is listed for good, by whomever; only what the repository no longer has may go."""
    shelf = case.registry.shelf(case.repository)
    for effect in case.effects():
        if _ATTACHED.fullmatch(effect.tag) and effect.before:
            before, after = (_parts(shelf.manifests[digest]) for digest in (effect.before, effect.after))
            there = {*shelf.manifests, *shelf.blobs}
            lost = [part for part in before if part not in after and json.loads(part)["digest"] in there]
            yield from (f"{effect.tag} lost {part}" for part in lost)


def _parts(raw: RawManifest) -> list[str]:
    """The entries of a list, or the signatures under a tag of cosign's."""
    document = json.loads(raw.body)
    return [json.dumps(part, sort_keys=True) for part in (*document.get("manifests", ()), *document.get("layers", ()))]


def _secrets_at_home(case: Case) -> Iterator[str]:
    at_home = {case.registry.host, case.registry.token_host or case.registry.host}
    for view in case.views:
        for entry in view:
            if entry.authorization and entry.host not in at_home:
                yield f"{entry.host} was sent an authorization"
            if entry.authorization and entry.scheme != "https" and not entry.host.startswith("127."):
                yield f"{entry.host} was sent an authorization without TLS"
            if entry.authorization.startswith("Basic") and entry.path != "/token":
                yield f"{entry.path} was sent the credential itself"


def _bounded(case: Case) -> Iterator[str]:
    for view in case.views:
        if len(view) > MAX_REQUESTS:
            yield f"{len(view)} requests in one run"
        if view and view[-1].at - view[0].at > MAX_SECONDS:
            yield f"a run of {view[-1].at - view[0].at:.0f} s"
    clock = case.registry.clock
    if isinstance(clock, VirtualClock) and max(clock.sleeps, default=0) > MAX_WAIT:
        yield f"a wait of {max(clock.sleeps):.0f} s"


def _no_deletion(case: Case) -> Iterator[str]:
    for view in (*case.views, case.registry.log):
        yield from (f"DELETE {entry.path}" for entry in view if entry.method == "DELETE")


def _verified_bytes(case: Case) -> Iterator[str]:
    for view in case.views:
        read: set[str] = set()
        for entry in view:
            if entry.method == "GET" and entry.reference and entry.status == 200:
                read.add(entry.received)
            named = case.version_of(entry.reference) or case.is_floating(entry.reference)
            if entry.is_manifest_put and named and entry.sent not in read:
                yield f"{entry.reference} was sent {entry.sent[:19]}, which this run had not read"


def _on_record(case: Case) -> Iterator[str]:
    """After runs that all ended well each floating tag is where its ledger says, and each move stands there once."""
    if not case.recorded:
        return
    for lane in case.touched:
        effects = [effect for one, effect, _ in _moves(case) if one == lane]
        shelf = case.registry.shelf(case.repository)
        entries = entries_of(shelf, lane)[len(entries_of(shelf, lane, case.initial)) :]
        told = [entry for entry in entries if entry["action"] in {"float", "rollback"}]
        for tag in dict.fromkeys((*(effect.tag for effect in effects), *(entry["tag"] for entry in told))):
            moves = [(effect.before, effect.after) for effect in effects if effect.tag == tag]
            yield from _tag_on_record(tag, moves, [(e["from"] or "", e["to"]) for e in told if e["tag"] == tag])


def _tag_on_record(tag: str, moves: list[tuple[str, str]], known: list[tuple[str, str]]) -> Iterator[str]:
    if any(known.count(move) != moves.count(move) for move in moves):
        yield f"{tag} was moved {moves}, recorded are {known}"
    # Whoever is slow to record stands behind the one that went on from it, and before it all the same.
    if moves and known[-1:] != moves[-1:] and (len(moves) < 2 or known[-2:] != moves[-2:][::-1]):
        yield f"{tag} is at {moves[-1][1]}, its ledger ends with {known[-1:]}"


def _clean_contexts(case: Case) -> Iterator[str]:
    for before, shown in case.contexts:
        yield from (f"{path} was put into a build context" for path in sorted(shown - before))


def _credentials_where_meant(case: Case) -> Iterator[str]:
    """Each credential goes to the registry whose account it is, each token to the registry that gave it."""
    access, at_home = case.registry.access, {case.registry.host, case.registry.token_host or case.registry.host}
    accounts = {f"{name}:{account.password}" for name, account in access.accounts.items()}
    for view in (*case.views, case.registry.log):
        for entry in view:
            scheme, _, value = entry.authorization.partition(" ")
            if scheme and entry.host not in at_home:
                yield f"{entry.host} was sent what is for {case.registry.host}"
            if scheme == "Basic" and base64.b64decode(value).decode() not in accounts:
                yield f"{entry.host} was sent a credential that is no account of it"
            if scheme == "Bearer" and accounts and value not in access.given:
                yield f"{entry.host} was sent a token that it did not give"
            if any(account.password in f"{entry.path}?{entry.query}" for account in access.accounts.values()):
                yield f"{entry.host} was sent a password in a URL"


def _agreeing(case: Case) -> Iterator[str]:
    """Nothing goes down against the record, and runs that ended well leave no new contradiction."""
    for lane, effect, tags in _moves(case):
        place = _place(case, lane, effect.tag, tags)
        versions = {digest: lane.version_of_tag(tag) for tag, digest in tags.items() if lane.version_of_tag(tag)}
        after, recorded = versions.get(effect.after), place and Version.parse(place["version"])
        if after and recorded and after < recorded and not case.lowers:
            yield f"{effect.tag} was moved to {after}, and was recorded at {recorded}"
    for lane in case.touched if case.recorded else ():
        known = _differences(case, lane, case.initial)
        now = _differences(case, lane, case.registry.shelf(case.repository).tags)
        yield from (f"all ended well, and {what}" for what in sorted(now - known))


def _differences(case: Case, lane: Lane, tags: dict[str, str]) -> set[str]:
    """How the registry differs from the lane's ledger at a moment."""
    told = _told(case, lane, tags)
    published = {e["tag"]: e["to"] for e in told if e["action"] == "publish"}
    floating = {e["tag"] for e in told if e["action"] in {"float", "rollback"}}
    places = {tag: place for tag in floating if (place := _place(case, lane, tag, tags))}
    recorded = {**published, **{tag: place["to"] for tag, place in places.items()}}
    return {
        f"{tag} is at {tags.get(tag, 'nothing')[:19]}, and was recorded at {digest[:19]}"
        for tag, digest in recorded.items()
        if tags.get(tag) != digest
    }


def _place(case: Case, lane: Lane, floating: str, tags: dict[str, str]) -> dict[str, Any] | None:
    """The last move of a floating tag by the record; who was overtaken stands before whoever went on from it."""
    moves: list[dict[str, Any]] = []
    for entry in _told(case, lane, tags):
        if entry["action"] in {"float", "rollback"} and entry["tag"] == floating:
            at = [number for number, move in enumerate(moves) if move["id"] == entry.get("overtaken_by")]
            moves.insert(at[0] if at else len(moves), entry)
    return moves[-1] if moves else None


def _told(case: Case, lane: Lane, tags: dict[str, str]) -> list[dict[str, Any]]:
    """What the lane's ledger said at a moment."""
    shelf = case.registry.shelf(case.repository)
    if tags.get(lane.ledger, "") not in {"", *shelf.manifests}:
        return []  # a shelf that stands for a real registry's: ledgers were never put there
    return entries_of(shelf, lane, tags)


def _marks(case: Case, lane: Lane, tags: dict[str, str]) -> frozenset[str]:
    """The versions' tags that were marked, according to the ledger at a moment."""
    return marks_of(_told(case, lane, tags))


def marks_of(entries: Sequence[dict[str, Any]]) -> frozenset[str]:
    """The versions' tags that are marked after these entries."""
    marks: set[str] = set()
    for entry in entries:
        if entry["action"] == "mark":
            marks.add(entry["tag"])
        elif entry["action"] == "unmark":
            marks.discard(entry["tag"])
    return frozenset(marks)


def entries_of(shelf: Shelf, lane: Lane, tags: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """A ledger's lines (now, or with the tags as they were), as anybody reads them who knows the artifact's form."""
    digest = (shelf.tags if tags is None else tags).get(f"ledger-{lane.name}")
    layers = json.loads(shelf.manifests[digest].body)["layers"] if digest else []
    content = b"".join(shelf.blobs[layer["digest"]] for layer in layers)
    return [json.loads(line) for line in content.splitlines()]


_RULES: dict[str, Callable[[Case], Iterator[str]]] = {
    "I1": _write_once,
    "I2": _no_write_on_doubt,
    "I3": _pointers_valid,
    "I4": _monotone,
    "I5": _own_names,
    "attached": _nothing_detached,
    "I7": _secrets_at_home,
    "I8": _bounded,
    "I10": _no_deletion,
    "I11": _on_record,
    "I12": _verified_bytes,
    "I13": _clean_contexts,
    "I14": _credentials_where_meant,
    "I15": _agreeing,
}
