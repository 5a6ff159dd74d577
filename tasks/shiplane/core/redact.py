"""Foreign text made safe to print: no secret in any usual spelling, no terminal escape, no workflow command."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from itertools import islice, takewhile
from urllib.parse import quote, quote_plus

from shiplane.core.credential import Credential

HIDDEN = "***"
_MIN_SECRET = 6
# A secret that was cut short (we cut foreign text ourselves) is still hidden from so many characters on.
_MIN_PREFIX = 12
# A token stands in a ``.npmrc`` behind the port, the colon and the sign, as in ``//host:80/:_authToken=x``, and in
# other files in quotes. A line with more values than this is prose, or the whole file.
_MOST_VALUES = 8
_AROUND = " \t,\"'"
_MAX_LINE = 2000
_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# What the runner of GitHub Actions obeys: "::" at the start of a line, "##[" anywhere in it, as Azure's do "##vso[".
_COMMAND = re.compile(r"^:(?=:)|##(?=\[|vso\[)", re.IGNORECASE)
# The same in text of several lines, which a lone CR ends too; the runner sets leading blanks aside before it looks.
_COMMANDS = re.compile(r"(?:^|(?<=\r))[^\S\r\n]*:(?=:)|##(?=\[|vso\[)", re.IGNORECASE | re.MULTILINE)


def forms_of(secret: str) -> tuple[str, ...]:
    """The spellings in which a secret tends to leak: raw, base64 (plain and URL-safe), percent- and JSON-escaped.

    Also reversed, and as Python and a form field write it. Base64 depends on what stands before it, so the three
    alignments are listed without their unstable ends, and the whole with its padding.
    """
    spelled: set[str] = set()
    for text in {secret, secret.strip()}:
        if len(text) >= _MIN_SECRET:
            spelled |= _spellings(text)
    return tuple(sorted((text for text in spelled if len(text) >= _MIN_SECRET), key=lambda text: (-len(text), text)))


def _spellings(secret: str) -> set[str]:
    raw = _bytes_of(secret)
    percent = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    spelled = {secret, secret[::-1], *percent, *(re.sub("%..", _lower, text) for text in percent)}
    spelled |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    whole = base64.b64encode(raw).decode("ascii")
    coded = {whole, whole.rstrip("=")}
    for lead, start in enumerate((0, 2, 3)):
        inner = base64.b64encode(bytes(lead) + raw).decode("ascii")
        coded.add(inner[start : (lead + len(raw)) * 8 // 6])
    return spelled | coded | {text.replace("+", "-").replace("/", "_") for text in coded}


def _bytes_of(secret: str) -> bytes:
    """What the secret is outside Python: a variable may hold bytes that are no UTF-8, JSON a lone surrogate."""
    try:
        return secret.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return secret.encode(errors="surrogatepass")


def _lower(found: re.Match[str]) -> str:
    return found.group().lower()


class Redactor:
    """Replaces every known secret in a text. Secrets are added as they become known (a token, say)."""

    def __init__(self, secrets: Iterable[str] = (), learned: Callable[[str], None] = lambda _secret: None) -> None:
        """Begin with what is known.

        Args:
            secrets: To be hidden from the beginning.
            learned: Told every further secret before anything with it can be printed.
        """
        self._secrets: set[str] = set()
        self._forms: set[str] = set()
        self._learned: Callable[[str], None] = lambda _secret: None
        for secret in secrets:
            self.add(secret)
        self._learned = learned

    def add(self, secret: str) -> None:
        """Hide this from now on."""
        if secret not in self._forms and len(secret.strip()) >= _MIN_SECRET:
            self._learned(secret)
        self._forms.update(forms_of(secret))
        if len(secret.strip()) > _MIN_PREFIX:
            self._secrets.add(secret.strip())

    def add_content(self, content: str) -> None:
        """Hide a secret of several lines: whole, by line, and what stands behind ``=`` or ``:``, out of its quotes."""
        self.add(content)
        for line in content.splitlines():
            self.add(line.strip())
            for sign in islice(re.finditer("[=:]", line), _MOST_VALUES):
                self.add(line[sign.end() :].strip(_AROUND))

    def add_credential(self, credential: Credential) -> None:
        """Hide a password, also as a Basic header shows it."""
        self.add(credential.password)
        if credential.basic not in self._forms:
            self._learned(credential.basic)
        self._forms.add(credential.basic)

    def __call__(self, text: str) -> str:
        """The text without any known secret."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        for secret in tuple(self._secrets):
            text = _without_start(text, secret)
        return text


def _without_start(text: str, secret: str) -> str:
    """Hide what begins like the secret, as far as it goes on like it."""
    kept, *rest = text.split(secret[:_MIN_PREFIX])
    for part in rest:
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(part, secret[_MIN_PREFIX:], strict=False)))
        kept += HIDDEN + part[same:]
    return kept


def inert(text: str) -> str:
    """Text of several lines without a workflow command in it; nothing else of it changes."""
    return _COMMANDS.sub(r"\g<0> ", text)


def quoted(text: str, most: int = 140) -> str:
    """Foreign text in quotes, for a message: in ASCII, so that a look-alike is seen to be one, and never long."""
    whole = ascii(text[:most])
    if len(text) <= most and len(whole) <= most + 2:
        return whole
    return f"{whole[: most - 2]}...{whole[0]}"


def one_line(text: str) -> str:
    """Foreign text as one harmless line: no escape, no control character, no workflow command, blanks folded, bounded.

    Whatever does not print goes with the controls: bidirectional overrides, zero-width signs, lone surrogates.
    """
    plain = _ESCAPE_SEQUENCE.sub("", text[: 2 * _MAX_LINE])
    folded = " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())
    harmless = _COMMAND.sub(r"\g<0> ", folded)
    whole = len(harmless) <= _MAX_LINE and len(text) <= 2 * _MAX_LINE
    return harmless if whole else harmless[:_MAX_LINE] + " ..."
