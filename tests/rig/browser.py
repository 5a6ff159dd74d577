"""A headless Chromium from Debian's packages, in a folder of its own: pages are looked at with it.

Only tests look at pages, and only the thorough ones with a browser: it is 90 MB to fetch.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.rig import archives, cached_folder, dependencies, machine, packages, recipes, wholeness
from tests.rig.apt import Apt, unpack
from tests.rig.model import RigError, RigUnavailableError

PACKAGE = "chromium-headless-shell"
PROGRAM = f"usr/lib/chromium/{PACKAGE}"
# What opens other programs' windows: its libraries draw with the graphics card, and are as large as the browser.
WINDOWS = """\
Package: shiplane-rig-no-windows
Status: install ok installed
Maintainer: nobody <nobody@localhost>
Architecture: all
Multi-Arch: foreign
Version: 1
Provides: xdg-utils, x11-utils
Description: what a browser without windows does not need
"""
# A folder of libraries that no loader looks into by itself.
_FOLDERS = ("usr/lib/{triplet}", "lib/{triplet}", "usr/lib/{triplet}/pulseaudio")
_FLAGS = ("--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")


@dataclass(frozen=True, kw_only=True)
class BrowserFiles:
    """The unpacked packages below `home`."""

    home: Path

    @property
    def root(self) -> Path:
        """The packages' files, as they would lie below `/`."""
        return self.home / "root"

    def environ(self) -> dict[str, str]:
        """What the browser needs to find its libraries, and nothing of the machine's desktop."""
        triplet = machine.native().triplet
        folders = ":".join(str(self.root / folder.format(triplet=triplet)) for folder in _FOLDERS)
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.home), "LD_LIBRARY_PATH": folders}


def browser_files() -> BrowserFiles:
    """The browser, downloaded and unpacked where it is not there yet; one process does it, others wait.

    Raises:
        RigUnavailableError: this machine cannot have it.
    """
    release = archives.release()
    files = BrowserFiles(home=packages.cache() / f"tools-browser-{_recipe(release)}")
    cached_folder.filled(files.home, "lock-browser", lambda home: _fill(BrowserFiles(home=home), release))
    return files


def _recipe(release: archives.Release) -> str:
    return hashlib.sha256(repr((release, machine.native(), PACKAGE, WINDOWS)).encode()).hexdigest()[:12]


def _fill(files: BrowserFiles, release: archives.Release) -> None:
    print(f"browser: {PACKAGE} of {release} is fetched, once", file=sys.stderr, flush=True)
    apt = Apt(home=files.home / "apt", processor=machine.native())
    status = dependencies.base(dependencies.STATUS.read_text(encoding="utf-8"))
    apt.prepare(f"{status}{dependencies.PRETENDED}\n{WINDOWS}", recipes.pins(release))
    recipes.read_lists(apt, release, lambda _: None)
    if not apt.offered([PACKAGE]):
        raise RigUnavailableError(f"no archive of {release} has {PACKAGE}")
    for package in apt.fetch([PACKAGE]):
        unpack(package, files.root)
    installed = [fields["package"] for fields in archives.stanzas(status)]
    program = files.root / PROGRAM
    wholeness.check([program], files.environ(), files.root, wholeness.libraries(installed), lambda _: PACKAGE)
    shutil.rmtree(apt.home)


@dataclass(eq=False)
class Browser:
    """A running browser with one page, driven by its DevTools protocol over a pipe: JSON that ends in a zero byte.

    Source: chromedevtools.github.io/devtools-protocol; content/browser/devtools/devtools_pipe_handler.cc.
    """

    commands: IO[bytes]
    answers: IO[bytes]
    session: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """The result of a method of the page.

        Raises:
            RigError: It failed, or the browser has ended.
        """
        number = next(self.numbers)
        request = {"id": number, "method": method, "params": parameters}
        self.commands.write(json.dumps({**request, **({"sessionId": self.session} if self.session else {})}).encode())
        self.commands.write(b"\0")
        self.commands.flush()
        answer = next(answer for answer in self._read() if answer.get("id") == number)
        if "error" in answer:
            raise RigError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, event: str) -> None:
        """Read until this has happened."""
        next(answer for answer in self._read() if answer.get("method") == event)

    def _read(self) -> Iterator[dict[str, Any]]:
        """What the browser says from now on."""
        said = bytearray()
        while sign := self.answers.read(1):
            if sign != b"\0":
                said += sign
                continue
            yield json.loads(said)
            said.clear()
        raise RigError("the browser has ended")

    def open(self, file: Path, *, width: int, scheme: str, media: str = "screen") -> None:
        """Show a file in a window of a width, with a preference for light or dark, on a screen or as for paper."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        self.call("Page.navigate", url=file.as_uri())
        self.wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 -- JSON
        """The value of an expression in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """A browser with an empty page; its profile is in a folder.

    Raises:
        RigUnavailableError: this machine cannot have one.
    """
    files = browser_files()
    read_commands, write_commands = os.pipe()
    read_answers, write_answers = os.pipe()
    command = [str(files.root / PROGRAM), *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    # The browser reads from its descriptor 3 and writes to 4, whatever numbers they have here; dash knows one digit.
    script = f'exec "$@" 3<&{read_commands} 4>&{write_answers}'
    child = subprocess.Popen(
        ["bash", "-c", script, "bash", *command],
        env=files.environ(),
        pass_fds=(read_commands, write_answers),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for end in (read_commands, write_answers):
        os.close(end)
    with os.fdopen(write_commands, "wb") as commands, os.fdopen(read_answers, "rb") as answers:
        try:
            yield _attached(Browser(commands, answers))
        finally:
            child.kill()
            child.wait()


def _attached(browser: Browser) -> Browser:
    """The browser with its page."""
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    browser.call("Page.enable")
    return browser
