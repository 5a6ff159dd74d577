"""What git's words after a push mean: who refused, and so which exit code it gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from shiplane.core.errors import AccessError, PrerequisiteError, RefusedError, ShiplaneError, UnreachableError
from shiplane.core.redact import Redactor
from shiplane.git.remote import Remote

FAILED = "error: failed to push some refs to '../remote.git'"
REMOTE = Remote(folder=Path(), env={}, login={}, redact=Redactor())


# As git 2.39 writes them, on one line.
@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (f"no pushes on Friday {FAILED}", PrerequisiteError),
        (f"permission denied by policy: fatal: not you {FAILED}", PrerequisiteError),
        (FAILED, PrerequisiteError),
        (f"error: .git/hooks/pre-push died of signal 9 {FAILED}", PrerequisiteError),
        (f"error: src refspec refs/tags/nope does not match any {FAILED}", PrerequisiteError),
        ("fatal: the receiving end does not support --signed push fatal: the remote end hung up", PrerequisiteError),
        ("fatal: the receiving end does not support push options fatal: the remote end hung up", PrerequisiteError),
        ("error: gpg failed to sign the data fatal: failed to sign the push certificate", PrerequisiteError),
        ("fatal: --mirror can't be combined with refspecs", PrerequisiteError),
        (f"remote: protected {FAILED} ! a:b [remote rejected] (pre-receive hook declined)", RefusedError),
        (f"send-pack: unexpected disconnect {FAILED} ! a:b [remote failure] (failed to report)", UnreachableError),
        (f"{FAILED} ! a:b [rejected] (stale info)", UnreachableError),
        ("remote: Permission to o/r.git denied to u. fatal: unable to access: error: 403", AccessError),
        ("fatal: Authentication failed for 'https://github.com/o/r/'", AccessError),
        ("fatal: unable to access 'https://127.0.0.1:9/x/y/': Failed to connect", UnreachableError),
        ("ssh: connect to host 127.0.0.1 port 9: Connection refused fatal: Could not read", UnreachableError),
    ],
)
def test_whoever_refused_a_push_is_told_by_the_code(words: str, kind: type[ShiplaneError]) -> None:
    error = REMOTE.error_for(words)
    assert type(error) is kind
    assert words[:80] in error.what


def test_a_hook_that_says_a_lot_is_still_known_for_one_and_not_repeated_whole() -> None:
    error = REMOTE.error_for("x" * 3000 + " " + FAILED)
    assert isinstance(error, PrerequisiteError)
    assert len(error.what) < 500
