"""The git tag that starts a lane's workflow: checked as a release is, made once, pushed create-only, read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shiplane.config.lane import Lane
from shiplane.config.settings import Checkout
from shiplane.config.version import Version
from shiplane.core.errors import LostRaceError, PrerequisiteError, RefusedError, ShiplaneError, UnreachableError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow, Step
from shiplane.git.remote import Remote
from shiplane.git.repository import Git
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present
from shiplane.release.source_check import require_committed
from shiplane.workflows.tag_filter import skipped_by, starts_on


class _UncertainError(UnreachableError):
    """The push was sent, and nobody can say what became of it."""


@dataclass(frozen=True, kw_only=True)
class TriggerResult:
    """What was pushed, or would have been.

    Attributes:
        git_tag: The git tag.
        commit: Where it stands.
        remote: Where it went, without a password.
        workflows: The paths of those that it starts.
        pushed: False after a dry run.
    """

    git_tag: str
    commit: str
    remote: str
    workflows: tuple[str, ...]
    pushed: bool

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "git_tag": self.git_tag,
            "commit": self.commit,
            "remote": self.remote,
            "workflows": list(self.workflows),
            "pushed": self.pushed,
        }


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One lane's version, and everybody who has to be asked about it.

    Attributes:
        lane: Whose git tag it is.
        version: What is to be released.
        checkout: What git knows of HEAD, the files compared.
        git: The repository here.
        remote: The repository there.
        look: Asks the registry for the version tag; None where nobody knows which registry.
        published: Asks it for every version of the lane.
        workflows: The text of each workflow, by its path.
        drifted: Those that are not as the configuration wants.
    """

    lane: Lane
    version: Version
    checkout: Checkout
    git: Git
    remote: Remote
    look: Callable[[], LookupResult] | None
    workflows: Mapping[str, str]
    published: Callable[[], Sequence[Version]] = tuple
    drifted: Sequence[str] = ()

    @property
    def git_tag(self) -> str:
        """What is to be pushed."""
        return self.lane.git_tag_of(self.version)

    def run(self, *, dry_run: bool) -> Flow[TriggerResult]:
        """Check everything, then tag and push.

        Raises:
            PrerequisiteError: A dirty tree, a commit that the remote does not have.
            RefusedError: The version exists, or is not higher than the lane's newest release.
            LostRaceError: Somebody else pushed this git tag in the meantime.
            AccessError, UnreachableError: The remote cannot be asked, or does not let us in.
        """
        url = self.remote.url()
        yield from self._check_tree()
        yield from self._check_pushed(url)
        yield from self._check_version()
        yield from self._check_registry()
        started = yield from self._find_workflows()
        if dry_run:
            yield Step("tag", self.git_tag).skipped("dry run: nothing was tagged")
            yield Step("push", self.git_tag).skipped("dry run: nothing was pushed")
        else:
            yield from self._create(url)
        return TriggerResult(
            git_tag=self.git_tag, commit=self.checkout.commit, remote=url, workflows=started, pushed=not dry_run
        )

    def _check_tree(self) -> Flow[None]:
        step = Step("resolve", self.git_tag)
        yield step
        remedy = "Commit or stash the changes: the workflow builds what is committed."
        require_committed(self.checkout, self.checkout.commit, remedy=remedy)
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
        here, there = self.git.tags(), self.remote.tags()
        if self.git_tag in there:
            raise RefusedError(
                f"the remote has git tag {self.git_tag} already",
                remedy="A version is released once. To run its workflow again, start it by hand (workflow_dispatch).",
            )
        if self.git_tag in here:
            raise RefusedError(
                f"git tag {self.git_tag} exists here, and only here",
                remedy=f"If nobody wants it: git tag --delete {self.git_tag}, then run it again.",
            )
        newest = _newest(filter(None, map(self.lane.version_of_git_tag, {*here, *there})))
        self._check_above(newest, "newest release")
        yield step.done(f"new, above {newest}" if newest else "new: the lane has no git tag yet")

    def _check_above(self, newest: Version | None, what: str) -> None:
        if newest and self.version <= newest:
            raise RefusedError(
                f"{self.version} is not higher than {newest}, the {what} of lane {self.lane.name}",
                remedy=f"The next one is {newest.next_patch()}.",
            )

    def _check_registry(self) -> Flow[None]:
        tag = self.lane.tag_of(self.version)
        step = Step("registry", tag)
        yield step
        answer = self.look() if self.look else None
        if isinstance(answer, Present):
            raise RefusedError(
                f"the registry has {tag} already, as {answer.digest}",
                remedy=f"A version is written once. The next one is {self.version.next_patch()}.",
            )
        if not isinstance(answer, Absent):
            yield step.skipped("the registry did not say: CI will find out")
            return
        newest = _newest(self.published())
        self._check_above(newest, "newest release in the registry")
        yield step.done(f"does not exist yet, above {newest}" if newest else "does not exist yet")

    def _find_workflows(self) -> Flow[tuple[str, ...]]:
        step = Step("workflow", self.git_tag)
        yield step
        if self.drifted:
            raise PrerequisiteError(
                f"not as the configuration wants: {', '.join(self.drifted)}",
                remedy=f"See what would change with {command('workflow.check')}, write it with "
                f"{command('workflow.write')}, and commit that.",
            )
        started = tuple(path for path, text in self.workflows.items() if starts_on(text, self.git_tag))
        if started:
            self._check_message()
            yield step.done(f"starts {', '.join(started)}")
        else:
            yield step.skipped("no workflow in .github/workflows names a git tag like it: nothing may start")
        return started

    def _check_message(self) -> None:
        """A git tag at a commit that asks for no run starts nothing, and the version would be used up for that."""
        if sign := skipped_by(self.git.message(self.checkout.commit)):
            raise PrerequisiteError(
                f"the message of commit {self.checkout.commit[:12]} says {sign}: a git tag there starts no workflow",
                remedy='Tag another commit: git commit --allow-empty --message "Release", push it, run this again.',
            )

    def _create(self, url: str) -> Flow[None]:
        """The one write. Whatever happens in between, a git tag that went nowhere does not stay."""
        step = Step("tag", self.git_tag)
        yield step
        made = self.git.create_tag(self.git_tag, f"Release {self.version} of lane {self.lane.name}")
        keep = False
        try:
            yield step.done(f"annotated, at {self.checkout.commit[:12]}")
            yield from self._push(url, made)
            keep = True
        except _UncertainError:
            keep = True
            raise
        finally:
            if not keep:
                self.git.delete_tag(self.git_tag, made)

    def _push(self, url: str, made: str) -> Flow[None]:
        # It writes no name of the registry: the last words of a run speak of those.
        step = Step("push", f"{self.git_tag} to {url}")
        yield step
        ref = f"refs/tags/{self.git_tag}"
        words = self.remote.create({ref: ref})
        found = self._read_back()
        if found == made:
            yield step.done("and read back")
            return
        if found:
            raise LostRaceError(
                f"somebody else pushed git tag {self.git_tag} meanwhile: it is {found[:12]}, ours was {made[:12]}",
                remedy="Look whose it is: git fetch --tags.",
            )
        raise self.remote.error_for(words or "the push was accepted, but the git tag is not there")

    def _read_back(self) -> str | None:
        """What the remote has by now; where it does not say, ours may be there, and taking it back would hide that."""
        try:
            return self.remote.tags().get(self.git_tag)
        except ShiplaneError as error:
            raise _UncertainError(
                f"whether git tag {self.git_tag} arrived could not be read back: {error.what}",
                remedy=f"git ls-remote --tags {self.remote.name} {self.git_tag}; if it is not there: "
                f"git tag --delete {self.git_tag}, then run it again.",
            ) from error


def _newest(versions: Iterable[Version]) -> Version | None:
    """The highest release; pre-releases do not count."""
    return max((version for version in versions if not version.is_prerelease), default=None)
