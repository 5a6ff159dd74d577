"""A username and password for one registry, and where they came from."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Credential:
    """Credentials for one registry.

    Attributes:
        registry: The only registry they may be sent to.
        password: Left out of ``repr``.
        source: The variables or the store they came from, for people to read.
    """

    registry: str
    username: str
    password: str = field(repr=False)
    source: str

    @property
    def basic(self) -> str:
        """The value of a Basic ``Authorization`` header (RFC 7617, UTF-8), without the scheme."""
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")
