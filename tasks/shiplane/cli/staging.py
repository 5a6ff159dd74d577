"""``stage``, and what a release takes from its files."""

from __future__ import annotations

from collections.abc import Sequence

from shiplane.cli.edge import Answer
from shiplane.cli.planning import check_place
from shiplane.cli.releasing import Options, check_source_of, given_flags, publishing
from shiplane.cli.run import Run
from shiplane.config.project_folder import check_inside
from shiplane.core.errors import UsageError
from shiplane.release.planning.planner import check_dockerfiles, check_versions, make_plan
from shiplane.release.staging.staged import staged_of
from shiplane.release.staging.staged_file import check_output, write_staged


def stage(
    run: Run,
    *,
    lane: str | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    output: str | None = None,
    snapshot: bool = False,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
    no_login: bool = False,
) -> Answer:
    """Build and push one lane by digest, for the platforms of this machine, and name nothing.

    The source has to be what a publish wants: a clean tree, a version. Build and gates are the publish's.
    """
    if not output:
        raise UsageError("nothing says where to write what was staged", remedy="Give --output FILE.")
    flags = given_flags([run.lane_named(lane, tag)], tag, image, platforms, latest=None, snapshot=snapshot)
    run.check_skip(skip or ())
    planned = make_plan(run.resolver(flags))
    check_dockerfiles(planned, run.dockerfiles())
    check_inside(run.root, [lane.lane for lane in planned.lanes])
    check_versions(planned, snapshot=snapshot)
    run.check_build(planned)
    path = run.folder / output
    check_output(path)
    check_place(run, output, "--output ../staged.json")
    check_source_of(run, planned)
    run.check_contexts(planned)
    with publishing(run, planned, _options(builder, skip, login=not no_login)) as (publisher, facts):
        digests = run.console.drive(publisher.stage(planned))
        staged = staged_of(planned, planned.lanes[0], digests[planned.lanes[0].lane.name], facts())
    write_staged(path, staged)
    text = f"{planned.repository}@{staged.part.digest}  {', '.join(map(str, staged.part.platforms))}  -> {output}"
    return Answer(text=text, data={"staged": staged.to_json(), "output": output})


def _options(builder: str | None, skip: Sequence[str] | None, *, login: bool) -> Options:
    """Nothing is claimed: a claim is for the digest that all platforms have together, and the publish's."""
    return Options(builder=builder, skip=skip or (), login=login, claim=False)
