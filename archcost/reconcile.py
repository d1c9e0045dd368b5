"""One network under many conventions, and which operations make the difference between two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from archcost.convention import Convention, element_bytes
from archcost.dims import Dim
from archcost.figure import given_figure
from archcost.fold import steps_under
from archcost.net import Net, Step

QUANTITIES = ("flops", "params", "memory")  # of an account


class Account(NamedTuple):
    """What a network costs under a convention; None for what the convention does not count."""

    convention: Convention
    flops: Dim | None
    params: Dim | None
    memory: Dim | None  # bytes
    parts: Mapping[str, Dim]  # FLOPs by layer type and kind, `batchnorm.output`


class Bridge(NamedTuple):
    """How the FLOPs of one convention become those of another: the differences, the largest first."""

    start: Account
    end: Account
    differences: Mapping[str, Dim]


def accounts(net: Net, conventions: Sequence[Convention]) -> list[Account]:
    """The network under each of the conventions, in their order."""
    steps = {each.fold: steps_under(each, net) for each in {each.fold: each for each in conventions}.values()}
    return [account(steps[each.fold], each) for each in conventions]


def account(steps: Sequence[Step], convention: Convention) -> Account:
    """What the steps of a network cost under a convention."""
    parts: Counter[str] = Counter()
    params = held = 0
    for step in steps:
        for kind, flops in convention.parts_of(step).items():
            parts[f"{step.node.op}.{kind}"] += flops
        params += convention.params_of(step)
        held += convention.held(step) * prod(step.cost.out)
    memory = held * element_bytes(convention.dtype)
    return Account(
        convention,
        sum(parts.values()) if convention.flops else None,
        params if convention.params else None,
        memory if convention.memory else None,
        {part: flops for part, flops in parts.most_common() if flops},
    )


def bridge(start: Account, end: Account) -> Bridge:
    """What must be added to the FLOPs of one account, and taken away, to get those of the other."""
    names = dict.fromkeys((*start.parts, *end.parts))
    changes = {name: end.parts.get(name, 0) - start.parts.get(name, 0) for name in names}
    largest = sorted((name for name in changes if changes[name]), key=lambda name: -abs(changes[name]))
    return Bridge(start, end, {name: changes[name] for name in largest})


class Said(NamedTuple):
    """A number that someone has from a tool: the convention it is held against, the quantity, and what it should be."""

    convention: str
    quantity: str
    printed: str
    computed: Dim | None
    holds: bool
    others: tuple[str, ...]  # conventions under which the number does come out


def said(found: Sequence[Account], convention: str, quantity: str, printed: str) -> Said:
    """Whether a printed number is what the convention gives, and if not, which conventions give it."""
    held = {each.convention.name: _holds(each, quantity, printed) for each in found}
    (own,) = (each for each in found if each.convention.name == convention)
    computed: Dim | None = getattr(own, quantity)
    others = () if held[convention] else tuple(name for name, holds in held.items() if holds)
    return Said(convention, quantity, printed, computed, held[convention], others)


def _holds(found: Account, quantity: str, printed: str) -> bool:
    computed = getattr(found, quantity)
    figure = given_figure(quantity, printed, found.convention.kilo)
    return computed is not None and figure.holds(computed)
