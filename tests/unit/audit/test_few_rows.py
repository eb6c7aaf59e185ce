"""What the first rows say: derivatives, metrics, what a loss returns, complex numbers."""

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

import lossbook as lb
from lossbook._audit import HAZARDS
from lossbook._audit.examples import Example, coins, compiled, drawn, passing, simplex
from tests.unit.audit.fixes import applied, audited, codes, evaluated, the
from tests.unit.audit.planted import BACKEND

X, Y = drawn(8, 3), drawn(8, 3, seed=1)
SQUARE, APART = np.square(X - Y).mean(-1), np.abs(X - Y).mean(-1)
pytestmark = pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")


def square(t, p):
    return ops.mean(ops.square(t - p), -1)


def apart(t, p):
    return ops.mean(ops.abs(t - p), -1)


RETURNED = {  # what the loss returns, what is meant
    "tuple of rows": (lambda t, p: (square(t, p), apart(t, p)), SQUARE.mean() + APART.mean()),
    "list of numbers": (
        lambda t, p: [ops.mean(square(t, p)), ops.mean(apart(t, p))],
        SQUARE.mean() + APART.mean(),
    ),
    "list of one": (lambda t, p: [square(t, p)], SQUARE.mean()),
    "dict": (lambda t, p: {"a": square(t, p), "b": apart(t, p)}, SQUARE.mean() + APART.mean()),
    "unequal shapes": (
        lambda t, p: (ops.square(t - p), apart(t, p)),
        SQUARE.mean() + APART.mean(),
    ),
}


@pytest.mark.parametrize("name", RETURNED)
def test_a_loss_that_returns_no_tensor(name):
    loss, meant = RETURNED[name]
    found = audited(passing(X, Y, loss))
    assert codes(found) == ["loss-returns"]
    mended = applied(found[0], passing(X, Y, loss))
    assert codes(audited(mended), "error") == []
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)


def test_the_number_of_a_tuple_is_the_mean_of_its_parts():
    loss = RETURNED["tuple of rows"][0]
    assert evaluated(passing(X, Y, loss)) == pytest.approx((SQUARE.mean() + APART.mean()) / 2)


# --- no derivative


FLAT = {
    "a comparison": lambda t, p: ops.mean(ops.cast(ops.abs(t - p) > 0.1, "float32"), -1),
    "argmax": lambda t, p: ops.mean(
        ops.cast(ops.argmax(t, -1) != ops.argmax(p, -1), "float32") + 0.5
    ),
    "round": lambda t, p: ops.mean(ops.abs(t - ops.round(p)), -1),
    "a constant": lambda t, p: 0.5 + 0 * ops.mean(p, -1),
    "NumPy": lambda t, p: np.square(
        ops.convert_to_numpy(t) - ops.convert_to_numpy(ops.stop_gradient(p))
    ).mean(-1),
}


@pytest.mark.parametrize("name", [n for n in FLAT if BACKEND != "jax" or n != "NumPy"])
def test_a_loss_without_a_derivative(name):
    assert "gradient-zero" in codes(audited(passing(X, coins(8, 3), FLAT[name])), "error")


def network(*inner, units=3):
    inputs = keras.Input((3,))
    outputs = layers.Dense(units, kernel_initializer="ones")(inputs)
    for layer in inner:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs)


@pytest.mark.skipif(BACKEND == "jax", reason="its gradients need a function without state")
@pytest.mark.parametrize(
    "layer",
    [
        layers.Lambda(ops.round),
        layers.Lambda(ops.stop_gradient),
        layers.Lambda(lambda x: ops.relu(x - 99)),
    ],
)
def test_a_model_without_a_derivative(layer):
    found = audited(Example(compiled(network(layer), "mse"), {"x": X, "y": Y}))
    assert codes(found) == ["gradient-zero"] and "trainable weights" in found[0].message


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        ("mae", Y),
        ("hinge", 2 * coins(8, 3) - 1),
        ("huber", 100 * Y),
        ("binary_crossentropy", coins(8, 3)),
        (lambda t, p: 0 * ops.mean(p, -1), Y),
        (lambda t, p: ops.mean(ops.round(t) * p, -1), Y),
    ],
)
def test_losses_that_have_one(loss, y):
    assert "gradient-zero" not in codes(audited(passing(X, y, loss)))


# --- metrics


def metered(y_pred, y, loss, *metrics, **data):
    return passing(y_pred, y, loss, options={"metrics": list(metrics)}, **data)


@pytest.mark.parametrize("metric", ["mse", keras.metrics.MeanSquaredError(), square])
def test_metrics_without_the_weights_of_the_loss(metric):
    weight = np.arange(1, 9, dtype="float32")
    case = metered(X, Y, "mse", metric, sample_weight=weight)
    (finding,) = audited(case)
    assert finding.code == "metrics-unweighted" and finding.severity == "note"
    for number in (SQUARE.mean(), (SQUARE * weight).sum() / weight.sum()):
        assert f"{number:.4g}" in finding.message
    shown = case.model.evaluate(**case.data, verbose=0)[1]
    assert shown == pytest.approx(SQUARE.mean())
    assert codes(audited(applied(finding, case))) == []


def test_metrics_that_agree_are_no_finding():
    case = metered(X, Y, "mse", "mse", sample_weight=np.ones(8, "float32"))
    assert codes(audited(case)) == []


def test_the_metrics_count_on_afterwards():
    case = metered(X, Y, "mse", "mae")
    case.model.evaluate(X[:4], Y[:4], verbose=0)
    lb.audit(case.model, X[:4], Y[:4])
    assert float(case.model.get_metrics_result()["mae"]) == pytest.approx(APART[:4].mean())


LOGITS = drawn(8, 1, low=-3, high=3)


@pytest.mark.parametrize(
    "metric",
    [
        "accuracy",
        keras.metrics.Precision(),
        keras.metrics.BinaryCrossentropy(),
        keras.metrics.BinaryAccuracy(threshold=0.5),
    ],
)
def test_metrics_of_probabilities_that_get_logits(metric):
    loss = losses.BinaryCrossentropy(from_logits=True)
    y_pred = np.array([-2, -1, 0.2, 0.3, 0.4, 1, 2, 3], "float32")[:, None]
    case = metered(y_pred, np.tile([[0.0], [1.0]], (4, 1)), loss, metric)
    finding = the(audited(case), "metric-unfit")
    assert codes(audited(applied(finding, case))) == []


@pytest.mark.parametrize(
    "metric", [keras.metrics.BinaryAccuracy(threshold=0.0), keras.metrics.AUC(from_logits=True)]
)
def test_metrics_that_know_of_logits(metric):
    loss = losses.BinaryCrossentropy(from_logits=True)
    assert codes(audited(metered(LOGITS, coins(8, 1), loss, metric))) == []


def test_accuracy_of_several_labels():
    y = coins(8, 3)
    case = metered(X, y, "binary_crossentropy", "accuracy")
    finding = the(audited(case), "metric-unfit")
    assert finding.evidence["binary_accuracy"] == pytest.approx(((X > 0.5) == y).mean())
    assert codes(audited(applied(finding, case))) == []


@pytest.mark.parametrize(
    ("y_pred", "y", "loss"),
    [
        (drawn(8, 1), coins(8, 1), "mse"),
        (simplex(8, 3), np.arange(8) % 3, "sparse_categorical_crossentropy"),
        (simplex(8, 3), np.eye(3)[np.arange(8) % 3], "categorical_crossentropy"),
        (X, np.eye(3)[np.arange(8) % 3], "binary_crossentropy"),
    ],
)
def test_accuracies_that_fit(y_pred, y, loss):
    assert codes(audited(metered(y_pred, y, loss, "accuracy"))) == []


# --- complex numbers


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning", "ignore:Casting complex")
def test_complex_targets():
    case = HAZARDS["imaginary-dropped"].planted()
    x, y = case.data["x"], case.data["y"]
    assert evaluated(case) == pytest.approx(np.square(x - y.real).mean(), rel=1e-5)
    assert codes(audited(case)) == ["imaginary-dropped"]
    assert codes(lb.audit(case.model, x, y.real + 0j)) == []


# --- derivatives that are no numbers


def test_a_model_that_returns_whole_numbers():
    model = network(layers.Lambda(lambda x: ops.cast(ops.round(x), "int32")))
    found = audited(Example(compiled(model, "mse"), {"x": X, "y": 9 * Y}))
    assert "whole numbers, int32" in the(found, "gradient-zero").message


@pytest.mark.parametrize(
    ("loss", "at_zero"),
    [
        (lambda t, p: ops.mean(ops.where(t > 0, ops.square(t - p) / t, 0.0), -1), True),
        (lambda t, p: ops.mean(ops.sqrt(ops.abs(t * (t - p))), -1), True),
        (lambda t, p: ops.mean(ops.sqrt(ops.abs(t * (t - p)) + 1e-6), -1), False),
    ],
)
def test_a_derivative_that_is_no_number(loss, at_zero):
    found = audited(passing(X, coins(8, 3), loss))
    assert ("gradient-nan" in codes(found, "error")) == at_zero
    assert "gradient-zero" not in codes(found)


@pytest.mark.skipif(BACKEND == "jax", reason="its gradients need a function without state")
def test_a_derivative_that_is_no_number_within_a_model():
    model = network(layers.Lambda(lambda x: ops.sqrt(ops.sum(ops.square(x - x[:, :1]), -1))))
    found = audited(Example(compiled(model, "mse"), {"x": X, "y": Y[:, 0]}))
    assert "at the weights" in the(found, "gradient-nan").message


def test_an_output_that_only_fills_a_place_is_not_dwarfed():
    inputs = keras.Input((3,))
    heads = [layers.Activation("linear", name=name)(inputs) for name in ("near", "far")]
    model = compiled(keras.Model(inputs, heads), ["mse", lambda t, p: 0 * ops.mean(p, -1)])
    assert codes(lb.audit(model, X, [Y, np.zeros((8, 3))])) == []


# --- metrics that fail


@pytest.mark.parametrize(
    ("metric", "loss", "y"),
    [
        ("f1_score", "sparse_categorical_crossentropy", np.arange(8) % 3),
        (keras.metrics.Precision(), "sparse_categorical_crossentropy", np.arange(8) % 3),
        ("sparse_categorical_accuracy", "categorical_crossentropy", np.eye(3)[np.arange(8) % 3]),
    ],
)
def test_a_metric_that_fails_beside_a_sound_loss(metric, loss, y):
    found = audited(metered(simplex(8, 3), y, loss, metric))
    if "metrics-refused" in codes(found):
        assert "The loss does not." in found[0].message
        with pytest.raises(Exception, match=r"[a-z]"):
            evaluated(metered(simplex(8, 3), y, loss, metric))
        mended = applied(found[0], metered(simplex(8, 3), y, loss, metric))
        assert codes(audited(mended), "error") == []
    else:  # on a backend that broadcasts
        assert BACKEND != "tensorflow"
        evaluated(metered(simplex(8, 3), y, loss, metric))


def test_an_audit_in_the_place_of_an_error():
    """The error that a reader handles is none of those that audit looks into."""
    case = metered(simplex(8, 3), np.arange(8) % 3, "sparse_categorical_crossentropy", "f1_score")
    try:
        raise KeyError("of another thing")
    except KeyError:
        found = codes(audited(case))
    assert found == codes(audited(case)) and "own-error" not in found
