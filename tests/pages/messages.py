"""The page about exit codes and messages, from the classes of errors and the places that raise them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import tomli

import shiplane
from shiplane.core import errors
from shiplane.core.errors import ShiplaneError
from tests.pages.text import generated, plain, table

ROOT = Path(__file__).parents[2]
PACKAGE = Path(shiplane.__file__).parent
# What stands for a value that is known when the message is written.
_VALUE = "…"
# A message with fewer letters of its own cannot be looked for.
_LETTERS = 12
_SIGNALS = (
    "129, 130, 131, 143",
    (
        "Hung up (a closed terminal, a lost connection), interrupted, quit, terminated or ended by `run-seconds` of "
        "`[limits]` (143): everything the run started or wrote to disk is cleaned up. Signals ignored by `nohup` stay "
        "ignored."
    ),
)
_HEAD = """\
# Exit codes and messages

{note}

On every exit code except 0 the last lines say what is public, what is safe, and the next command. Commands in messages
can be pasted: they use the running program (`shiplane`, `invoke`, or your own) and the prefix of the tasks in your
`tasks.py`. With `--json` the same is in `error` and `closing`.

{codes}

An unknown task or flag ends with 2 under `shiplane`, and with Invoke's own 1 under `invoke`.

## What to do

- **HTTP 403, denied, unauthorized** (4): `shiplane auth.show` lists which credential was used, and why. The message
  names the cause. See [credentials](security.md#credentials).
- **The working tree differs** (3): commit or remove the files listed. See [what counts as
  clean](releases.md#what-counts-as-clean).
- **No builder can push by digest, or docker has no buildx** (3): `shiplane check.tools`.
- **A version exists already** (5): a version is written once; release the next one. `shiplane history` shows who
  published it.
- **`latest` did not move** (0 or 5): `shiplane plan` says why. It was not asked for, it would go backwards, or the
  version is a pre-release or marked as bad.
- **Verification failed** (6): `shiplane verify` lists the checks. If the version is public already, see
  [rollback](rollback.md).
- **DRIFT, or registry and ledger contradict each other** (6): `shiplane status`, then `shiplane history`, show who
  moved what. See [the ledger](ledger.md).
- **A registry does not answer, HTTP 429 or 503** (7): run the same command again; it goes on where it stopped.
- **Another publisher was faster, or a version is claimed** (8): `shiplane status`, then decide. See [two
  publishers](publishers.md).

## Messages

Look for the words of a message here: "{value}" stands for a name, a tag, a digest or another message. Beside it is how
to fix it, as far as that is always the same; what a run prints is more precise. Listed are those that shiplane's tests
provoke.
"""
# As many signs of a message are looked for in the tests.
_ENOUGH = 40


@dataclass(frozen=True)
class Message:
    """What an error says where it is raised.

    Attributes:
        kind: The class.
        what: With marks for values.
        remedy: The same; empty where it is put together elsewhere.
        path: The module, below the package.
    """

    kind: type[ShiplaneError]
    what: str
    remedy: str
    path: str

    @property
    def longest(self) -> str:
        """The longest part of it that is always the same."""
        return max(self.what.split(_VALUE), key=len).strip()


def kinds() -> dict[str, type[ShiplaneError]]:
    """The public classes of errors by their names."""
    return {
        name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, ShiplaneError)
    }


@cache
def messages() -> list[Message]:
    """Every message with words of its own that a test provokes, by its exit code and then by the alphabet."""
    found = {message for module in sorted(PACKAGE.rglob("*.py")) for message in _messages(module) if _provoked(message)}
    by_what: dict[tuple[int, str], Message] = {}
    for message in sorted(found, key=lambda message: (message.what, -len(message.remedy), message.remedy)):
        by_what.setdefault((message.kind.exit_code, message.what), message)
    return sorted(
        by_what.values(), key=lambda message: (message.kind.exit_code, message.what.lstrip(_VALUE + " ").lower())
    )


def _provoked(message: Message) -> bool:
    """Whether a test is known to provoke it: every branch of its module is covered, or a test has its words."""
    return not any(fnmatch(f"x/shiplane/{message.path}", pattern) for pattern in _unmeasured()) or (
        len(message.longest) >= _LETTERS and message.longest[:_ENOUGH] in _tests()
    )


@cache
def _unmeasured() -> list[str]:
    """The modules that ``dev.coverage`` leaves out; of the others every branch has a test."""
    settings = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(settings["tool"]["coverage"]["run"]["omit"])


@cache
def _tests() -> str:
    """What the tests say, with texts that go on in the next line joined."""
    folders = (ROOT / "tests" / kind for kind in ("unit", "faults", "e2e"))
    texts = (path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.rglob("*.py")))
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(texts))


def page() -> str:
    """The page, as Markdown."""
    head = _HEAD.format(note=generated("the classes of errors and their uses"), codes=_codes(), value=_VALUE)
    return "\n".join([head, *("\n".join(_section(number)) for number in sorted(_meanings()))])


def _meanings() -> dict[int, str]:
    """What each code of an error means, by the class that has it first."""
    meanings: dict[int, str] = {}
    for kind in kinds().values():
        meanings.setdefault(kind.exit_code, " ".join((inspect.getdoc(kind) or "").split()))
    del meanings[ShiplaneError.exit_code]
    return meanings


def _codes() -> str:
    internal = (str(ShiplaneError.exit_code), "An internal error in shiplane, with a traceback: please report it.")
    rows = [(str(number), text) for number, text in sorted(_meanings().items())]
    return table(("code", "meaning"), [("0", "Done, and read back."), internal, *rows, _SIGNALS])


def _section(number: int) -> Iterator[str]:
    yield f"### Exit code {number}\n"
    rows = [(plain(each.what), plain(each.remedy)) for each in messages() if each.kind.exit_code == number]
    yield table(("message", "how to fix it"), rows) + "\n"


def _messages(module: Path) -> Iterator[Message]:
    path = module.relative_to(PACKAGE).as_posix()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(call := node.exc, ast.Call) and call.args:
            kind = kinds().get(call.func.id if isinstance(call.func, ast.Name) else "")
            remedy = next((keyword.value for keyword in call.keywords if keyword.arg == "remedy"), None)
            what = _text(call.args[0])
            if kind and len(re.sub(r"\W", "", what)) >= _LETTERS:
                yield Message(kind, what, _remedy(remedy), path)


def _remedy(node: ast.expr | None) -> str:
    text = _text(node) if node else ""
    return text if re.search(r"\w{3}", text) else ""


def _text(node: ast.expr) -> str:
    """A text of the code; what it takes from elsewhere is marked."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Call):
        return _text(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "command":
        return f"invoke {' '.join(map(_text, node.args))}"
    return _VALUE
