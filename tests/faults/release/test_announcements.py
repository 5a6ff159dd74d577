"""Announcements: real children and a server on this machine; whatever fails is told, and no secret with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shiplane.config.keys.announcements import AnnouncedEvent
from shiplane.config.project_file import parse_project_file
from shiplane.core.progress import Event, StepOutcome, StepState
from shiplane.core.redact import Redactor
from shiplane.registry.http.transport import HttpTransport
from shiplane.release.announcing.announcements import AnnouncementJson, Announcer
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.gatehouse import TOKEN
from tests.faults.harness.scene import finish
from tests.faults.harness.serving import QuietHandler, QuietServer, serving

PATH = f"/services/T0/{TOKEN}"
DOCUMENT = {"event": "release", "lanes": [{"tag": "v0.2.1"}], "said": TOKEN}


class Hooks:
    """What a server was posted, and what it answers: the last for ever."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, str], Any]] = []
        self.answers: list[tuple[int, bytes, dict[str, str]]] = [(200, b"ok", {})]
        self.url = ""


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    known = Hooks()

    class Handler(QuietHandler):
        def _post(self) -> None:
            known.posted.append((self.path, dict(self.headers.items()), json.loads(self.read_body())))
            self.answer(*(known.answers.pop(0) if len(known.answers) > 1 else known.answers[0]))

        do_POST = _post

    with serving(QuietServer(("127.0.0.1", 0), Handler)) as address:
        known.url = f"http://{address}{PATH}"
        yield known


def announce(
    root: Path, env: dict[str, str], *tables: dict[str, Any], event: AnnouncedEvent = AnnouncedEvent.RELEASE
) -> tuple[list[AnnouncementJson], list[str], list[Event]]:
    """What became of them, what was told, and the steps."""
    told: list[str] = []
    seen: list[Event] = []
    announcer = Announcer(
        announcements=parse_project_file({"announce": list(tables)}, "shiplane.toml").announcements,
        root=root,
        child_env={"PATH": "/usr/bin:/bin"},
        env=env,
        transport=HttpTransport({}, user_agent="test"),
        redact=Redactor([TOKEN]),
        clock=VirtualClock(),
        tell=told.append,
    )
    return finish(announcer.announce(event, DOCUMENT), seen.append), told, seen


def python(code: str) -> str:
    """A command that runs it."""
    return f'{sys.executable} -c "{code}"'


def test_a_webhook_is_posted_the_result_as_json_and_no_credential(
    hooks: Hooks, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")  # as INVOKE_DEBUG does
    made, _, seen = announce(tmp_path, {"HOOK": f" {hooks.url}\n"}, {"webhook-env": "HOOK"})
    ((path, headers, document),) = hooks.posted
    assert (path, document) == (PATH, {**DOCUMENT, "said": "***"})
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers
    assert '"POST /... HTTP/1.1" 200' in caplog.text
    detail = "http://127.0.0.1 answered HTTP 200"
    assert made == [{"name": "HOOK", "kind": "webhook-env", "ok": True, "detail": detail}]
    assert [event.state for event in seen if isinstance(event, StepOutcome)] == [StepState.DONE]


def test_a_webhook_in_the_file_is_named_by_its_host(hooks: Hooks, tmp_path: Path) -> None:
    made, _, _ = announce(tmp_path, {}, {"webhook": hooks.url})
    assert (made[0]["name"], made[0]["ok"]) == ("webhook on 127.0.0.1", True)


@pytest.mark.parametrize(
    ("answers", "ok", "posted", "words"),
    [
        ([(503, b"busy", {}), (204, b"", {})], True, 2, "HTTP 204"),
        ([(429, b"slow", {"Retry-After": "3"}), (200, b"", {})], True, 2, "HTTP 200"),
        ([(429, b"slow", {"Retry-After": "3600"})], False, 1, "asks to wait 3600 s"),
        ([(500, b"down", {})], False, 5, "after 5 tries"),
        ([(400, TOKEN.encode(), {})], False, 1, "HTTP 400 ***"),
        ([(404, b"no_service", {})], False, 1, "HTTP 404 no_service"),
        ([(307, b"", {"Location": "http://127.0.0.1:1/elsewhere"})], False, 1, "redirects are not followed"),
    ],
)
def test_what_a_webhook_answers_decides(
    hooks: Hooks,
    tmp_path: Path,
    answers: list[tuple[int, bytes, dict[str, str]]],
    ok: bool,  # noqa: FBT001
    posted: int,
    words: str,
) -> None:
    hooks.answers = answers
    made, told, _ = announce(tmp_path, {"HOOK": hooks.url}, {"webhook-env": "HOOK"})
    assert (made[0]["ok"], len(hooks.posted)) == (ok, posted)
    assert words in made[0]["detail"]
    assert not [text for text in (*told, made[0]["detail"]) if "services" in text or TOKEN in text]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "HOOK is not set"),
        (" \n", "HOOK is not set"),
        (TOKEN, "HOOK is not an https URL"),
        pytest.param(f"http://hooks.example/{TOKEN}", "HOOK is not an https URL", id="http"),
        (f"https://user:{TOKEN}@hooks.example/x", "HOOK is not an https URL"),
        (f"https://hooks.example/{TOKEN}\nX: y", "HOOK is not an https URL"),
        (f"http://127.0.0.1:1{PATH}", "http://127.0.0.1: the connection was refused"),
    ],
)
def test_a_variable_without_a_url_that_can_be_posted_to_is_told_without_what_it_holds(
    tmp_path: Path, value: str, words: str
) -> None:
    made, told, seen = announce(tmp_path, {"HOOK": value}, {"webhook-env": "HOOK", "timeout-seconds": 5})
    assert made[0]["ok"] is False
    assert words in made[0]["detail"]
    assert not [text for text in (*told, str(made), str(seen)) if TOKEN in text or "services" in text]


def test_a_command_has_the_result_on_its_input_and_in_a_file_that_is_gone_afterwards(tmp_path: Path) -> None:
    code = (
        "import os,sys; t=sys.stdin.read(); f=os.environ['SHIPLANE_RESULT']; "
        "open('got','w').write(t if t == open(f).read() else 'differs'); open('env','w').write(repr(dict(os.environ)))"
    )
    made, told, _ = announce(tmp_path, {"HOOK": TOKEN, "GHCR_TOKEN": TOKEN}, {"command": python(code), "name": "note"})
    assert made == [{"name": "note", "kind": "command", "ok": True, "detail": "passed"}]
    assert json.loads((tmp_path / "got").read_text()) == {**DOCUMENT, "said": "***"}
    env = eval((tmp_path / "env").read_text())
    assert (env["SHIPLANE_EVENT"], Path(env["SHIPLANE_RESULT"]).exists(), told) == ("release", False, [])
    assert TOKEN not in str(env)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"command": "sh -c 'echo one; echo two >&2; exit 3'"}, "ended with 3"),
        ({"command": "no-such-tool"}, "no-such-tool is not installed"),
        ({"command": "sleep 60", "timeout-seconds": 0.3}, "did not end within 0.3 s"),
    ],
)
def test_a_command_that_fails_is_told(tmp_path: Path, table: dict[str, Any], words: str) -> None:
    made, told, seen = announce(tmp_path, {}, table)
    assert made[0]["ok"] is False
    assert words in made[0]["detail"]
    assert told == (["| one", "| two"] if "echo" in table["command"] else [])
    assert [event.state for event in seen if isinstance(event, StepOutcome)] == [StepState.FAILED]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    made, _, _ = announce(tmp_path, {}, {"command": "true"})
    assert (made[0]["ok"], "No space left" in made[0]["detail"]) == (False, True)


def test_one_that_fails_keeps_no_other_from_being_made(hooks: Hooks, tmp_path: Path) -> None:
    made, _, _ = announce(tmp_path, {"HOOK": hooks.url}, {"command": "false"}, {"webhook-env": "HOOK"})
    assert [each["ok"] for each in made] == [False, True]


@pytest.mark.parametrize(
    ("event", "names"), [(AnnouncedEvent.RELEASE, ["a", "c"]), (AnnouncedEvent.ROLLBACK, ["b", "c"])]
)
def test_each_is_about_what_it_says(tmp_path: Path, event: AnnouncedEvent, names: list[str]) -> None:
    tables: list[dict[str, Any]] = [
        {"name": "a", "command": "true"},
        {"name": "b", "command": "true", "on": ["rollback"]},
        {"name": "c", "command": "true", "on": ["release", "rollback"]},
    ]
    made, _, _ = announce(tmp_path, {}, *tables, event=event)
    assert [each["name"] for each in made] == names
