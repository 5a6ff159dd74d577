"""Push the git tag that starts the workflow of a group of lanes: checked as for a release, created once, read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shiplane.config.lane import Lane
from shiplane.config.setting import Setting
from shiplane.config.settings import Checkout
from shiplane.config.version import Version
from shiplane.config.version_file import FileVersion
from shiplane.core.errors import LostRaceError, PrerequisiteError, RefusedError, ShiplaneError, UnreachableError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow, Step
from shiplane.git.remote import Remote
from shiplane.git.repository import Git
from shiplane.ledger.versions import newest_release
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present
from shiplane.release.source_check import check_version_file, require_committed
from shiplane.workflows.tag_filter import skipped_by, starts_on


class _UncertainError(UnreachableError):
    """The push was sent, and its effect is unknown."""


@dataclass(frozen=True, kw_only=True)
class TriggerResult:
    """What was pushed, or would have been.

    Attributes:
        git_tag: The git tag.
        lanes: The names of the lanes that it releases.
        commit: The tagged commit.
        remote: The remote's URL without a password.
        workflows: The paths of the workflows that it starts.
        pushed: False after a dry run.
    """

    git_tag: str
    lanes: tuple[str, ...]
    commit: str
    remote: str
    workflows: tuple[str, ...]
    pushed: bool

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "git_tag": self.git_tag,
            "lanes": list(self.lanes),
            "commit": self.commit,
            "remote": self.remote,
            "workflows": list(self.workflows),
            "pushed": self.pushed,
        }


@dataclass(frozen=True, kw_only=True)
class TriggeredLane:
    """One lane's version, and what is asked about it.

    Attributes:
        lane: The lane.
        version: The version to release.
        get_version_tag: Reads the version tag in the registry; None if the registry is unknown.
        published: Reads every version of the lane there.
        version_file: The version that HEAD's version file has; None where there is none.
    """

    lane: Lane
    version: Version
    get_version_tag: Callable[[], LookupResult] | None = None
    published: Callable[[], Sequence[Version]] = tuple
    version_file: FileVersion | None = None


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """The version of a group of lanes, which one git tag starts.

    Attributes:
        lanes: The group: at least one lane, each with this version.
        checkout: Git's facts about HEAD, with the files compared.
        git: The local repository.
        remote: The remote one.
        workflows: The text of each workflow, by its path.
        outdated: Workflows that differ from what the project file makes.
    """

    lanes: Sequence[TriggeredLane]
    checkout: Checkout
    git: Git
    remote: Remote
    workflows: Mapping[str, str]
    outdated: Sequence[str] = ()

    @property
    def version(self) -> Version:
        """The version to release."""
        return self.lanes[0].version

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the lanes."""
        return tuple(triggered.lane.name for triggered in self.lanes)

    @property
    def git_tag(self) -> str:
        """The git tag to push."""
        return self.lanes[0].lane.git_tag_of(self.version)

    def run(self, *, dry_run: bool) -> Flow[TriggerResult]:
        """Check everything, then tag and push.

        Raises:
            PrerequisiteError: The tree is dirty, or the remote does not have the commit.
            RefusedError: The version exists, is not higher than the lane's newest release, or is not that of the
                version file.
            LostRaceError: Somebody else pushed this git tag meanwhile.
            AccessError, UnreachableError: The remote cannot be asked, or refuses.
        """
        url = self.remote.url()
        yield from self._check_tree()
        yield from self._check_pushed(url)
        yield from self._check_version()
        for triggered in self.lanes:
            yield from self._check_registry(triggered)
        started = yield from self._find_workflows()
        if dry_run:
            yield Step("tag", self.git_tag).skipped("dry run: nothing was tagged")
            yield Step("push", self.git_tag).skipped("dry run: nothing was pushed")
        else:
            yield from self._create(url)
        return TriggerResult(
            git_tag=self.git_tag,
            lanes=self.names,
            commit=self.checkout.commit,
            remote=url,
            workflows=started,
            pushed=not dry_run,
        )

    def _check_tree(self) -> Flow[None]:
        step = Step("resolve", self.git_tag)
        yield step
        remedy = "Commit or stash the changes: the workflow builds what is committed."
        require_committed(self.checkout, self.checkout.commit, remedy=remedy)
        for triggered in self.lanes:
            check_version_file(
                triggered.lane, Setting(triggered.version, f"git tag {self.git_tag}"), triggered.version_file
            )
        yield step.done(f"commit {self.checkout.commit[:12]}, clean")

    def _check_pushed(self, url: str) -> Flow[None]:
        step = Step("remote", url)
        yield step
        if not self.remote.has_commit(self.checkout.commit):
            raise PrerequisiteError(
                f"no branch of {url} has commit {self.checkout.commit[:12]}", remedy="Push the branch first: git push."
            )
        yield step.done("has the commit")

    def _check_version(self) -> Flow[None]:
        step = Step("version", str(self.version))
        yield step
        local, remote = self.git.tags(), self.remote.tags()
        if self.git_tag in remote:
            raise RefusedError(
                f"the remote has git tag {self.git_tag} already",
                remedy="A version is released once. To run its workflow again, start it by hand (workflow_dispatch).",
            )
        if self.git_tag in local:
            raise RefusedError(
                f"git tag {self.git_tag} exists only in this repository",
                remedy=f"If nobody needs it: git tag --delete {self.git_tag}, then run it again.",
            )
        tagged = [version for version in map(self.lanes[0].lane.version_of_git_tag, {*local, *remote}) if version]
        self._check_above(self.lanes[0], tagged, "newest release")
        newest = newest_release(tagged)
        yield step.done(f"new, above {newest}" if newest else f"new: {self._whose} no git tag yet")

    @property
    def _named(self) -> str:
        return f"{'lane' if len(self.lanes) == 1 else 'lanes'} {', '.join(self.names)}"

    @property
    def _whose(self) -> str:
        return "the lane has" if len(self.lanes) == 1 else "the lanes have"

    def _check_above(self, triggered: TriggeredLane, versions: Sequence[Version], what: str) -> None:
        version, newest = triggered.version, newest_release(versions)
        if same := next((other for other in versions if other.means(version) and other != version), None):
            raise RefusedError(
                f"{version} is {same} in another spelling, which is a version of lane {triggered.lane.name} already",
                remedy=f"A version is released once. The next one is {(newest or same).next_patch()}.",
            )
        if newest and version <= newest:
            raise RefusedError(
                f"{version} is not higher than {newest}, the {what} of lane {triggered.lane.name}",
                remedy=f"The next one is {newest.next_patch()}.",
            )

    def _check_registry(self, triggered: TriggeredLane) -> Flow[None]:
        tag = triggered.lane.tag_of(triggered.version)
        step = Step("registry", tag)
        yield step
        answer = triggered.get_version_tag() if triggered.get_version_tag else None
        if isinstance(answer, Present):
            raise RefusedError(
                f"the registry has {tag} already, as {answer.digest}",
                remedy=f"A version is written once. The next one is {triggered.version.next_patch()}.",
            )
        if not isinstance(answer, Absent):
            yield step.skipped("the registry could not be read; CI will check")
            return
        published = triggered.published()
        self._check_above(triggered, published, "newest release in the registry")
        newest = newest_release(published)
        yield step.done(f"does not exist yet, above {newest}" if newest else "does not exist yet")

    def _find_workflows(self) -> Flow[tuple[str, ...]]:
        step = Step("workflow", self.git_tag)
        yield step
        if self.outdated:
            raise PrerequisiteError(
                f"out of date with the project file: {', '.join(self.outdated)}",
                remedy=f"Check the changes with {command('workflow.check')}, write them with "
                f"{command('workflow.write')}, and commit them.",
            )
        started = tuple(path for path, text in self.workflows.items() if starts_on(text, self.git_tag))
        if started:
            self._check_message()
            yield step.done(f"starts {', '.join(started)}")
        else:
            yield step.skipped("no workflow in .github/workflows matches this git tag; nothing may start")
        return started

    def _check_message(self) -> None:
        """Refuse a commit whose message skips workflows: the tag would start none, and the version would be used up."""
        if marker := skipped_by(self.git.message(self.checkout.commit)):
            raise PrerequisiteError(
                f"the message of commit {self.checkout.commit[:12]} says {marker}: a git tag there starts no workflow",
                remedy='Tag another commit: git commit --allow-empty --message "Release", push it, run this again.',
            )

    def _create(self, url: str) -> Flow[None]:
        """Tag and push; a git tag that was not pushed is removed, whatever happens."""
        step = Step("tag", self.git_tag)
        yield step
        tag_object = self.git.create_tag(self.git_tag, f"Release {self.version} of {self._named}")
        pushed = False
        try:
            yield step.done(f"annotated, at {self.checkout.commit[:12]}")
            yield from self._push(url, tag_object)
            pushed = True
        except _UncertainError:
            pushed = True
            raise
        finally:
            if not pushed:
                self.git.delete_tag(self.git_tag, tag_object)

    def _push(self, url: str, tag_object: str) -> Flow[None]:
        # No write to the registry, which the end of a run reports on.
        step = Step("push", f"{self.git_tag} to {url}")
        yield step
        ref = f"refs/tags/{self.git_tag}"
        output = self.remote.create({ref: ref})
        current = self._read_back()
        if current == tag_object:
            yield step.done("read back")
            return
        if current:
            raise LostRaceError(
                f"somebody else pushed git tag {self.git_tag} meanwhile: "
                f"it is {current[:12]}, ours was {tag_object[:12]}",
                remedy="Inspect it: git fetch --tags.",
            )
        raise self.remote.error_for(output or "the push was accepted, but the git tag does not exist")

    def _read_back(self) -> str | None:
        """The remote's git tag. If that cannot be read, ours may be there, and removing it here would hide that."""
        try:
            return self.remote.tags().get(self.git_tag)
        except ShiplaneError as error:
            raise _UncertainError(
                f"whether git tag {self.git_tag} arrived could not be read back: {error.what}",
                remedy=f"git ls-remote --tags {self.remote.name} {self.git_tag}; if it is not there: "
                f"git tag --delete {self.git_tag}, then run it again.",
            ) from error
