"""How many times something is to be tried, as a command takes it: nothing tried would pass for nothing wrong."""

from __future__ import annotations

import argparse


def at_least_one(text: str) -> int:
    """A number of at least one.

    Raises:
        ArgumentTypeError: It is none; argparse says which argument it was given for.
    """
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!a} is no number of at least one")
    return int(text)
