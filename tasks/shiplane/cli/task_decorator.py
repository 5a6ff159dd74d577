"""Makes an Invoke task of a function: its flags, their help, and what every task has beside them.

A list of tasks, the help of one, or completion must not wait for a registry client to be imported: so this imports
nothing that only a run needs, and a task's function imports what it works with when it runs.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from invoke import Collection, Context, Exit, task

if TYPE_CHECKING:
    from shiplane.cli.answer import Answer
    from shiplane.cli.run import Run
    from shiplane.core.next_command import Caller

_CONTEXT = inspect.Parameter("c", inspect.Parameter.POSITIONAL_OR_KEYWORD)
# What every task has, with its help.
_COMMON = {
    "json": "Print the result as one JSON document on standard output.",
    "quiet": "Print only the result, and errors.",
    "verbose": "Print every step and the output of builds on a terminal, too, and digests in full.",
}
_COMMON_PARAMETERS = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False) for name in _COMMON]
# Both are the version of a release: whichever a task has, it takes the other one, too.
_SYNONYMS = {"tag": "version", "version": "tag"}


def shiplane_task(
    *,
    flags: Mapping[str, str],
    optional: tuple[str, ...] = (),
    iterable: tuple[str, ...] = (),
    name: str | None = None,
) -> Callable[[Callable[..., Answer]], Any]:
    """Make an Invoke task of a function that takes a :class:`~shiplane.cli.run.Run` and its flags by name.

    Invoke would let a required positional swallow ``--help`` and then run the task, and would give out short flags
    that move when a parameter is added: so there are neither. Every task gets ``--json``, ``--quiet`` and
    ``--verbose``; one with ``--tag`` takes
    ``--version``, too, and the other way round, since Invoke would take ``plan --version 0.2.1`` for a wish to see the
    program's own version, and 0.2.1 for a task.

    Args:
        flags: The help of each parameter.
        optional: Parameters that may be given with or without a value.
        iterable: Parameters that may be given several times.
        name: What the task is called, where that cannot be the function's name.
    """
    synonyms = {other: f"Same as --{flag}." for flag, other in _SYNONYMS.items() if flag in flags}
    texts = {**flags, **synonyms, **_COMMON}

    def decorate(function: Callable[..., Answer]) -> Any:  # noqa: ANN401 -- invoke's Task is untyped
        body: Any = _run_by_invoke(function)
        body.flag_texts = dict(texts)  # Invoke takes each text away when it first makes flags of parameters
        decorator = task(
            name=name, positional=[], auto_shortflags=False, optional=optional, iterable=iterable, help=texts
        )
        return decorator(body)

    return decorate


def _run_by_invoke(function: Callable[..., Answer]) -> Callable[..., None]:
    """What Invoke calls: the function in a run of its own, ended by its exit code."""

    @functools.wraps(function)
    def run_task(c: Context, **arguments: Any) -> None:  # noqa: ANN401 -- the command line's
        from shiplane.cli.exits import run_to_its_end
        from shiplane.cli.views.console import Verbosity

        as_json, quiet, verbose = (arguments.pop(name, False) for name in _COMMON)
        code = run_to_its_end(
            functools.partial(_call, function, c, arguments, both=quiet and verbose),
            caller=_caller(run_task),
            as_json=as_json,
            verbosity=Verbosity.QUIET if quiet else Verbosity.VERBOSE if verbose else Verbosity.USUAL,
        )
        if code:
            raise Exit(code=code)

    _, *flags = inspect.signature(function).parameters.values()  # the first is the run
    synonyms = [flag.replace(name=_SYNONYMS[flag.name]) for flag in flags if flag.name in _SYNONYMS]
    signature = inspect.Signature([_CONTEXT, *flags, *synonyms, *_COMMON_PARAMETERS])
    run_task.__signature__ = signature  # type: ignore[attr-defined]
    return run_task


def _call(function: Callable[..., Answer], c: Context, arguments: dict[str, Any], run: Run, *, both: bool) -> Answer:
    """Call a task's function with what was typed.

    Raises:
        UsageError: ``--dry`` of Invoke is given, both ``--quiet`` and ``--verbose`` are, or two versions are.
    """
    from shiplane.core.errors import UsageError

    if both:
        raise UsageError("--quiet and --verbose cannot be combined", remedy="Use only one of them.")
    if c.config.run.dry:
        raise UsageError("invoke's own --dry has no effect on shiplane", remedy="Use --dry-run.")
    return function(run, **_one_version(arguments))


def _one_version(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments without the other spelling of the version.

    The task's own flag comes first among them, as in its signature.

    Raises:
        UsageError: Both spellings are given, and differ.
    """
    from shiplane.core.errors import UsageError

    flag = next((name for name in arguments if name in _SYNONYMS), None)
    if flag is None:
        return arguments
    other = _SYNONYMS[flag]
    version, same = arguments[flag], arguments[other]
    if None not in {version, same} and version != same:
        raise UsageError(
            f"--{flag} {version} and --{other} {same} give different versions", remedy="Use only one of them."
        )
    rest = {name: value for name, value in arguments.items() if name != other}
    return {**rest, flag: version if version is not None else same}


def with_names(tasks: Collection) -> Collection:
    """Give each task the unprefixed names of all, so that it finds itself on the command line, and all of them."""
    names = list(tasks.task_names)
    for name in names:
        body = tasks[name].body
        body.names, body.tasks, body.is_default = [name, *names], tasks, name == tasks.default
    return tasks


def flags_by_task(one: Any) -> dict[str, frozenset[str]]:  # noqa: ANN401 -- invoke's Task is untyped
    """The flags of every task, without their dashes, by its name; ``one`` is any of them."""
    tasks = one.body.tasks
    return {name: frozenset(_flag(each.name) for each in tasks[name].get_arguments()) for name in tasks.task_names}


def summaries_of(one: Any) -> dict[str, str]:  # noqa: ANN401 -- invoke's Task is untyped
    """The first sentence of every task's help, by its name; ``one`` is any of them."""
    tasks = one.body.tasks
    return {name: (inspect.getdoc(tasks[name]) or "").partition("\n")[0] for name in sorted(tasks.task_names)}


def _flag(parameter: str) -> str:
    return parameter.replace("_", "-")


def _caller(run_task: Callable[..., None]) -> Caller:
    """How our tasks are called here."""
    from shiplane.core.next_command import caller_of, caller_without_task

    own, *names = getattr(run_task, "names", [run_task.__name__])
    given = [word for word in sys.argv if word.removeprefix("--") not in _COMMON]
    if getattr(run_task, "is_default", False) and not any(f".{word}".endswith(f".{own}") for word in given[1:]):
        return caller_without_task(given)
    return caller_of(sys.argv, own, names)
