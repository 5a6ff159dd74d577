"""A bake definition: what buildx is asked to build, as a value.

Bake reads JSON strings as HCL templates, so ``${`` and ``%{`` in a value must be doubled to stay what they are
(buildx docs/bake-reference.md; HCL "Template Expressions").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shiplane.model.image import Platform, Repository
from shiplane.model.plan import LanePlan, Plan


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
    """

    name: str
    dockerfile: str
    context: str
    platforms: tuple[Platform, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    push: Repository | None = None
    load: str = ""


def staging(plan: Plan, lanes: Iterable[LanePlan]) -> list[Build]:
    """The builds of a real release: every platform, pushed by digest."""
    return [_build(plan, lane, platforms=plan.platforms.value, push=plan.repository) for lane in lanes]


def trial(plan: Plan, first: Platform, others: Sequence[Platform]) -> list[Build]:
    """The builds of a dry run: one platform loaded into the local engine, the others only built."""
    builds = []
    for lane in plan.lanes:
        builds.append(_build(plan, lane, platforms=(first,), load=local_name(plan, lane)))
        if others:
            builds.append(_build(plan, lane, platforms=tuple(others), name=f"{lane.lane.name}-others"))
    return builds


def local_name(plan: Plan, lane: LanePlan) -> str:
    """The local name of a dry run's image: under ``localhost/``, so that it can be mistaken for nothing published."""
    return f"localhost/{plan.repository.path}:{lane.tag}"


def definition(builds: Iterable[Build]) -> dict[str, Any]:
    """The definition as bake reads it from JSON."""
    targets = {build.name: _target(build) for build in builds}
    return {"group": {"default": {"targets": list(targets)}}, "target": targets}


def _build(
    plan: Plan,
    lane: LanePlan,
    *,
    platforms: tuple[Platform, ...],
    name: str = "",
    push: Repository | None = None,
    load: str = "",
) -> Build:
    return Build(
        name=name or lane.lane.name,
        dockerfile=lane.lane.dockerfile,
        context=lane.lane.context,
        platforms=platforms,
        labels=plan.labels(lane),
        push=push,
        load=load,
    )


def _target(build: Build) -> dict[str, Any]:
    target: dict[str, Any] = {
        "context": build.context,
        "dockerfile": build.dockerfile,
        "platforms": [str(platform) for platform in build.platforms],
        "labels": {key: literal(value) for key, value in build.labels.items()},
        "output": [_output(build)],
    }
    if build.push:
        # Named, not inherited: the defaults changed between BuildKit releases, and with them every digest.
        target["attest"] = ["type=provenance,mode=min"]
        target["annotations"] = [
            literal(f"{kind}:{key}={value}") for kind in ("index", "manifest") for key, value in build.labels.items()
        ]
    else:
        target["attest"] = ["type=provenance,disabled=true"]
    if build.load:
        target["tags"] = [build.load]
    return target


def _output(build: Build) -> str:
    if build.push:
        # An untagged name and push-by-digest: BuildKit writes content and no name at all. store=false: a builder with
        # an image store would name it there too, and two lanes at once collide on that name ("already exists").
        fixed = "push-by-digest=true,push=true,store=false,oci-mediatypes=true,oci-artifact=false"
        # Plain http is for this machine alone, and BuildKit has to be told.
        plain = ",registry.insecure=true" if build.push.is_loopback else ""
        return f"type=image,name={literal(str(build.push))},{fixed}{plain}"
    return "type=docker" if build.load else "type=cacheonly"


def literal(text: str) -> str:
    """A text that bake's template reader leaves as it is."""
    return text.replace("${", "$${").replace("%{", "%%{")
