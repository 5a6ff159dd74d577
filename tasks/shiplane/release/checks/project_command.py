"""Run a command of the project, without the release's credentials: quiet if it passes, its output if it fails."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from shiplane.core.errors import PrerequisiteError
from shiplane.core.redact import Redactor
from shiplane.core.system.process import run
from shiplane.core.text import one_line

LineView: TypeAlias = Callable[[str, str], object]


def show_nothing(_line: str, _subject: str) -> None:
    """Show no line of a command."""


class CommandError(PrerequisiteError):
    """A command of the project failed; ``output`` is what it wrote, safe to print, each line marked."""

    def __init__(self, what: str, *, remedy: str, lines: Sequence[str] = ()) -> None:
        super().__init__(what, remedy=remedy)
        self.lines = lines

    @property
    def output(self) -> str:
        """What it wrote, each line marked as a child's."""
        return "\n".join(f"  | {line}" for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class CommandRunner:
    """Runs commands. Safe to use from several threads.

    Attributes:
        root: The project's root, where they run.
        env: Their environment, without secrets.
        redact: Applied to all output.
        kept: How many lines of output are kept, the last ones; None for all.
        alone: Whether what a command leaves running is killed when it ends.
        show: Called with each line as it is written, and with the subject of the step that the command is run for.
    """

    root: Path
    env: Mapping[str, str]
    redact: Redactor
    kept: int | None = None
    alone: bool = False
    show: LineView = show_nothing

    def run(
        self,
        argv: Sequence[str],
        timeout: float,
        needs: Sequence[str] = (),
        stop: threading.Event | None = None,
        subject: str = "",
    ) -> list[str]:
        """Run a command to its end.

        Args:
            argv: The command, word by word.
            timeout: In seconds.
            needs: The variables that have to be set for it.
            stop: Ends it when set.
            subject: That of the step that it is run for; empty for the latest one.

        Returns:
            Its output, safe to print.

        Raises:
            CommandError: It failed, cannot be started, did not end in time, or lacks a variable.
        """
        self.check_variables(needs)
        lines: deque[str] = deque(maxlen=self.kept)

        def listen(line: str) -> None:
            lines.append(line)
            self.show(line, subject)

        try:
            result = run(
                argv,
                env=self.env,
                cwd=self.root,
                timeout=timeout,
                listen=listen,
                joined=True,
                stop=stop,
                alone=self.alone,
            )
        except PrerequisiteError as error:
            remedy = error.remedy or "Fix it, or give it more time in the project file."
            raise CommandError(error.what, remedy=remedy, lines=self._safe(lines)) from error
        if result.code != 0:
            what = f"{result.command} ended with {result.code}"
            raise CommandError(what, remedy="Fix what it reports.", lines=self._safe(lines))
        return self._safe(lines)

    def check_variables(self, names: Iterable[str]) -> None:
        """Refuse a command that lacks a variable.

        Raises:
            CommandError: Naming each that is not set.
        """
        unset = [name for name in names if not self.env.get(name)]
        if unset:
            raise CommandError(
                f"the command needs {', '.join(unset)}, which {'is' if len(unset) == 1 else 'are'} not set",
                remedy="Set it. No command gets a credential of the release, or a variable that contains one.",
            )

    def safe(self, text: str) -> str:
        """A text of a child in one line, without control sequences and secrets.

        Redacted before it is cut, and again after a sequence within a secret was removed.
        """
        return self.redact(one_line(self.redact(text)))

    def _safe(self, lines: Iterable[str]) -> list[str]:
        return [self.safe(line) for line in list(lines)]
