from __future__ import annotations

import pytest

from shiplane.git.remote_url import secrets_of, without_credentials

TOKEN = "ghs_c4n4ryc4n4ryc4n4ry"


@pytest.mark.parametrize(
    ("url", "visible", "secrets"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b.git", []),
        (f"https://x-access-token:{TOKEN}@github.com/a/b", "https://github.com/a/b", [TOKEN]),
        (f"https://{TOKEN}@github.com/a/b", "https://github.com/a/b", [TOKEN]),
        (f"https://{TOKEN}:x-oauth-basic@github.com/a/b", "https://github.com/a/b", [TOKEN]),
        ("https://cognary-bot:p%40ss%3Aword@h/a", "https://h/a", ["p%40ss%3Aword", "p@ss:word"]),
        ("https://cognary@github.com/a/b", "https://github.com/a/b", []),
        ("ssh://git@github.com/a/b.git", "ssh://github.com/a/b.git", []),
        ("git@github.com:a/b.git", "git@github.com:a/b.git", []),
        ("https://h/a?token=secret#x", "https://h/a", []),
        ("/srv/a@b.git", "/srv/a@b.git", []),
        ("", "", []),
    ],
)
def test_a_url_is_shown_without_what_must_not_be(url: str, visible: str, secrets: list[str]) -> None:
    assert (without_credentials(url), secrets_of(url)) == (visible, secrets)
