"""What the tag rules of docker/metadata-action come to: version tags, floating tags, and tags that follow a branch.

Source: docker/metadata-action, README.md, "tags input" and "flavor input"; of its code, ``src/meta.ts`` for what has a
prefix: a rule's own replaces that of the flavor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shiplane.config.names.version_schemes import Scheme
from shiplane.config.names.version_tag import PLACEHOLDER
from shiplane.init.sources import Remark, Source
from shiplane.init.workflows.expressions import is_open

# Fields end at a comma, but for one within an expression.
FIELD = re.compile(r"(?:\$?\{\{.*?\}\}|[^,])+")
_BRANCH_TEST = re.compile(r"github\.(?:ref == 'refs/heads/|ref_name == ')([\w./-]+)'")
_TAG_TEST = re.compile(
    r"startsWith\(github\.ref, ?'refs/tags/[^']*'\)|!startsWith\(github\.ref, ?'refs/tags/v?0\.?'\)|"
    r"github\.ref_type == 'tag'|github\.event_name == 'release'"
)
_DEFAULT_BRANCH_TESTS = ("is_default_branch", "github.ref_name == github.event.repository.default_branch")
_KIND_TESTS = re.compile(r"(!?)contains\(github\.ref(?:_name)?, ?'-?([A-Za-z]+)'\)(?: (?:&&|\|\|) |$)")
# A pattern of type=match as most are: text, then one group or none around a version.
_MATCH = re.compile(r"\^?([A-Za-z0-9@/_-]*?)(\()?(v?)(?:\.\*|\\d[^()]*|\[0-9\][^()]*)\)?\$?")
_DAY = re.compile(r"\{\{(?:commit_)?date 'YYYY-MM-DD'[^}]*\}\}")
_ANY_DAY = re.compile(r"\{\{(?:commit_)?date [^}]*\}\}")
DEFAULT_RULES = ("type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr")


@dataclass(frozen=True)
class FloatingRule:
    """A floating tag, with the kinds of pre-release that it moves to."""

    text: str
    prereleases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Triggers:
    """What starts a workflow.

    Attributes:
        git_tag: The form of the git tags that start it; empty where none does.
        branches: Those of which each push starts it.
        default_branch: The repository's.
    """

    git_tag: str = ""
    branches: tuple[str, ...] = ()
    default_branch: str = "main"


@dataclass(kw_only=True)
class Tags:
    """The tags that a workflow gives to an image.

    Attributes:
        versions: Forms of version tags, the first one first.
        floating: What moves with versions.
        following: Tags that follow a branch, each with its branch.
        kept: Forms of what each push to a branch keeps.
        scheme: How versions are written.
        remarks: What could not be translated.
    """

    versions: list[str] = field(default_factory=list)
    floating: list[FloatingRule] = field(default_factory=list)
    following: list[tuple[str, str]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    scheme: Scheme = Scheme.SEMVER
    git_tag: str = ""
    remarks: list[Remark] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was understood."""
        return not (self.versions or self.floating or self.following or self.kept)


@dataclass(frozen=True)
class _Where:
    """When a rule applies."""

    tags: bool
    branches: tuple[str, ...] = ()
    prereleases: tuple[str, ...] = ()


_NEVER = _Where(tags=False)


def read_rules(rules: Sequence[tuple[Source, str]], flavor: Sequence[tuple[Source, str]], triggers: Triggers) -> Tags:
    """The tags that these rules make, each a line of the input with its place."""
    flavors = dict(field.split("=", 1) for _, line in flavor for field in FIELD.findall(line) if "=" in field)
    reader = _Rules(triggers, {key.strip(): value.strip() for key, value in flavors.items()})
    for source, line in rules:
        if not line.startswith("#"):
            reader.add(source, line)
    reader.source, reader.line = flavor[-1] if flavor else (reader.source, reader.line)
    reader.add_latest()
    return reader.tags


def add_plain(tags: Tags, source: Source, tag: str, triggers: Triggers) -> None:
    """Add one tag that a workflow names without metadata-action."""
    reader = _Rules(triggers, {}, tags)
    name = tag.replace("${{ github.ref_name }}", "{{tag}}").replace("${{ github.sha }}", "{{sha}}")
    reader.add(source, "type=ref,event=tag" if name == "{{tag}}" else f"type=raw,value={name}")


@dataclass
class _Rules:
    triggers: Triggers
    flavor: Mapping[str, str]
    tags: Tags = field(default_factory=Tags)
    source: Source = field(default=Source(""))
    line: str = ""

    def add(self, source: Source, line: str) -> None:
        """Add what a rule makes, or the remark that it was left out."""
        self.source, self.line = source, line
        fields = [part.strip().strip('"') for part in FIELD.findall(line)]
        attributes = dict(part.split("=", 1) if "=" in part else ("value", part) for part in fields)
        where = self._where(attributes.pop("enable", ""))
        kind = attributes.pop("type", "raw")
        handlers = {**dict.fromkeys(("semver", "pep440"), self._version), "match": self._match, "raw": self._raw}
        handlers |= {"ref": self._ref, "sha": self._sha, "edge": self._edge, "schedule": self._schedule}
        if where is None:
            self._leave_out("when it applies is not understood")
        elif where == _NEVER:
            return
        elif kind not in handlers:
            self._leave_out(f"no tag of a lane or a channel is made by a rule of type={kind}")
        else:
            self.tags.scheme = Scheme.PEP440 if kind == "pep440" else self.tags.scheme
            handlers[kind](attributes, where)

    def add_latest(self) -> None:
        """What the flavor adds: ``latest`` with each version, unless it is told otherwise."""
        latest = self.flavor.get("latest", "auto")
        if is_open(latest):
            self._leave_out(f"latest={latest}: when it applies is not understood")
        elif self.tags.versions and latest != "false":
            parts = [self.flavor.get(key, "") for key in ("prefix", "suffix")]
            before, after = parts if self.flavor.get("onlatest") == "true" else ("", "")
            self._float(f"{before}latest{after}")
        self.tags.floating.sort(key=lambda rule: rule.text.count("{"))

    def _where(self, enable: str) -> _Where | None:
        """When a rule applies; None where that is not understood."""
        test = re.sub(r"^\$?\{\{\s*|\s*\}\}$", "", enable.strip())
        triggers, branch, kinds = self.triggers, _BRANCH_TEST.fullmatch(test), _KIND_TESTS.findall(test)
        known = {
            **dict.fromkeys(("", "true"), _Where(bool(triggers.git_tag), triggers.branches)),
            **dict.fromkeys(_DEFAULT_BRANCH_TESTS, _Where(tags=False, branches=(triggers.default_branch,))),
            "false": _NEVER,
        }
        if branch:
            return _Where(False, (branch[1],))
        if _TAG_TEST.fullmatch(test):
            return _Where(tags=True)
        if kinds and not _KIND_TESTS.sub("", test):
            return _Where(True, prereleases=tuple(kind for negated, kind in kinds if not negated))
        return known.get(test)

    def _version(self, attributes: Mapping[str, str], where: _Where) -> None:
        form = attributes.get("pattern", "").replace("{{major}}.{{minor}}.{{patch}}", "{{version}}")
        known = {"version": PLACEHOLDER, "raw": self._git_name, "major": "{major}", "minor": "{minor}"}
        form = re.sub(r"\{\{(\w+)\}\}", lambda match: known.get(match[1], match[0]), form)
        if not where.tags or "{{" in form:
            self._leave_out("it does not go with a version's git tag" if not where.tags else "the pattern is unknown")
        elif PLACEHOLDER in form:
            self._add_version(self._named(form, attributes))
        else:
            self._float(self._named(form, attributes), where.prereleases)

    def _match(self, attributes: Mapping[str, str], where: _Where) -> None:
        match = _MATCH.fullmatch(attributes.get("pattern", ""))
        if not match or not where.tags:
            self._leave_out("the pattern is not understood")
            return
        text, group, letter = match[1], match[2], match[3]
        is_whole = attributes.get("group", "0") == "0" or not group
        self._add_version(self._named(f"{text if is_whole else ''}{letter}{PLACEHOLDER}", attributes))
        self.tags.git_tag = f"{text}{letter}{PLACEHOLDER}"

    def _ref(self, attributes: Mapping[str, str], where: _Where) -> None:
        event = attributes.get("event", "")
        if event == "tag" and where.tags:
            self._add_version(self._named(self._git_name, attributes))
        elif event == "branch":
            for branch in where.branches:
                self._follow(branch, self._named(branch.replace("/", "-"), attributes))
        elif event == "pr":
            self._leave_out("images of pull requests are not published")

    def _sha(self, attributes: Mapping[str, str], where: _Where) -> None:
        if not where.branches:
            self._leave_out("a release has its version's tags alone; its commit is in the image's labels")
            return
        self.tags.kept.append(self._named("{commit}", {"prefix": "sha-", **attributes}))
        if attributes.get("format", "short") == "short":
            self._leave_out("with the full hash of the commit, not the short one")

    def _edge(self, attributes: Mapping[str, str], where: _Where) -> None:
        del where  # it has a branch of its own
        self._follow(attributes.get("branch", self.triggers.default_branch), self._named("edge", attributes))

    def _schedule(self, attributes: Mapping[str, str], where: _Where) -> None:
        del where  # whichever branch: a schedule runs on the default one
        tag = attributes.get("pattern", "nightly")
        if is_open(tag):
            self._leave_out("a schedule's builds keep no tag of their own")
            return
        if self.line not in DEFAULT_RULES:
            self._follow(self.triggers.default_branch, self._named(tag, attributes))
            self._leave_out("with each push to the branch, not by schedule")

    def _raw(self, attributes: Mapping[str, str], where: _Where) -> None:
        text = attributes.get("value", "")
        kept = _DAY.sub("{date}", text).replace("{{sha}}", "{commit}")
        if kept != text or _ANY_DAY.search(text):
            self._keep(self._named(kept, attributes), where)
        elif is_open(text):
            self._leave_out("its value is only known when the workflow runs")
        elif where.tags and where.branches:
            self._leave_out("it moves both with versions and with a branch; a tag can only follow one of them")
        elif where.tags:
            self._float(self._named(text, attributes), where.prereleases)
        else:
            for branch in where.branches:
                self._follow(branch, self._named(text, attributes))

    def _keep(self, form: str, where: _Where) -> None:
        if not where.branches or "{commit}" not in form or is_open(form):
            self._leave_out("a build keeps a tag with {commit}, and perhaps {date} as in 2026-11-29")
        else:
            self.tags.kept.append(form)

    def _named(self, text: str, attributes: Mapping[str, str]) -> str:
        before, after = (attributes.get(key, self.flavor.get(key, "")) for key in ("prefix", "suffix"))
        return f"{before}{text}{after}"

    @property
    def _git_name(self) -> str:
        """A git tag as the name of an image's tag."""
        return self.triggers.git_tag.replace("/", "-").replace("@", "-")

    def _add_version(self, form: str) -> None:
        if form not in self.tags.versions:
            self.tags.versions.append(form)

    def _float(self, text: str, prereleases: tuple[str, ...] = ()) -> None:
        if text not in [rule.text for rule in self.tags.floating]:
            self.tags.floating.append(FloatingRule(text, prereleases))

    def _follow(self, branch: str, tag: str) -> None:
        if (branch, tag) not in self.tags.following:
            self.tags.following.append((branch, tag))

    def _leave_out(self, reason: str) -> None:
        self.tags.remarks.append(Remark(self.source, self.source.text or self.line, reason))
