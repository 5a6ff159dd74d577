"""Whatever publishes or stages a plan: its registry clients, logins, builder and smoke tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from shiplane.cli.clients.docker import buildx_of, login
from shiplane.cli.clients.git import claiming_of, compared_again
from shiplane.cli.clients.image_tests import image_tests_of
from shiplane.cli.clients.signing import release_signing

if TYPE_CHECKING:
    from shiplane.cli.clients.public_tags import TagsOf
    from shiplane.cli.run import Run
    from shiplane.config.plan import Plan
    from shiplane.docker.builders import Builder
    from shiplane.docker.buildx import Buildx
    from shiplane.registry.oci.index_join import PartialIndex
    from shiplane.release.lane_images import Stager
    from shiplane.release.planning.saved_plan import SavedPlan
    from shiplane.release.publish import Publisher


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a release is carried out, apart from what is released.

    Attributes:
        public: Whether it concerns others: its versions are claimed, shown on GitHub, and announced.
        saved: The plan that it has to keep to.
    """

    dry_run: bool = False
    builder: str | None = None
    skip: Sequence[str] = ()
    login: bool = True
    public: bool = True
    saved: SavedPlan | None = None
    staged: Sequence[str] = ()

    def keeping_to(self, saved: SavedPlan) -> Options:
        """The same for a saved plan."""
        return replace(self, saved=saved)


@contextmanager
def publishing(
    run: Run,
    plan: Plan,
    options: Options,
    parts: Mapping[str, Sequence[PartialIndex]] | None = None,
    tags_of: TagsOf = lambda lane: lane.image_tags,
) -> Iterator[tuple[Publisher, Callable[[], dict[str, Any]]]]:
    """Whatever publishes or stages a plan. Docker is logged in from the first build on, for as long as the block lasts.

    Not earlier: the project's build command and gates, which run before it, must find no login of ours on the disk.

    Args:
        run: The run.
        plan: What is to be published.
        options: How.
        parts: What was staged elsewhere and is only to be joined; without it this machine builds.
        tags_of: The tags of a lane that are shown where the run fails.

    Yields:
        The publisher, and what asks for the facts about the builder that it used.
    """
    from shiplane.cli.clients.public_tags import plan_tags_now
    from shiplane.release.publish import Publisher
    from shiplane.release.source_check import check_again
    from shiplane.release.staging.staging import JoiningStager, joiner_for, stager_for

    clients = run.registries
    registry = clients.writers(plan.repository)
    primaries = {lane.lane.name: registry.at(lane.repository) for lane in plan.lanes}
    credentials = dict.fromkeys(primary.session.credential for primary in primaries.values())
    run.show_at_the_end(lambda: plan_tags_now(lambda image: clients.impatient(registry.at(image)), plan, tags_of))
    joiner = joiner_for(registry)
    signing = release_signing(run, registry, plan, stored=not options.login)
    with ExitStack() as signed, ExitStack() as logins:

        @cache
        def buildx() -> Buildx:
            return buildx_of(run, logins.enter_context(login(run, filter(None, credentials), stored=not options.login)))

        @cache
        def builder() -> Builder:
            """Made or started where none is ready, and only where something is built."""
            return buildx().builder(options.builder, plan.platforms)

        def stager() -> Stager:
            if parts is not None:
                return JoiningStager(joiner=joiner, parts=parts, tell=run.console.tell)
            return stager_for(buildx(), builder(), joiner)

        publisher = Publisher(
            registry=registry,
            stager=stager,
            probe="access" not in options.skip,
            ledgers=cache(lambda primary: clients.ledgers(primary, registry.at(primary))),
            claiming=claiming_of(run) if options.public else None,
            signing=signed.enter_context(signing) if options.public else None,
            saved=options.saved,
            # The builder's login ends before any check runs: docker pushes nothing after that.
            tests=image_tests_of(run, primaries, options.skip, before_checks=logins.close),
            # What was staged elsewhere was built from a tree that was looked at there.
            source=(lambda: check_again(plan, compared_again(run))) if parts is None else None,
        )
        yield publisher, lambda: buildx().facts(builder(), plan.platforms)
