"""The summary of a run: what a person finds in it, and that no foreign text can change how it looks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiplane.cli.views.step_summary import block, code, plain, render
from shiplane.core.plurals import megabytes
from shiplane.core.progress import Step, TimedOutcome
from shiplane.pages.run_report import Report
from tests.unit.generate import quickly

DIGEST = "sha256:" + "a" * 64
HOSTILE = "<img src=x>|`x`\n# head\n::error::x **b** [a](http://x) ![](http://y)"


def lane(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    floating = {"tag": "latest", "digest": DIGEST, "moved": True, "reason": ""}
    known = {"lane": "main", "version": "0.2.1", "tag": "v0.2.1", "digest": DIGEST, "size": 1_070_669, "built": True}
    known["reference"] = f"ghcr.io/cognary/aionis@{DIGEST}"
    return {**known, "platforms": {"linux/amd64": DIGEST}, "floating_tags": [floating], **changes}


def released(*lanes: dict[str, Any], **more: Any) -> Report:  # noqa: ANN401
    data = {"image": "ghcr.io/cognary/aionis", "commit": "c" * 40, "lanes": list(lanes), **more}
    return Report(command="invoke publish", exit_code=0, data=data)


def test_a_release_shows_its_names_digests_platforms_and_size() -> None:
    text = render(released(lane()))
    assert "## Released `v0.2.1`" in text
    assert f"| `v0.2.1` | `{DIGEST}` | new | linux/amd64 | 1.1 MB |" in text
    assert f"| `latest` | `{DIGEST}` | moved |  |  |" in text
    assert "from commit `cccccccccccc`" in text


def test_what_was_there_already_and_what_stayed_is_said() -> None:
    floating = {"tag": "latest", "digest": None, "moved": False, "reason": "not requested (lane main)"}
    text = render(released(lane(built=False, floating_tags=[floating])))
    assert "already published" in text
    assert "| `latest` | does not exist | not moved: not requested (lane main) |" in text


def test_the_tags_of_several_repositories_are_named_with_theirs() -> None:
    text = render(released(lane(), lane(lane="hub", reference=f"docker.io/acme/app@{DIGEST}")))
    assert "## Released `v0.2.1`\n\n`ghcr.io/cognary/aionis`, `docker.io/acme/app`, from commit" in text
    for image in ("ghcr.io/cognary/aionis", "docker.io/acme/app"):
        assert f"| `{image}:v0.2.1` |" in text
        assert f"| `{image}:latest` |" in text
        assert f"docker pull {image}@{DIGEST}" in text
        assert f"--image {image} --pull" in text


def test_each_floating_tag_has_its_row() -> None:
    tags = [{"tag": tag, "digest": DIGEST, "moved": tag != "v1", "reason": "lower"} for tag in ("v1.2", "v1", "latest")]
    rows = [row for row in render(released(lane(floating_tags=tags))).splitlines() if row.startswith("| `")]
    assert [row.split("|")[3].strip() for row in rows] == ["new", "moved", "not moved: lower", "moved"]


@pytest.mark.parametrize(
    ("digest", "added", "row"),
    [
        (DIGEST, ["publish", *["float"] * 3], f"| `ledger-main` | `{DIGEST}` | recorded: publish, float |  |  |"),
        (DIGEST, ["publish", "float"], f"| `ledger-main` | `{DIGEST}` | recorded: publish, float |  |  |"),
        (DIGEST, [], f"| `ledger-main` | `{DIGEST}` | already recorded |  |  |"),
        (None, ["publish"], "| `ledger-main` | unknown | recorded: publish |  |  |"),
    ],
)
def test_the_ledger_stands_below_the_names(digest: str | None, added: list[str], row: str) -> None:
    kept = {"tag": "ledger-main", "image": "ghcr.io/cognary/aionis:ledger-main", "digest": digest, "added": added}
    assert row in render(released(lane(ledger=kept))).splitlines()
    assert "ledger" not in render(released(lane(ledger=None)))


def test_a_release_gives_commands_to_paste_for_each_lane() -> None:
    text = render(released(lane(), lane(lane="standalone", tag="standalone-v0.2.1")))
    for wanted in (
        "invoke verify --lane main --tag v0.2.1 --image ghcr.io/cognary/aionis --pull",
        "invoke verify --lane standalone --tag standalone-v0.2.1 --image ghcr.io/cognary/aionis --pull",
        f"docker pull ghcr.io/cognary/aionis@{DIGEST}",
    ):
        assert f"\n{wanted}\n" in text


def test_what_followed_the_tags_is_said() -> None:
    made = {"git_tag": "docker-v0.2.1", "action": "made", "url": "https://github.com/a/b/releases/1", "error": None}
    failed = {"git_tag": "x-v1", "action": "failed", "url": "", "error": "GitHub answered HTTP 403 about a/b: **no**"}
    told = [{"name": "chat", "ok": True, "detail": "x"}, {"name": "CHAT_URL", "ok": False, "detail": "it is not set"}]
    lines = render(released(lane(), github_releases=[made, failed], announcements=told)).splitlines()
    assert [line for line in lines if line.startswith("- ")] == [
        "- GitHub release `docker-v0.2.1`: made, `https://github.com/a/b/releases/1`",
        r"- GitHub release `x-v1`: GitHub answered HTTP 403 about a/b: \*\*no\*\*",
        r"- not announced: CHAT\_URL: it is not set",
    ]


def test_the_gates_answers_are_evidence() -> None:
    gate = {
        "gate": "core",
        "kind": "github",
        "what": "Core | Gate",
        "good": True,
        "detail": "green: 2 h ago",
        "commit": "c" * 40,
        "when": "2026-02-28T00:00:00Z",
    }
    row = r"| core | `github: Core \| Gate` | green: green: 2 h ago | `cccccccccccc` | 2026-02-28T00:00:00Z |"
    assert row in render(released(lane(), prerequisites={"gates": [gate]}))
    assert row in render(Report(command="invoke check.gates", exit_code=0, data={"gates": [gate]}))


def test_a_failure_says_what_happened_what_is_public_what_is_safe_and_what_to_do() -> None:
    closing = [f"public: ghcr.io/a/b:v1.0.0 is {DIGEST}", "safe: nothing moved", "next: mend it, then: invoke verify"]
    report = Report(command="invoke publish", exit_code=5, what="v1.0.0 exists", remedy="Take v1.0.1.", closing=closing)
    text = render(report)
    assert text.startswith("## Failed with exit code 5\n\n**v1.0.0 exists**\n\nTake v1.0.1.\n")
    assert f"- **public**: ghcr.io/a/b:v1.0.0 is {DIGEST}\n- **safe**: nothing moved\n" in text
    assert "Next: mend it, then\n\n```sh\ninvoke verify\n```" in text


def test_the_lines_of_a_failed_build_stay_lines() -> None:
    text = render(Report(command="invoke publish", exit_code=3, what="the build failed:\n  one\n  ```two"))
    assert "**the build failed:**\n\n````text\n  one\n  ```two\n````" in text


def test_a_result_that_is_not_good_is_shown_whole() -> None:
    text = render(Report(command="invoke verify", exit_code=6, text="BAD  x:latest\n      digest"))
    assert "**check failed**\n\n```text\nBAD x:latest\n      digest\n```" in text


def test_any_other_result_is_shown_as_it_is_printed() -> None:
    text = render(Report(command="invoke plan --lane main", exit_code=0, text="image  x\n  tag"))
    assert text == "## `invoke plan --lane main`\n\n```text\nimage x\n  tag\n```\n"


def test_every_step_is_listed_with_its_seconds() -> None:
    steps = [
        TimedOutcome(Step("name", "v1").done("HTTP 201"), 1.26),
        TimedOutcome(Step("float", "latest").failed("no"), 0),
    ]
    text = render(Report(command="invoke publish", exit_code=0, steps=steps))
    assert "<summary>2 steps, 1.3 s</summary>" in text
    assert "| name | v1 | done | HTTP 201 | 1.3 |" in text
    assert "| float | latest | **failed** | no | 0.0 |" in text


def test_a_step_that_was_repeated_does_not_look_like_a_failure_of_the_run() -> None:
    outcomes = [Step("tag", "v1").retried("no certain answer"), Step("tag", "v1").done("created")]
    steps = [TimedOutcome(outcome, 1.0) for outcome in outcomes]
    text = render(Report(command="invoke publish", exit_code=0, steps=steps))
    assert "| tag | v1 | failed | no certain answer | 1.0 |" in text


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (1_070_669, "1.1 MB"), (10**16, "10000.0 TB")]
)
def test_sizes_are_told_as_people_read_them(size: int, words: str) -> None:
    assert megabytes(size) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1. x", "&#49;. x"),
        ("12)", "&#49;2)"),
        ("127.0.0.1 x", "127.0.0.1 x"),
        ("- x", "\\- x"),
        ("--x-y", "\\--x-y"),
        ("https://x", "https\\://x"),
        ("a_b *c* <d> &amp;", "a\\_b \\*c\\* &lt;d\\> &amp;amp;"),
    ],
)
def test_what_would_mean_something_is_escaped_and_nothing_else(text: str, shown: str) -> None:
    assert plain(text) == shown


@quickly
@given(st.text(max_size=200) | st.sampled_from([HOSTILE, "`", "``a`b", "|", "\\|", "- x", "> x", "~~~"]))
def test_no_foreign_text_leaves_its_place(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    assert "<" not in shown
    bare = shown.replace("\\\\", "")
    assert not [sign for sign in "`*_[]|" if sign in bare.replace(f"\\{sign}", "")]
    inline = code(text)
    fence = inline[: len(inline) - len(inline.lstrip("`"))]
    assert inline == "" or (inline.endswith(fence) and fence not in inline[len(fence) : -len(fence)].strip())
    first, *lines, last = block(text).splitlines()
    assert (first, set(last)) == (f"{last}text", {"`"})
    assert last not in "\n".join(lines)


@quickly
@given(st.text(max_size=80))
def test_a_table_keeps_its_columns_whatever_stands_in_it(text: str) -> None:
    step = Step(text or "x", text).done(text)
    rows = render(Report(command="x", exit_code=0, steps=[TimedOutcome(step, 0.0)])).splitlines()
    (row,) = [line for line in rows if line.endswith("| 0.0 |")]
    assert row.replace("\\\\", "").replace("\\|", "").count("|") == 6


def test_a_summary_stays_below_what_github_takes() -> None:
    steps = [TimedOutcome(Step("&" * 5000, "&" * 5000).done("&" * 5000), 0.0)] * 1000
    report = Report(command="x", exit_code=1, what="&" * 10**6 + "\n" + "&\n" * 10**6, steps=steps)
    assert len(render(report).encode()) < 1024 * 1024
