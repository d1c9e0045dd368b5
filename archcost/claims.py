"""Published numbers as data: what a specification says was printed about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from archcost.errors import ArchcostError, Position, SpecError, did_you_mean
from archcost.kinds import check
from archcost.source import Value
from archcost.spec import Spec

QUANTITIES: Mapping[str, str] = {
    "params": "trainable parameters",
    "buffers": "numbers that are stored but not trained",
    "macs": "multiply-accumulates",
    "flops": "operations as the convention weighs them",
    "memory": "bytes of activations as the convention holds them",
    "elements": "activations as the convention holds them",
    "peak_memory": "bytes alive at once during inference",
    "depth": "layers with weights on the longest path",
    "output": "the size of the output map, or its shape, channels first",
    "input": "the size of the input map, or its shape, channels first",
    "receptive_field": "input positions that an output position sees, along an axis",
}
READING: Mapping[str, str] = {
    "of": "an expression over quantities instead of the quantity itself",
    "at": "the layer or block that is meant, instead of the whole net",
    "until": "the part up to the first map of that size",
    "set": "knobs",
    "convention": "how the figure is counted: a name, or a name as `base` with changes",
    "batch": "samples",
    "rounded": "down or up, where the figure is not rounded to nearest",
    "digits": "significant digits, where zeros at the end of the figure are not",
}
CLAIM: Mapping[str, str] = {
    "source": "who published it: a name in sources.yaml",
    "total": "true, for the reader: the whole net is meant",
    **READING,
    "sweep": "knobs with a list of settings each, side by side, for a list of figures: a table of the source",
    "symbols": "names that stand for any whole number in `set` and in the printed figure",
    "note": "a remark",
    "erratum": "why the printed figure is wrong",
    "reproduced_by": "the reading that gives the printed figure",
}
MECHANISM: Mapping[str, str] = {
    **READING,
    "net": "the network that was counted instead",
    "transposed": "true where two neighbouring digits were exchanged",
}
# What is not text must be of a kind.
KINDS = {"until": "Dim", "batch": "Dim", "digits": "Dim", "rounded": "Literal['down', 'up']", "transposed": "bool"}
_COUNTED = re.compile(rf"\b({'|'.join(QUANTITIES)})\b")
SYMBOLS = 3  # a claim with symbols is tried at every point of a grid


class Claim(NamedTuple):
    """One printed figure, and how it is to be read."""

    spec: Spec
    variant: str | None
    source: str
    quantity: str
    printed: str
    reading: Mapping[str, Value]
    symbols: tuple[str, ...]
    note: str
    erratum: str
    reproduced_by: Mapping[str, Value] | None
    place: Position

    @property
    def architecture(self) -> str:
        """The network that the claim is about."""
        return self.variant or self.spec.name

    @property
    def at(self) -> str:
        """The part that is meant, in words."""
        if "at" in self.reading:
            return str(self.reading["at"].data)
        return f"until {self.reading['until'].data}" if "until" in self.reading else "total"

    def compares_with(self, network: str) -> bool:
        """Whether the claim compares with another network."""
        text = str(self.reading["of"].data) if "of" in self.reading else ""
        return re.search(rf"\b{re.escape(network)}\b", text) is not None


def claims_of(spec: Spec, variant: str | None = None) -> list[Claim]:
    """What a specification says was published about it, or about one of its variants."""
    value = spec.claims
    if value is None or value.data is None:
        return []
    if not spec.variants:
        if not value.is_list:
            raise SpecError("claims must be a list", value.at)
        return [claim for item in value.data for one in _swept(item) for claim in _claims(spec, None, one)]
    if not value.is_map:
        raise SpecError("claims must be a map with a list for each variant", value.at)
    found = []
    for name, items in value.data.items():
        if name not in spec.variants:
            raise SpecError(f"there is no variant {name!r}{did_you_mean(name, spec.variants)}", items.key_at)
        if not items.is_list:
            raise SpecError(f"the claims of {name} must be a list", items.at)
        if variant in (None, name):
            found += [claim for item in items.data for one in _swept(item) for claim in _claims(spec, name, one)]
    return found


def _swept(item: Value) -> Iterator[Value]:
    """An item, or one for each point of its sweep; a point without a figure, `null`, claims nothing."""
    if not item.is_map or "sweep" not in item.data:
        yield item
        return
    rest = {key: value for key, value in item.data.items() if key != "sweep"}
    knobs, figures = item.data["sweep"], {key: value for key, value in rest.items() if key in QUANTITIES}
    if not knobs.is_map or not knobs.data:
        raise SpecError("sweep must be a map: a list of settings for each knob", knobs.at)
    columns = {**knobs.data, **figures}
    many = {len(column.data) for column in columns.values() if column.is_list}
    for name, column in columns.items():
        if not column.is_list or not column.data or len(many) > 1:
            raise SpecError(f"{name} must be a list, as long as all others of the sweep", column.at)
    fixed = rest["set"].data if "set" in rest else {}
    for place in range(len(next(iter(columns.values())).data)):
        point = Value({**fixed, **{name: column.data[place] for name, column in knobs.data.items()}}, knobs.at)
        printed = {name: column.data[place] for name, column in figures.items() if column.data[place].data is not None}
        others = {key: value for key, value in rest.items() if key not in figures}
        if printed or not figures:
            yield item._replace(data={**others, "set": point, **printed})


def _claims(spec: Spec, variant: str | None, item: Value) -> Iterator[Claim]:
    """One for each quantity that an item names."""
    if not item.is_map:
        raise SpecError("a claim is a map: its source, the quantity and the figure", item.at)
    given: dict[str, Value] = item.data
    _known("a claim", given, {**CLAIM, **QUANTITIES})
    if "source" not in given:
        raise SpecError("a claim needs a source", item.at)
    printed = {key: value for key, value in given.items() if key in QUANTITIES}
    if not printed:
        raise SpecError(f"a claim needs a figure of {', '.join(QUANTITIES)}", item.at)
    mechanism = given.get("reproduced_by")
    if mechanism is not None:
        if "erratum" not in given:
            raise SpecError("reproduced_by explains an erratum: say in 'erratum' what is wrong", mechanism.key_at)
        _known("reproduced_by", mechanism.data, MECHANISM)
    symbols = tuple(re.findall(r"\w+", str(given["symbols"].data))) if "symbols" in given else ()
    if len(symbols) > SYMBOLS:
        raise SpecError(f"a claim has {SYMBOLS} symbols at most", given["symbols"].at)
    for quantity, figure in printed.items():
        yield Claim(
            spec,
            variant,
            str(given["source"].data),
            quantity,
            str(figure.data),
            {key: given[key] for key in READING if key in given},
            symbols,
            str(given["note"].data) if "note" in given else "",
            str(given["erratum"].data) if "erratum" in given else "",
            mechanism.data if mechanism else None,
            figure.at,
        )


def _known(what: str, given: Mapping[str, Value], keys: Mapping[str, str]) -> None:
    """Refuse unknown keys, and values that are not what a key takes."""
    for key, value in given.items():
        if key not in keys:
            raise SpecError(f"{what} has no {key!r}{did_you_mean(key, keys)}", value.key_at)
        if key in ("set", "reproduced_by"):
            if not value.is_map:
                raise SpecError(f"{key} must be a map", value.at)
        elif key in KINDS:
            try:
                check(KINDS[key], value.data)
            except ArchcostError as error:
                raise SpecError(f"{key} {error}", value.at) from error
        elif isinstance(value.data, list | dict) and key != "convention":
            raise SpecError(f"{key} must be text or a number", value.at)
        elif key == "of" and not _COUNTED.search(str(value.data)):
            known = ", ".join(QUANTITIES)
            raise SpecError(f"of names no quantity, so nothing is computed: known are {known}", value.at)
