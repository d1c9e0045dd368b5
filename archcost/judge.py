"""Claims recomputed and judged.

A claim holds when the computed value rounds to the printed digits. An erratum must not hold, and where it names a
mechanism, that reading must give the printed digits: the explanation is proven as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from archcost.claims import QUANTITIES, READING, Claim
from archcost.convention import Convention
from archcost.errors import ArchcostError, SpecError, did_you_mean
from archcost.expand import expand
from archcost.expression import FUNCTIONS, evaluate
from archcost.figure import BYTES, COUNTS, byte_units, plain, read_figure, shape_holds
from archcost.kinds import is_number
from archcost.presets import convention, named, read_convention
from archcost.report import Report, report, until
from archcost.source import Value, plain_data
from archcost.spec import Spec
from archcost.zoo import built_in

POINTS = (1, 2, 3, 5, 8)  # values of a symbol; a polynomial of degree four at most is known by them


class Verdict(NamedTuple):
    """A claim, what was computed for it, and what is thought of it: reproduced, erratum or mismatch."""

    claim: Claim
    computed: Any
    verdict: str
    explanation: str


class Judge:
    """Judges claims, and remembers the reports it needed."""

    def __init__(self) -> None:
        self.reports: dict[Any, Report] = {}

    def judge(self, claim: Claim) -> Verdict:
        """Recompute a claim and, for an erratum, the reading that explains it."""
        try:
            return self.identity(claim) if claim.symbols else self.number(claim)
        except SpecError:
            raise
        except ArchcostError as error:
            raise SpecError(str(error), claim.place) from error

    def number(self, claim: Claim) -> Verdict:
        """The verdict on a printed number or size."""
        computed = self.value(claim, claim.reading)
        holds = agrees(computed, claim, claim.reading)
        if not claim.erratum:
            return Verdict(claim, computed, "reproduced" if holds else "mismatch", claim.note)
        if holds:
            return Verdict(claim, computed, "mismatch", "called an erratum, but reproduced")
        if claim.reproduced_by is None:
            return Verdict(claim, computed, "erratum", claim.erratum)
        reading = {**claim.reading, **claim.reproduced_by}
        explained = self.value(claim, reading)
        if not agrees(explained, claim, reading):
            return Verdict(claim, computed, "mismatch", f"the explanation gives {plain(explained)}: {claim.erratum}")
        reads = "" if explained == computed else f" (so read: {plain(explained)})"
        return Verdict(claim, computed, "erratum", claim.erratum + reads)

    def identity(self, claim: Claim) -> Verdict:
        """The verdict on a printed expression, tried on a grid of points: that proves polynomials up to degree four."""
        for point in product(POINTS, repeat=len(claim.symbols)):
            names = dict(zip(claim.symbols, point, strict=True))
            computed = self.value(claim, claim.reading, names)
            if computed != evaluate(claim.printed, names, claim.place):
                where = ", ".join(f"{name} = {value}" for name, value in names.items())
                return Verdict(claim, computed, "mismatch", f"where {where}")
        return Verdict(claim, claim.printed, "reproduced", claim.note or "an identity")

    def value(self, claim: Claim, reading: Mapping[str, Value], names: Mapping[str, int] | None = None) -> Any:
        """What a reading of the claim gives."""
        subject = Subject(self, claim, reading, names or {})
        text = str(reading["of"].data) if "of" in reading else claim.quantity
        at = reading["of"].at if "of" in reading else claim.place
        functions = {**FUNCTIONS, **{name: partial(subject.quantity, name) for name in QUANTITIES}}
        return evaluate(text, Words(subject), at, functions)


def agrees(computed: Any, claim: Claim, reading: Mapping[str, Value]) -> bool:
    """Whether the computed value is what the claim prints."""
    if computed is None:
        raise ArchcostError(f"the {claim.quantity} is not known here")
    if isinstance(computed, tuple):
        axes = computed if claim.quantity == "receptive_field" else computed[1:] or computed
        return shape_holds(computed, axes, claim.printed)
    units = byte_units(_convention(reading, claim.spec).kilo) if claim.quantity in BYTES else COUNTS
    digits = reading["digits"].data if "digits" in reading else None
    rounded = reading["rounded"].data if "rounded" in reading else "nearest"
    if not is_number(computed):
        raise ArchcostError(f"{plain(computed)!r} is not a quantity: known are {', '.join(QUANTITIES)}")
    figure = read_figure(claim.printed, units, digits, rounded)
    transposed = "transposed" in reading and reading["transposed"].data
    return figure.holds_transposed(computed) if transposed else figure.holds(computed)


class Subject(NamedTuple):
    """What a reading is about: a net with knobs, a part of it, a convention; and the values of symbols."""

    judge: Judge
    claim: Claim
    reading: Mapping[str, Value]
    names: Mapping[str, int]

    def quantity(self, name: str, network: str | None = None, /, **reading: Any) -> Any:
        """A quantity of the subject, or of another network in the same part and convention.

        Further words change the reading: `macs(at='conv1')`, `memory(vgg16, until=28)`; other names are knobs.
        """
        given = {key: Value(value, self.claim.place) for key, value in reading.items()}
        knobs = {key: value for key, value in given.items() if key not in READING}
        kept = dict(self.reading)
        if network is None:
            network = str(kept["net"].data) if "net" in kept else None
            knobs = {**(kept["set"].data if "set" in kept else {}), **knobs}
        else:
            kept.pop("at", None)
        spec, variant = built_in(network) if network else (self.claim.spec, self.claim.variant)
        whole = {**kept, **{key: value for key, value in given.items() if key in READING}}
        found = self.report(spec, variant, knobs, whole)
        return of_layer(found, str(whole["at"].data), name) if "at" in whole else of_total(found, name)

    def report(
        self, spec: Spec, variant: str | None, knobs: Mapping[str, Value], reading: Mapping[str, Value]
    ) -> Report:
        """The report that a reading needs, made once."""
        settings = {name: self.setting(value) for name, value in knobs.items()}
        size = reading["until"].data if "until" in reading else None
        batch = reading["batch"].data if "batch" in reading else 1
        counted = _convention(reading, self.claim.spec)
        plainly = [(name, plain_data(value)) for name, value in settings.items()]
        key = (spec.at.source, variant, repr(plainly), size, batch, repr(counted))
        if key not in self.judge.reports:
            net = expand(spec, variant, settings)
            self.judge.reports[key] = report(net, counted, batch, part=until(size) if size else None)
        return self.judge.reports[key]

    def setting(self, value: Value) -> Any:
        """A knob's setting; with symbols its expression is worked out first."""
        return evaluate(value.data, self.names, value.at) if value.is_text and self.names else value


class Words(Mapping[str, Any]):
    """The names in an expression of a claim: symbols, quantities of its subject, and any other word as itself."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    def __getitem__(self, name: str) -> Any:
        if name in self.subject.names:
            return self.subject.names[name]
        return self.subject.quantity(name) if name in QUANTITIES else name

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name not in ("true", "false")

    def __iter__(self) -> Iterator[str]:
        return iter((*self.subject.names, *QUANTITIES))

    def __len__(self) -> int:
        return len(self.subject.names) + len(QUANTITIES)


def _convention(reading: Mapping[str, Value], spec: Spec) -> Convention:
    """The convention of a reading: one by name, or another than the lectures' in what it says."""
    if "convention" not in reading:
        return convention("lecture")
    value = reading["convention"]
    if not value.is_map:
        return named(value, spec.conventions, spec.parts)
    base = value.data.get("base", Value("lecture", value.at))
    changed = value._replace(data={"base": base, **value.data})
    return read_convention(f"{base.data}, changed", changed, spec.conventions, spec.parts)


def of_total(found: Report, name: str) -> Any:
    """A quantity of the whole net, or of the part that was reported."""
    if name == "output":
        return found.rows[-1].output
    if name == "input":
        return next(iter(found.inputs.values()))
    if name == "receptive_field":
        return found.rows[-1].receptive_field
    return getattr(found.totals, f"{name}_bytes" if name in BYTES else name)


def of_layer(found: Report, path: str, name: str) -> Any:
    """A quantity of one layer or, where the path names a block, of all layers in it."""
    exact = [row for row in found.rows if row.name == path]
    rows = exact or [row for row in found.rows if row.name.startswith(f"{path}/")]
    if not rows:
        raise ArchcostError(f"there is no layer {path!r}{did_you_mean(path, [row.name for row in found.rows])}")
    if name == "output":
        return rows[-1].output
    if name == "input":
        return next((row.inputs[0] for row in rows if row.inputs), None)
    if name == "receptive_field":
        return rows[-1].receptive_field
    if name in ("depth", "peak_memory"):
        raise ArchcostError(f"{name} is a quantity of a whole net, not of {path!r}")
    if name in ("memory", "elements"):
        size = "memory_bytes" if name == "memory" else "elements"
        return sum(getattr(row, size) * (1 if exact else row.held) for row in rows)
    return sum(getattr(row, name) for row in rows)
