"""What every test relies on, however the tests were started."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# A shell starts what it puts in the background of a script with SIGINT ignored, nohup does so with SIGHUP, and children
# inherit that (POSIX, "Signal Actions" of exec): then no test could interrupt a run.
HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

for number in HEEDED:
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", default="1/1", help="Run a share of the test files: 1/2, 2/2.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep every second file, say: two processes, each with a rig of its own, keep two cores busy."""
    part, parts = map(int, config.getoption("--part").split("/"))
    files = sorted({item.path for item in items})
    kept = set(files[part - 1 :: parts])
    config.hook.pytest_deselected(items=[item for item in items if item.path not in kept])
    items[:] = [item for item in items if item.path in kept]
