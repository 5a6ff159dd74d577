"""The commands for programs: each method carries out what the command of its name does, by the same flows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from shiplane.core.progress import Event

if TYPE_CHECKING:
    from shiplane.cli.answer import Answer
    from shiplane.cli.documents import DryRunDataJson as DryRun
    from shiplane.cli.documents import PlannedDataJson as Planned
    from shiplane.cli.documents import PromotedDataJson as Promoted
    from shiplane.cli.documents import ReleasedDataJson as Released
    from shiplane.cli.documents import RollbacksDataJson as RolledBack
    from shiplane.cli.documents import VerifiedDataJson as Verified
    from shiplane.cli.run import Run
    from shiplane.config.settings import Flags

# One image repository or platform, or several.
Names: TypeAlias = str | Sequence[str]


@dataclass(frozen=True, eq=False)
class Project:
    """A project whose images are released: its configuration, its git repository, its registries.

    Each method does what the command of that name does, with the same checks, and takes what its flags take. It returns
    the document that the command prints with ``--json``, a dictionary, or raises a ``ShiplaneError`` wherever the
    command would end with another code than 0; where there is a result all the same, it is the error's ``result``.
    Messages name the commands and their flags.

    Nothing is printed, no signal handler is set, and the process does not exit. The build command and the gates get an
    environment without credentials, whatever ``env`` contains; on Linux a call makes the process non-dumpable, as the
    commands do, so that they cannot read it there. Messages, events and results contain no secret that a run knows of.

    What a run created on this machine is removed when it ends, by an error, ``KeyboardInterrupt`` or an exception of a
    callback as well. SIGTERM ends a Python process without that, unless a handler raises an exception; the next run
    removes what was left, and the same call again completes an interrupted release.

    One call at a time in a process: thread safety is not promised.

    Attributes:
        folder: The project's folder, or one below it.
        env: The environment variables, as ``GHCR_TOKEN``; those of the process, where None.
        progress: Called with each ``Step`` before it is taken and with its ``StepOutcome`` afterwards, in the calling
            thread. An exception that it raises ends the run.
        log: Called with each line that the command would write to standard error: outcomes, notes, the build's output.
            One line at a time, but perhaps in another thread.
    """

    folder: str | Path = "."
    env: Mapping[str, str] | None = field(default=None, repr=False, kw_only=True)
    progress: Callable[[Event], object] | None = field(default=None, kw_only=True)
    log: Callable[[str], object] | None = field(default=None, kw_only=True)

    def plan(
        self,
        *lanes: str,
        version: str | None = None,
        image: Names | None = None,
        platforms: Names | None = None,
        latest: bool | None = None,
    ) -> Planned:
        """Find out what a release would do; reads only.

        Args:
            lanes: Names of lanes; none: every lane whose Dockerfile exists.
            version: As in 0.2.1; None: by the git tag at HEAD, or the version file.
            image: The image repository, or several, the primary first; None: as configured.
            platforms: As in linux/amd64; None: as configured.
            latest: Whether the floating tags move; None: as configured.

        Raises:
            RefusedError: The release would be refused as things are; ``result`` is the plan.
            ShiplaneError: Others by situation.
        """
        from shiplane.cli.flows.plans.planning import plan_release

        flags = _flags(lanes, version, image, platforms, latest=latest)
        planned: Planned = self._call(lambda run: plan_release(run, flags))
        return planned

    def publish(
        self,
        lane: str | None = None,
        *,
        version: str | None = None,
        image: Names | None = None,
        platforms: Names | None = None,
        latest: bool | None = None,
        snapshot: bool = False,
        builder: str | None = None,
        skip: Names = (),
        login: bool = True,
    ) -> Released:
        """Build, verify and publish one lane.

        Args:
            lane: Its name; may be left out if there is only one.
            version: As in 0.2.1; None: by the git tag at HEAD, or the version file.
            image: The image repository, or several, the primary first; None: as configured.
            platforms: As in linux/amd64; None: as configured.
            latest: Whether the floating tags move; None: as configured.
            snapshot: Publish an untagged commit as v0.0.0-<commit>.
            builder: The buildx builder.
            skip: Checks to leave out: build, gates, a gate's name, access, smoke, checks, a check's name,
                github-release, announce.
            login: Whether docker pushes with the credential of ``env``; otherwise with its own stored login.

        Raises:
            RefusedError: The version exists with other content, or is refused otherwise; or it is published and a
                floating tag did not move: then there is a ``result``.
            PrerequisiteError: A dirty tree, a failed build or gate, a missing builder.
            AccessError: The credentials are wrong, or may not push.
            VerificationError: The staged image, its smoke run or a check is not as it has to be; nothing was tagged.
            LostRaceError: Somebody else published at the same time.
            UnreachableError: The registry or the engine does not answer.
            UsageError: An argument or the configuration is wrong.
        """
        from shiplane.cli.flag_values import one_lane
        from shiplane.cli.flows.publishing import Options
        from shiplane.cli.flows.release import carry_out

        flags = replace(_flags((), version, image, platforms, latest=latest), snapshot=snapshot)
        options = Options(builder=builder, skip=_several(skip), login=login)

        def task(run: Run) -> Answer:
            chosen = one_lane(lane, run.project, version or run.env.get("TAG"))
            return carry_out(run, replace(flags, lanes=(chosen,)), options)

        released: Released = self._call(task)
        return released

    def release(
        self,
        *lanes: str,
        version: str | None = None,
        image: Names | None = None,
        platforms: Names | None = None,
        latest: bool | None = None,
        builder: str | None = None,
        skip: Names = (),
        login: bool = True,
    ) -> Released:
        """Publish several lanes together, all or nothing: no lane is tagged until all are staged and verified.

        Args:
            lanes: Names of lanes; none: every lane whose Dockerfile exists.
            version: Of every lane; None: each lane's by its git tag at HEAD, or its version file.
            image: As for ``publish``.
            platforms: As for ``publish``.
            latest: As for ``publish``.
            builder: As for ``publish``.
            skip: As for ``publish``.
            login: As for ``publish``.

        Raises:
            ShiplaneError: As for ``publish``.
        """
        from shiplane.cli.flows.publishing import Options
        from shiplane.cli.flows.release import carry_out

        flags = replace(_flags(lanes, version, image, platforms, latest=latest), tag_flag="--version")
        options = Options(builder=builder, skip=_several(skip), login=login)
        released: Released = self._call(lambda run: carry_out(run, flags, options))
        return released

    def dry_run(
        self,
        *lanes: str,
        version: str | None = None,
        image: Names | None = None,
        platforms: Names | None = None,
        builder: str | None = None,
    ) -> DryRun:
        """Build the images and load them into the local engine, as ``release --dry-run``; nothing is pushed.

        Args:
            lanes: Names of lanes; none: every lane whose Dockerfile exists.
            version: May be missing: then that of a snapshot.
            image: The image repository, or several, the primary first; None: as configured.
            platforms: As in linux/amd64; None: the engine's own alone.
            builder: The buildx builder.

        Raises:
            PrerequisiteError: The build failed.
            UnreachableError: No engine answers.
            UsageError: An argument or the configuration is wrong.
        """
        from shiplane.cli.flows.publishing import Options
        from shiplane.cli.flows.release import carry_out

        flags, options = _flags(lanes, version, image, platforms), Options(builder=builder, dry_run=True)
        built: DryRun = self._call(lambda run: carry_out(run, flags, options))
        return built

    def verify(
        self,
        *lanes: str,
        version: str | None = None,
        image: Names | None = None,
        platforms: Names | None = None,
        latest: bool | None = None,
        deep: bool = False,
        pull: bool = False,
        anonymous: bool = False,
        provenance: bool = False,
        signed: bool = False,
    ) -> Verified:
        """Check what the registry serves; reads only.

        Args:
            lanes: Names of lanes; none: every lane whose Dockerfile exists.
            version: As in 0.2.1; None: the one that the floating tag points at.
            image: The image repository, or several, the primary first; None: as configured.
            platforms: Those that the image must have; None: as recorded, or as configured.
            latest: Whether the floating tags must be at the version; None: as recorded.
            deep: Check every layer without a ``version``, too.
            pull: Also pull the tags with the Docker engine.
            anonymous: Also read the tags without credentials.
            provenance: Read provenance and SBOMs without a ``version``, too.
            signed: Whether the image and its platforms must have a valid signature, as with ``required`` in ``[sign]``.

        Raises:
            VerificationError: Something is wrong; ``result`` has every check.
            AccessError: The registry refuses the credentials.
            UnreachableError: The registry or the engine does not answer.
            UsageError: An argument or the configuration is wrong.
        """
        from shiplane.cli.flows.verification import Depth, verify_lanes

        flags = _flags(lanes, version, image, platforms, latest=latest)
        depth = Depth(deep=deep, pull=pull, anonymous=anonymous, provenance=provenance, signed=signed)
        verified: Verified = self._call(lambda run: verify_lanes(run, run.resolver(flags), depth))
        return verified

    def promote(
        self,
        lane: str | None = None,
        *,
        version: str | None = None,
        source: str | None = None,
        target: str | None = None,
        latest: bool | None = None,
    ) -> Promoted:
        """Carry a verified version, with all that refers to it, to another repository.

        Args:
            lane: Its name; may be left out if there is only one.
            version: As in 0.2.1; None: as in TAG.
            source: The repository to promote from (``--from``); None: the lane's own, or as in [[promotions]].
            target: The repository to promote to (``--to``); None: as in [[promotions]].
            latest: Whether the floating tags move; None: as configured.

        Raises:
            RefusedError: The target has the version with another digest.
            VerificationError: The version in the source, or a copy of it, is not as it has to be; nothing was tagged.
            AccessError: The credentials are wrong, or may not push.
            LostRaceError: Somebody else wrote at the same time.
            UnreachableError: A registry does not answer.
            UsageError: An argument or the configuration is wrong.
        """
        from shiplane.cli.flows.promotion import PromotionFlags, promote_version

        yes_or_no = _yes_or_no(latest=latest)
        flags = PromotionFlags(
            lane=lane, tag=version, source=source, target=target, latest=yes_or_no, dry_run=False, yes=True
        )
        promoted: Promoted = self._call(lambda run: promote_version(run, flags))
        return promoted

    def rollback(
        self,
        *lanes: str,
        to: str | None = None,
        bad: str | None = None,
        floating: Names = (),
        reason: str = "",
        image: Names | None = None,
        platforms: Names | None = None,
        dry_run: bool = False,
        mark: bool = True,
        again: bool = False,
    ) -> RolledBack:
        """Move the floating tags of lanes back to a good version, and mark the bad one.

        Every lane's version is verified before a tag of any moves.

        Args:
            lanes: Names of lanes; may be left out if there is only one.
            to: The version to go back to; None: the newest good one below, for each floating tag.
            bad: The version to leave (``--from``); None: the one that the widest floating tag is at.
            floating: The floating tags to move; none: all of those at the bad version.
            reason: Why, for the ledger; one line.
            image: The image repository, or several, the primary first; None: as configured.
            platforms: Those that the version must have if none are recorded.
            dry_run: Whether nothing is written.
            mark: Whether the bad version is marked as bad.
            again: Whether to go further down although somebody rolled back a moment ago.

        Returns:
            Of one lane as well what the command prints of several.

        Raises:
            RefusedError: There is no good version below, or somebody rolled back less than ten minutes ago.
            VerificationError: The version to go back to is damaged; nothing was moved.
            AccessError: The credentials are wrong, or may not push.
            LostRaceError: Somebody else moved the tag at the same time.
            UnreachableError: The registry does not answer.
            UsageError: An argument or the configuration is wrong.
        """
        from shiplane.cli.flag_values import rollback_requests
        from shiplane.cli.flows.announcing import roll_back_and_announce

        def task(run: Run) -> Answer:
            requests = rollback_requests(
                run.project,
                lanes,
                source=bad,
                to=to,
                floating=_several(floating),
                reason=reason,
                mark=mark,
                dry_run=dry_run,
                again=again,
            )
            return roll_back_and_announce(run, requests, _flags((), None, image, platforms))

        document = self._call(task)
        if "lanes" in document:
            return cast("RolledBack", document)
        # The command prints one lane as it is, and several as a list.
        lane = {key: value for key, value in document.items() if key != "announcements"}
        rest = {key: value for key, value in document.items() if key in ("image", "announcements")}
        return cast("RolledBack", {**rest, "lanes": [lane]})

    def _call(self, task: Callable[[Run], Answer]) -> Any:  # noqa: ANN401 -- one of the documents
        from shiplane.cli.embedded import carry_out_embedded

        return carry_out_embedded(
            task, folder=Path(self.folder), env=self.env, progress=self.progress, log=self.log or (lambda _line: None)
        )


def _flags(
    lanes: Sequence[str],
    version: str | None,
    image: Names | None,
    platforms: Names | None,
    *,
    latest: str | bool | None = None,
) -> Flags:
    """The arguments as a command's flags."""
    from shiplane.cli.flag_values import flags_of

    return flags_of(lanes, version, _text(image), _text(platforms), latest=_yes_or_no(latest=latest))


def _yes_or_no(*, latest: str | bool | None) -> str | None:
    """A text is read as the command reads it: taken for true, "no" would move the floating tags."""
    return ("no", "yes")[latest] if isinstance(latest, bool) else latest


def _several(names: Names) -> Sequence[str]:
    return (names,) if isinstance(names, str) else names


def _text(names: Names | None) -> str | None:
    return names if names is None or isinstance(names, str) else ",".join(names)
