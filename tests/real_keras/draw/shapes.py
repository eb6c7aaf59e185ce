"""The shapes of a random call: what a user might try, and what the user meant by it."""

import numpy as np

from tests.real_keras.draw.arrays import CLASS_NUMBERS

LENGTHS = (1, 2, 3, 4)


def shape_of_predictions(rng, loss, rank, wild):
    """Return a shape; in wild calls lengths often coincide, which lets wrong axes pass."""
    if loss == "circle":
        rank = 2
    if loss == "ctc" and not (wild and rng.random() < 0.1):
        return int(rng.integers(1, 5)), int(rng.integers(6, 9)), 4
    shape = tuple(int(n) for n in rng.choice(LENGTHS, size=rank))
    if wild and rng.random() < 0.4:
        shape = (int(rng.integers(2, 5)),) * rank
    return shape


def shape_of_values(loss, shape, options):
    """Return the shape of what the loss function returns, for predictions of that shape."""
    if loss in ("circle", "ctc"):
        return shape[:1]
    axis = options.get("axis", None if loss in ("dice", "tversky") else -1)
    if axis is None:
        return ()
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not all(-len(shape) <= a < len(shape) for a in axes):
        axes = (-1,)
    gone = {a % len(shape) for a in axes}
    return tuple(n for i, n in enumerate(shape) if i not in gone)


def odd_labels(rng, loss, y):
    """Return the kind, the labels in an odd shape, and in the shape meant (None: no telling)."""
    kind = str(rng.choice(["extra", "short", "longer", "one"], p=[0.5, 0.3, 0.1, 0.1]))
    if kind == "extra":
        numbers = loss == CLASS_NUMBERS[0]
        return kind, y[..., None], y[..., None] if numbers else y
    if y.ndim == 0:
        return "same", y, y
    if kind == "short":
        return kind, y[..., 0], y if y.shape[-1] == 1 else None
    axis = int(rng.integers(y.ndim))
    first = y.take([0], axis)
    odd = np.concatenate([y, first], axis) if kind == "longer" else first
    if loss == "ctc" and axis == 1:
        return kind, odd, odd  # as long as you like
    return ("same", y, y) if odd.shape == y.shape else (kind, odd, None)


def form(rng, values, shape, wild):
    """Return the kind and the shape of weights (or a mask) for values of that shape."""
    ones = (1,) * (len(values) - 1)
    forms = {"full": values, "column": values[:1] + ones, "scalar": ()}
    chances = {"full": 5, "column": 3, "scalar": 1}
    if wild or not values:
        forms |= {
            "full1": (*values, 1),
            "sample": values[:1] or shape[:1],
            "sample1": (values[:1] or shape[:1]) + (1,),
            "leading": values[:-1],
            "trailing": values[-1:],
            "classes": (*values, *shape[-1:]),
            "wrong": tuple(n + 1 for n in values[:1]) + values[1:],
        }
        chances = dict.fromkeys(forms, 1) | {"sample": 3, "trailing": 3, "wrong": 2}
        chances["leading"] = 8 if len(values) > 2 else 1  # else it is one of the others
    p = np.array([chances[k] for k in forms], float)
    chosen = forms[str(rng.choice(list(forms), p=p / p.sum()))]
    return next(kind for kind in forms if forms[kind] == chosen), chosen


def as_meant(array, kind, values):
    """Bring weights into the shape of the values as their giver meant it; None: no telling."""
    if array.size == 1:
        return array.reshape(())
    if kind in ("wrong", "classes") or not values:
        return None
    if kind == "full1":
        return array.reshape(values)
    if kind in ("sample", "sample1", "leading"):
        if kind == "sample1" and len(values) == 1:
            return array.reshape(values)
        rows = array.shape[: len(values)]
        return array.reshape(rows + (1,) * (len(values) - len(rows)))
    return array
