"""``check.*``: the prerequisites of a release, each alone, and ``check.all``, the doctor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from colorama import Fore, Style

from shiplane.cli.claiming import claiming_of
from shiplane.cli.edge import Answer
from shiplane.cli.run import Run
from shiplane.cli.smoking import smoker
from shiplane.cli.views.console import wants_colour
from shiplane.cli.views.findings import findings_text
from shiplane.cli.views.tables import columns
from shiplane.cli.workflow import drifted
from shiplane.config.lane import Lane
from shiplane.config.settings import Flags, Resolver
from shiplane.core.credential import Credential
from shiplane.core.errors import PrerequisiteError, ShiplaneError
from shiplane.core.finding import Finding, done, exit_code_of, skipped
from shiplane.core.next_command import command
from shiplane.deployments.files import collect
from shiplane.docker.engine import Engine
from shiplane.doctor.access import AccessChecks
from shiplane.doctor.config import ConfigChecks
from shiplane.doctor.doctor import Look, attempt, examine, rows
from shiplane.doctor.release import FloatingTagChecks, LedgerChecks, SmokeChecks
from shiplane.doctor.tools import ToolChecks
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.oci.names import Platform, Repository, Tag
from shiplane.verify.surveyor import Surveyor

T = TypeVar("T")

_COLOUR = {"done": Fore.GREEN, "warning": Fore.YELLOW, "skipped": Fore.YELLOW, "failed": Fore.RED}
# Enough for a hiccup; somebody who asks what is wrong wants to know it now.
_PATIENCE = 10.0


def build(run: Run) -> Answer:
    """Run the build command, as a release would."""
    prerequisites = run.prerequisites(_commit(run))
    run.console.drive(prerequisites.build())
    return Answer(text="the build passes or there is none", data={"build": True})


def gates(run: Run, *, skip: Sequence[str] | None = None) -> Answer:
    """Ask every configured gate about this very commit."""
    prerequisites = run.prerequisites(_commit(run), skip or ())
    evidence = run.console.drive(prerequisites.gates())
    text = columns([(found.gate, "green", found.detail) for found in evidence]) or _no_gate(run)
    return Answer(text=text, data={"gates": [found.to_json() for found in evidence]})


def _no_gate(run: Run) -> str:
    return "no gate was asked: every one is left out" if run.project.gates else "no gate is configured"


def _commit(run: Run) -> str:
    _ = run.project  # a broken project file is to be said first
    checkout = run.checkout
    if checkout is None:
        raise PrerequisiteError("this folder is no git repository with a commit", remedy="Run it in a checkout.")
    return checkout.commit


def access(run: Run, *, image: str | None = None) -> Answer:
    """Prove that the credential may push, before any build.

    Shows which credential is used, gets a token with it, and opens an upload that is left to expire.
    """
    repository = run.resolver(Flags(image=image)).image().value
    return _answer(run, {"access": _access(run, repository)})


def tools(run: Run, *, platforms: str | None = None, builder: str | None = None) -> Answer:
    """Check docker, engine, buildx, builder, git and disk space."""
    wanted = run.resolver(Flags(platforms=platforms)).platforms().value
    return _answer(run, _tools(run, wanted, builder))


def config(run: Run, *, image: str | None = None) -> Answer:
    """Check the project file, lanes, Dockerfiles and git."""
    return _answer(run, {"config": _config(run, Flags(image=image))})


def everything(
    run: Run,
    *,
    image: str | None = None,
    platforms: str | None = None,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
) -> Answer:
    """The doctor: every check, side by side, with remedies.

    The exit code is that of what has to be mended first: 2 configuration, 3 tools, build and gates, 4 access,
    5 a floating tag that a release could not move, 6 a broken ledger, 7 an engine or a registry that does not answer.
    """
    flags = Flags(image=image, platforms=platforms)
    wanted = _known(lambda: run.resolver(flags).platforms().value)
    repository = _known(lambda: run.resolver(flags).image().value)
    looks: dict[str, Look] = {"config": _config(run, flags), **_tools(run, wanted, builder)}
    looks |= _prerequisites(run, skip or ())
    looks |= _trials(run, repository, wanted, skip or ())
    if "access" in (skip or ()):
        looks["access"] = lambda: [skipped("access", "--skip access")]
    elif repository is None:
        looks["access"] = _no_image
    else:
        access, records = _access(run, repository), _records(run, repository, flags)
        pointers = _pointers(run, repository, flags)
        looks["access, ledger, tags"] = lambda: pointers.after(list(records.after(list(access()))))
    return _answer(run, looks)


def _trials(
    run: Run, repository: Repository | None, platforms: tuple[Platform, ...] | None, skip: Sequence[str]
) -> dict[str, Look]:
    """The smoke runs; nothing where none is configured, or nobody can tell."""
    smokes = _known(lambda: dict(run.project.smokes))
    if not smokes or repository is None:
        return {}
    if "smoke" in skip:
        return {"smoke": lambda: [skipped("smoke", "--skip smoke")]}
    made = smoker(run, repository, None, skip=skip)
    assert made is not None  # noqa: S101 -- some are configured
    return {"smoke": SmokeChecks(smoker=made, platforms=platforms).look}


def _records(run: Run, repository: Repository, flags: Flags) -> LedgerChecks:
    """The ledgers of the lanes that would be released, read with hardly any waiting."""

    def ledgers() -> Ledgers | None:
        return run.ledgers(repository, _connected(run, repository, run.credential(repository)))

    elsewhere = run.project.ledger not in (None, repository)
    return LedgerChecks(lanes=run.resolver(flags).lanes(), ledgers=ledgers, elsewhere=elsewhere)


def _pointers(run: Run, repository: Repository, flags: Flags) -> FloatingTagChecks:
    """The floating tags of the same lanes."""
    resolver = run.resolver(flags)

    def surveyor() -> Surveyor:
        registry = _connected(run, repository, run.credential(repository))
        return Surveyor(registry=registry, ledgers=run.ledgers(repository, registry))

    return FloatingTagChecks(
        lanes=[(lane, bool(_known(partial(_latest, resolver, lane)))) for lane in resolver.lanes()],
        surveyor=surveyor,
    )


def _latest(resolver: Resolver, lane: Lane) -> bool:
    """Whether a release here and now would move the lane's floating tag."""
    return resolver.latest(lane).value


def _prerequisites(run: Run, skip: Sequence[str]) -> dict[str, Look]:
    """Build and gates; without a commit there is nothing that they could be asked about: see config."""
    commit = _known(lambda: _commit(run))
    if commit is None:
        return {}
    wanted = run.prerequisites(commit, skip)
    return {
        "build": lambda: rows(wanted.build(), lambda _step: "build"),
        "gates": lambda: rows(wanted.gates(), lambda step: f"gates: {step.subject[:40]}"),
    }


def _config(run: Run, flags: Flags) -> Look:
    said = ConfigChecks(
        project=lambda: run.project,
        checkout=lambda: run.compared,
        resolver=lambda: run.resolver(flags),
        check_build=run.check_build_of,
        collect=lambda: collect(run.root, run.project.deployments),
    )
    return lambda: [*said.check(), *_workflows(run)]


def _workflows(run: Run) -> Iterator[Finding]:
    """Whether those that shiplane wrote still are as the configuration wants: a release by hand can do without."""
    paths = _known(lambda: drifted(run))
    if paths is None:
        return
    remedy = f"See them with: {command('workflow.check')}" if paths else ""
    found = f"not as the configuration wants: {', '.join(paths)}" if paths else "as the configuration wants"
    yield done("config: workflows", found, warning=remedy)


def _tools(run: Run, platforms: tuple[Platform, ...] | None, builder: str | None) -> Mapping[str, Look]:
    env = run.git.env
    buildx = run.buildx(env)
    engine = Engine(env=env)
    return ToolChecks(
        engine=engine, buildx=buildx, git=run.git, builder=builder, platforms=platforms, root=run.root
    ).looks()


def _access(run: Run, repository: Repository) -> Look:
    entrance = AccessChecks(
        repository=repository,
        credential=lambda: run.credential(repository),
        connect=partial(_connected, run, repository),
        records=run.project.keeps_ledger and run.project.ledger in (None, repository),
    )
    if run.project.claim is None:
        return entrance.check
    return lambda: [*entrance.check(), attempt("access: claim", lambda: _claim(run, repository))]


def _connected(run: Run, repository: Repository, credential: Credential | None) -> RegistryClient:
    return run.registry(repository, credential, RetryBudget(tell=run.console.tell, budget=_PATIENCE))


def _claim(run: Run, repository: Repository) -> Finding:
    """Whether we may claim: asked for a version that nobody releases, and nothing is pushed."""
    claiming = claiming_of(run)
    assert claiming is not None  # noqa: S101 -- asked by the caller
    claiming.claims.probe(repository, Tag("v0.0.0"))
    return done("access: claim", "git's own login may push there, as far as can be told without a push")


def _no_image() -> list[Finding]:
    return [skipped("access: credential", "nobody can tell for which image: see config")]


def _known(ask: Callable[[], T]) -> T | None:
    """A setting, or None: what is wrong with it is one of the rows."""
    try:
        return ask()
    except ShiplaneError:
        return None


def _answer(run: Run, looks: Mapping[str, Look]) -> Answer:
    found = [_redacted(run, finding) for finding in run.console.drive(examine(looks))]
    coloured = wants_colour(run.env, run.console.out)

    def paint(text: str, state: str) -> str:
        return f"{_COLOUR[state]}{text}{Style.RESET_ALL}" if coloured else text

    data = {"checks": [finding.to_json() for finding in found]}
    return Answer(text=findings_text(found, paint), data=data, exit_code=exit_code_of(found))


def _redacted(run: Run, finding: Finding) -> Finding:
    return replace(finding, reason=_shown(run, finding.reason), remedy=_shown(run, finding.remedy))


def _shown(run: Run, text: str) -> str:
    """Before lines are broken: afterwards neither a secret nor a command would be known any more."""
    return run.caller.shown(run.redact(text))
