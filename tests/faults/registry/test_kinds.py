"""The kind of a registry and its referrers API, told from one answer; and the table that explains each kind."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response, TransportError
from shiplane.registry.http.session import Session
from shiplane.registry.kinds import registry_kinds, traits_of
from shiplane.registry.oci.manifest import OCI_INDEX
from shiplane.registry.oci.names import Repository
from tests.faults.harness.behaviour import BEHAVIOURS

VERSION = {"docker-distribution-api-version": "registry/2.0"}
# As distribution 2.8.3 and crane 0.20.7 answer.
PLAIN = b"404 page not found\n"
CRANE = b'{"errors":[{"code":"METHOD_UNKNOWN","message":"We don\'t understand your method + url"}]}\n'
NO_NAME = b'{"errors":[{"code":"NAME_UNKNOWN","message":"unknown"}]}'
FALLBACK = "no referrers API: signatures are listed under the tag sha256-<digest>, which tag lists show"


@dataclass
class Answering:
    """A transport that gives one answer to everything, and counts how often."""

    response: Response | None
    asked: int = 0

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:  # noqa: ARG002
        self.asked += 1
        if self.response is None:
            raise TransportError("reset")
        return self.response


def told(response: Response | None, host: str = "registry.example") -> str:
    transport = Answering(response)
    text = str(traits_of(RegistryClient(Session(transport), Repository(host, "acme/app"))))
    assert transport.asked == 1
    return text


def notes(key: str) -> str:
    return "".join(f"; {note}" for note in registry_kinds()[key].notes)


@pytest.mark.parametrize(
    ("response", "text"),
    [
        (Response(status=404, headers=VERSION, body=PLAIN), f"answers like distribution; {FALLBACK}"),
        (
            Response(status=404, headers=VERSION, body=CRANE),
            f"answers like crane registry serve; {FALLBACK}{notes('crane')}",
        ),
        # Any server of Go's says this: without the header of the API nothing is told by it.
        (Response(status=404, headers={}, body=PLAIN), f"unknown kind; {FALLBACK}"),
        (Response(status=404, headers=VERSION, body=b"<html>"), f"unknown kind; {FALLBACK}"),
        (Response(status=404, headers=VERSION, body=NO_NAME), "unknown kind"),
        (
            Response(status=200, headers={**VERSION, "content-type": f"{OCI_INDEX}; charset=utf-8"}),
            "unknown kind; referrers API",
        ),
        # Whatever that is, it is no list of referrers.
        (Response(status=200, headers={"content-type": "text/html"}), "unknown kind"),
        (Response(status=400, headers=VERSION, body=PLAIN), "unknown kind"),
        (Response(status=303, headers={"location": "https://example.com/"}), f"unknown kind; {FALLBACK}"),
        (Response(status=403, headers={}), "unknown kind"),
        (Response(status=503, headers={}), "unknown kind"),
        (None, "unknown kind"),
    ],
)
def test_a_kind_is_told_from_an_answer_or_called_unknown(response: Response | None, text: str) -> None:
    assert told(response) == text


@pytest.mark.parametrize(("host", "key"), [("docker.io", "docker-hub")])
def test_a_host_tells_its_kind_whatever_it_answers(host: str, key: str) -> None:
    name = registry_kinds()[key].name
    assert told(None, host) == f"{name}{notes(key)}"
    assert told(Response(status=404, headers=VERSION, body=PLAIN), host) == f"{name}; {FALLBACK}{notes(key)}"


def test_every_line_of_the_table_says_what_was_seen_where_and_by_whom() -> None:
    kinds = registry_kinds()
    assert {"ghcr", "docker-hub", "distribution", "crane", "zot"} <= set(kinds)
    for kind in kinds.values():
        assert set(kind.behaviours) <= set(BEHAVIOURS), kind.key
        for behaviour in kind.behaviours.values():
            assert behaviour.answer, kind.key
            assert behaviour.means.endswith("."), behaviour.means
            assert behaviour.versions, behaviour.answer
            assert re.fullmatch(r"run|once|nothing found|(https://\S+(, )?)+|[\w-]+/[\w-]+ \S+", behaviour.source)
    hosts = [host for kind in kinds.values() for host in kind.hosts]
    assert len(hosts) == len(set(hosts))
