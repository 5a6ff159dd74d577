"""References to the project's images in a document: tags that nothing writes, repositories of nobody's. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shiplane.deployments.image_use import Mention, Spans
from shiplane.deployments.positions import Lines
from shiplane.deployments.references import references
from shiplane.doctor.documents.names import Names, Problem, rightly_tagged, with_numbers
from shiplane.registry.oci.names import TAG_FORM, Repository

# What builds, names or pushes an image by hand may call it anything.
_MAKES = re.compile(r"\b(?:build|buildx|bake|tag|push|load|import|commit|rmi|rm|kaniko|buildah)\b|\s(?:-t|--tag)[ =]")
# What reads an image from its registry.
_READS = re.compile(
    r"\b(?:docker|podman|nerdctl)[ \t]+(?:(?:image|container|manifest|scout)[ \t]+)?(?:pull|run|create|inspect)\b"
    r"|\b(?:crane|skopeo|oras|regctl|cosign|kubectl|helm)[ \t]+\w"
    r"|\bimage[\"']?[ \t]*[:=]|^[ \t]*FROM[ \t]",
    re.IGNORECASE,
)
# Hosts of source code; an image's name never begins with one.
_SOURCES = ("github.com", "gitlab.com", "bitbucket.org")
_EXAMPLES = frozenset({"tag", "version", "your-tag", "some-tag", "my-tag", "sometag", "yourtag", "xxx", "foo"})
_LEFT_OPEN = re.compile(r"[A-Z_-]+|.*\.[xX*](?:[.-].*)?|.*\.\.\..*")
_HOST = r"(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]+)?)"


def image_problems(text: str, lines: Lines, names: Names) -> Iterator[Problem]:
    """Every reference to an image of the project that no lane forms."""
    for repository in names.repositories:
        for mention in references(text, repository, Spans(()), lines):
            if mention.tag and not mention.problem:
                yield from _tag_problem(text, lines, names, repository, mention)
    for path in dict.fromkeys(repository.path for repository in names.repositories):
        yield from _foreign(text, lines, names, path)


def _tag_problem(text: str, lines: Lines, names: Names, repository: Repository, mention: Mention) -> Iterator[Problem]:
    tag, lanes = (mention.tag or "").rstrip(".-_"), names.lanes_in(repository)
    if _is_open(tag) or names.forms(lanes, repository, with_numbers(tag)):
        return
    line, reference = _line_at(text, lines, mention.start), f"{repository}:{tag}"
    if right := rightly_tagged(lanes, tag):
        yield Problem(
            line=mention.line,
            text=reference,
            reason=f"no lane writes the tag {tag}",
            proposal=f"{repository}:{right}",
        )
    elif _READS.search(line) and not _MAKES.search(line):
        yield Problem(
            line=mention.line,
            text=reference,
            reason=f"no lane and no channel writes the tag {tag}",
            proposal=f"a tag of {repository}: {_tags(names, repository)}",
        )


def _foreign(text: str, lines: Lines, names: Names, path: str) -> Iterator[Problem]:
    """References to the same path in a registry where the project has no repository."""
    own = tuple(repository for repository in names.repositories if repository.path == path)
    form = re.compile(rf"(?<![\w./@:~-]){_HOST}/{re.escape(path)}:(?P<tag>{TAG_FORM})(?![\w/{{$<-])", re.ASCII)
    for match in form.finditer(text):
        host, tag = match["host"], match["tag"].rstrip(".-_")
        lanes = names.lanes_in(own[0])
        is_own = any(repository.registry == host for repository in own)
        if is_own or host in _SOURCES or not (_is_formed(names, own[0], tag) or rightly_tagged(lanes, tag)):
            continue
        yield Problem(
            line=lines.number(match.start()),
            text=f"{host}/{path}:{tag}",
            reason=f"no lane publishes to {host}/{path}",
            proposal=" or ".join(f"{repository}:{rightly_tagged(lanes, tag) or tag}" for repository in own),
        )


def _is_formed(names: Names, repository: Repository, tag: str) -> bool:
    return names.forms(names.lanes_in(repository), repository, with_numbers(tag))


def _is_open(tag: str) -> bool:
    """Whether a tag stands for any: ``TAG``, ``v1.x``, ``your-tag``."""
    return tag.lower() in _EXAMPLES or bool(_LEFT_OPEN.fullmatch(tag))


def _tags(names: Names, repository: Repository) -> str:
    lanes = names.lanes_in(repository)
    forms = [form for lane in lanes for form in (str(lane.version_template), *map(str, lane.floating_templates))]
    return ", ".join(dict.fromkeys(forms))


def _line_at(text: str, lines: Lines, position: int) -> str:
    number = lines.number(position)
    end = text.find("\n", position)
    return text[lines.starts[number - 1] : len(text) if end < 0 else end]
