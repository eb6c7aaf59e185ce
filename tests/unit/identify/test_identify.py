"""identify(): the rule behind a number of random data, the usual slips, the class axis.

Coefficients are judged by an independent path: of a formula written by hand they are its values on
unit vectors, for every formula here is linear in the values.
"""

import keras
import numpy as np
import pytest

import lossbook as lb
from lossbook._identify import Match
from tests.real_keras.reference import set_mask
from tests.unit.identify.draws import decoy_hits, decoys, draws, listed, names
from tests.unit.identify.sample import KEEPS, KERAS, ROWS, SQUARE, M, N, P, V, W, Y


def by_hand(formula, values):
    """Return the coefficients of a formula: what it makes of unit vectors."""
    units = np.eye(values.size).reshape(-1, *values.shape)
    return np.array([formula(unit) for unit in units]).reshape(values.shape)


# --- random draws: `make fuzz` makes many more


def test_four_digits_tell_the_rule():
    assert [data for data in draws(100, 1) if not listed(*data, digits=4)] == []


def test_all_digits_list_nothing_but_the_same_coefficients():
    for data, made, pair in draws(40, 2):
        found = lb.identify(made.total, *data)
        assert pair in names(found)
        for match in found.matches:
            np.testing.assert_allclose(match.coefficients, made.coefficients, rtol=1e-9, atol=1e-13)


def test_float32_lists_nothing_but_the_same_coefficients():
    """Within float32's rounding; of 40, none is hit by chance."""
    for data, made, pair in draws(40, 3):
        found = lb.identify(np.float32(made.total), np.float32(data[0]), *data[1:])
        assert pair in names(found)
        for match in found.matches:
            np.testing.assert_allclose(match.coefficients, made.coefficients, rtol=1e-5, atol=1e-8)


def test_what_no_rule_makes_is_not_listed():
    for number, data in decoys(40, 4):
        found = lb.identify(f"{number:#.8g}", *data)
        assert found.matches == ()
        assert isinstance(found.nearest, Match)


def test_of_four_digits_a_decoy_fits_by_chance_alone():
    """One of these 40; what is listed is printed with the same digits."""
    hits = [decoy for decoy in decoys(40, 6) if decoy_hits(*decoy)]
    assert len(hits) <= 2


# --- the usual slips

VALID, SUM_W = int(M.sum()), W.sum()
KERAS_DIVIDES = f" {KERAS} divides by {KEEPS}, {VALID}."

# what is computed in place of the rule; what the match says stands in the snapshot
SLIPS = {
    "mask in the denominator, none, averaged": lambda v: np.mean(M * W * v),
    "weights ignored": lambda v: np.sum(M * v) / VALID,
    "weights ignored, summed": lambda v: np.sum(M * v),
    "weights and mask ignored": lambda v: np.mean(v),
    "mask ignored, sum of weights": lambda v: np.sum(W * v) / SUM_W,
    "all weights in the denominator": lambda v: np.sum(M * W * v) / SUM_W,
    "weights squared": lambda v: np.sum(M * W**2 * v) / VALID,
    "number of nonzero weights": lambda v: np.sum(M * W * v) / (M * W != 0).sum(),
    "batch axis only": lambda v: np.sum(M * W * v) / 6,
    "batch axis summed": lambda v: np.sum(M * W * v) / 5,
    "each row averaged": lambda v: np.mean(np.sum(M * W * v, -1) / M.sum(-1)),
    "mean of the means of batches": lambda v: np.mean(
        [np.sum((M * W * v)[b]) / M[b].sum() for b in (slice(4), slice(4, 6))]
    ),
    "a scalar loss meets weights": lambda v: np.sum(M * v) / VALID * W.mean(),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_told(name, snapshot):
    formula = SLIPS[name]
    found = lb.identify(float(formula(V)), V, W, M)
    assert len(found.matches) == 1
    (match,) = found.matches
    np.testing.assert_allclose(match.coefficients, by_hand(formula, V), rtol=1e-12, atol=1e-15)
    if name.startswith("mask in the denominator"):  # with reduction "none" Keras reports this too
        assert (match.rule, match.reduction, match.slips) == (KERAS, "none", 0)
    else:
        assert (match.rule, match.reduction) == (None, None)
        assert match.slips in (1, 2)
    assert match.sentence.replace(KERAS, "THE INSTALLED KERAS") == snapshot


def test_odd_pairs_of_slips_are_not_tried():
    """Each more is a number that a decoy may hit by chance."""
    assert lb.identify(float(np.sum(M * V)) / 5, V, W, M).matches == ()
    shares = M.mean() * np.mean(W != 0) * N
    batches = [np.sum((M * W * V)[b]) / shares for b in (slice(4), slice(4, 6))]
    number = float(np.dot(batches, [4 / 6, 2 / 6]))
    assert lb.identify(number, V, W, M, batch_size=4).matches == ()


def test_weights_along_another_axis_than_meant():
    """FACTS: weights (B,) on values (B, B) weigh the columns; Keras 2 weighed the rows."""
    columns = lb.identify(float(np.mean(ROWS * SQUARE)), SQUARE, ROWS).matches
    rows = lb.identify(float(np.mean(ROWS[:, None] * SQUARE)), SQUARE, ROWS).matches
    assert [m.rule for m in columns + rows] == [KERAS, "keras-2.3"]
    assert "The weights are matched from the last axis." in columns[0].sentence
    assert "The weights are matched from the first axis." in rows[0].sentence
    np.testing.assert_allclose(rows[0].coefficients, np.repeat(ROWS[:, None] / 25, 5, axis=1))


def test_weights_that_keras_refuses_still_have_their_slips():
    found = lb.identify(float(np.sum(V.T * ROWS[:, None]) / ROWS.sum()), V.T, ROWS)
    (match,) = found.matches
    assert found.keras is None
    assert match.sentence.endswith("the sum of the weights as they were given, 6.75.")


def test_keras_2_divides_by_two_shares():
    number = float(lb.aggregate(V, W, M, "keras-2.2").total)
    (match,) = lb.identify(number, V, W, M).matches
    assert (match.rule, match.reduction) == ("keras-2.2", "sum_over_batch_size")
    share = M.mean() * np.mean(W != 0)
    assert match.sentence == (
        "The sum of mask · weight · value, divided by the number of values, times the share that "
        f"the mask keeps, times the share of the weights that are not 0, {N * share:.6g}."
        f"{KERAS_DIVIDES}"
    )


# --- loss weight, additional losses, the class axis


@pytest.mark.parametrize(
    ("factor", "extra", "missing"),
    [
        (0.4, 0.25, ""),
        (1, 0.25, " The loss weight, 0.4, is missing."),
        (0.4, 0, " The additional losses, 0.25, are missing."),
        (1, 0, " The loss weight, 0.4, is missing. The additional losses, 0.25, are missing."),
    ],
)
def test_what_is_forgotten_behind_the_output(factor, extra, missing):
    number = factor * float(np.mean(W * V)) + extra
    found = lb.identify(number, V, W, loss_weight=0.4, additional=[0.2, 0.05])
    (match,) = found.matches
    assert match.rule == KERAS
    assert (
        match.sentence
        == f"The sum of weight · value, divided by the number of values, {N}.{missing}"
    )
    np.testing.assert_allclose(match.coefficients, factor * W / N)


LABELS = Y.argmax(-1)


@pytest.mark.parametrize(
    ("loss", "y_true", "elementwise", "keras_sums"),
    [
        ("mean_squared_error", Y, (Y - P) ** 2, False),
        ("categorical_crossentropy", Y, -Y * np.log(P), True),
        ("sparse_categorical_crossentropy", LABELS, -Y * np.log(P), True),
    ],
)
def test_the_class_axis(loss, y_true, elementwise, keras_sums):
    arguments = {"loss": loss, "y_true": y_true, "y_pred": P}
    mean, total = elementwise.mean(), elementwise.sum() / 24
    right, wrong = (total, mean) if keras_sums else (mean, total)
    (match,) = lb.identify(f"{right:.6f}", **arguments).matches
    assert (match.slips, match.rule) == (0, KERAS)
    found = lb.identify(f"{wrong:.6f}", **arguments)
    first = found.matches[0]
    does = f"averaged, which {loss} sums" if keras_sums else f"summed, which {loss} averages"
    assert f"The class axis is {does}." in first.sentence
    np.testing.assert_allclose(first.coefficients, (1 / 72 if keras_sums else 3 / 24), rtol=1e-6)


def test_ignore_class_and_an_attached_mask_are_masks():
    labels = np.where(M[:4, :1] & True, LABELS, 2)
    options = {"loss": "sparse_categorical_crossentropy", "y_true": labels, "y_pred": P}
    losses = -np.log(np.take_along_axis(P, labels[..., None], -1))[..., 0]
    number = losses[labels != 2].mean()
    found = lb.identify(f"{number:.5f}", ignore_class=2, **options)
    assert found.matches[0].sentence == (
        f"The sum of mask · value, divided by {KEEPS}, {(labels != 2).sum()}."
    )
    tensor = keras.ops.convert_to_tensor(P)
    set_mask(tensor, keras.ops.convert_to_tensor(labels != 2))
    options["y_pred"] = tensor
    found = lb.identify(f"{number:.5f}", **options)
    assert found.matches[0].denominator == (labels != 2).sum()


def test_a_loss_object_of_any_reduction():
    squares = np.mean((Y - P) ** 2, axis=-1)
    for reduction in ("sum_over_batch_size", "sum", None):
        loss = keras.losses.MeanSquaredError(reduction=reduction)
        found = lb.identify(f"{squares.sum():.5f}", loss=loss, y_true=Y, y_pred=P)
        assert (found.matches[0].rule, found.matches[0].reduction) == (KERAS, "sum")
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=0)
    kept = LABELS != 0
    number = float(loss(LABELS, P))
    found = lb.identify(number, loss=loss, y_true=LABELS, y_pred=P)
    assert found.matches[0].denominator == kept.sum()
    with pytest.raises(TypeError, match="a Loss object brings its own options"):
        lb.identify(number, loss=loss, y_true=LABELS, y_pred=P, from_logits=True)


def test_what_is_no_sum_over_elements():
    number = float(keras.losses.Dice()(Y, P))
    found = lb.identify(number, loss="dice", y_true=Y, y_pred=P)
    assert found.matches[0].rule == KERAS
