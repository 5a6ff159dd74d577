"""Folders of the cache beside the toolbox: unpacked packages that only some tests need."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from tests.rig import packages
from tests.rig.model import RigError, RigUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def filled(home: Path, lock: str, fill: Callable[[Path], None]) -> None:
    """Have a folder of the cache: filled beside its place, and moved there when it is whole.

    One process does it, others wait. It is marked as in use: not one of those that are forgotten after two weeks.

    Raises:
        RigUnavailableError: this machine cannot have it.
    """
    with packages.locked(packages.cache() / lock):
        if not home.exists():
            if shutil.which("apt-get") is None:
                raise RigUnavailableError(f"only apt-get can fetch what {home.name} holds")
            partial = home.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            try:
                fill(partial)
            except RigError as fault:
                shutil.rmtree(partial, ignore_errors=True)
                raise RigUnavailableError(str(fault)) from fault
            partial.rename(home)
        os.utime(home)
