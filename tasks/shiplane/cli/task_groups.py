"""The tasks in groups, by what a person wants to do: those of every day first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

TASK_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Every day": ("plan", "publish", "verify", "status", "rollback"),
    "Release": ("release", "promote", "trigger", "stage"),
    "Look": ("history", "deploy.list", "tasks"),
    "Repair": ("mark", "unmark", "deploy.repoint", "ledger.restart"),
    "Check before a release": (
        *("check.all", "check.config", "check.tools", "check.build", "check.gates", "check.access", "check.docs"),
        "rehearse",
    ),
    "Set up": ("init", "adopt", "workflow.write", "workflow.check", "auth.show", "auth.login", "auth.logout"),
}


def grouped_lines(summaries: Mapping[str, str], shown: Callable[[str], str] = str) -> Iterator[str]:
    """The groups as lines: each title, below it a line for each task; a task of no group comes last.

    Args:
        summaries: Each task's name with its first sentence.
        shown: Makes of a name what is typed.
    """
    grouped = [name for names in TASK_GROUPS.values() for name in names]
    others = tuple(name for name in summaries if name not in grouped)
    width = max(len(shown(name)) for name in summaries)
    for title, names in [*TASK_GROUPS.items(), ("Other", others)]:
        lines = [f"  {shown(name):<{width}}  {summaries[name]}" for name in names if name in summaries]
        yield from [title, *lines, ""] if lines else []
