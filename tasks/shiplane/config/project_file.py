"""The project file: ``shiplane.toml``, or ``[tool.shiplane]`` in ``pyproject.toml``. Everything in it is optional.

Unknown keys are errors that name the nearest known one: a misspelt ``publish-latset`` must not pass as "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shiplane.config.gate import Gate
from shiplane.config.keys.claim import ClaimSettings, parse_claim
from shiplane.config.keys.deployments import Deployments, parse_deployments
from shiplane.config.keys.gates import parse_command, parse_gates
from shiplane.config.keys.lane import parse_lanes
from shiplane.config.keys.registries import parse_registry
from shiplane.config.keys.smoke import parse_smokes
from shiplane.config.keys.table import Table
from shiplane.config.keys.workflows import WorkflowSettings, parse_workflows
from shiplane.config.lane import BUILT_IN, Lane, check_disjoint
from shiplane.config.smoke import Smoke
from shiplane.config.version import Version
from shiplane.core.errors import UsageError
from shiplane.registry.credential_variables import CredentialVariables
from shiplane.registry.oci.names import Platform, Repository, parse_platforms

DEFAULT_BUILD_TIMEOUT = 900.0
_KEYS = (
    *("image", "platforms", "lanes", "registries", "build", "build-timeout-seconds", "gates"),
    *("claim", "deployments", "ledger", "smoke", "workflows"),
)


@dataclass(frozen=True, kw_only=True)
class ProjectFile:
    """What the project says about itself.

    Attributes:
        name: Which file it was, for people to read.
        image: The repository of every lane, or None when it is derived.
        platforms: What every lane is built for; empty when it is the default.
        lanes: The built-in lanes, or the project's own; checked to be disjoint.
        named: The names of those lanes that the file has a table for: they have to be there.
        registries: Credential variables by registry.
        build: The build command, word by word; None for the default.
        build_timeout: Seconds for it.
        gates: What else must be green before a release.
        keeps_ledger: Whether releases, moves and marks are recorded.
        ledger: The repository of the ledgers; None for the images' own.
        workflows: How the publish workflows are wanted.
        claim: Where a version is claimed before it is written; None for nowhere.
        deployments: The files that say which version runs.
        smokes: How each lane's image is tried before it gets a name; a lane that is not there is not.
    """

    name: str = ""
    image: Repository | None = None
    platforms: tuple[Platform, ...] = ()
    lanes: tuple[Lane, ...] = BUILT_IN
    named: frozenset[str] = frozenset()
    registries: Mapping[str, CredentialVariables] = field(default_factory=dict)
    build: tuple[str, ...] | None = None
    build_timeout: float = DEFAULT_BUILD_TIMEOUT
    gates: tuple[Gate, ...] = ()
    keeps_ledger: bool = True
    ledger: Repository | None = None
    workflows: WorkflowSettings = field(default_factory=WorkflowSettings)
    claim: ClaimSettings | None = None
    deployments: tuple[Deployments, ...] = ()
    smokes: Mapping[str, Smoke] = field(default_factory=dict)

    def lane(self, name: str) -> Lane:
        """One lane by its name.

        Raises:
            UsageError: There is no such lane.
        """
        known = {lane.name: lane for lane in self.lanes}
        if name not in known:
            raise UsageError(f"there is no lane {name[:40]!r}", remedy=f"Known lanes: {', '.join(known)}.")
        return known[name]

    def lane_of(self, text: str) -> Lane | None:
        """The lane of a tag that only one of them can read; None where several can (``v0.2.1``), or none."""
        readers = [lane for lane in self.lanes if _reads(lane, text)]
        return readers[0] if len(readers) == 1 else None

    def version_of(self, lane: Lane, text: str) -> Version:
        """Read a version of a lane as people write it; another lane's tag is recognised, and named.

        Raises:
            UsageError: The text names no version of this lane.
        """
        try:
            return lane.parse_version(text)
        except UsageError as error:
            for other in self.lanes:
                if other is not lane and (other.owns(text) or other.version_of_git_tag(text)):
                    raise UsageError(
                        f"{error.what}: that is lane {other.name}'s", remedy=f"--lane {other.name}"
                    ) from error
            raise

    def published_version(self, lane: Lane, text: str) -> Version:
        """Read a version that is there already: by any of its spellings, as another tool may have tagged it, too.

        Raises:
            UsageError: As :meth:`version_of`, which a new version has to go through.
        """
        return lane.version_spelled(text) or self.version_of(lane, text)


def _reads(lane: Lane, text: str) -> bool:
    """Whether a text is one of the lane's names, or a version that its ``--tag`` takes."""
    try:
        return lane.owns(text) or bool(lane.version_spelled(text) or lane.parse_version(text))
    except UsageError:
        return False


def parse_project_file(document: Mapping[str, Any], name: str) -> ProjectFile:
    """Check a parsed project file.

    Raises:
        ConfigurationError: A key is unknown, or a value has the wrong type or form; the key and the file are named.
    """
    top = Table(document, name)
    top.only(*_KEYS)
    image, platforms = top.get("image", str), top.strings("platforms")
    lanes = parse_lanes(top.table("lanes"))
    check_disjoint(lanes)
    return ProjectFile(
        name=name,
        image=top.checked("image", Repository.parse, image) if image is not None else None,
        platforms=top.checked("platforms", parse_platforms, ",".join(platforms)) if platforms else (),
        lanes=lanes,
        named=frozenset(name for name, _ in top.table("lanes").tables()),
        registries={host: parse_registry(table) for host, table in top.table("registries").tables()},
        build=parse_command(top, "build"),
        build_timeout=top.number("build-timeout-seconds", above=0.0) or DEFAULT_BUILD_TIMEOUT,
        gates=parse_gates(top),
        keeps_ledger=top.fields.get("ledger") is not False,
        ledger=_ledger(top),
        workflows=parse_workflows(top.table("workflows")),
        claim=parse_claim(top),
        deployments=parse_deployments(top),
        smokes=parse_smokes(top, [lane.name for lane in lanes]),
    )


def _ledger(top: Table) -> Repository | None:
    """A repository of its own, or None: for the default (``true``) as for no ledger at all (``false``)."""
    if isinstance(top.fields.get("ledger"), bool):
        return None
    text = top.get("ledger", str)
    place: Repository | None = top.checked("ledger", Repository.parse, text) if text is not None else None
    return place
