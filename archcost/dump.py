"""A net as a flat specification: one layer after the other, every number worked out. Reading it back gives the net."""

from __future__ import annotations

from typing import Any

from archcost.net import INPUT, Net, Node


def dump(net: Net) -> str:
    """The YAML text of a net."""
    inputs = [node for node in net.nodes if node.op == INPUT]
    lines = [f"name: {_text(net.title)}"]
    if net.source:
        lines.append(f"source: {_text(net.source)}")
    if len(inputs) == 1 and inputs[0].name == INPUT:
        lines.append(f"input: {_flow(inputs[0].attributes['shape'])}")
    else:
        shapes = ", ".join(f"{node.name}: {_flow(node.attributes['shape'])}" for node in inputs)
        lines.append(f"input: {{{shapes}}}")
    lines.append("layers:")
    for index, node in enumerate(net.nodes):
        if node.op != INPUT:
            lines.append(_entry(node, index, net, behind=0 if index == len(inputs) else index - 1))
    return "\n".join(lines) + "\n"


def _entry(node: Node, index: int, net: Net, behind: int) -> str:
    attributes = f" {_flow(dict(node.attributes))}" if node.attributes else ""
    read = [_text(net.nodes[i].name) for i in node.inputs]
    wiring = f"\n    as: {_text(node.name)}"
    if node.inputs not in ((), (behind,)):
        wiring += f"\n    from: {read[0] if len(read) == 1 else '[' + ', '.join(read) + ']'}"
    return f"  - {node.op}:{attributes}{wiring}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(text: str) -> str:
    """Text that YAML reads back as it is; quoted unless it is plainly a word."""
    plain = text.replace("/", "").replace("_", "").isalnum() and text[:1].isalpha() and len(text) > 3
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return text if plain else f'"{escaped}"'
