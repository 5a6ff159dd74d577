"""Render a project's publish workflows from its lanes; the same configuration gives the same bytes.

Values inserted into templates have no special meaning in YAML, in a shell or in GitHub's expressions: lanes and the
project file are validated for that.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shiplane.config.channel import Channel
from shiplane.config.gate import Gate, GateKind
from shiplane.config.keys.sign import SigningSettings, SignTool
from shiplane.config.keys.workflows import SetupStep, WorkflowSettings
from shiplane.config.lane import Lane, groups_of
from shiplane.core.errors import ConfigurationError
from shiplane.registry.credential_variables import CredentialVariables
from shiplane.registry.oci.names import Platform
from shiplane.workflows import setup_steps, step_variables
from shiplane.workflows.action_pins import ACTIONS
from shiplane.workflows.paths import (
    REQUIREMENTS,
    check_folder,
    path_of,
    path_of_channel,
    path_of_pull_requests,
    prefix_of,
    shared_path,
    way_up,
)
from shiplane.workflows.signature import signed

# What :func:`render` is given.
TEMPLATES = ("lane", "release-lane", "channel", "pull-request")
# GitHub's runners (docs.github.com, "GitHub-hosted runners") by what they build: natively, and nearest to it.
_RUNNERS = {"amd64": "ubuntu-24.04", "386": "ubuntu-24.04", "arm64": "ubuntu-24.04-arm"}
_EMULATING = {"arm": "ubuntu-24.04-arm"}


@dataclass(frozen=True, kw_only=True)
class WorkflowProject:
    """The inputs of a project's workflows.

    Attributes:
        platforms: Those of lanes without their own.
        image: A description of the default repository, for people to read.
        wishes: The project file's ``[workflows]``.
        program: ``invoke`` if the project has tasks of its own, else ``shiplane``.
        npm: Whether npm must install packages before the build command.
        build_env: The variables that the build command needs.
        claim: Whether a release pushes a claim to the git remote.
        github_release: Whether a release is shown on GitHub.
        webhooks: The variables with the URLs that announcements are posted to.
        signing: How images are signed; None for not at all.
        checks: Each check of staged images, with the variables that it needs.
        modules: Whether the repository has submodules.
        channels: Each gets a workflow of its own.
        registries: The variables of the further registries' credentials, by registry host.
        folder: The project's folder in its repository; empty at the root.
    """

    lanes: Sequence[Lane]
    platforms: Sequence[Platform]
    image: str
    gates: Sequence[Gate] = ()
    wishes: WorkflowSettings = field(default_factory=WorkflowSettings)
    program: str = "invoke"
    npm: bool = False
    build_env: Sequence[str] = ()
    claim: bool = False
    github_release: bool = False
    webhooks: Sequence[str] = ()
    signing: SigningSettings | None = None
    checks: Sequence[tuple[str, Sequence[str]]] = ()
    modules: bool = False
    lfs: bool = False
    channels: Sequence[Channel] = ()
    registries: Mapping[str, CredentialVariables] = field(default_factory=dict)
    folder: str = ""


def render(project: WorkflowProject, templates: Mapping[str, str]) -> dict[str, str]:
    """The text of every workflow by its path in the repository.

    Args:
        project: What they are for.
        templates: The text of each of ``TEMPLATES``.

    Raises:
        ConfigurationError: GitHub has no runner that could build a platform, or a workflow cannot name the folder.
    """
    check_folder(project.folder)
    _check_signing(project.signing)
    groups = groups_of(project.lanes)
    facts = _facts(project)
    common = {**ACTIONS, **_project_values(project)}
    chosen = {name: _choose(templates[name], facts) for name in TEMPLATES}
    texts = {shared_path(project.folder): _fill(chosen["release-lane"], common)}
    for group in groups:
        values = {**common, **_group_values(group, project)}
        texts[path_of(group[0], project.folder)] = _fill(chosen["lane"], values)
    for channel in project.channels:
        path = path_of_channel(channel, project.folder)
        texts[path] = _fill(chosen["channel"], {**common, **_channel_values(channel, project), "PATH": path})
    if project.wishes.pull_request:
        path = path_of_pull_requests(project.folder)
        texts[path] = _fill(chosen["pull-request"], {**common, **_pull_request_values(project), "PATH": path})
    return {path: signed(text, project.program, project.folder) for path, text in texts.items()}


def _check_signing(signing: SigningSettings | None) -> None:
    if signing and signing.tool is SignTool.NOTATION:
        raise ConfigurationError(
            "sign: the generated workflows can install cosign alone, not notation",
            remedy='Set tool = "cosign", or release with a workflow of your own.',
        )


def _facts(project: WorkflowProject) -> dict[str, bool]:
    """What decides about conditional lines."""
    wishes, grouped = project.wishes, _has_groups(project)
    return {
        "native": wishes.native,
        "grouped": grouped,
        "lanes-apart": wishes.native and grouped,
        "emulated": wishes.native and any(stage["emulated"] for stage in _stages(project.lanes, project)),
        "claim": project.claim,
        "writes": project.claim or project.github_release,
        "cosign": project.signing is not None,
        "check-setup": bool(project.checks and project.wishes.check_setup),
        "keyless": project.signing is not None and project.signing.is_keyless,
        "github-gates": any(gate.kind is GateKind.GITHUB for gate in project.gates),
        "subfolder": bool(project.folder),
        "setup": bool(_setup(project)),
        "gate-secrets": bool(_own_variables(project)),
        "variables": any(secret.env for lane in project.lanes for secret in lane.build.secrets),
        **_host_output_facts(wishes),
    }


def _pull_request_values(project: WorkflowProject) -> dict[str, str]:
    """What a pull request builds, without any secret: natively each platform of each lane by itself."""
    args = step_variables.build_args_of(project.lanes)
    leaves_out = bool(args or step_variables.build_secrets_of(project.lanes))
    build = step_variables.env_lines(args, 10)
    return {
        "BUILDS": "\n".join(_native_builds(project)) if project.wishes.native else "",
        "SKIP": " --skip variables" * leaves_out,
        "BUILD": build,
        "BUILD_ENV": step_variables.env_block(args),
        "HOST_OUTPUT": _host_output(project, step_variables.only_variables, dry_run=True),
    }


def _native_builds(project: WorkflowProject) -> Iterator[str]:
    """One line for each build that has a runner of its own."""
    for lane in project.lanes:
        for stage in _stages([lane], project):
            build = {"lane": lane.name, **{key: stage[key] for key in ("platform", "runner", "emulated")}}
            yield f"          - {json.dumps(build)}"


def _host_output(
    project: WorkflowProject,
    variables: Callable[[Iterable[str]], step_variables.Expressions] = step_variables.either_of,
    *,
    dry_run: bool = False,
) -> str:
    """The steps that make what images take from the host."""
    lines = setup_steps.setup_lines(_setup(project), variables)
    build = setup_steps.build_command_lines(project.program, variables(project.build_env), dry_run=dry_run)
    return "\n".join(filter(None, (lines, build)))


def _project_values(project: WorkflowProject) -> dict[str, str]:
    taken = _secrets_passed(project, project.lanes)
    return {
        **_step_values(project, project.lanes),
        "SECRETS_TAKEN": "".join(
            f'\n      {name}:\n        description: "{text}"\n        required: false' for name, text in taken.items()
        ),
        "SETUP": setup_steps.setup_lines(_setup(project)),
        "BUILD_COMMAND": setup_steps.build_command_lines(project.program, step_variables.either_of(project.build_env)),
        "GATES_ENV": setup_steps.gates_env(project.gates),
        "CHECK_SETUP": setup_steps.setup_lines(project.wishes.check_setup),
        "HOST_OUTPUT": _host_output(project),
        "HOST_OUTPUT_DRY": _host_output(project, dry_run=True),
        "IMAGE": project.image,
        "WRITES": " and ".join(
            ["claim the version on the git remote"] * project.claim
            + ["make its release on GitHub"] * project.github_release
        ),
        "PROGRAM": project.program,
        "REQUIREMENTS": f"{way_up(project.folder)}{REQUIREMENTS}",
        "FOLDER": project.folder,
        "PREFIX": prefix_of(project.folder),
        "SHARED": shared_path(project.folder),
        "IN": f" in {project.folder}" if project.folder else "",
        "ENVIRONMENT": project.wishes.environment,
        "PUBLISH": "release" if _has_groups(project) else "publish",
        "STAGE": ("${{ matrix.lane }}, " if _has_groups(project) else "") + "${{ matrix.platform }}",
        # An incomplete checkout would be refused.
        "COMPLETE": "\n          submodules: recursive" * project.modules + "\n          lfs: true" * project.lfs,
    }


def _step_values(project: WorkflowProject, lanes: Sequence[Lane]) -> dict[str, str]:
    """The variables of steps that build or push some lanes: with a credential, for a build alone, and for both."""
    credentials = step_variables.credentials_of(project.registries)
    build = {**step_variables.build_args_of(lanes), **step_variables.build_secrets_of(lanes)}
    beside = step_variables.without_provided(build)
    webhooks = step_variables.webhooks_of(project.webhooks)
    signing = step_variables.signing_of(project.signing)
    given = {**beside, **credentials, **webhooks, **signing}
    checks = step_variables.either_of(name for name in _check_variables(project) if name not in given)
    only_build = {name: value for name, value in build.items() if name not in credentials}
    return {
        "CREDENTIALS": step_variables.env_lines(credentials, 10),
        "CREDENTIALS_AND_BUILD": step_variables.env_lines({**beside, **credentials}, 10),
        "WEBHOOKS": step_variables.env_lines(
            {name: value for name, value in webhooks.items() if name not in {**beside, **credentials}}, 10
        ),
        "SIGNING": step_variables.env_lines(
            {name: value for name, value in signing.items() if name not in {**beside, **credentials, **webhooks}}, 10
        ),
        "CHECKS": step_variables.env_lines(checks, 10),
        "BUILD": step_variables.env_lines(only_build, 10),
    }


def _secrets_passed(project: WorkflowProject, lanes: Sequence[Lane]) -> dict[str, str]:
    """The secrets that some lanes need, by name: what each is."""
    build = step_variables.without_provided(step_variables.build_secrets_of(lanes))
    credentials = step_variables.credentials_of(project.registries)
    return {
        **dict.fromkeys((*_own_variables(project), *_check_variables(project)), "For a command of the project"),
        **dict.fromkeys(project.webhooks, "Webhook of an announcement"),
        **dict.fromkeys(build, "Build secret"),
        **dict.fromkeys(step_variables.signing_of(project.signing), "Signing key, or its password"),
        **dict.fromkeys(credentials, "Credential of a registry"),
    }


def _setup(project: WorkflowProject) -> Sequence[SetupStep]:
    """What goes before the build command."""
    return setup_steps.with_npm(project.wishes.setup) if project.npm else project.wishes.setup


def _own_variables(project: WorkflowProject) -> list[str]:
    """What the project's own commands need.

    Raises:
        ConfigurationError: One needs a variable that it must not have, or has anyway.
    """
    needs = [(f"workflows: setup[{number}]", step.env) for number, step in enumerate(project.wishes.setup)]
    needs += [("build-env", tuple(project.build_env)), *((f"gate {gate.name!a}", gate.env) for gate in project.gates)]
    for place, names in needs:
        step_variables.check_own(place, names, project.registries)
    return [name for _, names in needs for name in names]


def _check_variables(project: WorkflowProject) -> list[str]:
    """What the checks of staged images, and the steps that prepare for them, need. Raises as :func:`_own_variables`."""
    if not project.checks:
        return []
    steps = enumerate(project.wishes.check_setup)
    needs = [(f"workflows: check-setup[{number}]", step.env) for number, step in steps]
    needs += [(f"check {name!a}", tuple(names)) for name, names in project.checks]
    for place, names in needs:
        step_variables.check_own(place, names, project.registries)
    return list(dict.fromkeys(name for _, names in needs for name in names))


def _host_output_facts(wishes: WorkflowSettings) -> dict[str, bool]:
    """Whether the build command runs where images are built, which is not where the natively built ones are joined."""
    return {
        "host-output": wishes.host_output,
        "host-output-staged": wishes.host_output and wishes.native,
        "host-output-published": wishes.host_output and not wishes.native,
    }


def _has_groups(project: WorkflowProject) -> bool:
    return len(groups_of(project.lanes)) < len(project.lanes)


def _stages(group: Sequence[Lane], project: WorkflowProject) -> list[dict[str, str | bool]]:
    """Where each platform of each lane is built, natively or on the runner that emulates it best."""
    grouped = _has_groups(project)
    return [
        {
            **({"lane": lane.name} if grouped else {}),
            "platform": str(platform),
            "runner": _runner(platform),
            "emulated": platform.architecture not in _RUNNERS,
            "file": f"{lane.name}-{platform.dashed}.json" if grouped else f"{platform.dashed}.json",
        }
        for lane in group
        for platform in lane.platforms or project.platforms
    ]


def _runner(platform: Platform) -> str:
    if platform.os != "linux":
        raise ConfigurationError(
            f"workflows: native: GitHub has no runner that builds {platform} with buildx",
            remedy="Leave native out, or build for Linux alone.",
        )
    return {**_RUNNERS, **_EMULATING}.get(platform.architecture, _RUNNERS["amd64"])


def _group_values(group: Sequence[Lane], project: WorkflowProject) -> dict[str, str]:
    stages = ",\n".join(map(json.dumps, _stages(group, project))) if project.wishes.native else ""
    platforms = {platform: None for lane in group for platform in lane.platforms or project.platforms}
    floating = [str(template) for lane in group for template in lane.floating_templates]
    first = group[0]
    secrets = {name: f"secrets.{name}" for name in _secrets_passed(project, group)}
    return {
        "SECRETS_PASSED": step_variables.env_lines(secrets, 6),
        "LANES": ", ".join(lane.name for lane in group),
        "LANE": ",".join(lane.name for lane in group),
        "PLATFORMS": ",".join(map(str, platforms)),
        "STAGES": textwrap.indent(f"[{stages}]", "        "),
        "FLOATING": ", ".join(floating) or "no floating tag",
        "PATTERNS": "\n".join(f'      - "{pattern}"' for pattern in _patterns(first, project.lanes)),
        "GIT_TAG": first.git_template.fill("X.Y.Z"),
        "FORMAT": first.git_template.fill("{0}"),
    }


def _channel_values(channel: Channel, project: WorkflowProject) -> dict[str, str]:
    lanes = [lane for lane in project.lanes if lane.name in channel.lanes]
    return {**_step_values(project, lanes), "CHANNEL": channel.name, "BRANCH": channel.branch}


def _patterns(lane: Lane, lanes: Sequence[Lane]) -> Iterator[str]:
    """The git tags that start a workflow: all with its prefix, so that an invalid version fails visibly.

    If there is no prefix, or that matches other lanes' git tags, only those that continue with a digit, without those
    of the others that do so as well. Nothing that a git tag's form can have is special in a filter of GitHub's.
    """
    stem = lane.git_template.before
    others = dict.fromkeys(other.git_template.before for other in lanes if other.git_tag != lane.git_tag)
    longer = [other for other in others if other.startswith(stem)]
    yield f"{stem}[0-9]*" if longer or not stem else f"{stem}*"
    yield from (f"!{other}[0-9]*" for other in longer if other.removeprefix(stem)[:1].isdecimal())


def _choose(template: str, facts: Mapping[str, bool]) -> str:
    """Evaluate conditional lines: from ``#? fact`` or ``#? !fact`` to ``#? end``."""
    kept, is_kept = [], True
    for line in template.splitlines():
        if line.startswith("#? "):
            name = line.removeprefix("#? ")
            is_kept = name == "end" or facts[name.removeprefix("!")] is not name.startswith("!")
        elif is_kept:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _fill(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match.group(1)], template)
