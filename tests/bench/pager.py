"""Answers `tags/list` page by page, run as a process: `python -m tests.bench.pager PORT STORAGE`.

The registry behind (distribution 2.8) gives all tags at once. GHCR gives 100, with `n` up to 1000, oldest first, and
a `Link` to the rest (renovatebot/renovate#36103, smg-project/smg#2348).
"""

from __future__ import annotations

import functools
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

DEFAULT = 100
LARGEST = 1000


def page(tags: list[str], size: int, last: str) -> tuple[list[str], bool]:
    """The tags after `last`, and whether more follow."""
    start = tags.index(last) + 1 if last in tags else 0
    size = min(size, LARGEST)
    return tags[start : start + size], start + size < len(tags)


@functools.lru_cache(maxsize=64)
def _tags(folder: Path, _changed: int) -> list[str]:
    """The tags of a repository, the first to be written first."""
    return [tag.name for tag in sorted(folder.iterdir(), key=lambda tag: (tag.stat().st_mtime_ns, tag.name))]


class Pager(BaseHTTPRequestHandler):
    """One connection of the front."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    storage = Path()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        repository = url.path.removeprefix("/v2/").removesuffix("/tags/list")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        folder = self.storage / "docker/registry/v2/repositories" / repository / "_manifests/tags"
        if not folder.is_dir():
            self._answer(
                404, {"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known to registry"}]}
            )
            return
        size = int(query.get("n", DEFAULT))
        tags, more = page(_tags(folder, folder.stat().st_mtime_ns), size, query.get("last", ""))
        link = f'</v2/{repository}/tags/list?last={quote(tags[-1])}&n={size}>; rel="next"' if more else ""
        self._answer(200, {"name": repository, "tags": tags}, link)

    def _answer(self, status: int, document: object, link: str = "") -> None:
        body = json.dumps(document).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if link:
            self.send_header("Link", link)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class' name
        """Stay silent: the front writes the lines."""


if __name__ == "__main__":
    Pager.storage = Path(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Pager).serve_forever()
