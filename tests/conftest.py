"""What every test relies on, however the tests were started."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.thorough import THOROUGH, ordinary

if TYPE_CHECKING:
    import pytest

# A shell starts what it puts in the background of a script with SIGINT ignored, nohup does so with SIGHUP, and children
# inherit that (POSIX, "Signal Actions" of exec): then no test could interrupt a run.
HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

for number in HEEDED:
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the cases that only the thorough run has out of every other."""
    if THOROUGH:
        return
    items[:], left = ordinary(items)
    config.hook.pytest_deselected(items=left)
