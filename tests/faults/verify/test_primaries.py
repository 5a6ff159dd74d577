"""The status of lanes with different primary repositories: each is told with its own."""

from __future__ import annotations

from shiplane.cli.flows.lane_status import history_json
from shiplane.cli.views.lane_status import history_markdown, history_text, status_markdown, status_text
from shiplane.config.channel import Channel
from shiplane.verify.audit.audit import Auditor
from shiplane.verify.audit.channel import ChannelReader
from shiplane.verify.lane_status import LaneStatus
from tests.faults.harness.primaries import ADAPTER, FAR, LANES, NAMES, PRIMARIES, Apart, group_plan
from tests.faults.harness.scene import AIONIS, finish


def statuses(scene: Apart) -> list[LaneStatus]:
    client = scene.client()
    auditors = (
        Auditor(registry=client.at(primary), ledgers=scene.ledgers_of(client, primary), workers=1)
        for primary in PRIMARIES.values()
    )
    return [finish(auditor.audit(lane)) for auditor, lane in zip(auditors, LANES, strict=True)]


def released() -> Apart:
    scene = Apart()
    scene.publish(group_plan())
    return scene


def test_each_lane_is_told_with_its_repository() -> None:
    states = statuses(released())
    following = [(state, "") for state in states]
    for text in (
        status_text(AIONIS, following, 0.0),
        status_markdown(AIONIS, following, 0.0),
        history_text(AIONIS, states),
        history_markdown(AIONIS, states),
    ):
        assert text.splitlines()[0].removeprefix("## ") == ", ".join(map(str, PRIMARIES.values()))
        for name, primary in PRIMARIES.items():
            assert f"{name} in {primary}\n" in text
    assert [state.to_json()["image"] for state in states] == list(map(str, PRIMARIES.values()))
    assert [history_json(state)["image"] for state in states] == list(map(str, PRIMARIES.values()))
    assert not any(state.drift for state in states)


def test_one_lane_alone_is_told_as_ever() -> None:
    *_, adapter = statuses(released())
    assert status_text(FAR, [(adapter, "")], 0.0).startswith(f"{FAR}\n\nlane adapter\n")
    assert history_text(FAR, [adapter]).startswith(f"{FAR}\n\nlane adapter\n")


def test_a_channel_is_told_with_the_repository_of_its_lane() -> None:
    scene, channel = released(), Channel(name="edge", branch="main", lanes=NAMES, tag="edge", keep="")
    states = statuses(scene)
    reader = ChannelReader(registry=scene.client().at(FAR), ledgers=None)
    tag = reader.locate(channel, ADAPTER, states[-1].ledger)
    title = f"channel edge (branch main, lane adapter) in {FAR}\n"
    assert title in status_text(AIONIS, [(state, "") for state in states], 0.0, [tag])
    assert title in status_markdown(AIONIS, [(state, "") for state in states], 0.0, [tag])
