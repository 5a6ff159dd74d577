"""`python -m tests.rig up | down | run -- COMMAND`."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from tests import rig as rigs


def main(arguments: list[str]) -> int:
    """Do what was asked; gives the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.do(options))
    except rigs.RigError as fault:
        print(f"rig: {fault}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=rigs.__doc__)
    commands = parser.add_subparsers(required=True)
    for name, do, text in (
        ("up", up, "start a rig and print the shell's exports for it"),
        ("down", down, "end the rig of a folder"),
        ("run", run, "run a command in a rig; ends the rig after it, unless it ran before"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--folder", type=Path, required=name == "down")
        command.set_defaults(do=do)
        if name == "run":
            command.add_argument("command", nargs="+")
    return parser


def up(options: argparse.Namespace) -> int:
    """Start a rig and print what a shell evaluates to be in it."""
    print(exports(rigs.start(options.folder)))
    return 0


def exports(rig: rigs.Rig) -> str:
    """What a shell evaluates to be in a rig, with its registries and accounts for work by hand."""
    facts = {"RIG_PLAIN": rig.plain, "RIG_GUARDED": rig.guarded}
    facts |= {f"RIG_{name.upper()}": f"{who.username}:{who.password}" for name, who in rig.accounts.items()}
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in {**rig.env, **facts}.items())


def down(options: argparse.Namespace) -> int:
    """End a rig."""
    rigs.stop(options.folder)
    return 0


def run(options: argparse.Namespace) -> int:
    """Run a command in a rig and hand on its exit code."""
    was_there = options.folder is not None and (options.folder / "rig.json").exists()
    rig = rigs.start(options.folder)
    try:
        return subprocess.run(options.command, env=rig.environ(), check=False).returncode
    finally:
        if not was_there:
            rigs.stop(rig.folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
