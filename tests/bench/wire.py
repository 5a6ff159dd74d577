"""A running rig for a bench: engine, registry, the front that counts, and the network that delays."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests import rig as rigs
from tests.bench import front
from tests.bench.delay import Counts
from tests.bench.nginx import nginx
from tests.rig import network, packages, processes, registries

SETTLE = 0.05
"""Seconds for the last bytes of a command that has ended to reach the other side, beside the round trip."""


@dataclass(frozen=True, kw_only=True)
class Wire:
    """What commands are measured on.

    Attributes:
        registry: The address of the front behind the network, `host:port`.
        storage: The registry's folder, which can be written to while it runs.
        env: The environment of the commands.
        rig: The engine with its builder.
        log: The front's log of requests.
        control: The network's control port.
    """

    folder: Path
    registry: str
    storage: Path
    env: Mapping[str, str]
    rig: rigs.Rig
    log: Path
    control: int

    @property
    def builder(self) -> str:
        """The name of the builder."""
        return self.rig.builder

    def set_round_trip(self, seconds: float) -> Counts:
        """Set the network's round trip; gives what crossed since the last call."""
        with socket.create_connection(("127.0.0.1", self.control), timeout=30) as connection:
            connection.sendall(f"{seconds}\n".encode())
            with connection.makefile() as answer:
                return Counts(**json.loads(answer.readline()))

    @contextmanager
    def counting(self, round_trip: float) -> Iterator[Traffic]:
        """What crosses the network at this round trip within a `with`; it is known after that."""
        self.set_round_trip(round_trip)
        start, traffic = self.log.stat().st_size, Traffic()
        yield traffic
        time.sleep(SETTLE + round_trip)
        traffic.counts = self.set_round_trip(0)
        with self.log.open("rb") as log:
            log.seek(start)
            traffic.lines = front.parse_log(log.read().decode("utf-8", "replace"))


class Traffic:
    """What a command sent and received, and the requests it made."""

    counts = Counts()
    lines: list[front.Line] = []  # noqa: RUF012 -- replaced, never changed


@contextmanager
def wired() -> Iterator[Wire]:
    """Start a rig with its network, for the time of a `with`; always one of our own, for its engine has to trust us.

    Raises:
        RigError: A part of it does not start.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slb-", dir="/tmp")))
        authority = front.make_authority(folder)
        stack.enter_context(_environment(SHIPLANE_RIG_FORCE="1", SSL_CERT_FILE=str(authority.bundle)))
        rig = stack.enter_context(rigs.running(folder / "rig"))
        stack.callback(lambda: processes.end(processes.running(folder).values()))
        address = _address(rig)
        authority.certify(folder, address)
        yield _start(folder, rig, address, str(authority.bundle))


def _address(rig: rigs.Rig) -> str:
    """An address on the rig's bridge that no client takes for a private network's: such ones are tried without TLS.

    It is one of those for documentation (RFC 5737), and goes with the bridge.
    """
    bridge = (rig.folder / "bridges/engine").read_text(encoding="utf-8")
    address = f"198.51.100.{bridge.removeprefix(network.PREFIX)}"
    processes.call([f"{packages.toolbox().bin}/ip", "addr", "add", f"{address}/32", "dev", bridge])
    return address


@contextmanager
def _environment(**extra: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.pop("SHIPLANE_RIG", None)
    os.environ.update(extra)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _start(folder: Path, rig: rigs.Rig, address: str, bundle: str) -> Wire:
    """Start registry, pager, front and network, each a process of the folder."""
    storage, log = folder / "storage", folder / "requests.log"
    storage.mkdir()
    log.touch()
    ports = dict(zip(("front", "store", "pager"), _free_ports(3), strict=True))
    _spawn(folder, "pager", "pager", str(ports["pager"]), str(storage))
    doors = _network(folder, address, {name: ports[name] for name in ("front", "store")})
    _front(folder, log, storage, {**ports, "blobs": f"{address}:{doors['store']}"})
    for name, port in (("pager", ports["pager"]), ("nginx", ports["front"])):
        processes.wait_or_explain(folder, name, partial(_answers, port))
    return Wire(
        folder=folder,
        registry=f"{address}:{doors['front']}",
        storage=storage,
        env=_commands_environment(rig, folder, bundle),
        rig=rig,
        log=log,
        control=doors["control"],
    )


def _commands_environment(rig: rigs.Rig, folder: Path, bundle: str) -> dict[str, str]:
    """The environment of what is measured: Python's bytecode is kept, as that of an installed package is."""
    env = rig.environ(SSL_CERT_FILE=bundle, PYTHONPYCACHEPREFIX=str(folder / "bytecode"))
    return {name: value for name, value in env.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _front(folder: Path, log: Path, storage: Path, names: Mapping[str, object]) -> None:
    """Start the registry and its front."""
    settings = registries.config(storage, "127.0.0.1:0")
    registry = registries.serve(folder, "registry", packages.toolbox().tool("docker-registry"), settings)
    text = front.CONFIG.format(
        folder=folder,
        log=log,
        storage=storage,
        registry=registry,
        unauthorized=front.UNAUTHORIZED,
        challenge=front.CHALLENGE,
        **names,
    )
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    program = nginx()
    words = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx-error.log")]
    processes.spawn(folder, "nginx", [program.program, *words], program.environ())


def _network(folder: Path, address: str, targets: Mapping[str, int]) -> dict[str, int]:
    """Start the network; gives its ports by the name of what is behind them, and of `control`."""
    settings = folder / "network.json"
    settings.write_text(json.dumps({"host": address, "targets": targets}), encoding="utf-8")
    _spawn(folder, "network", "delay", str(settings))
    processes.wait_or_explain(folder, "network", settings.with_suffix(".ports").exists)
    ports: dict[str, int] = json.loads(settings.with_suffix(".ports").read_text(encoding="utf-8"))
    return ports


def _spawn(folder: Path, name: str, module: str, *arguments: str) -> None:
    processes.spawn(folder, name, [sys.executable, "-m", f"tests.bench.{module}", *arguments], processes.python_env())


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
