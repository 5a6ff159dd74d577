"""Settings and where each came from. Order: flag, environment, project file, what git knows, default.

The environment is an argument here, never ``os.environ``: what a run depends on can be seen in its call. A variable
that is set but empty counts as not set, since that is how CI systems pass an empty input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from shiplane.config.lane import Lane
from shiplane.config.project_file import ProjectFile
from shiplane.config.setting import LATEST_GIVEN, Setting
from shiplane.config.version import Version
from shiplane.config.version_file import CommittedFiles, FileVersion, read_version_file
from shiplane.core.errors import UsageError
from shiplane.registry.credential_variables import enterprise_host
from shiplane.registry.oci.names import Platform, Repository, parse_platforms, parse_repositories

T = TypeVar("T")

DEFAULT_PLATFORMS = (Platform("linux", "amd64"), Platform("linux", "arm64"))
# Not a platform: those that are configured, all of them where fewer would do.
ALL_PLATFORMS = "all"
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
# What the URL of a remote ends with, on github.com and on an Enterprise server.
_SLUG = r"(?P<slug>[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/?"
# docs.github.com: "About remote repositories" (https, and ssh in both spellings), "Using SSH over the HTTPS port"
# (ssh.github.com:443), "About SSH certificate authorities" (org-NUMBER for git). A host
# is one in whatever case, and a scheme's own port may stand there.
_GITHUB_REMOTE = re.compile(
    r"(?:https://(?P<person>[^@/]*@)?(?i:github\.com)(?::443)?/"
    r"|(?:git\+)?ssh(?:\+git)?://(?:(?:git|org-\d+)@)?(?i:github\.com(?::22)?|ssh\.github\.com(?::443)?)/"
    r"|(?:(?:git|org-\d+)@)?(?i:(?:ssh\.)?github\.com):/?)" + _SLUG,
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True)
class Flags:
    """What was given on the command line; None and empty where nothing was. ``tag_flag`` is what gives the version."""

    lanes: tuple[str, ...] = ()
    tag: str | None = None
    image: str | None = None
    platforms: str | None = None
    latest: str | None = None
    snapshot: bool = False
    tag_flag: str = "--tag"


@dataclass(frozen=True)
class Lacking:
    """What of a commit was never checked out whole: what it is, where, and the command that completes it."""

    what: str
    paths: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """What git knows of the project.

    Attributes:
        commit: The full hash of HEAD.
        committed_at: When it was made, RFC 3339 in UTC.
        tags: The git tags at HEAD.
        changes: Paths that differ from HEAD, untracked ones included; empty where that was not asked for.
        lacking: What of HEAD is not there whole; empty where that was not asked for.
        remote: The URL of ``origin``, or nothing.
    """

    commit: str
    committed_at: str
    tags: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    lacking: tuple[Lacking, ...] = ()
    remote: str = ""


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """Everything that a setting can come from.

    Attributes:
        flags: The command line.
        env: The environment.
        project: The project file.
        checkout: Git's facts; None where there is no repository.
        dockerfiles: The lanes' Dockerfiles that exist.
        committed: Reads the files of the checkout's commit.
    """

    flags: Flags = field(default_factory=Flags)
    env: Mapping[str, str] = field(default_factory=dict)
    project: ProjectFile = field(default_factory=ProjectFile)
    checkout: Checkout | None = None
    dockerfiles: frozenset[str] = frozenset()
    committed: CommittedFiles = field(default=lambda _path: None, repr=False)

    def image(self, lane: Lane | None = None) -> Setting[Repository]:
        """The primary repository of a lane, or of the project; raises as :meth:`images`."""
        images = self.images(lane)
        return Setting(images.value[0], images.source)

    def images(self, lane: Lane | None = None) -> Setting[tuple[Repository, ...]]:
        """The repositories of a lane, or of the project: the primary, and those that get the same bytes.

        A flag or a variable replaces the whole list, and that of every lane.

        Raises:
            UsageError: Nothing names one, what does is no repository, or it would hold two lanes' tags of one name.
        """
        images = self._images(lane)
        for name in sorted(lane.rivals) if lane else ():
            for shared in {*images.value} & {*self._images(self.project.lane(name)).value}:
                raise UsageError(
                    f"lanes {lane and lane.name} and {name} have tags of the same name, and both would be in {shared} "
                    f"({images.source})",
                    remedy="Leave --image and IMAGE_REPO out, and give each of them an image of its own.",
                )
        return images

    def _images(self, lane: Lane | None) -> Setting[tuple[Repository, ...]]:
        if given := self._given(self.flags.image, "--image", "IMAGE_REPO"):
            return Setting(named(given, parse_repositories), given.source)
        if lane and lane.images:
            return Setting(lane.images, f"{self.project.name}: lanes.{lane.name}.image")
        if self.project.images:
            return Setting(self.project.images, f"{self.project.name}: image")
        derived = self._derived_image()
        return Setting((derived.value,), derived.source)

    def repositories(self) -> tuple[Repository, ...]:
        """Every repository of the lanes that are asked for, each once; raises as :meth:`images` and :meth:`lanes`."""
        return tuple(dict.fromkeys(image for lane in self.lanes() for image in self.images(lane).value))

    def _derived_image(self) -> Setting[Repository]:
        server = enterprise_host(self.env)
        if (slug := self.slug()) and not server:
            return Setting(Repository.parse(f"ghcr.io/{slug.value.lower()}"), slug.source)
        why = f": a repository of {server} has none on ghcr.io" if server else ""
        raise UsageError(
            f"the image repository is unknown{why}",
            remedy="Set IMAGE_REPO=ghcr.io/<owner>/<name>, or image in shiplane.toml, or add a GitHub remote.",
        )

    def slug(self) -> Setting[str] | None:
        """``owner/name`` of the repository on GitHub, if it is known."""
        if self.env.get("GITHUB_REPOSITORY"):
            return Setting(self.env["GITHUB_REPOSITORY"], "GITHUB_REPOSITORY")
        remote, server = self.checkout.remote if self.checkout else "", enterprise_host(self.env)
        slug = enterprise_slug(remote, server) if server else github_slug(remote)
        return Setting(slug, "git remote origin") if slug else None

    def platforms(self, lane: Lane) -> Setting[tuple[Platform, ...]]:
        """What a lane is built for: a flag or a variable goes for every lane.

        Raises:
            UsageError: The list is wrong.
        """
        given = self._given(self.flags.platforms, "--platforms", "PLATFORMS")
        if given and given.value != ALL_PLATFORMS:
            return Setting(named(given, parse_platforms), given.source)
        if lane.platforms:
            return Setting(lane.platforms, f"{self.project.name}: lanes.{lane.name}.platforms")
        if self.project.platforms:
            return Setting(self.project.platforms, f"{self.project.name}: platforms")
        return Setting(DEFAULT_PLATFORMS, "default")

    def lanes(self) -> tuple[Lane, ...]:
        """The lanes asked for; without any, those that are configured or have a Dockerfile here; without those, all.

        A configured lane whose Dockerfile is missing is among them: leaving it out would release less than was meant.

        Raises:
            UsageError: A lane that does not exist, or the same one twice.
        """
        if self.flags.lanes:
            chosen = tuple(self.project.lane(name) for name in self.flags.lanes)
            if len(set(chosen)) != len(chosen):
                raise UsageError(
                    f"--lane names {', '.join(self.flags.lanes)[:200]}", remedy="Give each lane only once."
                )
            return chosen
        project = self.project
        present = tuple(
            lane for lane in project.lanes if lane.name in project.named or lane.dockerfile in self.dockerfiles
        )
        return present or project.lanes

    def released_lanes(self) -> tuple[Lane, ...]:
        """The lanes of a release: those of a run that a git tag started are the ones that it starts, a group.

        Raises:
            UsageError: A lane that does not exist, or the same one twice.
        """
        lanes = self.lanes()
        is_given = self.flags.lanes or self._given(self.flags.tag, self.flags.tag_flag, "TAG")
        return (() if is_given else tuple(filter(self._triggered, lanes))) or lanes

    def latest(self, lane: Lane) -> Setting[bool]:
        """Whether the lane's floating tags are asked to move.

        Raises:
            UsageError: A word that is neither yes nor no.
        """
        if given := self._given(self.flags.latest, *LATEST_GIVEN):
            return Setting(named(given, _yes_or_no), given.source)
        return Setting(lane.publish_latest, f"lane {lane.name}")

    def version(self, lane: Lane) -> Setting[Version]:
        """The version to release, as given; else by the git tag that started this run; else by a git tag at HEAD.

        Without any of these it is that of the version file, unless a snapshot was asked for.

        Returns:
            Where there is none either, the snapshot of HEAD, which only a dry run or ``--snapshot`` may use.

        Raises:
            UsageError: The text names no version of this lane, several git tags do, there is no git repository, or the
                version file cannot be read.
        """
        if given := self._given(self.flags.tag, self.flags.tag_flag, "TAG"):
            return Setting(named(given, lambda text: self.project.version_of(lane, text)), given.source)
        if self.checkout is None:
            raise UsageError(
                "no version given, and this folder is not a git repository",
                remedy=f"Add {self.flags.tag_flag} X.Y.Z.",
            )
        named_by_git = self._triggered(lane) or self._tagged(lane)
        return named_by_git or self._in_file(lane) or Setting(lane.snapshot(self.checkout.commit), "HEAD")

    def _in_file(self, lane: Lane) -> Setting[Version] | None:
        file = None if self.flags.snapshot else self.version_file(lane)
        return Setting(file.version_of(lane), file.path) if file else None

    def version_file(self, lane: Lane) -> FileVersion | None:
        """The version in the lane's version file, as HEAD has it; None where none is configured.

        Raises:
            UsageError: HEAD has no such file, or no version can be read from it.
        """
        path = self.version_path(lane)
        return named(path, lambda name: read_version_file(name, self.committed)) if path else None

    def version_path(self, lane: Lane) -> Setting[str] | None:
        """The path of the lane's version file; None where none is configured, or there is no commit to read it from."""
        path, key = lane.version_file, f"lanes.{lane.name}.version-file"
        if path is None:
            path, key = self.project.version_file, "version-file"
        return Setting(path, f"{self.project.name}: {key}") if path and self.checkout else None

    def published(self, lane: Lane) -> Setting[Version] | None:
        """The version that is named of those that are there already; None where none is named.

        Raises:
            UsageError: The text names no version of this lane.
        """
        given = self._given(self.flags.tag, self.flags.tag_flag, "TAG")
        return (
            Setting(named(given, lambda text: self.project.published_version(lane, text)), given.source)
            if given
            else None
        )

    def _triggered(self, lane: Lane) -> Setting[Version] | None:
        """GitHub Actions names the pushed tag; two lanes' tags at one commit must not be mixed up."""
        ref = self.env.get("GITHUB_REF_NAME", "") if self.env.get("GITHUB_REF_TYPE") == "tag" else ""
        version = lane.version_of_git_tag(ref)
        return Setting(version, f"git tag {ref} (GITHUB_REF_NAME)") if version else None

    def _tagged(self, lane: Lane) -> Setting[Version] | None:
        tags = {tag: lane.version_of_git_tag(tag) for tag in (self.checkout.tags if self.checkout else ())}
        tagged = [(tag, version) for tag, version in tags.items() if version]
        if len(tagged) > 1:
            raise UsageError(
                f"HEAD has several git tags of lane {lane.name}: {', '.join(tag for tag, _ in tagged)}",
                remedy=f"Choose one with {self.flags.tag_flag}.",
            )
        return Setting(tagged[0][1], f"git tag {tagged[0][0]} at HEAD") if tagged else None

    def _given(self, flag: str | None, flag_name: str, variable: str) -> Setting[str] | None:
        if flag is not None:
            return Setting(flag, flag_name)
        return Setting(self.env[variable], variable) if self.env.get(variable) else None


def github_slug(url: str) -> str:
    """``owner/name`` of a remote on github.com, or nothing."""
    match = _GITHUB_REMOTE.fullmatch(url)
    return match["slug"] if match else ""


def enterprise_slug(url: str, host: str) -> str:
    """The same of a remote on a GitHub Enterprise server."""
    name = rf"(?i:{re.escape(host)})(?::[0-9]+)?"
    match = re.fullmatch(
        rf"(?:https://(?:[^@/]*@)?{name}/|(?:git\+)?ssh(?:\+git)?://(?:[^@/]*@)?{name}/|[^@/:]+@{name}:/?)" + _SLUG,
        url,
        re.ASCII,
    )
    return match["slug"] if match else ""


def public_slug(url: str) -> str:
    """The same of a remote whose URL may be published: it contains no user name or token."""
    match = _GITHUB_REMOTE.fullmatch(url)
    return match["slug"] if match and not match["person"] else ""


def _yes_or_no(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise UsageError(f"{text[:40]!r} is neither yes nor no", remedy="Expected true, 1, yes, false, 0 or no.")
    return _WORDS[text.lower()]


def named(given: Setting[str], parse: Callable[[str], T]) -> T:
    """Parse a value so that a complaint about it names where it stands.

    Raises:
        UsageError: Beginning with the value's source.
    """
    try:
        return parse(given.value)
    except UsageError as error:
        raise UsageError(f"{given.source}: {error.what}", remedy=error.remedy) from error
