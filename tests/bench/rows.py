"""The rows of the comparison: what of ours is measured beside whom, and what it is to come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shiplane.config.lane import MAIN
from tests.bench.measure import Command
from tests.bench.scene import LANES, Scene

NEAR, FAR = 0.0, 0.05
"""Round trips, in seconds: none, and that of a registry in another town."""

VERSIONS, MANY, ENTRIES = 100, 1000, 10_000

CRANES = """\
for lane in "" standalone-; do
  crane digest $R:${lane}v0.0.2 & crane digest $R:${lane}latest & crane manifest $R:${lane}v0.0.2 &
  for arch in amd64 arm64; do crane config --platform linux/$arch $R:${lane}v0.0.2 & done
done
wait"""
# As a runbook lists them; what is there already is not pulled again, so that the images are removed before.
DOCKERS = """\
for lane in "" standalone-; do
  docker pull --quiet $R:${lane}v0.0.2 && docker pull --quiet $R:${lane}latest &&
  docker manifest inspect $R:${lane}v0.0.2 || exit
done"""
NO_IMAGES = "docker image rm --force $(docker image ls --quiet) || true"
BUILDS = """\
for lane in : standalone-:.standalone; do
  docker buildx build --builder $B --platform linux/amd64,linux/arm64 --file Dockerfile${lane#*:} \\
    --tag $R:${lane%:*}v0.0.3 --tag $R:${lane%:*}latest --push . || exit
done"""
DIGESTS = f"""\
for i in $(seq 0 {VERSIONS - 1}); do echo $R:v0.$((i/20)).$((i%20)); done | xargs -n1 -P32 crane digest"""
RELEASE = "release --version 0.0.3 --latest=yes --builder "

Make = Callable[[Scene], Command]


@dataclass(frozen=True)
class Target:
    """What a value of ours is to be at most.

    Attributes:
        value: ``ratio`` to a peer's time, or a field of :class:`tests.bench.measure.Sample`.
        at_most: In the unit of the field.
        peer: For a ratio.
    """

    value: str
    at_most: float
    peer: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One piece of work.

    Attributes:
        title: What is done.
        seed: Puts into the registry what the commands find there.
        ours: Our command.
        peers: Those of others, by what the report calls them.
        targets: What ours is to come to.
        note: What the reader of the figures has to know.
        round_trips: At which it is measured, in seconds.
    """

    title: str
    seed: Callable[[Scene], None]
    ours: Make
    peers: Mapping[str, Make] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    round_trips: tuple[float, ...] = (NEAR, FAR)
    note: str = ""


def _ship(scene: Scene) -> None:
    scene.at("ship").seed(LANES, 3)


def _nothing(scene: Scene) -> Command:
    return scene.nothing()


ROWS: dict[str, Row] = {
    "verify": Row(
        title="full verification of two lanes",
        seed=_ship,
        ours=lambda scene: scene.at("ship").invoke("verify"),
        peers={
            "ten crane commands side by side": lambda scene: scene.at("ship").peer(CRANES),
            "a runbook's six docker commands": lambda scene: scene.at("ship").peer(DOCKERS, before=NO_IMAGES),
        },
        targets=(
            Target("ratio", 0.85, "ten crane commands side by side"),
            Target("ratio", 0.08, "a runbook's six docker commands"),
        ),
    ),
    "rollback": Row(
        title="one lane rolled back, verified and recorded",
        seed=_ship,
        ours=lambda scene: scene.at("ship").invoke("rollback --lane main --reason bench", restored=True),
        peers={
            "crane tag, crane digest": lambda scene: scene.at("ship").peer(
                "crane tag $R:v0.0.1 latest && crane digest $R:latest", restored=True
            )
        },
        targets=(Target("ratio", 1.3, "crane tag, crane digest"),),
    ),
    "history": Row(
        title=f"history of {VERSIONS} versions without a ledger",
        seed=lambda scene: scene.at("hundred").seed([MAIN], VERSIONS, recorded=False),
        ours=lambda scene: scene.at("hundred").invoke("history --lane main"),
        peers={"xargs -P32 crane digest": lambda scene: scene.at("hundred").peer(DIGESTS)},
        targets=(Target("ratio", 0.45, "xargs -P32 crane digest"), Target("requests", VERSIONS + 3)),
    ),
    "status": Row(
        title=f"status with {MANY:,} versions without a ledger",
        seed=lambda scene: scene.at("thousand").seed([MAIN], MANY, recorded=False),
        ours=lambda scene: scene.at("thousand").invoke("status --lane main"),
        peers={"crane ls": lambda scene: scene.at("thousand").peer("crane ls $R")},
        targets=(Target("seconds", 1.2), Target("requests", 13)),
    ),
    "release": Row(
        title="release of both lanes, every step cached",
        seed=_ship,
        ours=lambda scene: scene.at("ship").invoke(RELEASE + scene.wire.builder, restored=True),
        peers={"docker buildx build --push, twice": lambda scene: scene.at("ship").peer(BUILDS, restored=True)},
        targets=(Target("ratio", 0.6, "docker buildx build --push, twice"),),
        note="the publishing scripts that the target was set against are not at hand; these are the builds in them",
    ),
    "start": Row(
        title="verify without a network's delay: our own start and processor time",
        seed=_ship,
        ours=lambda scene: scene.at("ship").invoke("verify"),
        peers={"invoke --list of one task": _nothing},
        targets=(Target("ratio", 1.6, "invoke --list of one task"),),
        round_trips=(NEAR,),
    ),
    "list": Row(
        title="invoke --list",
        seed=_ship,
        ours=lambda scene: scene.at("ship").invoke("--list"),
        peers={"invoke --list of one task": _nothing},
        targets=(Target("ratio", 1.15, "invoke --list of one task"),),
        round_trips=(NEAR,),
    ),
    "ledger": Row(
        title=f"release of one lane beside a ledger of {ENTRIES:,} entries",
        seed=lambda scene: scene.at("entries").seed_ledger(ENTRIES),
        ours=lambda scene: scene.at("entries").invoke(
            f"release --lane main --version 999.0.0 --latest=yes --builder {scene.wire.builder}", restored=True
        ),
        targets=(Target("ledger_bytes", 64 * 1024), Target("ledger_requests", 4), Target("memory", 45)),
    ),
}
