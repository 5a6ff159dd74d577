"""Whether a git tag starts a GitHub Actions workflow, from its text.

Supports the usual forms: ``tags:`` with a list, on one line or several, or with a single pattern.
"""

from __future__ import annotations

import re

_TAGS = re.compile(r"^([ \t]*)[\"']?tags[\"']?[ \t]*:[ \t]*(.*)$", re.ASCII)
_ITEM = re.compile(r"^([ \t]*)-[ \t]+(.*)$", re.ASCII)
_SCALAR = re.compile(r"""'((?:[^']|'')*)'|"([^"]*)"|([^\s,\[\]#'"][^,\]]*)""")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
# Filter patterns: docs.github.com, "Workflow syntax", "Filter pattern cheat sheet".
_PARTS = re.compile(r"\*\*|\*|\?|\+|\[[^\]]+\]|\\.|.", re.DOTALL)
_SIGNS = {"**": ".*", "*": "[^/]*", "?": "?", "+": "+"}


# docs.github.com, "Skipping workflow runs": anywhere in the message, or as its last lines.
_SKIPS = re.compile(r"\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]", re.IGNORECASE)
_TRAILER = re.compile(r"^skip-checks:[ \t]*true[ \t]*$", re.IGNORECASE | re.MULTILINE)


def skipped_by(message: str) -> str:
    """The part of a commit message that makes GitHub skip its workflows, or nothing."""
    last = message.rstrip().rpartition("\n\n")[2]
    match = _SKIPS.search(message) or _TRAILER.search(last)
    return match.group().strip() if match else ""


def starts_on(workflow: str, git_tag: str) -> bool:
    """Whether a push of this git tag starts the workflow: the last matching pattern decides (``!`` negates)."""
    started = False
    for pattern in tag_patterns(workflow):
        if _fits(pattern.removeprefix("!"), git_tag):
            started = not pattern.startswith("!")
    return started


def tag_patterns(workflow: str) -> list[str]:
    """Every pattern below a ``tags:`` key, in order; unrelated keys of this name match no git tag."""
    patterns: list[str] = []
    depth: int | None = None
    for line in workflow.splitlines():
        key, item = _TAGS.match(line), _ITEM.match(line)
        if key:
            depth = len(key.group(1))
            patterns += _scalars(key.group(2))
        elif item and depth is not None and len(item.group(1)) >= depth:
            patterns += _scalars(item.group(2))[:1]
        elif _COMMENT.sub("", line).strip():
            depth = None
    return patterns


def _scalars(text: str) -> list[str]:
    matches = _SCALAR.finditer(_without_comment(text))
    parts = (
        (single.replace("''", "'") if single else double or plain or "").strip()
        for single, double, plain in (match.groups() for match in matches)
    )
    return [part for part in parts if part]


def _without_comment(text: str) -> str:
    """Strip a comment; a text with both ``#`` and a quote after it is left unchanged."""
    return text if {"'", '"'} & set(text.partition("#")[2]) else _COMMENT.sub("", text)


def _fits(pattern: str, git_tag: str) -> bool:
    translated = "".join(_translated(part) for part in _PARTS.findall(pattern))
    try:
        return re.fullmatch(translated, git_tag) is not None
    except re.error:
        return False


def _translated(part: str) -> str:
    if part in _SIGNS:
        return _SIGNS[part]
    if len(part) > 1:
        return part if part.startswith("[") else re.escape(part[1:])
    return re.escape(part)
