"""The summary of a run as Markdown, for the page that GitHub Actions shows of it. Every value is foreign text here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shiplane.core.next_command import command
from shiplane.core.plurals import counted, megabytes
from shiplane.core.progress import StepOutcome, StepState
from shiplane.core.text import one_line
from shiplane.pages.run_report import Report, released, repository_of

# GitHub takes 1 MiB for a step's summary, and shows nothing of one that is larger.
_LONGEST = 4000
_ROWS = 100
_CELL = 400
_SIGNS = re.compile(r"[\\`*_{}\[\]#|~>@]|:(?=//)|^(?:[-+=]|[0-9]+(?=[.)](?: |$)))")
# Not one that is escaped already.
_BAR = re.compile(r"(?<!\\)\|")


def render(report: Report) -> str:
    """The whole summary."""
    parts = [_failure(report)] if report.exit_code else []
    parts += [_result(report)] if not report.exit_code or released(report.data) else []
    parts += [_evidence(report.data), _steps(report)]
    return report.caller.render("\n\n".join(part for part in parts if part) + "\n")


def plain(text: str, most: int = _CELL) -> str:
    """Foreign text on one line, without a meaning to Markdown or HTML."""
    return _SIGNS.sub(_escaped, one_line(text[:most]).replace("&", "&amp;").replace("<", "&lt;"))


def _escaped(match: re.Match[str]) -> str:
    """A sign behind a backslash; of a number that would begin a list the stop, by its entity."""
    return f"&#{ord(match.group()[0])};{match.group()[1:]}" if match.group()[0].isdigit() else f"\\{match.group()}"


def code(text: str) -> str:
    """Foreign text as code."""
    inner = one_line(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", inner)), default=0) + 1)
    pad = " " if "`" in inner else ""
    return f"{fence}{pad}{inner}{pad}{fence}" if inner else ""


def block(text: str, language: str = "text") -> str:
    """Foreign lines as a block of code that nothing in them can end."""
    lines = [_kept(line) for line in text[:_LONGEST].splitlines()]
    lines += ["..."] if len(text) > _LONGEST else []
    fence = "`" * max(3, max((len(run) + 1 for line in lines for run in re.findall("`+", line)), default=3))
    return "\n".join([f"{fence}{language}", *lines, fence])


def _kept(line: str) -> str:
    """A line with its indentation, harmless."""
    return " " * (len(line) - len(line.lstrip(" "))) + one_line(line)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells as Markdown; a bar in code would end its cell (GFM, section 4.10)."""
    lines = [head, ["---"] * len(head), *([_BAR.sub(r"\|", cell) for cell in row] for row in rows[:_ROWS])]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _result(report: Report) -> str:
    lanes = released(report.data)
    if not lanes:
        head = "Dry run: nothing was pushed" if report.data.get("dry_run") else code(report.command)
        return "\n\n".join([f"## {head}", *([block(report.text)] if report.text else [])])
    commit, images = str(report.data.get("commit", "")), list(dict.fromkeys(map(repository_of, lanes)))
    names = ", ".join(code(tag) for tag in dict.fromkeys(lane["tag"] for lane in lanes))
    head = f"## Released {names}\n\n{', '.join(map(code, images))}, from commit {code(commit[:12])}"
    return "\n\n".join(filter(None, [head, _names(lanes), _following(report.data), _commands(lanes)]))


def _following(data: Mapping[str, Any]) -> str:
    """A line for each release on GitHub, and for each announcement that failed."""
    releases = [
        f"- GitHub release {code(each['git_tag'])}: "
        + ", ".join([plain(each["error"] or each["action"]), *([code(each["url"])] if each["url"] else [])])
        for each in data.get("github_releases", ())
    ]
    failed = [each for each in data.get("announcements", ()) if not each["ok"]]
    return "\n".join(
        [*releases, *(f"- not announced: {plain(each['name'])}: {plain(each['detail'])}" for each in failed)]
    )


def _names(lanes: Sequence[Mapping[str, Any]]) -> str:
    """A line for each tag; behind the repository's name where the lanes have several."""
    several, rows = len(set(map(repository_of, lanes))) > 1, []
    for lane in lanes:
        where = f"{repository_of(lane)}:" if several else ""
        platforms = ", ".join(map(plain, lane["platforms"]))
        what = "new" if lane.get("built") else "already published"
        rows.append(
            [code(where + lane["tag"]), code(lane["digest"]), what, platforms, megabytes(int(lane.get("size") or 0))]
        )
        rows += [_floating(tag, where) for tag in lane["floating_tags"]]
        rows += [_ledger(kept)] if (kept := lane.get("ledger")) else []
    return _table(["tag", "digest", "", "platforms", "size"], rows)


def _floating(tag: Mapping[str, Any], where: str) -> list[str]:
    """The row of a floating tag; ``where`` is its repository before its name, or nothing."""
    moved = "moved" if tag["moved"] else plain(f"not moved: {tag['reason']}")
    return [code(where + tag["tag"]), code(tag["digest"] or "") or "does not exist", moved, "", ""]


def _ledger(kept: Mapping[str, Any]) -> list[str]:
    """The row of a lane's ledger, with what the run wrote into it."""
    added = f"recorded: {', '.join(map(plain, dict.fromkeys(kept['added'])))}" if kept["added"] else "already recorded"
    return [code(kept["tag"]), code(kept["digest"] or "") or "unknown", added, "", ""]


def _commands(lanes: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for lane in lanes:
        image = repository_of(lane)
        lines.append(command("verify", "--lane", lane["lane"], "--tag", lane["tag"], "--image", image, "--pull"))
        lines.append(f"docker pull {image}@{lane['digest']}")
    return f"To check:\n\n{block(chr(10).join(lines), 'sh')}"


def _failure(report: Report) -> str:
    what = report.what or "check failed"
    first, _, rest = what.partition("\n")
    parts = [f"## Failed with exit code {report.exit_code}", f"**{plain(first, _LONGEST)}**"]
    shown = rest or ("" if report.what else report.text)
    parts += [block(shown)] if shown else []
    parts += [plain(line) for line in report.remedy.splitlines()]
    following = [line.removeprefix("next: ") for line in report.closing if line.startswith("next: ")]
    facts = [line for line in report.closing if not line.startswith("next: ")]
    parts += ["\n".join(f"- {_labelled(line)}" for line in facts)] if facts else []
    parts += [_next(line) for line in following]
    return "\n\n".join(parts)


def _next(line: str) -> str:
    """The next command by itself, so that it can be copied."""
    label, _, command = line.rpartition(": ")
    return f"Next{': ' if label else ''}{plain(label)}\n\n{block(command, 'sh')}"


def _labelled(line: str) -> str:
    label, _, text = line.partition(": ")
    return f"**{plain(label)}**: {plain(text)}" if text else plain(line)


def _evidence(data: Mapping[str, Any]) -> str:
    """What the gates answered, whichever task asked them."""
    held = data.get("prerequisites")
    gates = held.get("gates") if isinstance(held, dict) else data.get("gates")
    rows = [_gate(gate) for gate in gates or () if isinstance(gate, dict)]
    return "### Gates\n\n" + _table(["gate", "asked", "answer", "commit", "when"], rows) if rows else ""


def _gate(gate: Mapping[str, Any]) -> list[str]:
    """A row for one gate's evidence."""
    answer = "green" if gate.get("good") else "not green"
    asked = code(f"{gate.get('kind', '')}: {gate.get('what', '')}")
    commit, when = code(str(gate.get("commit", ""))[:12]), plain(str(gate.get("when", "")))
    return [plain(str(gate.get("gate", ""))), asked, f"{answer}: {plain(str(gate.get('detail', '')))}", commit, when]


def _steps(report: Report) -> str:
    rows = [
        [
            plain(timed.outcome.step.name),
            plain(timed.outcome.step.subject),
            _bold(timed.outcome),
            plain(timed.outcome.reason),
            f"{timed.seconds:.1f}",
        ]
        for timed in report.steps
    ]
    total = sum(timed.seconds for timed in report.steps)
    if not rows:
        return ""
    table = _table(["step", "of", "outcome", "", "seconds"], rows)
    return f"<details><summary>{counted(len(rows), 'step')}, {total:.1f} s</summary>\n\n{table}\n\n</details>"


def _bold(outcome: StepOutcome) -> str:
    is_failure = outcome.state is StepState.FAILED and not outcome.repeated
    return f"**{outcome.state.value}**" if is_failure else outcome.state.value
