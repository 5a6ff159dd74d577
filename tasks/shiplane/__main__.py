"""``shiplane <task>``: the same tasks without a ``tasks.py``."""

from __future__ import annotations

from invoke import Program

from shiplane import __version__, ns

program = Program(namespace=ns, name="shiplane", binary="shiplane", version=__version__)


def main() -> None:
    """Run the command line."""
    program.run()


if __name__ == "__main__":
    main()
