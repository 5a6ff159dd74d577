"""Foreign text made safe to print: no secret in any usual spelling, no terminal escape, no workflow command."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from shiplane.model.credential import Credential

HIDDEN = "***"
_MIN_SECRET = 6
_MAX_LINE = 2000
# C0 and C1 controls but for the tab, and the bidirectional overrides that reorder what a person sees.
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def forms_of(secret: str) -> tuple[str, ...]:
    """The spellings in which a secret tends to leak: raw, base64 (plain and URL-safe), percent- and JSON-escaped.

    Base64 depends on what stands before it, so the three alignments are listed without their unstable ends.
    """
    if len(secret) < _MIN_SECRET:
        return ()
    raw = secret.encode()
    spelled = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], secret[::-1]}
    for lead in range(3):
        inner = base64.b64encode(b"\0" * lead + raw).decode("ascii")
        stable = inner[-(-lead * 8 // 6) : len(inner) // 4 * 4 - 4]
        spelled |= {stable, stable.replace("+", "-").replace("/", "_")}
    return tuple(sorted((text for text in spelled if len(text) >= _MIN_SECRET), key=len, reverse=True))


class Redactor:
    """Replaces every known secret in a text. Secrets are added as they become known (a token, say)."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide this from now on."""
        self._forms.update(forms_of(secret))

    def add_credential(self, credential: Credential) -> None:
        """Hide a password, also as a Basic header shows it."""
        self.add(credential.password)
        self._forms.add(credential.basic)

    def __call__(self, text: str) -> str:
        """The text without any known secret."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text


def one_line(text: str) -> str:
    """Foreign text as one harmless line: escapes and control characters gone, blanks folded, length bounded."""
    plain = _CONTROLS.sub(" ", _ESCAPE_SEQUENCE.sub("", text[: 2 * _MAX_LINE]))
    folded = " ".join(plain.split())
    return folded if len(folded) <= _MAX_LINE else folded[:_MAX_LINE] + " ..."
