"""Losses of the user's own: what they take is asked, and what they call is checked."""

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

import lossbook as lb
from lossbook._audit.checks.data.ranges import RANGES
from lossbook._audit.checks.measured import in_sight
from lossbook._audit.examples import coins, compiled, drawn, passing, simplex
from tests.unit.audit.fixes import applied, audited, codes, the
from tests.unit.audit.planted import BACKEND

SPARSE = "sparse_categorical_crossentropy"
LOGITS, LABELS = 4 * drawn(8, 3, low=-1, high=1), coins(8, 3)


def by_hand(t, p):
    p = ops.clip(p, 1e-7, 1 - 1e-7)
    return -ops.mean(t * ops.log(p) + (1 - t) * ops.log(1 - p), -1)


def from_logits(t, p):
    return ops.mean(ops.maximum(p, 0) - p * t + ops.log1p(ops.exp(-ops.abs(p))), -1)


def overlap(t, p):
    return 1 - (2 * ops.sum(t * p, -1) + 1) / (ops.sum(t + p, -1) + 1)


def iou(t, p):
    both = ops.sum(t * p, -1)
    return 1 - (both + 1) / (ops.sum(t + p, -1) - both + 1)


def called(t, p):
    return 2 * losses.binary_crossentropy(t, p)


def focal(t, p):
    return (1 - losses.dice(t, p)) + losses.binary_focal_crossentropy(t, p)


@pytest.mark.parametrize("loss", [by_hand, overlap, iou, called, focal], ids=lambda f: f.__name__)
def test_logits_for_a_loss_that_takes_probabilities(loss):
    assert "logits-as-probabilities" in codes(audited(passing(LOGITS, LABELS, loss)), "error")
    sound = passing(LOGITS, LABELS, loss, activation="sigmoid")
    assert codes(audited(sound), "error") == []


@pytest.mark.parametrize("loss", [from_logits, lambda t, p: overlap(t, ops.sigmoid(p))])
def test_probabilities_for_a_loss_that_takes_logits(loss):
    assert codes(audited(passing(LOGITS, LABELS, loss)), "error") == []
    found = audited(passing(LOGITS, LABELS, loss, activation="sigmoid"))
    assert "probabilities-as-logits" in codes(found, "error")


@pytest.mark.parametrize(
    "loss",
    [
        lambda t, p: ops.mean(ops.square(t - p), -1),
        lambda t, p: ops.mean(ops.maximum(1 - (2 * t - 1) * p, 0), -1),
        lambda t, p: -ops.mean(t * p, -1),
        lambda t, p: losses.categorical_crossentropy(t, 9 * (p - 0.2 * t), from_logits=True),
    ],
)
def test_nothing_is_said_of_losses_that_take_any_number(loss):
    assert codes(audited(passing(LOGITS, np.eye(3, dtype="float32")[np.arange(8) % 3], loss))) == []


@pytest.mark.skipif(BACKEND == "torch", reason="its crossentropy refuses such labels")
def test_what_a_loss_leaves_out_itself_is_not_checked():
    y = LABELS.copy()
    y[::3, 1] = -1

    def known(t, p):
        values = losses.binary_crossentropy(t[..., None], p[..., None])
        return ops.sum(ops.where(t == -1, 0.0, values), -1)

    assert codes(audited(passing(drawn(8, 3), y, known)), "error") == []
    assert "labels-range" in codes(audited(passing(drawn(8, 3), y, called)), "error")


@pytest.mark.skipif(BACKEND == "torch", reason="its CTC takes other labels")
def test_ctc_within_a_loss():
    y = np.array([[1, 2, -1], [3, 1, 2]])
    case = passing(drawn(2, 6, 4), y, lambda t, p: losses.ctc(t, p))
    assert "ctc-labels" in codes(audited(case))


@pytest.mark.filterwarnings("ignore:.*softmax over axis")
@pytest.mark.filterwarnings("ignore:Exception encountered")
@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy", by_hand])
def test_a_softmax_over_one_unit_under_any_loss(loss):
    found = audited(passing(drawn(8, 1), coins(8, 1), loss, activation="softmax"))
    assert "one-class" in codes(found, "error")


@pytest.mark.parametrize(
    ("activation", "y", "severity"),
    [
        ("sigmoid", 255 * drawn(8, 3), "error"),
        ("tanh", 30 * drawn(8, 3), "error"),
        ("relu", drawn(8, 3) - 0.5, "warning"),
        ("sigmoid", drawn(8, 3), None),
        ("relu", drawn(8, 3), None),
    ],
)
@pytest.mark.parametrize("loss", ["mse", lambda t, p: ops.mean(ops.abs(t - p))])
def test_targets_that_the_output_cannot_give(activation, y, severity, loss):
    found = audited(passing(LOGITS, y, loss, activation=activation))
    assert [f.severity for f in found if f.code == "labels-range"] == ([severity] * bool(severity))


@pytest.mark.parametrize("name", [name for name in RANGES if hasattr(keras.activations, name)])
def test_the_range_of_an_activation_is_that_of_keras(name):
    x = np.linspace(-80, 80, 1001, dtype="float32")[:, None] * np.array([[1, -1]], "float32")
    y = ops.convert_to_numpy(getattr(keras.activations, name)(ops.convert_to_tensor(x)))
    low, high = RANGES[name]
    assert y.min() == pytest.approx(low, abs=0.02)
    assert y.max() == pytest.approx(high, abs=0.02) if np.isfinite(high) else y.max() > 50


def test_a_loss_that_scales_its_predictions():
    case = passing(LOGITS, 255 * drawn(8, 3), lambda t, p: ops.mean(ops.square(t - 255 * p), -1))
    assert "labels-range" not in codes(audited(case))


def makes(gamma=2.0):
    return lambda t, p: ops.mean(ops.abs(t - p) ** gamma, -1)


@pytest.mark.parametrize("loss", [makes, lambda t, p, w: ops.mean(w * (t - p), -1)])
def test_a_loss_that_does_not_take_two_arguments(loss):
    finding = the(audited(passing(LOGITS, LABELS, loss)), "own-error")
    assert "is called with (y_true, y_pred)" in finding.message


@pytest.mark.skipif(BACKEND == "torch", reason="its steps are not compiled")
def test_a_loss_in_numpy_runs_in_eager_mode_alone():
    model = compiled(
        passing(LOGITS, LABELS, "mse").model,
        lambda t, p: np.mean((t - p) ** 2),
        run_eagerly=False,
        jit_compile=False,
    )
    if BACKEND == "jax":
        pytest.skip("its tensors are arrays for NumPy")
    assert "in place of NumPy" in the(lb.audit(model, LOGITS, LABELS), "own-error").fix


def test_classes_of_a_loop():
    made = []
    for q in (0.1, 0.9):

        class Pinball(losses.Loss):
            def call(self, t, p):
                return ops.mean(ops.maximum(q * (t - p), (q - 1) * (t - p)), -1)  # noqa: B023

        made.append(Pinball())
    inputs = keras.Input((3,))
    outputs = [layers.Activation("linear", name=name)(inputs) for name in "ab"]
    model = compiled(keras.Model(inputs, outputs), made)
    assert "last-of-a-loop" in codes(lb.audit(model, LOGITS, [LABELS] * 2))


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.data")
def test_few_rows_of_a_dataset_are_tried():
    import tensorflow as tf

    class Adds(layers.Layer):
        def call(self, x):
            self.add_loss(1e-3 * ops.mean(ops.square(x + keras.random.normal(ops.shape(x))), -1))
            return x

    inputs = keras.Input((3,))
    model = compiled(keras.Model(inputs, Adds(name="adds")(inputs)), "mse")
    dataset = tf.data.Dataset.from_tensor_slices((LOGITS, LABELS)).batch(4)
    found = lb.audit(model, dataset)
    assert "add-loss-grows" in codes(found) and "for a few rows fail" not in str(found)


# --- models of language


def tagger(*steps, shift=1, size=20):
    tokens = np.random.default_rng(0).integers(1, size, (8, 12))
    inputs = keras.Input((10,), dtype="int32")
    h = layers.Embedding(size, 6)(inputs)
    for step in steps:
        h = step(h)
    model = keras.Model(inputs, layers.Dense(size, activation="softmax")(h))
    y = tokens[:, 1 + shift : 11 + shift]
    return lb.audit(compiled(model, SPARSE), tokens[:, 1:11], y)


@pytest.mark.parametrize(
    ("steps", "shift", "found"),
    [
        ([layers.Conv1D(6, 3, padding="causal")], 1, False),
        ([layers.Conv1D(6, 3, padding="causal")], 0, True),
        ([layers.Conv1D(6, 3, padding="causal")], -1, True),
        ([layers.Conv1D(6, 3, padding="same")], 1, True),
        ([layers.GlobalAveragePooling1D(), layers.RepeatVector(10)], 0, False),  # it encodes all
        ([], 1, False),
    ],
)
def test_targets_that_are_in_sight(steps, shift, found):
    assert ("targets-in-sight" in codes(tagger(*steps, shift=shift))) == found


def test_what_cannot_be_tried_is_said(monkeypatch):
    def fails(*_):
        raise ValueError("no such token")

    monkeypatch.setattr(in_sight, "_seen", fails)
    scope = "Not looked at: whether the model sees its targets: ValueError: no such token."
    assert scope in repr(tagger(shift=0))


# --- class weights

NUMBERS = np.arange(8) % 3


def weighed(class_weight, **data):
    return passing(simplex(8, 3), NUMBERS, SPARSE, class_weight=class_weight, **data)


@pytest.mark.parametrize(
    ("class_weight", "code", "meant"),
    [
        ({0: [1.0], 1: [2.0], 2: [1.0]}, "class-weight-refused", {0: 1.0, 1: 2.0, 2: 1.0}),
        ({0: None, 1: 2.0, 2: 1.0}, "class-weight-refused", {0: 1.0, 1: 2.0, 2: 1.0}),
        ({0: np.nan, 1: 2.0, 2: 1.0}, "class-weight-refused", {0: 1.0, 1: 2.0, 2: 1.0}),
        ("balanced", "class-weight-refused", {0: 8 / 9, 1: 8 / 9, 2: 8 / 6}),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, "class-weight-missing", {0: 1.0, 1: 2.0, 2: 3.0}),
        ({1: 1.0, 2: 2.0, 3: 3.0}, "class-weight-missing", {0: 1.0, 1: 2.0, 2: 3.0}),
        ({0: -1.0, 1: 2.0, 2: 1.0}, "weights-negative", None),
    ],
)
def test_class_weights_that_are_mended_as_such(class_weight, code, meant):
    finding = the(audited(weighed(class_weight)), code)
    mended = applied(finding, weighed(class_weight))
    assert code not in codes(audited(mended)) and "class-forgotten" not in codes(audited(mended))
    if meant:
        assert mended.data["class_weight"] == pytest.approx(meant)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.data")
@pytest.mark.parametrize("kind", ["weights", "positions"])
def test_class_weights_in_a_dataset(kind):
    import tensorflow as tf

    from lossbook._audit.examples import Example

    weight, shape = {0: 1.0, 1: 3.0, 2: 0.5}, (8,) if kind == "weights" else (8, 4)
    labels = np.random.default_rng(0).integers(0, 3, shape)
    p, own = simplex(*shape, 3), 1 + drawn(8)
    parts = (p, labels, own) if kind == "weights" else (p, labels)
    dataset = tf.data.Dataset.from_tensor_slices(parts).batch(8)
    case = Example(passing(p, labels, SPARSE).model, {"x": dataset, "class_weight": weight})
    code = "class-weight-refused" if kind == "weights" else "class-weight-labels"
    mended = applied(the(audited(case), code), case)
    assert codes(audited(mended), "error") == []
    values = -np.log(np.take_along_axis(p, labels[..., None], -1)[..., 0])
    meant = np.vectorize(weight.get)(labels) * (own if kind == "weights" else 1) * values
    found = mended.model.evaluate(mended.data["x"], verbose=0)
    assert found == pytest.approx(meant.mean(), rel=1e-5)


# --- which way it grows, and what it does with its targets

COINS, REAL = coins(8, 3), drawn(8, 3, seed=1, low=-1, high=1)


def dice_of_all(t, p):
    return (2 * ops.sum(t * p) + 1) / (ops.sum(t) + ops.sum(p) + 1)


def log_likelihood(t, p):
    return ops.mean(t * ops.log(p + 1e-7) + (1 - t) * ops.log(1 - p + 1e-7), -1)


def correlation(t, p):
    t, p = t - ops.mean(t), p - ops.mean(p)
    return ops.sum(t * p) / ops.sqrt(ops.sum(t * t) * ops.sum(p * p) + 1e-9)


def r2(t, p):
    return 1 - ops.sum(ops.square(t - p)) / ops.sum(ops.square(t - ops.mean(t)))


def similarity(t, p):
    return ops.sum(ops.normalize(t, axis=-1) * ops.normalize(p, axis=-1), -1)


@pytest.mark.parametrize(
    ("loss", "y", "activation", "severity"),
    [
        (dice_of_all, COINS, "sigmoid", "error"),
        (log_likelihood, COINS, "sigmoid", "error"),
        (lambda t, p: ops.sum(t * ops.log(p), -1), np.eye(3)[np.arange(8) % 3], "softmax", "error"),
        (correlation, REAL, "linear", "warning"),
        (r2, REAL, "linear", "warning"),
        (similarity, REAL, "linear", "warning"),
    ],
)
def test_a_loss_that_is_better_the_larger_it_is(loss, y, activation, severity):
    def case(of):
        return passing(3 * drawn(8, 3, low=-1, high=1), y, of, activation=activation)

    finding = the(audited(case(loss)), "loss-upside-down")
    assert finding.severity == severity
    for turned in (applied(finding, case(loss)), case(lambda t, p: -loss(t, p))):
        assert "loss-upside-down" not in codes(audited(turned))


def contrastive(t, p):  # 1 for rows that are alike, and p is their distance
    return ops.mean(t * ops.square(p) + (1 - t) * ops.square(ops.maximum(1 - p, 0)), -1)


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (contrastive, COINS),
        (lambda t, p: ops.mean(t * p, -1), 2 * COINS - 1),
        (lambda t, p: -ops.sum(t * ops.log(ops.abs(p) + 1e-7), -1), REAL),
        (lambda t, p: ops.mean(ops.maximum((t - p) * 0.9, (p - t) * 0.1), -1), REAL),
        (lambda t, p: -ops.mean(p, -1), REAL),
    ],
)
def test_losses_that_are_no_score(loss, y):
    assert "loss-upside-down" not in codes(audited(passing(drawn(8, 3), y, loss)))


@pytest.mark.parametrize(
    "loss",
    [
        lambda t, p: ops.mean(ops.square(t[:, 0] - p)),
        lambda t, p: ops.square(t[:, 0] - p),
        lambda t, p: ops.mean(ops.abs(t[:, 0] - p), -1),
    ],
)
def test_a_loss_that_compares_all_pairs_of_rows(loss):
    finding = the(audited(passing(drawn(8, 1), drawn(8, 2, seed=1), loss)), "targets-broadcast")
    p, t = drawn(8, 1)[:4, 0], drawn(8, 2, seed=1)[:4, 0]
    assert "16 pairs" in finding.message and finding.severity == "error"
    if "abs" not in str(loss.__code__.co_names):
        assert f"{np.square(t[:, None] - p).mean():.4g}" in finding.message


def test_a_loss_of_the_batch_is_no_pairing():
    assert "targets-broadcast" not in codes(audited(passing(drawn(8, 3), coins(8, 3), dice_of_all)))
    found = audited(passing(drawn(8, 1), drawn(8, 1, seed=1), r2))
    assert "loss-reduces-batch" in codes(found, "warning")


@pytest.mark.parametrize(
    ("loss", "y", "said"),
    [
        (lambda t, p: ops.mean(ops.square(p), -1), drawn(8, 3), True),
        (lambda t, p: ops.mean(ops.square(p), -1), np.zeros((8, 3)), False),
        (lambda t, p: ops.mean(ops.square(ops.sum(t) - p), -1), drawn(8, 3), False),
        # whole numbers: the same in any order to the last bit
        (
            lambda t, p: ops.mean(ops.square(ops.sum(t) - p), -1),
            np.arange(24.0).reshape(8, 3),
            False,
        ),
    ],
)
def test_targets_that_a_loss_does_not_look_at(loss, y, said):
    assert ("targets-unused" in codes(audited(passing(drawn(8, 3), y, loss)), "note")) == said


def test_a_loss_that_computes_with_an_input():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Activation("linear", name="out")(inputs))
    compiled(model, lambda t, p: ops.mean(ops.square(t - p)) + ops.mean(inputs))
    (finding,) = lb.audit(model, drawn(8, 3), drawn(8, 3, seed=1))
    assert finding.code == ("own-error" if BACKEND == "jax" else "loss-returns")
    assert "KerasTensor" in finding.message


@pytest.mark.skipif(BACKEND != "tensorflow", reason="its graphs alone know no batch size")
def test_a_loss_that_asks_a_graph_for_its_rows():
    case = passing(
        drawn(8, 3),
        drawn(8, 3, seed=1),
        lambda t, p: ops.sum(ops.square(t - p)) / p.shape[0],
        options={"run_eagerly": False},
    )
    assert "keras.ops.shape(y_pred)[0]" in the(audited(case), "own-error").fix


DISTRIBUTIONS = simplex(8, 3, seed=1)


@pytest.mark.parametrize(
    ("loss", "y", "said"),
    [
        (lambda y_pred, y_true: losses.kl_divergence(y_true, y_pred), DISTRIBUTIONS, True),
        (lambda t, p: losses.kl_divergence(p, t), DISTRIBUTIONS, True),
        (
            lambda logits, labels: ops.mean(labels * ops.log(labels / (logits + 1e-7) + 1e-7), -1),
            DISTRIBUTIONS,
            True,
        ),
        (lambda y_pred, y_true: ops.mean(ops.square(y_true - y_pred), -1), DISTRIBUTIONS, False),
        (lambda y_true, y_pred: losses.kl_divergence(y_true, y_pred), DISTRIBUTIONS, False),
        (lambda y, yhat: losses.kl_divergence(y, yhat), DISTRIBUTIONS, False),
    ],
)
def test_arguments_in_another_order(loss, y, said):
    found = audited(passing(simplex(8, 3), y, loss))
    assert ("arguments-swapped" in codes(found, "error")) == said
    if said:
        mended = applied(the(found, "arguments-swapped"), passing(simplex(8, 3), y, loss))
        assert "arguments-swapped" not in codes(audited(mended))
