"""The images that compose files build under the project's own name, each as a lane could build it.

Source: docs.docker.com, "Compose file reference", "services", "build", "Interpolation" and "Fragments".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shiplane.init.sources import Remark, Source
from shiplane.init.toml_text import Value
from shiplane.init.workflows.build_inputs import BuildInputs, Lines, rejection
from shiplane.init.workflows.expressions import LONGEST, is_open
from shiplane.init.workflows.published_image import PublishedImage, dockerfile_suffix, repository_of
from shiplane.init.workflows.yaml_nodes import Node
from shiplane.registry.oci.names import Repository

_MOST = 64
_SHOWN = 80
_INTERPOLATION = re.compile(
    r"\$\$|\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?:(?P<sign>:?[-+?])(?P<rest>[^${}]*))?\})", re.ASCII
)
_REQUIRED = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?\?[^${}]*)?\})", re.ASCII)
_REFERENCE = re.compile(r"\$\{[^{}]*\}|\$\w+", re.ASCII)
_VERSION = re.compile(r"v?[0-9][0-9a-z.]*", re.ASCII)
# What a tag or a target is called that says nothing of the image.
_STATES = {"latest", "edge", "main", "master", "nightly", "next", "stable", "staging", "prod", "production", "release"}
_FOR_DEVELOPMENT = {"dev", "devel", "develop", "development", "test", "tests", "ci", "local", "debug"}
_PLAIN = {"context", "dockerfile"}
_READ = _PLAIN | {"target", "args", "platforms", "labels", "tags", "provenance", "sbom"}
# What a release does anyway, or its builder decides.
_HARMLESS = {"pull", "no_cache"}
_LATER = "it is only known when compose runs"
_NOTHING = Node()
_NO_SETTING = "a lane has no such setting"
_CACHE = "a lane has one cache, which it reads and writes: cache in its table"
# What a lane has in another form.
_BY_HAND = {
    "secrets": "name the variable or the file of each: secrets in the lane's table",
    "cache_from": _CACHE,
    "cache_to": _CACHE,
}


@dataclass
class ComposeReader:
    """Reads the compose files of a project.

    Attributes:
        slug: ``owner/name`` on GitHub; empty where that is unknown.
        own: The repositories that are known to be the project's.
        remarks: What could not be translated, after :meth:`images`.
    """

    slug: str = ""
    own: Sequence[str] = ()
    remarks: list[Remark] = field(default_factory=list)

    def images(self, files: Mapping[str, Node]) -> list[PublishedImage]:
        """The images, one for each build: of services of one name the first file's counts."""
        services: dict[str, _Service] = {}
        for path, root in files.items():
            self._remark(
                Source(path, root.at("include").line), "include", root.at("include"), "other files are not read"
            )
            for service in _services(path, root):
                services.setdefault(service.name, service)
        kept = [service for service in services.values() if not self._extends(service)]
        named = [(service, *self._repositories(service)) for service in kept]
        images = [image for service, is_own, own in named if is_own and (image := self._image(service, own))]
        self._remark_on_others([service for service, is_own, _ in named if not is_own], images)
        return list(_told_apart(_one_for_each_build(images)))

    def _extends(self, service: _Service) -> bool:
        node = service.entries.get("extends", _NOTHING)
        self._remark(service.at(node), "extends", node, "what it extends is not read: no lane is made of this service")
        return "extends" in service.entries

    def _repositories(self, service: _Service) -> tuple[bool, tuple[str, ...]]:
        """Whether it is an image of the project, and its repositories as far as they are known."""
        is_own, found = False, dict[str, None]()
        for node in (service.entries.get("image", _NOTHING), *service.build.get("tags", _NOTHING).items):
            name = _name_and_tag(_filled(node.text))[0]
            repository = "" if is_open(name) else repository_of(name)
            if "$" in node.text and not repository:
                is_own = True
                self._remark(service.at(node), "image", node, f"the repository: {_LATER}")
            elif repository and self._is_own(repository):
                is_own = True
                found |= {} if "docker.io/library/" in repository else {repository: None}
        return is_own, tuple(found)

    def _is_own(self, repository: str) -> bool:
        owner, _, name = self.slug.lower().partition("/")
        path = repository.partition("/")[2]
        if Repository.parse(repository).is_loopback:
            return False
        if path.startswith("library/"):
            return path == f"library/{name}"
        return repository in self.own or path.startswith(f"{owner}/" if owner else "")

    def _image(self, service: _Service, repositories: tuple[str, ...]) -> PublishedImage | None:
        """The image of a service; None if no lane could build it, which is told."""
        platforms = self._platforms(service)
        values: dict[str, Value] = {"dockerfile": service.dockerfile, "context": service.context}
        values |= {"target": service.target} if service.target else {}
        values |= {"platforms": list(platforms)} if platforms else {}
        problem = service.problem or rejection(values)
        if problem:
            self.remarks.append(Remark(service.source, f"{service.name}: {_shown(service.build)}", problem))
            return None
        self._remark_on_rest(service)
        hint, suffix = service.hint, dockerfile_suffix(service.dockerfile)
        return PublishedImage(
            source=service.source,
            names=(hint, service.target, service.name, suffix),
            dockerfile=service.dockerfile,
            context=service.context,
            target=service.target,
            platforms=platforms,
            build=self._build(service),
            images=repositories,
            variant="" if suffix else hint,
        )

    def _platforms(self, service: _Service) -> tuple[str, ...]:
        node = service.build.get("platforms") or service.entries.get("platform", _NOTHING)
        texts = tuple(map(_filled, node.texts))
        if not any(map(is_open, texts)):
            return texts
        self._remark(service.at(node), "platforms", node, _LATER)
        return ()

    def _build(self, service: _Service) -> dict[str, Value]:
        """The keys of a lane's table for what else is given."""
        inputs: dict[str, Lines] = {
            "build-args": list(self._lines(service, "args", are_variables=True)),
            "labels": list(self._lines(service, "labels", are_variables=False)),
        }
        for key in ("provenance", "sbom"):
            node = service.build.get(key, _NOTHING)
            inputs[key] = [(service.at(node, f"{key}: {node.text}"), node.text)] if node.text else []
        return BuildInputs(inputs, self.remarks).keys()

    def _lines(self, service: _Service, key: str, *, are_variables: bool) -> Iterator[tuple[Source, str]]:
        """Each pair as a line of docker/build-push-action's input; a name alone is a variable's."""
        for name, node, text in _pairs(service.build.get(key, _NOTHING)):
            source = service.at(node, name if text is None else f"{name}: {text[:_SHOWN]}")
            variable = _REQUIRED.fullmatch(text or "") if are_variables else None
            if is_open(name) or len(text or "") > LONGEST:
                self.remarks.append(
                    Remark(source, source.text, _LATER if is_open(name) else "it is too long to be read")
                )
            elif variable:
                yield source, f"{name}=${{{{ vars.{variable[1] or variable[2]} }}}}"
            elif "$" in (text or "").replace("$$", ""):
                self.remarks.append(Remark(source, source.text, f"{_LATER}: a lane has a value, or a variable alone"))
            else:
                yield source, name if text is None and are_variables else f"{name}={(text or '').replace('$$', '$')}"

    def _remark_on_rest(self, service: _Service) -> None:
        for key, node in service.build.items():
            if key not in _READ | _HARMLESS:
                self._remark(service.at(node), key, node, _BY_HAND.get(key, _NO_SETTING))
        profiles = service.entries.get("profiles", _NOTHING)
        self._remark(service.at(profiles), "profiles", profiles, _NO_SETTING)

    def _remark_on_others(self, services: Iterable[_Service], images: Sequence[PublishedImage]) -> None:
        """Tell of what is built under no name of the project, unless its Dockerfile alone says as much."""
        built = {(image.dockerfile, image.context) for image in images}
        for service in services:
            says_more = "image" in service.entries or not set(service.build) <= _PLAIN
            if says_more and (service.dockerfile, service.context) not in built:
                reason = "it names no image of this project: no lane is made of this build"
                self.remarks.append(Remark(service.source, f"{service.name}: {_shown(service.build)}", reason))

    def _remark(self, source: Source, key: str, node: Node, reason: str) -> None:
        """Tell of a key, if it is there."""
        if node.line:
            text = ", ".join([*node.texts, *node.entries])
            self.remarks.append(Remark(source, f"{key}: {text[:_SHOWN]}", reason))


@dataclass(frozen=True, kw_only=True)
class _Service:
    """A service that is built.

    Attributes:
        name: Of the service.
        source: Where it begins.
        entries: What it says, with what is merged into it.
        build: What its build says, as a table.
    """

    name: str
    source: Source
    entries: Mapping[str, Node]
    build: Mapping[str, Node]

    def at(self, node: Node, text: str = "") -> Source:
        """Where one of its values is."""
        return Source(self.source.path, node.line or self.source.line, text)

    def text(self, key: str) -> str:
        """A value of its build, filled."""
        return _filled(self.build.get(key, _NOTHING).text)

    @property
    def context(self) -> str:
        """The folder that is sent to the builder."""
        return posixpath.normpath(self.text("context") or ".")

    @property
    def dockerfile(self) -> str:
        """From the project's root: compose looks for it in the context."""
        return posixpath.normpath(posixpath.join(self.context, self.text("dockerfile") or "Dockerfile"))

    @property
    def target(self) -> str:
        """The stage; empty for the last."""
        return self.text("target")

    @property
    def hint(self) -> str:
        """What its tag says beside the version."""
        image = self.entries.get("image", _NOTHING).text[:LONGEST]
        for _ in range(3):
            image = _REFERENCE.sub("", image)
        parts = re.split(r"[-_.]", _VERSION.sub("", _name_and_tag(image)[1].lower()))
        return "-".join(part for part in parts if part and part not in _STATES | _FOR_DEVELOPMENT)

    @property
    def problem(self) -> str:
        """Why no lane can build it; empty if one can."""
        if "dockerfile_inline" in self.build:
            return "its Dockerfile is written in the compose file: a lane has a file of its own"
        if any(map(is_open, (self.context, self.dockerfile, self.target))):
            return _LATER
        if any(path.startswith(("/", "~", "..")) or set(path) & set(":\\") for path in (self.context, self.dockerfile)):
            return "it is not built from a folder of this project"
        is_for_development = {self.target.lower(), dockerfile_suffix(self.dockerfile).lower()} & _FOR_DEVELOPMENT
        return "it is a build for development" if is_for_development else ""


def _services(path: str, root: Node) -> Iterator[_Service]:
    """The services that have a build, or get one by what they extend."""
    services = root.at("services")
    for name, node in [*_merged(services).items()][:_MOST]:
        entries = _merged(node)
        build = entries.get("build", _NOTHING)
        table = _merged(build) if build.entries else {"context": build} if build.text and not build.is_null else {}
        if table or "extends" in entries:
            source = Source(path, services.keys.get(name, node.line), name)
            yield _Service(name=name, source=source, entries=entries, build=table)


def _merged(node: Node) -> dict[str, Node]:
    """The entries of a table with those of its merge keys: its own count first, then those of the first merged."""
    merged: dict[str, Node] = {}
    seen, stack = set[int](), [node]
    while stack:
        each = stack.pop()
        if id(each) not in seen:
            seen.add(id(each))
            for key, value in each.entries.items():
                merged.setdefault(key, value)
            source = each.entries.get("<<", _NOTHING)
            stack += [*reversed(source.items), source]
    merged.pop("<<", None)
    return merged


def _pairs(node: Node) -> Iterator[tuple[str, Node, str | None]]:
    """The names of a list or a table with their values; None where there is none."""
    for name, value in _merged(node).items():
        yield name, value, None if value.is_null else value.text
    for item in node.items:
        name, equals, text = item.text.partition("=")
        yield name, item, text if equals else None


def _filled(text: str) -> str:
    """A text with the defaults of its variables; others stay, as ``${NAME}``."""
    for _ in range(3):  # a default may be made of others
        text = _INTERPOLATION.sub(_default, text[:LONGEST])
    return text.replace("$$", "$")


def _default(match: re.Match[str]) -> str:
    if match["sign"] in ("-", ":-"):
        return match["rest"]
    name = match["bare"] or match["name"]
    return f"${{{name}}}" if name else match[0]


def _name_and_tag(image: str) -> tuple[str, str]:
    """The name of an image, and its tag."""
    folder, slash, rest = image.partition("@")[0].rpartition("/")
    name, _, tag = rest.partition(":")
    return f"{folder}{slash}{name}", tag


def _shown(build: Mapping[str, Node]) -> str:
    return ", ".join(f"{key} {node.text}".strip() for key, node in build.items())[:_SHOWN]


def _one_for_each_build(images: Iterable[PublishedImage]) -> list[PublishedImage]:
    """The images, those that are built alike as one."""
    kept: dict[str, PublishedImage] = {}
    for image in images:
        key = repr((image.dockerfile, image.context, image.target, image.build))
        first = kept.setdefault(key, image)
        kept[key] = replace(first, images=tuple(dict.fromkeys((*first.images, *image.images))))
    return list(kept.values())


def _told_apart(images: Iterable[PublishedImage]) -> Iterator[PublishedImage]:
    """The images, each further one of a Dockerfile with what its lane could be called."""
    seen = set[str]()
    for image in sorted(images, key=lambda one: bool(one.names[0])):
        name = image.variant or dockerfile_suffix(image.dockerfile)
        yield replace(image, variant=next(filter(None, image.names), "")) if name in seen else image
        seen.add(name)
