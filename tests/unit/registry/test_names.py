from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shiplane.core.host_names import is_loopback, split_port
from shiplane.registry.oci.names import Digest, Platform, Repository, parse_platforms, parse_tag
from tests.unit.generate import quickly
from tests.unit.hostile import SIGNS, refusal_of

ACCEPTED = {
    "ghcr.io/cognary/aionis": "production itself",
    "ghcr.io/cognary/aionis/web": "GHCR has nested packages",
    "ghcr.io/a-b/c.d_e__f--g": "every separator that the grammar has",
    "ghcr.io:443/cognary/aionis": "a port, if a needless one",
    "docker.io/library/alpine": "another registry",
    "quay.io/alpine": "another registry may do without an owner",
    "registry.example.com:8443/team/x": "another registry with a port",
    "xn--bcher-kva.example/x": "an IDN in the only spelling that DNS has",
    "localhost/x": "this machine",
    "localhost:5000/x": "a registry on this machine, as the tests have it",
    "127.0.0.1:5000/x": "the same by address",
    "[::1]:5000/x": "the same by address, version 6",
    "[2001:db8::1]/x": "an address of version 6",
    "192.0.2.7:65535/x": "an address with the highest port",
    f"ghcr.io/a/{'b' * 245}": "255 characters, the longest",
}
REFUSED = {
    "": "does not name a registry",
    "aionis": "does not name a registry",
    "cognary/aionis": "does not name a registry",
    "/cognary/aionis": "does not name a registry",
    "ghcr.io": "has no name",
    "ghcr.io/": "has no name",
    "ghcr.io/aionis": "has no owner",
    "ghcr.io:443/aionis": "has no owner",
    "localhost": "has no name",
    "ghcr.io/Cognary/aionis": "did you mean 'ghcr.io/cognary/aionis'",
    "GHCR.IO/cognary/aionis": "did you mean 'ghcr.io/cognary/aionis'",
    "ghcr.io.evil.tld/cognary/aionis": "only looks like ghcr.io",
    "ghcr.io@evil/x": "has credentials",
    "ghcr.io@evil.tld/cognary/aionis": "has credentials",
    "user:pw@ghcr.io/cognary/aionis": "has credentials",
    "https://user:pw@ghcr.io/cognary/aionis": "has a scheme",
    "http://ghcr.io/cognary/aionis": "has a scheme",
    "docker://ghcr.io/cognary/aionis": "has a scheme",
    "http:/ghcr.io/x": "has the port",
    "http:/x": "has the port",
    "//ghcr.io/x": "does not name a registry",
    "ghcr.io//cognary/aionis": "has the name",
    "ghcr.io/a//b": "has the name",
    "ghcr.io/../b": "has the name",
    "../a/b": "has the registry",
    "./a": "has the registry",
    "ghcr.io/a/..": "has the name",
    "ghcr.io/a/./b": "has the name",
    "ghcr.io/a/b/": "has the name",
    "ghcr.io/a/b?x": "has the name",
    "ghcr.io/a/b#x": "has the name",
    "ghcr.io/a/-b": "has the name",
    "ghcr.io/a/b___c": "has the name",
    "ghcr.io/a/b%2fc": "has the name",
    f"ghcr.io/a/{'b' * 246}": "is 256 characters long",
    f"ghcr.io/a/{'b' * 10**6}": "characters long",
    f"{'a' * 64}.example/x": "has the registry",
    "b\u00fccher.example/x": "has the registry",
    "ghcr.\u0131o/cognary/aionis": "has the registry",
    "ghcr.io/cognary/\u0430ionis": "has the name",
    "\uff47hcr.io/cognary/aionis": "has the registry",
    "ghcr.io/cognary/aionis:v1.2.3": "use --tag for it",
    "ghcr.io/cognary/aionis:": "has a tag",
    f"ghcr.io/cognary/aionis@sha256:{64 * '0'}": "has credentials or a digest",
    "ghcr.io:/cognary/aionis": "has the port ''",
    "ghcr.io:0/a/b": "has the port",
    "ghcr.io:00443/a/b": "has the port",
    "ghcr.io:0000010000000/a/b": "has the port",
    "ghcr.io:65536/a/b": "has the port",
    "ghcr.io:-1/a/b": "has the port",
    "ghcr.io:4_43/a/b": "has the port",
    "ghcr.io:\uff14\uff14\uff13/a/b": "has the port",
    "ghcr.io:443:443/a/b": "has the registry",
    "ghcr.io./a/b": "has the registry",
    ".ghcr.io/a/b": "has the registry",
    "ghcr..io/a/b": "has the registry",
    "-ghcr.io/a/b": "has the registry",
    "gh_cr.io/a/b": "has the registry",
    "127.1/x": "not a full IP address",
    "127.1:5000/x": "not a full IP address",
    "0x7f.1/x": "not a full IP address",
    "0x7f000001:80/x": "not a full IP address",
    "2130706433:80/x": "not a full IP address",
    "0177.0.0.1/x": "not a full IP address",
    "127.0.0.256/x": "not a full IP address",
    "169.254.169.254/x": "not a unicast address",
    "[fe80::1]/x": "not a unicast address",
    "224.0.0.1/x": "not a unicast address",
    "0.0.0.0:5000/x": "not a unicast address",
    "[::]:5000/x": "not a unicast address",
    "[::ffff:169.254.169.254]/x": "write 169.254.169.254",
    "[::ffff:127.0.0.1]:5000/x": "write 127.0.0.1",
    "[[::1]]:5000/x": "not a full IP address",
    "[127.0.0.1]:5000/x": "not a full IP address",
    "[::1/x": "not a full IP address",
    "::1/x": "has the registry",
    "[]/x": "does not name a registry",
    "[]:5000/x": "not a full IP address",
    "[::1]x:5000/x": "not a full IP address",
    "[::1%eth0]:5000/x": "not a full IP address",
    "[::1%\n]:5000/x": "not a full IP address",
    "[::1%$(id)]:5000/x": "not a full IP address",
}


@pytest.mark.parametrize(("text", "why"), ACCEPTED.items(), ids=[text[:40] for text in ACCEPTED])
def test_it_is_a_repository(text: str, why: str) -> None:
    repository = Repository.parse(text)
    assert str(repository) == text, why
    assert f"{repository.registry}/{repository.path}" == text


@pytest.mark.parametrize(("text", "why"), REFUSED.items(), ids=[ascii(text[:40]) for text in REFUSED])
def test_it_is_no_repository(text: str, why: str) -> None:
    assert why in refusal_of(Repository.parse, text).what


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("form", ["{}ghcr.io/a/b", "ghcr.io{}/a/b", "ghcr.io/a{}/b", "ghcr.io/a/b{}", "[::1{}]:80/x"])
def test_a_repository_has_no(sign: str, form: str) -> None:
    refusal_of(Repository.parse, form.format(sign))


@pytest.mark.parametrize(
    "text",
    [
        "deploy:hunter2-hunter2@ghcr.io/cognary/aionis",
        "https://deploy:hunter2-hunter2@ghcr.io/cognary/aionis",
        "https://hunter2-hunter2@ghcr.io/cognary/aionis",
        "deploy:hunter2-hunter2/with@slash@ghcr.io/cognary/aionis",
        f"deploy:hunter2-hunter2@ghcr.io/cognary/aionis@sha256:{64 * '0'}",
        "deploy:hunter2-hunter2\n@ghcr.io/cognary/aionis",
    ],
)
def test_the_refusal_of_a_password_does_not_show_it(text: str) -> None:
    error = refusal_of(Repository.parse, text)
    assert "hunter2" not in str(error)
    assert "***@ghcr.io/cognary/aionis" in error.what


def test_the_refusal_of_a_digest_shows_it() -> None:
    assert "aionis@sha256:00" in refusal_of(Repository.parse, f"ghcr.io/cognary/aionis@sha256:{64 * '0'}").what


@quickly
@example("0" * 11 + "." + 16 * "\x1f" + 12 * "\U00010000")
@given(st.text("ghcr.io/ab:-_[]1@%\n", max_size=24) | st.text(max_size=40))
def test_whatever_is_given_is_a_repository_as_written_or_a_clear_refusal(text: str) -> None:
    try:
        repository = Repository.parse(text)
    except Exception:  # noqa: BLE001 -- refusal_of says which kind it has to be
        refusal_of(Repository.parse, text)
    else:
        assert str(repository) == text
        assert text.isascii()
        assert text.isprintable()
        assert not set(text) & set(" @?#%\\")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("ghcr.io", "ghcr.io", ""),
        ("localhost:5000", "localhost", "5000"),
        ("[::1]:5000", "[::1]", "5000"),
        ("[::1]", "[::1]", ""),
    ],
)
def test_a_registry_is_split_at_its_port(text: str, host: str, port: str) -> None:
    assert split_port(text) == (host, port)
    assert Repository.parse(f"{text}/a/b").host == host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.255.0.9", "::1", "[::1]", "[0:0:0:0:0:0:0:1]"])
def test_a_host_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", "ghcr.io", "localhost.evil.tld", "127.0.0.1.evil.tld", "127.1", "0x7f.1", "[[::1]]", "::1%eth0", "0.0.0.0"],
)
def test_a_host_is_not_this_machine(host: str) -> None:
    assert not is_loopback(host)


def test_plain_http_is_for_this_machine_alone() -> None:
    assert Repository.parse("localhost:5000/x").is_loopback
    assert Repository.parse("[::1]:5000/x").is_loopback
    assert not Repository.parse("ghcr.io/a/b").is_loopback


@pytest.mark.parametrize("text", ["v1.2.3", "latest", "LATEST", "_", "0", "a" * 128, "1.0", "a..b", "a.-_b", "v1"])
def test_it_is_a_tag(text: str) -> None:
    assert parse_tag(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "a" * 129, "a" * 10**6, ".a", "-a", "..", "a/b", "a:b", "@sha256:0", "a+b", "--push", "-t", "refs/tags/x"],
    ids=lambda text: text[:20] or "nothing",
)
def test_it_is_no_tag(text: str) -> None:
    refusal_of(parse_tag, text)


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("form", ["{}a", "a{}", "a{}a", "{}"])
def test_a_tag_has_no(sign: str, form: str) -> None:
    refusal_of(parse_tag, form.format(sign))


def test_a_digest_is_of_the_very_bytes() -> None:
    digest = Digest.of(b"{}")
    assert str(digest) == f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    assert digest.short == str(digest)[:19]
    assert Digest(str(digest)) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        64 * "0",
        f"sha256:{63 * '0'}",
        f"sha256:{65 * '0'}",
        f"sha256:{64 * 'A'}",
        f"sha256:{64 * 'g'}",
        f"sha256:{64 * '0'}\n",
        f"SHA256:{64 * '0'}",
        f"sha512:{128 * '0'}",
        f"sha256{64 * '0'}",
        f" sha256:{64 * '0'}",
        f"sha256:{63 * '0'}\uff10",
        "sha256:../x",
    ],
)
def test_it_is_no_digest(text: str) -> None:
    with pytest.raises(ValueError, match="is not a sha256 digest") as caught:
        Digest(text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/386", "linux/386"),
        ("linux/s390x", "linux/s390x"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_a_platform_has_one_spelling(text: str, normal: str) -> None:
    platform = Platform.parse(text)
    assert str(platform) == normal
    assert Platform.parse(str(platform)) == platform
    assert Platform.of(*text.split("/")) == platform


NO_PLATFORM = [
    "",
    "/",
    "linux",
    "linux/",
    "/amd64",
    "amd64",
    "linux/amd64/",
    "linux//amd64",
    "linux/x86_64",
    "linux/aarch64",
    "linux/arm64v8",
    "linux/arm64/8",
    "linux/arm64/v7",
    "linux/arm/v4",
    "linux/amd64/v0",
    "linux/amd64/v5",
    "linux/386/v8",
    "linux/s390x/v1",
    "linux/amd64/v1/v1",
    "Linux/amd64",
    "linux/AMD64",
    "darwin/arm64",
    "windows/arm",
    "unknown/unknown",
    "linux-amd64",
    "linux/amd64 ",
    " linux/amd64",
    "linux/amd64\n",
    "linux/amd64\0",
    "--platform=linux/amd64",
    "local",
    "all",
    "\uff4cinux/amd64",
    "linux/amd64;id",
    "x" * 10**6,
]


@pytest.mark.parametrize("text", NO_PLATFORM, ids=lambda text: ascii(text[:24]))
def test_it_is_no_platform(text: str) -> None:
    refusal_of(Platform.parse, text)
    refusal_of(parse_platforms, text)
    refusal_of(parse_platforms, f"linux/amd64,{text}")


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("form", ["{}linux/amd64", "linux/amd64{}", "linux/arm/v6{}", "linux{}/amd64"])
def test_a_platform_has_no(sign: str, form: str) -> None:
    refusal_of(Platform.parse, form.format(sign))


def test_a_list_of_platforms_keeps_its_order() -> None:
    assert [str(each) for each in parse_platforms("linux/arm64/v8,linux/amd64")] == ["linux/arm64", "linux/amd64"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "linux/amd64,",
        ",linux/amd64",
        "linux/amd64,,linux/arm64",
        "linux/amd64, linux/arm64",
        "linux/amd64;linux/arm64",
        "linux/amd64 linux/arm64",
        "linux/amd64,linux/amd64",
        "linux/arm64,linux/amd64,linux/arm64/v8",
        "linux/arm,linux/arm/v7",
        "linux/amd64,plan9/amd64",
    ],
)
def test_it_is_no_list_of_platforms(text: str) -> None:
    refusal_of(parse_platforms, text)


def test_a_platform_given_twice_is_named() -> None:
    assert "name linux/arm64 twice" in refusal_of(parse_platforms, "linux/arm64,linux/arm64/v8").what


def test_a_huge_list_is_refused_at_once() -> None:
    start = time.process_time()
    refusal_of(parse_platforms, ",".join(["linux/amd64"] * 100_000))
    assert time.process_time() - start < 1
