"""The one place where errors become exits, and answers become output."""

from __future__ import annotations

import functools
import importlib
import inspect
import shlex
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from invoke import Collection, Context, Exit, task

from shiplane.cli.interrupts import TerminatedError, heeding_signals
from shiplane.core.errors import PrerequisiteError, ShiplaneError, UsageError

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.cli.views.envelope import FailureJson
    from shiplane.core.next_command import Caller

_INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a task came to.

    Attributes:
        text: For people.
        data: The same for programs; ``ok`` and ``exit`` are added.
        exit_code: 0, or why not although the task itself ran to its end.
        error: What is to be said last, where words are needed for that; its code is the exit code.
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = 0
    error: ShiplaneError | None = None

    @property
    def code(self) -> int:
        """The exit code."""
        return self.error.exit_code if self.error else self.exit_code


_CONTEXT = inspect.Parameter("c", inspect.Parameter.POSITIONAL_OR_KEYWORD)
_JSON = inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False)
# Both name the version of a release: whichever a task has, it takes the other one, too.
_SAME = {"tag": "version", "version": "tag"}


def shiplane_task(
    module: str = "",
    *,
    texts: Mapping[str, str],
    optional: tuple[str, ...] = (),
    iterable: tuple[str, ...] = (),
    name: str | None = None,
) -> Callable[[Callable[..., object]], Any]:
    """Make an Invoke task of a function's name, parameters and docstring.

    Invoke would let a required positional swallow ``--help`` and then run the task, and would give out short flags
    that move when a parameter is added: so there are neither. Every task gets ``--json``; one with ``--tag`` takes
    ``--version``, too, and the other way round, since Invoke would take ``plan --version 0.2.1`` for a wish to see the
    program's own version, and 0.2.1 for a task.

    Args:
        module: The module of this package whose function of the same name is the body: it takes a :class:`Run` and
            the same parameters, and gives an :class:`Answer`. Without it the decorated function is the body itself.
        texts: The help of each parameter.
        optional: Parameters that may be given with or without a value.
        iterable: Parameters that may be given several times.
        name: What the task is called, where that cannot be the function's name.
    """
    also = {other: f"The same as --{flag}." for flag, other in _SAME.items() if flag in texts}
    every = {**texts, **also, "json": "One JSON document on standard output, nothing else."}

    def decorate(face: Callable[..., object]) -> Any:  # noqa: ANN401 -- invoke's Task is untyped
        made = task(name=name, positional=[], auto_shortflags=False, optional=optional, iterable=iterable, help=every)
        return made(_guarded(face, module))

    return decorate


def _guarded(face: Callable[..., object], module: str) -> Callable[..., None]:
    @functools.wraps(face)
    def run_task(c: Context, *, json: bool = False, **arguments: Any) -> None:  # noqa: ANN401 -- the command line's
        # Here and not above: a list of tasks, or the help of one, needs none of what a run needs.
        from shiplane.cli.run import Run
        from shiplane.cli.views.console import open_streams
        from shiplane.core.system.process import refuse_dumps

        refuse_dumps()  # before anything that could start a child: git runs whatever a repository configures
        open_streams()
        body = getattr(importlib.import_module(f"shiplane.cli.{module}"), face.__name__) if module else face
        with heeding_signals():
            run = Run(caller=_caller(run_task))
            code = _attempt(run, cast("Callable[..., Answer]", body), c, arguments, as_json=json)
        if code:
            raise Exit(code=code)

    flags = {name: flag for name, flag in inspect.signature(face).parameters.items() if name != "run"}
    same = [flags[name].replace(name=other) for name, other in _SAME.items() if name in flags]
    parameters = [_CONTEXT, *flags.values(), *same, _JSON]
    run_task.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run_task.module = module  # type: ignore[attr-defined]
    return run_task


def _one_version(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments without the other spelling of the version.

    The task's own flag comes first among them, as in its signature.

    Raises:
        UsageError: Both spellings are given, and differ.
    """
    flag = next((name for name in arguments if name in _SAME), None)
    if flag is None:
        return arguments
    rest = {name: value for name, value in arguments.items() if name != _SAME[flag]}
    ours, other = arguments[flag], arguments[_SAME[flag]]
    if None not in {ours, other} and ours != other:
        raise UsageError(
            f"--{flag} {ours} and --{_SAME[flag]} {other} both say which version, and differ",
            remedy="Give one of them.",
        )
    return {**rest, flag: ours if ours is not None else other}


def _attempt(run: Run, body: Callable[..., Answer], c: Context, arguments: dict[str, Any], *, as_json: bool) -> int:
    """Run a body to an exit code; everything that can go wrong ends in one of these branches."""
    try:
        if c.config.run.dry:
            raise UsageError("invoke's own --dry does not reach what shiplane does", remedy="Use --dry-run.")
        answer = body(run, **_one_version(arguments))
        _show(run, answer, as_json=as_json)
    except ShiplaneError as error:
        return _failed(run, error, error.exit_code, as_json=as_json)
    except KeyboardInterrupt:
        return _failed(run, ShiplaneError("interrupted"), _INTERRUPTED, as_json=as_json)
    except TerminatedError as error:
        return _failed(run, ShiplaneError(error.words), error.exit_code, as_json=as_json)
    except Exception as error:  # noqa: BLE001 -- the edge: a fault of ours still must not leak a secret
        run.console.say(traceback.format_exc())
        return _failed(run, ShiplaneError(f"a fault of shiplane itself: {error!r}"), 1, as_json=as_json)
    return answer.code


def _show(run: Run, answer: Answer, *, as_json: bool) -> None:
    """The result; after one that is not good, the last words, as after an error."""
    code, error = answer.code, answer.error
    lines = _closing(run, code) if code else []
    if as_json:
        rest = {**({"error": _json(error)} if error else {}), **({"closing": lines} if lines else {})}
        run.console.document(run.caller.shown_within({"ok": code == 0, "exit": code, **answer.data, **rest}))
    elif answer.text:
        run.console.result(answer.text)
    if error:
        run.console.complain(str(error))
    for line in lines:
        run.console.say(line)
    words = {"what": error.what, "remedy": error.remedy, "kind": error.kind} if error else {}
    _report(run, code, text=answer.text, data=answer.data, closing=lines, **words)


def _json(error: ShiplaneError) -> FailureJson:
    return {"kind": error.kind, "what": error.what, "remedy": error.remedy}


def _failed(run: Run, error: ShiplaneError, code: int, *, as_json: bool) -> int:
    """Say what happened, what is public now, what is safe, and what to do next."""
    lines = _closing(run, code)
    run.console.complain(str(error))
    for line in lines:
        run.console.say(line)
    if as_json:
        with suppress(PrerequisiteError):  # what cannot be written is said already, where that was the error
            document = {"ok": False, "exit": code, "error": _json(error), "closing": lines}
            run.console.document(run.caller.shown_within(document))
    _report(run, code, what=error.what, remedy=error.remedy, kind=error.kind, closing=lines)
    return code


def _report(run: Run, code: int, **words: Any) -> None:  # noqa: ANN401 -- the fields of a Report
    """In GitHub Actions: the outputs, the summary and, for a failure, one annotation."""
    if run.actions is None:
        return
    from shiplane.cli.views.step_summary import Report

    line = shlex.join([*run.caller.program, *_arguments(run.caller)])
    shown = run.caller.shown_within(words)
    report = Report(command=line, exit_code=code, caller=run.caller, steps=run.console.steps, **shown)
    run.actions.report(report, redact=run.redact, tell=run.console.tell)


def _closing(run: Run, code: int) -> list[str]:
    from shiplane.cli.views.exit_report import closing_lines
    from shiplane.core.progress import Step

    wrote = any(isinstance(event, Step) and event.writes for event in run.console.events)
    public = _public_now(run) if run.closing else []
    arguments = [*_arguments(run.caller), *run.pinned()]
    lines = closing_lines(code, caller=run.caller, arguments=arguments, public=public, wrote=wrote)
    return [run.caller.shown(line) for line in lines]


def _public_now(run: Run) -> list[str]:
    """The names as they are now; not being able to tell, or a second signal, must not hide the error itself."""
    assert run.closing is not None  # noqa: S101 -- asked by the caller
    try:
        return run.closing()
    except (Exception, KeyboardInterrupt, TerminatedError) as error:  # noqa: BLE001
        return [f"could not be read ({error!r})"]


def named(tasks: Collection) -> Collection:
    """Tell each of our tasks what all are called without a prefix: so each finds itself in the command line."""
    names = list(tasks.task_names)
    for name in names:
        tasks[name].body.names = [name, *names]
    return tasks


def _caller(run_task: Callable[..., None]) -> Caller:
    """How our tasks are called here."""
    from shiplane.core.next_command import caller_of

    own, *names = getattr(run_task, "names", [run_task.__name__])
    return caller_of(sys.argv, own, names)


def _arguments(caller: Caller) -> list[str]:
    """The task and its flags, as they were typed."""
    return sys.argv[len(caller.program) :]
