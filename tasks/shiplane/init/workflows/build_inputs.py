"""What the inputs of a step that builds come to in a lane's table: build args, labels, secrets, cache, proofs.

Source: docker/build-push-action, README.md, "inputs"; docker/metadata-action, README.md, "labels" and "annotations".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shiplane.config.project_file import parse_project_file
from shiplane.core.errors import UsageError
from shiplane.init.sources import Remark, Source
from shiplane.init.toml_text import Value
from shiplane.init.workflows.expressions import EXPRESSION
from shiplane.registry.oci.manifest import CREATED, REVISION, SOURCE, VERSION

Lines = Sequence[tuple[Source, str]]
# Inputs that a lane's table has keys for.
INPUTS = (
    *("build-args", "labels", "annotations", "secrets", "secret-envs", "secret-files"),
    *("cache-from", "cache-to", "provenance", "sbom"),
)
_OF_RELEASE = {SOURCE, REVISION, VERSION, CREATED}
_OUTPUT = re.compile(r"\$\{\{\s*steps\.[\w-]+\.outputs\.(?:labels|annotations)\s*\}\}")
_SECRET = re.compile(r"\"?([\w.-]+)=\$\{\{\s*secrets\.(\w+)\s*\}\}\"?")
_VARIABLE = re.compile(r"\$\{\{\s*vars\.(\w+)\s*\}\}")
_ANY_SECRET = re.compile(r"\$\{\{[^}]*\bsecrets\.")
# What would be read as a placeholder in a project file.
_BRACED = re.compile(r"\{([a-z][a-z0-9_-]*)\}")
# To which manifests an annotation goes: a lane's go to all.
_LEVEL = re.compile(r"^(?:(?:index|manifest)(?:-descriptor)?(?:\[[^\]]*\])?,?)+:")
_SWITCH: dict[str, bool] = {"true": True, "false": False}
_PROVENANCE: dict[str, Value] = {"true": "min", "false": False, "mode=min": "min", "mode=max": "max"}
_LATER = "its value is only known when the workflow runs"
_MODES: dict[str, dict[str, Value]] = {"max": {"mode": "max"}}
_NO_CACHE = "a lane has no such cache"
_CACHES = {
    "gha": "the new workflows keep no layers in the cache of GitHub Actions, which any job can write to: "
    'cache = { type = "registry", ref = "..." } keeps them in a registry',
    "local": "it is in a folder of one machine",
}


@dataclass
class BuildInputs:
    """Reads the inputs of one step.

    Attributes:
        inputs: The lines of each, filled.
        remarks: Where :meth:`keys` adds what could not be translated.
    """

    inputs: Mapping[str, Lines]
    remarks: list[Remark] = field(default_factory=list)

    def keys(self) -> dict[str, Value]:
        """The keys of the lane's table that differ from their defaults, each as the project file will take it."""
        keys: dict[str, Value] = {
            "build-args": dict(self._accepted("build-args", self._build_args())),
            "labels": dict(self._accepted("labels", self._labels("labels"))),
            "annotations": dict(self._accepted("annotations", self._labels("annotations"))),
            "secrets": dict(self._accepted("secrets", self._secrets())),
        }
        for key, read in {"cache": self._cache, "provenance": self._provenance, "sbom": self._sbom}.items():
            keys.update((key, value) for source, value in read() if self._is_accepted(source, key, value))
        return {key: value for key, value in keys.items() if value != {}}

    def _accepted(self, key: str, entries: Iterator[tuple[Source, str, Value]]) -> Iterator[tuple[str, Value]]:
        for source, name, value in entries:
            if self._is_accepted(source, key, {name: value}):
                yield name, value

    def _is_accepted(self, source: Source, key: str, value: Value) -> bool:
        """Whether a project file can have the value: else one odd line would keep all the rest from being used."""
        if problem := rejection({key: value}):
            self._leave_out(source, problem)
        return not problem

    def _build_args(self) -> Iterator[tuple[Source, str, Value]]:
        for source, line in self.inputs.get("build-args", ()):
            name, has_value, text = line.partition("=")
            variable = _VARIABLE.fullmatch(text)
            value = _with_placeholders(text)
            if _ANY_SECRET.search(text):
                self._leave_out(source, "build args are public in the image: give it as a secret of the build")
            elif variable or not has_value:
                yield source, name, {"env": variable[1] if variable else name}
            elif value is None:
                self._leave_out(source, _LATER)
            else:
                yield source, name, value

    def _labels(self, key: str) -> Iterator[tuple[Source, str, Value]]:
        for source, line in self.inputs.get(key, ()):
            name, _, text = _LEVEL.sub("", line).partition("=")
            value = _with_placeholders(text)
            if _OUTPUT.fullmatch(line):
                self._leave_out(
                    source, f"title, description, url and licenses are not taken from GitHub: write them into {key}"
                )
            elif name in _OF_RELEASE:
                continue  # set anyway
            elif value is None:
                self._leave_out(source, _LATER)
            else:
                yield source, name, value

    def _secrets(self) -> Iterator[tuple[Source, str, Value]]:
        for source, line in self.inputs.get("secrets", ()):
            if match := _SECRET.fullmatch(line):
                yield source, match[1], {"env": match[2]}
            else:
                self._leave_out(source, "this secret of the build is not one of GitHub's")
        for key, kind in (("secret-envs", "env"), ("secret-files", "file")):
            for source, line in self.inputs.get(key, ()):
                name, _, value = line.partition("=")
                yield source, name, {kind: value}

    def _cache(self) -> Iterator[tuple[Source, Value]]:
        """The cache that is written to, if it is one in a registry; a lane has one, and reads and writes it."""
        written, read = self.inputs.get("cache-to", ()), self.inputs.get("cache-from", ())
        caches = [(source, _fields(line)) for source, line in (*written, *read)]
        for number, (source, cache) in enumerate(caches):
            if number and all(cache[key] == caches[0][1][key] for key in ("type", "ref")):
                continue  # the same, to be read
            if number or cache["type"] != "registry":
                self._leave_out(source, "a lane has one cache" if number else _CACHES.get(cache["type"], _NO_CACHE))
            elif not written:
                self._leave_out(source, "a lane also writes to its cache, and this one is only read")
            elif EXPRESSION.search(cache["ref"]):
                self._leave_out(source, _LATER)
            else:
                yield source, {"type": "registry", "ref": cache["ref"], **_MODES.get(cache.get("mode", ""), {})}

    def _provenance(self) -> Iterator[tuple[Source, Value]]:
        for source, line in self.inputs.get("provenance", ()):
            if line not in _PROVENANCE:
                self._leave_out(source, "provenance of a lane is min, max or false")
            elif _PROVENANCE[line] != "min":
                yield source, _PROVENANCE[line]

    def _sbom(self) -> Iterator[tuple[Source, Value]]:
        for source, line in self.inputs.get("sbom", ()):
            if line not in _SWITCH:
                self._leave_out(source, "sbom of a lane is true or false")
            elif _SWITCH[line]:
                yield source, True

    def _leave_out(self, source: Source, reason: str) -> None:
        self.remarks.append(Remark(source, source.text, reason))


def rejection(values: Mapping[str, Value]) -> str:
    """Why a project file cannot have these values in the table of a lane; empty if it can."""
    try:
        parse_project_file({"lanes": {"any": values}}, "")
    except UsageError as error:
        return error.what.partition("lanes.any.")[2] or error.what
    return ""


def _fields(line: str) -> dict[str, str]:
    """A cache as buildx reads it: fields, or a reference alone (docs.docker.com, "Cache storage backends")."""
    fields = (field.strip().partition("=") for field in line.split(","))
    pairs = {(key if equals else "ref"): (value if equals else key) for key, equals, value in fields}
    return {"type": "registry", "ref": "", **pairs}


def _with_placeholders(text: str) -> str | None:
    """A text with what a release has in place of its expressions; None where one has no such thing."""
    pieces, end = [], 0
    for match in EXPRESSION.finditer(text):
        pieces += [_literal(text[end : match.start()]), _placeholder(match[1])]
        end = match.end()
    pieces.append(_literal(text[end:]))
    is_known = all(pieces[1::2]) and "${" not in "".join(pieces)
    return "".join(pieces) if is_known else None


def _literal(text: str) -> str:
    return _BRACED.sub(r"{{\1}}", text)


def _placeholder(expression: str) -> str:
    """What a release has in place of an expression; empty if nothing."""
    if re.fullmatch(r"steps\.[\w-]+\.outputs\.version", expression):
        return "{version}"
    for label, placeholder in (("created", "{created}"), ("version", "{version}"), ("revision", "{commit}")):
        if f"labels['org.opencontainers.image.{label}']" in expression:
            return placeholder
    return {"github.sha": "{commit}", "github.ref_name": "{git-tag}"}.get(expression, "")
