"""A block that stands again with the same arguments: its nodes are moved, not worked out again. For speed alone."""

from __future__ import annotations

from typing import NamedTuple

from archcost.errors import Frame
from archcost.net import Node


class Made(NamedTuple):
    """What a block became where it first stood."""

    nodes: tuple[Node, ...]
    first: int  # the index of the first of them
    end: int  # the index of what the block gives: one of them, or of what it read
    start: tuple[int, ...]  # what it read
    path: str
    via: Frame  # its use there
    entries: int  # what it took of the limits
    values: int

    def moved(self, first: int, start: tuple[int, ...], path: str, via: Frame) -> tuple[list[Node], int]:
        """The nodes from another index on, and what the block gives: only names, inputs and the use of it differ."""
        by = first - self.first
        place = dict(zip(self.start, start, strict=True))
        uses: dict[int, Frame | None] = {id(self.via): via, id(None): None}
        nodes = []
        for node in self.nodes:
            name = path + node.name[len(self.path) :]
            inputs = tuple([i + by if i >= self.first else place[i] for i in node.inputs])
            use = uses[id(node.via)] if id(node.via) in uses else _used(node.via, uses)
            shares = node.shares + by if node.shares is not None and node.shares >= self.first else node.shares
            nodes.append(Node(name, node.op, inputs, node.attributes, node.at, use, shares, node.dtypes))
        return nodes, self.end + by if self.end >= self.first else place[self.end]


def _used(frame: Frame | None, uses: dict[int, Frame | None]) -> Frame | None:
    """A use of a block inside this one, by the use of this one."""
    if frame and id(frame) not in uses:
        uses[id(frame)] = frame._replace(outer=_used(frame.outer, uses))
    return uses[id(frame)]
