"""The standard streams, where the caller has closed them or nobody reads them any more."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def open_streams() -> None:
    """Open the standard streams that the caller has closed on the null device, so that no file becomes one of them."""
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is not None:
            continue
        null = os.open(os.devnull, os.O_RDWR)
        if null != number:
            os.dup2(null, number)
            os.close(null)
        setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 -- a descriptor


def silence(stream: TextIO) -> None:
    """Send what is still to come nowhere: else the interpreter would try once more at its end, and complain."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
