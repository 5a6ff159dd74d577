"""What would undo a re-pointing: the programs that follow an image's tags on their own, and how each is held.

A rollback in the files lasts until the next of them looks (fluxcd/flux2#4676, argoproj-labs/argocd-image-updater#1249).
Pure functions over texts; what is looked for is in one table at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from shiplane.core.redact import one_line
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
class Undoer:
    """Something that would change the files, or what runs, back.

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
class Scene:
    """Everything to judge by.

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
        known = [(path, text) for path, text in self.texts.items() if "apiVersion" in text]
        return tuple(found for path, text in known for found in _objects_in(path, text))


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

    def value(self, under: str, key: str) -> str:
        """The first text of a key below another."""
        return next((value.text or "" for place, name, value in self.values if (place, name) == (under, key)), "")


def undoers(scene: Scene) -> list[Undoer]:
    """Everything in these files that would undo a re-pointing of the image, in their order."""
    return sorted({found for look in _LOOKS for found in look(scene)})


def _objects_in(path: str, text: str) -> Iterator[_Object]:
    lines, current = Lines.of(text), None
    for known in mappings(text):
        kind = known.entries.get("kind")
        if kind and "apiVersion" in known.entries:
            if current:
                yield current
            current = _Object(path, lines, lines.number(kind.start), kind.text or "")
        if current and known.under == "metadata" and not current.name:
            current.name, current.namespace = (
                one_line(known.entries[key].text or "") if key in known.entries else "" for key in ("name", "namespace")
            )
        if current:
            current.values += [(known.under, key, value) for key, value in known.entries.items()]
    if current:
        yield current


def _flux(scene: Scene) -> Iterator[Undoer]:
    """Flux' three kinds; the automation alone holds no image, so it counts only where this image is followed."""
    objects = [found for found in scene.objects if found.kind.startswith("Image")]
    ours = [o for o in objects if o.kind == "ImageRepository" and o.value("spec", "image") == str(scene.repository)]
    names = {found.name for found in ours}
    policies = [o for o in objects if o.kind == "ImagePolicy" and o.value("imageRepositoryRef", "name") in names]
    updates = [o for o in objects if o.kind == "ImageUpdateAutomation" and (ours or any(_setters(scene)))]
    for found in ours:
        yield _flux_object(found, "reads this image's tags", f"flux suspend image repository {found.where}")
    for found in policies:
        yield _flux_object(found, "chooses this image's newest tag", "held with its ImageRepository")
    for found in updates:
        yield _flux_object(found, "writes chosen tags into git", f"flux suspend image update {found.where}")


def _flux_object(found: _Object, what: str, hold: str) -> Undoer:
    return Undoer(path=found.path, line=found.line, tool="Flux", what=f"{found.kind} {found.name} {what}", hold=hold)


def _setters(scene: Scene) -> Iterator[Undoer]:
    for path, numbers in scene.places.items():
        lines = scene.texts.get(path, "").split("\n")
        for number in numbers:
            found = _SETTER.search(lines[number - 1]) if number <= len(lines) else None
            if found:
                namespace, name = map(one_line, found.groups())
                yield Undoer(
                    path=path,
                    line=number,
                    tool="Flux",
                    what=f"ImagePolicy {name} is written here",
                    hold=f"flux suspend image update --all -n {namespace or 'NAMESPACE'}, or take this comment away",
                )


def _argo(scene: Scene) -> Iterator[Undoer]:
    for found in scene.objects:
        for _, key, value in found.values:
            text = value.text or ""
            if str(scene.repository) not in text:
                continue
            line = found.lines.number(value.start)
            if key == f"{_ARGO}/image-list":
                what = f"Application {found.name} follows this image"
                hold = f"kubectl annotate application {found.where} {key}- (and take the annotation out of this file)"
            elif found.kind == "ImageUpdater" and key == "imageName":
                what = f"ImageUpdater {found.name} follows this image"
                hold = f"take the image out of this file, or kubectl delete imageupdater {found.where}"
            else:
                continue
            yield Undoer(path=found.path, line=line, tool="Argo CD Image Updater", what=what, hold=hold)


def _by_line(
    tool: str, form: re.Pattern[str], what: str, hold: str, *, near: bool = False, off: str = ""
) -> Callable[[Scene], Iterator[Undoer]]:
    """A look for lines of a form: anywhere, or only in files that name the image."""

    def look(scene: Scene) -> Iterator[Undoer]:
        for path, text in scene.texts.items():
            if near and path not in scene.places:
                continue
            lines = Lines.of(text)
            for found in form.finditer(text):
                start = text.rfind("\n", 0, found.start()) + 1
                if not text[start : found.start()].lstrip().startswith("#") and found.group(found.re.groups) != off:
                    yield Undoer(path=path, line=lines.number(found.start()), tool=tool, what=what, hold=hold)

    return look


def _dependabot(scene: Scene) -> Iterator[Undoer]:
    for path in DEPENDABOT:
        text = scene.texts.get(path, "")
        lines = Lines.of(text)
        ignored = re.search(rf"dependency-name[\"']?\s*:\s*[\"']?{re.escape(scene.repository.path)}[\"'\s,}}]", text)
        for found in () if ignored else _ECOSYSTEM.finditer(text):
            yield Undoer(
                path=path,
                line=lines.number(found.start()),
                tool="Dependabot",
                what=f"proposes newer tags ({found.group(1)})",
                hold=f'in this entry: ignore: [{{dependency-name: "{scene.repository.path}"}}]',
            )


def _renovate(scene: Scene) -> Iterator[Undoer]:
    for path in (*RENOVATE, "package.json"):
        text = scene.texts.get(path)
        config = _config(path, text) if text is not None else None
        if text is None or config == {} or (config and _is_held(config, scene.repository)):
            continue
        matched = {f"{file} ({manager})": None for file in scene.places for manager in _managers(file)}
        custom = "managerFilePatterns" in text or "fileMatch" in text
        if matched or custom:
            rule = {"matchDatasources": ["docker"], "matchPackageNames": [str(scene.repository)], "enabled": False}
            files = ", ".join(matched) or "files that its own patterns name"
            hold = f"packageRules: {json.dumps(rule)}"
            line = text[: max(text.find('"renovate"'), 0)].count("\n") + 1 if path == "package.json" else 1
            yield Undoer(path=path, line=line, tool="Renovate", what=f"proposes newer tags in {files}", hold=hold)


def _config(path: str, text: str) -> dict[str, object] | None:
    """Renovate's configuration; empty where there is none, None where it cannot be read (JSON5)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {} if path == "package.json" else None
    if not isinstance(document, dict):
        return {}
    found = document.get("renovate") if path == "package.json" else document
    return found if isinstance(found, dict) and found else {} if path == "package.json" else {"": None, **document}


def _is_held(config: dict[str, object], repository: Repository) -> bool:
    rules = config.get("packageRules")
    known = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    names = ("matchPackageNames", "matchDepNames")
    off = [rule for rule in known if rule.get("enabled") is False]
    return config.get("enabled") is False or any(
        isinstance(rule.get(key), list) and str(repository) in rule[key] for rule in off for key in names
    )


def _managers(path: str) -> list[str]:
    return [name for name, form in _MANAGERS if form.search(path)]


_LOOKS: tuple[Callable[[Scene], Iterator[Undoer]], ...] = (
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
