"""Elements that are looked up by a number: of words, or of anything else."""

from __future__ import annotations

from collections.abc import Sequence

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape
from archcost.layers.shapes import stored


@layer
def embed(tokens: Shape, weight: Shape | None = None, *, count: Dim, features: Dim) -> Cost:
    """A row of trained `features` for each number among the tokens, which are of any shape: one of `count` rows.

    Nothing is computed. The rows may be a second input; then none are stored, and as many elements are needed.
    Source: Bengio et al. 2003, JMLR 3, section 2; torch.nn.Embedding.
    """
    kept = stored(count * features, weight)
    return Cost(out=(*tokens, features), params={"embedding": kept}, windows="mixed")


@layer
def gather(x: Shape, *places: Shape, out: Sequence[Dim]) -> Cost:
    """Elements of any shape, found by their places, as another shape; a copy. Nothing is computed.

    Places that are computed, of whatever shapes, are the inputs behind it; those that are known are none.
    Source: torch.gather; numpy advanced indexing.
    """
    return Cost(out=tuple(out), windows="mixed")


@layer
def scatter(x: Shape, part: Shape) -> Cost:
    """The elements of `x` with those of `part`, of any shape, in the place of some. Nothing is computed.

    Source: torch.scatter; ONNX operators ScatterND and ScatterElements.
    """
    return Cost(out=x, storage="inplace", windows="mixed")


@layer
def one_hot(tokens: Shape, *, count: Dim) -> Cost:
    """For each number among the tokens, which are of any shape, `count` elements: 1 in its place, 0 elsewhere.

    Nothing is computed.
    Source: torch.nn.functional.one_hot.
    """
    return Cost(out=(*tokens, count), windows="mixed")
