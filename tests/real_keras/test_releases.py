"""The rules of the releases of Keras 3: the installed one against a run, the others by hand.

`make matrix` runs this file with older releases, so that each rule meets the Keras it is named for.
"""

import contextlib
import io
import pickle
import re
import time

import keras
import numpy as np
import pytest
from keras.src.losses.loss import reduce_weighted_values

import lossbook as lb
from lossbook._rules.other_libraries import ELSEWHERE
from lossbook.rules import resolve

RELEASE = tuple(int(part) for part in keras.__version__.split(".")[:2])
RULE = resolve("keras-3")
ROWS = np.array([1.0, 2.0, 4.0, 9.0, 5.0], "float32")[:, None]
BATCHES = [slice(0, 2), slice(2, 4), slice(4, 5)]
SIZES = [2, 2, 1]
LOSSES = [1.5, 6.5, 5.0]  # the mean absolute error of the batches of ROWS against 0
# JAX and PyTorch compute in float32 what comes in as float64.
DTYPES = ["float16", "float32"] + ["float64"] * (keras.backend.backend() == "tensorflow")
FAMILIES = {0: "0", 1: "0", 2: "2", 3: "3", 6: "3", 7: "7", 12: "7", 13: "13", 14: "14", 15: "15"}


def model(**settings):
    inputs = keras.Input((1,))
    layer = keras.layers.Identity(**settings)
    net = keras.Model(inputs, layer(inputs))
    net.compile(keras.optimizers.SGD(0.0), loss="mae", run_eagerly=True)
    return net


def masked(values, mask, reduction, dtype):
    """What Keras's own reduction makes of values and a mask."""
    values, mask = (keras.ops.convert_to_tensor(array) for array in (values, mask))
    options = {"mask": mask, "reduction": reduction, "dtype": dtype}
    return np.asarray(reduce_weighted_values(values, **options))


# --- the rule of the installed release


@pytest.mark.parametrize("release", [f"keras-{keras.__version__}", "keras-{}.{}".format(*RELEASE)])
def test_the_installed_release_is_keras_3(release):
    assert resolve(release) is RULE


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mask", [[1, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]])
def test_a_mask_weighs_what_the_installed_keras_says(mask, dtype):
    """Tighter than the epsilon in the divisor: 1e-7 where one value is valid."""
    values, mask = np.array([1.0, 3.0, 2.0, 6.0], dtype), np.array(mask, bool)
    for reduction in ("sum_over_batch_size", "sum"):
        with np.errstate(all="ignore"):  # up to 3.12: 0 times infinity
            ours = lb.aggregate(values, mask=mask, reduction=reduction).total
        theirs = masked(values, mask, reduction, dtype)
        assert theirs.dtype == dtype
        rtol = {"float16": 1e-3, "float32": 6e-8, "float64": 1e-15}[dtype]
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=0, equal_nan=True)


@pytest.mark.filterwarnings("ignore:mask holds other numbers than 0 and 1")
def test_a_mask_of_other_numbers_is_taken_as_the_installed_keras_takes_it():
    values, mask = np.array([1.0, 3.0, 2.0, 6.0], "float32"), np.float32([1, 0.5, 0.25, 0])
    ours = lb.aggregate(values, mask=mask).total
    np.testing.assert_allclose(
        ours, masked(values, mask, "sum_over_batch_size", "float32"), rtol=3e-7
    )


@pytest.mark.parametrize("reduction", lb.reduction.REDUCTIONS)
def test_a_reduction_is_known_where_keras_knows_it(reduction):
    known = reduction in RULE.reductions
    if known:
        lb.aggregate([1.0, 2.0], reduction=reduction)
        keras.losses.MeanSquaredError(reduction=reduction)
    else:
        with pytest.raises(ValueError, match="came with Keras 3"):
            lb.aggregate([1.0, 2.0], reduction=reduction)
        with pytest.raises(ValueError, match="reduction"):
            keras.losses.MeanSquaredError(reduction=reduction)


@pytest.mark.parametrize("batch_size", [5, 2, 1])
def test_an_activity_penalty_is_what_the_installed_keras_adds(batch_size):
    net = model(activity_regularizer=keras.regularizers.L2(0.25))
    printed = net.evaluate(ROWS, ROWS, batch_size=batch_size, verbose=0)
    batches = [ROWS[i : i + batch_size] for i in range(0, len(ROWS), batch_size)]
    penalty = RULE.extras["activity_penalty"]
    penalties = [penalty(0.25 * (batch**2).sum(), len(batch)) for batch in batches]
    expected = lb.epoch_loss(penalties, [len(batch) for batch in batches])
    assert printed == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
def test_one_call_per_batch_returns_what_the_rule_says(method):
    net = model()
    printed = [float(getattr(net, method)(ROWS[part], 0 * ROWS[part])) for part in BATCHES]
    assert printed == pytest.approx(RULE.on_batch(LOSSES, SIZES), rel=2e-6)


def test_the_epoch_is_what_evaluate_returns():
    printed = model().evaluate(ROWS, 0 * ROWS, batch_size=2, verbose=0)
    assert printed == pytest.approx(RULE.epoch(LOSSES, SIZES).value, rel=2e-6)
    assert printed == pytest.approx(lb.epoch_loss(LOSSES, SIZES), rel=2e-6)


@pytest.mark.filterwarnings("ignore")  # NumPy's and PyTorch's own, about one another
def test_the_progress_bar_shows_running_means_or_their_means():
    """Up to 3.14 the bar averages the running means once more, up to 3.10 the last number too."""

    class Slow(keras.callbacks.Callback):
        def on_test_batch_begin(self, batch, logs=None):
            time.sleep(0.1)  # the bar draws at most twenty times a second

    with contextlib.redirect_stdout(io.StringIO()) as screen:
        model().evaluate(ROWS, 0 * ROWS, batch_size=2, callbacks=[Slow()])
    shown = [float(number) for number in re.findall(r"loss: ([\d.]+)", screen.getvalue())]
    running = [RULE.epoch(LOSSES[:n], SIZES[:n]).value for n in (1, 2, 3)]
    twice = np.cumsum(running) / [1, 2, 3]
    last = running[-1]
    if RELEASE >= (3, 15):
        expected = [*running, last]
    else:
        expected = [*twice, last if RELEASE >= (3, 11) else (sum(running) + last) / 4]
    assert shown == pytest.approx(expected, abs=1e-4)


# --- every rule, by hand


def test_every_release_has_its_family():
    for minor, family in FAMILIES.items():
        assert resolve(f"keras-3.{minor}").name == f"keras-3.{family}"
        assert resolve(f"keras-3.{minor}.1") is resolve(f"keras-3.{minor}")
    names = [f"keras-3.{family}" for family in dict.fromkeys(FAMILIES.values())]
    assert names == [name for name in lb.RULES if name.startswith("keras-3")]
    for name, rule in lb.RULES.items():
        if name in ELSEWHERE:
            continue
        first, *others = re.split(" to |, ", rule.versions)
        assert rule.name == name and rule.framework in ("keras", "tf.keras")
        if name != "tf.keras-1.13-class":  # that release had two rules
            numbers = first, *others
            assert all(resolve(f"{rule.framework}-{number}") is rule for number in numbers)
    assert resolve("tf_keras-2.21.0") is resolve("tf_keras-2.16") is lb.RULES["tf.keras-2.11"]
    assert resolve("keras-2.2.4") is not resolve("keras-2.2.5")


@pytest.mark.parametrize(
    "rule", ["keras-3.16", "keras-2.4.0", "keras-4", "keras-3.", "tf.keras-1.12.0", None, "keras"]
)
def test_an_unknown_release_is_refused(rule):
    with pytest.raises(ValueError) as caught:
        lb.aggregate([1.0], rule=rule)
    assert str(caught.value) == (
        f"Unknown rule {rule!r}. Known rules: keras-3 (the installed release), and any release of "
        "keras-2.2 to 3.15, tf.keras-1.13 to 2.15, tf_keras-2.16 to 2.21, as keras-3.8 or "
        "tf.keras-2.4.4; of other libraries pytorch, pytorch-elementwise, optax, sklearn, "
        "transformers."
    )


@pytest.mark.parametrize(
    ("version", "family"),
    [("3.8.0", "7"), ("3.16.0.dev2026112203", "15"), ("2.15.0", "15"), (None, "15")],
)
def test_keras_3_is_the_installed_release_or_the_newest(monkeypatch, version, family):
    monkeypatch.setattr("lossbook.rules.installed_keras", lambda: version)
    assert resolve("keras-3").name == f"keras-3.{family}"


def test_a_trace_says_the_rule_that_was_asked_for():
    assert lb.trace("mse", [[1.0]], [[2.0]], rule="keras-3.8.0").rule == "keras-3.8.0"


def test_a_reduction_that_a_rule_does_not_know():
    with pytest.raises(ValueError) as caught:
        lb.trace("mse", [[1.0]], [[2.0]], reduction="mean", rule="keras-3.5")
    assert str(caught.value) == (
        "reduction='mean' came with Keras 3.7; the rule keras-3.3 (3.3 to 3.6) knows "
        "sum_over_batch_size, sum, none. Take one of them, or another rule."
    )


ONE_VALID = dict.fromkeys("0237", 4 / (1 + 1e-7))


@pytest.mark.filterwarnings("ignore:mask holds other numbers than 0 and 1")
@pytest.mark.parametrize("family", dict.fromkeys(FAMILIES.values()))
def test_masks_by_hand(family):
    rule = f"keras-3.{family}"
    values, mask = np.array([1.0, 3.0, 2.0, 6.0]), np.array([False, True, False, False])
    a = lb.aggregate(values, mask=mask, rule=rule)
    assert a.total == pytest.approx(3 * ONE_VALID.get(family, 4.0) / 4, rel=1e-15)
    np.testing.assert_allclose(a.coefficients, [0, a.total / 3, 0, 0], rtol=1e-15)
    assert a.total * a.denominator == pytest.approx(3.0, rel=1e-15)
    with np.errstate(all="ignore"):
        empty = lb.aggregate(np.float16([1, 3]), mask=[False, False], rule=rule).total
    assert np.isnan(empty) if family in ONE_VALID else empty == 0
    halves = lb.aggregate(values, mask=np.array([0.5, 1, 0.5, 0]), rule=rule).total
    by_multiplication = (0.5 * 1 + 3 + 0.5 * 2) / 2
    expected = (1 + 3 + 2) / 2 if family == "15" else by_multiplication
    assert halves == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("family", dict.fromkeys(FAMILIES.values()))
def test_epochs_and_penalties_by_hand(family):
    rule = lb.RULES[f"keras-3.{family}"]
    by_rows = lb.epoch_loss(LOSSES, SIZES, rule=rule.name)
    assert by_rows == pytest.approx(13 / 3 if family == "0" else 4.2)
    running = (1.5, 4.0, by_rows)
    assert rule.on_batch(LOSSES, SIZES) == pytest.approx(LOSSES if family == "15" else running)
    divided = family in ("14", "15")
    assert rule.extras["activity_penalty"](6.0, 4) == (1.5 if divided else 6.0)
    assert rule.on_batch(iter(LOSSES), 3)[-1] == pytest.approx(5.0 if family == "15" else 13 / 3)


@pytest.mark.parametrize(
    ("release", "plain", "weighted"),
    [("tf.keras-2.10.1", 0.4620981, 0.5776227), ("tf.keras-2.11.1", 0.6931472, 0.8664339)],
)
def test_the_loss_masks_and_the_predictions_mask(release, plain, weighted):
    """ignore_class and a mask together: the numbers are those of a run of the release."""
    y_true = np.array([[0, 1, 2], [2, 2, 0]])
    y_pred = np.array(
        [
            [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.125, 0.125, 0.75]],
            [[0.25, 0.25, 0.5], [0.75, 0.125, 0.125], [0.5, 0.25, 0.25]],
        ],
        "float32",
    )
    mask = np.array([[True, False, False], [True, True, True]])
    given = "sparse_categorical_crossentropy", y_true, y_pred
    for weight, total in ((None, plain), (np.array([2.0, 0.5]), weighted)):
        t = lb.trace(*given, weight, mask, rule=release, ignore_class=2)
        assert t.total == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("release", ["keras-2.2.4", "keras-2.3.1", "tf.keras-1.15", "tf.keras-2.9"])
def test_releases_without_ignore_class(release):
    given = "sparse_categorical_crossentropy", [[0, 1]], [[[0.5, 0.5], [0.25, 0.75]]]
    with pytest.raises(ValueError, match=r"^ignore_class came with TensorFlow 2\.10; the rule "):
        lb.trace(*given, rule=release, ignore_class=0)


@pytest.mark.parametrize("name", lb.RULES)
def test_a_rule_can_be_pickled(name):
    assert pickle.loads(pickle.dumps(lb.RULES[name])) is lb.RULES[name]


def test_an_aggregate_is_equal_to_itself_alone():
    one, other = lb.aggregate([1.0, 2.0]), lb.aggregate([1.0, 2.0])
    assert one == one and one != other and len({one, other}) == 2
