"""Runs a script and tells what it took, as a process of its own: `python -I -S stopwatch.py SCRIPT`.

A process counts the memory of the one that started it as its own peak until it runs a program (Linux, fs/exec.c,
`setmax_mm_hiwater_rss`): so whoever starts what is measured has to be small, and imports next to nothing.
"""

import os
import sys
import time

NOTHING = (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)


def main() -> None:
    """Print seconds by the wall, of processor, KiB at the peak, and the exit code."""
    started = time.perf_counter()
    child = os.posix_spawnp("sh", ["sh", "-c", sys.argv[1]], os.environ, file_actions=[NOTHING])
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss, os.waitstatus_to_exitcode(status))


main()
