"""What the command line looks like: every task with its flags, and nothing that a task needs to run.

A list of tasks, the help of one, or completion must not wait for a registry client to be imported; so the body of a
task is a function of the same name and parameters in the module that its decorator names, imported when it runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from invoke import Collection

from shiplane.commands.edge import shiplane_task

_IMAGE = "Repository to release to, as ghcr.io/<owner>/<name> (IMAGE_REPO)."
_PLATFORMS = "What to build for, as linux/amd64,linux/arm64 (PLATFORMS)."
_LATEST = "Whether to move the floating tag: --latest, or --latest=no (PUBLISH_LATEST)."
_TAG = "Version: 0.2.1, v0.2.1, the lane's image tag or its git tag (TAG)."
_BUILDER = "The buildx builder to use."
_SKIP = "Leave out a check (repeatable): build, gates, a gate's name, access."
_NO_LOGIN = "Push with what docker login stored instead of the credential found here."
_LANES = "Lane (repeatable); without it every lane whose Dockerfile is here."


@shiplane_task(
    "releasing",
    texts={"lane": _LANES, "tag": _TAG, "image": _IMAGE, "platforms": _PLATFORMS, "latest": _LATEST},
    iterable=("lane",),
    optional=("latest",),
)
def plan(
    *,
    lane: Sequence[str] | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
) -> None:
    """Show what a release would do; reads only.

    Every setting with where it came from, the prerequisites, the builds, and each tag before and after. Works without
    Docker and without a network: then it says that the registry was not asked.
    """


@shiplane_task(
    "releasing",
    texts={
        "lane": "Lane to publish.",
        "tag": _TAG,
        "image": _IMAGE,
        "platforms": _PLATFORMS,
        "latest": _LATEST,
        "dry_run": "Build (one platform, loaded; --platforms for more) and push nothing; needs no credentials.",
        "snapshot": "Publish an untagged commit as v0.0.0-<commit>; never moves the floating tag.",
        "builder": _BUILDER,
        "skip": _SKIP,
        "no_login": _NO_LOGIN,
    },
    iterable=("skip",),
    optional=("latest",),
)
def publish(
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
) -> None:
    """Release one lane: build, verify, name, float.

    The image is staged by digest and verified before it gets a name; the version tag is written once; the floating tag
    moves forward only, if asked; everything is read back. The same command again finishes a run that was cut off.
    """


@shiplane_task(
    "releasing",
    texts={
        "version": "Version of every lane, as 0.2.1; without it each lane's git tag at HEAD.",
        "lane": _LANES,
        "image": _IMAGE,
        "platforms": _PLATFORMS,
        "latest": _LATEST,
        "dry_run": "Build and push nothing.",
        "builder": _BUILDER,
        "skip": _SKIP,
        "no_login": _NO_LOGIN,
    },
    iterable=("lane", "skip"),
    optional=("latest",),
)
def release(
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
) -> None:
    """Release all lanes as one, all or nothing.

    No lane gets a name until every lane is staged and verified, and every version tag is written before any floating
    tag moves.
    """


@shiplane_task(
    "verifying",
    texts={
        "lane": _LANES,
        "tag": "Version to verify (TAG); without it whatever the floating tag stands for.",
        "image": _IMAGE,
        "platforms": "What each version must be there for (PLATFORMS).",
        "latest": "--latest=no: the floating tag need not be at this version (PUBLISH_LATEST).",
        "pull": "Also pull both tags with the Docker engine, as the runbook does.",
        "deep": "Also ask for every layer, config and attestation.",
        "anonymous": "Also read both tags as a stranger.",
    },
    iterable=("lane",),
    optional=("latest",),
)
def verify(
    *,
    lane: Sequence[str] | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    pull: bool = False,
    deep: bool = False,
    anonymous: bool = False,
) -> None:
    """Check what the registry really serves; reads only.

    Platforms, digests, configs, labels, and where the floating tag points. Ends with 6 when anything is wrong.
    """


@shiplane_task(
    "rehearsing",
    texts={
        "platforms": "What to build for, as linux/amd64,linux/arm64.",
        "builder": "The buildx builder to use; without it BUILDX_BUILDER, else one made for the rehearsal.",
    },
)
def rehearse(*, platforms: str | None = None, builder: str | None = None) -> None:
    """Rehearse a release on this machine; nothing leaves it.

    All lanes are released, verified, and released again one version up, against a registry that is thrown away.
    """


@shiplane_task("auth", texts={"image": _IMAGE})
def show(*, image: str | None = None) -> None:
    """Show which credential is used, and why; never a secret."""


@shiplane_task("auth", texts={"image": _IMAGE})
def login(*, image: str | None = None) -> None:
    """Store the environment's credential, as docker login does.

    The password goes to docker by standard input.
    """


@shiplane_task("auth", texts={"image": _IMAGE})
def logout(*, image: str | None = None) -> None:
    """Remove the login stored for the registry."""


@shiplane_task("checks", texts={})
def build() -> None:
    """Run the build command, as a release would."""


@shiplane_task("checks", texts={"skip": "Leave out a gate by name (repeatable)."}, iterable=("skip",))
def gates(*, skip: Sequence[str] | None = None) -> None:
    """Ask every configured gate about this very commit."""


@shiplane_task("checks", texts={"image": _IMAGE})
def access(*, image: str | None = None) -> None:
    """Prove that the credential may push, or say why not.

    Its source, a token, and an upload that is opened and left to expire.
    """


@shiplane_task("checks", texts={"platforms": _PLATFORMS, "builder": _BUILDER})
def tools(*, platforms: str | None = None, builder: str | None = None) -> None:
    """Check docker, buildx, builder, platforms, git, disk space."""


@shiplane_task("checks", texts={"image": _IMAGE})
def config(*, image: str | None = None) -> None:
    """Check the project file, the lanes, and what git knows."""


@shiplane_task(
    "checks",
    texts={
        "image": _IMAGE,
        "platforms": _PLATFORMS,
        "builder": _BUILDER,
        "skip": _SKIP,
    },
    iterable=("skip",),
    name="all",
)
def everything(
    *,
    image: str | None = None,
    platforms: str | None = None,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
) -> None:
    """The doctor: every check, side by side, with remedies.

    The exit code is that of what has to be mended first: 2 configuration, 3 tools, build and gates, 4 access,
    7 an engine or a registry that does not answer.
    """


@shiplane_task(
    "triggering",
    texts={
        "lane": "Lane whose workflow is to start.",
        "version": "Version to release: 0.2.1, v0.2.1 or the lane's own tag.",
        "dry_run": "Check everything, tag and push nothing.",
    },
)
def trigger(*, lane: str | None = None, version: str | None = None, dry_run: bool = False) -> None:
    """Tag HEAD and push the git tag that starts CI.

    After the checks: a clean tree, HEAD on the remote, a version that is new and higher than the lane's newest.
    """


def namespace() -> Collection:
    """Every task, as Invoke lists them. None of them is a default task: a bare command must not do anything."""
    auth = Collection("auth", show, login, logout)
    auth.__doc__ = "Credentials: which one is used, login and logout."
    check = Collection("check", build, gates, access, tools, config, everything)
    check.__doc__ = "The prerequisites of a release, each alone, and all of them: the doctor."
    return Collection(plan, publish, release, verify, rehearse, trigger, auth, check)
