"""Engines, registries and folders as people have them: over TLS, by ssh, behind a proxy, with an own authority."""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
import ssl
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from tests.e2e.person import Person, Reader, succeeded
from tests.faults.harness.certificates import Authority
from tests.faults.harness.proxying import proxy
from tests.faults.harness.serving import serving
from tests.rig import Rig, sample

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
ONE = ("--lane", "main", "--tag", "0.2.1", "--platforms", "linux/amd64")


class _Front(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext
    target: str

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing to say of clients that do not trust it."""


class _Handler(BaseRequestHandler):
    server: _Front

    def handle(self) -> None:
        with (
            self.server.context.wrap_socket(self.request, server_side=True) as client,
            _connected(self.server.target) as target,
        ):
            back = threading.Thread(target=_copy, args=(target, client), daemon=True)
            back.start()
            _copy(client, target)
            back.join()


def _connected(target: str) -> socket.socket:
    """A path of the file system, or ``host:port``."""
    if target.startswith("/"):
        made = socket.socket(socket.AF_UNIX)
        made.connect(target)
        return made
    host, _, port = target.rpartition(":")
    return socket.create_connection((host, int(port)))


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def behind_tls(context: ssl.SSLContext, target: str) -> Iterator[str]:
    """TLS before something that speaks none; gives the address."""
    server = _Front(("127.0.0.1", 0), _Handler)
    server.context, server.target = context, target
    with serving(server) as address:
        yield address


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def secured(rig: Rig, authority: Authority) -> Iterator[str]:
    """The rig's engine over TLS, which wants to be shown a certificate, too."""
    with behind_tls(authority.server("127.0.0.1", asks=True), rig.env["DOCKER_HOST"].removeprefix("unix://")) as place:
        yield f"tcp://{place}"


def certificates(folder: Path, authority: Authority) -> Path:
    """A client's certificates as docker wants them in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = authority.issue("somebody", file="client")
    for name, path in {"ca.pem": authority.path, "cert.pem": certificate, "key.pem": key}.items():
        (folder / name).write_bytes(path.read_bytes())
    return folder


def docker_config(rig: Rig, home: Path) -> Path:
    """A docker configuration of the test's own, with the rig's plugins and builders."""
    home.mkdir()
    for name in ("cli-plugins", "buildx"):
        (home / name).symlink_to(Path(rig.env["DOCKER_CONFIG"]) / name)
    return home


def engine_row(person: Person, **env: str) -> str:
    """What the doctor says of the engine."""
    done = person.invoke("check.tools", "--json", **env)
    row = next(row for row in done.document["checks"] if row["name"] == "tools: engine")
    return f"{row['state']}: {row['reason']}"


def test_an_engine_over_tls_is_reached_with_the_certificates_of_docker_s_own_folder(
    workstation: Workstation, secured: str, authority: Authority, tmp_path: Path
) -> None:
    person, reader = workstation
    env = {
        "DOCKER_HOST": secured,
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CONFIG": str(docker_config(person.rig, tmp_path / "d")),
    }
    assert "no Docker engine answers" in engine_row(person, **env)
    certificates(tmp_path / "d", authority)
    assert engine_row(person, **env).startswith("done: ")
    elsewhere = str(certificates(tmp_path / "elsewhere", authority))
    env["DOCKER_CERT_PATH"] = elsewhere
    succeeded(person.invoke("publish", *ONE))
    pull = ("verify", "--lane", "main", "--tag", "0.2.1", "--pull")
    succeeded(person.invoke(*pull, **env))
    done = person.invoke(*pull, **{**env, "DOCKER_CERT_PATH": str(tmp_path)})
    assert done.code == 7, done
    assert "certificate" in done.err
    assert reader.tags()
    assert engine_row(person, **{**env, "DOCKER_TLS_VERIFY": "", "DOCKER_TLS": "1"}).startswith("done: ")


def test_an_engine_of_a_context_is_reached_with_the_context_s_certificates(
    workstation: Workstation, secured: str, authority: Authority, tmp_path: Path
) -> None:
    person, _ = workstation
    folder = certificates(tmp_path / "given", authority)
    files = ",".join(
        f"{kind}={folder / name}" for kind, name in (("ca", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem"))
    )
    env = {"DOCKER_HOST": "", "DOCKER_CONFIG": str(docker_config(person.rig, tmp_path / "d"))}
    made = person.run(["docker", "context", "create", "far", "--docker", f"host={secured},{files}"], **env)
    succeeded(made)
    assert engine_row(person, DOCKER_CONTEXT="far", **env).startswith("done: ")
    succeeded(person.run(["docker", "context", "use", "far"], **env))
    assert engine_row(person, **env).startswith("done: ")
    gone = engine_row(person, DOCKER_CONTEXT="nowhere", **env)
    assert "docker does not tell its engine" in gone
    assert "nowhere" in gone


SSH = """#!/bin/sh
# ssh as far as docker needs it: the command that stands after the host, on the machine where the engine is.
echo "$*" >> {log}
while [ "$1" != "--" ]; do shift; done
shift 2
export DOCKER_HOST={host}
exec sh -c "$*"
"""


def test_an_engine_behind_ssh_is_reached_through_docker(workstation: Workstation, tmp_path: Path) -> None:
    person, _ = workstation
    rig, log = person.rig, tmp_path / "ssh.log"
    program = tmp_path / "bin/ssh"
    program.parent.mkdir()
    program.write_text(SSH.format(log=shlex.quote(str(log)), host=rig.env["DOCKER_HOST"]))
    program.chmod(0o755)
    env = {"DOCKER_HOST": "ssh://somebody@far.example", "PATH": f"{program.parent}:{rig.env['PATH']}"}
    assert engine_row(person, **env).startswith("done: ")
    succeeded(person.invoke("publish", *ONE))
    done = succeeded(person.invoke("verify", "--lane", "main", "--tag", "0.2.1", "--pull", "--json", **env))
    assert done.document["ok"]
    assert "somebody" in log.read_text()
    # docker tells what ssh said only if it could write its request before ssh ended.
    program.write_text("#!/bin/sh\nread request; echo 'Host key verification failed.' >&2; exit 255\n")
    gone = engine_row(person, **env)
    assert "no Docker engine answers at ssh://somebody@far.example" in gone
    assert "Host key verification failed" in gone


def test_a_registry_under_an_authority_of_its_own_behind_a_proxy_is_read(
    workstation: Workstation, authority: Authority, tmp_path: Path
) -> None:
    person, reader = workstation
    succeeded(person.invoke("publish", *ONE))
    image = reader.image.replace(person.rig.plain, "registry.example")
    login = "user:p%40ss"
    with behind_tls(authority.server("registry.example"), person.rig.plain) as front, proxy() as running:
        running.targets = {"registry.example:443": front}
        env = {
            "IMAGE_REPO": image,
            "HTTPS_PROXY": f"{login}@{running.address}",
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }
        done = person.invoke("verify", "--lane", "main", "--tag", "0.2.1", "--json", **env)
        assert done.code == 7
        assert "the certificate of registry.example is not trusted" in done.document["error"]["what"]
        assert "/etc/docker/certs.d/registry.example/ca.crt" in done.document["error"]["remedy"]
        assert "waiting" not in done.err
        unasked = succeeded(person.invoke("plan", "--lane", "main", "--tag", "0.2.2", **env))
        assert "the registry was not asked" in unasked.out
        assert "/etc/docker/certs.d/registry.example/ca.crt" in unasked.out
        folder = tmp_path / "config/docker/certs.d/registry.example"
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(authority.path.read_bytes())
        succeeded(person.invoke("verify", "--lane", "main", "--tag", "0.2.1", "--deep", **env))
        succeeded(person.invoke("plan", "--lane", "main", "--tag", "0.2.2", **env))
        without = person.invoke(
            "status", "--json", **{**env, "XDG_CONFIG_HOME": "", "SSL_CERT_FILE": str(authority.path)}
        )
        assert without.code == 0, without
    assert all("proxy-authorization: basic dxnlcjpwqhnz" in head.lower() for head in running.heads)
    assert json.dumps(done.document).isascii()


def test_a_project_in_a_folder_that_buildx_cannot_send_is_told_before_anything_is_built(
    rig: Rig, tmp_path: Path
) -> None:
    image = f"{rig.plain}/cognary/aionis-{uuid.uuid4().hex[:8]}"
    folder = sample.checkout(tmp_path / "pr\u00fcfung", rig.guarded)
    person = Person(rig, folder, {"IMAGE_REPO": image})
    done = person.invoke("publish", *ONE)
    assert (done.code, done.built) == (3, False)
    assert "buildx cannot send a build context from a folder named 'pr\\xfcfung'" in done.err
    assert Reader(rig, image).tags() == {}
    link = tmp_path / "project"
    link.symlink_to(folder)
    succeeded(Person.run(person, [*person.program, "publish", *ONE], PWD=str(link)))
    assert "v0.2.1" in Reader(rig, image).tags()
