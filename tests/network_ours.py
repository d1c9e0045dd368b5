"""What does archcost say of a network, written as a specification?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from network_data import Entry, Facts, Network

from archcost.cost import layer_type
from archcost.errors import ArchcostError, Source
from archcost.expand import expand
from archcost.net import Net, propagate
from archcost.source import parse
from archcost.spec import read_spec


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """YAML without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Writer:
    """A network as a specification that a person might have written."""

    def __init__(self, network: Network) -> None:
        self.blocks: dict[str, Any] = {}
        self.names: dict[int, str]  # of the numbers that `from` can hold where something is written
        self.items: dict[int, dict[str, Any]]
        inputs = [each["shape"] for each in network["inputs"]]
        names = [f"in{i}" for i in range(len(inputs))] if len(inputs) > 1 else ["input"]
        self.names, self.items = dict(enumerate(names)), {}
        layers = self.written(network["layers"], [len(names)], None, 0)
        self.spec = {
            "input": inputs[0] if len(inputs) == 1 else dict(zip(names, inputs, strict=True)),
            **({"blocks": self.blocks} if self.blocks else {}),
            "layers": layers,
        }

    @property
    def text(self) -> str:
        return yaml.dump(self.spec, Dumper=Dumper, sort_keys=False, default_flow_style=None, width=110)

    def written(
        self, entries: Sequence[Entry], count: list[int], params: dict[str, Any] | None, latest: int
    ) -> list[Any]:
        """The items of a list that begins with a result; only what `from` has to name gets a name."""
        items = []
        for entry in entries:
            reads = entry["from"]
            item: dict[str, Any] = {}
            if "block" in entry:
                self.block(entry, item)
            else:
                attributes = self.arguments(entry, params)
                if "branches" in entry:
                    branches = [self.written(branch, count, params, reads[0]) for branch in entry["branches"]]
                    labels = (f"branch{i}" for i in range(len(branches)))
                    attributes = {**attributes, **dict(zip(labels, branches, strict=True))} if attributes else branches
                item[entry["op"]] = None if attributes in ({}, []) else attributes
            if reads and reads != [latest]:
                for number in reads:
                    if number not in self.names:
                        self.items[number]["as"] = self.names[number] = f"n{number}_"
                item["from"] = [self.names[i] for i in reads] if len(reads) > 1 else self.names[reads[0]]
            latest = count[0]
            items.append(item)
            self.items[latest] = item
            count[0] += 1
        return [next(iter(item)) if [*item.values()] == [None] else item for item in items]

    def arguments(self, entry: Entry, params: dict[str, Any] | None) -> Any:
        """The attributes of a layer: in a block its width is a parameter; a single one needs no name."""
        attributes = dict(entry["attributes"])
        if params is not None and isinstance(attributes.get("out"), int):
            name = f"out{len(params)}"
            params[name], attributes["out"] = attributes["out"], name
        first = next(iter(layer_type(entry["op"]).attributes), None)
        if [*attributes] == [first] and not layer_type(entry["op"]).joins:
            return attributes[first] if attributes[first] is not False else attributes
        return attributes

    def block(self, entry: Entry, item: dict[str, Any]) -> None:
        """A block, or a single layer that is repeated."""
        layers = entry["block"]
        if len(layers) == 1 and layers[0]["from"] == [0] and layers[0].keys() == {"op", "attributes", "from"}:
            attributes = self.arguments(layers[0], None)
            item[layers[0]["op"]] = None if attributes == {} else attributes
        else:
            name, params = f"block{len(self.blocks) + 1}", {}
            self.blocks[name] = None  # keeps its place before those inside
            outer = self.names, self.items
            self.names, self.items = {0: "input"}, {}
            inside = self.written(layers, [1], params, 0)
            self.names, self.items = outer
            self.blocks[name] = {**({"params": dict.fromkeys(params)} if params else {}), "layers": inside}
            item[name] = params or None
        item["repeat"] = entry["repeat"]


def ours(network: Network) -> tuple[list[Facts | None], str]:
    """What archcost says of each layer, up to the first that it refuses, and why it does."""
    try:
        spec = read_spec(parse(Source("network", Writer(network).text)), "network")
        net = expand(spec)
    except ArchcostError as error:
        return [None], str(error)
    try:
        return facts(net), ""
    except ArchcostError as error:
        found: list[Facts | None] = []
        for many in range(1, len(net.nodes)):
            try:
                found = [*facts(Net(net.name, net.nodes[:many]))]
            except ArchcostError:
                break
        return [*found, None], str(error)


def facts(net: Net) -> list[Facts | None]:
    """Of each node."""
    costs = [step.cost for step in propagate(net)]
    return [Facts(c.out, sum(c.params.values()), sum(c.buffers.values()), c.ops.get("mac", 0)) for c in costs]
