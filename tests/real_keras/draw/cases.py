"""Random calls of every Keras loss: a seed makes a call, and what its caller meant by it.

Seeds in a row go through every combination of loss, reduction, rank, mask and weights, once in an
orderly call and once in a wild one, whose arrays take whatever shape a user might try.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from lossbook._losses.catalogue import ATOMIC
from lossbook._losses.catalogue import LOSSES as SUMS
from tests.real_keras.draw import shapes
from tests.real_keras.draw.arrays import CLASS_NUMBERS, labels, mask, predictions, weights
from tests.real_keras.draw.options import OWN_MASK, draw_options, known

LOSSES = (*SUMS, *ATOMIC)
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", None)
RANKS = (1, 2, 3, 4)
STRATA = tuple(
    product((False, True), REDUCTIONS, RANKS, (False, True), (False, True), LOSSES)
)  # wild, reduction, rank, mask, weights, loss: the last runs fastest
DTYPES = ["float32"] * 15 + ["float64", "float16", "bfloat16"]
ORDERLY = ("full", "column", "scalar")  # shapes that Keras can only take as they are meant


@dataclass(frozen=True)
class Case:
    """One call, and (`meant...`) the same arrays in the shapes that the caller had in mind.

    `meant_y` is None where no meaning can be made of the labels; so for mask and weights. `values`
    is the shape of the values that the caller had in mind.
    """

    seed: int
    loss: str
    reduction: str | None
    dtype: str
    options: dict
    y_true: np.ndarray
    y_pred: np.ndarray
    sample_weight: np.ndarray | None
    mask: np.ndarray | None
    kinds: dict
    meant_y: np.ndarray | None
    meant_p: np.ndarray
    values: tuple
    meant: dict
    wild: bool

    @property
    def orderly(self):
        """Whether every array has a shape that can only be read in one way."""
        kinds = self.kinds
        readable = ("same",) if self.loss == CLASS_NUMBERS[1] else ("same", "extra")
        return kinds["y"] in readable and all(
            kinds[k] in (None, *ORDERLY) for k in ("sample_weight", "mask")
        )

    def __str__(self):
        """Name the call, so that a failure can be repeated."""
        shapes = {
            name: getattr(self, name).shape
            for name in ("y_true", "y_pred", "sample_weight", "mask")
            if getattr(self, name) is not None
        }
        return (
            f"seed {self.seed}: {self.loss} {self.reduction} {self.dtype} {self.options} "
            f"{shapes} {self.kinds}"
        )


def sample():
    """Return the calls of `make test`, as far as the installed Keras knows them.

    7 has no common factor with the number of combinations: each loss and reduction, each rank,
    mask and weights has its share. `make fuzz` compares all of them.
    """
    return [case for case in map(draw, range(0, len(STRATA), 7)) if known(case)]


def draw(seed):
    """Return the call of that seed: always the same one, and quickly."""
    rng = np.random.default_rng(seed)
    wild, reduction, rank, has_mask, has_weight, loss = STRATA[seed % len(STRATA)]
    shape = shapes.shape_of_predictions(rng, loss, rank, wild)
    rank = len(shape)
    options = draw_options(rng, loss, rank, wild)
    dtype = str(rng.choice(DTYPES))
    y_pred = predictions(rng, loss, shape, options)
    y_true, meant_p = labels(rng, loss, shape, edges=True), y_pred
    if "ignore_class" in options:
        y_true = np.where(rng.random(y_true.shape) < 0.3, options["ignore_class"], y_true)
    kinds, meant_y = {"y": "same"}, y_true
    if wild and rng.random() < 0.4:
        kinds["y"], y_true, meant_y = shapes.odd_labels(rng, loss, y_true)
    pairs = loss not in (*CLASS_NUMBERS, "circle", "ctc")
    if rank == 1 and kinds["y"] == "extra" and pairs:
        meant_p, meant_y = y_pred[:, None], y_true  # labels (n, 1) say: n samples
    values = shapes.shape_of_values(loss, meant_p.shape, options)
    arrays, meant = {"mask": None, "sample_weight": None}, {}
    for name, wanted in (("sample_weight", has_weight), ("mask", has_mask)):
        kinds[name] = None
        if wanted:
            kinds[name], form = shapes.form(rng, values, shape, wild)
            if name == "mask":
                arrays[name] = mask(rng, form, bools=loss in OWN_MASK)
            else:
                arrays[name] = weights(rng, form)
            meant[name] = shapes.as_meant(arrays[name], kinds[name], values)
    return Case(
        seed=seed,
        loss=loss,
        reduction=reduction,
        dtype=dtype,
        options=options,
        y_true=y_true,
        y_pred=y_pred,
        **arrays,
        kinds=kinds,
        meant_y=meant_y,
        meant_p=meant_p,
        values=values,
        meant=meant,
        wild=wild,
    )
