"""The one place where errors become exit codes, and answers become output."""

from __future__ import annotations

import shlex
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiplane.cli.answer import Answer
from shiplane.cli.signals import TerminatedError, heeding_signals, limit_run
from shiplane.cli.views.console import Verbosity
from shiplane.cli.views.exit_report import closing_lines
from shiplane.core.errors import PrerequisiteError, ShiplaneError
from shiplane.core.next_command import Caller
from shiplane.core.progress import Step
from shiplane.core.system.process import refuse_dumps
from shiplane.core.system.streams import open_streams
from shiplane.core.timestamps import rfc3339

if TYPE_CHECKING:
    from shiplane.cli.envelope import FailureJson
    from shiplane.cli.run import Run

_INTERRUPTED = 130


def run_to_its_end(
    task: Callable[[Run], Answer], *, caller: Caller, as_json: bool, verbosity: Verbosity = Verbosity.USUAL
) -> int:
    """Run a task and show its result; gives its exit code, whatever goes wrong."""
    from shiplane.cli.run import Run

    refuse_dumps()  # before anything that could start a child: git runs whatever a repository configures
    open_streams()
    with heeding_signals():
        run = Run(caller=caller, search_root=Path.cwd() / caller.search_root, verbosity=verbosity, limit=limit_run)
        try:
            return _attempt(run, task, as_json=as_json)
        except (KeyboardInterrupt, TerminatedError) as error:
            run.console.complain("another signal came before the last words were said")
            return error.exit_code if isinstance(error, TerminatedError) else _INTERRUPTED
        finally:
            run.console.close()


def _attempt(run: Run, task: Callable[[Run], Answer], *, as_json: bool) -> int:
    """Run a task to an exit code; everything that can go wrong ends in one of these branches."""
    answer = None  # what was done stays so, where it could not be shown
    try:
        answer = task(run)
        _show(run, answer, as_json=as_json)
    except ShiplaneError as error:
        return _failed(run, error, error.exit_code, as_json=as_json, answer=answer)
    except KeyboardInterrupt:
        return _failed(run, ShiplaneError("interrupted"), _INTERRUPTED, as_json=as_json, answer=answer)
    except TerminatedError as error:
        return _failed(run, ShiplaneError(error.reason), error.exit_code, as_json=as_json, answer=answer)
    except Exception as error:  # noqa: BLE001 -- a fault of ours still must not leak a secret
        run.console.say(traceback.format_exc())
        return _failed(run, ShiplaneError(f"internal error in shiplane: {error!r}"), 1, as_json=as_json)
    return answer.code


def _show(run: Run, answer: Answer, *, as_json: bool) -> None:
    """Show the result; after one that is not good, the closing lines, as after an error."""
    code, error = answer.code, answer.error
    lines = _closing(run, code) if code else []
    if as_json:
        rest = {**({"error": _json(error)} if error else {}), **({"closing": lines} if lines else {})}
        run.console.document(run.caller.render_json({"ok": code == 0, "exit": code, **answer.data, **rest}))
    elif answer.text:
        run.console.result(answer.text, answer.screen)
    if error:
        run.console.complain(str(error))
    for line in lines:
        run.console.say(line)
    failure = {"what": error.what, "remedy": error.remedy, "kind": error.kind} if error else {}
    _report(run, code, text=answer.text, data=answer.data, closing=lines, **failure)


def _json(error: ShiplaneError) -> FailureJson:
    return {"kind": error.kind, "what": error.what, "remedy": error.remedy}


def _failed(run: Run, error: ShiplaneError, code: int, *, as_json: bool, answer: Answer | None = None) -> int:
    """Show what happened, what is public now, what is safe, and the next command; report a result that there is."""
    lines = _closing(run, code)
    run.console.complain(str(error))
    for line in lines:
        run.console.say(line)
    if as_json:
        with suppress(PrerequisiteError):  # what cannot be written is said already, where that was the error
            document = {"ok": False, "exit": code, "error": _json(error), "closing": lines}
            run.console.document(run.caller.render_json(document))
    result = {"text": answer.text, "data": answer.data} if answer else {}
    _report(run, code, what=error.what, remedy=error.remedy, kind=error.kind, closing=lines, **result)
    return code


def _report(run: Run, code: int, **fields: Any) -> None:  # noqa: ANN401 -- the fields of a Report
    """In GitHub Actions the outputs, the summary and, for a failure, one annotation; the file of ``--report``."""
    file = run.console.report_file
    if run.actions is None and file is None:
        return
    from shiplane.pages.run_report import Report

    line = shlex.join([*run.caller.program, *_arguments(run.caller)])
    fields = run.caller.render_json(fields)
    report = Report(
        command=line,
        task=file.task if file else "",
        exit_code=code,
        caller=run.caller,
        steps=run.console.steps,
        builds=[time for build in run.console.builds for time in build.times],
        began=rfc3339(run.began),
        seconds=run.console.seconds,
        **fields,
    )
    if run.actions:
        run.actions.report(report, redact=run.redact, tell=run.console.tell)
    if file:
        file.write(report, redact=run.redact, say=run.console.say)


def _closing(run: Run, code: int) -> list[str]:
    """The closing lines of a run that did not end well."""
    wrote = any(isinstance(event, Step) and event.writes for event in run.console.events)
    arguments = [*_arguments(run.caller), *run.repeat_flags]
    lines = closing_lines(code, caller=run.caller, arguments=arguments, public=_public_now(run), wrote=wrote)
    return [run.caller.render(line) for line in lines]


def _public_now(run: Run) -> list[str]:
    """The tags as they are now; a failed read, or a second signal, must not hide the error itself."""
    try:
        return run.public_tags()
    except (Exception, KeyboardInterrupt, TerminatedError) as error:  # noqa: BLE001
        return [f"could not be read ({error!r})"]


def _arguments(caller: Caller) -> list[str]:
    """The task and its flags, as they were typed."""
    return sys.argv[len(caller.program) :]
