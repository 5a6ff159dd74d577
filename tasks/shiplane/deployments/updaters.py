"""Programs that follow an image's tags and would change re-pointed files back, and how to hold each.

A rollback in the files lasts until the next of them looks (fluxcd/flux2#4676, argoproj-labs/argocd-image-updater#1249).
Pure functions over texts; what is looked for is in one table at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from shiplane.core.text import one_line
from shiplane.deployments.positions import Lines, Scalar
from shiplane.deployments.yaml_positions import mappings
from shiplane.registry.oci.names import Repository

# Where such programs are configured, beside the deployment files themselves (docs.renovatebot.com;
# docs.github.com on dependabot.yml; the folders of Flux' and Argo CD's own examples).
RENOVATE = tuple(
    f"{folder}{name}"
    for folder, names in (
        ("", ("renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json", ".renovaterc.json5")),
        (".github/", ("renovate.json", "renovate.json5")),
        (".gitlab/", ("renovate.json", "renovate.json5")),
    )
    for name in names
)
DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")
_FOLDERS = ("apps", "argocd", "charts", "clusters", "deploy", "flux", "gitops", "helm", "infrastructure", "k8s")
USUAL_PLACES = (
    *RENOVATE,
    "package.json",
    *DEPENDABOT,
    *(f"{folder}/**/*.{ending}" for folder in _FOLDERS for ending in ("yml", "yaml")),
    *(f"{name}*.{ending}" for name in ("compose", "docker-compose") for ending in ("yml", "yaml")),
)

# Renovate's managers of image references with the files they read by default (docs.renovatebot.com/modules/manager).
_MANAGERS = (
    ("docker-compose", re.compile(r"(^|/)(docker-)?compose[^/]*\.ya?ml$")),
    ("helm-values", re.compile(r"(^|/)values\.ya?ml$")),
    ("kustomize", re.compile(r"(^|/)kustomization\.ya?ml$")),
    ("dockerfile", re.compile(r"(^|/|\.)([Dd]ocker|[Cc]ontainer)file$|(^|/)([Dd]ocker|[Cc]ontainer)file[^/]*$")),
    ("github-actions", re.compile(r"(^|/)(\.github|\.gitea|\.forgejo)/workflows/[^/]+\.ya?ml$")),
    ("gitlabci", re.compile(r"\.gitlab-ci\.ya?ml$")),
    ("terraform", re.compile(r"\.(tf|tofu)$")),
    ("nomad", re.compile(r"\.nomad$|(^|/)nomad\.hcl$")),
    ("quadlet", re.compile(r".+\.container$")),
)
_ARGO = "argocd-image-updater.argoproj.io"
_SETTER = re.compile(r"\{\s*\"\$imagepolicy\"\s*:\s*\"([^\":]*):([^\":]*)")
_KEEL = re.compile(r"[\"']?keel\.sh/policy[\"']?\s*[:=]\s*[\"']?([\w-]+)", re.ASCII)
_WATCHTOWER = re.compile(r"\b(?:containrrr|nickfedor|beatkind)/watchtower\b", re.ASCII)
_ECOSYSTEM = re.compile(r"package-ecosystem[\"']?\s*:\s*[\"']?(docker(?:-compose)?|helm)\b", re.ASCII)


@dataclass(frozen=True, order=True, kw_only=True)
class Updater:
    """A program that would change the files, or what runs, back.

    Attributes:
        path: The file that says so.
        line: Where in it, from 1.
        tool: Whose it is.
        what: What it does.
        hold: The command, or the change, that holds it.
    """

    path: str
    line: int
    tool: str
    what: str
    hold: str


@dataclass(frozen=True, kw_only=True)
class ProjectTexts:
    """The texts of a project, and where they name the image.

    Attributes:
        repository: The image.
        texts: Each file's text by its path.
        places: The lines of each file that name the image.
    """

    repository: Repository
    texts: Mapping[str, str]
    places: Mapping[str, Sequence[int]]

    @cached_property
    def objects(self) -> tuple[_Object, ...]:
        """The Kubernetes objects of all texts, read once for every look."""
        manifests = [(path, text) for path, text in self.texts.items() if "apiVersion" in text]
        return tuple(each for path, text in manifests for each in _objects_in(path, text))


@dataclass
class _Object:
    """One Kubernetes object: where it begins, and what it is called."""

    path: str
    lines: Lines
    line: int
    kind: str
    name: str = ""
    namespace: str = ""
    values: list[tuple[str, str, Scalar]] = field(default_factory=list)

    @property
    def where(self) -> str:
        """Its name and namespace as kubectl and flux take them."""
        return f"{self.name or 'NAME'} -n {self.namespace or 'NAMESPACE'}"

    def value(self, parent_key: str, key: str) -> str:
        """The first text of a key below another."""
        return next((value.text or "" for *keys, value in self.values if keys == [parent_key, key]), "")


def find_updaters(project: ProjectTexts) -> list[Updater]:
    """Every updater of the image that these files configure, in their order."""
    return sorted({updater for look in _LOOKS for updater in look(project)})


def _objects_in(path: str, text: str) -> Iterator[_Object]:
    lines, current = Lines.of(text), None
    for mapping in mappings(text):
        kind = mapping.entries.get("kind")
        if kind and "apiVersion" in mapping.entries:
            if current:
                yield current
            current = _Object(path, lines, lines.number(kind.start), kind.text or "")
        if current and mapping.parent_key == "metadata" and not current.name:
            current.name, current.namespace = (
                one_line(mapping.entries[key].text or "") if key in mapping.entries else ""
                for key in ("name", "namespace")
            )
        if current:
            current.values += [(mapping.parent_key, key, value) for key, value in mapping.entries.items()]
    if current:
        yield current


def _flux(project: ProjectTexts) -> Iterator[Updater]:
    """Flux' three kinds; the automation alone holds no image, so it counts only where this image is followed."""
    objects = [each for each in project.objects if each.kind.startswith("Image")]
    ours = [o for o in objects if o.kind == "ImageRepository" and o.value("spec", "image") == str(project.repository)]
    names = {each.name for each in ours}
    policies = [o for o in objects if o.kind == "ImagePolicy" and o.value("imageRepositoryRef", "name") in names]
    updates = [o for o in objects if o.kind == "ImageUpdateAutomation" and (ours or any(_setters(project)))]
    for each in ours:
        yield _flux_object(each, "reads this image's tags", f"flux suspend image repository {each.where}")
    for each in policies:
        yield _flux_object(each, "chooses this image's newest tag", "paused with its ImageRepository")
    for each in updates:
        yield _flux_object(each, "writes chosen tags into git", f"flux suspend image update {each.where}")


def _flux_object(manifest: _Object, what: str, hold: str) -> Updater:
    return Updater(
        path=manifest.path, line=manifest.line, tool="Flux", what=f"{manifest.kind} {manifest.name} {what}", hold=hold
    )


def _setters(project: ProjectTexts) -> Iterator[Updater]:
    for path, numbers in project.places.items():
        lines = project.texts.get(path, "").split("\n")
        for number in numbers:
            setter = _SETTER.search(lines[number - 1]) if number <= len(lines) else None
            if setter:
                namespace, name = map(one_line, setter.groups())
                yield Updater(
                    path=path,
                    line=number,
                    tool="Flux",
                    what=f"ImagePolicy {name} is applied here",
                    hold=f"flux suspend image update --all -n {namespace or 'NAMESPACE'}, or remove this comment",
                )


def _argo(project: ProjectTexts) -> Iterator[Updater]:
    for manifest in project.objects:
        for _, key, value in manifest.values:
            text = value.text or ""
            if str(project.repository) not in text:
                continue
            line = manifest.lines.number(value.start)
            if key == f"{_ARGO}/image-list":
                what = f"Application {manifest.name} follows this image"
                hold = (
                    f"kubectl annotate application {manifest.where} {key}- (and remove the annotation from this file)"
                )
            elif manifest.kind == "ImageUpdater" and key == "imageName":
                what = f"ImageUpdater {manifest.name} follows this image"
                hold = f"remove the image from this file, or kubectl delete imageupdater {manifest.where}"
            else:
                continue
            yield Updater(path=manifest.path, line=line, tool="Argo CD Image Updater", what=what, hold=hold)


def _by_line(
    tool: str, form: re.Pattern[str], what: str, hold: str, *, near: bool = False, off: str = ""
) -> Callable[[ProjectTexts], Iterator[Updater]]:
    """A look for lines of a form: anywhere, or only in files that name the image."""

    def look(project: ProjectTexts) -> Iterator[Updater]:
        for path, text in project.texts.items():
            if near and path not in project.places:
                continue
            lines = Lines.of(text)
            for match in form.finditer(text):
                start = text.rfind("\n", 0, match.start()) + 1
                if not text[start : match.start()].lstrip().startswith("#") and match.group(match.re.groups) != off:
                    yield Updater(path=path, line=lines.number(match.start()), tool=tool, what=what, hold=hold)

    return look


def _dependabot(project: ProjectTexts) -> Iterator[Updater]:
    for path in DEPENDABOT:
        text = project.texts.get(path, "")
        lines = Lines.of(text)
        ignored = re.search(rf"dependency-name[\"']?\s*:\s*[\"']?{re.escape(project.repository.path)}[\"'\s,}}]", text)
        for match in () if ignored else _ECOSYSTEM.finditer(text):
            yield Updater(
                path=path,
                line=lines.number(match.start()),
                tool="Dependabot",
                what=f"proposes newer tags ({match.group(1)})",
                hold=f'in this entry: ignore: [{{dependency-name: "{project.repository.path}"}}]',
            )


def _renovate(project: ProjectTexts) -> Iterator[Updater]:
    for path in (*RENOVATE, "package.json"):
        text = project.texts.get(path)
        config = _config(path, text) if text is not None else None
        if text is None or config == {} or (config and _is_held(config, project.repository)):
            continue
        matched = {f"{file} ({manager})": None for file in project.places for manager in _managers(file)}
        custom = "managerFilePatterns" in text or "fileMatch" in text
        if matched or custom:
            rule = {"matchDatasources": ["docker"], "matchPackageNames": [str(project.repository)], "enabled": False}
            files = ", ".join(matched) or "files that its own patterns match"
            hold = f"packageRules: {json.dumps(rule)}"
            line = text[: max(text.find('"renovate"'), 0)].count("\n") + 1 if path == "package.json" else 1
            yield Updater(path=path, line=line, tool="Renovate", what=f"proposes newer tags in {files}", hold=hold)


def _config(path: str, text: str) -> dict[str, object] | None:
    """Renovate's configuration; empty where there is none, None where it cannot be read (JSON5)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {} if path == "package.json" else None
    if not isinstance(document, dict):
        return {}
    config = document.get("renovate") if path == "package.json" else document
    return config if isinstance(config, dict) and config else {} if path == "package.json" else {"": None, **document}


def _is_held(config: dict[str, object], repository: Repository) -> bool:
    rules = config.get("packageRules")
    entries = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    names = ("matchPackageNames", "matchDepNames")
    off = [rule for rule in entries if rule.get("enabled") is False]
    return config.get("enabled") is False or any(
        isinstance(rule.get(key), list) and str(repository) in rule[key] for rule in off for key in names
    )


def _managers(path: str) -> list[str]:
    return [name for name, form in _MANAGERS if form.search(path)]


_LOOKS: tuple[Callable[[ProjectTexts], Iterator[Updater]], ...] = (
    _flux,
    _setters,
    _argo,
    _by_line(
        *("Keel", _KEEL, "follows the tags of what this file runs", "set keel.sh/policy to never"),
        near=True,
        off="never",
    ),
    _by_line(
        *("Watchtower", _WATCHTOWER, "pulls newer images for running containers"),
        'label the service: com.centurylinklabs.watchtower.enable: "false"',
    ),
    _dependabot,
    _renovate,
)
