"""``plan``, ``publish`` and ``release``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from shiplane.cli.claiming import claiming_of
from shiplane.cli.edge import Answer
from shiplane.cli.planning import check_settings, load_plan, required, save_plan
from shiplane.cli.run import Run
from shiplane.cli.smoking import smoker
from shiplane.cli.views.plan import ignored_text, outlook_json, plan_text
from shiplane.cli.views.release import published_text
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.project_folder import check_inside
from shiplane.config.settings import Checkout, Flags
from shiplane.core.errors import AccessError, PrerequisiteError, RefusedError, UnreachableError, UsageError
from shiplane.core.next_command import command
from shiplane.docker.builders import Builder
from shiplane.docker.engine import Engine
from shiplane.ledger.ledger import BrokenLedgerError
from shiplane.registry.oci.index import PartialIndex
from shiplane.release.planning.decision import Decision, decide
from shiplane.release.planning.planner import check_dockerfiles, check_versions, make_plan
from shiplane.release.planning.saved_plan import SavedPlan, prerequisites_json
from shiplane.release.publish import Publisher, Stager
from shiplane.release.result import LaneResult
from shiplane.release.source_check import check_again, check_source
from shiplane.release.staging.join import IndexJoiner
from shiplane.release.staging.staged import parts_of
from shiplane.release.staging.staged_file import read_staged
from shiplane.release.staging.staging import JoiningStager, dry_run, stager_for
from shiplane.verify.public_tags import public_names
from shiplane.verify.survey import Survey
from shiplane.verify.surveyor import Surveyor

if TYPE_CHECKING:
    from shiplane.cli.views.documents import (
        DryRunDataJson,
        NamedCredentialJson,
        PlannedDataJson,
        ReleasedDataJson,
    )
    from shiplane.docker.buildx import Buildx

# Seconds for all that a plan reads of a registry that it could do without.
_PLANNING = 60.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a release is carried out, apart from what is released; ``saved`` is the plan that it has to keep to."""

    dry_run: bool = False
    builder: str | None = None
    skip: Sequence[str] = ()
    login: bool = True
    claim: bool = True
    saved: SavedPlan | None = None
    staged: Sequence[str] = ()


def plan(
    run: Run,
    *,
    lane: Sequence[str] | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    save: str | None = None,
) -> Answer:
    """Show what a release would do; reads only.

    Every setting with where it came from, the builds, and each tag before and after. Works without Docker and without
    a network: then it says that the registry was not asked.
    """
    flags = given_flags(lane or (), tag, image, platforms, latest=latest)
    planned = make_plan(run.resolver(flags))
    check_dockerfiles(planned, run.dockerfiles())
    surveyed, doubt, broken = _try_survey(run, planned, certain=save is not None)
    needed = required(run)
    credential, named = _named_credential(run, planned)
    data: PlannedDataJson = {
        **planned.to_json(),
        "registry": {"asked": not doubt, "why_not": doubt},
        "prerequisites": prerequisites_json(needed),
        "tags": {name: outlook_json(survey, decision) for name, (survey, decision) in surveyed.items()},
        "credential": credential,
        "ignored": _ignored(run, planned),
    }
    text = plan_text(planned, surveyed, doubt, needed) + named + ignored_text(data["ignored"])
    if save is not None:
        text += f"\n\nsaved; carry it out with\n  {save_plan(run, planned, surveyed, save)}"
    saved = {} if save is None else {"saved": save}
    return Answer(text=text, data={**data, **saved}, error=broken or _foreseen(planned, surveyed))


def publish(
    run: Run,
    *,
    lane: str | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    dry_run: bool = False,
    snapshot: bool = False,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
    no_login: bool = False,
    plan: str | None = None,
    staged: Sequence[str] | None = None,
) -> Answer:
    """Release one lane: build, verify, name, float.

    The image is staged by digest and verified before it gets a name; the version tag is written once; the floating tag
    moves forward only, if asked; everything is read back. The same command again finishes a run that was cut off.
    """
    options = Options(dry_run=dry_run, builder=builder, skip=skip or (), login=not no_login, staged=tuple(staged or ()))
    if plan is not None:
        given = {"lane": lane, "tag": tag, "image": image, "platforms": platforms, "latest": latest}
        saved = load_plan(run, plan, **given, dry_run=dry_run)
        if len(saved.tags) > 1:
            raise UsageError(
                f"{saved.name} is for {', '.join(saved.tags)}", remedy=command("release", "--plan", "FILE")
            )
        return carry_out(run, saved.flags(run.env, snapshot=snapshot), replace(options, saved=saved))
    flags = given_flags([run.lane_named(lane, tag)], tag, image, platforms, latest=latest, snapshot=snapshot)
    return carry_out(run, flags, options)


def release(
    run: Run,
    *,
    version: str | None = None,
    lane: Sequence[str] | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    dry_run: bool = False,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
    no_login: bool = False,
    plan: str | None = None,
    staged: Sequence[str] | None = None,
) -> Answer:
    """Release all lanes as one, all or nothing.

    No lane gets a name until every lane is staged and verified, and every version tag is written before any floating
    tag moves.
    """
    options = Options(dry_run=dry_run, builder=builder, skip=skip or (), login=not no_login, staged=tuple(staged or ()))
    if plan is not None:
        given = {"version": version, "lane": lane, "image": image, "platforms": platforms, "latest": latest}
        saved = load_plan(run, plan, **given, dry_run=dry_run)
        return carry_out(run, saved.flags(run.env, snapshot=False), replace(options, saved=saved))
    flags = given_flags(lane or (), version, image, platforms, latest=latest)
    return carry_out(run, replace(flags, tag_flag="--version"), options)


def carry_out(run: Run, flags: Flags, options: Options) -> Answer:
    """Plan and carry out a release or its dry run.

    Raises:
        ShiplaneError: By situation.
    """
    run.check_skip(options.skip)
    planned = make_plan(run.resolver(flags))
    if options.saved:
        check_settings(run, planned, options.saved)
    check_dockerfiles(planned, run.dockerfiles())
    check_inside(run.root, [lane.lane for lane in planned.lanes])
    parts = _parts(run, planned, options)
    if parts is None:
        run.check_build(planned)
    if options.dry_run:
        return _dry_run(run, planned, flags, options)
    check_versions(planned, snapshot=flags.snapshot, flag=flags.tag_flag)
    check_source_of(run, planned)
    if parts is None:
        run.check_contexts(planned)
    conditions = run.prerequisites(planned.commit, options.skip)
    with publishing(run, planned, options, parts) as (publisher, _):
        released = run.console.drive(replace(publisher, conditions=conditions).publish(planned))
    data: ReleasedDataJson = {
        "image": str(planned.repository),
        "commit": planned.commit,
        "prerequisites": released.held.to_json(),
        "lanes": [lane.to_json(planned.repository) for lane in released.lanes],
    }
    return Answer(text=published_text(planned.repository, released.lanes), data=data, error=_unmet(released.lanes))


def _unmet(lanes: Sequence[LaneResult]) -> RefusedError | None:
    """What is said last where a floating tag that was asked for stayed where it was."""
    stayed = [lane for lane in lanes if lane.unmet]
    if not stayed:
        return None
    return RefusedError(
        "\n".join(_stayed(lane.plan, lane.reason) for lane in stayed),
        remedy="The version is published. Where its floating tag is not to move, release it with --latest=no.",
    )


def check_source_of(run: Run, planned: Plan) -> None:
    """Refuse a source that is not what it would be published as.

    Raises:
        PrerequisiteError: A dirty or incomplete tree, or the version's git tag stands elsewhere.
    """
    run.console.drive(check_source(planned, _compared(run), run.git.commit_of_tag))


def _compared(run: Run) -> Checkout:
    """Git's facts as they are now: whoever has a plan has a commit.

    Raises:
        PrerequisiteError: There is none any more.
    """
    checkout = run.git.compared()
    if checkout is None:
        raise PrerequisiteError("the repository is gone that was there a moment ago", remedy="Run it in a checkout.")
    return checkout


def _parts(run: Run, planned: Plan, options: Options) -> dict[str, tuple[PartialIndex, ...]] | None:
    """What was staged elsewhere, checked against the plan; None where this run stages itself."""
    if not options.staged:
        return None
    for flag, given in (("--dry-run", options.dry_run), ("--builder", options.builder)):
        if given:
            raise UsageError(f"{flag} beside --staged: what is staged is not built again", remedy="Give one of them.")
    return parts_of(planned, read_staged(run.folder, options.staged))


@contextmanager
def publishing(
    run: Run, planned: Plan, options: Options, parts: Mapping[str, Sequence[PartialIndex]] | None = None
) -> Iterator[tuple[Publisher, Callable[[], dict[str, Any]]]]:
    """Whatever publishes or stages a plan. Docker is logged in from the first build on, for as long as the block lasts.

    Not earlier: the project's build command and gates, which run before it, must find no login of ours on the disk.

    Args:
        run: The run.
        planned: What is to be published.
        options: How.
        parts: What was staged elsewhere and is only to be joined; without it this machine builds.

    Yields:
        The publisher, and what asks for the facts about the builder that it used.
    """
    credential = run.credential(planned.repository)
    who = f"as {credential.username} ({credential.source})" if credential else "as a stranger: no credential was found"
    run.console.tell(f"{planned.repository.registry}: {who}")
    registry = run.registry(planned.repository, credential)
    run.closing = lambda: public_names(run.impatient(registry), planned)
    joiner = IndexJoiner(registry=registry)
    with ExitStack() as logins:

        @cache
        def buildx() -> Buildx:
            return run.buildx(logins.enter_context(run.login(credential, stored=not options.login)))

        @cache
        def builder() -> Builder:
            """Made or started where none is ready, and only where something is built."""
            return buildx().builder(options.builder, planned.platforms.value)

        def stager() -> Stager:
            if parts is not None:
                return JoiningStager(joiner=joiner, parts=parts, tell=run.console.tell)
            return stager_for(buildx(), builder(), joiner)

        publisher = Publisher(
            registry=registry,
            stager=stager,
            probe="access" not in options.skip,
            ledgers=run.ledgers(planned.repository, registry),
            claiming=claiming_of(run) if options.claim else None,
            saved=options.saved,
            smoke=smoker(run, planned.repository, credential, skip=options.skip),
            # What was staged elsewhere was built from a tree that was looked at there.
            source=(lambda: check_again(planned, _compared(run))) if parts is None else None,
        )
        yield publisher, lambda: buildx().facts(builder(), planned.platforms.value)


def _dry_run(run: Run, planned: Plan, flags: Flags, options: Options) -> Answer:
    native = Engine(env=run.child_env).platform()
    every = flags.platforms is not None
    run.console.tell(
        f"a dry run does not run the prerequisites; {command('check.build')} and {command('check.gates')} do"
    )
    with run.login(None, stored=True) as env:
        names = run.console.drive(dry_run(planned, run.buildx(env), native, wanted=options.builder, every=every))
    data: DryRunDataJson = {**planned.to_json(), "dry_run": True, "loaded": names}
    return Answer(text="\n".join(names), data=data)


def _try_survey(
    run: Run, planned: Plan, *, certain: bool
) -> tuple[dict[str, tuple[Survey, Decision | str]], str, BrokenLedgerError | None]:
    """Each lane's names before and after, or why the registry could not be asked: a plan must do without it.

    Raises:
        AccessError, UnreachableError: The same, where the plan is to be certain: one that is kept promises that the
            registry still is as it saw it.
    """
    surveyed: dict[str, tuple[Survey, Decision | str]] = {}
    try:
        registry = run.impatient(run.reader(planned.repository), within=_PLANNING)
        ledgers = run.ledgers(planned.repository, registry)
        surveyor = Surveyor(registry=registry, ledgers=ledgers)
        for lane in planned.lanes:
            survey = surveyor.survey(lane)
            surveyed[lane.lane.name] = survey, _decide(planned, lane, survey)
    except (UnreachableError, AccessError, BrokenLedgerError) as error:
        if certain:
            raise
        broken = error if isinstance(error, BrokenLedgerError) else None
        why = "a release would be refused" if broken else "the registry was not asked"
        return {}, f"{why}: {error.passing}", broken
    return surveyed, "", None


def _ignored(run: Run, planned: Plan) -> list[str]:
    """What is in a context and in no commit: what the build takes of it, another machine may not have."""
    contexts = [PurePosixPath(lane.lane.context) for lane in planned.lanes]
    return [path for path in run.git.ignored() if any(PurePosixPath(path).is_relative_to(one) for one in contexts)]


def _foreseen(planned: Plan, surveyed: Mapping[str, tuple[Survey, Decision | str]]) -> RefusedError | None:
    """How a release would end as things are, where it would not end well."""
    named = [lane for lane in planned.lanes if not lane.version.value.is_snapshot]
    outlooks = [(lane, surveyed[lane.lane.name][1]) for lane in named if surveyed]
    words = [f"{lane.tag} would be refused: {why}" for lane, why in outlooks if isinstance(why, str)]
    words += [_stayed(lane, why.reason) for lane, why in outlooks if isinstance(why, Decision) and why.unmet]
    return RefusedError("\n".join(words)) if words else None


def _stayed(lane: LanePlan, reason: str) -> str:
    return f"{lane.lane.floating} does not move, though it was asked to ({lane.latest.source}): {reason}"


def _named_credential(run: Run, planned: Plan) -> tuple[NamedCredentialJson | None, str]:
    """Which variables a release would send where, if nobody but the project file says so, and the text of it."""
    registry = planned.repository.registry
    try:
        named = next((found for found in run.credentials.variables(registry) if found.credential), None)
    except AccessError as error:
        return None, f"\n\ncredential  {error.what}"
    if named is None or named.belongs:
        return None, ""
    credential: NamedCredentialJson = {"registry": registry, "variables": named.source}
    return (
        credential,
        f"\n\ncredential  {named.source} would be sent to {registry}: only {run.project.name} names it for that",
    )


def _decide(planned: Plan, lane: LanePlan, survey: Survey) -> Decision | str:
    """The decision, or why there would be a refusal: a plan shows it, a publish ends with it."""
    try:
        return decide(lane, survey, planned.commit)
    except RefusedError as error:
        return str(error)


def given_flags(
    lanes: Sequence[str],
    tag: str | None,
    image: str | None,
    platforms: str | None,
    *,
    latest: str | bool | None,
    snapshot: bool = False,
) -> Flags:
    """The command line as a value; a bare ``--latest`` means yes."""
    word = "yes" if latest is True else latest
    return Flags(
        lanes=tuple(lanes),
        tag=tag,
        image=image,
        platforms=platforms,
        latest=None if isinstance(word, bool) else word,
        snapshot=snapshot,
    )
