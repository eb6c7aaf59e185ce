"""Targets that the model reads off its inputs: tokens that are not shifted, or seen too early."""

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np

from lossbook._audit.examples import Example, compiled
from lossbook._audit.finding import Finding, Hazard
from lossbook._core import four_digits, keras, to_numpy

TARGETS_IN_SIGHT = Hazard(
    "targets-in-sight",
    "warning",
    "02_elementwise.ipynb",
    105,
    means="The target of a position is a token of the inputs that the model sees there.",
    why=(
        "A model of language predicts the next token from those before it: y is x shifted by one "
        "to the left, and no layer looks ahead. Otherwise the loss falls to 0 by copying."
    ),
    ignore="If copying its input is what the model is to learn.",
    symptoms=("falls",),
)
_MOVED = 1e-4  # of the largest prediction


def findings(few: Any) -> Iterator[Finding]:
    """Yield a finding if y is x, or x shifted by one, and a prediction moves with its target."""
    y = few.parts[1]
    if y is None or keras.tree.is_nested(y):
        return
    y = to_numpy(y)
    y = y[..., 0] if y.ndim == 3 and y.shape[-1] == 1 else y
    leaves = [to_numpy(leaf) for leaf in keras.tree.flatten(few.parts[0])]
    for number, x in enumerate(leaves):
        if x.shape != y.shape or x.ndim != 2 or x.shape[1] < 4 or x.dtype.kind not in "iuf":
            continue
        if (x != np.round(x)).any():
            continue
        shifts = [k for k in (0, 1, -1) if _is_shifted(x, y, k)]
        if len(shifts) == 1:
            yield from _seen(few, leaves, number, shifts[0])


def _is_shifted(x, y, by):
    """Say whether the target of every position is the token so many positions after it."""
    steps = x.shape[1]
    here, there = slice(max(-by, 0), steps - max(by, 0)), slice(max(by, 0), steps + min(by, 0))
    return bool((y[:, here] == x[:, there]).all()) and len(np.unique(x)) > 2


def _seen(few, leaves, number, by):
    """Yield a finding if the prediction of a position moves with the token that is its target."""
    steps = leaves[number].shape[1]
    plain = _predicted(few, leaves)
    if plain is None or plain.shape[:2] != leaves[number].shape:
        return
    place = steps // 2
    moved = np.abs(_predicted(few, leaves, number, place + by) - plain)[:, place].max()
    scale = np.abs(plain).max()
    if moved <= _MOVED * scale:
        return
    if by == 0:  # whoever sees the end at the beginning is to encode the whole
        ahead = np.abs(_predicted(few, leaves, number, steps - 1) - plain)[:, 0].max()
        if ahead > _MOVED * scale:
            return
    said = {
        0: "y is x, not shifted",
        1: "y is x, shifted by one to the left, but the model looks ahead",
        -1: "y is x, shifted by one to the right, to what has gone before",
    }
    fix = f"Predict the next token: {_shifted(few, leaves, number)}."
    if by == 1:
        fix = (
            "Let no layer look ahead: no Bidirectional, `padding='causal'` in convolutions, "
            "`use_causal_mask=True` in attention."
        )
    yield TARGETS_IN_SIGHT.found(
        f"{said[by]}: every target is a token that the model sees at its position. With another "
        f"token there the prediction moves by {four_digits(moved)}, so that it can be copied.",
        fix,
        {"x.shape": leaves[number].shape, "shifted by": by, "largest prediction": float(scale)},
    )


def _shifted(few, leaves, number):
    """Return how to shift the targets: a model of a fixed length keeps it."""
    if len(leaves) > 1 or hasattr(few.parts[0], "keys"):
        return "let y be the tokens of x from the second on, and leave out the last of x"
    tokens = "x[..., None]" if few.parts[1].ndim == 3 else "x"
    inputs = getattr(few.model, "inputs", None)
    fixed = bool(inputs) and inputs[number].shape[1] is not None
    if few.batches == "dataset":
        cut = "(x[:, :-1], y[:, 1:])"
        if fixed:
            cut = "(tf.pad(x, [[0, 0], [1, 0]])[:, :-1], y)"
        return f"write `x = x.map(lambda x, y: {cut})`{', where 0 begins' * fixed}"
    if few.batches:
        return "yield x[:, :-1] and x[:, 1:]"
    if fixed or few.parts[2] is not None:
        return f"write `y, x = {tokens}, np.pad(x, ((0, 0), (1, 0)))[:, :-1]`, where 0 begins"
    tokens = tokens.replace("x[...", "x[:, 1:")
    return f"write `y, x = {tokens if tokens != 'x' else 'x[:, 1:]'}, x[:, :-1]`"


def _predicted(few, leaves, number=None, place=None):
    """Return the predictions of the only output, with another token in one place of one input."""
    other = copy(few)
    if number is not None:
        x = leaves[number].copy()
        first, second = np.unique(x)[-2:]
        x[:, place] = np.where(x[:, place] == first, second, first)
        leaves = [*leaves[:number], x, *leaves[number + 1 :]]
    other.parts = [keras.tree.pack_sequence_as(few.parts[0], leaves), *few.parts[1:]]
    outputs, _ = other.run(0, few.rows)
    return outputs[0] if len(outputs) == 1 and outputs[0].ndim == 3 else None


@TARGETS_IN_SIGHT.example("Targets shifted by one to the left")
def tokens_not_shifted(mended=0):
    """A model of language whose targets are its inputs."""
    import keras

    tokens = np.random.default_rng(0).integers(1, 6, (8, 7))
    drawn = keras.initializers.Orthogonal(seed=0)
    inputs = keras.Input((6,), dtype="int32")
    steps = keras.layers.Embedding(6, 4, embeddings_initializer=drawn)(inputs)
    causal = {"padding": "causal", "kernel_initializer": drawn}
    outputs = keras.layers.Conv1D(6, 2, activation="softmax", name="out", **causal)(steps)
    model = compiled(keras.Model(inputs, outputs), "sparse_categorical_crossentropy")
    y = tokens[:, 1:] if mended else tokens[:, :-1]
    return Example(model, {"x": tokens[:, :-1], "y": y})
