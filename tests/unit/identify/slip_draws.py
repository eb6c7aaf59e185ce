"""Numbers that people make beside the rules: factors, one batch, all pairs, and so on.

Each is made by hand with plain NumPy (Dice: by Keras), with the coefficients that it has, or the
words by which the answer has to name it.
"""

from itertools import cycle
from typing import NamedTuple

import keras
import numpy as np

import lossbook as lb
from tests.unit.identify.draws import draw

USUAL = (2, 4, 8, 10, 16)


class Slip(NamedTuple):
    """A number, the arguments of identify() beside it, its coefficients or what names it."""

    kind: str
    number: float
    arguments: dict
    coefficients: np.ndarray | None = None
    words: str = ""


def slips(count, seed):
    """Yield numbers of all kinds in turn; those that are 0 or not finite are left out."""
    rng = np.random.default_rng(seed)
    for kind in cycle(KINDS):
        with np.errstate(invalid="ignore", divide="ignore"):  # a batch of which nothing counts
            slip = kind(rng)
        if slip is None or not np.isfinite(slip.number) or abs(slip.number) < 1e-6:
            continue
        yield slip
        count -= 1
        if not count:
            return


def place(slip, digits=4):
    """Return where the slip stands in the list of matches, from 0 on; None if it is not there."""
    matches = lb.identify(f"{slip.number:#.{digits}g}", **slip.arguments).matches
    for n, match in enumerate(matches):
        said = " ".join((match.sentence, *match.also))
        if slip.coefficients is None:
            if slip.words in said:
                return n
        elif match.coefficients.shape == slip.coefficients.shape and np.allclose(
            match.coefficients, slip.coefficients, rtol=1e-5, atol=1e-12
        ):
            return n
    return None


def fits_of(rng, rows=None):
    """Return values, weights, mask that every release takes, and their product without values."""
    while True:
        values, weight, mask = draw(rng)
        if rows is None or len(values) >= rows:
            break
    full = np.ones(values.shape) if weight is None else np.broadcast_to(weight, values.shape)
    kept = np.ones(values.shape) if mask is None else mask.astype(float)
    given = {"values": values, "sample_weight": weight, "mask": mask}
    return values, full * kept, kept, given


def of_coefficients(kind, coefficients, given, **more):
    """Return the slip with these coefficients."""
    number = float((coefficients * given["values"]).sum())
    return Slip(kind, number, {**given, **more}, coefficients)


def plain_factor(rng):
    _, product, kept, given = fits_of(rng)
    factor = rng.choice([0.5, 2.0])
    return of_coefficients("factor", factor * product / kept.sum(), given)


def half_of_the_sum(rng):
    values, product, _, given = fits_of(rng)
    n = rng.choice([1, len(values)])
    return of_coefficients("half of the sum", product / (2 * n), given)


def once_more(rng):
    values, product, kept, given = fits_of(rng)
    n = rng.choice([len(values), values.size // len(values), values.size])
    return of_coefficients("divided once more", product / kept.sum() / n, given)


def axis_summed(rng):
    while (drawn := fits_of(rng))[0].ndim < 3:
        pass
    values, product, kept, given = drawn
    n = values.shape[rng.integers(1, 3)]
    return of_coefficients("axis summed", n * product / kept.sum(), given)


def cut(rows, size):
    """Return the rows of every batch, as index arrays."""
    return [np.arange(start, min(start + size, rows)) for start in range(0, rows, size)]


def batch_means(product, kept, batches):
    """Return the coefficients of the mean of each batch, as arrays over all values."""
    for rows in batches:
        of = np.zeros(product.shape)
        of[rows] = product[rows] / kept[rows].sum()
        yield of


def one_batch(rng):
    values, product, kept, given = fits_of(rng, rows=4)
    size = int(rng.integers(1, len(values)))
    batches = list(batch_means(product, kept, cut(len(values), size)))
    of = batches[rng.choice([0, -1])]
    return of_coefficients("one batch", of, given, batch_size=size)


def one_batch_of_the_usual(rng):
    values, product, kept, given = fits_of(rng, rows=5)
    size = int(rng.choice([n for n in USUAL if n < len(values)]))
    batches = list(batch_means(product, kept, cut(len(values), size)))
    return of_coefficients("one batch, untold", batches[rng.choice([0, -1])], given)


def running_mean(rng):
    values, product, kept, given = fits_of(rng, rows=6)
    size = int(rng.integers(1, len(values) // 3 + 1))
    batches = cut(len(values), size)
    after = int(rng.integers(2, len(batches)))
    means = batch_means(product, kept, batches[:after])
    rows = sum(len(batch) for batch in batches[:after])
    of = sum(mean * len(b) / rows for mean, b in zip(means, batches, strict=False))
    return of_coefficients("running mean", of, given, batch_size=size)


def running_mean_of_the_usual(rng):
    values, product, kept, given = fits_of(rng, rows=7)
    size = int(rng.choice([n for n in USUAL if 2 * n < len(values)]))
    batches = cut(len(values), size)
    after = int(rng.integers(2, max(len(batches), 3)))
    means = batch_means(product, kept, batches[:after])
    rows = sum(len(batch) for batch in batches[:after])
    of = sum(mean * len(b) / rows for mean, b in zip(means, batches, strict=False))
    return of_coefficients("running mean, untold", of, given)


def unequal_batches(rng):
    values, product, kept, given = fits_of(rng, rows=4)
    ends = rng.choice(np.arange(1, len(values)), rng.integers(1, min(4, len(values))), False)
    batches = np.split(np.arange(len(values)), np.sort(ends))
    shares = [len(b) / len(values) for b in batches]
    if rng.random() < 0.5:
        shares = [1 / len(batches)] * len(batches)
    of = sum(s * m for s, m in zip(shares, batch_means(product, kept, batches), strict=True))
    return of_coefficients("unequal batches", of, given, batch_size=[len(b) for b in batches])


def batches_added(rng):
    values, product, kept, given = fits_of(rng, rows=4)
    size = int(rng.integers(1, len(values)))
    of = sum(batch_means(product, kept, cut(len(values), size)))
    return of_coefficients("batches added", of, given, batch_size=size)


def named_divisor(rng):
    _, product, _, given = fits_of(rng)
    divisor = float(rng.integers(2, 500))
    return of_coefficients("named divisor", product / divisor, given, divisor=divisor)


def replicas_added(rng):
    replicas = int(rng.choice([2, 4, 8]))
    values, product, kept, given = fits_of(rng, rows=replicas)
    rows = len(values) // replicas * replicas
    given = {k: x if x is None else x[:rows] for k, x in given.items()}
    parts = cut(rows, rows // replicas)
    of = sum(batch_means(product[:rows], kept[:rows], parts))
    return of_coefficients("replicas", of, given)


def replicas_divided(rng):
    _, product, kept, given = fits_of(rng)
    replicas = rng.choice([2, 4, 8])
    return of_coefficients("divided by replicas", product / kept.sum() / replicas, given)


def estimator(rng):
    """MLPRegressor.loss_: (squared error).mean() / 2 + alpha · ΣW² / (2n)."""
    values, _, _, _ = fits_of(rng)
    penalty = rng.uniform(0.05, 2) * values.mean() * len(values)
    half = rng.choice([0.5, 1.0])  # MLPClassifier halves the penalty alone
    number = half * values.mean() + 0.5 * penalty / len(values)
    given = {"values": values, "additional": penalty}
    return Slip("estimator", float(number), given, np.full(values.shape, half / values.size))


def all_pairs(rng):
    n = int(rng.integers(3, 40))
    y, p = rng.normal(0, 1, n), rng.normal(0, 1, (n, 1))
    loss, of = [("mse", np.square), ("mae", np.abs)][rng.integers(2)]
    y, p = y.astype("float32"), p.astype("float32")
    given = {"loss": loss, "y_true": y, "y_pred": p}
    return Slip("all pairs", float(of(y - p).mean()), given, words="All pairs")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_twice(rng):
    shape = (int(rng.integers(3, 20)), int(rng.integers(1, 6)))
    y, logits = (rng.random(shape) < 0.4).astype("float32"), rng.normal(0, 2, shape)
    logits, from_logits = logits.astype("float32"), bool(rng.random() < 0.5)
    p = sigmoid(logits)
    q = sigmoid(p)
    number = -(y * np.log(q) + (1 - y) * np.log(1 - q)).mean()
    given = {"y_true": y, "y_pred": logits if from_logits else p, "from_logits": from_logits}
    given["loss"] = "binary_crossentropy"
    return Slip("sigmoid twice", float(number), given, words="sigmoid is taken twice")


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_twice(rng):
    rows, classes = int(rng.integers(3, 20)), int(rng.integers(2, 8))
    labels, logits = rng.integers(0, classes, rows), rng.normal(0, 2, (rows, classes))
    logits, from_logits = logits.astype("float32"), bool(rng.random() < 0.5)
    p = softmax(logits)
    number = -np.log(softmax(p)[np.arange(rows), labels]).mean()
    sparse = rng.random() < 0.5
    given = {
        "loss": f"{'sparse_' * sparse}categorical_crossentropy",
        "y_true": labels if sparse else np.eye(classes, dtype="float32")[labels],
        "y_pred": logits if from_logits else p,
        "from_logits": from_logits,
    }
    return Slip("softmax twice", float(number), given, words="softmax is taken twice")


def dice_by_image(rng):
    shape = (int(rng.integers(2, 7)), 4, 4, 1)
    y, p = (rng.random(shape) < 0.4).astype("float32"), rng.random(shape).astype("float32")
    each = [float(keras.losses.dice(a[None], b[None])) for a, b in zip(y, p, strict=True)]
    given = {"loss": "dice", "y_true": y, "y_pred": p}
    return Slip("dice by image", float(np.mean(each)), given, words="of each image")


def float32_sum(rng):
    if rng.random() < 0.95:  # they are large
        return None
    values = (0.7 + 0.02 * rng.standard_normal((400_000, 3))).astype("float32")
    number = float(values.mean(axis=0).mean())
    if f"{number:.4g}" == f"{values.mean(dtype='float64'):.4g}":
        return None
    return Slip("float32", number, {"values": values}, words="A float32 mean over the axes")


KINDS = (
    plain_factor,
    half_of_the_sum,
    once_more,
    axis_summed,
    one_batch,
    one_batch_of_the_usual,
    running_mean,
    running_mean_of_the_usual,
    unequal_batches,
    batches_added,
    named_divisor,
    replicas_added,
    replicas_divided,
    estimator,
    all_pairs,
    sigmoid_twice,
    softmax_twice,
    dice_by_image,
    float32_sum,
)
