"""Starting and stopping a rig."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig import doors, engine, machine, network, packages, processes, registries, signing_tools, tokens
from tests.rig.model import STATE, Rig, RigError, RigUnavailableError, load, save

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.model import Account
    from tests.rig.packages import Toolbox

BUILDER = "rig"
SHORT = 45
"""How long a folder's path may be for the engine's sockets (108 characters in all) to fit below it."""


def start(folder: Path | None = None) -> Rig:
    """Start a rig, or give the one that runs in that folder already.

    Without a folder it gets a temporary one, which `stop` removes. A rig that died in the folder is cleared away
    before; what its registries stored stays.

    Raises:
        RigUnavailableError: this machine cannot have one.
        RigError: a part of it did not start; nothing of it is left running then.
    """
    from tests.rig import hosted

    home = _home(folder)
    with packages.locked(home / ".lock"):
        if rig := _running(home):
            return rig
        _clear(home)
        try:
            return hosted.start(home) if hosted.wanted(os.environ) else _start(home)
        except BaseException:
            stop(home)
            raise


def prepare() -> None:
    """Get ready what a rig and the tests with it need, as far as that takes its time once.

    Raises:
        RigUnavailableError: this machine cannot have it.
    """
    from tests.rig import hosted

    if "SHIPLANE_RIG" in os.environ or hosted.wanted(os.environ):
        return
    tools = packages.toolbox()
    if tools.lacking:
        raise RigUnavailableError(f"no archive here has what the tests compare with: {', '.join(tools.lacking)}")
    with contextlib.suppress(RigUnavailableError):  # the tests that sign say so themselves
        signing_tools.signing_tools()


def only_platform() -> str | None:
    """The platform of the one base image, where the toolbox has none for the other processor."""
    tools = packages.toolbox()
    both = all(tools.busybox(processor.name).exists() for processor in machine.PROCESSORS)
    return None if both else tools.processor.platform


def _home(folder: Path | None) -> Path:
    if folder is None:
        home = Path(tempfile.mkdtemp(prefix="slr-", dir="/tmp"))
        (home / "temporary").touch()
        return home
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _running(home: Path) -> Rig | None:
    """The rig of a folder if every process of it is alive."""
    recorded = {file.name for file in (home / "pids").glob("*")}
    alive = (home / STATE).exists() and recorded and recorded == set(processes.running(home))
    return load(home) if alive else None


def _start(home: Path) -> Rig:
    tools = packages.toolbox()
    sweep()
    bridge = claim(home, tools, engine.NAME)
    sockets = _sockets(home)
    accounts = tokens.accounts()
    doors.begin_plain(home, doors.upstream(sockets, "plain"))
    doors.begin_guarded(home, doors.upstream(sockets, "guarded"), accounts)
    with ThreadPoolExecutor() as pool:
        serving = [pool.submit(_serve, home, sockets, tools, name) for name in ("plain", "guarded")]
        socket = _engine(home, sockets, tools, bridge)
        env = _environment(home, tools, socket)
        _builder(home, sockets, env)
        plain, guarded = (future.result() for future in serving)
    rig = assemble(home, env, plain, guarded, accounts)
    save(rig)
    return rig


def assemble(
    home: Path,
    env: dict[str, str],
    plain: str,
    guarded: str,
    accounts: dict[str, Account],
    *,
    builder: str = BUILDER,
    hosted: bool = False,
) -> Rig:
    """The rig's description, once all its parts run."""
    return Rig(
        folder=home,
        env=env,
        plain=plain,
        plain_root=doors.storage(home, "plain"),
        plain_log=doors.log(home, "plain"),
        guarded=guarded,
        guarded_root=doors.storage(home, "guarded"),
        guarded_log=doors.log(home, "guarded"),
        accounts=accounts,
        builder=builder,
        hosted=hosted,
    )


def claim(home: Path, tools: Toolbox, name: str) -> str:
    """Claim a bridge for an engine and write down whose it is, for `stop` and for whoever sweeps after our death."""
    bridge = network.claim(tools)
    (home / "bridges").mkdir(exist_ok=True)
    (home / "bridges" / name).write_text(bridge, encoding="utf-8")
    me = os.getpid()
    note = {"folder": str(home), "starter": me, "birth": processes.birth(me)}
    _notes().mkdir(parents=True, exist_ok=True)
    (_notes() / bridge).write_text(json.dumps(note), encoding="utf-8")
    return bridge


def _notes() -> Path:
    return packages.cache() / "rigs"


def _sockets(home: Path) -> Path:
    """A folder for sockets: below the rig's when its path is short enough, else in /tmp."""
    if len(str(home)) <= SHORT:
        path = home / "s"
        path.mkdir(exist_ok=True)
    else:
        path = Path(tempfile.mkdtemp(prefix="slr-s-", dir="/tmp"))
    (home / "sockets").write_text(str(path), encoding="utf-8")
    return path


def _serve(home: Path, sockets: Path, tools: Toolbox, name: str) -> str:
    """Start the registry behind a door and wait for both; gives the door's address."""
    door = doors.address(home, name)
    auth = doors.guard(home, door) if name == "guarded" else None
    settings = registries.config(doors.storage(home, name), doors.upstream(sockets, name), auth)
    registries.serve(home, f"{name}-registry", tools.tool("docker-registry"), settings)
    return door


def _engine(home: Path, sockets: Path, tools: Toolbox, bridge: str) -> Path:
    """Start the engine, and before it the mirror that it pulls base images from."""
    settings = registries.config(tools.images, "127.0.0.1:0", readonly=True)
    mirror = registries.serve(home, "mirror", tools.tool("docker-registry"), settings)
    return engine.start(tools, home, sockets, bridge, mirror)


def _environment(home: Path, tools: Toolbox, socket: Path) -> dict[str, str]:
    """What a client needs, with a Docker configuration of its own that has buildx as a plugin."""
    plugins = home / "docker/cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    (plugins / "docker-buildx").unlink(missing_ok=True)
    (plugins / "docker-buildx").symlink_to(tools.root / "usr/libexec/docker/cli-plugins/docker-buildx")
    return {
        "DOCKER_HOST": f"unix://{socket}",
        "DOCKER_CONFIG": str(home / "docker"),
        "BUILDX_BUILDER": BUILDER,
        "PATH": f"{tools.bin}:{os.environ.get('PATH', os.defpath)}",
        "SHIPLANE_RIG": str(home),
    }


def _builder(home: Path, sockets: Path, env: dict[str, str]) -> None:
    """Make the engine's BuildKit a builder that can push by digest, and the current one.

    Raises:
        RigError: it cannot build for both platforms.
    """
    listening = buildkit(home, sockets)
    shutil.rmtree(home / "docker/buildx", ignore_errors=True)
    outside = {**os.environ, **env}
    create = ["docker", "buildx", "create", "--name", BUILDER, "--driver", "remote", "--use"]
    processes.call([*create, listening], outside)
    shown = processes.call(["docker", "buildx", "inspect", BUILDER], outside).stdout
    if not all(processor.platform in shown for processor in machine.PROCESSORS):
        raise RigError(f"the builder cannot build for both platforms:\n{shown}")


def buildkit(home: Path, sockets: Path, name: str = engine.NAME) -> str:
    """Give an engine's BuildKit a socket of its own; gives its address."""
    listening = sockets / f"{name}-buildkit.sock"
    helper = f"{name}-bridge"
    processes.helper(home, helper, "bridge", str(sockets / f"{name}.sock"), str(listening))
    processes.wait_or_explain(home, helper, listening.exists)
    return f"unix://{listening}"


def stop(folder: Path) -> None:
    """End whatever runs of a folder's rig, started or half started, and take away what it put on the machine."""
    folder = folder.resolve()
    _clear(folder)
    if (folder / "temporary").exists():
        shutil.rmtree(folder)


def _clear(home: Path) -> None:
    """End and take away all of a rig but its logs and what its registries stored."""
    from tests.rig import hosted

    hosted.stop(home)
    for claimed in sorted((home / "bridges").glob("*")):
        bridge = _read(claimed)
        engine.stop(home, bridge, claimed.name)
        network.release(packages.toolbox(), bridge)
        (_notes() / bridge).unlink(missing_ok=True)
        shutil.rmtree(home / claimed.name, ignore_errors=True)
    processes.end(processes.running(home).values())
    if sockets := _read(home / "sockets"):
        shutil.rmtree(sockets, ignore_errors=True)
    for part in ("bridges", "pids"):
        shutil.rmtree(home / part, ignore_errors=True)
    for part in ("sockets", STATE):
        (home / part).unlink(missing_ok=True)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def sweep() -> None:
    """Clear away the rigs on this machine whose engine is dead and whose starter is too."""
    for note in sorted(_notes().glob(f"{network.PREFIX}*")):
        with contextlib.suppress(FileNotFoundError):  # another sweep was faster
            told = json.loads(note.read_text(encoding="utf-8"))
            home = Path(told["folder"])
            starting = processes.birth(told["starter"]) == told["birth"]
            if not starting and processes.recorded(home / "pids" / engine.NAME) is None:
                stop(home)
                network.release(packages.toolbox(), note.name)
                note.unlink(missing_ok=True)


@contextmanager
def running(folder: Path | None = None) -> Iterator[Rig]:
    """A rig for the time of a `with`."""
    rig = start(folder)
    try:
        yield rig
    finally:
        stop(rig.folder)


@contextmanager
def at_hand() -> Iterator[Rig]:
    """The rig that the environment names, or one for the time of a `with`."""
    if home := os.environ.get("SHIPLANE_RIG"):
        yield load(Path(home))
    else:
        with running() as rig:
            yield rig
