"""Is a net that is written as a specification, flat or with blocks, the same when it is read again?"""

from __future__ import annotations

from typing import Any

from archcost.dump import dump, folded
from archcost.expand import expand
from archcost.net import INPUT, Net, propagate
from archcost.report import attributes
from archcost.source import Limits, Source, parse
from archcost.spec import read_spec

LIMITS = Limits(bytes=10**9, values=10**8, layers=10**6)


def read_back(text: str) -> Net:
    """The net that a text describes."""
    return expand(read_spec(parse(Source("net.yaml", text), LIMITS), "net"), limits=LIMITS)


def told(net: Net) -> list[Any]:
    """What a report knows of a net, attributes as they apply."""
    return [
        (
            *(node.name, node.op, node.inputs, node.shares, node.dtypes, dtype, inputs, cost),
            plain(node.attributes["shape"] if node.op == INPUT else attributes(step)),
        )
        for step in propagate(net)
        for node, inputs, cost, dtype in [step]
    ]


def plain(value: Any) -> Any:
    """A value in which lists and tuples are one, and a list of the same number is that number, as for each axis."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        items = [plain(part) for part in value]
        return items[0] if all(item == items[0] for item in items) else items
    return value


def comes_back(net: Net) -> str:
    """The text with blocks, after it was read and is the net, as the flat text is."""
    text = folded(net)
    try:
        assert told(read_back(text)) == told(net)
        assert told(read_back(dump(net))) == told(net)
    except Exception:
        print(text)
        raise
    return text
