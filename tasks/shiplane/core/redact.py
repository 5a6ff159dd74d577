"""Hides secrets in text, in all usual encodings."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from shiplane.core.credential import Credential


HIDDEN = "***"
_MIN_SECRET = 6
# A truncated secret (we truncate foreign text ourselves) is still hidden from this many characters on.
_MIN_PREFIX = 12
# A token stands in a ``.npmrc`` behind the port, the colon and the sign, as in ``//host:80/:_authToken=x``, and in
# other files in quotes. A line with more values than this is prose, or the whole file.
_MOST_VALUES = 8
_AROUND = " \t,\"'"


def forms_of(secret: str) -> tuple[str, ...]:
    """The encodings in which a secret may leak: raw, base64 (plain and URL-safe), percent- and JSON-escaped.

    Also reversed, as a Python literal and as a form field. Base64 depends on the preceding bytes, so all three
    alignments are listed without their unstable ends.
    """
    forms: set[str] = set()
    for text in {secret, secret.strip()}:
        if len(text) >= _MIN_SECRET:
            forms |= _spellings(text)
    return tuple(sorted((text for text in forms if len(text) >= _MIN_SECRET), key=lambda text: (-len(text), text)))


def _spellings(secret: str) -> set[str]:
    raw = _bytes_of(secret)
    percent = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    forms = {secret, secret[::-1], *percent, *(re.sub("%..", _lower, text) for text in percent)}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    encoded = base64.b64encode(raw).decode("ascii")
    base64_forms = {encoded, encoded.rstrip("=")}
    for lead, start in enumerate((0, 2, 3)):
        inner = base64.b64encode(bytes(lead) + raw).decode("ascii")
        base64_forms.add(inner[start : (lead + len(raw)) * 8 // 6])
    return forms | base64_forms | {text.replace("+", "-").replace("/", "_") for text in base64_forms}


def _bytes_of(secret: str) -> bytes:
    """The secret's bytes: a variable may hold invalid UTF-8, JSON a lone surrogate."""
    try:
        return secret.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return secret.encode(errors="surrogatepass")


def _lower(match: re.Match[str]) -> str:
    return match.group().lower()


class Redactor:
    """Replaces known secrets in text; further ones (such as tokens) are added during a run."""

    def __init__(
        self, secrets: Iterable[str] = (), on_new_secret: Callable[[str], None] = lambda _secret: None
    ) -> None:
        """Hide ``secrets``; ``on_new_secret`` is called with each further one before it can be printed."""
        self._secrets: set[str] = set()
        self._forms: set[str] = set()
        self._on_new_secret: Callable[[str], None] = lambda _secret: None
        for secret in secrets:
            self.add(secret)
        self._on_new_secret = on_new_secret

    def add(self, secret: str) -> None:
        """Hide a secret from now on."""
        if secret not in self._forms and len(secret.strip()) >= _MIN_SECRET:
            self._on_new_secret(secret)
        self._forms.update(forms_of(secret))
        if len(secret.strip()) > _MIN_PREFIX:
            self._secrets.add(secret.strip())

    def add_content(self, content: str) -> None:
        """Hide a multi-line secret: whole, each line, and each value after ``=`` or ``:`` without quotes."""
        self.add(content)
        for line in content.splitlines():
            self.add(line.strip())
            for sign in islice(re.finditer("[=:]", line), _MOST_VALUES):
                self.add(line[sign.end() :].strip(_AROUND))

    def add_credential(self, credential: Credential) -> None:
        """Hide a password, also in its Basic header."""
        self.add(credential.password)
        if credential.basic not in self._forms:
            self._on_new_secret(credential.basic)
        self._forms.add(credential.basic)

    def __call__(self, text: str) -> str:
        """The text with every known secret hidden."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        for secret in tuple(self._secrets):
            text = _hide_prefix_matches(text, secret)
        return text

    def hide_in(self, value: Any) -> Any:  # noqa: ANN401 -- JSON
        """A JSON value with every known secret hidden in its texts and names.

        In the text of a document a secret of digits would hide a part of a number, and the rest would be no JSON.
        """
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self.hide_in(name): self.hide_in(inner) for name, inner in value.items()}
        return [self.hide_in(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _hide_prefix_matches(text: str, secret: str) -> str:
    """Hide each prefix of the secret, as far as it matches."""
    result, *rest = text.split(secret[:_MIN_PREFIX])
    for part in rest:
        matching = sum(
            1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(part, secret[_MIN_PREFIX:], strict=False))
        )
        result += HIDDEN + part[matching:]
    return result
