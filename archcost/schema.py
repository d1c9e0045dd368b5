"""The JSON Schema of specifications, from the registry of layers and the sections of a document."""

from __future__ import annotations

from typing import Any

from archcost.claims import CLAIM, QUANTITIES
from archcost.convention import STORED
from archcost.cost import LayerType, layer_names, layer_type
from archcost.expand import TYPED, WIRING
from archcost.kinds import DTYPES, kind
from archcost.presets import FIELDS, HIGHEST
from archcost.spec import ACCURACY, BLOCK, SECTIONS

LIST = {"type": "array", "items": {"$ref": "#/$defs/layer"}}
TEXT_OR_LIST = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
WIRED: dict[str, dict[str, Any]] = {
    "as": {"type": ["string", "integer"]},
    "from": TEXT_OR_LIST,
    "repeat": {"type": ["integer", "string"], "minimum": 0},
    "first": {"minimum": 0},  # a block may be called so, with arguments of any type
    "when": {"type": ["boolean", "string"]},
    "shares": {"type": ["string", "integer"]},
    "dtype": {
        "anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {key: {"type": "string"} for key in TYPED}, "additionalProperties": False},
        ]
    },
}


def schema() -> dict[str, Any]:
    """The schema; what it lets pass may still be refused when shapes are worked out."""
    types = {name: layer_type(name) for name in layer_names()}
    wiring = {key: {**WIRED[key], "description": text} for key, text in WIRING.items()}
    layers = {name: _arguments(item) for name, item in types.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archcost specification",
        "type": "object",
        "required": ["input", "layers"],
        "additionalProperties": False,
        "properties": {key: {**_SECTIONS.get(key, {}), "description": text} for key, text in SECTIONS.items()},
        "$defs": {
            "layer": {
                "anyOf": [
                    {"type": "string", "description": "a layer or block without arguments"},
                    {
                        "type": "object",
                        "properties": {**layers, **wiring},
                        "description": "one layer or block, with its wiring beside it",
                    },
                ]
            },
            "claim": {
                "type": "object",
                "required": ["source"],
                "additionalProperties": False,
                "properties": {key: {"description": text} for key, text in {**CLAIM, **QUANTITIES}.items()},
            },
        },
    }


_SHAPE = {"type": "array", "items": {"type": ["integer", "string"]}, "minItems": 1}
_PERCENT = ("top1", "top5")
_ACCURACY = {
    "type": "object",
    "required": ["top1", "source"],
    "additionalProperties": False,
    "properties": {
        key: {"description": text, **({"type": "number", "minimum": 0, "maximum": 100} if key in _PERCENT else {})}
        for key, text in ACCURACY.items()
    },
}
_FACTORS = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0, "maximum": HIGHEST}}
_COUNTED: dict[str, dict[str, Any]] = {
    "flops": _FACTORS,
    "params": {"anyOf": [_FACTORS, {"type": "array", "items": {"enum": [*STORED]}}]},
    "memory": _FACTORS,
    "fold": {"type": "boolean"},
    "kilo": {"enum": [1000, 1024]},
    "dtype": {"enum": [*DTYPES]},
    "known": {"type": "array", "items": {"type": "string"}},
}
_CONVENTION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {key: {"description": text, **_COUNTED.get(key, {"type": "string"})} for key, text in FIELDS.items()},
}
_CLAIMS = {"type": "array", "items": {"$ref": "#/$defs/claim"}}
_SECTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "string"},
    "source": {"type": "string"},
    "year": {"type": "integer"},
    "notes": {"type": "string"},
    "use": TEXT_OR_LIST,
    "params": {"type": ["object", "null"]},
    "input": {"anyOf": [_SHAPE, {"type": "object", "additionalProperties": _SHAPE}]},
    "blocks": {
        "type": ["object", "null"],
        "additionalProperties": {
            "type": "object",
            "required": ["layers"],
            "additionalProperties": False,
            "properties": {
                "inputs": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": BLOCK["inputs"]},
                "params": {"type": ["object", "null"], "description": BLOCK["params"]},
                "layers": {**LIST, "description": BLOCK["layers"]},
            },
        },
    },
    "layers": LIST,
    "variants": {"type": ["object", "null"], "additionalProperties": {"type": ["object", "null"]}},
    "accuracy": {"anyOf": [_ACCURACY, {"type": "object", "additionalProperties": _ACCURACY}]},
    "conventions": {"type": ["object", "null"], "additionalProperties": _CONVENTION},
    "claims": {"anyOf": [{"type": "null"}, _CLAIMS, {"type": "object", "additionalProperties": _CLAIMS}]},
}


def _arguments(item: LayerType) -> dict[str, Any]:
    """What may stand behind the name of a layer: its attributes, the first of them alone, or branches."""
    attributes = {a.name: kind(a.kind).schema for a in item.attributes.values()}
    required = [a.name for a in item.attributes.values() if a.required]
    branch = {"anyOf": [LIST, {"type": "string"}]}
    keyed = {
        "type": "object",
        "properties": attributes,
        "required": required,
        "additionalProperties": branch if item.joins else False,
    }
    forms: list[Any] = [keyed, {"type": "null"}]
    if item.joins:
        forms.append({"type": "array", "items": branch})
    elif attributes and len(required) <= 1:
        forms.append(next(iter(attributes.values())))
    return {"anyOf": forms, "description": item.doc.strip().split("\n\n")[0]}
