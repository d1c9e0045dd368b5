"""Published numbers as data: what a specification says was printed about it, recomputed and judged.

A claim holds when the computed value rounds to the printed digits. An erratum must not hold, and where it names a
mechanism, that reading must give the printed digits: the explanation is proven as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from archcost.convention import Convention, adapted, convention
from archcost.dims import sizes
from archcost.errors import ArchcostError, Position, SpecError, did_you_mean
from archcost.expand import expand
from archcost.expression import FUNCTIONS, evaluate
from archcost.library import find
from archcost.report import Report, report, until
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
SUBJECT: Mapping[str, str] = {
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
    **SUBJECT,
    "symbols": "names that stand for any whole number in `set` and in the printed figure",
    "note": "a remark",
    "erratum": "why the printed figure is wrong",
    "reproduced_by": "the reading that gives the printed figure",
}
MECHANISM = [*SUBJECT, "net", "transposed"]

PRINTED = re.compile(r"~?\s*([0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Za-z%]*)$")
SHAPE = re.compile(r"[0-9]+( ?x ?[0-9]+)+$")
COUNTS: dict[str, int | Fraction] = {"": 1, "K": 10**3, "k": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
COUNTS |= {"Ki": 2**10, "Mi": 2**20, "x": 1, "X": 1, "%": Fraction(1, 100)}
POINTS = (1, 2, 3, 5, 8)  # values of a symbol; a polynomial of degree four at most is known by them


@dataclass(frozen=True, slots=True)
class Claim:
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
        return self.variant or self.spec.name

    @property
    def at(self) -> str:
        """The part that is meant, in words."""
        if "at" in self.reading:
            return str(self.reading["at"].data)
        return f"until {self.reading['until'].data}" if "until" in self.reading else "total"

    def names(self, network: str) -> bool:
        """Whether the claim compares with another network."""
        text = str(self.reading["of"].data) if "of" in self.reading else ""
        return re.search(rf"\b{re.escape(network)}\b", text) is not None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim, what was computed for it, and what is thought of it: reproduced, erratum or mismatch."""

    claim: Claim
    computed: Any
    verdict: str
    explanation: str


def claims_of(spec: Spec, variant: str | None = None) -> list[Claim]:
    """What a specification says was published about it, or about one of its variants."""
    value = spec.claims
    if value is None or value.data is None:
        return []
    if not spec.variants:
        if not value.is_list:
            raise SpecError("claims must be a list", value.at)
        return [claim for item in value.data for claim in _claims(spec, None, item)]
    if not value.is_map:
        raise SpecError("claims must be a map with a list for each variant", value.at)
    found = []
    for name, items in value.data.items():
        if name not in spec.variants:
            raise SpecError(f"there is no variant {name!r}{did_you_mean(name, spec.variants)}", items.key_at)
        if not items.is_list:
            raise SpecError(f"the claims of {name} must be a list", items.at)
        if variant in (None, name):
            found += [claim for item in items.data for claim in _claims(spec, name, item)]
    return found


def _claims(spec: Spec, variant: str | None, item: Value) -> Iterator[Claim]:
    """One for each quantity that an item names."""
    if not item.is_map:
        raise SpecError("a claim is a map: its source, the quantity and the figure", item.at)
    given: dict[str, Value] = item.data
    for key, value in given.items():
        if key not in CLAIM and key not in QUANTITIES:
            raise SpecError(f"a claim has no {key!r}{did_you_mean(key, [*CLAIM, *QUANTITIES])}", value.key_at)
    if "source" not in given:
        raise SpecError("a claim needs a source", item.at)
    printed = {key: value for key, value in given.items() if key in QUANTITIES}
    if not printed:
        raise SpecError(f"a claim needs a figure of {', '.join(QUANTITIES)}", item.at)
    mechanism = given.get("reproduced_by")
    if mechanism is not None:
        if "erratum" not in given:
            raise SpecError("reproduced_by explains an erratum: say in 'erratum' what is wrong", mechanism.key_at)
        if not mechanism.is_map:
            raise SpecError("reproduced_by must be a map", mechanism.at)
        for key, value in mechanism.data.items():
            if key not in MECHANISM:
                raise SpecError(f"reproduced_by has no {key!r}{did_you_mean(key, MECHANISM)}", value.key_at)
    for quantity, figure in printed.items():
        yield Claim(
            spec,
            variant,
            str(given["source"].data),
            quantity,
            str(figure.data),
            {key: given[key] for key in SUBJECT if key in given},
            tuple(re.findall(r"\w+", str(given["symbols"].data))) if "symbols" in given else (),
            str(given["note"].data) if "note" in given else "",
            str(given["erratum"].data) if "erratum" in given else "",
            mechanism.data if mechanism else None,
            figure.at,
        )


@dataclass(slots=True)
class Judge:
    """Judges claims, and remembers the reports it needed."""

    reports: dict[Any, Report] = field(default_factory=dict)

    def judge(self, claim: Claim) -> Verdict:
        """Recompute a claim and, for an erratum, the reading that explains it."""
        try:
            return self._judge(claim)
        except SpecError:
            raise
        except ArchcostError as error:
            raise SpecError(str(error), claim.place) from error

    def _judge(self, claim: Claim) -> Verdict:
        if claim.symbols:
            wrong = self.counterexample(claim)
            if wrong:
                return Verdict(claim, None, "mismatch", f"at {wrong}")
            return Verdict(claim, claim.printed, "reproduced", claim.note or "an identity")
        computed = self.value(claim, claim.reading)
        holds = rounds_to(computed, claim, claim.reading)
        if not claim.erratum:
            return Verdict(claim, computed, "reproduced" if holds else "mismatch", claim.note)
        if holds:
            return Verdict(claim, computed, "mismatch", "called an erratum, but reproduced")
        if claim.reproduced_by is None:
            return Verdict(claim, computed, "erratum", claim.erratum)
        reading = {**claim.reading, **claim.reproduced_by}
        explained = self.value(claim, reading)
        if _is_true(reading.get("transposed")):
            proven = any(rounds_to(value, claim, reading) for value in transpositions(explained, claim, reading))
        else:
            proven = rounds_to(explained, claim, reading)
        if not proven:
            return Verdict(claim, computed, "mismatch", f"the explanation gives {plain(explained)}: {claim.erratum}")
        reads = "" if explained == computed else f" (so read: {plain(explained)})"
        return Verdict(claim, computed, "erratum", claim.erratum + reads)

    def value(self, claim: Claim, reading: Mapping[str, Value], names: Mapping[str, int] | None = None) -> Any:
        """What a reading of the claim gives."""
        subject = Subject(self, claim, reading, names or {})
        text = str(reading["of"].data) if "of" in reading else claim.quantity
        at = reading["of"].at if "of" in reading else claim.place
        functions = {**FUNCTIONS, **{name: _bind(subject.quantity, name) for name in QUANTITIES}}
        return evaluate(text, Words(subject, names or {}), at, functions)

    def counterexample(self, claim: Claim) -> str:
        """Values of the symbols at which the printed expression is not what is computed; none proves an identity."""
        for point in product(POINTS, repeat=len(claim.symbols)):
            names = dict(zip(claim.symbols, point, strict=True))
            computed = self.value(claim, claim.reading, names)
            if computed != evaluate(claim.printed, names, claim.place):
                return ", ".join(f"{name} = {value}" for name, value in names.items()) + f" it is {plain(computed)}"
        return ""


def _bind(quantity: Callable[..., Any], name: str) -> Callable[..., Any]:
    return lambda *network, **reading: quantity(name, *network, **reading)


def _is_true(value: Value | None) -> bool:
    return value is not None and value.data is True


class Words(Mapping[str, Any]):
    """The names in an expression of a claim: symbols, quantities of its subject, and any other word as itself."""

    def __init__(self, subject: Subject, names: Mapping[str, int]) -> None:
        self.subject, self.values_of = subject, names

    def __getitem__(self, name: str) -> Any:
        if name in self.values_of:
            return self.values_of[name]
        return self.subject.quantity(name) if name in QUANTITIES else name

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name not in ("true", "false")

    def __iter__(self) -> Iterator[str]:
        return iter((*self.values_of, *QUANTITIES))

    def __len__(self) -> int:
        return len(self.values_of) + len(QUANTITIES)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a reading is about: a net with knobs, a part of it, a convention."""

    judge: Judge
    claim: Claim
    reading: Mapping[str, Value]
    names: Mapping[str, int]

    def quantity(self, name: str, network: str | None = None, **reading: Any) -> Any:
        """A quantity of the subject, or of another network in the same part and convention.

        Further words change the reading: `macs(at='conv1')`, `memory(vgg16, until=28)`; other names are knobs.
        """
        at = self.claim.place
        given = {key: value if isinstance(value, Value) else Value(value, at) for key, value in reading.items()}
        knobs = {key: value for key, value in given.items() if key not in SUBJECT}
        kept = dict(self.reading)
        if network is None:
            network = str(kept["net"].data) if "net" in kept else None
            knobs = {**(kept["set"].data if "set" in kept else {}), **knobs}
        else:
            kept.pop("at", None)
        spec, variant = find(network) if network else (self.claim.spec, self.claim.variant)
        whole = {**kept, **{key: value for key, value in given.items() if key in SUBJECT}}
        found = self.report(spec, variant, knobs, whole)
        return _of_layer(found, str(whole["at"].data), name) if "at" in whole else _of_total(found, name)

    def report(
        self, spec: Spec, variant: str | None, knobs: Mapping[str, Value], reading: Mapping[str, Value]
    ) -> Report:
        settings = {name: self.setting(value) for name, value in knobs.items()}
        size = reading["until"].data if "until" in reading else None
        batch = reading["batch"].data if "batch" in reading else 1
        counted = _convention(reading.get("convention"))
        key = (
            spec.name,
            variant,
            repr([(k, getattr(v, "data", v)) for k, v in settings.items()]),
            size,
            batch,
            repr(counted),
        )
        if key not in self.judge.reports:
            net = expand(spec, variant, settings)
            self.judge.reports[key] = report(net, counted, batch, part=until(size) if size else None)
        return self.judge.reports[key]

    def setting(self, value: Value) -> Any:
        """A knob's setting; with symbols its expression is worked out first."""
        return evaluate(value.data, self.names, value.at) if value.is_text and self.names else value


def _convention(value: Value | None) -> Convention:
    if value is None:
        return convention("lecture")
    if not value.is_map:
        return convention(str(value.data))
    changes = {key: _plain(part) for key, part in value.data.items()}
    return adapted(convention(str(changes.pop("base", "lecture"))), changes)


def _plain(value: Value) -> Any:
    if value.is_map:
        return {key: _plain(part) for key, part in value.data.items()}
    return tuple(map(_plain, value.data)) if value.is_list else value.data


def _of_total(found: Report, name: str) -> Any:
    if name in ("memory", "peak_memory"):
        name += "_bytes"
    if name == "output":
        return found.rows[-1].output
    if name == "input":
        return next(iter(found.inputs.values()))
    if name == "receptive_field":
        return found.rows[-1].receptive_field
    return getattr(found.totals, name)


def _of_layer(found: Report, path: str, name: str) -> Any:
    """A quantity of one layer, or of all layers of a block."""
    rows = [row for row in found.rows if row.name == path or row.name.startswith(path + "/")]
    if not rows:
        raise ArchcostError(f"no layer {path!r}{did_you_mean(path, [row.name for row in found.rows])}")
    if name == "output":
        return rows[-1].output
    if name == "input":
        return rows[0].inputs[0]
    if name == "receptive_field":
        return rows[-1].receptive_field
    if name in ("depth", "peak_memory"):
        raise ArchcostError(f"{name} is a quantity of a whole net")
    if name in ("memory", "elements"):
        field = "memory_bytes" if name == "memory" else "elements"
        return sum(getattr(row, field) * (row.held if len(rows) > 1 else 1) for row in rows)
    return sum(getattr(row, name) for row in rows)


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed number: its value and the worth of its last digit."""

    value: Fraction
    last: Fraction


def figure(claim: Claim, reading: Mapping[str, Value]) -> Figure:
    """The printed text as a number with a precision."""
    found = PRINTED.match(claim.printed.strip())
    if not found:
        raise SpecError(f"{claim.printed!r} is not a figure: write digits and a unit", claim.place)
    digits, unit = found[1].replace(",", ""), found[2]
    units = _bytes(_convention(reading.get("convention")).kilo) if "memory" in claim.quantity else COUNTS
    units = {**units, "x": Fraction(1), "X": Fraction(1)}
    if unit not in units:
        raise SpecError(f"there is no unit {unit!r} of {claim.quantity}{did_you_mean(unit, units)}", claim.place)
    value = Fraction(digits) * units[unit]
    last = Fraction(10) ** -len(digits.partition(".")[2]) * units[unit]
    if "digits" in reading:
        last = units[unit] * Fraction(10) ** (len(digits.partition(".")[0].lstrip("0")) - int(reading["digits"].data))
    return Figure(value, last)


def _bytes(kilo: int) -> dict[str, Any]:
    decimal = {"B": 1, "bits": Fraction(1, 8), "KB": kilo, "MB": kilo**2, "GB": kilo**3}
    return {**decimal, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def rounds_to(computed: Any, claim: Claim, reading: Mapping[str, Value]) -> bool:
    """Whether the computed value, rounded as the figure is, is the figure."""
    if isinstance(computed, tuple):
        return _is_shape(computed, claim.printed)
    printed = figure(claim, reading)
    exact = Fraction(computed)
    below = exact - printed.value
    rounded = str(reading["rounded"].data) if "rounded" in reading else "nearest"
    if rounded == "down":
        return 0 <= below < printed.last
    if rounded == "up":
        return -printed.last < below <= 0
    return abs(below) <= printed.last / 2


def _is_shape(computed: tuple[Any, ...], printed: str) -> bool:
    if SHAPE.match(printed):
        return sizes(computed) == printed.replace(" ", "").replace("x", " x ")
    space = computed[1:] or computed if len(computed) != 2 else computed
    return all(str(n) == printed.replace(",", "") for n in space)


def transpositions(computed: Any, claim: Claim, reading: Mapping[str, Value]) -> list[Fraction]:
    """The value rounded as printed, with each pair of neighbouring digits exchanged."""
    last = figure(claim, reading).last
    digits = str(round(Fraction(computed) / last))
    swapped = (digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(len(digits) - 1))
    return [int(text) * last for text in swapped]


def plain(value: Any) -> str:
    """A computed value as text: exact, with separators; an identity as it is printed."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return sizes(value)
    return f"{value:,}" if isinstance(value, int) else f"{float(value):,.4g}"
