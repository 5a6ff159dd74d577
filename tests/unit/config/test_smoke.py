"""Smoke runs: what the project file says of them, and what is made of a container that was looked at."""

from __future__ import annotations

from typing import Any

import pytest

from shiplane.config.project_file import parse_project_file
from shiplane.config.smoke import ContainerObservation, Probe, Runnable, Smoke, judge
from shiplane.core.errors import ConfigurationError
from shiplane.registry.oci.names import Platform

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
PLAIN = Smoke(timeout=60, up=10)
ASKS = Smoke(command=("curl", "-f", "http://127.0.0.1/"), timeout=60)
UP = ContainerObservation(running=True)


def smokes(**document: object) -> dict[str, Smoke]:
    return dict(parse_project_file(document, "shiplane.toml").smokes)


@pytest.mark.parametrize(
    ("seen", "probe", "smoke", "elapsed", "verdict"),
    [
        # The image's own HEALTHCHECK.
        (ContainerObservation(running=True, health="starting"), None, PLAIN, 59.9, None),
        (ContainerObservation(running=True, health="starting"), None, PLAIN, 60, (False, "not healthy within 60 s")),
        (
            ContainerObservation(running=True, health="starting", said="refused"),
            None,
            PLAIN,
            60,
            (False, "not healthy within 60 s (refused)"),
        ),
        (ContainerObservation(running=True, health="healthy"), None, PLAIN, 1.25, (True, "healthy after 1.2 s")),
        (ContainerObservation(running=True, health="healthy"), None, PLAIN, 99, (True, "healthy after 99.0 s")),
        (
            ContainerObservation(running=True, health="unhealthy", said="no db"),
            None,
            PLAIN,
            3,
            (False, "unhealthy after 3.0 s (no db)"),
        ),
        # Neither it nor a command.
        (UP, None, PLAIN, 9.9, None),
        (UP, None, PLAIN, 10, (True, "up for 10 s; the image has no HEALTHCHECK, and no command is configured")),
        (
            ContainerObservation(running=False),
            None,
            PLAIN,
            0.5,
            (True, "ended with 0 after 0.5 s; the image has no HEALTHCHECK"),
        ),
        (ContainerObservation(running=False, code=3), None, PLAIN, 0.5, (False, "ended with 3 after 0.5 s")),
        (ContainerObservation(running=False, code=137), None, PLAIN, 0.5, (False, "ended with 137 after 0.5 s")),
        # A service that ends well has ended.
        (
            ContainerObservation(running=False, health="starting"),
            None,
            PLAIN,
            2,
            (False, "ended with 0 after 2.0 s, before it was healthy"),
        ),
        (
            ContainerObservation(running=False, code=137, out_of_memory=True),
            None,
            PLAIN,
            2,
            (False, "ended for using more than 2048 MiB of memory"),
        ),
        (
            ContainerObservation(running=False, fault='exec: "/x"'),
            None,
            PLAIN,
            0,
            (False, 'could not be started: exec: "/x"'),
        ),
        # A command; then the HEALTHCHECK has no say.
        (UP, Probe(1), ASKS, 59, None),
        (UP, Probe(0), ASKS, 2, (True, "curl -f http://127.0.0.1/ exits 0 after 2.0 s")),
        (
            ContainerObservation(running=True, health="unhealthy"),
            Probe(0),
            ASKS,
            2,
            (True, "curl -f http://127.0.0.1/ exits 0 after"),
        ),
        (ContainerObservation(running=True, health="healthy"), Probe(1), ASKS, 2, None),
        (UP, Probe(7, "refused"), ASKS, 60, (False, "did not exit 0 within 60 s, but ends with 7 (refused)")),
        (UP, Probe(None), ASKS, 60, (False, "did not exit 0 within 60 s, but does not end")),
        (
            ContainerObservation(running=False),
            None,
            ASKS,
            2,
            (False, "ended with 0 after 2.0 s, before curl -f http://127.0.0.1/"),
        ),
    ],
)
def test_what_a_container_shows_is_judged(
    seen: ContainerObservation, probe: Probe | None, smoke: Smoke, elapsed: float, verdict: tuple[bool, str] | None
) -> None:
    found = judge(seen, probe, smoke, elapsed)
    if verdict is None:
        assert found is None
    else:
        assert found is not None
        assert found.good is verdict[0]
        assert verdict[1] in found.reason


def test_smoke_runs_are_off_until_somebody_names_them() -> None:
    assert smokes() == {}
    assert smokes(lanes={"main": {"publish-latest": True}}) == {}


def test_a_bare_table_turns_them_on_for_every_lane() -> None:
    assert smokes(smoke={}) == {"main": Smoke(), "standalone": Smoke()}
    assert smokes(lanes={"main": {"smoke": {}}}) == {"main": Smoke()}


def test_a_lane_says_only_what_is_different() -> None:
    found = smokes(
        smoke={"timeout-seconds": 30, "network": "bridge", "env": {"A": "1"}},
        lanes={"main": {"smoke": {"command": "sh -c 'exit 0'", "network": "none"}}, "standalone": {}, "worker": {}},
    )
    assert found["main"] == Smoke(command=("sh", "-c", "exit 0"), timeout=30, network="none", env={"A": "1"})
    assert found["worker"] == found["standalone"] == Smoke(timeout=30, network="bridge", env={"A": "1"})


@pytest.mark.parametrize(
    ("document", "lanes"),
    [
        ({"smoke": {"enabled": False}}, []),
        ({"smoke": {}, "lanes": {"main": {"smoke": {"enabled": False}}}}, ["standalone"]),
        ({"smoke": {"enabled": False}, "lanes": {"main": {"smoke": {"enabled": True}}}}, ["main"]),
    ],
)
def test_a_lane_is_left_out_or_taken_in_by_enabled(document: dict[str, Any], lanes: list[str]) -> None:
    assert list(smokes(**document)) == lanes


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"smoke": {"comand": "x"}}, "shiplane.toml: smoke: unknown key 'comand'"),
        ({"smoke": {"network": "host"}}, "smoke.network is 'host', expected one of none, bridge"),
        (
            {"lanes": {"main": {"smoke": {"memory-mb": 1}}}},
            "shiplane.toml: lanes.main.smoke.memory-mb is 1, expected a whole number from 6",
        ),
        ({"lanes": {"main": {"smoke": {"timeout-seconds": 0}}}}, "timeout-seconds is 0"),
        ({"smoke": {"env": {"A": 1}}}, "env.A is an integer, expected a string"),
        ({"smoke": {"env": {"A=B": "1"}}}, "is not an environment variable name"),
        ({"smoke": {"platforms": ["linux/amd64", "linux/amd64/v1"]}}, "twice"),
        ({"smoke": {"command": "echo 'open"}}, "is not a command: No closing quotation"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(document: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        smokes(**document)
    assert complaint in caught.value.what


def test_an_engine_runs_its_own_platform_and_what_it_emulates() -> None:
    engine = Runnable(
        native=AMD64, others=frozenset({ARM64, Platform("linux", "386"), Platform("linux", "amd64", "v2")})
    )
    assert [engine.can(platform) for platform in (AMD64, ARM64, Platform("linux", "s390x"))] == [True, True, False]
    assert (engine.emulates(AMD64), engine.emulates(ARM64)) == (False, True)


def test_a_smoke_run_says_of_itself_what_a_plan_shows() -> None:
    assert str(Smoke(timeout=30)) == (
        "HEALTHCHECK is healthy within 30 s (without one: up for 10 s), on every platform that the engine can run, "
        "network none, 2048 MiB"
    )
    assert str(Smoke(command=("true",), platforms=(AMD64,), env={"B": "2", "A": "1"})) == (
        "true exits 0 within 120 s, on linux/amd64, network none, 2048 MiB, A=1, B=2"
    )
