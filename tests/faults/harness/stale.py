"""Reads of seconds ago: a registry that answers as it would have before the last write of a name, as replicas do.

A stale read of a tag shows what the tag had before (404 for one that was just created), a stale list the tags that
there were before the last run, a stale ledger the lines before the last ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shiplane.registry.http.exchange import Request, Response
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.exchange import Exchange, exchange
from tests.faults.harness.faults import FOR_EVER
from tests.faults.harness.memory import MemoryRegistry, Pending, Shelf
from tests.faults.harness.scene import PATH

LIST = "tags/list"
_TAG, _LIST = f"/v2/{PATH}/manifests/", f"/v2/{PATH}/{LIST}"


def read_name(request: Request) -> str:
    """The tag that a request reads, ``LIST``, or nothing for whatever cannot be stale."""
    path = request.url.partition("://")[2].partition("?")[0].partition("/")[2]
    path = f"/{path}"
    if request.method not in ("GET", "HEAD") or not path.startswith((_TAG, _LIST)):
        return ""
    name = path.removeprefix(_TAG)
    return LIST if path == _LIST else "" if ":" in name else name


@dataclass(frozen=True)
class Lagging:
    """Which reads are stale.

    Attributes:
        name: The tag, ``LIST``, or nothing for any of them.
        skip: How many of these reads pass first.
        times: How many are stale then, or ``FOR_EVER``.
    """

    name: str = ""
    skip: int = 0
    times: float = FOR_EVER

    def meets(self, name: str) -> bool:
        return bool(name) and self.name in ("", name)


@dataclass
class StaleReads:
    """A transport to a registry some of whose reads are stale.

    Attributes:
        inner: The registry.
        plan: Which reads.
        listed: The tags of a stale list.
        log: The client's view.
        reads: The names that were read, in order.
        met: How many reads were stale.
    """

    inner: MemoryRegistry
    plan: Sequence[Lagging] = ()
    listed: frozenset[str] = frozenset()
    log: list[Exchange] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    met: int = 0
    _seen: dict[int, int] = field(default_factory=dict)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :class:`shiplane.registry.http.exchange.Transport`."""
        name = "" if "Authorization" not in request.headers else read_name(request)
        if name:
            self.reads.append(name)
        stale = self._due(name)
        self.met += stale
        response = self._stale(name, request, limit, deadline) if stale else self._true(request, limit, deadline)
        assert isinstance(self.inner.clock, VirtualClock)
        self.log.append(exchange(self.inner.clock.now(), request, response, fault="stale" if stale else ""))
        return response

    def _true(self, request: Request, limit: int, deadline: float) -> Response:
        return self.inner.send(request, limit=limit, deadline=deadline)

    def _stale(self, name: str, request: Request, limit: int, deadline: float) -> Response:
        shelf = self.inner.shelf(PATH)
        hidden = {tag for tag in shelf.tags if tag not in self.listed} if name == LIST else {name}
        shown = {tag: "" if name == LIST else shelf.before.get(tag, "") for tag in hidden}
        shelf.pending |= {tag: Pending(digest, 0.0, 1) for tag, digest in shown.items()}
        response = self._true(request, limit, deadline)
        for tag in hidden:
            shelf.pending.pop(tag, None)
        return response

    def _due(self, name: str) -> bool:
        due = False
        for position, lagging in enumerate(self.plan):
            if lagging.meets(name):
                count = self._seen[position] = self._seen.get(position, 0) + 1
                due = due or lagging.skip < count <= lagging.skip + lagging.times
        return due


def listed(shelf: Shelf) -> frozenset[str]:
    """The tags that there are."""
    return frozenset(shelf.tags)
