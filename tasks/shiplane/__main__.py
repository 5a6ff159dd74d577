"""``shiplane <task>``: the same tasks without a ``tasks.py``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import NoReturn

from invoke import Exit, ParseError, Program

from shiplane import __version__, ns
from shiplane.core.errors import UsageError, did_you_mean
from shiplane.core.system.streams import silence

# Flags of the scripts that shiplane replaces, where they are spelled otherwise now.
_OLD_FLAGS = {"--no-latest": "--latest=no"}
# What Invoke says of a word that is no task, and no flag of the one before it (invoke 3.0.3, ``Parser``).
_UNKNOWN = re.compile(r"No idea what '(.+)' is")


class ShiplaneProgram(Program):
    """Invoke's program, but for two things.

    What cannot be read is a usage error, not a fault of ours; and the tasks are listed in groups, before its options.
    """

    def parse_core_args(self) -> None:
        """See :class:`invoke.Program`."""
        try:
            super().parse_core_args()
        except ParseError as error:
            raise _usage(error) from error
        if self.args.complete.value:
            _complete(self.argv[self.argv.index("--") + 1 :] if "--" in self.argv else [])
        if shell := self.args["print-completion-script"].value:
            _print_script(shell)

    def parse_tasks(self) -> None:
        """See :class:`invoke.Program`."""
        try:
            super().parse_tasks()
        except ParseError as error:
            raise _usage(error) from error

    def print_help(self) -> None:
        """See :class:`invoke.Program`."""
        sys.stdout.write(f"Usage: {self.binary} TASK [--flags] ...\n\n")
        self.list_tasks()
        sys.stdout.write("Options, before the task:\n\n")
        self.print_columns(self.initial_context.help_tuples())

    def list_flat(self) -> None:
        """See :class:`invoke.Program`."""
        if self.list_root or self.list_depth:
            super().list_flat()
            return
        from shiplane.cli.task_decorator import summaries_of
        from shiplane.cli.task_groups import grouped_lines

        sys.stdout.write("".join(f"{line}\n" for line in grouped_lines(summaries_of(ns["tasks"]))))


def _complete(words: list[str]) -> NoReturn:
    """Print what can stand at the end of a command line; an error would come into the prompt."""
    with suppress(Exception):
        from shiplane.cli.completion.candidates import candidates_here

        sys.stdout.write("".join(f"{word}\n" for word in candidates_here(words, ns, program.binary)))
    raise Exit


def _print_script(shell: str) -> NoReturn:
    from shiplane.cli.completion.scripts import SCRIPTS

    if shell not in SCRIPTS:
        shells = ", ".join(SCRIPTS)
        raise Exit(f"error: no completion for the shell {shell[:40]!a}\n  One of: {shells}.", code=UsageError.exit_code)
    sys.stdout.write(SCRIPTS[shell].lstrip())
    raise Exit


def _usage(error: ParseError) -> Exit:
    remedies = [f"\n  Write {new}." for old, new in _OLD_FLAGS.items() if f"'{old}'" in str(error)]
    return Exit(f"error: {error}{''.join(remedies or _nearest(error))}", code=UsageError.exit_code)


def _nearest(error: ParseError) -> Iterator[str]:
    """The task or flag that was probably meant."""
    if match := _UNKNOWN.search(str(error)):
        names = error.context.flags if error.context and match[1].startswith("-") else ns.task_names
        near = did_you_mean(match[1].partition("=")[0], names)
        yield f"\n  {near or f'See {program.binary} --list.'}"


program = ShiplaneProgram(namespace=ns, name="shiplane", binary="shiplane", version=__version__)


def main() -> None:
    """Run the command line; a reader that has seen enough of a list (``| head``) is no error."""
    try:
        try:
            program.run()
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)


if __name__ == "__main__":
    main()
