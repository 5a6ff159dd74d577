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

from shiplane.deployments.image_use import Mention, Part, Slot, Spans, digest_or_none, is_familiar, spellings
from shiplane.deployments.positions import Lines
from shiplane.deployments.yaml_positions import mappings
from shiplane.registry.oci.names import DIGEST_FORM, TAG_FORM, Repository

# What stands before a name although its last sign could be part of one: a scheme, a shell's default, an escape.
_LEADS = ("docker://", "docker-image://", ":-", "\\n", "\\t")
_DEFAULT = re.compile(r"\$\{[A-Za-z_]\w*:?-$", re.ASCII)
_PART_OF_NAME = re.compile(r"[\w./@%)}~-]")
# A template expression: after it, it is unknown where the name, the tag or the digest ends.
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
_NO_TAG = "no tag here; one may be set elsewhere"
_TEMPLATED = "its tag or digest comes from a template"
_SUFFIX = rf"(?P<suffix>(?::(?P<tag>{TAG_FORM})(?![A-Za-z0-9_.-]))?(?:@(?P<digest>{DIGEST_FORM})(?![0-9A-Za-z]))?)"
# What follows a name that is a shell's default: ${IMAGE_REPO:-ghcr.io/cognary/aionis}:v0.2.1.
_AFTER_DEFAULT = re.compile(rf"}}{_SUFFIX}", re.ASCII)
_VARIABLE = re.compile(r":\$\{?(?P<name>[A-Za-z_]\w*)(?::?-(?P<default>[^}\s]*)\})?", re.ASCII)
_KEY = "a key, not an image reference"
_FOLLOWED = "an image that an updater watches, not one that runs"
# What says which image Flux (its ImageRepository) or Argo CD Image Updater (its annotations) looks at for new tags.
_FLUX = re.compile(r"^[ \t]*[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?ImageRepository\b", re.MULTILINE | re.ASCII)
_ARGO = re.compile(r"argocd-image-updater\.argoproj\.io/[^\n]*$", re.ASCII)
# Kubernetes objects are small; more of a document is not searched for its kind.
_DOCUMENT = 20_000


def references(text: str, repository: Repository, claimed: Spans, lines: Lines) -> Iterator[Mention]:
    """Every complete reference to the repository outside of the spans already claimed."""
    comments = _Comments(text, lines)
    for match in _form(repository).finditer(text):
        if _begins(text, match.start()) and not claimed.overlap(match.start(), match.end()):
            mention = _mention(text, match, comments)
            if _is_meant(text, match, mention):
                yield mention


def _is_meant(text: str, match: re.Match[str], mention: Mention) -> bool:
    """Whether it is a reference at all: a name alone in a comment is none, and a short one may be any two words."""
    has_suffix = bool(mention.tag or mention.digest)
    if not is_familiar(match["name"]):
        return has_suffix or not mention.comment
    takes_reference = "/" in match["name"] or bool(_WHOLE.search(_line_before(text, match.start())))
    return takes_reference and (has_suffix or mention.implied)


def _form(repository: Repository) -> re.Pattern[str]:
    # JSON may have each slash escaped (RFC 8259 section 7).
    names = "|".join(re.escape(name).replace("/", r"\\?/") for name in spellings(repository))
    return re.compile(rf"(?P<name>{names}){_GOES_ON}{_SUFFIX}")


def _begins(text: str, start: int) -> bool:
    """Whether a name begins here, and does not go on."""
    before = text[max(start - 80, 0) : start]
    return not _PART_OF_NAME.match(before[-1:]) or before.endswith(_LEADS) or bool(_DEFAULT.search(before))


def _mention(text: str, match: re.Match[str], comments: _Comments) -> Mention:
    version = _version(text, match)
    problem, implied = (_FOLLOWED, False) if _followed(text, match.start()) else _problem(text, match, version)
    start, end = version.span("suffix")
    return Mention(
        line=comments.lines.number(match.start()),
        start=match.start(),
        tag=version["tag"],
        digest=digest_or_none(version["digest"]),
        slots=() if problem else (Slot(start, end, Part.PINNED, before=":"),),
        implied=implied,
        problem=problem,
        comment=comments.hold(match.start()),
    )


def _version(text: str, match: re.Match[str]) -> re.Match[str]:
    """The match with tag and digest: the reference itself, or what follows the braces in which it is a default."""
    if match["suffix"] or not _DEFAULT.search(text[max(match.start() - 80, 0) : match.start()]):
        return match
    return _AFTER_DEFAULT.match(text, match.end()) or match


def _problem(text: str, match: re.Match[str], version: re.Match[str]) -> tuple[str, bool]:
    """Why it cannot be re-pointed, and whether no tag means latest here."""
    rest = text[version.end() : version.end() + 2]
    if (version["suffix"] and _CONTINUED.match(rest)) or re.match(rf"[:@]{_TEMPLATE}", rest):
        return _templated(text, version.end()), False
    if rest.startswith("@"):
        return "the text after its @ is not a sha256 digest", False
    if version["suffix"]:
        return "", False
    if rest.startswith(":") or (rest[:1] in ('"', "'") and rest[1:] == ":"):
        return _KEY, False
    if _END.match(rest) and _WHOLE.search(_line_before(text, match.start())):
        return "", True
    return _NO_TAG, False


def _templated(text: str, position: int) -> str:
    """Where the tag comes from, as far as it is known."""
    variable = _VARIABLE.match(text, position)
    if variable is None:
        return _TEMPLATED
    default = f", {variable['default']} by default" if variable["default"] else ""
    return f"its tag comes from the variable {variable['name']}{default}"


def _followed(text: str, position: int) -> bool:
    """Whether this configures which image an updater watches."""
    return bool(_ARGO.search(_line_before(text, position)) or _FLUX.search(_document(text, position)))


def _document(text: str, position: int) -> str:
    """The YAML document around a place, as far as it is near."""
    least, most = max(position - _DOCUMENT, 0), min(position + _DOCUMENT, len(text))
    begins, ends = text.rfind("\n---", least, position), text.find("\n---", position, most)
    return text[max(begins, least) : most if ends < 0 else ends]


def _line_before(text: str, position: int) -> str:
    """What stands right before a place in its line."""
    least = max(position - _NEAR, 0)
    return text[text.rfind("\n", least, position) + 1 or least : position]


@dataclass
class _Comments:
    """Where the comment of each line begins. A line is looked at once: it may be a megabyte with many references."""

    text: str
    lines: Lines
    starts: dict[int, float] = field(default_factory=dict)

    def hold(self, position: int) -> bool:
        """Whether a comment began before this place of its line."""
        number = self.lines.number(position)
        if number not in self.starts:
            self.starts[number] = self._start(self.lines.starts[number - 1])
        return position >= self.starts[number] and not self.values.overlap(position, position + 1)

    @cached_property
    def values(self) -> Spans:
        """The values of YAML: in front of one, a quoted text over several lines may have what looks like a comment."""
        return Spans.of(
            (value.start, value.end) for mapping in mappings(self.text) for value in mapping.entries.values()
        )

    def _start(self, start: int) -> float:
        if _COMMENT_LINE.match(self.text, start):
            return start
        end = self.text.find("\n", start)
        line = self.text[start : len(self.text) if end < 0 else end]
        return next((start + sign.start() for sign in _SIGNS.finditer(line) if sign["comment"]), math.inf)
