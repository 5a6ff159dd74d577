"""A client for a look at one moment: what it has read it asks for once, unless to see whether it has changed."""

from __future__ import annotations

from contextlib import suppress

import pytest

from shiplane.core.errors import AccessError, UnreachableError
from shiplane.registry.lookup import resolve, resolve_consistent, wait_until_readable
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import Manifest, parse_manifest
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.registry.read_once import ReadOnce
from tests.faults.harness.client_setup import AIONIS, ClientSetup
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.images import children, push_image

V = Tag("v0.2.1")


def test_nothing_is_asked_for_twice_and_no_repository_is_taken_for_another() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    other = push_image(setup.memory, "cognary/other", tag=V, salt="other")
    client = ReadOnce.of(setup.registry())
    child = Digest(children(raw)[0]["digest"])
    elsewhere = client.at(Repository("ghcr.io", "cognary/other"))
    for _ in range(2):
        assert client.get_manifest(V) == Present(raw)
        assert elsewhere.get_manifest(V) == Present(other)
        assert client.get_manifest(Tag("none")) == Absent()
        assert (client.tags(), elsewhere.tags()) == ([V], [V])
        answer = client.get_manifest(child)
        assert isinstance(answer, Present)
        document = parse_manifest(answer.raw)
        assert isinstance(document, Manifest)
        assert Digest.of(client.blob(document.config)) == document.config.digest
    assert ReadOnce.of(client) is client
    paths = [entry.path for entry in setup.memory.log if entry.path != "/token"]
    assert len(paths) == len(set(paths)) == 7


def test_an_error_is_no_reason_to_ask_again() -> None:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag=V)
    faulty = Faulty(setup.memory, [Fault(F.FORBIDDEN, "GET", "/tags/list")], setup.clock)
    client = ReadOnce.of(setup.registry(faulty))
    for _ in range(2):
        with pytest.raises(AccessError):
            client.tags()
    assert client.fresh.tags() == [V]


def test_what_may_have_changed_is_read_anew() -> None:
    setup = ClientSetup()
    client = ReadOnce.of(setup.registry())
    assert resolve(client, V) == Absent()
    raw = push_image(setup.memory, AIONIS, tag=V)
    answer = resolve(client, V)
    assert answer == Absent()
    with suppress(UnreachableError):
        answer = wait_until_readable(client, V)
    assert answer == Present(raw)
    assert resolve_consistent(client, V, lambda digest: digest == raw.digest) == Present(raw)
