"""A username and password for one registry, and where they came from. The password never shows itself."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What to authenticate with.

    Attributes:
        registry: The only registry that it may be sent to.
        username: The account.
        password: The secret; left out of ``repr``.
        source: The variables or the store that it came from, for people to read.
    """

    registry: str
    username: str
    password: str = field(repr=False)
    source: str

    @property
    def basic(self) -> str:
        """The value of a Basic ``Authorization`` header (RFC 7617, UTF-8), without the scheme."""
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")
