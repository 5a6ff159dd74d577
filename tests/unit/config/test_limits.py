"""The limits of a command: the defaults are what the clients do without any; a bad value is named with its bounds."""

from __future__ import annotations

from typing import Any

import pytest

from shiplane.cli.clients.registry import RegistryClients
from shiplane.cli.views.plan import limits_row
from shiplane.config.project_file import parse_project_file
from shiplane.config.running.limits import Limits
from shiplane.core.errors import ConfigurationError
from shiplane.core.redact import Redactor
from shiplane.registry.credentials import Credentials
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.transport import HttpTransport


def limits(**keys: Any) -> Limits:  # noqa: ANN401 -- a table's values
    return parse_project_file({"limits": keys}, "shiplane.toml").limits


def test_the_defaults_are_those_of_the_clients() -> None:
    budget = RetryBudget()
    assert limits() == Limits() == parse_project_file({}, "").limits
    assert (Limits().tries, Limits().wait_seconds, Limits().retry_seconds) == (
        *(budget.tries, budget.max_wait),
        budget.budget,
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("run-seconds", 0, "limits.run-seconds is 0, expected a number above 0 to 604800"),
        ("tries", 0, "limits.tries is 0, expected a whole number from 1 to 20"),
        ("tries", 2.5, "limits.tries is 2.5, expected a whole number from 1 to 20"),
        ("wait-seconds", "1 min", "limits.wait-seconds is '1 min', expected a number above 0 to 3600"),
        ("retry-seconds", -5, "limits.retry-seconds is -5, expected a number from 0 to 86400"),
        ("retries", 3, "limits: unknown key 'retries'"),
    ],
)
def test_a_bad_value_is_named_with_what_is_expected(key: str, value: object, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        limits(**{key: value})
    assert said in caught.value.what


def test_a_plan_shows_them_with_their_source() -> None:
    default = limits_row(parse_project_file({}, ""))
    assert default == (
        "limits",
        "21600 s for the command; 5 tries for a request, waits of at most 60 s, 300 s in all",
        "default",
    )
    assert dict(Limits().to_json()) == {
        "run_seconds": 21600.0,
        "tries": 5,
        "wait_seconds": 60.0,
        "retry_seconds": 300.0,
    }
    own = limits_row(parse_project_file({"limits": {"tries": 1, "run-seconds": 600}}, "shiplane.toml"))
    assert own[1:] == (
        "600 s for the command; 1 try for a request, waits of at most 60 s, 300 s in all",
        "shiplane.toml: limits",
    )


def test_the_clients_of_a_run_keep_to_them() -> None:
    project = parse_project_file({"limits": {"tries": 2, "wait-seconds": 3, "retry-seconds": 4}}, "shiplane.toml")
    clients = RegistryClients(
        env={},
        project=project,
        credentials=Credentials(env={}, names={}),
        transport=lambda: HttpTransport({}, user_agent="test"),
        redact=Redactor(),
        tell=lambda _text: None,
    )
    budget = clients.retry_budget
    assert (budget.tries, budget.max_wait, budget.budget) == (2, 3.0, 4.0)
