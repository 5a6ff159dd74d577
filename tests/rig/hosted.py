"""The rig on a machine that has a Docker engine already: a laptop, a GitHub runner.

Engine and builder are the machine's, images come from Docker Hub; registries run as containers behind the same doors.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
from functools import partial
from typing import TYPE_CHECKING

from tests.rig import doors, lifecycle, packages, processes, registries, tokens, unix
from tests.rig.model import Rig, RigError, RigUnavailableError, save

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MARK = "hosted.json"
IMAGE = "registry:2"
BINFMT = ["docker", "run", "--privileged", "--rm", "tonistiigi/binfmt", "--install", "arm64"]
PLUGIN = '{{range .ClientInfo.Plugins}}{{if eq .Name "buildx"}}{{.Path}}{{end}}{{end}}'


def engine_present(env: Mapping[str, str]) -> bool:
    """Whether a Docker engine answers there (DOCKER_HOST, the context, the usual socket) and buildx is installed."""
    if shutil.which("docker", path=env.get("PATH")) is None:
        return False
    return all(
        _succeeds(["docker", *words], env)
        for words in (["version", "--format", "{{.Server.Version}}"], ["buildx", "version"])
    )


def _succeeds(command: list[str], env: Mapping[str, str]) -> bool:
    try:
        processes.call(command, dict(env), timeout=15)
    except (RigError, OSError, subprocess.TimeoutExpired):
        return False
    return True


def wanted(env: Mapping[str, str]) -> bool:
    """Whether the machine's engine is to be used; another rig's is not the machine's."""
    return env.get("SHIPLANE_RIG_FORCE") != "1" and "SHIPLANE_RIG" not in env and engine_present(env)


def start(home: Path) -> Rig:
    """Start the registries as containers and make a builder on the machine's engine."""
    env = _environment(home)
    (home / MARK).write_text(json.dumps(env), encoding="utf-8")
    accounts = tokens.accounts()
    plain, guarded = (f"127.0.0.1:{_free_port()}" for _ in range(2))
    doors.begin_plain(home, plain)
    doors.begin_guarded(home, guarded, accounts)
    plain_door, guarded_door = doors.address(home, "plain"), doors.address(home, "guarded")
    _registry(home, "plain", plain, env)
    _registry(home, "guarded", guarded, env, registries.token_auth(f"http://{guarded_door}/token", home / "tokens.crt"))
    _builder(home, env, [plain_door, guarded_door])
    rig = lifecycle.assemble(home, env, plain_door, guarded_door, accounts, builder=_name(home, "builder"), hosted=True)
    save(rig)
    return rig


def _environment(home: Path) -> dict[str, str]:
    """The client's environment: the machine's engine and buildx, with a Docker configuration of our own."""
    context = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    plugins = home / "docker/cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    (plugins / "docker-buildx").unlink(missing_ok=True)
    (plugins / "docker-buildx").symlink_to(processes.call(["docker", "info", "--format", PLUGIN]).stdout.strip())
    return {
        "DOCKER_HOST": os.environ.get("DOCKER_HOST") or processes.call(context).stdout.strip(),
        "DOCKER_CONFIG": str(home / "docker"),
        "BUILDX_BUILDER": _name(home, "builder"),
        "PATH": _path(),
        "SHIPLANE_RIG": str(home),
    }


def _path() -> str:
    """The machine's own PATH, and behind it what the tests compare with, where the machine lacks that."""
    path = os.environ.get("PATH", os.defpath)
    if all(shutil.which(name) for name in ("crane", "oras", "skopeo")):
        return path
    with contextlib.suppress(RigUnavailableError):
        return f"{path}:{packages.toolbox().bin}"
    return path


def _name(home: Path, part: str) -> str:
    """The name of one of our things in the machine's engine, which other rigs may use too."""
    return f"{home.name.lower()}-{part}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _registry(
    home: Path, name: str, address: str, env: Mapping[str, str], auth: dict[str, object] | None = None
) -> None:
    """Run a registry as a container that writes its storage as us, so that tests may change it.

    Raises:
        RigError: it does not answer.
    """
    inside = home / "config"
    inside.mkdir(exist_ok=True)
    path = inside / f"{name}.yml"
    path.write_text(json.dumps(registries.config("/var/lib/registry", "0.0.0.0:5000", auth)), encoding="utf-8")
    volumes = {doors.storage(home, name): "/var/lib/registry", path: "/etc/docker/registry/config.yml"}
    volumes |= {home / "tokens.crt": str(home / "tokens.crt")}
    mounts = [word for here, there in volumes.items() for word in ("-v", f"{here}:{there}")]
    user = f"{os.getuid()}:{os.getgid()}"
    run = ["docker", "run", "-d", "--name", _name(home, name), "--user", user, "-p", f"{address}:5000", *mounts, IMAGE]
    processes.call(run, {**os.environ, **env})
    if not processes.wait(partial(unix.answers, address, "/v2/"), 30):
        raise RigError(f"the {name} registry does not answer at {address}")


def _builder(home: Path, env: Mapping[str, str], insecure: list[str]) -> None:
    """Make a builder that sees our registries on the loopback, and teach the machine arm64 if it cannot yet."""
    config = home / "buildkitd.toml"
    config.write_text("".join(f'[registry."{name}"]\nhttp = true\n' for name in insecure), encoding="utf-8")
    outside = {**os.environ, **env}
    name = _name(home, "builder")
    create = ["docker", "buildx", "create", "--name", name, "--driver", "docker-container", "--use"]
    options = ["--driver-opt", "network=host", "--buildkitd-config", str(config)]
    inspect = ["docker", "buildx", "inspect", "--bootstrap", name]
    processes.call([*create, *options], outside)
    if "linux/arm64" not in processes.call(inspect, outside).stdout:
        processes.call(BINFMT, outside)
        processes.call(["docker", "buildx", "rm", name], outside)
        processes.call([*create, *options], outside)
        processes.call(inspect, outside)


def stop(home: Path) -> None:
    """Take away what `start` made in the machine's engine; nothing when the rig was not a hosted one."""
    mark = home / MARK
    if not mark.exists():
        return
    env = {**os.environ, **json.loads(mark.read_text(encoding="utf-8"))}
    for command in (
        ["buildx", "rm", _name(home, "builder")],
        *(["rm", "-fv", _name(home, n)] for n in ("plain", "guarded")),
    ):
        with contextlib.suppress(RigError):  # half started: it is not there
            processes.call(["docker", *command], env)
    mark.unlink()
