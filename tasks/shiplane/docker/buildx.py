"""Build with buildx: all lanes of a run in one ``bake``, pushed by digest without a tag.

BuildKit pushes tags one after the other and stops at the first error, so tags are written by us.
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
    cache_errors,
    failed_before_a_step,
    failed_to_push,
    is_foreign_program,
    is_refused,
    push_error,
)
from shiplane.docker.builders import (
    DEFAULT_BUILDER,
    Builder,
    BuildMode,
    assigned_platforms,
    builder_of,
    choose,
    emulation_remedy,
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
    """The build failed; the message has its last lines."""

    exit_code = 3
    kind = "build"


@dataclass(frozen=True, kw_only=True)
class Buildx:
    """buildx on this machine.

    Attributes:
        env: For its processes: without secrets, with the ``DOCKER_CONFIG`` to use.
        root: The project's root, where builds run.
        listen: Called with each line of a build's output.
        tell: Called with notes for the user.
        show_build: Called with the targets of each build; gives what is called with each line of its output, too.
        user_env: The source of the variables that build settings name.
        is_silent: Whether a cache's registry accepts connections without responding.
        remotes_match_source: Whether git's remotes reveal only what the images' source label does.
    """

    env: Mapping[str, str]
    root: Path
    listen: Listener
    tell: Listener = lambda _text: None
    show_build: Callable[[Sequence[Build]], Listener] = lambda _builds: lambda _line: None
    user_env: Mapping[str, str] = field(default_factory=dict)
    is_silent: Probe = lambda _registry: False
    remotes_match_source: Callable[[], bool] = lambda: False

    def version(self) -> ToolVersion:
        """The version of buildx.

        Raises:
            PrerequisiteError: docker or buildx is missing or older than 0.12.
        """
        answer = self._docker("buildx", "version")
        match = re.search(r"v?([0-9]+\.[0-9]+\.[0-9]+)", answer.stdout)
        if answer.code != 0 or not match:
            raise PrerequisiteError(
                "docker has no buildx", remedy="Install the docker-buildx plugin (docs.docker.com)."
            )
        try:
            version = ToolVersion(match.group(1))
        except InvalidVersion as error:  # pragma: no cover -- the pattern admits nothing else
            raise PrerequisiteError(f"buildx reports an invalid version: {match.group(1)!r}") from error
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

    def candidate(self, requested: str | None) -> Builder | None:
        """The builder a release would use, running or not; None if it would create one.

        Raises:
            UsageError: The requested builder does not exist.
            PrerequisiteError: It cannot push by digest, or docker or buildx is missing.
        """
        chosen = choose(self.builders(), self._requested_name(requested), by_digest=True)
        return self._with_assignments(chosen) if chosen else None

    def builder(self, requested: str | None, platforms: Sequence[Platform], *, by_digest: bool = True) -> Builder:
        """The requested builder, else the current one, else any usable one, else a new one.

        Args:
            requested: A name given by the user.
            platforms: To build for.
            by_digest: Whether it must push without a tag.

        Raises:
            UsageError: The requested builder does not exist.
            PrerequisiteError: It is not usable; the remedy is the command that creates one.
        """
        builders = self.builders()
        builder = choose(builders, self._requested_name(requested), by_digest=by_digest) or self._create_builder()
        if not builder.is_running:
            builder = self._start_builder(builder)
        builder = self._with_assignments(builder)
        cross_platforms = builder.cannot_run(platforms)
        if cross_platforms:
            self.tell(f"{builder.name} builds {', '.join(map(str, cross_platforms))} {BuildMode.CROSS.value}")
        return builder

    def _requested_name(self, requested: str | None) -> str | None:
        """The user's builder; buildx honours ``BUILDX_BUILDER``, but does not list that builder as current."""
        return requested or self.env.get("BUILDX_BUILDER")

    def facts(self, builder: Builder, platforms: Iterable[Platform]) -> dict[str, Any]:
        """The builder and the node for each platform, as JSON values."""
        node_by_platform = {platform: builder.node_for(platform) for platform in platforms}
        nodes = {
            str(platform): {"node": node.name, "way": builder.build_mode(platform).name.lower()}
            for platform, node in node_by_platform.items()
            if node
        }
        return {"name": builder.name, "driver": builder.driver, "nodes": nodes, "buildx": str(self.version())}

    def bake(
        self, builds: Sequence[Build], builder: Builder, *, stop: Event | None = None, mark: str = ""
    ) -> dict[str, Digest]:
        """Build all targets at once. Cache errors are reported but never fail a build.

        Args:
            builds: The targets.
            builder: The builder to use.
            stop: Ends the build when set.
            mark: A prefix of each line, if several builds run in parallel.

        Returns:
            The digest of each pushed target by name.

        Raises:
            BuildError: The build failed.
            AccessError, UnreachableError: The build succeeded, but the push failed.
            PrerequisiteError: It took more than two hours, was stopped, or a context cannot be sent.
        """
        show = self.show_build(builds)

        def listen(line: str) -> None:
            self.listen(mark + line if line.strip() else "")
            show(line)

        if builder.driver != "docker":
            check_folder_names(self.root, {build.name: build.context for build in builds}, self.env)
        with temp_folder("build", self.env, project=self.root) as folder:
            self._check_context(builds, folder)
            metadata = folder / "metadata.json"
            answer = self._with_cache(builds, builder, metadata, listen, stop)
            if answer.code != 0 and failed_to_push(answer.stderr.splitlines()):
                # Repeatable: the build is cached, and a push by digest changes no tag.
                self.tell("the registry did not accept the push: retrying once")
                answer = self._with_cache(builds, builder, metadata, listen, stop)
            if answer.code != 0:
                raise _failure(answer, builder.cannot_run(platform for build in builds for platform in build.platforms))
            return _digests(metadata, {build.name: build.target for build in builds if build.push})

    def _check_context(self, builds: Iterable[Build], folder: Path) -> None:
        """Refuse a context that contains our temporary files.

        Raises:
            PrerequisiteError: A temporary folder is inside a context.
        """
        login = Path(self.env.get("DOCKER_CONFIG", "/"))
        temp_folders = [folder, *([login] if is_temp_folder(login) else [])]
        for build in builds:
            if any(is_within(path, self.root / build.context) for path in temp_folders):
                raise PrerequisiteError(
                    f"lane {build.name}: temporary files of this run are inside its build context {build.context!a}",
                    remedy="Set TMPDIR to a folder outside the project.",
                )

    def _with_cache(
        self, builds: Sequence[Build], builder: Builder, metadata: Path, listen: Listener, stop: Event | None
    ) -> ProcessResult:
        """Build with the configured caches; if a cache makes that fail, without them."""
        if not any(build.settings.cache for build in builds):
            return self._bake(builds, builder, metadata, listen, stop)
        silent = silent_caches(builds, self.is_silent)
        for location in sorted(silent):
            self.tell(f"the registry of cache {location} does not respond: building without it")
        cached_builds = [build.without_cache if build.cached_at in silent else build for build in builds]
        answer = self._bake(cached_builds, builder, metadata, listen, stop)
        lines = answer.stderr.splitlines()
        if answer.code != 0 and failed_before_a_step(lines):
            self.tell("the build failed before any step: retrying without the cache")
            return self._bake([build.without_cache for build in builds], builder, metadata, listen, stop)
        for error in cache_errors(lines):
            self.tell(f"cache error, ignored: {error}")
        return answer

    def _bake(
        self, builds: Sequence[Build], builder: Builder, metadata: Path, listen: Listener, stop: Event | None
    ) -> ProcessResult:
        argv = ["docker", "buildx", "bake", "--builder", builder.name, "--progress", "plain"]
        return run(
            [*argv, *self._allow_flags(builds), "--metadata-file", str(metadata), "--file", "-"],
            env=self._build_env(builds),
            cwd=self.root,
            given=json.dumps(definition(builds, self.user_env)),
            timeout=_BUILD_TIMEOUT,
            listen=listen,
            stop=stop,
        )

    def _allow_flags(self, builds: Iterable[Build]) -> list[str]:
        """Allow access to the files that the project file names, which bake requires since 0.17."""
        files = any(build.settings.uses_files for build in builds)
        return ["--allow", "fs=*"] if files and self.version() >= _ASKS_FOR_FILES else []

    def _build_env(self, builds: Iterable[Build]) -> dict[str, str]:
        """The environment of a build: ours, and the user's variables that these builds name."""
        needed = needed_variables(build.settings for build in builds)
        named = {name: self.user_env[name] for name in needed if name in self.user_env}
        return {**named, **self.env, **self._git_info_env()}

    def _git_info_env(self) -> dict[str, str]:
        """Keep git's remotes out of provenance and labels, if they reveal more than the images' source label.

        buildx writes a remote's URL there, without what precedes an ``@`` (its util/gitutil): a token in its query, or
        a local path, would be published.
        """
        env = {"BUILDX_GIT_LABELS": "false"}
        return env if self.remotes_match_source() else {**env, "BUILDX_GIT_INFO": "false"}

    def _with_assignments(self, builder: Builder) -> Builder:
        """The builder with its nodes' assigned platforms, irrelevant for a single node."""
        if len(builder.nodes) < 2:  # noqa: PLR2004 -- several
            return builder
        return builder.assign(assigned_platforms(self._docker("buildx", "inspect", builder.name).stdout))

    def _create_builder(self) -> Builder:
        answer = self._docker("buildx", "create", "--name", DEFAULT_BUILDER, "--driver", "docker-container")
        if answer.code != 0:
            raise PrerequisiteError(
                f"no builder can push by digest, and none could be created: {answer.stderr.strip()[:400]}",
                remedy=f"Try it by hand: {answer.command}",
            )
        return Builder(name=DEFAULT_BUILDER, driver="docker-container", current=False)

    def _start_builder(self, builder: Builder) -> Builder:
        """Start a builder's nodes, to learn their platforms."""
        answer = run(
            ["docker", "buildx", "inspect", "--bootstrap", builder.name],
            env=self.env,
            timeout=300,
            listen=self.listen,
        )
        started = next((candidate for candidate in self.builders() if candidate.name == builder.name), None)
        if answer.code != 0 or started is None or not started.platforms:
            raise PrerequisiteError(
                f"builder {builder.name} does not start: {answer.stderr.strip()[-400:]}",
                remedy=f"See why: docker buildx inspect --bootstrap {builder.name}",
            )
        return started

    def _docker(self, *arguments: str) -> ProcessResult:
        return run(["docker", *arguments], env=self.env)


def _failure(answer: ProcessResult, cross_platforms: Sequence[Platform]) -> ShiplaneError:
    """The build's last lines; if emulation was missing, how to install it."""
    lines = [line for line in answer.stderr.splitlines() if line.strip()]
    if reason := push_error(lines):
        return _push_error(reason)
    remedy = "Nothing was tagged. Fix the build, then try again."
    if cross_platforms and is_foreign_program(lines):
        remedy = f"It ran a program of {', '.join(map(str, cross_platforms))}. {emulation_remedy(cross_platforms)}"
    return BuildError("the build failed:\n  " + "\n  ".join(lines[-_TAIL:]), remedy=remedy)


def _push_error(reason: str) -> ShiplaneError:
    """The error for a successful build whose push failed."""
    message = one_line(reason)[:400]
    if is_refused(reason):
        cause = cause_of(message, registry=message.partition("/")[0])
        return AccessError(
            f"the build succeeded, but the registry refused the push to {message}",
            remedy=f"Cause: {cause.meaning}.\n  How to fix: {cause.remedy}\n"
            f"  Nothing was tagged. To see the credentials docker used: {command('auth.show')}",
        )
    return UnreachableError(
        f"the build succeeded, but the registry did not accept the push to {message}",
        remedy="Nothing was tagged. Try again: the build is in the builder's cache.",
    )


def _digests(metadata: Path, targets: Mapping[str, str]) -> dict[str, Digest]:
    try:
        document = json.loads(metadata.read_bytes()) if targets else {}
        return {name: Digest(document[target]["containerimage.digest"]) for name, target in targets.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BuildError(
            f"buildx did not report the digest it pushed: {error!r}", remedy="Update docker-buildx."
        ) from error
