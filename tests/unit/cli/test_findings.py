"""The doctor's table: what failed first, with how to fix it; on a screen, what passed by its names alone."""

from __future__ import annotations

import pytest

from shiplane.cli.live.accent import Accent, unpainted
from shiplane.cli.live.screen import Screen
from shiplane.cli.views.findings import findings_screen, findings_text
from shiplane.core.errors import PrerequisiteError
from shiplane.core.finding import Finding, done, failed, skipped

LONG = "docker has no buildx, which every release builds its images with"
FINDINGS = [
    done("config: project file", "shiplane.toml"),
    skipped("smoke", "not configured"),
    done("disk", "2 GB", warning="Make some room."),
    done("tools: docker", "29.1"),
    failed("tools: buildx", PrerequisiteError(LONG, remedy="Install it: apt-get install docker-buildx\nTry again.")),
]


def screen(findings: list[Finding], columns: int) -> list[str]:
    return findings_screen(findings, Screen(columns=columns, seconds=3.2, paint=unpainted)).splitlines()


def test_what_failed_comes_first_and_every_row_is_there() -> None:
    lines = findings_text(FINDINGS, lambda text, _state: text).splitlines()
    assert [line[:22].rstrip() for line in lines if line[:1].strip()] == [
        *("tools: buildx", "disk", "smoke", "config: project file", "tools: docker"),
        "1 failed, 1 warning, 1",
    ]
    assert lines[1].strip() == "Install it: apt-get install docker-buildx"


def test_on_a_screen_what_passed_is_folded() -> None:
    assert screen(FINDINGS, 50) == [
        "failed tools: buildx",
        "  docker has no buildx, which every release builds",
        "  its images with",
        "  Install it: apt-get install docker-buildx",
        "  Try again.",
        "",
        "warning disk",
        "  2 GB",
        "  Make some room.",
        "",
        "skipped smoke",
        "  not configured",
        "",
        "done config: project file, tools: docker",
        "  (details: --verbose)",
        "",
        "1 failed, 1 warning, 1 skipped, 2 done in 3 s",
    ]


@pytest.mark.parametrize("columns", [20, 80])
def test_a_command_is_never_broken(columns: int) -> None:
    assert "  Install it: apt-get install docker-buildx" in screen(FINDINGS, columns)


def test_nothing_is_folded_where_nothing_passed() -> None:
    assert screen(FINDINGS[4:], 80)[-1] == "1 failed in 3 s"
    assert not [line for line in screen(FINDINGS[4:], 80) if line.startswith("done")]


def test_states_are_painted() -> None:
    def paint(text: str, accent: Accent) -> str:
        return f"<{accent.value}>{text}"

    shown = findings_screen(FINDINGS, Screen(columns=80, seconds=1, paint=paint))
    for text in ("<bad>failed <more>tools: buildx", "<care>warning", "<less>skipped", "<good>done config"):
        assert text in shown
