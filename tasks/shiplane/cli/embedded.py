"""A task within somebody else's program: nothing is printed, nothing ends the process, and errors are raised."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiplane.cli.flows.verification import failed_verification
from shiplane.cli.run import Run
from shiplane.cli.views.console import Console
from shiplane.core.errors import ShiplaneError, UsageError
from shiplane.core.next_command import Caller
from shiplane.core.progress import Event, Step
from shiplane.core.system.process import refuse_dumps

if TYPE_CHECKING:
    from shiplane.cli.answer import Answer


def carry_out_embedded(
    task: Callable[[Run], Answer],
    *,
    folder: Path,
    env: Mapping[str, str] | None,
    progress: Callable[[Event], object] | None,
    log: Callable[[str], object],
) -> Any:  # noqa: ANN401 -- one of the documents
    """Carry out a task in a run of its own.

    Args:
        task: The task.
        folder: The project's folder, or one below it.
        env: The environment; None for that of the process.
        progress: Called with each event, in this thread.
        log: Called with each line of progress, one at a time.

    Returns:
        The document that its command prints.

    Raises:
        ShiplaneError: Its command would end with another code than 0.
    """
    refuse_dumps()  # before anything that could start a child
    run = _run(folder.absolute(), env)
    run.console = _console(run, progress, log)
    try:
        answer = task(run)
    except ShiplaneError as error:
        # Without the errors behind it, whose texts may contain a secret.
        raise _harmless(run, error) from None
    document = run.redact.hide_in(run.caller.render_json(answer.data))
    if answer.code:
        failure = _harmless(run, answer.error or failed_verification(document))
        failure.result = document
        raise failure
    return document


def _run(folder: Path, env: Mapping[str, str] | None) -> Run:
    """A run that is no step of a job, even in one: what that shows is its program's to say.

    Raises:
        UsageError: The folder does not exist; a project further up is not meant.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", remedy="Give the project's folder.")
    run = Run(folder=folder, caller=Caller(("shiplane",)))
    run.env = run.env if env is None else dict(env)
    run.actions = None
    return run


def _console(run: Run, progress: Callable[[Event], object] | None, log: Callable[[str], object]) -> Console:
    """What shows progress to these functions alone."""
    lock = threading.RLock()

    def log_one_at_a_time(line: str) -> None:
        with lock:
            log(line)

    return Console(
        env={},
        redact=run.redact,
        out=io.StringIO(),
        err=io.StringIO(),
        shown=run.caller.render,
        log=log_one_at_a_time,
        watch=lambda event: progress(_harmless_event(run, event)) if progress else None,
    )


def _harmless(run: Run, error: ShiplaneError) -> ShiplaneError:
    """The same error with a text that can be shown: no secret in it, and its commands ready to paste."""
    error.what, error.remedy = _shown(run, error.what), _shown(run, error.remedy)
    error.args = (error.what,)
    return error


def _harmless_event(run: Run, event: Event) -> Event:
    """The same event with such texts."""
    if isinstance(event, Step):
        return replace(event, subject=_shown(run, event.subject))
    step = replace(event.step, subject=_shown(run, event.step.subject))
    return replace(event, step=step, reason=_shown(run, event.reason))


def _shown(run: Run, text: str) -> str:
    return run.caller.render(run.redact(text))
