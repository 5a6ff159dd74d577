"""What the workflows install, from what pip recorded when it installed us (PEP 610)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shiplane.workflows.requirement import requirement, requirements

GIT: dict[str, Any] = {"url": "https://example.org/a/shiplane.git", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}}
WHEEL = {"url": "https://example.org/shiplane-1.2.0-py3-none-any.whl", "archive_info": {"hashes": {"sha256": "00ff"}}}


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (None, "shiplane==1.2.0"),
        (GIT, "shiplane @ git+https://example.org/a/shiplane.git@0a1b"),
        (GIT | {"url": "ssh://git@example.org/a"}, "shiplane @ git+ssh://git@example.org/a@0a1b"),
        (GIT | {"subdirectory": "py"}, "shiplane @ git+https://example.org/a/shiplane.git@0a1b#subdirectory=py"),
        (WHEEL, "shiplane @ https://example.org/shiplane-1.2.0-py3-none-any.whl#sha256=00ff"),
        (WHEEL | {"archive_info": {}}, "shiplane @ https://example.org/shiplane-1.2.0-py3-none-any.whl"),
        (GIT | {"url": "https://me:word@example.org/a"}, ""),
        (GIT | {"url": "file:///srv/shiplane.git"}, ""),
        ({"url": "file:///srv/shiplane", "dir_info": {"editable": True}}, ""),
        ({"url": "file:///srv/shiplane-1.2.0-py3-none-any.whl", "archive_info": {}}, ""),
    ],
)
def test_it_is_what_another_machine_can_get(origin: dict[str, Any] | None, text: str) -> None:
    document = None if origin is None else json.dumps(origin)
    assert requirement("1.2.0", document) == text
    lines = requirements("1.2.0", document).splitlines()
    assert [line for line in lines if not line.startswith("#")] == [text or "shiplane==1.2.0"]
    assert any("no workflow finds it" in line for line in lines) is not bool(text)
