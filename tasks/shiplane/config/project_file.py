"""The project file: ``shiplane.toml``, or ``[tool.shiplane]`` in ``pyproject.toml``. Everything in it is optional.

Unknown keys are errors that name the nearest known one: a misspelt ``publish-latset`` must not pass as "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from shiplane.config.channel import CHANNELS, Channel, make_channels
from shiplane.config.checks.keys import CHECKS, Checks, make_checks
from shiplane.config.keys import gates as gate_keys
from shiplane.config.keys.announcements import ANNOUNCEMENTS, Announcements
from shiplane.config.keys.claim import CLAIM, ClaimSettings
from shiplane.config.keys.deployments import DEPLOYMENTS, Deployments
from shiplane.config.keys.github_release import GITHUB_RELEASE, GitHubReleaseSettings
from shiplane.config.keys.lane import LANES, MATRIX, lane_tables, make_lanes
from shiplane.config.keys.registries import PROMOTIONS, REGISTRIES, Promotions, Registries
from shiplane.config.keys.sign import SIGN, SigningSettings, check_signing
from shiplane.config.keys.smoke import SMOKE, Smokes, make_smokes
from shiplane.config.keys.texts import COMMAND, IMAGES, LEDGER, PATH, PLATFORMS, SECONDS, VARIABLES
from shiplane.config.keys.workflows import WORKFLOWS, WorkflowSettings
from shiplane.config.lane import BUILT_IN, Lane, groups_of
from shiplane.config.running.limits import LIMITS, Limits
from shiplane.config.version import Version
from shiplane.core.errors import UsageError, did_you_mean
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, Table, keys_of
from shiplane.registry.oci.names import Platform, Repository

# What the parser refuses and no schema can: each takes more than one place of the file to see, or knowledge of what a
# text means. The schema says so in its description, and the test that feeds both has an example of each.
BEYOND_THE_SCHEMA = {
    "lanes": "lanes share no tag, git tag, ledger or cache, and no tag can be read as another lane's",
    "channels": "a channel's lanes exist and have tags of their own, which are no lane's and no other channel's",
    "gates": "gate names (by default the targets) are unique, and none is reserved by --skip",
    "checks": "one image's checks have unique names, none a gate's or reserved, and each report is one check's",
    "from": "from names a lane, and leads round in no circle",
    "matrix": "there are at most 64 lanes, and those of a matrix have names of their own and lanes' forms",
    "placeholders": "no value contains an unknown placeholder, e.g. {versoin}",
    "platforms": "no platform is given twice in two spellings, e.g. linux/arm64 and linux/arm64/v8",
    "addresses": "an IP address is a complete host address: neither 127.1 nor multicast",
    "signing": "cosign has either a key or, for keyless signing, an identity, and then its log",
    "numbers": "nan is not a number: JSON has none",
}


@dataclass(frozen=True, kw_only=True)
class ProjectFile:
    """What the project says about itself.

    Attributes:
        name: Which file it was, for people to read.
        images: Of every lane without its own, the primary first; empty when they are derived.
        platforms: Empty when they are the default.
        lanes: Checked to be disjoint.
        named: The names of those lanes that the file has a table for: they have to be there.
        build: Word by word; None for the default.
        keeps_ledger: Whether releases, moves and marks are recorded.
        ledger: The repository of the ledgers; None for the images' own.
        claim: None for nowhere.
        github_release: None for none.
        channels: Whose tags were checked against the lanes' and each other's.
        sign: None for not at all.
        smokes: How each lane's image is tried before it gets a name; a lane that is not there is not.
        checks: What decides about each lane's staged image; a lane without any is not there.
    """

    name: str = ""
    images: Annotated[
        tuple[Repository, ...],
        Key(
            "Image repository of every lane without its own: ghcr.io/<owner>/<name> in lower case, without tag or "
            "digest. A list: the first is the primary, the others get the same bytes. "
            "Default: ghcr.io/<owner>/<repo> of GITHUB_REPOSITORY or of the git remote.",
            IMAGES,
            "image",
        ),
    ] = ()
    platforms: Annotated[
        tuple[Platform, ...],
        Key(
            "Target platforms, without duplicates, of lanes without their own. Default: linux/amd64 and linux/arm64.",
            PLATFORMS,
        ),
    ] = ()
    version_file: Annotated[
        str,
        Key(
            "The committed file that has the version of every lane without its own: package.json or another .json, "
            "pyproject.toml, Cargo.toml, or a text file such as VERSION. A release of another version is refused. If "
            "no version is given and no git tag is at HEAD, this is the version.",
            PATH,
        ),
    ] = ""
    build: Annotated[
        tuple[str, ...] | None,
        Key(
            "Prerequisite 1: the build command, split like a shell command, run without a shell. "
            "Default: npm run build if package.json has such a script.",
            COMMAND,
        ),
    ] = None
    build_timeout: Annotated[
        float,
        Key("Timeout of the build command in seconds.", SECONDS, "build-timeout-seconds"),
    ] = 900.0
    build_env: Annotated[
        tuple[str, ...],
        Key(
            "Variables that the build command needs; each must be set. In a workflow each is the repository's secret "
            "of that name, or else its variable.",
            VARIABLES,
        ),
    ] = ()
    lanes: Annotated[
        tuple[Lane, ...],
        Key(
            "Lanes by name. main and standalone are built in: a table changes only the keys it sets. If a lane of "
            "another name is configured, only configured lanes exist. Each needs its Dockerfile.",
            LANES,
        ),
    ] = BUILT_IN
    named: frozenset[str] = frozenset()
    channels: Annotated[
        tuple[Channel, ...],
        Key("Channels by name: what follows a branch, as the tag edge follows main.", CHANNELS),
    ] = ()
    workflows: Annotated[
        WorkflowSettings, Key("How the publish workflows of GitHub Actions are generated.", WORKFLOWS)
    ] = field(default_factory=WorkflowSettings)
    gates: Annotated[
        gate_keys.Gates,
        Key(
            "Prerequisite 2: what else must be green for the commit before a release. Each is a command, a "
            "health URL or a GitHub check; names are unique.",
            gate_keys.GATES,
        ),
    ] = ()
    keeps_ledger: bool = True
    ledger: Annotated[
        Repository | None,
        Key(
            "Where releases, moves and marks are recorded: true (the image's own repository, the default), false "
            "(nowhere), or another repository.",
            LEDGER,
            default=True,
        ),
    ] = None
    claim: Annotated[
        ClaimSettings | None,
        Key(
            "Whether each version is claimed by a create-only git ref before it is tagged, so that two publishers "
            "of one version exclude each other. true for the defaults, or a table saying where the refs are kept.",
            CLAIM,
            default=False,
        ),
    ] = None
    github_release: Annotated[
        GitHubReleaseSettings | None,
        Key(
            "Whether the git tag of a version gets a release on GitHub, with its images and the commands to pull them: "
            "made, or completed, when all tags are written. true for the defaults, or a table.",
            GITHUB_RELEASE,
            default=False,
        ),
    ] = None
    announcements: Annotated[
        Announcements,
        Key(
            "Where to announce a release or a rollback, with its result as JSON, after everything else: each is a "
            "command or a webhook. One that fails is reported, and changes no exit code.",
            ANNOUNCEMENTS,
            "announce",
        ),
    ] = ()
    sign: Annotated[
        SigningSettings | None,
        Key(
            "How images are signed: each staged digest, in every repository, and verified before any tag is written.",
            SIGN,
        ),
    ] = None
    registries: Annotated[
        Registries,
        Key("Credentials by registry host, as in the image name.", REGISTRIES),
    ] = field(default_factory=dict)
    promotions: Annotated[
        Promotions,
        Key(
            "From where to where verified versions may be promoted: promote takes no other repositories then, and "
            "needs no --from and --to where there is one way for the lane.",
            PROMOTIONS,
        ),
    ] = ()
    deployments: Annotated[
        tuple[Deployments, ...],
        Key(
            "Files that name the deployed version, for deploy.list and deploy.repoint: globs relative to the "
            "project's root, or tables with a glob and a pattern.",
            DEPLOYMENTS,
        ),
    ] = ()
    smokes: Annotated[
        Smokes,
        Key("Smoke runs of every lane; [lanes.X.smoke] overrides them for one lane.", SMOKE, "smoke"),
    ] = field(default_factory=dict)
    checks: Annotated[
        Checks,
        Key(
            "Commands that every lane's staged image has to pass before it is tagged, run side by side; "
            "[[lanes.X.checks]] adds those of one lane, and replaces one of the same name.",
            CHECKS,
        ),
    ] = field(default_factory=dict)
    rollback: Annotated[gate_keys.RollbackSettings, Key("What follows a rollback.", gate_keys.ROLLBACK)] = field(
        default_factory=gate_keys.RollbackSettings
    )
    limits: Annotated[Limits, Key("How long a command may take, and how patient its requests are.", LIMITS)] = field(
        default_factory=Limits
    )

    def lane(self, name: str) -> Lane:
        """One lane by its name.

        Raises:
            UsageError: There is no such lane.
        """
        lanes = {lane.name: lane for lane in self.lanes}
        if name not in lanes:
            remedy = f"Known lanes: {', '.join(lanes)}. {did_you_mean(name, lanes)}".rstrip()
            raise UsageError(f"there is no lane {name[:40]!r}", remedy=remedy)
        return lanes[name]

    def for_rehearsal(self) -> ProjectFile:
        """The same for a rehearsal: its versions are its own, which no file says, and nobody signs them.

        They are recorded beside its images, not where the real ones are; its builds fill no shared cache; and its
        commits are none that a gate knows.
        """
        lanes = tuple(replace(lane, version_file="", build=replace(lane.build, cache=None)) for lane in self.lanes)
        asked = gate_keys.RollbackSettings()
        return replace(self, version_file="", lanes=lanes, sign=None, ledger=None, rollback=asked)

    def ledger_of(self, repository: Repository) -> Repository:
        """Where the ledgers of a repository are: a configured one is for the lanes' own images.

        What is promoted from them, or to them, has its own: one ledger cannot say where two repositories' tags are.
        """
        promoted = {image for route in self.promotions for image in (route.source, route.target)}
        own = {image for images in (self.images, *(lane.images for lane in self.lanes)) for image in images}
        return repository if repository in promoted - own else self.ledger or repository

    @property
    def groups(self) -> tuple[tuple[Lane, ...], ...]:
        """The lanes by the git tag that starts them: those of one template are released together."""
        return groups_of(self.lanes)

    def lane_of(self, text: str) -> Lane | None:
        """The lane of a tag that only one of them can read; None where several can (``v0.2.1``), or none."""
        readers = [lane for lane in self.lanes if _reads(lane, text)]
        return readers[0] if len(readers) == 1 else None

    def version_of(self, lane: Lane, text: str) -> Version:
        """Read a version of a lane as people write it; a tag of another lane or of a channel is recognised, and named.

        Raises:
            UsageError: The text names no version of this lane.
        """
        try:
            version = lane.parse_version(text)
        except UsageError as error:
            for other in self.lanes:
                if other is not lane and (other.owns(text) or other.version_of_git_tag(text)):
                    raise UsageError(
                        f"{error.what}: it belongs to lane {other.name}", remedy=f"Use --lane {other.name}."
                    ) from error
            for channel in self.channels:
                if channel.follows_as(text) or channel.keeps(text):
                    raise UsageError(
                        f"{error.what}: it is a tag of channel {channel.name}, which follows branch {channel.branch} "
                        "and has no versions",
                        remedy=error.remedy,
                    ) from error
            raise
        return self._checked(lane, text, version)

    def published_version(self, lane: Lane, text: str) -> Version:
        """Read a version that is there already: by any of its spellings, as another tool may have tagged it, too.

        Raises:
            UsageError: As :meth:`version_of`, which a new version has to go through.
        """
        version = lane.version_spelled(text)
        return self._checked(lane, text, version) if version else self.version_of(lane, text)

    def _checked(self, lane: Lane, text: str, version: Version) -> Version:
        """A lane's reading of a text, unless that is the tag of another lane's version.

        ``v1.0.0-py3.14`` is version 1.0.0 of one lane, and would be the pre-release 1.0.0-py3.14 of any other.

        Raises:
            UsageError: It is.
        """
        for other in () if lane.owns(text) else self.lanes:
            if other.version_of_tag(text) not in {None, version}:
                raise UsageError(
                    f"'{text}' is not a version of lane {lane.name}: it belongs to lane {other.name}",
                    remedy=f"Use --lane {other.name}.",
                )
        return version


def _reads(lane: Lane, text: str) -> bool:
    """Whether a text is one of the lane's names, or a version that its ``--tag`` takes."""
    try:
        return lane.owns(text) or bool(lane.version_spelled(text) or lane.parse_version(text))
    except UsageError:
        return False


PROJECT_FILE = Table(
    "",
    "shiplane.toml, or [tool.shiplane] in pyproject.toml. Everything is optional. Beyond this schema shiplane checks "
    f"(check.config): {'; '.join(BEYOND_THE_SCHEMA.values())}.",
    ProjectFile,
    lambda: {**keys_of(ProjectFile), "matrix": MATRIX},
    partial=True,
)


def parse_project_file(content: Mapping[str, Any], name: str) -> ProjectFile:
    """Check a parsed project file.

    Raises:
        ConfigurationError: A key is unknown, or a value has the wrong type or form; the key and the file are named.
    """
    place = Location(name)
    given: dict[str, Any] = PROJECT_FILE.read(dict(content), place)
    tables = lane_tables(given, place)
    lanes = make_lanes(tables, place.key("lanes"), given.get("images", ()))
    given.pop("matrix", None)
    names = [lane.name for lane in lanes]
    gates: gate_keys.Gates = given.get("gates", ())
    check_signing(given.get("sign"), place.key("sign"))
    ledger, claim, on_github = given.get("ledger", True), given.get("claim", False), given.get("github_release", False)
    resolved = {
        "lanes": lanes,
        "named": frozenset(tables),
        "channels": make_channels(given.get("channels", {}), lanes, place.key("channels")),
        "smokes": make_smokes(given.get("smokes"), tables, names),
        "checks": make_checks(given.get("checks", ()), tables, names, gates, place),
        "keeps_ledger": ledger is not False,
        "ledger": None if isinstance(ledger, bool) else ledger,
        "claim": ClaimSettings() if claim is True else claim or None,
        "github_release": GitHubReleaseSettings() if on_github is True else on_github or None,
    }
    return ProjectFile(name=name, **{**given, **resolved})
