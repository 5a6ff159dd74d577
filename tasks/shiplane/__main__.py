"""``shiplane <task>``: the same tasks without a ``tasks.py``."""

from __future__ import annotations

from invoke import Exit, ParseError, Program

from shiplane import __version__, ns
from shiplane.core.errors import UsageError

# Flags of the scripts that shiplane replaces, where they are spelled otherwise now.
_OLD_FLAGS = {"--no-latest": "--latest=no"}


class ShiplaneProgram(Program):
    """Invoke's program, but for its exit code: what cannot be read is a usage error, not a fault of ours."""

    def parse_core_args(self) -> None:
        """See :class:`invoke.Program`."""
        try:
            super().parse_core_args()
        except ParseError as error:
            raise _usage(error) from error

    def parse_tasks(self) -> None:
        """See :class:`invoke.Program`."""
        try:
            super().parse_tasks()
        except ParseError as error:
            raise _usage(error) from error


def _usage(error: ParseError) -> Exit:
    remedies = [f"\n  Write {new}." for old, new in _OLD_FLAGS.items() if f"'{old}'" in str(error)]
    return Exit(f"error: {error}{''.join(remedies)}", code=UsageError.exit_code)


program = ShiplaneProgram(namespace=ns, name="shiplane", binary="shiplane", version=__version__)


def main() -> None:
    """Run the command line."""
    program.run()


if __name__ == "__main__":
    main()
