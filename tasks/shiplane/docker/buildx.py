"""Building with buildx: all lanes of a run in one ``bake``, pushed by digest and without a name.

BuildKit pushes names one after the other and stops at the first fault, so it is never given one: names are ours.
Sources: buildx docs/bake-reference.md; BuildKit README, "Output"; buildx build/opt.go for what drivers can do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from packaging.version import InvalidVersion
from packaging.version import Version as ToolVersion

from shiplane.config.build_settings import needed_variables
from shiplane.core.errors import AccessError, PrerequisiteError, ShiplaneError, UnreachableError
from shiplane.core.next_command import command
from shiplane.core.system.process import Listener, ProcessResult, run
from shiplane.core.system.real_path import is_within
from shiplane.core.system.temp_folder import is_temp_folder, temp_folder
from shiplane.core.text import one_line
from shiplane.docker.bake import Build, definition
from shiplane.docker.build_log import (
    cache_faults,
    failed_before_a_step,
    failed_to_push,
    is_foreign_program,
    is_refused,
    push_fault,
)
from shiplane.docker.builders import (
    DEFAULT_BUILDER,
    Builder,
    BuildMode,
    assigned_platforms,
    builder_of,
    choose,
    emulation,
)
from shiplane.docker.cache_probe import Probe, silent_caches
from shiplane.docker.contexts import check_folder_names
from shiplane.registry.http.denials import cause_of
from shiplane.registry.oci.names import Digest, Platform

# `imagetools` and bake behave as relied on from here on; attestations on bake's command line came with 0.10.
MINIMUM = ToolVersion("0.12")
_ASKS_FOR_FILES = ToolVersion("0.17")
_BUILD_TIMEOUT = 2 * 60 * 60.0
_TAIL = 12


class BuildError(ShiplaneError):
    """The build itself failed; its last lines are in the message, all of it was in the story."""

    exit_code = 3
    kind = "build"


@dataclass(frozen=True, kw_only=True)
class Buildx:
    """The buildx of this machine.

    Attributes:
        env: The environment of its processes: without secrets, with the ``DOCKER_CONFIG`` to use.
        root: The project's root, where builds run.
        listen: Called with each line that a build writes.
        tell: Called with what is to be known of a build that went well.
        user_env: The user's environment: of it a build gets the variables that its settings name.
        is_silent: Tells whether a cache's registry takes connections and says nothing.
        remotes_match_source: Tells whether git's remotes name what the images' own label names, and nothing else.
    """

    env: Mapping[str, str]
    root: Path
    listen: Listener
    tell: Listener = lambda _text: None
    user_env: Mapping[str, str] = field(default_factory=dict)
    is_silent: Probe = lambda _registry: False
    remotes_match_source: Callable[[], bool] = lambda: False

    def version(self) -> ToolVersion:
        """Its version.

        Raises:
            PrerequisiteError: docker or buildx is missing or older than 0.12.
        """
        answer = self._docker("buildx", "version")
        found = re.search(r"v?([0-9]+\.[0-9]+\.[0-9]+)", answer.stdout)
        if answer.code != 0 or not found:
            raise PrerequisiteError(
                "docker has no buildx", remedy="Install the docker-buildx plugin (docs.docker.com)."
            )
        try:
            version = ToolVersion(found.group(1))
        except InvalidVersion as error:  # pragma: no cover -- the pattern admits nothing else
            raise PrerequisiteError(f"buildx says that it is {found.group(1)!r}") from error
        if version < MINIMUM:
            raise PrerequisiteError(f"buildx is {version}, older than {MINIMUM}", remedy="Update docker-buildx.")
        return version

    def builders(self) -> list[Builder]:
        """All builders.

        Raises:
            PrerequisiteError: docker or buildx is missing.
        """
        answer = self._docker("buildx", "ls", "--format", "json")
        if answer.code != 0:
            self.version()
            raise PrerequisiteError(f"{answer.command} failed: {answer.stderr.strip()[:400]}")
        return [builder_of(json.loads(line)) for line in answer.stdout.splitlines() if line.startswith("{")]

    def candidate(self, wanted: str | None) -> Builder | None:
        """The builder that a release would use, started or not; None when it would have to make one.

        Raises:
            UsageError: The builder asked for does not exist.
            PrerequisiteError: It cannot push by digest, or docker or buildx is missing.
        """
        chosen = choose(self.builders(), self._wanted(wanted), by_digest=True)
        return self._assigned(chosen) if chosen else None

    def builder(self, wanted: str | None, platforms: Sequence[Platform], *, by_digest: bool = True) -> Builder:
        """The builder to use: the one asked for, else the current one, else any that can, else one made for it.

        Args:
            wanted: A name given by the user.
            platforms: What has to be built.
            by_digest: Whether it has to push without a name.

        Raises:
            UsageError: The builder asked for does not exist.
            PrerequisiteError: It cannot do what is needed; the remedy is the command that makes one which can.
        """
        known = self.builders()
        chosen = choose(known, self._wanted(wanted), by_digest=by_digest) or self._create()
        if not chosen.is_running:
            chosen = self._started(chosen)
        chosen = self._assigned(chosen)
        strange = chosen.cannot_run(platforms)
        if strange:
            self.tell(f"{chosen.name} builds {', '.join(map(str, strange))} {BuildMode.CROSS.value}")
        return chosen

    def _wanted(self, wanted: str | None) -> str | None:
        """``BUILDX_BUILDER`` asks for a builder too: buildx obeys it, yet does not list that one as current."""
        return wanted or self.env.get("BUILDX_BUILDER")

    def facts(self, builder: Builder, platforms: Iterable[Platform]) -> dict[str, Any]:
        """What is worth knowing of the builder that built these, and which of its nodes built each; as JSON values."""
        chosen = {platform: builder.node_for(platform) for platform in platforms}
        nodes = {
            str(platform): {"node": node.name, "way": builder.build_mode(platform).name.lower()}
            for platform, node in chosen.items()
            if node
        }
        return {"name": builder.name, "driver": builder.driver, "nodes": nodes, "buildx": str(self.version())}

    def bake(
        self, builds: Sequence[Build], builder: Builder, *, stop: Event | None = None, mark: str = ""
    ) -> dict[str, Digest]:
        """Build all targets at once. A fault of the cache never fails it: that is told, and the build goes on.

        Args:
            builds: The targets.
            builder: Who builds them.
            stop: Ends it when it is set.
            mark: What each of its lines begins with, where several run side by side.

        Returns:
            The digest of each pushed target, by its name; nothing for targets that are not pushed.

        Raises:
            BuildError: The build failed.
            AccessError, UnreachableError: It is good, and the registry did not take it.
            PrerequisiteError: It took longer than two hours, or was stopped; a context of it cannot be sent.
        """
        listen = (lambda line: self.listen(mark + line if line.strip() else "")) if mark else self.listen
        if builder.driver != "docker":
            check_folder_names(self.root, {build.name: build.context for build in builds}, self.env)
        with temp_folder("build", self.env, project=self.root) as folder:
            self._check_unseen(builds, folder)
            metadata = folder / "metadata.json"
            answer = self._with_cache(builds, builder, metadata, listen, stop)
            if answer.code != 0 and failed_to_push(answer.stderr.splitlines()):
                # What is built is in the builder's cache, and a push by digest changes no name: it may be repeated.
                self.tell("the registry did not take all that was built: pushing it once more")
                answer = self._with_cache(builds, builder, metadata, listen, stop)
            if answer.code != 0:
                raise _failure(answer, builder.cannot_run(platform for build in builds for platform in build.platforms))
            return _digests(metadata, [build.name for build in builds if build.push])

    def _check_unseen(self, builds: Iterable[Build], folder: Path) -> None:
        """Refuse to send a context that holds files of ours, wherever whoever made them put them.

        Raises:
            PrerequisiteError: A temporary folder is within a context.
        """
        login = Path(self.env.get("DOCKER_CONFIG", "/"))
        ours = [folder, *([login] if is_temp_folder(login) else [])]
        for build in builds:
            if any(is_within(path, self.root / build.context) for path in ours):
                raise PrerequisiteError(
                    f"lane {build.name}: temporary files of this run are within its build context {build.context!a}",
                    remedy="Name a folder outside of the project with TMPDIR.",
                )

    def _with_cache(
        self, builds: Sequence[Build], builder: Builder, metadata: Path, listen: Listener, stop: Event | None
    ) -> ProcessResult:
        """Build with the caches of the builds; where that failed by a cache, which is told, without."""
        if not any(build.settings.cache for build in builds):
            return self._bake(builds, builder, metadata, listen, stop)
        quiet = silent_caches(builds, self.is_silent)
        for place in sorted(quiet):
            self.tell(f"the registry of the cache {place} does not answer: the build goes without it")
        heard = [build.without_cache if build.cached_at in quiet else build for build in builds]
        answer = self._bake(heard, builder, metadata, listen, stop)
        lines = answer.stderr.splitlines()
        if answer.code != 0 and failed_before_a_step(lines):
            self.tell("the build failed before any of its steps: once more, without the cache")
            return self._bake([build.without_cache for build in builds], builder, metadata, listen, stop)
        for fault in cache_faults(lines):
            self.tell(f"the cache is not to be had, and the build went on without it: {fault}")
        return answer

    def _bake(
        self, builds: Sequence[Build], builder: Builder, metadata: Path, listen: Listener, stop: Event | None
    ) -> ProcessResult:
        argv = ["docker", "buildx", "bake", "--builder", builder.name, "--progress", "plain"]
        return run(
            [*argv, *self._allowed(builds), "--metadata-file", str(metadata), "--file", "-"],
            env=self._build_env(builds),
            cwd=self.root,
            given=json.dumps(definition(builds, self.user_env)),
            timeout=_BUILD_TIMEOUT,
            listen=listen,
            stop=stop,
        )

    def _allowed(self, builds: Iterable[Build]) -> list[str]:
        """Leave to read and write the files that the project file names: bake asks for it from 0.17 on."""
        files = any(build.settings.uses_files for build in builds)
        return ["--allow", "fs=*"] if files and self.version() >= _ASKS_FOR_FILES else []

    def _build_env(self, builds: Iterable[Build]) -> dict[str, str]:
        """What every child has, and of the user's environment what these builds name, for this one process."""
        needed = needed_variables(build.settings for build in builds)
        named = {name: self.user_env[name] for name in needed if name in self.user_env}
        return {**named, **self.env, **self._vcs()}

    def _vcs(self) -> dict[str, str]:
        """What keeps git's remotes out of provenance and labels, where they say more than the images' own label does.

        buildx puts the URL of a remote there, less what stands before an ``@`` (its util/gitutil): a token in its
        query, or a local path, would be published.
        """
        quiet = {"BUILDX_GIT_LABELS": "false"}
        return quiet if self.remotes_match_source() else {**quiet, "BUILDX_GIT_INFO": "false"}

    def _assigned(self, builder: Builder) -> Builder:
        """The builder with what is assigned to its nodes; of one node nobody needs to know."""
        if len(builder.nodes) < 2:  # noqa: PLR2004 -- several
            return builder
        return builder.assign(assigned_platforms(self._docker("buildx", "inspect", builder.name).stdout))

    def _create(self) -> Builder:
        answer = self._docker("buildx", "create", "--name", DEFAULT_BUILDER, "--driver", "docker-container")
        if answer.code != 0:
            raise PrerequisiteError(
                f"no builder can push by digest, and none could be made: {answer.stderr.strip()[:400]}",
                remedy=f"Try it by hand: {answer.command}",
            )
        return Builder(name=DEFAULT_BUILDER, driver="docker-container", current=False)

    def _started(self, builder: Builder) -> Builder:
        """Start a builder's nodes: only running ones know what they can build."""
        answer = run(
            ["docker", "buildx", "inspect", "--bootstrap", builder.name],
            env=self.env,
            timeout=300,
            listen=self.listen,
        )
        started = next((known for known in self.builders() if known.name == builder.name), None)
        if answer.code != 0 or started is None or not started.platforms:
            raise PrerequisiteError(
                f"builder {builder.name} does not start: {answer.stderr.strip()[-400:]}",
                remedy=f"See why: docker buildx inspect --bootstrap {builder.name}",
            )
        return started

    def _docker(self, *arguments: str) -> ProcessResult:
        return run(["docker", *arguments], env=self.env)


def _failure(answer: ProcessResult, strange: Sequence[Platform]) -> ShiplaneError:
    """The build's last lines; where it may have lacked an emulation, how to have one."""
    lines = [line for line in answer.stderr.splitlines() if line.strip()]
    if why := push_fault(lines):
        return _not_taken(why)
    remedy = "Nothing was given a name. Mend the build, then run it again."
    if strange and is_foreign_program(lines):
        remedy = f"It ran a program of {', '.join(map(str, strange))}. {emulation(strange)}"
    return BuildError("the build failed:\n  " + "\n  ".join(lines[-_TAIL:]), remedy=remedy)


def _not_taken(why: str) -> ShiplaneError:
    """The build is good, and the registry did not take its images."""
    words = one_line(why)[:400]
    if is_refused(why):
        cause = cause_of(words)
        return AccessError(
            f"everything is built, but the registry refused the push to {words}",
            remedy=f"It means: {cause.meaning}.\n  What to do: {cause.remedy}\n"
            f"  Nothing was given a name. Which credential docker was given: {command('auth.show')}",
        )
    return UnreachableError(
        f"everything is built, but the registry did not take the push to {words}",
        remedy="Nothing was given a name. Run it again: what is built is in the builder's cache.",
    )


def _digests(metadata: Path, names: Sequence[str]) -> dict[str, Digest]:
    try:
        document = json.loads(metadata.read_bytes()) if names else {}
        return {name: Digest(document[name]["containerimage.digest"]) for name in names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BuildError(f"buildx did not say what it pushed: {error!r}", remedy="Update docker-buildx.") from error
