"""identify(): the rule behind a number, on random data, recorded releases, and real Keras.

Coefficients are judged by an independent path: of a formula written by hand they are its values on
unit vectors, for every formula here is linear in the values.
"""

import json
import pickle

import keras
import numpy as np
import pytest

import lossbook as lb
from lossbook._identify import Match
from lossbook._identify.printed import read
from lossbook._trace.trace import trace
from lossbook.rules import resolve
from tests.atlas.path import ATLAS, CASES, expected, output_rule, values_of, weights_of
from tests.real_keras.reference import set_mask
from tests.unit.identify.draws import decoy_hits, decoys, draws, listed, names

KERAS = resolve("keras-3").name  # the family of the installed release
KEEPS = "the number of values that the mask keeps"
RNG = np.random.default_rng(8)
V, W = RNG.gamma(2, 1, (6, 5)), RNG.uniform(0.5, 2, (6, 5)).round(2)
W[2, 1:3] = W[5, 0] = 0
M = RNG.random((6, 5)) < 0.7
ROWS = np.array([2.0, 0.5, 1.0, 3.0, 0.25])  # weights of the rows of SQUARE
SQUARE = V[:5]


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
    """Two of these 40; what is listed is printed with the same digits."""
    hits = [decoy for decoy in decoys(40, 6) if decoy_hits(*decoy)]
    assert len(hits) <= 2


# --- the usual slips

N, VALID, SUM_W = V.size, int(M.sum()), W.sum()
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


Y = np.eye(3)[RNG.integers(0, 3, (4, 6))].astype("float32")
P = RNG.dirichlet([2, 2, 2], (4, 6)).astype("float32")
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


# --- real Keras, and recorded releases


def evaluated(loss, y_true, y_pred, sample_weight=None, batch_size=4, **settings):
    """Return what `evaluate` of a model reports whose predictions are its inputs."""
    inputs = keras.Input(y_pred.shape[1:])
    outputs = inputs
    if settings.pop("masking", False):
        outputs = keras.layers.Masking()(outputs)
    layer = keras.layers.Dense(
        1, kernel_initializer="ones", kernel_regularizer=settings.pop("penalty", None)
    )
    net = keras.Model(inputs, layer(outputs))
    net.compile(loss=loss, **settings)
    return net.evaluate(y_pred, y_true, batch_size, verbose=0, sample_weight=sample_weight)


TARGETS, INPUTS = np.zeros((6, 5, 1), "float32"), V[..., None].astype("float32")
STEPS = np.where(M[..., None], INPUTS, 0)  # a step of zeros is masked


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", None]
)
@pytest.mark.parametrize("masking", [False, True])
def test_evaluate_is_the_rule_of_the_installed_keras(reduction, masking):
    if (reduction or "none") not in resolve("keras-3").reductions:
        pytest.skip("a reduction of Keras 3.7")
    inputs, mask = (STEPS, M) if masking else (INPUTS, None)
    loss = keras.losses.MeanAbsoluteError(reduction=reduction)
    number = evaluated(loss, TARGETS, inputs, W, masking=masking)
    found = lb.identify(number, inputs[..., 0], W, mask, batch_size=4)
    first = found.matches[0]
    assert first.slips == 0
    assert (KERAS, reduction or "none") in names(found)
    tried = lb.identify(number, inputs[..., 0], W, mask)  # without being told the batch size
    assert len(tried.matches) >= 1
    np.testing.assert_allclose(tried.matches[0].coefficients, first.coefficients, rtol=1e-6)


def test_batches_are_named():
    number = evaluated("mae", TARGETS, STEPS, masking=True)
    (match,) = lb.identify(number, STEPS[..., 0], mask=M).matches
    assert match.rule is None and match.batch_size == 4
    assert match.sentence == (
        f"The sum of mask · value, divided by {KEEPS}. That is done in batches of 4, which are "
        f"averaged by their rows. {KERAS} does so for all rows."
    )
    (match,) = lb.identify(number, STEPS[..., 0], mask=M, batch_size=4).matches
    assert (match.rule, match.batch_size) == (KERAS, 4)


def test_of_two_batches_old_releases_report_other_numbers():
    means = [np.mean((W * V)[:4]), np.mean((W * V)[4:])]
    alike = lb.identify(float(np.mean(means)), V, W, batch_size=4)
    assert names(alike) >= {("keras-3.0", "sum_over_batch_size"), ("pytorch-elementwise", "mean")}
    last = lb.identify(float(means[1]), V, W, batch_size=4)
    assert last.matches[0].rule == "keras-2.3"
    assert last.matches[0].sentence.endswith("It is `evaluate` on a generator.")
    whole = lb.identify(float(np.sum(W * V) / W.sum()), V, W, batch_size=4).matches[0]
    assert whole.slips == 1 and "All rows make one batch." in whole.sentence


def test_a_regulariser_and_a_loss_weight_of_a_model():
    number = evaluated(
        "mae", TARGETS, INPUTS, penalty=keras.regularizers.L2(0.1), loss_weights=[0.5]
    )
    found = lb.identify(number, V, loss_weight=0.5, additional=0.1)
    assert found.matches[0].rule == KERAS
    assert "missing" not in found.matches[0].sentence
    assert lb.identify(number, V).matches == ()


def test_equal_numbers_of_unequal_coefficients_are_told_apart():
    """Values that are all 1 hide the weights; a loss weight of 1/n makes a mean of a sum."""
    found = lb.identify(1.0, np.ones(3), [0.25, 1.25, 1.5])
    assert found.matches[0].rule == KERAS
    assert found.matches[0].also == (
        "The sum of weight · value, divided by the sum of the weights, 3.",
        "The sum of weight · value, divided by the number of values whose weight is not 0, 3.",
    )
    ignored = next(m for m in found.matches if "weights are ignored" in m.sentence)
    np.testing.assert_allclose(ignored.coefficients, np.full(3, 1 / 3))
    found = lb.identify(float(V.mean()), V, loss_weight=1 / N)
    assert (found.matches[0].rule, found.matches[0].reduction) == (KERAS, "sum")
    assert (KERAS, "sum_over_batch_size") not in names(found)
    assert any("The loss weight, 0.0333333, is missing." in also for also in found.matches[0].also)


def test_float64_shows_the_epsilon_of_older_releases():
    """Up to Keras 3.12 the number of valid values had 1e-7 added to it."""
    exact, guarded = (
        float(lb.aggregate(V, W, M, rule).total) for rule in ("keras-3.15", "keras-3.7")
    )
    pair = "sum_over_batch_size"
    assert ("keras-3.7", pair) not in names(lb.identify(exact, V, W, M))
    assert ("keras-3.15", pair) not in names(lb.identify(guarded, V, W, M))
    assert {("keras-3.7", pair), ("keras-3.15", pair)} <= names(
        lb.identify(f"{exact:.6f}", V, W, M)
    )


def test_one_batch_is_no_batch():
    found, whole = (lb.identify("2", V, W, M, batch_size=b, rtol=0.1) for b in (6, None))
    assert [m.sentence for m in found.matches if "batches" not in m.sentence] == [
        m.sentence for m in whole.matches if "batches" not in m.sentence
    ]
    assert repr(lb.identify("2", V, batch_size=7)) == repr(lb.identify("2", V, batch_size=6))


def test_keras_3_0_averages_what_reduction_none_leaves_over_the_entries():
    """Its plain mean of the batches is for scalars; see the atlas, REDNONE."""
    number = float(np.mean(W * V))
    found = lb.identify(number, V, W, batch_size=4)
    assert ("keras-3.0", "none") in names(found)
    assert ("keras-3.0", "sum_over_batch_size") not in names(found)


def test_a_metric_divides_by_the_weights():
    metric = keras.metrics.MeanAbsoluteError()
    metric.update_state(TARGETS[:, 0], INPUTS[:, 0], W[:, 0])
    found = lb.identify(float(metric.result()), V[:, 0], W[:, 0])
    assert ("pytorch", "mean") in names(found)
    assert f"divided by the sum of the weights, {W[:, 0].sum():.6g}." in found.matches[0].sentence


def test_tensors_of_the_active_backend():
    values, weight, mask = (keras.ops.convert_to_tensor(x) for x in (np.float32(V), W, M))
    number = lb.aggregate(values, np.float32(W), mask).total
    found = lb.identify(number, values, weight, mask)
    assert found.matches[0].rule == KERAS
    assert isinstance(found.matches[0].coefficients, np.ndarray)


def recorded():
    """Yield recorded numbers of one output with weights or a mask, where releases disagree."""
    results = {}
    for path in sorted((ATLAS / "results").glob("*.json")):
        content = json.loads(path.read_text())
        results.setdefault(resolve(content["release"]).name, content)
    for case in CASES:
        name = case["id"]
        output = case["outputs"][0]
        plain = len(case["outputs"]) == 1 and output["loss"] and not case["loss_weights"]
        plain = plain and not output["penalties"] and output["add_loss"] is None
        reduction = output["options"].get("reduction", "sum_over_batch_size")
        if not plain or reduction not in ("sum_over_batch_size", "sum"):
            continue
        losses = {}
        for content in results.values():
            for methods, outcome in content["results"].get(name, {}).items():
                if "test_on_batch" in methods.split() and isinstance(outcome.get("loss"), float):
                    losses.setdefault(outcome["loss"], content["release"])
        if len(losses) > 1:
            yield from ((name, case, release, loss) for loss, release in losses.items())


def test_recorded_releases_are_named():
    """The atlas: what real releases printed, 9 digits, with the values that `trace` computes."""
    asked = named = 0
    for _, case, release, loss in recorded():
        output = case["outputs"][0]
        ours = expected(case, release, "test_on_batch")
        if not np.isclose(ours, loss, rtol=1e-5, atol=0):  # what comes before the values differs
            continue
        rows = slice(0, len(output["y_true"]))
        values, valid = values_of(output, release, rows, True)
        mask = valid if output["mask"] is None else output["mask"] != 0
        weight = weights_of(case, release, 0, rows, False)
        found = lb.identify(f"{loss:.6g}", values, weight, mask)
        reduction = output["options"].get("reduction", "sum_over_batch_size")
        asked += 1
        named += (output_rule(output, release).name, reduction) in names(found)
    assert asked >= 20
    assert named == asked


# --- the number as it was printed


@pytest.mark.parametrize(
    ("value", "number", "half_unit"),
    [
        ("0.3471", 0.3471, 0.00005),
        ("1.2e-03", 0.0012, 0.00005),
        (" 13 ", 13, 0.5),
        ("-0.50", -0.5, 0.005),
        ("0.0000", 0, 0.00005),
        (0.3471, 0.3471, 0.00005),
        (0.5, 0.5, 0.00005),
        (13, 13, 0.005),
        (0.0, 0, 0),
        (np.float32(0.3471), 0.3471, 0.00005),
        (np.float64(0.34712), 0.34712, 0.000005),
        (float(np.float32(1) / np.float32(3)), 0.33333334, 0.5e-8),  # as evaluate returns it
        (1 / 3, 1 / 3, 0.5e-16),
        (np.array([0.25]), 0.25, 0.00005),
    ],
)
def test_a_number_is_known_to_its_last_digit(value, number, half_unit):
    printed = read(value)
    np.testing.assert_allclose(printed.number, number, rtol=1e-15)
    np.testing.assert_allclose(printed.half_unit, half_unit, rtol=1e-12)
    assert lb.identify(value, [number]).tolerance == printed.half_unit


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ("0.3471", "float32"),
        (1 / 3, "float64"),
        ("0.3333333333", "float64"),
        (float(np.float32(0.1)), "float32"),
        (np.float16(0.1), "float16"),
        (np.float64(0.1), "float64"),
    ],
)
def test_the_dtype_that_a_number_may_come_from(value, dtype):
    assert read(value).dtype == dtype


def test_half_a_unit_is_the_border():
    assert lb.identify("0.35", [0.345]).matches
    assert lb.identify("0.35", [0.3551]).matches == ()
    assert lb.identify("0.35", [0.3551], rtol=0.02).matches
    assert lb.identify("0.35", [0.3499], rtol=1e-5).matches == ()


def test_rtol_0_is_exact():
    assert lb.identify(0.25, [0.25], rtol=0).matches
    assert lb.identify(0.25, [0.2500001], rtol=0).matches == ()


def test_computing_a_loss_costs_no_more_than_rounding():
    arguments = {"loss": "mse", "y_true": Y, "y_pred": P}
    number = np.mean((Y - P) ** 2)
    assert lb.identify(f"{number + 1e-8:.9f}", **arguments).matches
    assert lb.identify(f"{number + 3e-6:.9f}", **arguments).matches == ()


def test_numbers_that_are_none():
    values, masked = np.array([1.0, np.nan, 3.0]), [True, False, True]
    found = lb.identify("nan", values, mask=masked)
    assert found.matches[0].rule == KERAS  # 0 times NaN
    assert ("pytorch", "mean") not in names(found)  # leaves masked values out
    left_out = lb.identify("2.000", values, mask=masked)
    assert ("pytorch", "mean") in names(left_out)
    assert (
        left_out.matches[0].sentence == "Its formula is its own: see lb.RULES['pytorch'].formula."
    )
    assert lb.identify("inf", [1.0, np.inf]).matches[0].value == np.inf
    assert lb.identify("-inf", [1.0, np.inf]).matches == ()
    nothing = lb.identify("nan", [1.0, 2.0], mask=[False, False])
    assert ("keras-2.2", "sum_over_batch_size") in names(nothing)  # 0/0
    assert (KERAS, "sum_over_batch_size") not in names(nothing)


def test_losses_below_0_and_a_printed_0():
    found = lb.identify("-1.500", [-1.0, -2.0])
    assert found.matches[0].rule == KERAS
    found = lb.identify("0.0000", [0.00002, 0.00004])
    assert found.matches[0].rule == KERAS
    assert found.matches[0].relative_error == 1
    assert lb.identify(0.0, [0.00002, 0.00004]).matches == ()


def test_the_installed_keras_comes_first_and_slips_last():
    found = lb.identify("0.5", V / V.mean() / 2, np.full((6, 5), 1.0))
    assert (found.matches[0].rule, found.matches[0].reduction) == (KERAS, "sum_over_batch_size")
    slips = [match.slips for match in lb.identify("1", V, W, M, rtol=0.5).matches]
    assert slips == sorted(slips) and {0, 1, 2} >= set(slips) >= {1, 2}


# --- what it looks like


def test_as_text():
    found = lb.identify("1.875", [1.0, 2.0, 6.0, 5.0], [0.5, 1.0, 0.25, 0.75])
    assert repr(found).splitlines()[:3] == [
        "1.875 ± 0.0005: nothing that we know makes this number.",
        f"Nearest: {KERAS}, sum_over_batch_size: 1.9375, off by 3.3 %",
        "   The sum of weight · value, divided by the number of values, 4.",
    ]
    assert repr(found).splitlines()[-1] == (
        f"{KERAS} makes 1.9375 of this data: the number is 0.9677 times that, or that minus 0.0625."
    )
    text = repr(lb.identify("3.1", [1.0, 2.0, 6.0, 5.0], [0.5, 1.0, 0.25, 0.75]))
    lines = text.splitlines()
    assert lines[0] == "3.1 ± 0.05: one choice of coefficients fits."
    assert lines[2] == (
        "   The sum of weight · value, divided by the sum of the weights, 2.5. "
        f"{KERAS} divides by the number of values, 4."
    ) or lines[2].endswith("Its default reduction divides by the number of values, 4.")
    assert "pytorch" in lines[3] and lines[3].startswith("   Indistinguishable on this data: ")


def test_two_that_fit_are_told_apart_by_more_digits():
    found = lb.identify("1", V, W, M, rtol=0.5)
    assert repr(found).splitlines()[0] == (
        f"1 ± 0.5: {len(found.matches)} choices of coefficients fit. More digits, or other data, "
        "tell more."
    )


def test_as_html_everything_is_escaped():
    found = lb.identify("3.1", [1.0, 2.0, 6.0, 5.0], [0.5, 1.0, 0.25, 0.75])
    html = found._repr_html_()
    assert html.startswith('<div class="lossbook"><p>3.1 ± 0.05: one choice')
    for match in found.matches:
        assert match.sentence in html
    object.__setattr__(found.matches[0], "sentence", "<script>'\"😀")
    object.__setattr__(found.matches[0], "rule", "<script>")
    assert "<script>" not in found._repr_html_()
    assert "&lt;script&gt;&#x27;&quot;😀" in found._repr_html_()
    nothing = lb.identify("99", V)._repr_html_()
    assert "<p>Nearest:</p><ul><li>" in nothing and "times that" in nothing


def test_a_match_shows_its_sentence():
    match = lb.identify("3.5", [3.0, 4.0]).matches[0]
    assert repr(match) == (
        f"Match({KERAS}, sum_over_batch_size: 3.5. The sum of the values, divided by the number of "
        "values, 2.)"
    )


def test_no_warning_comes_from_the_search():
    lb.identify("1", SQUARE, ROWS, mask=np.zeros((5, 5), bool))  # a warning would be an error


# --- what it refuses

OTHER = next(b for b in ("torch", "jax") if b != keras.backend.backend())
REFUSED = {
    "words": {"value": "loss: 0.3"},
    "None": {"value": None},
    "a bool": {"value": True},
    "a dict": {"value": {}},
    "two numbers": {"value": [1.0, 2.0]},
    "no values": {"values": None},
    "values and a loss": {"loss": "mse", "y_true": [1.0], "y_pred": [1.0]},
    "a loss alone": {"values": None, "loss": "mse"},
    "no predictions": {"values": None, "loss": "mse", "y_true": [1.0]},
    "an argument misspelt": {"weights": [1.0]},
    "a reduction": {"reduction": "sum"},
    "an empty batch": {"batch_size": 0},
    "a negative tolerance": {"rtol": -1},
    "two loss weights": {"loss_weight": np.ones(2)},
    "empty values": {"values": []},
    "values that are words": {"values": "abc"},
    "too many weights": {"sample_weight": [1.0, 2.0, 3.0]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors(name, snapshot):
    with pytest.raises((ValueError, TypeError)) as raised:
        lb.identify(**{"value": "0.3", "values": [1.0, 2.0], **REFUSED[name]})
    assert f"{raised.type.__name__}: {raised.value}" == snapshot


def test_tensors_of_another_framework_are_refused():
    foreign = type("Tensor", (), {"__module__": OTHER, "shape": (2,), "dtype": "float32"})()
    with pytest.raises(TypeError, match=f"values is a {OTHER} tensor, but Keras's active backend"):
        lb.identify("0.3", foreign)


def test_what_it_needs_is_trace():
    """The path of `loss=` is that of trace(), its errors included."""
    for call in (trace, lambda *a: lb.identify("1", loss=a[0], y_true=a[1], y_pred=a[2])):
        with pytest.raises(ValueError, match="mean_squared_error needs y_true and y_pred of the"):
            call("mse", [[1.0, 2.0, 3.0]], [[1.0, 2.0]])


def test_what_was_found_can_be_pickled():
    found = lb.identify("2.333", [1.0, 2.0, 6.0], sample_weight=[2.0, 1.0, 0.5])
    again = pickle.loads(pickle.dumps(found))
    assert again == found and repr(again) == repr(found)
    np.testing.assert_array_equal(again.matches[0].coefficients, found.matches[0].coefficients)
