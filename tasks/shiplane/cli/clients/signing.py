"""Signing as a run uses it: the tool with its key for a release, and without one for a verification."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING

from shiplane.cli.clients.docker import login
from shiplane.core.errors import ConfigurationError, PrerequisiteError

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.keys.sign import SigningSettings
    from shiplane.config.plan import Plan
    from shiplane.config.settings import Resolver
    from shiplane.core.credential import Credential
    from shiplane.registry.client import RegistryClient
    from shiplane.registry.oci.names import Repository
    from shiplane.signing.check import SignatureChecker
    from shiplane.signing.sign import ReleaseSigning
    from shiplane.signing.tool import SigningTool


@contextmanager
def release_signing(run: Run, registry: RegistryClient, plan: Plan, *, stored: bool) -> Iterator[ReleaseSigning | None]:
    """What signs the images of a plan; None where nothing is configured.

    The tool is logged in when it first asks a registry: commands of the project, which run before, find no login.

    Args:
        run: The run.
        registry: The client that pushes; it knows the credential of each registry.
        plan: What is released.
        stored: Whether what docker has stored is to be used, and no credential of ours.
    """
    settings = run.project.sign
    if settings is None:
        yield None
        return
    from shiplane.signing.sign import ReleaseSigning

    repositories = [repository for lane in plan.lanes for repository in lane.images.value]

    def credentials() -> Iterable[Credential | None]:
        return [] if stored else [registry.at(repository).session.credential for repository in repositories]

    with signing_tool(run, settings, credentials, run.env) as tool:
        yield ReleaseSigning(tool=tool)


@contextmanager
def signature_checker(
    run: Run,
    resolver: Resolver,
    *,
    required: bool,
    credentials: Callable[[], Iterable[Credential | None]] | None = None,
) -> Iterator[SignatureChecker | None]:
    """What checks signatures; None where none are configured, or where they cannot be checked and need not be.

    Args:
        run: The run.
        resolver: What is verified.
        required: Whether they have to be valid, whatever the project file says.
        credentials: Those to read with; by default of the repositories of what is verified.

    Raises:
        ConfigurationError: They have to be, and nothing is configured, or there is no public key.
        PrerequisiteError: They have to be, and the tool is missing.
    """
    settings = run.project.sign
    if settings is None:
        if required:
            raise ConfigurationError(
                f"--signed: {run.project.name or 'the project file'} has no [sign]", remedy="Set [sign] there."
            )
        yield None
        return
    from shiplane.signing.check import SignatureChecker

    required = required or settings.required
    repositories = [repository for lane in resolver.lanes() for repository in resolver.images(lane).value]
    with signing_tool(run, settings, credentials or (lambda: _readers(run, repositories))) as tool:
        try:
            tool.prepare_to_verify()
        except (ConfigurationError, PrerequisiteError) as error:
            if required:
                raise
            run.console.tell(f"signatures are not checked: {error.what}")
            yield None
            return
        yield SignatureChecker(tool=tool, required=required)


def _readers(run: Run, repositories: Iterable[Repository]) -> list[Credential | None]:
    """The credentials to read with, one for each registry."""
    registries = dict.fromkeys(repository.registry for repository in repositories)
    credentials = [run.credentials.for_reading(registry) for registry in registries]
    for credential in filter(None, credentials):
        run.redact.add_credential(credential)
    return credentials


@contextmanager
def signing_tool(
    run: Run,
    settings: SigningSettings,
    credentials: Callable[[], Iterable[Credential | None]],
    secrets: Mapping[str, str] | None = None,
) -> Iterator[SigningTool]:
    """The configured tool, with a private folder for as long as the block lasts.

    Args:
        run: The run.
        settings: The project file's ``[sign]``.
        credentials: Gives those of the registries that it asks, when it first asks one.
        secrets: The environment with the key's variables; None where nothing is signed.
    """
    from shiplane.core.system.temp_folder import temp_folder
    from shiplane.signing.tool import SigningTool

    for name in settings.withheld_variables:
        run.redact.add_content(run.env.get(name, ""))
    with ExitStack() as stack:
        folder = stack.enter_context(temp_folder("sign", run.child_env, project=run.root))

        @cache
        def logged_in() -> Mapping[str, str]:
            """Private, and only from here on."""
            own = dict.fromkeys(filter(None, credentials()))
            return stack.enter_context(login(run, own, stored=False))

        yield SigningTool(
            settings=settings,
            root=run.root,
            env=run.child_env,
            secrets=secrets or {},
            login=logged_in,
            folder=folder,
        )
