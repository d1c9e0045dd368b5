"""One network under many conventions, and which layers make the difference between two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from archcost.convention import Convention
from archcost.dims import Dim
from archcost.figure import BYTES, given_figure
from archcost.fold import steps_under
from archcost.net import Net, Step

QUANTITIES = ("flops", "params", "memory")
KILOS = (1000, 1024)  # a tool may mean either with its KB

Parts = Mapping[str, Dim]  # what each kind of layer adds: `batchnorm.output`, `conv.weight`, `conv`


class Account(NamedTuple):
    """What a network costs under a convention, by what its layers add; None for what the convention does not count."""

    convention: Convention
    flops: Parts | None
    params: Parts | None
    memory: Parts | None  # bytes

    def total(self, quantity: str) -> Dim | None:
        """The sum of the parts of a quantity."""
        parts: Parts | None = getattr(self, quantity)
        return None if parts is None else sum(parts.values())


class Bridge(NamedTuple):
    """How a quantity of one convention becomes that of another: the differences, the largest first."""

    quantity: str
    start: Account
    end: Account
    differences: Parts


class Said(NamedTuple):
    """A number that someone has from a tool: the account it is held against, and which other conventions give it."""

    account: Account
    quantity: str
    printed: str
    holds: bool
    others: tuple[str, ...]


def accounts(net: Net, conventions: Sequence[Convention]) -> list[Account]:
    """The network under each of the conventions, in their order."""
    steps = {each.fold: steps_under(each, net) for each in {each.fold: each for each in conventions}.values()}
    return [account(steps[each.fold], each) for each in conventions]


def account(steps: Sequence[Step], convention: Convention) -> Account:
    """What the steps of a network cost under a convention."""
    flops: Counter[str] = Counter()
    params: Counter[str] = Counter()
    memory: Counter[str] = Counter()
    for step in steps:
        op = step.node.op
        flops.update({f"{op}.{kind}": n for kind, n in convention.parts_of(step).items()})
        params.update({f"{op}.{kind}": n for kind, n in convention.stored_of(step).items()})
        memory[op] += convention.held(step) * prod(step.cost.out) * convention.output_bytes(step)
    return Account(
        convention,
        _largest_first(flops) if convention.flops else None,
        _largest_first(params) if convention.params else None,
        _largest_first(memory) if convention.memory else None,
    )


def _largest_first(parts: Counter[str]) -> Parts:
    return {part: n for part, n in parts.most_common() if n}


def bridge(quantity: str, start: Account, end: Account) -> Bridge | None:
    """What must be added to a quantity of one account, and taken away, to get that of the other, if both count it.

    Where two conventions only call by other names what a layer type costs, there is no difference.
    """
    first, second = getattr(start, quantity), getattr(end, quantity)
    if first is None or second is None:
        return None
    changes = {part: second.get(part, 0) - first.get(part, 0) for part in dict.fromkeys((*first, *second))}
    by_type: Counter[str] = Counter()
    for part, change in changes.items():
        by_type[part.partition(".")[0]] += change
    real = [part for part, change in changes.items() if change and by_type[part.partition(".")[0]]]
    return Bridge(quantity, start, end, {p: changes[p] for p in sorted(real, key=lambda p: -abs(changes[p]))})


def said(found: Sequence[Account], own: Account, quantity: str, printed: str) -> Said:
    """Whether a printed number is what an account says, and if not, which others do."""
    holds = _holds(own, quantity, printed)
    others = () if holds else tuple(each.convention.name for each in found if _holds(each, quantity, printed))
    return Said(own, quantity, printed, holds, others)


def _holds(found: Account, quantity: str, printed: str) -> bool:
    """Whether the total, rounded or cut off, is printed like that."""
    total, kilos = found.total(quantity), KILOS if quantity in BYTES else KILOS[:1]
    figures = [given_figure(quantity, printed, kilo, how) for kilo in kilos for how in ("nearest", "down")]
    return total is not None and any(figure.holds(total) for figure in figures)
