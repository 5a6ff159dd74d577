"""Check staged images: before any tag, the project's commands decide about each lane's image, by digest.

A command gets no credential and finds no login of ours: what needs the image's content gets an OCI layout of it.
"""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from shiplane.config.checks.keys import Checks
from shiplane.config.checks.staged_check import LAYOUT, NOT_CHECKED, CheckEvidence, ChecksResult, StagedCheck
from shiplane.config.placeholders import resolve_placeholders
from shiplane.core.errors import PrerequisiteError, VerificationError
from shiplane.core.plurals import counted, megabytes
from shiplane.core.progress import Flow, Step, StepState
from shiplane.core.system.host import can_execute
from shiplane.core.system.parallel import map_stoppable
from shiplane.core.system.process import refuse_dumps
from shiplane.core.text import one_line
from shiplane.core.timestamps import rfc3339
from shiplane.registry.http.retry_budget import Clock, SystemClock
from shiplane.release.checks.project_command import CommandError, CommandRunner
from shiplane.release.checks.report_file import FileState, digest_of_report, file_state
from shiplane.release.checks.staged_image import StagedImage

_SKIP = "To skip a check: --skip NAME."


@dataclass(frozen=True, kw_only=True)
class CheckRunner:
    """Checks the images of one release.

    Attributes:
        commands: Runs the commands, without secrets.
        checks: Each lane's.
        layout_folder: A new private folder, removed when it is left.
        skip: The names of those that are left out; ``checks`` for all.
        before: Called before the first command: it ends the login of what pushed the images.
        clock: The clock.
    """

    commands: CommandRunner
    checks: Checks
    layout_folder: Callable[[], AbstractContextManager[Path]]
    skip: frozenset[str] = frozenset()
    before: Callable[[], None] = lambda: None
    clock: Clock = field(default_factory=SystemClock)

    def require(self, lanes: Iterable[str]) -> None:
        """Check before a build whether the commands could be run at all.

        Raises:
            PrerequisiteError: A program is not installed, or a variable is not set.
        """
        for check in dict.fromkeys(check for lane in lanes for check in self.chosen(lane)):
            self.require_check(check)

    def require_check(self, check: StagedCheck) -> None:
        """The same for one of them. Raises as :meth:`require`."""
        program = shlex.split(check.command)[0]
        if not can_execute(program, self.commands.env, self.commands.root):
            raise PrerequisiteError(
                f"check {one_line(check.name)} needs {one_line(program)}, which is not installed",
                remedy=f"Install it and put it on PATH. {_SKIP}",
            )
        try:
            self.commands.check_variables(check.env)
        except CommandError as error:
            raise PrerequisiteError(f"check {one_line(check.name)}: {error.what}", remedy=error.remedy) from error

    def chosen(self, lane: str) -> list[StagedCheck]:
        """A lane's checks that are not left out."""
        return [check for check in self.checks.get(lane, ()) if not {"checks", check.name} & self.skip]

    def left_out(self, lane: str) -> list[StagedCheck]:
        """The others."""
        return [check for check in self.checks.get(lane, ()) if {"checks", check.name} & self.skip]

    def check(self, image: StagedImage) -> Flow[ChecksResult]:
        """Run a lane's checks side by side; a failing one does not hide the next."""
        skipped = tuple(check.name for check in self.left_out(image.lane))
        for name in skipped:
            reason = "--skip checks" if "checks" in self.skip else f"--skip {name}"
            yield Step("check", f"{image.lane} {name}").skipped(reason)
        checks = self.chosen(image.lane)
        evidence = (yield from self._run(image, checks)) if checks else []
        failed = [answer.check for answer in evidence if not answer.good]
        state = StepState.FAILED if failed else StepState.DONE if evidence else StepState.SKIPPED
        passed = f"{counted(len(evidence), 'check')} passed" if evidence else "all skipped"
        reason = f"failed: {', '.join(failed)}" if failed else passed
        return ChecksResult(state=state, reason=reason, evidence=tuple(evidence), skipped=skipped)

    def _run(self, image: StagedImage, checks: Sequence[StagedCheck]) -> Flow[list[CheckEvidence]]:
        self.before()
        refuse_dumps()
        with self._layout_folder(checks) as folder:
            if folder:
                step = Step("layout", f"{image.lane} {image.raw.digest.short}")
                yield step
                yield step.done(megabytes(image.write_layout(folder)))
            for check in checks:
                yield Step("check", f"{image.lane} {check.name}")
            evidence = map_stoppable(partial(self._ask, image, folder), checks)
        for answer in evidence:
            step = Step("check", f"{image.lane} {answer.check}")
            yield step.done(answer.result) if answer.good else step.failed(answer.result)
        return evidence

    @contextmanager
    def _layout_folder(self, checks: Sequence[StagedCheck]) -> Iterator[Path | None]:
        """A folder for the layout for as long as the checks run, if any needs one."""
        if not any(check.needs_layout for check in checks):
            yield None
            return
        with self.layout_folder() as folder:
            yield folder

    def _ask(self, image: StagedImage, folder: Path | None, check: StagedCheck, stop: threading.Event) -> CheckEvidence:
        """Run one check. Only one that asked for the layout is told where it is."""
        report = check.report_of(image.lane)
        values = {
            **image.placeholders,
            "layout": str(folder) if folder and check.needs_layout else "",
            "report": report,
        }
        before, began = file_state(self.commands.root / report) if report else None, self.clock.now()
        error, lines = self._outcome(check, values, stop, f"{image.lane} {check.name}")
        answer = CheckEvidence(
            check=check.name,
            command=self._shown(check, {**values, "layout": LAYOUT}),
            good=error is None,
            result="passed" if error is None else self.commands.safe(error.what),
            seconds=self.clock.now() - began,
            when=rfc3339(self.clock.wall()),
            report=report,
            remedy="" if error is None else self.commands.safe(error.remedy),
            output=list(lines),
        )
        return self._with_report(answer, before) if report else answer

    def _outcome(
        self, check: StagedCheck, values: Mapping[str, str], stop: threading.Event, subject: str
    ) -> tuple[CommandError | None, Sequence[str]]:
        """How the command failed, if it did, and its output."""
        variables = {f"SHIPLANE_{name.upper().replace('-', '_')}": value for name, value in values.items()}
        runner = replace(self.commands, env={**self.commands.env, **variables})
        argv = [resolve_placeholders(word, values) for word in shlex.split(check.command)]
        try:
            return None, runner.run(argv, check.timeout, check.env, stop, subject)
        except CommandError as error:
            return error, error.lines

    def _shown(self, check: StagedCheck, values: Mapping[str, str]) -> str:
        """The command as it is recorded: another run's layout is in another folder."""
        return self.commands.safe(resolve_placeholders(check.command, values))

    def _with_report(self, answer: CheckEvidence, before: FileState) -> CheckEvidence:
        """With the digest of the report; a check that passes has to have written it."""
        try:
            return replace(answer, report_digest=str(digest_of_report(self.commands.root / answer.report, before)))
        except ValueError as error:
            if not answer.good:
                return answer
            result = f"passed, but its report {one_line(answer.report)} {error}"
            return replace(answer, good=False, result=result, remedy="Make it write the file that report names.")


def check_images(
    checker: CheckRunner | None, images: Sequence[StagedImage], built: Collection[str]
) -> Flow[dict[str, ChecksResult]]:
    """Check every lane's image that this run is going to tag; each is checked, also after one that fails.

    Args:
        checker: Checks them; None if nothing is configured.
        images: Each lane's.
        built: The lanes whose version this run publishes; the others' are public already.

    Raises:
        VerificationError: A check fails.
        PrerequisiteError: There is no room for an image's layout.
        AccessError, UnreachableError: The image cannot be read for its layout.
    """
    results = {}
    for image in images:
        results[image.lane] = yield from _check_image(checker, image, built)
    failed = {lane: result for lane, result in results.items() if result.state is StepState.FAILED}
    if failed:
        raise _failure(failed)
    return results


def _check_image(checker: CheckRunner | None, image: StagedImage, built: Collection[str]) -> Flow[ChecksResult]:
    if checker is None or image.lane not in checker.checks:
        return NOT_CHECKED
    if image.lane not in built:
        reason = "already published; not checked again"
        yield Step("check", image.lane).unchanged(reason)
        return ChecksResult(state=StepState.UNCHANGED, reason=reason)
    return (yield from checker.check(image))


def _failure(failed: Mapping[str, ChecksResult]) -> VerificationError:
    parts = []
    for lane, result in failed.items():
        for answer in (answer for answer in result.evidence if not answer.good):
            lines = [f"    | {line}" for line in answer.output] or ["    | (no output)"]
            parts += [f"  {lane} {one_line(answer.check)}: {answer.result}", *lines, f"    {answer.remedy}"]
    return VerificationError(
        "a staged image did not pass its checks:\n" + "\n".join(parts),
        remedy=f"No lane was tagged. Fix the image, then run it again. {_SKIP}",
    )
