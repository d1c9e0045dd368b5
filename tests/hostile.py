"""Which small files ask for much? Of each is wanted one error, in little memory and time; its words stand beside it."""

from __future__ import annotations

HEAD = "input: [3, 8, 8]\n"


def blocks(lines: list[str], layers: str) -> str:
    """A specification of blocks, each on a line."""
    return HEAD + "blocks:\n" + "".join(f"  {line}\n" for line in lines) + f"layers: {layers}\n"


def towers(*names: str, height: int = 40) -> str:
    """Lists of lists, each twice as large as the one before it."""
    first = "".join(f"  {name}0: [1, 1]\n" for name in names)
    rest = (f"  {name}{i}: [{name}{i - 1}, {name}{i - 1}]\n" for i in range(1, height) for name in names)
    return f"params:\n{first}{''.join(rest)}"


def closures(depth: int) -> str:
    """A list of layers that is an argument within an argument, used twice by each block it is given to."""
    return "[relu]" if not depth else f"[twice: {{x: {closures(depth - 1)}}}]"


LAUGHS = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
LONG = "x" * 60
MANY = ", ".join(["1"] * 200)
HOSTILE: dict[str, tuple[str, str]] = {
    "alias bomb": (f"a0: &a0 [lol, lol]\n{LAUGHS}", "aliases like *a0 are not used here"),
    "deep flow": ("[" * 100_000, "nested deeper than 64"),
    "deep closed flow": ("layers: " + "[" * 100_000 + "]" * 100_000, "nested deeper than 64"),
    "deep flow maps": ("{a: " * 100_000, "nested deeper than 64"),
    "deep block lists": ("- " * 100_000 + "a", "nested deeper than 64"),
    "deep block maps": ("".join(f"{' ' * i}a:\n" for i in range(1900)), "nested deeper than 64"),
    "power tower": (f"{HEAD}layers: [linear: 9**9**9**9]\n", "'9 ** 9 ** 9' is too large"),
    "large repeat": (f"{HEAD}layers: [{{relu: , repeat: 1000000000000}}]\n", "more than 20000 layers"),
    "nested repeats": (
        blocks(
            ["a: {layers: [{relu: , repeat: 1000}]}", "b: {layers: [{a: , repeat: 1000}]}"], "[{b: , repeat: 1000}]"
        ),
        "more than 20000 layers",
    ),
    "blocks that double": (
        blocks(["b0: {layers: [relu]}"] + [f"b{i}: {{layers: [b{i - 1}, b{i - 1}]}}" for i in range(1, 41)], "[b40]"),
        "more than 100000 values to work out",
    ),
    "blocks that double nothing": (
        blocks(["b0: {layers: []}"] + [f"b{i}: {{layers: [b{i - 1}, b{i - 1}]}}" for i in range(1, 41)], "[b40]"),
        "more than 20000 layers",
    ),
    "arguments that double": (
        blocks(["twice: {params: {x: }, layers: [x, x]}"], closures(20)),
        "more than 20000 layers",
    ),
    "long names": (
        HEAD + "layers:\n" + "- {relu: , as: " + "x" * 30_000 + ", repeat: 18000}\n",
        "more than 100000 values to work out",
    ),
    "wide block": (
        "input: [3, 8, 8]\nblocks: {b: {inputs: [" + ", ".join(f"i{i}" for i in range(9000)) + "], layers: []}}\n"
        "layers: [{relu: , repeat: 9000}, {b: , repeat: 10000}]\n",
        "more than 100000 values to work out",
    ),
    "lists that double": (f"{towers('a')}{HEAD}layers: [linear: a39]\n", "a list of more than 200 values"),
    "lists to compare": (
        f"{towers('a', 'b')}{HEAD}layers: [{{relu: , when: a39 == b39}}]\n",
        "a list of more than 200 values",
    ),
    "lists in lists": (
        "params:\n  a0: 1\n" + "".join(f"  a{i}: [a{i - 1}]\n" for i in range(1, 9000)) + f"{HEAD}layers: [relu]\n",
        "or nested deeper than 8",
    ),
    "layers left out": (
        blocks(["b:", "  layers:", *["    - {relu: , when: false}"] * 15_000], "[{b: , repeat: 9999}]"),
        "more than 100000 values to work out",
    ),
    "long default": (
        blocks([f"b: {{params: {{x: [{MANY}]}}, layers: [relu]}}"], "[{b: , repeat: 9999}]"),
        "more than 100000 values to work out",
    ),
    "many branches": (
        blocks([f"b: {{layers: [add: [{'[], ' * 9999}[]]]}}"], "[{b: , repeat: 9999}]"),
        "more than 100000 values to work out",
    ),
    "many inputs": (
        blocks([f"b: {{layers: [{{add: , from: [{'input, ' * 9999}input]}}]}}"], "[{b: , repeat: 9999}]"),
        "more than 100000 values to work out",
    ),
    "many knobs": (
        f"params: {{{''.join(f'k{i}: 1, ' for i in range(40_000))}}}\n"
        + blocks(["b: {layers: [relu]}"], "[{b: , repeat: 9999}]"),
        "more than 100000 values to work out",
    ),
    "costly expressions": (
        f"params: {{x: [{MANY}]}}\n"
        + blocks(
            [f"b: {{layers: [conv: {{out: 1, kernel: ['{'max(x)+' * 70}1'{', 1' * 190}]}}]}}"], "[{b: , repeat: 9999}]"
        ),
        "more than 100000 values to work out",
    ),
    "mistake behind many layers": (
        f"{HEAD}layers: [{{conv: {{out: 3, kernel: 3, pad: 1}}, repeat: 12000}}, conv: {{out: 3, kernel: 9}}]\n",
        "conv12001: a window of 9 does not fit into 8 positions",
    ),
    "large scalar": (f"name: {'a' * 10_000_000}\n{HEAD}layers: [relu]\n", "larger than 2000000 bytes"),
    "large layer name": (f"{HEAD}layers: [{'a' * 1_900_000}]\n", "there is no layer or block 'aaa"),
    "million keys": (
        f"{HEAD}layers: [relu]\nparams:\n{''.join(f'  {i}: 1' + chr(10) for i in range(10**6))}",
        "larger than 2000000 bytes",
    ),
    "many keys": (
        f"{HEAD}layers: [relu]\nparams:\n{''.join(f'  k{i}: 1' + chr(10) for i in range(150_000))}",
        "more than 100000 values;",
    ),
    "many names to choose from": (
        f"{HEAD}layers:\n{''.join(f'- {{relu: , as: name{i}{LONG}}}' + chr(10) for i in range(14_000))}"
        f"- {{relu: , from: nme{LONG}}}\n",
        "no layer before this one is named",
    ),
    "long line": (f"{HEAD}layers: [{'relu, ' * 300_000}relu]\n", "more than 100000 values;"),
    "many empty maps": (f"[{'{}, ' * 400_000}]", "more than 100000 values;"),
    "many parentheses": (f"{HEAD}layers: [linear: '{'(' * 249}1{')' * 249}']\n", "cannot read the expression"),
    "many minuses": (f"{HEAD}layers: [linear: '{'-' * 498}1']\n", "nested too deeply"),
    "long sum": (f"{HEAD}layers: [linear: '{'1+' * 249}x']\n", "there is no name 'x' here"),
    "long number": (f"{HEAD}layers: [linear: {'9' * 100_000}]\n", "a number too large for any size or count"),
    "long number in expression": (f"{HEAD}layers: [linear: '1 + {'9' * 450}']\n", "is too large"),
    "growing map": (f"{HEAD}layers: [{{upsample: 1000, repeat: 9999}}]\n", "upsample7: gives an impossible output"),
    "growing channels": (f"{HEAD}layers: [{{concat: [[], []], repeat: 9999}}]\n", "gives an impossible output"),
    "many axes": (f"input: [{'9, ' * 90_000}9]\nlayers: [flatten]\n", "more than 100000 values to work out"),
    "list as a name": (f"{HEAD}layers: [{{relu: , as: [{'a, ' * 50_000}a]}}]\n", "as takes the name"),
    "only comments": ("#" * 1_900_000, "the file is empty"),
    "only anchors": ("".join(f"&a{i} " for i in range(99_999)), "not YAML"),
    "only quotes": ('"' + "\\n" * 900_000, "not YAML"),
    "only colons": ("a:\n" + ": " * 900_000, "not YAML"),
    "python object": (f"{HEAD}layers: !!python/object/apply:os.system [ls]\n", "tags like 'tag:yaml.org,2002:python"),
}
