"""Check the configuration: the project file, its lanes, their Dockerfiles, and git's facts."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from shiplane.config.build_settings import BuildSettings
from shiplane.config.floating_tag import in_moving_order
from shiplane.config.keys.announcements import Announcement, webhook_variables
from shiplane.config.lane import Lane, groups_of
from shiplane.config.project_file import ProjectFile
from shiplane.config.settings import Checkout, Resolver
from shiplane.core.errors import PrerequisiteError, UsageError
from shiplane.core.finding import Finding, done, failed, skipped
from shiplane.core.plurals import counted
from shiplane.core.progress import StepState
from shiplane.core.text import one_line
from shiplane.deployments.files import Collected
from shiplane.doctor.doctor import attempt
from shiplane.git.remote_url import without_credentials
from shiplane.release.source_check import check_version_file

_FILE = "config: project file"


@dataclass(frozen=True, kw_only=True)
class ConfigChecks:
    """Where the configuration comes from.

    Attributes:
        project: Reads the project file.
        checkout: Asks git.
        resolver: Combines both with flags and environment.
        check_build: Raises what a release would if a file that a lane's build needs does not exist.
        collect: Reads the deployment files.
    """

    project: Callable[[], ProjectFile]
    checkout: Callable[[], Checkout | None]
    resolver: Callable[[], Resolver]
    check_build: Callable[[Lane], None]
    collect: Callable[[], Collected]

    def check(self) -> Iterator[Finding]:
        """The rows."""
        file = attempt(_FILE, lambda: _file(self.project()))
        yield file
        source = attempt("config: git", lambda: _source(self.checkout()))
        yield source
        if source.state is StepState.DONE:
            yield attempt("config: remote", lambda: _remote(self.checkout()))
        if StepState.FAILED in (file.state, source.state) and not self._usable():
            yield skipped("config: settings", "fix the error above first")
            return
        yield from self._settings(self.resolver())

    def _usable(self) -> bool:
        """Whether settings can be resolved: the file is valid and git answers, even that there is no repository."""
        try:
            self.resolver()
        except (UsageError, PrerequisiteError):
            return False
        return True

    def _settings(self, resolver: Resolver) -> Iterator[Finding]:
        yield _lanes(resolver)
        yield attempt("config: image", lambda: _image(resolver))
        yield attempt("config: platforms", lambda: _platforms(resolver))
        for lane in resolver.project.lanes:
            yield from _lane(lane, resolver)
            if lane.build != BuildSettings() and lane.dockerfile in resolver.dockerfiles:
                yield attempt(f"config: {lane.name} build", partial(self._build, lane))
        for announcement in resolver.project.announcements:
            yield _announcement(announcement, resolver)
        if resolver.project.github_release:
            yield attempt("config: github release", lambda: _github_release(resolver))
        if resolver.project.deployments:
            yield attempt("config: deployments", lambda: _deployments(self.collect()))

    def _build(self, lane: Lane) -> Finding:
        self.check_build(lane)
        return done(f"config: {lane.name} build", f"is given {shlex.join(lane.build.flags())}")


def _announcement(announcement: Announcement, resolver: Resolver) -> Finding:
    """One that cannot be made fails no release, so it is a warning."""
    events = " and ".join(event.value for event in announcement.events)
    unset = [name for name in webhook_variables((announcement,)) if not resolver.env.get(name)]
    warning = f"{unset[0]} is not set." if unset else ""
    return done(f"config: announce {announcement.name}", f"{announcement}, of {events}", warning=warning)


def _github_release(resolver: Resolver) -> Finding:
    slug, settings = resolver.slug(), resolver.project.github_release
    if slug is None:
        raise UsageError("the GitHub repository is unknown", remedy="Set GITHUB_REPOSITORY, or add a GitHub remote.")
    tags = ", ".join(group[0].git_template.fill("X.Y.Z") for group in groups_of(resolver.lanes()))
    return done("config: github release", f"{settings} for {tags} in {slug.value} ({slug.source})")


def _deployments(collected: Collected) -> Finding:
    read = f"{counted(len(collected.files), 'file')} read"
    missing = [f"No file matches {one_line(glob)}." for glob in collected.unmatched]
    missing += [f"Not read: {skipped}." for skipped in collected.skipped]
    return done("config: deployments", read, warning="\n".join(missing))


def _file(project: ProjectFile) -> Finding:
    if not project.name:
        return skipped(_FILE, "none; the built-in lanes apply")
    return done(_FILE, f"{project.name} is well-formed")


def _source(checkout: Checkout | None) -> Finding:
    if checkout is None:
        raise PrerequisiteError(
            "this folder is not a git repository with a commit, so the image could not be labelled with one",
            remedy="Run it in a checkout.",
        )
    at = f"commit {checkout.commit[:12]}"
    if checkout.lacking:
        missing = "; ".join(lacking.what for lacking in checkout.lacking)
        remedy = "Run: " + "; ".join(dict.fromkeys(lacking.remedy for lacking in checkout.lacking))
        return done("config: git", f"{at}, but its checkout is incomplete: {missing}", warning=remedy)
    if checkout.changes:
        differ = counted(len(checkout.changes), "path differs", "paths differ")
        return done("config: git", f"{at}, but {differ} from it", warning="Commit or stash before a publish.")
    return done("config: git", f"{at}, clean")


def _remote(checkout: Checkout | None) -> Finding:
    if checkout is None or not checkout.remote:
        return skipped("config: remote", "no remote 'origin': trigger has nowhere to push a git tag to")
    return done("config: remote", f"origin is {without_credentials(checkout.remote)}")


def _lanes(resolver: Resolver) -> Finding:
    """Whether any lane can be released; that lanes are disjoint was checked when the file was read."""
    names = ", ".join(lane.name for lane in resolver.project.lanes)
    if any(lane.dockerfile in resolver.dockerfiles for lane in resolver.project.lanes):
        return done("config: lanes", f"{names}: lanes cannot overwrite each other's tags")
    files = ", ".join(lane.dockerfile for lane in resolver.project.lanes)
    return failed(
        "config: lanes",
        UsageError(f"no lane has a Dockerfile here: {files}", remedy="Run it in the project, or add one."),
    )


def _image(resolver: Resolver) -> Finding:
    images = {lane.name: resolver.images(lane) for lane in resolver.lanes()}
    said = {name: f"{', '.join(map(str, given.value))} ({given.source})" for name, given in images.items()}
    if len(set(said.values())) == 1:
        return done("config: image", next(iter(said.values())))
    return done("config: image", "; ".join(f"{name}: {text}" for name, text in said.items()))


def _platforms(resolver: Resolver) -> Finding:
    """Said once where every lane has the same ones."""
    lanes = {lane.name: resolver.platforms(lane) for lane in resolver.lanes()}
    said = {lane: f"{', '.join(map(str, given.value))} ({given.source})" for lane, given in lanes.items()}
    if len(set(said.values())) == 1:
        return done("config: platforms", next(iter(said.values())))
    return done("config: platforms", "; ".join(f"{lane}: {text}" for lane, text in said.items()))


def _lane(lane: Lane, resolver: Resolver) -> Iterator[Finding]:
    name = f"config: {lane.name}"
    if lane.dockerfile not in resolver.dockerfiles:
        yield _without_dockerfile(name, lane, resolver.project)
        return
    yield attempt(name, lambda: _floating(name, lane, resolver))
    yield attempt(f"{name} version", lambda: _version(f"{name} version", lane, resolver))
    if resolver.version_path(lane):
        yield attempt(f"{name} version file", lambda: _version_file(f"{name} version file", lane, resolver))


def _without_dockerfile(name: str, lane: Lane, project: ProjectFile) -> Finding:
    if lane.name not in project.named:
        return skipped(name, f"no {lane.dockerfile} here: the lane is left out")
    remedy = f"Add it, or name the right file as dockerfile in [lanes.{lane.name}]."
    return failed(name, UsageError(f"{lane.dockerfile} is not there", remedy=remedy))


def _floating(name: str, lane: Lane, resolver: Resolver) -> Finding:
    latest, tags = resolver.latest(lane), [*map(str, reversed(in_moving_order(lane.floating_templates)))]
    if not tags:
        return done(name, f"{lane.dockerfile}; no floating tags")
    moves = ("do not move", "move") if len(tags) > 1 else ("does not move", "moves")
    return done(name, f"{lane.dockerfile}; {', '.join(tags)} {moves[latest.value]} by default ({latest.source})")


def _version(name: str, lane: Lane, resolver: Resolver) -> Finding:
    if resolver.checkout is None and not resolver.env.get("TAG"):
        return skipped(name, "no git repository")
    version = resolver.version(lane)
    if version.value.is_snapshot:
        git_tag = lane.git_tag.replace("{version}", "X.Y.Z")
        return skipped(name, f"none given and no git tag {git_tag} at HEAD: a publish needs --tag")
    return done(name, f"{version.value} ({version.source})")


def _version_file(name: str, lane: Lane, resolver: Resolver) -> Finding:
    file, version = resolver.version_file(lane), resolver.version(lane)
    assert file is not None  # noqa: S101 -- one is configured
    if not version.value.is_snapshot:
        check_version_file(lane, version, file)
    return done(name, f"{file.path} has {file.text}")
