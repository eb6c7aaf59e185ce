"""Targets out of range, class axes, activations: the fix is code, and it mends."""

import keras
import numpy as np
import pytest
from keras import layers, losses

import lossbook as lb
from lossbook._audit.examples import Example, coins, compiled, drawn, passing, simplex
from tests.unit.audit.fixes import applied, audited, codes, evaluated, the
from tests.unit.audit.planted import BACKEND

LABELS, P = coins(8, 3), drawn(8, 3)
CLASSES = np.arange(8) % 3
pytestmark = pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")


def crossentropy(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


OUT = {  # targets, the same in range
    "masks of 0 and 255": (255 * LABELS, LABELS),
    "signs": (2 * LABELS - 1, LABELS),
    "labels 1 and 2": (LABELS + 1, LABELS),
    "pixels": (np.arange(24.0).reshape(8, 3) * 11, np.arange(24.0).reshape(8, 3) * 11 / 255),
    "numbers": (drawn(8, 3, seed=3, low=-2, high=5), None),
}


@pytest.mark.skipif(BACKEND == "torch", reason="its crossentropy refuses such labels")
@pytest.mark.parametrize("name", OUT)
def test_targets_are_brought_into_range(name):
    y, meant = OUT[name]
    case = passing(P, y, "binary_crossentropy")
    mended = applied(the(audited(case), "labels-range"), case)
    assert codes(audited(mended), "error") == []
    if meant is None:
        meant = (y - y.min()) / (y.max() - y.min())
    assert evaluated(mended) == pytest.approx(crossentropy(meant, P), rel=1e-4)


def test_class_numbers_under_dice():
    p, y = simplex(4, 3, 3, 3), np.random.default_rng(0).integers(0, 3, (4, 3, 3, 1))
    case = passing(p, y, losses.Dice(axis=(1, 2, 3)))
    mended = applied(the(audited(case), "labels-range"), case)
    assert mended.data["y"].shape == p.shape and codes(audited(mended), "error") == []


def test_hinge_counts_from_minus_one():
    case = passing(drawn(8, 1, low=-2, high=2), coins(8, 1) + 1, "hinge")
    mended = applied(the(audited(case), "labels-range"), case)
    assert codes(audited(mended), "error") == []


@pytest.mark.parametrize(
    ("y", "reached"), [(coins(8, 1), True), (2 * coins(8, 1) - 1, True), (np.ones((8, 1)), False)]
)
def test_hinge_of_a_sigmoid(y, reached):
    found = audited(passing(drawn(8, 1, low=-2, high=2), y, "hinge", activation="sigmoid"))
    assert ("labels-range" in codes(found)) == reached


def test_label_smoothing_beyond_1():
    loss = losses.CategoricalCrossentropy(label_smoothing=1.5)
    assert "label_smoothing=1.5" in the(audited(case(loss)), "labels-range").message
    assert codes(audited(case(losses.CategoricalCrossentropy(label_smoothing=0.1)))) == []


def case(loss, y_pred=None, y=None, **more):
    y = np.eye(3, dtype="float32")[CLASSES] if y is None else y
    return passing(simplex(8, 3) if y_pred is None else y_pred, y, loss, **more)


def test_the_classes_are_on_another_axis():
    p, y = (
        np.moveaxis(simplex(8, 4, 3), -1, 1),
        np.moveaxis(np.eye(3)[np.arange(32) % 3].reshape(8, 4, 3), -1, 1),
    )
    data = case("categorical_crossentropy", p, y)
    for code in ("labels-not-one-hot", "probabilities-sum"):
        mended = applied(the(audited(data), code), case("categorical_crossentropy", p, y))
        assert codes(audited(mended), "error") == []
        assert evaluated(mended) == pytest.approx(-(y * np.log(p)).sum(1).mean(), rel=1e-4)


def test_a_softmax_over_another_axis_than_that_of_the_classes():
    inputs = keras.Input((4, 3))
    model = compiled(
        keras.Model(inputs, layers.Softmax(axis=1)(inputs)), "categorical_crossentropy"
    )
    y = np.eye(3)[np.arange(32) % 3].reshape(8, 4, 3)
    (finding,) = lb.audit(model, drawn(8, 4, 3), y)
    assert finding.code == "probabilities-sum" and "as the targets have them" in finding.fix


def test_distributions_that_add_up_to_something_else():
    y = drawn(8, 3, seed=1)
    mended = applied(
        the(audited(case("kl_divergence", y=y)), "labels-not-one-hot"), case("kl_divergence", y=y)
    )
    assert codes(audited(mended)) == []


def test_logarithms_of_probabilities():
    finding = the(audited(case("kl_divergence", np.log(simplex(8, 3)))), "logits-as-probabilities")
    assert "logarithms of probabilities" in finding.message


@pytest.mark.parametrize(("first", "second"), [("softmax", "softmax"), ("sigmoid", "softmax")])
def test_an_activation_of_an_activation(first, second):
    inputs = keras.Input((3,))
    hidden = layers.Dense(3, activation=first)(inputs)
    outputs = layers.Reshape((3,))(layers.Activation(second)(hidden))
    model = compiled(keras.Model(inputs, outputs), "sparse_categorical_crossentropy")
    assert codes(lb.audit(model, P, CLASSES), "error") == ["softmax-twice"]
    sound = keras.Model(inputs, layers.Dense(3, activation=second)(hidden))
    assert "softmax-twice" not in codes(
        lb.audit(compiled(sound, "sparse_categorical_crossentropy"), P, CLASSES)
    )


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_an_activation_that_no_logit_needs(activation):
    x = drawn(8, 3, low=-3, high=3)
    loss = losses.BinaryCrossentropy(from_logits=True)
    found = audited(passing(x, LABELS, loss, activation=activation))
    assert codes(found) == ["logits-limited"]
    without = the(
        audited(passing(x, LABELS, "binary_crossentropy", activation=activation)),
        "logits-as-probabilities",
    )
    assert without.fix == f"End the output in a sigmoid, in place of the {activation}."


def test_poisson_of_numbers_below_0():
    found = audited(passing(drawn(8, 1, low=-1, high=1), coins(8, 1), "poisson"))
    assert "softplus" in the(found, "not-finite").fix


def test_percentages_of_numbers_around_0():
    y = np.linspace(-1, 1, 40)[:, None]
    y = np.sign(y) * y**2
    found = audited(passing(drawn(40, 1), y, "mean_absolute_percentage_error", batch_size=40))
    errors = np.abs((y - drawn(40, 1)) / y)
    share = 100 * errors[18:22].sum() / errors.sum()  # four of forty, on both sides of 0
    said = f"lie around 0: 20 of 40 below. The tenth nearest to 0 makes {share:.4g} % of the loss."
    assert said in the(found, "targets-zero").message
    assert codes(audited(passing(drawn(40, 1), y + 2, "mean_absolute_percentage_error"))) == []


def test_class_numbers_from_1():
    data = passing(simplex(4, 3), np.array([1, 2, 3, 1]), "sparse_categorical_crossentropy")
    finding = the(audited(data), "labels-range")
    assert finding.fix == "They begin at 1, and classes at 0: write `y = y - 1`."
    assert codes(audited(applied(finding, data)), "error") == []


def test_one_hot_labels_for_ctc():
    y = np.eye(4)[[[1, 2, 3], [3, 1, 2]]]
    data = passing(drawn(2, 6, 4), y, losses.CTC())
    mended = applied(the(audited(data), "targets-refused"), data)
    assert codes(audited(mended), "error") == []


@pytest.mark.skipif(BACKEND != "tensorflow", reason="needs TensorFlow")
def test_weights_of_a_data_set():
    import tensorflow as tf

    x, y, weight = drawn(8, 4, 1), drawn(8, 4, 1, seed=1), np.arange(1, 9, dtype="float32")
    model = passing(x, y, "mse").model
    dataset = tf.data.Dataset.from_tensor_slices((x, y, weight)).batch(4)
    finding = the(lb.audit(model, dataset), "weights-axis")
    mended = applied(finding, Example(model, {"x": dataset}))
    assert codes(lb.audit(model, mended.data["x"])) == []
    meant = (np.square(x - y)[..., 0].mean(1) * weight).mean()
    assert evaluated(Example(model, {"x": mended.data["x"]})) == pytest.approx(meant, rel=1e-5)
