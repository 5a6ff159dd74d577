"""YAML with the line of every value: what a workflow or a compose file says, and where.

PyYAML composes nodes without making objects of them, so that nothing in a file can run or grow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml


@dataclass(frozen=True)
class Node:
    """A value: a text, a mapping or a list; what is absent is an empty one. ``keys`` are the lines of its keys.

    Attributes:
        is_null: Whether it is written as nothing, which has a text as well: ``null``, or an empty one.
    """

    text: str = ""
    line: int = 0
    entries: dict[str, Node] = field(default_factory=dict)
    items: tuple[Node, ...] = ()
    keys: dict[str, int] = field(default_factory=dict)
    is_null: bool = False

    def at(self, *keys: str) -> Node:
        """What is below these keys."""
        node = self
        for key in keys:
            node = node.entries.get(key, _NOTHING)
        return node

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of a list, or of a text alone."""
        return tuple(item.text for item in self.items) if self.items else tuple(filter(None, [self.text]))

    @property
    def lines(self) -> Iterator[tuple[int, str]]:
        """Each line of a text that is not empty, with its number; of a block they begin below its key."""
        first = self.line + ("\n" in self.text)
        for number, line in enumerate(self.text.splitlines()):
            if line.strip():
                yield first + number, line.strip()


_NOTHING = Node()
_NULL = "tag:yaml.org,2002:null"


def read_yaml(text: str) -> Node | None:
    """The value of a YAML text; None if it is none, or refers to itself."""
    import yaml

    try:
        # libyaml refuses deep nesting (since 0.2.5), and is ten times as fast.
        root = yaml.compose(text, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)
        return _node(root) if root else _NOTHING
    except (yaml.YAMLError, RecursionError):
        return None


def _node(node: yaml.Node, made: dict[int, Node] | None = None) -> Node:
    """A node of ours; one that others refer to is made once."""
    import yaml

    made = {} if made is None else made
    if id(node) not in made:
        line = node.start_mark.line + 1 if node.start_mark else 0
        if isinstance(node, yaml.MappingNode):
            entries = {str(key.value): _node(value, made) for key, value in node.value}
            keys = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
            made[id(node)] = Node(line=line, entries=entries, keys=keys)
        elif isinstance(node, yaml.SequenceNode):
            made[id(node)] = Node(line=line, items=tuple(_node(item, made) for item in node.value))
        else:
            made[id(node)] = Node(text=str(node.value), line=line, is_null=node.tag == _NULL)
    return made[id(node)]
