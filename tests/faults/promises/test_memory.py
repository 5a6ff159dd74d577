"""The fake behaves as the real thing: as GHCR was observed to answer, and as the distribution-spec says."""

from __future__ import annotations

import pytest

from shiplane.core.credential import Credential
from shiplane.core.errors import AccessError
from shiplane.registry.http.exchange import Request
from shiplane.registry.oci.lookup_result import Absent, Present, Refused
from shiplane.registry.oci.manifest import OCI_INDEX, Index, RawManifest, parse_manifest
from shiplane.registry.oci.names import Tag
from tests.faults.harness.client_setup import AIONIS, PASSWORD, ClientSetup
from tests.faults.harness.exchange import Effect
from tests.faults.harness.images import children, lie_in_config, lose_child, push_image
from tests.faults.harness.memory import Lag

LATEST = Tag("latest")


def test_a_pushed_image_is_read_back_by_tag_and_by_digest() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag="latest")
    client = setup.registry()
    assert client.get_manifest(LATEST) == Present(raw)
    assert client.get_manifest(raw.digest) == Present(raw)
    parsed = parse_manifest(raw)
    assert isinstance(parsed, Index)
    assert [str(entry.platform) for entry in parsed.images] == ["linux/amd64", "linux/arm64"]
    assert len(parsed.manifests) == 4


def test_an_image_pushed_by_digest_has_no_name() -> None:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS)
    assert setup.registry().tags() == []
    assert setup.registry().get_manifest(LATEST) == Absent()


def test_equal_arguments_give_equal_bytes_and_salt_gives_others() -> None:
    setup = ClientSetup()
    assert push_image(setup.memory, AIONIS).digest == push_image(setup.memory, AIONIS).digest
    assert push_image(setup.memory, AIONIS, salt="x").digest != push_image(setup.memory, AIONIS).digest


def test_a_put_of_a_tag_is_logged_with_before_and_after() -> None:
    setup = ClientSetup()
    old, new = push_image(setup.memory, AIONIS, tag="latest"), push_image(setup.memory, AIONIS, version="0.2.2")
    assert setup.registry().put_manifest(LATEST, new).certain
    assert setup.memory.effects() == [Effect("cognary/aionis", "latest", str(old.digest), str(new.digest))]


def test_an_index_without_its_children_is_not_taken() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS)
    lose_child(setup.memory, AIONIS, raw)
    written = setup.registry().put_manifest(LATEST, raw)
    assert not written.certain
    assert "MANIFEST_BLOB_UNKNOWN".lower() in written.detail


def test_bytes_that_are_not_their_digest_are_not_taken() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS)
    other = RawManifest(body=raw.body + b" ", media_type=OCI_INDEX)
    assert "digest_invalid" in setup.registry().put_manifest(raw.digest, other).detail


@pytest.mark.parametrize(("user", "told"), [("reader", "write_package"), ("nobody", "denied")])
def test_who_may_not_push_is_told_in_the_words_of_ghcr(user: str, told: str) -> None:
    setup = ClientSetup()
    setup.credential = Credential(registry="ghcr.io", username=user, password=PASSWORD, source="test")
    # A reader's token says nothing of what it grants; the upload is where it shows.
    with pytest.raises(AccessError, match=told):
        setup.registry().probe_push()


def test_a_private_package_refuses_strangers() -> None:
    setup = ClientSetup(credential=None)
    setup.memory.access.anonymous = ""
    push_image(setup.memory, AIONIS, tag="latest")
    assert isinstance(setup.registry().get_manifest(LATEST), Refused)


def test_with_a_lag_of_two_reads_the_third_sees_the_tag() -> None:
    setup = ClientSetup()
    setup.memory.lag = Lag(reads=2)
    raw = push_image(setup.memory, AIONIS)
    client = setup.registry()
    client.put_manifest(LATEST, raw)
    answers = [client.get_manifest(LATEST) for _ in range(3)]
    assert answers == [Absent(), Absent(), Present(raw)]


def test_with_a_lag_in_seconds_a_moved_tag_shows_its_old_digest_until_then() -> None:
    setup = ClientSetup()
    setup.memory.lag = Lag(seconds=10)
    old, new = push_image(setup.memory, AIONIS, tag="latest"), push_image(setup.memory, AIONIS, version="0.2.2")
    client = setup.registry()
    client.put_manifest(LATEST, new)
    assert client.get_manifest(LATEST) == Present(old)
    setup.clock.pass_by(10)
    assert client.get_manifest(LATEST) == Present(new)


def test_tags_are_listed_from_oldest_to_newest_over_all_pages() -> None:
    setup = ClientSetup()
    setup.memory.page = 2
    names = ["v0.10.0", "latest", "v0.9.0", "standalone-v1.0.0", "v0.1.0"]
    for name in names:
        push_image(setup.memory, AIONIS, tag=name)
    assert setup.registry().tags() == names


def test_a_delete_is_unsupported_and_recorded() -> None:
    setup = ClientSetup()
    setup.memory.access.scheme = "none"
    push_image(setup.memory, AIONIS, tag="latest")
    request = Request(method="DELETE", url="https://ghcr.io/v2/cognary/aionis/manifests/latest")
    assert setup.memory.send(request, limit=100, deadline=1).status == 405
    assert [entry.method for entry in setup.memory.log] == ["DELETE"]
    assert "latest" in setup.memory.tags(AIONIS)


def test_a_config_can_be_made_to_lie() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS)
    lied = lie_in_config(setup.memory, AIONIS, raw, 1, architecture="s390x")
    assert children(lied)[1]["platform"]["architecture"] == "arm64"
    assert children(lied)[0] == children(raw)[0]
    assert children(lied)[1]["digest"] != children(raw)[1]["digest"]


def test_a_token_ends_with_its_lifetime() -> None:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag="latest")
    client = setup.registry()
    client.get_manifest(LATEST)
    setup.clock.pass_by(301)
    client.get_manifest(LATEST)
    assert [entry.status for entry in setup.memory.log] == [200, 200, 401, 200, 200]
