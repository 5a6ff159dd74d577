"""A bake definition: what buildx is asked to build, as a value.

Bake reads JSON strings as HCL templates, so ``${`` and ``%{`` in a value must be doubled to stay what they are
(buildx docs/bake-reference.md; HCL "Template Expressions").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from posixpath import relpath
from types import MappingProxyType
from typing import Any

from shiplane.config.build_settings import NOTHING_GIVEN, BuildSettings
from shiplane.config.plan import LanePlan, Plan
from shiplane.registry.oci.names import Platform, Repository

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Build:
    """One target: a lane's image, for some platforms, with one destination.

    Attributes:
        name: The target's name, and the lane's.
        dockerfile: Relative to the project's root.
        context: Relative to the project's root.
        platforms: What it is built for.
        labels: Of each image's config, and of manifests and index as annotations when it is pushed.
        push: The repository that it is pushed to by digest, or None.
        load: The local name under which the engine gets it, or nothing.
        settings: What else the build is given.
    """

    name: str
    dockerfile: str
    context: str
    platforms: tuple[Platform, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    push: Repository | None = None
    load: str = ""
    settings: BuildSettings = NOTHING_GIVEN

    @property
    def cached_at(self) -> str:
        """The place of its cache, or nothing."""
        return self.settings.cache.place if self.settings.cache else ""

    @property
    def without_cache(self) -> Build:
        """The same with nothing but what the builder itself has kept."""
        return replace(self, settings=replace(self.settings, cache=None))


def staging(plan: Plan, lanes: Iterable[LanePlan], platforms: Sequence[Platform] | None = None) -> list[Build]:
    """The builds of a real release, pushed by digest: for every platform, or for some of them only."""
    wanted = tuple(platforms or plan.platforms.value)
    return [_build(plan, lane, platforms=wanted, push=plan.repository) for lane in lanes]


def trial(plan: Plan, first: Platform, others: Sequence[Platform]) -> list[Build]:
    """The builds of a dry run: one platform loaded into the local engine, the others only built."""
    builds = []
    for lane_plan in plan.lanes:
        builds.append(_build(plan, lane_plan, platforms=(first,), load=local_name(plan, lane_plan)))
        if others:
            builds.append(_build(plan, lane_plan, platforms=tuple(others), name=f"{lane_plan.lane.name}-others"))
    return builds


def local_name(plan: Plan, lane_plan: LanePlan) -> str:
    """The local name of a dry run's image: under ``localhost/``, so that it can be mistaken for nothing published."""
    return f"localhost/{plan.repository.path}:{lane_plan.tag}"


def definition(builds: Iterable[Build], env: Mapping[str, str] = _NOTHING) -> dict[str, Any]:
    """The definition as bake reads it from JSON.

    Args:
        builds: The targets.
        env: Where build args take the values that they name; not secrets, which buildx takes from its own.
    """
    targets = {build.name: _target(build, env) for build in builds}
    return {"group": {"default": {"targets": list(targets)}}, "target": targets}


def _build(
    plan: Plan,
    lane_plan: LanePlan,
    *,
    platforms: tuple[Platform, ...],
    name: str = "",
    push: Repository | None = None,
    load: str = "",
) -> Build:
    return Build(
        name=name or lane_plan.lane.name,
        dockerfile=lane_plan.lane.dockerfile,
        context=lane_plan.lane.context,
        platforms=platforms,
        labels=plan.labels(lane_plan),
        push=push,
        load=load,
        settings=lane_plan.lane.build,
    )


def _target(build: Build, env: Mapping[str, str]) -> dict[str, Any]:
    target: dict[str, Any] = {
        "context": _local(build.context),
        "dockerfile": literal(_beside(build.context, build.dockerfile)),
        "platforms": [str(platform) for platform in build.platforms],
        "labels": {key: literal(value) for key, value in build.labels.items()},
        "output": [_output(build)],
    }
    if build.push:
        # An image for one platform with nothing beside it is no index, and BuildKit refuses annotations for one.
        indexed = len(build.platforms) > 1 or build.settings.attested
        target["annotations"] = [
            literal(f"{kind}:{key}={value}")
            for kind in (("index", "manifest") if indexed else ("manifest",))
            for key, value in build.labels.items()
        ]
    if build.load:
        target["tags"] = [build.load]
    return {**target, **_given(build, env), **_cached(build), "attest": _attest(build)}


def _beside(context: str, dockerfile: str) -> str:
    """A Dockerfile's path from its context: bake joins the two (buildx bake/bake.go, toBuildOpt), ours are the root's.

    A Dockerfile outside of the context stays there: BuildKit gets its folder by itself, and looks beside it for
    ``<Dockerfile>.dockerignore``, else for ``.dockerignore`` in the context.
    """
    # Cleaned of its "./", such a context reads as a remote just there, and nothing is joined.
    return dockerfile if context.startswith("github.com/") else relpath(dockerfile, context)


def _given(build: Build, env: Mapping[str, str]) -> dict[str, Any]:
    """Target, build args, and where secrets are found."""
    settings = build.settings
    given: dict[str, Any] = {"target": literal(settings.target)} if settings.target else {}
    args = {arg.name: literal(env.get(arg.env, "") if arg.env else arg.value) for arg in settings.args}
    given |= {"args": args} if args else {}
    given |= {"secret": [literal(str(secret)) for secret in settings.secrets]} if settings.secrets else {}
    return given


def _cached(build: Build) -> dict[str, list[str]]:
    """Read from every build's cache; written to by a push alone, since a dry run changes nothing that others see."""
    cache = build.settings.cache
    if cache is None:
        return {}
    part = cache.at(build.platforms[0].dashed if len(build.platforms) == 1 else "")
    sources = [part.source] if part == cache else [part.source, cache.source]
    return {
        "cache-from": [literal(source) for source in sources],
        **({"cache-to": [literal(part.target)]} if build.push else {}),
    }


def _attest(build: Build) -> list[str]:
    """Named, not inherited: the defaults changed between BuildKit releases, and with them every digest."""
    settings = build.settings if build.push else BuildSettings(provenance="")
    provenance = f"mode={settings.provenance}" if settings.provenance else "disabled=true"
    return [f"type=provenance,{provenance}", *(["type=sbom"] if settings.sbom else [])]


def _output(build: Build) -> str:
    if build.push:
        # An untagged name and push-by-digest: BuildKit writes content and no name at all. store=false: a builder with
        # an image store would name it there too, and two lanes at once collide on that name ("already exists").
        fixed = "push-by-digest=true,push=true,store=false,oci-mediatypes=true,oci-artifact=false"
        # Plain http is for this machine alone, and BuildKit has to be told.
        plain = ",registry.insecure=true" if build.push.is_loopback else ""
        return f"type=image,name={literal(str(build.push))},{fixed}{plain}"
    return "type=docker" if build.load else "type=cacheonly"


def _local(path: str) -> str:
    """A folder of the project as a context that is nothing else: ``github.com/x`` alone is a remote, ``-`` an input."""
    return literal(path if path == "." else f"./{path}")


def literal(text: str) -> str:
    """A text that bake's template reader leaves as it is."""
    return text.replace("${", "$${").replace("%{", "%%{")
