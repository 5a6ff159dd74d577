"""The images that a workflow of GitHub Actions publishes: its steps of docker's actions, for each value of a matrix.

Source: docker/build-push-action and docker/metadata-action, README.md, "inputs"; docs.github.com, "Workflow syntax".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

from shiplane.init.git_tags import form_of_pattern
from shiplane.init.sources import Remark, Source
from shiplane.init.toml_text import Value
from shiplane.init.workflows.bake_files import steps_of
from shiplane.init.workflows.build_inputs import INPUTS, BuildInputs
from shiplane.init.workflows.expressions import LONGEST, filled, is_open
from shiplane.init.workflows.published_image import PublishedImage, dockerfile_suffix, repository_of
from shiplane.init.workflows.tag_rules import DEFAULT_RULES, FIELD, Tags, Triggers, add_plain, read_rules
from shiplane.init.workflows.yaml_nodes import Node

_MOST = 64
_STARTS_WITH = re.compile(r"startsWith\(github\.ref(?:_name)?, ?'(?:refs/tags/)?([^']+)'\)")
_VARIABLE = re.compile(r"\b(?:secrets|vars)\.(\w+)")
_TRANSLATED = {"context", "file", "target", "platforms", "push", "tags", "outputs", *INPUTS}
# What a release does anyway, or its builder decides.
_HARMLESS = {"pull", "builder", "no-cache", "load", "github-token"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is known of the repository beforehand.

    Attributes:
        slug: ``owner/name`` on GitHub; empty where that is unknown.
        git_tags: The forms of its git tags, the most used first.
        bake: Its bake files, by path.
    """

    slug: str = ""
    git_tags: Sequence[str] = ()
    default_branch: str = "main"
    bake: Mapping[str, Node] = field(default_factory=dict)


@dataclass
class WorkflowReader:
    """Reads one workflow.

    Attributes:
        path: Of the file.
        root: Its content.
        remarks: What could not be translated, after :meth:`images`.
    """

    path: str
    root: Node
    place: Place
    remarks: list[Remark] = field(default_factory=list)

    def images(self) -> list[PublishedImage]:
        """The images that it publishes; those that differ in their platforms alone are one."""
        merged: dict[tuple[object, ...], PublishedImage] = {}
        for image in self._each():
            if is_open(image.dockerfile) or is_open(image.context):
                continue  # told already
            key = (*image.identity, tuple(image.tags.versions), tuple(image.tags.following))
            before = merged.get(key)
            platforms = (*(before.platforms if before else ()), *image.platforms)
            merged[key] = replace(before or image, platforms=tuple(dict.fromkeys(platforms)))
        self.remarks = list(dict.fromkeys(self.remarks))  # a matrix says each thing several times
        return list(merged.values())

    @property
    def git_tag_patterns(self) -> tuple[str, ...]:
        """The patterns of the git tags that start it."""
        on = self.root.at("on")
        tags = on.at("push", "tags").texts
        if tags or "release" in on.entries:
            return tags or ("*",)
        return ("*",) if self.any_push else ()

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches of which a push starts it, those with a pattern left out."""
        on = self.root.at("on")
        filters = on.at("push", "branches").texts
        any_branch = self.any_push or (not filters and "schedule" in on.entries)
        return tuple(name for name in filters if not is_branch_pattern(name)) or (
            (self.place.default_branch,) if any_branch else ()
        )

    @property
    def any_push(self) -> bool:
        """Whether a push of any branch and of any git tag starts it: there is no filter."""
        on = self.root.at("on")
        return "push" in on.texts or ("push" in on.entries and not on.at("push").entries)

    def logins(self) -> Iterator[tuple[str, str, str]]:
        """Each registry that it logs in to, with the names of the secrets of user name and password."""
        for job in self.root.at("jobs").entries.values():
            for step in job.at("steps").items:
                if step.at("uses").text.startswith("docker/login-action@"):
                    given = step.at("with")
                    user, password = (_VARIABLE.search(given.at(key).text) for key in ("username", "password"))
                    if user and password:
                        yield given.at("registry").text or "docker.io", user[1], password[1]

    def _each(self) -> Iterator[PublishedImage]:
        for name, job in self.root.at("jobs").entries.items():
            for chosen in combinations(job.at("strategy", "matrix"))[:_MOST]:
                for step in job.at("steps").items:
                    uses = step.at("uses").text
                    if uses.startswith("docker/build-push-action@") and _pushes(step.at("with")):
                        yield self._image(name, job, step, chosen)
                    elif uses.startswith("docker/bake-action@") and _pushes(step.at("with")):
                        yield from self._baked(job, step, chosen)

    def _baked(self, job: Node, step: Node, chosen: Mapping[str, str]) -> Iterator[PublishedImage]:
        """The images of a step that bakes: its targets, each as a step of its own."""
        given, values = step.at("with"), self._values(job, step, chosen)
        paths = [*(path.removeprefix("./") for _, path in given.at("files").lines), *self.place.bake]
        bake = next((self.place.bake[path] for path in paths if path in self.place.bake), None)
        if bake is None:
            self.remarks.append(
                Remark(Source(self.path, step.line), step.at("uses").text, "its bake file could not be read")
            )
            return
        variables = {key.removeprefix("env."): text for key, text in values.items() if key.startswith("env.")}
        targets = filled(given.at("targets").text, values).replace(",", " ").split()
        yield from self.baked(bake, targets, variables, job, step.line)

    def baked(
        self, bake: Node, targets: Sequence[str], variables: Mapping[str, str], job: Node, line: int
    ) -> Iterator[PublishedImage]:
        """The images of a bake file's targets."""
        for name, step in list(steps_of(bake, targets, variables))[:_MOST]:
            yield self._image(name, job, replace(step, line=line), {})

    def _image(self, job_name: str, job: Node, step: Node, chosen: Mapping[str, str]) -> PublishedImage:
        values, given = self._values(job, step, chosen), step.at("with").entries
        texts = {key: filled(node.text, values) for key, node in given.items()}
        texts["context"] = re.sub(r"^\{\{defaultContext\}\}:?", "", texts.get("context", ""))
        triggers = self._triggers(job)
        images, tags = self._tags(job, given, values, triggers)
        self._remark_on_rest(given, texts)
        target = texts.get("target", "")
        dockerfile, context = _paths(texts)
        return PublishedImage(
            source=Source(self.path, step.line),
            names=(*(_short(chosen) if chosen else (job_name, "")), target, dockerfile_suffix(dockerfile)),
            dockerfile=dockerfile,
            context=context,
            target=target,
            platforms=_platforms(texts.get("platforms", "")),
            build=self._build(job, given, values),
            images=images,
            git_tag=tags.git_tag or triggers.git_tag,
            tags=tags,
        )

    def _values(self, job: Node, step: Node, chosen: Mapping[str, str]) -> dict[str, str]:
        """What the references of a step stand for."""
        slug = self.place.slug
        owner, _, name = slug.partition("/")
        values = {"github.repository": slug, "github.repository_owner": owner, "github.event.repository.name": name}
        for part in (self.root, job, step):
            values |= {f"env.{key}": node.text for key, node in part.at("env").entries.items()}
        return {**{key: value for key, value in values.items() if value}, **chosen}

    def _triggers(self, job: Node) -> Triggers:
        patterns = [pattern for pattern in self.git_tag_patterns if not pattern.startswith("!")]
        own = _STARTS_WITH.findall(job.at("if").text)
        patterns = [pattern for pattern in patterns if any(map(pattern.startswith, own))] or patterns
        forms = [form_of_pattern(pattern) or next(iter(self.place.git_tags), "v{version}") for pattern in patterns]
        return Triggers(git_tag=next(iter(forms), ""), branches=self.branches, default_branch=self.place.default_branch)

    def _tags(
        self, job: Node, given: Mapping[str, Node], values: Mapping[str, str], triggers: Triggers
    ) -> tuple[tuple[str, ...], Tags]:
        """The repositories, and the tags there."""
        written, metas = given.get("tags", Node()), self._metadata_steps(job)
        own = _used(written, "tags", metas)
        if own or (metas and not written.text):
            tags = self._of_metadata((own or metas)[0].at("with"), values, triggers)
            images = self._repositories((own or metas)[0].at("with", "images"), values)
        else:
            images, tags = self._plain(written, values, triggers)
        self.remarks += tags.remarks
        return images, tags

    def _of_metadata(self, given: Node, values: Mapping[str, str], triggers: Triggers) -> Tags:
        rules = self._lines(given.at("tags"), values) or [(Source(self.path, given.line), r) for r in DEFAULT_RULES]
        return read_rules(rules, self._lines(given.at("flavor"), values), triggers)

    def _plain(self, written: Node, values: Mapping[str, str], triggers: Triggers) -> tuple[tuple[str, ...], Tags]:
        """Tags that are named without metadata-action."""
        tags = Tags()
        images: dict[str, None] = {}
        for source, line in self._lines(written, values):
            for name in map(str.strip, FIELD.findall(line)):
                image, _, tag = name.rpartition(":")
                repository = "" if is_open(image) or "/" in tag else repository_of(image)
                if not repository:
                    self.remarks.append(Remark(source, source.text, "the tag is made by a script, or only known later"))
                    continue
                images[repository] = None
                add_plain(tags, source, tag, triggers)
        return tuple(images), tags

    def _repositories(self, given: Node, values: Mapping[str, str]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for source, line in self._lines(given, values):
            name = re.sub(r"^name=|,.*$", "", line)
            if repository := "" if is_open(name) else repository_of(name):
                found[repository] = None
            else:
                self.remarks.append(Remark(source, source.text, "the repository is not known"))
        return tuple(found)

    def _lines(self, node: Node, values: Mapping[str, str]) -> list[tuple[Source, str]]:
        """The lines of a text, filled; one that is too long to be a name or a rule is left out."""
        filled_lines = [(Source(self.path, number, line), filled(line, values)) for number, line in node.lines]
        too_long = [source for source, line in filled_lines if len(line) > LONGEST]
        self.remarks += [Remark(source, source.text[:80], "the line is too long to be read") for source in too_long]
        return [(source, line) for source, line in filled_lines if len(line) <= LONGEST]

    def _build(self, job: Node, given: Mapping[str, Node], values: Mapping[str, str]) -> dict[str, Value]:
        """The keys of a lane's table for what else is given; labels and annotations may be those of metadata-action."""
        inputs = {key: self._lines(given.get(key, Node()), values) for key in INPUTS}
        for key in ("labels", "annotations"):
            for meta in _used(given.get(key, Node()), key, self._metadata_steps(job))[:1]:
                inputs[key] = [*inputs[key], *self._lines(meta.at("with", key), values)]
        return BuildInputs(inputs, self.remarks).keys()

    def _metadata_steps(self, job: Node) -> list[Node]:
        """The steps of metadata-action: those of the job, and those of others."""
        jobs = (job, *self.root.at("jobs").entries.values())
        steps = (step for each in jobs for step in each.at("steps").items)
        return [step for step in steps if step.at("uses").text.startswith("docker/metadata-action@")]

    def _remark_on_rest(self, given: Mapping[str, Node], texts: Mapping[str, str]) -> None:
        for key, node in given.items():
            source = Source(self.path, node.line)
            if key not in _TRANSLATED | _HARMLESS:
                self.remarks.append(Remark(source, f"{key}: {node.text}", "a lane has no such setting"))
            elif key in ("platforms", "target", "file", "context") and is_open(texts[key]):
                self.remarks.append(Remark(source, f"{key}: {node.text}", "it is only known when the workflow runs"))


def is_branch_pattern(text: str) -> bool:
    """Whether a filter of branches is a pattern, and no branch's name."""
    return bool(set(text) & set("*?+[!"))


def _used(written: Node, output: str, steps: Sequence[Node]) -> list[Node]:
    """Those of some steps of which an output is written here."""
    named = re.search(rf"steps\.([\w-]+)\.outputs\.{output}", written.text)
    return [step for step in steps if named and step.at("id").text == named[1]]


def combinations(matrix: Node) -> list[dict[str, str]]:
    """The values of a matrix, as they are referred to; without a matrix nothing, once."""
    lists = {
        key: node.items for key, node in matrix.entries.items() if node.items and key not in ("include", "exclude")
    }
    chosen = [
        {
            name: text
            for key, item in zip(lists, items, strict=True)
            for name, text in islice(_flat(f"matrix.{key}", item), _MOST)
        }
        for items in islice(product(*lists.values()), _MOST)
    ]
    for entry in matrix.at("include").items:
        more = dict(islice(_flat("matrix", entry), _MOST))
        base = {name for key in lists for name in more if name == f"matrix.{key}"}
        fitting = (
            [each for each in chosen if each and all(each.get(name) == more[name] for name in base)]
            if base or lists
            else []
        )
        for each in fitting:
            each.update(more)
        chosen += [] if fitting else [more]
    left_out = [dict(islice(_flat("matrix", entry), _MOST)) for entry in matrix.at("exclude").items]
    kept = [each for each in chosen if not any(out.items() <= each.items() for out in left_out)]
    return [each for each in kept if each] or [{}]


def _flat(name: str, node: Node) -> Iterator[tuple[str, str]]:
    if node.entries:
        for key, inner in node.entries.items():
            yield from _flat(f"{name}.{key}", inner)
    else:
        yield name, node.text


def _short(chosen: Mapping[str, str]) -> tuple[str, str]:
    """What a combination could be called: by a key that says what it is, and by all of its values."""
    keys = ("name", "variant", "image", "service", "component", "target")
    named = next((text for key in keys if (text := chosen.get(f"matrix.{key}"))), "")
    return named, "-".join(text for text in chosen.values() if "/" not in text)


def _pushes(given: Node) -> bool:
    return (
        given.at("push").text not in ("", "false")
        or re.search(r"push=true|type=registry", given.at("outputs").text) is not None
    )


def _platforms(text: str) -> tuple[str, ...]:
    """The platforms of a step: without any its runner's; none where they are only known later."""
    return () if is_open(text) else tuple(re.split(r"[\s,]+", text.strip() or "linux/amd64"))


def _paths(texts: Mapping[str, str]) -> tuple[str, str]:
    """The Dockerfile and the context of a step, both below the repository's root."""
    context = posixpath.normpath(texts["context"] or ".")
    dockerfile = texts.get("file", "") or posixpath.join(context, "Dockerfile")
    return posixpath.normpath(dockerfile), context
