"""Input that nobody means well with, by every way in: a documented exit, one clear error, and no write anywhere."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from shiplane.cli.run import Run
from shiplane.core.errors import MisconfiguredError
from shiplane.registry.http.exchange import Request, Response, TransportError
from shiplane.registry.http.transport import HttpTransport
from tests.faults.harness.access import Access, Account, failure
from tests.faults.harness.faults import Instead
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.inprocess import shiplane_here
from tests.sinks import forms

IMAGE = "ghcr.io/cognary/aionis"
PATH = "cognary/aionis"
TOKEN = "ghp_canary_canary"
COMMIT = ("-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "--message", "one")
# What a line of foreign text must not be able to be.
_COMMAND = re.compile(r"^::|##\[|\x1b|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u200b]", re.MULTILINE)


@dataclass
class CommandLine:
    """A checkout, the command line in this process, and a registry in memory behind it."""

    folder: Path
    memory: MemoryRegistry
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def call(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        return shiplane_here(self.capsys, self.monkeypatch, arguments, variables)

    def expect(self, code: int, *arguments: str, **variables: str) -> str:
        """Run it; it ends so, with one error or none, in lines that can do nothing, and nothing was written."""
        ended, out, err = self.call(*arguments, **variables)
        assert ended == code, out + err
        assert "Traceback" not in err
        assert sum(line.startswith("error: ") for line in err.splitlines()) == (1 if code else 0)
        assert not _COMMAND.search(out + err), ascii(_COMMAND.search(out + err))
        assert max(map(len, err.splitlines()), default=0) < 5000
        assert {entry.method for entry in self.memory.log} <= {"GET", "HEAD"}
        return out + err


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "GHCR_", "DOCKER_"))]:
        monkeypatch.delenv(name)
    for name in ("TAG", "PLATFORMS", "PUBLISH_LATEST"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("Dockerfile", "Dockerfile.standalone"):
        (folder / name).write_text("FROM scratch\n")
    for arguments in (("init", "--quiet"), ("add", "--all"), COMMIT):
        subprocess.run(["git", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL)
    memory = MemoryRegistry(access=Access(accounts={"robot": Account(TOKEN)}))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IMAGE_REPO", IMAGE)
    monkeypatch.setattr(Run, "transport", lambda _run: memory)
    return CommandLine(folder, memory, capsys, monkeypatch)


REFS = [
    "$(id)",
    "`id`",
    "docker-v1.0.0\n",
    "docker-v1.0.0;id",
    "docker-v\u0661.0.0",
    "docker-v1.0.0+build",
    "docker-v01.0.0",
    "docker-vv1.0.0",
    "standalone-v1.0.0",
    "refs/tags/docker-v1.0.0",
    "::set-env name=A::b",
    "\x1b[31mdocker-v1.0.0",
    "docker-v" + "9" * 100_000,
    "\udcff",
    "",
]


@pytest.mark.parametrize("ref", REFS, ids=lambda ref: ascii(ref[:30]))
def test_a_hostile_ref_name_is_no_version(command_line: CommandLine, ref: str) -> None:
    variables = {"GITHUB_REF_NAME": ref, "GITHUB_REF_TYPE": "tag"}
    assert "v0.0.0-" in command_line.expect(0, "plan", "--lane", "main", **variables)
    assert "has no version" in command_line.expect(2, "publish", "--lane", "main", **variables)


SLUGS = [
    "a/b\nX=1",
    "../..",
    "a/b:latest",
    "a",
    "a//b",
    "a/b@sha256:0",
    "\u0430/b",
    "a/b c",
    "a/$(id)",
    "/",
    "a/b/../c",
]


@pytest.mark.parametrize("slug", [*SLUGS, "a/" + "b" * 10_000, "\x1b[31ma/b", "::a/b", "a/b?x", "a/b#x"])
def test_a_hostile_repository_name_is_no_image(command_line: CommandLine, slug: str) -> None:
    command_line.monkeypatch.delenv("IMAGE_REPO")
    command_line.expect(2, "plan", "--lane", "main", GITHUB_REPOSITORY=slug)


SERVERS = [
    "https://x\n::set-env name=A::b",
    "\x1b[31mx",
    "${GHCR_TOKEN}",
    "%{if true}",
    "javascript:x",
    " ",
    "x" * 100_000,
]


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: ascii(server[:30]))
def test_a_hostile_server_url_is_only_text(command_line: CommandLine, server: str) -> None:
    variables = {"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": "cognary/aionis"}
    command_line.expect(0, "plan", "--lane", "main", **variables)
    command_line.expect(0, "plan", "--lane", "main", "--json", **variables)


PAIRS = [
    ("robot", "with\nnewline"),
    ("robot", " "),
    ("robot", "\x1b[31mtoken"),
    ("robot", "tok\u202een"),
    ("ro:bot", TOKEN),
    ("ro\nbot", TOKEN),
    (" ", TOKEN),
    ("\x00bot".replace("\x00", "\x01"), TOKEN),
    ("\u200bbot", TOKEN),
]


MARK = ("mark", "--lane", "main", "--tag", "v0.2.1", "--reason", "a test")  # whoever writes shows who it is at once


@pytest.mark.parametrize(("user", "token"), PAIRS, ids=ascii)
def test_a_credential_that_can_be_none_is_refused_unseen(command_line: CommandLine, user: str, token: str) -> None:
    said = command_line.expect(4, *MARK, GHCR_USERNAME=user, GHCR_TOKEN=token)
    assert not token.strip() or token not in said
    command_line.expect(0, "plan", "--lane", "main")


@pytest.mark.parametrize("token", ["-", "--password", "x", "\u00e4" * 20, "a" * 100_000, '"', "%s", "${HOME}", "'; id"])
def test_a_strange_token_is_a_wrong_one(command_line: CommandLine, token: str) -> None:
    said = command_line.expect(4, *MARK, GHCR_USERNAME="robot", GHCR_TOKEN=token)
    assert len(token) < 6 or token not in said


CONFIGS = {
    "no JSON": b"{",
    "binary": bytes(range(256)),
    "nested": b'{"auths": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a list": b"[]",
    "auths that are none": b'{"auths": []}',
    "an auth that is none": b'{"auths": {"ghcr.io": {"auth": "%%%"}}}',
    "an auth without a colon": b'{"auths": {"ghcr.io": {"auth": "aGVsbG8="}}}',
    "an auth with a line feed": b'{"auths": {"ghcr.io": {"auth": "cm9ib3Q6YQpi"}}}',
    "a store elsewhere": b'{"credsStore": "../../../bin/sh"}',
    "a store with an option": b'{"credsStore": "-x; id"}',
    "a store that is none": b'{"credsStore": 7}',
    "helpers that are none": b'{"credHelpers": {"ghcr.io": ["x"]}}',
    "a NUL": b'{"credsStore": "a\\u0000b"}',
    "half a surrogate": b'{"credsStore": "\\ud800"}',
    "eight megabytes": b'{"x": "' + b"x" * 8_000_000 + b'"}',
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_a_hostile_docker_configuration_is_one_clear_answer(
    command_line: CommandLine, tmp_path: Path, config: bytes
) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_bytes(config)
    code, out, err = command_line.call("plan", "--lane", "main", DOCKER_CONFIG=str(tmp_path / "docker"))
    assert code in (0, 3, 4), err
    assert "Traceback" not in err
    assert not _COMMAND.search(out + err)
    command_line.expect(0, "auth.show", DOCKER_CONFIG=str(tmp_path / "docker"))


@pytest.mark.parametrize(
    "place", ["/dev/null", "/nowhere/at/all", "", "x" * 5000, "a\nb", "-x", "\udcff", "Dockerfile"]
)
def test_a_docker_folder_that_is_none_is_none(command_line: CommandLine, place: str) -> None:
    command_line.expect(0, "plan", "--lane", "main", DOCKER_CONFIG=place)


AUTH = '{"auths": {"ghcr.io": {"auth": "cm9ib3Q6eA=="}}}'


@pytest.mark.parametrize("value", ["{", "[]", AUTH.replace("}}}", "}}, 0: 0}"), '{"auths": 1}', "x" * 100_000, ""])
def test_a_stray_docker_auth_config_changes_nobodys_identity(command_line: CommandLine, value: str) -> None:
    assert "robot" not in command_line.expect(0, "auth.show", DOCKER_AUTH_CONFIG=value)
    command_line.expect(0, "plan", "--lane", "main", DOCKER_AUTH_CONFIG=value)


LONG = "a" * 100_000
FLAGS = [
    ("plan", "--lane", LONG),
    ("plan", "--tag", LONG),
    ("plan", "--image", LONG),
    ("plan", "--platforms", LONG),
    ("plan", "--latest=" + LONG),
    ("publish", "--lane", "main", "--tag", "v1.0.0", "--skip", LONG),
    ("plan", *(word for _ in range(500) for word in ("--lane", "main"))),
    ("plan", "--tag", "\udcff"),
    ("plan", "--lane", "main\nmain"),
    ("plan", "--lane", "../main"),
    ("plan", "--image", "\x1b]0;title\x07ghcr.io/a/b"),
    ("plan", "--image", "::add-mask::x"),
    ("plan", "--platforms", "linux/amd64,$(id)"),
    ("plan", "--platforms", "linux/" + "a" * 300),
    ("plan", "--latest=\x1b[31myes"),
    ("plan", "--tag="),
    ("plan", "--image="),
    ("plan", "--platforms="),
    ("plan", "--latest="),
    ("verify", "--lane", "main", "--tag", "latest"),
    ("verify", "--lane", "main", "--tag", "-v1"),
    ("publish", "--lane", "main", "--tag", "v1.0.0", "--plan", "x"),
    ("publish", "--lane", "main", "--tag", "v1.0.0", "--no-such-flag"),
    ("no-such-task",),
]


@pytest.mark.parametrize("arguments", FLAGS, ids=lambda words: ascii(" ".join(words)[:40]))
def test_a_hostile_flag_ends_with_2(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    code, out, err = command_line.call(*arguments)
    assert code in (1, 2), err  # 1 is invoke's own, where the command line is no command line
    assert "Traceback" not in err
    assert len(out + err) < 20_000
    assert command_line.memory.log == []


def _link(folder: Path, name: str, target: object) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(str(target))


def _through_a_folder(folder: Path) -> None:
    _link(folder, "sub", "..")
    (folder / "shiplane.toml").write_text('[lanes.main]\ndockerfile = "sub/Dockerfile"\n')


def _context_outside(folder: Path) -> None:
    _link(folder, "sub", "/etc")
    (folder / "shiplane.toml").write_text('[lanes.main]\ncontext = "sub"\n')


ESCAPES: dict[str, Callable[[Path], object]] = {
    "a Dockerfile outside": lambda folder: _link(folder, "Dockerfile", "/etc/passwd"),
    "a Dockerfile beside": lambda folder: _link(folder, "Dockerfile", "../Dockerfile"),
    "a Dockerfile by way of a folder": _through_a_folder,
    "a context outside": _context_outside,
    "a Dockerfile that is itself": lambda folder: _link(folder, "Dockerfile", "Dockerfile"),
    "a Dockerfile that is a device": lambda folder: _link(folder, "Dockerfile", "/dev/zero"),
    "a Dockerfile that is a folder": lambda folder: _link(folder, "Dockerfile", "."),
    "no Dockerfile": lambda folder: (folder / "Dockerfile").unlink(),
    "no context": lambda folder: (folder / "shiplane.toml").write_text('[lanes.main]\ncontext = "nowhere"\n'),
}


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES.keys())
def test_what_leads_out_of_the_project_is_not_built(
    command_line: CommandLine, tmp_path: Path, escape: Callable[[Path], object]
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    escape(command_line.folder)
    command_line.expect(2, "publish", "--lane", "main", "--tag", "v1.0.0")
    command_line.expect(2, "publish", "--lane", "main", "--dry-run")
    command_line.expect(2, "stage", "--lane", "main", "--tag", "v1.0.0", "--output", "part.json")


@pytest.mark.parametrize("name", ["-", "./-", "x/../-", "git@example.com:cognary", "a.b@c-d:"])
@pytest.mark.parametrize("key", ["context", "dockerfile"])
def test_what_buildx_would_take_for_something_else_than_a_path_is_not_built(
    command_line: CommandLine, key: str, name: str
) -> None:
    (command_line.folder / "x").mkdir()
    (command_line.folder / name).mkdir() if key == "context" else (command_line.folder / name).touch()
    (command_line.folder / "shiplane.toml").write_text(f'[lanes.main]\n{key} = "{name}"\n')
    said = command_line.expect(2, "publish", "--lane", "main", "--tag", "v1.0.0")
    assert ".." in name or f"buildx takes the {key} '{name}' for" in said


def test_a_link_within_the_project_is_as_good_as_the_file(command_line: CommandLine) -> None:
    (command_line.folder / "docker").mkdir()
    (command_line.folder / "Dockerfile").rename(command_line.folder / "docker/Dockerfile")
    _link(command_line.folder, "Dockerfile", "docker/Dockerfile")
    said = command_line.expect(3, "publish", "--lane", "main", "--tag", "v1.0.0")
    assert "the working tree differs" in said


FILES: dict[str, Callable[[Path], object]] = {
    "ten megabytes": lambda path: path.write_bytes(b"# " + b"x" * 10_000_000),
    "nested arrays": lambda path: path.write_bytes(b"a = " + b"[" * 50_000),
    "nested tables": lambda path: path.write_bytes(b"[" + b".".join([b"a"] * 50_000) + b"]"),
    "a NUL": lambda path: path.write_bytes(b'image = "a\0b"'),
    "Latin-1": lambda path: path.write_bytes(b'image = "\xe4"'),
    "UTF-16": lambda path: path.write_bytes('image = "x"'.encode("utf-16")),
    "an escape in a key": lambda path: path.write_bytes(b'"\\u001b[31m" = 1'),
    "a command in a key": lambda path: path.write_bytes(b'"::set-env name=A::b" = 1'),
    "a line feed in a key": lambda path: path.write_bytes(b'"a\\nb" = 1'),
    "a long key": lambda path: path.write_bytes(b'"' + b"k" * 100_000 + b'" = 1'),
    "a key twice": lambda path: path.write_bytes(b'image = "a"\nimage = "b"'),
    "a date": lambda path: path.write_bytes(b"image = 1979-05-27"),
    "NaN": lambda path: path.write_bytes(b"platforms = nan"),
    "a lane like an option": lambda path: path.write_bytes(b'[lanes."--push"]'),
    "a lane like a path": lambda path: path.write_bytes(b'[lanes."../x"]'),
    "a pattern for a prefix": lambda path: path.write_bytes(b'[lanes.main]\nprefix = ".*-"'),
    "one floating tag twice": lambda path: path.write_bytes(b'[lanes.main]\nfloating = "standalone-latest"'),
    "one prefix twice": lambda path: path.write_bytes(b'[lanes.main]\nprefix = "standalone-"'),
    "a version for a floating tag": lambda path: path.write_bytes(b'[lanes.main]\nfloating = "v1.0.0"'),
}


@pytest.mark.parametrize("write", FILES.values(), ids=FILES.keys())
def test_a_hostile_project_file_ends_with_2(command_line: CommandLine, write: Callable[[Path], object]) -> None:
    write(command_line.folder / "shiplane.toml")
    said = command_line.expect(2, "plan", "--lane", "main")
    assert "shiplane.toml" in said or "lane" in said


@pytest.mark.parametrize("name", ["shiplane.toml", "pyproject.toml", "package.json"])
@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link to itself", "a device", "a link to nothing"])
def test_a_file_that_is_none_is_not_waited_for(command_line: CommandLine, name: str, kind: str) -> None:
    path = command_line.folder / name
    match kind:
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a link to itself":
            path.symlink_to(name)
        case "a device":
            path.symlink_to("/dev/zero")
        case _:
            path.symlink_to("nowhere")
    code, _, err = command_line.call("plan", "--lane", "main")
    assert code in (0, 2), err
    assert "Traceback" not in err


WORDS = {
    "a workflow command": "::set-env name=A::b",
    "a mask": "::add-mask::x",
    "an error": "##[error]x",
    "Azure's": "##vso[task.setvariable variable=a]b",
    "a colour": "\x1b[31mred",
    "a title": "\x1b]0;title\x07",
    "a carriage return": "fine\rerror: not fine",
    "a line feed": "fine\n::error::x",
    "a megabyte": "x" * 60_000,
    "a zero-width space": "\u200bx",
    "right to left": "\u202ex",
    "a C1 control": "\x9b31m",
    "a NUL": "a\x00b",
    "the token itself": TOKEN,
    "half a surrogate": "\\ud800",
    "a line separator": "a\u2028::b",
    "a form feed": "a\x0c::b",
    "our own words": "done       read back latest",
    "an empty one": "",
    "a template": "${GHCR_TOKEN} %s {0}",
}


@pytest.mark.parametrize("status", [400, 403, 404, 418])
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS.keys())
def test_what_a_registry_says_is_only_text(command_line: CommandLine, words: str, status: int) -> None:
    push_image(command_line.memory, PATH, tag="latest")

    def rude(_request: Request) -> Response:
        return failure(status, words[:2000], words, warning='299 - "' + words[:5000] + '"')

    wire = Instead(command_line.memory, {"/manifests/": rude})
    command_line.monkeypatch.setattr(Run, "transport", lambda _run: wire)
    code, out, err = command_line.call("verify", "--lane", "main", GHCR_USERNAME="robot", GHCR_TOKEN=TOKEN)
    assert code in (4, 6, 7), err
    assert not _COMMAND.search(out + err)
    assert TOKEN not in out + err
    assert "Traceback" not in err
    assert max(map(len, (out + err).splitlines())) < 3000


READS = [
    ("plan", "--lane", "main"),
    ("status",),
    ("history",),
    ("verify", "--lane", "main"),
    ("deploy.list",),
    ("deploy.repoint", "--lane", "main", "--to", "v0.2.1"),
    ("rollback", "--lane", "main", "--dry-run"),
    ("trigger", "--lane", "main", "--version", "0.2.1", "--dry-run"),
    ("auth.show",),
]


@pytest.mark.parametrize("arguments", READS, ids=" ".join)
@pytest.mark.parametrize("registry", ["registry.example", "127.0.0.1:5000"])
def test_no_command_that_reads_sends_what_only_the_project_file_names(
    command_line: CommandLine, arguments: tuple[str, ...], registry: str
) -> None:
    names = '{username-env = ["GHCR_USERNAME"], password-env = ["GHCR_TOKEN"]}'
    if registry == "registry.example":
        names = '{username-env = ["SOME_USER"], password-env = ["SOME_PASSWORD"]}'
    text = f'image = "{registry}/{PATH}"\nledger = "{registry}/ledger"\nregistries."{registry}" = {names}\n'
    (command_line.folder / "shiplane.toml").write_text(text)
    command_line.monkeypatch.delenv("IMAGE_REPO")
    command_line.memory.access, command_line.memory.host = (
        Access(accounts={"robot": Account(TOKEN)}, anonymous=""),
        registry,
    )
    pair = {"GHCR_USERNAME": "robot", "GHCR_TOKEN": TOKEN, "SOME_USER": "robot", "SOME_PASSWORD": TOKEN}
    sent: list[Request] = []
    memory = command_line.memory

    class Recorded:
        def send(self, request: Request, *, limit: int, deadline: float) -> Response:
            sent.append(request)
            return memory.send(request, limit=limit, deadline=deadline)

    command_line.monkeypatch.setattr(Run, "transport", lambda _run: Recorded())
    _, out, err = command_line.call(*arguments, **pair)
    assert "Traceback" not in err
    assert [request for request in sent if "Basic" in request.headers.get("Authorization", "")] == []
    assert not any(form in out + err for form in forms(TOKEN, "robot"))
    if arguments[0] in ("plan", "auth.show"):
        assert "only shiplane.toml assigns it to" in out
    command_line.call("mark", "--lane", "main", "--tag", "v0.2.1", "--reason", "it is for commands that write", **pair)
    assert any("Basic" in request.headers.get("Authorization", "") for request in sent)


@pytest.mark.parametrize("arguments", READS, ids=" ".join)
@pytest.mark.parametrize("variable", ["AWS_SECRET_ACCESS_KEY", "NPM_TOKEN", "ACTIONS_RUNTIME_TOKEN", "GHCR_TOKEN"])
def test_a_project_file_that_names_anothers_variable_is_refused_before_anything_is_sent(
    command_line: CommandLine, arguments: tuple[str, ...], variable: str
) -> None:
    key = 'registries."registry.example".password-env'
    (command_line.folder / "shiplane.toml").write_text(f'{key} = ["{variable}"]\n')
    said = command_line.expect(2, *arguments, **{variable: TOKEN})
    assert f"shiplane.toml: {key}: {variable} belongs to " in said
    assert TOKEN not in said
    assert command_line.memory.log == []


@pytest.mark.parametrize(
    "proxy",
    ["ftp://x", "http://", "http://[", "socks5://x", "socks5h://u:p4ssw0rd@x:1", "http://127.0.0.1:99999", "x y", "\\"],
)
def test_a_proxy_that_is_none_is_named_by_its_variable_and_its_value_is_not_shown(proxy: str) -> None:
    request = Request(method="GET", url="http://registry.example/v2/")
    with pytest.raises(MisconfiguredError, match="HTTP_PROXY is not an HTTP proxy") as refused:
        HttpTransport({"HTTP_PROXY": proxy}, user_agent="test").send(request, limit=10, deadline=2)
    assert "p4ssw0rd" not in str(refused.value)


@pytest.mark.parametrize("proxy", ["http://u:p@127.0.0.1:1", "127.0.0.1:1", "u@127.0.0.1:1"])
def test_a_proxy_where_nobody_listens_is_no_answer(proxy: str) -> None:
    request = Request(method="GET", url="http://registry.example/v2/")
    with pytest.raises(TransportError):
        HttpTransport({"HTTP_PROXY": proxy}, user_agent="test").send(request, limit=10, deadline=2)
