"""The door of a registry, run as a process: passes every request on, and writes one line for each.

A guarded registry's door is also its token service, on the same address as GHCR's is, and says no in GHCR's words.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

from tests.rig import registries, tokens
from tests.rig.model import Account
from tests.rig.unix import connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection", "expect"}
BLOCK = 1 << 16
TLS_HANDSHAKE = b"\x16"
UNSUPPORTED = "The operation is unsupported."
REFUSED = "refused by the test that runs"


class Front(ThreadingHTTPServer):
    """The listening side: where requests go, where the log is, and who is asked for tokens, if anybody."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: str, log: Path, service: tokens.Service | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.service = service
        self._log = log.open("a", encoding="utf-8")
        self._refusals = refusals(log)
        self._lock = threading.Lock()

    def refused(self, method: str, path: str) -> int:
        """The status of a request that a test wants refused, or 0: each line of the file is like one of the log."""
        if self._refusals.exists():
            for line in self._refusals.read_text(encoding="utf-8").splitlines():
                wanted, place, status = line.split()
                if (wanted, place) == (method, urlsplit(path).path):
                    return int(status)
        return 0

    def note(self, method: str, path: str, status: int) -> None:
        """Write the request's line; before its answer goes out, so that whoever got the answer finds the line."""
        with self._lock:
            self._log.write(f"{method} {path} {status}\n")
            self._log.flush()


class Handler(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Front

    def handle_one_request(self) -> None:
        """Tell who speaks TLS that this is plain HTTP, in the form by which Go's clients know it; read on otherwise."""
        if cast("BufferedReader", self.rfile).peek(1)[:1] == TLS_HANDSHAKE:
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.close_connection = True
            return
        super().handle_one_request()

    def relay(self) -> None:
        """Answer a request: with a token, with a refusal, or with what the registry says."""
        self._noted = False
        self._rest = self._body()
        service = self.server.service
        if status := self.server.refused(self.command, self.path):
            self._answer(tokens.refusal(status, REFUSED))
            return
        if service and urlsplit(self.path).path == "/token":
            self._token(service)
            return
        holder = service.holder(self.headers.get("Authorization", "")) if service else None
        if holder and self.command == "DELETE":
            self._answer(tokens.refusal(405, UNSUPPORTED))  # as GHCR does, to a cancelled upload too
            return
        upstream = connection(self.server.upstream, timeout=300)
        try:
            self._pass(upstream, *(holder or ("", "")))
        except (OSError, http.client.HTTPException) as fault:
            self._broken(fault)
        finally:
            upstream.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = relay

    def _pass(self, upstream: http.client.HTTPConnection, account: str, signed: str) -> None:
        """Ask the registry; its "no" to an account that we know becomes GHCR's."""
        answer = self._ask(upstream, signed)
        if answer.status == 401 and (words := self._denied(account)):
            self._answer(tokens.refusal(403, words))
        else:
            self._pass_on(answer)

    def _denied(self, account: str) -> str:
        """GHCR's words for a write that a well-known account may not do; '' where the registry's own will do."""
        return tokens.WORDS.get(account, "") if self.command not in {"GET", "HEAD"} else ""

    def _token(self, service: tokens.Service) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if self.command == "GET":
            self._answer(service.ask(self.headers.get("Authorization", ""), query.get("scope", [])))
        else:
            self._answer(tokens.refusal(405, UNSUPPORTED))

    def _ask(self, upstream: http.client.HTTPConnection, signed: str) -> http.client.HTTPResponse:
        """Send the request on, body and all, under the signed token that the client's opaque one stands for."""
        headers = self._headers()
        if signed:
            headers["authorization"] = f"Bearer {signed}"
        chunked = self._is_chunked()
        if chunked:
            headers["transfer-encoding"] = "chunked"
        try:
            # Told of a body, http.client sends a chunked one where the client sent none.
            sent = self._rest if chunked or "content-length" in headers else None
            upstream.request(self.command, self.path, sent, headers, encode_chunked=chunked)
        except (BrokenPipeError, ConnectionResetError):
            for _ in self._rest:  # refused half-way: the rest is read, or the client would never see the answer
                pass
        return upstream.getresponse()

    def _headers(self) -> dict[str, str]:
        """The request's headers, those that come more than once (skopeo's `Accept`) joined to one."""
        names = {name.lower() for name in self.headers} - HOP
        return {name: ", ".join(self.headers.get_all(name, [])) for name in names}

    def _is_chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _body(self) -> Iterator[bytes]:
        if self._is_chunked():
            yield from self._chunks()
            return
        left = int(self.headers.get("Content-Length", "0"))
        while left and (block := self.rfile.read(min(left, BLOCK))):
            left -= len(block)
            yield block

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass

    def _pass_on(self, answer: http.client.HTTPResponse) -> None:
        """Send the registry's answer to the client as it comes."""
        self._note(answer.status)
        self.send_response_only(answer.status, answer.reason)
        for key, value in answer.getheaders():
            if key.lower() not in HOP:
                self.send_header(key, value)
        bodiless = self.command == "HEAD" or answer.status in {204, 304}
        chunked = answer.headers["Content-Length"] is None and not bodiless
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not bodiless and (block := answer.read(BLOCK)):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _answer(self, answer: tokens.Answer) -> None:
        """Answer in our own words, after the request's body, without which the client would not listen."""
        for _ in self._rest:
            pass
        body = json.dumps(answer.document, separators=(",", ":")).encode()
        self._note(answer.status)
        self.send_response_only(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _note(self, status: int) -> None:
        self._noted = True
        self.server.note(self.command, self.path, status)

    def _broken(self, fault: Exception) -> None:
        """The registry, or the client, went away: nothing sensible can be said on this connection any more."""
        self.close_connection = True
        print(f"{self.command} {self.path}: {fault!r}", file=sys.stderr, flush=True)
        if not self._noted:
            self._note(502)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class' name
        """Stay silent: `note` writes the lines."""


def refusals(log: Path) -> Path:
    """Where a test writes what the door of this log is to refuse."""
    return log.with_suffix(".refusals")


def service(settings: dict[str, Any]) -> tokens.Service:
    """The token service of a guarded registry."""
    repositories = Path(settings["storage"]) / "docker/registry/v2/repositories"
    sign = tokens.signer(Path(settings["key"]), Path(settings["certificate"]), registries.ISSUER, registries.SERVICE)
    known = {name: Account(**account) for name, account in settings["accounts"].items()}
    return tokens.Service(accounts=known, sign=sign, exists=lambda name: (repositories / name / "_manifests").is_dir())


def main(arguments: list[str]) -> None:
    """Serve as the settings file says, after telling the port in the file beside it."""
    path = Path(arguments[0])
    settings = json.loads(path.read_text(encoding="utf-8"))
    guard = service(settings) if "accounts" in settings else None
    with Front(settings["upstream"], Path(settings["log"]), guard) as front:
        partial = path.with_suffix(".partial")
        partial.write_text(str(front.server_address[1]), encoding="utf-8")
        partial.replace(path.with_suffix(".port"))
        front.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
