"""The ledger of a trace, or why it has none."""

import numpy as np

from lossbook._core import collected_warnings, shape_of, size, to_numpy
from lossbook._interact.ledger import Ledger
from lossbook._interact.state import ELEMENTS, State, rule_of
from lossbook._losses import loss_named


def ledger_of(trace):
    """Return the Ledger of a trace.

    Raises:
        ValueError: where a ledger cannot show the trace; the message says what to do instead.
    """
    entry = loss_named(trace.loss)
    if entry.atomic:
        raise ValueError(
            f"{trace.loss} is atomic, no sum over elements: there are no elementwise losses that "
            "could be changed one by one. Print the trace itself."
        )
    given = shape_of(trace.elementwise)
    if size(given) > ELEMENTS:
        raise ValueError(
            f"An interactive ledger has room for {ELEMENTS} elements; this trace has "
            f"{size(given):,}, shape {given}. Trace a part, as in y_true[:2, :4], "
            "y_pred[:2, :4]; its coefficients are its own, for it divides by fewer values."
        )
    losses = _rounded(trace.elementwise)
    class_axis = "none"
    if trace.class_axis is not None:
        class_axis = entry.class_axis
        losses = np.moveaxis(losses, trace.class_axis, -1)
    state = State(losses, class_axis, None, None, rule_of(trace.rule), trace.reduction)
    shape = state.values.shape
    if len(shape) not in (1, 2):
        before = "(batch, positions)" if class_axis == "none" else "(batch, positions, classes)"
        advice = f"Reshape y_true and y_pred to {before}, and weights and mask with them."
        if not shape:
            advice = "Give y_true and y_pred a batch axis, as in y_true[:, None], y_pred[:, None]."
        raise ValueError(
            f"An interactive ledger shows values of shape (batch,) or (batch, positions); these "
            f"have shape {shape}. {advice}"
        )
    mask = weight = None
    if trace.mask is not None:
        mask = _fitted("mask", to_numpy(trace.mask) != 0, (shape,))
    if trace.sample_weight is not None:
        column = (shape[0], *[1] * (len(shape) - 1))
        shapes = (shape[:1], column, shape)
        weight = _fitted("sample_weight", _rounded(trace.sample_weight), shapes)
    state = State(losses, class_axis, mask, weight, state.rule, trace.reduction)
    _check(trace, state)
    title = f"{trace.loss}, reduction {trace.reduction}, rule {trace.rule}"
    return Ledger(state, title)


def _rounded(array):
    """Return float64 with the 7 digits of float32, which is what the text of a state keeps."""
    array = to_numpy(array).astype(np.float64)
    return np.reshape([float(f"{x:.7g}") for x in array.ravel()], array.shape)


def _fitted(name, array, shapes):
    """Return the array in one of the shapes; NumPy's rule may stretch it to the last of them."""
    if array.shape in shapes:
        return array
    try:
        if array.size == size(shapes[-1]):
            return array.reshape(shapes[-1])
        return np.broadcast_to(array, shapes[-1])
    except ValueError:
        raise _unfit(name, array.shape, shapes) from None


def _unfit(name, given, shapes):
    expected = " or ".join(map(str, dict.fromkeys(shapes)))
    return ValueError(
        f"An interactive ledger takes {name} of shape {expected}, not {given}. "
        "Stretch it with np.broadcast_to and trace again."
    )


def _check(trace, state):
    """Raise a ValueError if the ledger would begin with other coefficients than the trace has."""
    with collected_warnings():  # the trace has given them
        coefficients = to_numpy(state.aggregate().coefficients)
    theirs = to_numpy(trace.coefficients).astype(np.float64)
    if state.class_axis != "none":
        theirs = np.moveaxis(theirs, trace.class_axis, -1)
        coefficients = coefficients[..., None] / (
            theirs.shape[-1] if state.class_axis == "mean" else 1
        )
    scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=0)
    if not np.allclose(coefficients, theirs, rtol=2e-3, atol=1e-3 * scale, equal_nan=True):
        raise ValueError(
            "An interactive ledger knows masks of True and False alone, in the shape of the "
            f"values, {state.values.shape}, and weights that meet them as in rule {trace.rule!r}; "
            "with those this trace has other coefficients. Print the trace itself."
        )
