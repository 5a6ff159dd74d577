"""A Docker engine of our own: dockerd and all that it starts, in namespaces that end with it.

Its mounts and processes live in a mount and a pid namespace. When the namespace's first process dies, however it
dies, the kernel ends every container and shim and undoes every mount, so nothing can be left behind. The handler for
the other processor's programs is registered there too; where the machine has a binfmt_misc of its own mounted, it
stays registered.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig import machine, network, processes, unix

if TYPE_CHECKING:
    from tests.rig.packages import Toolbox

NAME = "engine"
# From qemu-aarch64.conf of the package, with the path of our own copy. Flag F: the program is opened now, and
# so is found from within any container. Flag P: argv[0] is kept, by which busybox knows which tool it is to be.
BINFMT = (
    r":{name}:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00{machine}"
    r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:{qemu}:PF"
)
START = """\
set -e
binfmt=/proc/sys/fs/binfmt_misc
test -e $binfmt/register || mount -t binfmt_misc binfmt_misc $binfmt
test -e $binfmt/{name} || printf %s {binfmt} >$binfmt/register || test -e $binfmt/{name}
mkdir -p /run/containerd
mount -t tmpfs tmpfs /run/containerd  # the shims' sockets: containerd has no setting for their place
# Nor has it one for a folder that it makes in /opt, which would stay; unless something of ours is there.
case {config}:{tools} in */opt/*) ;; *) test ! -d /opt || mount -t tmpfs tmpfs /opt ;; esac
exec dockerd --config-file {config}
"""
NAMESPACES = ("--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--propagation", "slave")


def start(tools: Toolbox, folder: Path, sockets: Path, bridge: str, mirror: str, name: str = NAME) -> Path:
    """Start an engine and wait until it answers; gives its socket."""
    socket = sockets / f"{name}.sock"
    home = folder / name
    home.mkdir(exist_ok=True)
    config = home / "daemon.json"
    config.write_text(json.dumps(_config(home, sockets / name, socket, bridge, mirror), indent=2), encoding="utf-8")
    foreign = machine.other(tools.processor)
    handler = f"shiplane-{foreign.kernel}"
    qemu = tools.tool(f"{foreign.emulator}-static", foreign.emulator)
    binfmt = BINFMT.format(name=handler, machine=foreign.machine, qemu=qemu)
    own = {"config": shlex.quote(str(config)), "tools": shlex.quote(str(tools.root))}
    script = START.format(name=handler, binfmt=shlex.quote(binfmt), **own)
    command = ["unshare", *NAMESPACES, tools.tool("tini-static", "tini"), "--", "sh", "-c", script]
    processes.spawn(folder, name, command, {**tools.environ(), **processes.CALM_GO})
    processes.wait_or_explain(folder, name, lambda: unix.answers(f"unix:{socket}", "/_ping"), 60)
    return socket


def _config(home: Path, runtime: Path, socket: Path, bridge: str, mirror: str) -> dict[str, Any]:
    """The engine's settings; `runtime` is short, for there are sockets below it."""
    return {
        "features": {"containerd-snapshotter": True},
        "data-root": str(home / "data"),
        "exec-root": str(runtime),
        "pidfile": str(runtime / "dockerd.pid"),
        "hosts": [f"unix://{socket}"],
        "bridge": bridge,
        "mtu": network.mtu(),
        "iptables": False,
        "ip6tables": False,
        "cgroup-parent": f"/{bridge}",
        "registry-mirrors": [f"http://{mirror}"],
        "insecure-registries": ["127.0.0.0/8"],
        "shutdown-timeout": 3,
    }


def stop(folder: Path, bridge: str, name: str = NAME) -> None:
    """End an engine; asked politely it waits for its containers, so they are killed before."""
    pid = processes.recorded(folder / "pids" / name)
    if pid is not None:
        with contextlib.suppress(OSError):
            _kill_containers(bridge)
        # The first process of the namespace first: `unshare` would not pass the signal on, only kill.
        processes.end(processes.descendants(pid)[:1])
        processes.end([pid])
    _remove_cgroups(bridge)


def _cgroups(bridge: str) -> list[Path]:
    """The engine's control groups: one for each controller, or the one of version 2."""
    root = Path("/sys/fs/cgroup")
    return [path for path in (root / bridge, *root.glob(f"*/{bridge}")) if path.is_dir()]


def _kill_containers(bridge: str) -> None:
    """Kill what runs in the engine's control groups: quicker than one request for each container, and sure."""
    for listed in (file for base in _cgroups(bridge) for file in base.glob("*/cgroup.procs")):
        for pid in listed.read_text(encoding="utf-8").split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def _remove_cgroups(bridge: str) -> None:
    """Remove the engine's control groups, inner ones first; they are empty by now."""
    for folder in (f for base in _cgroups(bridge) for f, _, _ in os.walk(base, topdown=False)):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
