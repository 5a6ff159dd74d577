"""Tag lists: all of it, from the registry itself, or no list at all; never a part that is taken for the whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from shiplane.core.errors import AccessError, UnreachableError, VerificationError
from shiplane.registry.http.exchange import Request, Response
from tests.faults.harness.access import answer, failure
from tests.faults.harness.client_setup import AIONIS, ClientSetup
from tests.faults.harness.faults import F, Fault, Faulty, Instead
from tests.faults.harness.images import push_image

LIST = "/v2/cognary/aionis/tags/list"
Page = Callable[[Request], Response]


def page(*names: object, link: str = "", name: str = AIONIS.path) -> Response:
    return answer(200, {"name": name, "tags": list(names)}, **({"link": link} if link else {}))


def after(last: str) -> str:
    return f'<{LIST}?n=1000&last={last}>; rel="next"'


def paged(request: Request) -> int:
    return int(parse_qs(urlsplit(request.url).query).get("last", ["0"])[0])


def listed(*answers: Page) -> tuple[list[str], int]:
    """The tags, and how many requests it took; the answers come in order, the last for ever."""
    setup = ClientSetup()
    wire = Instead(setup.memory, {})

    def in_turn(request: Request) -> Response:
        return answers[min(len(wire.asked), len(answers)) - 1](request)

    wire.answers = {"/tags/list": in_turn}
    return list(setup.registry(wire).tags()), len(wire.asked)


def static(*pages: Response) -> list[Page]:
    return [lambda _, response=response: response for response in pages]  # type: ignore[misc]


FULL = [f"v{number}" for number in range(1000)]
WHOLE: dict[str, tuple[list[Response], list[str]]] = {
    "one page": ([page("v1", "latest")], ["v1", "latest"]),
    "two pages": ([page("v1", link=after("v1")), page("v2")], ["v1", "v2"]),
    "an absolute link": ([page("a", link=f'<https://ghcr.io{LIST}?last=a>; rel="next"'), page("b")], ["a", "b"]),
    "a link with its port": (
        [page("a", link=f'<https://ghcr.io:443{LIST}?last=a>; rel="next"'), page("b")],
        ["a", "b"],
    ),
    "a link that is only a query": ([page("a", link='<?last=a>; rel="next"'), page("b")], ["a", "b"]),
    "a link without quotes": ([page("a", link=f"<{LIST}?last=a>; rel=next"), page("b")], ["a", "b"]),
    "a link among others": ([page("a", link=f'<{LIST}>; rel="prev", {after("a")}'), page("b")], ["a", "b"]),
    "a link with more to it": ([page("a", link=f'<{LIST}?last=a>; title="x"; rel="next"'), page("b")], ["a", "b"]),
    "only a link backwards": ([page("a", link=f'<{LIST}?last=0>; rel="prev"')], ["a"]),
    "an empty page between": ([page("a", link=after("a")), page(link=after("b")), page("c")], ["a", "c"]),
    "a full page without a link": ([page(*FULL), page("w")], [*FULL, "w"]),
    "a full page that is all": ([page(*FULL), page()], FULL),
    "a full page of a registry that knows no last": ([page(*FULL), page(*FULL)], FULL),
    "null for none": ([answer(200, {"name": AIONIS.path, "tags": None})], []),
    "a list without its name": ([answer(200, {"tags": ["a"]})], ["a"]),
    "a tag that is on two pages": ([page("a", "b", link=after("b")), page("b", "c")], ["a", "b", "c"]),
    "names that are no tags": ([page("a", None, 7, "", "-x", "a b", "sha256:abc", "x" * 129, "é", "b\n")], ["a"]),
    "a repository that is unknown": ([failure(404, "NAME_UNKNOWN", "unknown")], []),
}


@pytest.mark.parametrize(("pages", "tags"), WHOLE.values(), ids=WHOLE.keys())
def test_a_list_that_ends_is_read_to_its_end(pages: list[Response], tags: list[str]) -> None:
    assert listed(*static(*pages)) == (tags, len(pages))


BROKEN: dict[str, list[Page]] = {
    "leads to itself": static(page("a", link=f'<{LIST}?n=1000>; rel="next"')),
    "goes round in two": static(page("a", link=after("a")), page("b", link=after("b")), page("c", link=after("a"))),
    "ignores where it was": [lambda r: page("a", "b", link=after(str(paged(r) + 1)))],
    "never ends": [lambda r: page(f"t{paged(r)}", link=after(str(paged(r) + 1)))],
    "never ends with empty pages": [lambda r: page(link=after(str(paged(r) + 1)))],
    "goes on at another host": static(page("a", link=f'<https://evil.example{LIST}>; rel="next"')),
    "goes on at another port": static(page("a", link=f'<https://ghcr.io:8443{LIST}>; rel="next"')),
    "goes on without TLS": static(page("a", link=f'<http://ghcr.io{LIST}>; rel="next"')),
    "goes on with a user": static(page("a", link=f'<https://ghcr.io@evil.example{LIST}>; rel="next"')),
    "goes on behind a backslash": static(page("a", link=f'<https://evil.example\\@ghcr.io{LIST}>; rel="next"')),
    "goes on in another repository": static(page("a", link='</v2/evil/x/tags/list?last=a>; rel="next"')),
    "goes on at a broken address": static(page("a", link='<https://[::1/x>; rel="next"')),
    "has a link without brackets": static(page("a", link=f'{LIST}?last=a; rel="next"')),
    "has a link that is not closed": static(page("a", link=f'<{LIST}?last=a; rel="next"')),
    "has an empty link": static(page("a", link='<>; rel="next"')),
    "is of another repository": static(page("a", name="evil/x")),
    "is a page of a proxy": static(Response(status=200, headers={}, body=b"<html>Sign in</html>")),
    "is empty": static(Response(status=200, headers={})),
    "is an error with a 200": static(answer(200, {"errors": [{"code": "UNKNOWN"}]})),
    "is an object without tags": static(answer(200, {})),
    "is an array": static(answer(200, ["a"])),
    "has a number for tags": static(answer(200, {"name": AIONIS.path, "tags": 7})),
    "has a key twice": static(Response(status=200, headers={}, body=b'{"tags": ["a"], "tags": []}')),
    "is an odd success": static(Response(status=206, headers={}, body=json.dumps({"tags": ["a"]}).encode())),
    "is a bad request": static(failure(400, "PAGINATION_NUMBER_INVALID", "n")),
    "is a 404 of a proxy": static(Response(status=404, headers={}, body=b"<html>")),
    "is lost on its second page": static(page("a", link=after("a")), failure(404, "NAME_UNKNOWN", "unknown")),
    "repeats a page that it linked to": static(page("a", link=after("a")), page("a")),
    "is unsupported": static(failure(405, "UNSUPPORTED", "unsupported")),
}


@pytest.mark.parametrize("answers", BROKEN.values(), ids=BROKEN.keys())
def test_a_list_that_cannot_be_whole_is_no_list(answers: list[Page]) -> None:
    with pytest.raises(UnreachableError):
        listed(*answers)


def test_a_list_is_followed_over_at_most_a_thousand_pages() -> None:
    setup = ClientSetup()
    wire = Instead(setup.memory, {"/tags/list": lambda r: page(f"t{paged(r)}", link=after(str(paged(r) + 1)))})
    with pytest.raises(UnreachableError, match="does not end"):
        setup.registry(wire).tags()
    assert len(wire.asked) == 1000


def test_a_page_of_gigabytes_is_not_read() -> None:
    setup = ClientSetup()
    with pytest.raises(VerificationError):
        setup.registry(Faulty(setup.memory, [Fault(F.OVERSIZED, "GET", "/tags/")], setup.clock)).tags()


def test_a_refusal_on_a_later_page_is_a_refusal() -> None:
    setup = ClientSetup()
    setup.memory.page = 1
    for tag in ("a", "b"):
        push_image(setup.memory, AIONIS, tag=tag)
    wire = Faulty(setup.memory, [Fault(F.FORBIDDEN, "GET", "/tags/", skip=1)], setup.clock)
    with pytest.raises(AccessError):
        setup.registry(wire).tags()


def test_a_token_that_ends_between_two_pages_is_renewed() -> None:
    setup = ClientSetup()
    setup.memory.page = 1
    names = ["a", "b", "c"]
    for tag in names:
        push_image(setup.memory, AIONIS, tag=tag)
    wire = Faulty(setup.memory, [Fault(F.UNAUTHORIZED, "GET", "/tags/", skip=1)], setup.clock)
    assert setup.registry(wire).tags() == names
