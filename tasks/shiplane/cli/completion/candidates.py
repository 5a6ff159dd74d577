"""The candidates of a command line, in the folder where the user stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from invoke import Collection, Program

from shiplane.cli.completion.words import TaskFlags, TypedWords, candidates


def candidates_here(words: Sequence[str], tasks: Collection, program: str) -> list[str]:
    """The words that can stand at the end of a command line.

    Raises:
        ShiplaneError: The project cannot be read.
    """
    core = [name for argument in Program().core_args() for name in _flags(argument.names)]
    return candidates(words, program, flags_of(tasks), core, _values)


def flags_of(tasks: Collection) -> TaskFlags:
    """Each task's flags, with whether they take a value."""
    return {
        name: {
            flag: argument.takes_value for argument in tasks[name].get_arguments() for flag in _flags(argument.names)
        }
        for name in tasks.task_names
    }


def _flags(names: Iterable[str]) -> list[str]:
    return [f"--{name.replace('_', '-')}" for name in names if len(name) > 1]


def _values(flag: str, typed: TypedWords) -> Iterable[str]:
    from shiplane.cli.completion.values import values_of
    from shiplane.cli.run import Run

    return values_of(Run(), flag, typed)
