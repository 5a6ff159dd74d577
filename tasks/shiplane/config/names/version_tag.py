"""Version tags: what a lane calls a version, in a registry or in git: a text with ``{version}`` once."""

from __future__ import annotations

from dataclasses import dataclass

from shiplane.core.schema.values import Text

PLACEHOLDER = "{version}"
_SEPARATORS = ("-", "_", ".")
# As a tag (OCI distribution-spec, "Pulling manifests"). No digit stands next to the version, so that people can read it
# back too; what stands around it leaves room for the longest one.
TAG = Text(
    pattern=r"(?=.{9,42}$)(?:[a-zA-Z_]|[a-zA-Z0-9_][a-zA-Z0-9._-]{0,31}[a-zA-Z._-])?"
    r"\{version\}(?:[_-][a-zA-Z0-9._-]{1,32}|\.[a-zA-Z_-][a-zA-Z0-9._-]{0,31})?",
    problem="is not a version tag",
    remedy="Expected {version} once, as in v{version}, app-v{version} or {version}-alpine; around it letters, digits, "
    "'.', '_' and '-', at most 33, no digit just before it, and after it first '-', '_' or '.'.",
)
# What git takes for a ref (git-check-ref-format(1)), less the signs that a shell or a workflow would read.
GIT_TAG = Text(
    pattern=r"(?!.*(?:\.\.|//|/\.|\.lock/))(?:[A-Za-z0-9@][A-Za-z0-9._/@-]{0,99})?\{version\}",
    problem="is not a git tag form",
    remedy="Expected a form like docker-v{version}, app/v{version} or @scope/app@{version}, with {version} once, "
    "at its end.",
)


@dataclass(frozen=True)
class TagTemplate:
    """What stands before and after the version in a tag."""

    before: str = ""
    after: str = ""

    @classmethod
    def parse(cls, text: str) -> TagTemplate:
        """The template of a text that has ``{version}`` once, which is for its key to check."""
        before, _, after = text.partition(PLACEHOLDER)
        return cls(before, after)

    @property
    def is_plain(self) -> bool:
        """Whether people write a version like this in any lane: ``1.2.3`` or ``v1.2.3``."""
        return self in PLAIN

    @property
    def variants(self) -> tuple[TagTemplate, TagTemplate]:
        """The same with ``v`` before the version, and without."""
        stem = self.before.removesuffix("v")
        head = stem if stem.endswith(_SEPARATORS) or not stem else self.before
        return TagTemplate(f"{head}v", self.after), TagTemplate(head, self.after)

    def fill(self, version: object) -> str:
        """The name of a version."""
        return f"{self.before}{version}{self.after}"

    def read(self, name: str) -> str | None:
        """What stands for the version in a name; None if the name is made otherwise."""
        length = len(name) - len(self.after)
        fits = len(self.before) < length and name.startswith(self.before) and name.endswith(self.after)
        return name[len(self.before) : length] if fits else None

    def __str__(self) -> str:
        return self.fill(PLACEHOLDER)


PLAIN = (TagTemplate("v"), TagTemplate())
