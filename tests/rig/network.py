"""A bridge and a subnet that no other engine has, and the way out for its containers.

The engine is told to leave iptables alone: every engine on a machine claims the same chains, and one that starts would
wipe another's rules. Published ports go through its userland proxy; the one rule for the way out is ours.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig import processes
from tests.rig.model import RigError

if TYPE_CHECKING:
    from tests.rig.packages import Toolbox

PREFIX = "slr"


def claim(tools: Toolbox) -> str:
    """Make a bridge with a free subnet of its own; its name is the claim, for the kernel gives a name once.

    Raises:
        RigError: no subnet is free.
    """
    taken = processes.call([f"{tools.bin}/ip", "-4", "route"]).stdout
    first = os.getpid() % 250  # rigs that start together rarely try the same one
    for number in sorted(range(1, 251), key=lambda n: (n - first) % 250):
        if f"10.213.{number}." not in taken and _make(tools, number):
            return f"{PREFIX}{number}"
    raise RigError("no free subnet in 10.213.0.0/16")


def _make(tools: Toolbox, number: int) -> bool:
    bridge = f"{PREFIX}{number}"
    try:
        processes.call([f"{tools.bin}/ip", "link", "add", "name", bridge, "type", "bridge"])
    except RigError:
        if Path(f"/sys/class/net/{bridge}").exists():
            return False  # somebody was faster
        raise
    processes.call([f"{tools.bin}/ip", "addr", "add", f"10.213.{number}.1/24", "dev", bridge])
    processes.call([f"{tools.bin}/ip", "link", "set", bridge, "up"])
    for rule in _rules(bridge):
        processes.call([f"{tools.bin}/iptables", "-w", "10", *rule("-I")])
    return True


def _rules(bridge: str) -> list[_Rule]:
    net = f"10.213.{bridge.removeprefix(PREFIX)}.0/24"
    return [
        _Rule("-t nat", f"POSTROUTING -s {net} ! -o {bridge} -j MASQUERADE"),
        # Another engine on the machine may have made DROP the policy for what is passed on.
        _Rule("-t filter", f"FORWARD -s {net} -j ACCEPT"),
        _Rule("-t filter", f"FORWARD -d {net} -j ACCEPT"),
    ]


class _Rule:
    """An iptables rule that can be put in and taken out by the same words."""

    def __init__(self, table: str, words: str) -> None:
        self._table, self._words = table.split(), words.split()

    def __call__(self, action: str) -> list[str]:
        return [*self._table, action, *self._words]


def release(tools: Toolbox, bridge: str) -> None:
    """Take away a bridge and its rules, as much of them as is there."""
    for rule in _rules(bridge):
        _quietly([f"{tools.bin}/iptables", "-w", "10", *rule("-D")])
    _quietly([f"{tools.bin}/ip", "link", "del", bridge])


def _quietly(command: list[str]) -> None:
    try:
        processes.call(command)
    except RigError as fault:
        gone = ("Cannot find device", "does a matching rule exist", "No chain/target/match")
        if not any(words in str(fault) for words in gone):
            raise


def mtu() -> int:
    """The size of packets that the machine's way out can take; containers must not send bigger ones."""
    routes = Path("/proc/net/route").read_text(encoding="utf-8")
    found = re.search(r"^(\S+)\t00000000\t", routes, re.MULTILINE)
    return int(Path(f"/sys/class/net/{found[1]}/mtu").read_text(encoding="utf-8")) if found else 1500
