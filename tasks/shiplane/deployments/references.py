"""Complete references (``ghcr.io/cognary/aionis:v0.2.1@sha256:...``) wherever they stand in a text.

The grammar is that of distribution/reference. What stands right before or after decides whether it is this image at
all: ``ghcr.io/cognary/aionis-worker``, ``ghcr.io/cognary/aionis/sub`` and ``mirror.example/ghcr.io/cognary/aionis`` are
others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from shiplane.deployments.image_use import Claims, Mention, Part, Slot, digest_or_none, is_familiar, spellings
from shiplane.deployments.positions import Lines
from shiplane.deployments.yaml_positions import mappings
from shiplane.registry.oci.names import DIGEST_FORM, TAG_FORM, Repository

# What stands before a name although its last sign could be part of one: a scheme, a shell's default, an escape.
_LEADS = ("docker://", "docker-image://", ":-", "\\n", "\\t")
_DEFAULT = re.compile(r"\$\{[A-Za-z_]\w*:?-$", re.ASCII)
_PART_OF_NAME = re.compile(r"[\w./@%)}~-]")
# What a template puts in: after it nobody can tell where the name, the tag or the digest ends.
_TEMPLATE = r"[$%{<*]"
_CONTINUED = re.compile(r"[$%{]")
# What must not follow a name: more of it (a slash may be escaped, as in JSON), a host's next label, or a template.
_GOES_ON = rf"(?![\w/-])(?!\\/)(?!\.\w)(?!{_TEMPLATE})"
# A key, an instruction or a command that takes a complete reference: there, no tag means latest.
_WHOLE = re.compile(
    r"(?:^|[\s{,(-])[\"']?(?:[\w.-]*image|container|uses)[\"']?[ \t]*[:=][ \t]*(?:[&!]\S+[ \t]+)*[\"'\[]*(?:docker://)?$"
    r"|^[ \t]*from[ \t]+(?:--platform=\S+[ \t]+)?$"
    r"|\b(?:docker|podman|nerdctl)[ \t]+(?:(?:container|image)[ \t]+)?(?:run|pull|create)\b[^|;&#\n]*[ \t]$",
    re.IGNORECASE | re.ASCII,
)
_END = re.compile(r"[\s\"'`,;)\]}]|\Z")
_COMMENT_LINE = re.compile(r"[ \t\ufeff]*(?:#|//|;|/?\*[ \t])")
# A quoted text, in which nothing is a comment; or where one begins: at the line's beginning or after a blank.
_SIGNS = re.compile(r"(?<!\w)\"(?:[^\"\\]|\\.)*\"|(?<!\w)'[^']*'|(?P<comment>(?:^|(?<=[ \t]))#)")
_NEAR = 400
_NO_TAG = "no tag here, and nothing tells whether one is put in elsewhere"
_TEMPLATED = "its tag or digest is put in by a template"
_SUFFIX = rf"(?P<suffix>(?::(?P<tag>{TAG_FORM})(?![A-Za-z0-9_.-]))?(?:@(?P<digest>{DIGEST_FORM})(?![0-9A-Za-z]))?)"
# What follows a name that is a shell's default: ${IMAGE_REPO:-ghcr.io/cognary/aionis}:v0.2.1.
_AFTER_DEFAULT = re.compile(rf"}}{_SUFFIX}", re.ASCII)
_VARIABLE = re.compile(r":\$\{?(?P<name>[A-Za-z_]\w*)(?::?-(?P<default>[^}\s]*)\})?", re.ASCII)
_KEY = "it is a key, and no reference"
_FOLLOWED = "what an updater follows, not what runs"
# What says which image Flux (its ImageRepository) or Argo CD Image Updater (its annotations) looks at for new tags.
_FLUX = re.compile(r"^[ \t]*[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?ImageRepository\b", re.MULTILINE | re.ASCII)
_ARGO = re.compile(r"argocd-image-updater\.argoproj\.io/[^\n]*$", re.ASCII)
# Kubernetes objects are small; more of a document is not searched for its kind.
_DOCUMENT = 20_000


def references(text: str, repository: Repository, claimed: Claims, lines: Lines) -> Iterator[Mention]:
    """Every complete reference to the repository outside of what is claimed already."""
    comments = _Comments(text, lines)
    for found in _form(repository).finditer(text):
        if _begins(text, found.start()) and not claimed.touch(found.start(), found.end()):
            mention = _mention(text, found, comments)
            if _is_meant(text, found, mention):
                yield mention


def _is_meant(text: str, found: re.Match[str], mention: Mention) -> bool:
    """Whether it is a reference at all: a name alone in a comment is none, and a short one may be any two words."""
    has_suffix = bool(mention.tag or mention.digest)
    if not is_familiar(found["name"]):
        return has_suffix or not mention.comment
    takes_reference = "/" in found["name"] or bool(_WHOLE.search(_line_before(text, found.start())))
    return takes_reference and (has_suffix or mention.implied)


def _form(repository: Repository) -> re.Pattern[str]:
    # JSON may have each slash escaped (RFC 8259 section 7).
    names = "|".join(re.escape(name).replace("/", r"\\?/") for name in spellings(repository))
    return re.compile(rf"(?P<name>{names}){_GOES_ON}{_SUFFIX}")


def _begins(text: str, start: int) -> bool:
    """Whether a name begins here, and does not go on."""
    before = text[max(start - 80, 0) : start]
    return not _PART_OF_NAME.match(before[-1:]) or before.endswith(_LEADS) or bool(_DEFAULT.search(before))


def _mention(text: str, found: re.Match[str], comments: _Comments) -> Mention:
    said = _saying(text, found)
    problem, implied = (_FOLLOWED, False) if _followed(text, found.start()) else _problem(text, found, said)
    start, end = said.span("suffix")
    return Mention(
        line=comments.lines.number(found.start()),
        start=found.start(),
        tag=said["tag"],
        digest=digest_or_none(said["digest"]),
        slots=() if problem else (Slot(start, end, Part.PINNED, before=":"),),
        implied=implied,
        problem=problem,
        comment=comments.hold(found.start()),
    )


def _saying(text: str, found: re.Match[str]) -> re.Match[str]:
    """What says tag and digest: the reference itself, or what follows the braces in which it is a default."""
    if found["suffix"] or not _DEFAULT.search(text[max(found.start() - 80, 0) : found.start()]):
        return found
    return _AFTER_DEFAULT.match(text, found.end()) or found


def _problem(text: str, found: re.Match[str], said: re.Match[str]) -> tuple[str, bool]:
    """Why it cannot be re-pointed, and whether no tag means latest here."""
    rest = text[said.end() : said.end() + 2]
    if (said["suffix"] and _CONTINUED.match(rest)) or re.match(rf"[:@]{_TEMPLATE}", rest):
        return _templated(text, said.end()), False
    if rest.startswith("@"):
        return "what stands after its @ is no sha256 digest", False
    if said["suffix"]:
        return "", False
    if rest.startswith(":") or (rest[:1] in ('"', "'") and rest[1:] == ":"):
        return _KEY, False
    if _END.match(rest) and _WHOLE.search(_line_before(text, found.start())):
        return "", True
    return _NO_TAG, False


def _templated(text: str, place: int) -> str:
    """What puts the tag in, as far as it can be told."""
    variable = _VARIABLE.match(text, place)
    if variable is None:
        return _TEMPLATED
    default = f", {variable['default']} by default" if variable["default"] else ""
    return f"its tag comes from the variable {variable['name']}{default}"


def _followed(text: str, place: int) -> bool:
    """Whether a program that updates others is told here which image to look at."""
    return bool(_ARGO.search(_line_before(text, place)) or _FLUX.search(_document(text, place)))


def _document(text: str, place: int) -> str:
    """The YAML document around a place, as far as it is near."""
    least, most = max(place - _DOCUMENT, 0), min(place + _DOCUMENT, len(text))
    begins, ends = text.rfind("\n---", least, place), text.find("\n---", place, most)
    return text[max(begins, least) : most if ends < 0 else ends]


def _line_before(text: str, place: int) -> str:
    """What stands right before a place in its line."""
    least = max(place - _NEAR, 0)
    return text[text.rfind("\n", least, place) + 1 or least : place]


@dataclass
class _Comments:
    """Where the comment of each line begins. A line is looked at once: it may be a megabyte with many references."""

    text: str
    lines: Lines
    known: dict[int, float] = field(default_factory=dict)

    def hold(self, place: int) -> bool:
        """Whether a comment began before this place of its line."""
        number = self.lines.number(place)
        if number not in self.known:
            self.known[number] = self._start(self.lines.starts[number - 1])
        return place >= self.known[number] and not self.values.touch(place, place + 1)

    @cached_property
    def values(self) -> Claims:
        """The values of YAML: in front of one, a quoted text over several lines may have what looks like a comment."""
        return Claims.of((value.start, value.end) for known in mappings(self.text) for value in known.entries.values())

    def _start(self, start: int) -> float:
        if _COMMENT_LINE.match(self.text, start):
            return start
        end = self.text.find("\n", start)
        line = self.text[start : len(self.text) if end < 0 else end]
        return next((start + found.start() for found in _SIGNS.finditer(line) if found["comment"]), math.inf)
