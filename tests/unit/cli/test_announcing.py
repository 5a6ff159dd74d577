"""What is hidden of a webhook's URL, which is a secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from shiplane.cli.flows.announcing import hide_webhooks
from shiplane.config.project_file import parse_project_file
from shiplane.core.redact import HIDDEN, Redactor


@pytest.mark.parametrize(
    "behind", ["/services/T0/B0canary", "?token=canary0123456", "?token=can/ary0123456", "/a?b=canary012"]
)
def test_what_is_behind_the_host_of_a_webhook_is_hidden(behind: str) -> None:
    project = parse_project_file({"announce": [{"webhook-env": "CHAT_URL"}]}, "shiplane.toml")
    run: Any = SimpleNamespace(
        project=project, env={"CHAT_URL": f"https://hooks.example:8443{behind}"}, redact=Redactor()
    )
    hide_webhooks(run)
    assert (
        run.redact(f"POST https://hooks.example:8443{behind} failed")
        == f"POST https://hooks.example:8443{HIDDEN} failed"
    )
