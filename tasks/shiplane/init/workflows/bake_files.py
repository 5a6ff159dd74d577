"""The bake files of ``docker buildx bake``: HCL as far as it is plain, and JSON; each target as a step that builds it.

Source: docs.docker.com, "Bake file reference". Functions, conditions and what is computed are left open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shiplane.init.workflows.expressions import LONGEST
from shiplane.init.workflows.yaml_nodes import Node, read_yaml

_TOKEN = re.compile(
    r"(?P<skip>[ \t\r]+|#[^\n]*|//[^\n]*|/\*.*?\*/)|(?P<end>\n)|\"(?P<text>(?:[^\"\\\n]|\\.)*)\""
    r"|(?P<name>[\w.-]+)|(?P<sign>.)",
    re.DOTALL,
)
_VARIABLE = re.compile(r"\$\{(\w+)\}")
# A bare name is a variable's; the others are numbers and literals.
_REFERENCE = re.compile(r"(?!(?:true|false|null)$)[A-Za-z_]\w*", re.ASCII)
_DEEPEST = 20
# What a target says, as docker/build-push-action calls it.
_INPUTS = {"dockerfile": "file", "args": "build-args", "contexts": "build-contexts"}
# What makes no difference to the image.
_OF_BAKE = {"inherits", "output", "description", "name", "matrix"}


def read_bake(path: str, text: str) -> Node | None:
    """The blocks of a bake file by kind and name; None if it cannot be read."""
    if path.endswith(".json"):
        return read_yaml(text)
    try:
        return _Hcl(list(_tokens(text))).body()
    except (IndexError, ValueError, RecursionError):
        return None


def steps_of(bake: Node, targets: Sequence[str], variables: Mapping[str, str]) -> Iterator[tuple[str, Node]]:
    """Each target as a step of docker/build-push-action, by its name.

    Args:
        bake: The file.
        targets: Names of targets or groups; by default the group ``default``.
        variables: What the file's variables are set to.
    """
    defaults = {name: node.at("default").text for name, node in bake.at("variable").entries.items()}
    values = {name: text for name, text in {**defaults, **variables}.items() if text}
    for name in _targets(bake, targets or ["default"], set()):
        merged = _merged(bake, name, set())
        inputs = dict(_inputs(merged, values))
        yield name, Node(entries={"with": Node(entries={**inputs, "push": Node(text="true")})})


def _inputs(target: Mapping[str, Node], values: Mapping[str, str]) -> Iterator[tuple[str, Node]]:
    """What a target says, by the names of docker/build-push-action's inputs; what that has none for by its own."""
    for key, node in target.items():
        filled = _filled(node, values)
        if key in _LISTS:
            for name in dict.fromkeys(name for name, _ in _LISTS[key](filled)):
                lines = (text for other, text in _LISTS[key](filled) if other == name)
                yield name, replace(filled, text="\n".join(lines))
        elif key not in _OF_BAKE and filled.text:
            yield _INPUTS.get(key, key), filled


def _secrets(node: Node) -> Iterator[tuple[str, str]]:
    """Build secrets, as ``id=npm,env=NPM_TOKEN``: an id alone is a variable, too."""
    for line in node.text.splitlines():
        given = _fields(line)
        file = given.get("src", given.get("source"))
        yield (
            ("secret-files", f"{given.get('id', '')}={file}")
            if file
            else ("secret-envs", f"{given.get('id', '')}={given.get('env', given.get('id', ''))}")
        )


def _proofs(node: Node) -> Iterator[tuple[str, str]]:
    """Attestations, as ``type=provenance,mode=max``."""
    for line in node.text.splitlines():
        given = _fields(line)
        yield given.pop("type", "attest"), ",".join(f"{key}={text}" for key, text in given.items()) or "true"


def _fields(line: str) -> dict[str, str]:
    fields = (field.strip().partition("=") for field in line.split(","))
    return {key: text for key, _, text in fields}


_LISTS: dict[str, Callable[[Node], Iterator[tuple[str, str]]]] = {"secret": _secrets, "attest": _proofs}


def _targets(bake: Node, names: Sequence[str], seen: set[str]) -> Iterator[str]:
    """The targets of groups, and groups of groups, each once."""
    for name in names:
        if name in seen:
            continue
        seen.add(name)
        if group := bake.at("group", name, "targets").texts:
            yield from _targets(bake, group, seen)
        elif name in bake.at("target").entries:
            yield name


def _merged(bake: Node, name: str, seen: set[str]) -> dict[str, Node]:
    """What a target says, and what those say from which it inherits; arguments add up."""
    own = bake.at("target", name)
    merged: dict[str, Node] = {}
    for parent in own.at("inherits").texts:
        if parent not in seen:
            seen.add(parent)
            merged |= _merged(bake, parent, seen)
    args = {**merged.get("args", Node()).entries, **own.at("args").entries}
    return {**merged, **own.entries, "args": Node(entries=args)}


def _filled(node: Node, values: Mapping[str, str]) -> Node:
    """A text, or what is in a list or a table as one text of lines, with what its variables are set to."""
    pairs = [f"{key}={value.text}" for key, value in node.entries.items()]
    items = [",".join(f"{key}={value.text}" for key, value in item.entries.items()) or item.text for item in node.items]
    text = "\n".join(pairs or items or node.texts)[: LONGEST + 1]
    return Node(text=_VARIABLE.sub(lambda match: values.get(match[1], match[0]), text), line=node.line)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Each token with its kind and its line."""
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "skip":
            yield str(match.lastgroup), match[match.lastgroup or 0], line
        line += match[0].count("\n")


@dataclass
class _Hcl:
    """Reads blocks and attributes; what is computed has no text."""

    tokens: list[tuple[str, str, int]]
    at: int = 0
    depth: int = field(default=0)

    def body(self) -> Node:
        """What stands up to the closing brace, or to the end.

        Raises:
            ValueError: It is no HCL, or nested too deep.
            IndexError: It ends too early.
        """
        entries: dict[str, Node] = {}
        while self.at < len(self.tokens) and not self._takes("}"):
            if not (self._takes("\n") or self._takes(",")):
                self._entry(entries)
        return Node(entries=entries)

    def _entry(self, entries: dict[str, Node]) -> None:
        path = [self._next()[1]]
        while self.tokens[self.at][0] in ("text", "name"):
            path.append(self._next()[1])
        if self._takes("{"):
            value = self._within()
        elif self._takes("=") or self._takes(":"):
            value = self._value()
        else:
            raise ValueError(self.tokens[self.at])
        for name in path[:-1]:
            entries = entries.setdefault(name, Node()).entries
        entries[path[-1]] = value

    def _value(self) -> Node:
        kind, text, line = self.tokens[self.at]
        if self._takes("{"):
            return self._within()
        if self._takes("["):
            return self._list(line)
        is_plain = kind in ("text", "name") and self._ends_at(self.at + 1)
        if is_plain:
            self.at += 1
            is_reference = kind == "name" and _REFERENCE.fullmatch(text)
            return Node(text=f"${{{text}}}" if is_reference else text, line=line)
        return self._open(line)

    def _list(self, line: int) -> Node:
        items = []
        while not self._takes("]"):
            if not (self._takes("\n") or self._takes(",")):
                items.append(self._value())
        return Node(line=line, items=tuple(items))

    def _open(self, line: int) -> Node:
        """A value that is computed: left open, up to where it ends."""
        level = 0
        while level or not self._ends_at(self.at):
            level += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(self._next()[1], 0)
        return Node(text="${computed}", line=line)

    def _within(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError("nested too deep")
        body = self.body()
        self.depth -= 1
        return body

    def _ends_at(self, at: int) -> bool:
        return at >= len(self.tokens) or (self.tokens[at][1] in ("\n", ",", "}", "]") and self.tokens[at][0] != "text")

    def _takes(self, sign: str) -> bool:
        is_next = self.tokens[self.at][0] != "text" and self.tokens[self.at][1] == sign
        self.at += is_next
        return is_next

    def _next(self) -> tuple[str, str, int]:
        self.at += 1
        return self.tokens[self.at - 1]
