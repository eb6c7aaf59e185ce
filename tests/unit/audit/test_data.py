"""Weights without a sum, batches in which nothing counts, targets that mean 'unknown'."""

import keras
import numpy as np
import pytest
from keras import losses, ops

import lossbook as lb
from lossbook._audit import HAZARDS
from lossbook._audit.examples import (
    Example,
    array,
    coins,
    compiled,
    drawn,
    masked,
    one_hot,
    passing,
    simplex,
)
from tests.unit.audit import planted
from tests.unit.audit.fixes import applied, audited, codes, evaluated, the
from tests.unit.audit.planted import BACKEND, VERSION

pytestmark = pytest.mark.filterwarnings(
    "ignore:Your input ran out of data",
    "ignore:The model does not have any trainable weights",
    "ignore:`shuffle=True` was passed",
)
NEW = pytest.mark.skipif(VERSION < (3, 7), reason="an older Keras has no such reduction")
X, Y = drawn(4, 3), drawn(4, 3, seed=1)
ROWS = np.square(X - Y).mean(-1)


def weighed(*weight, loss="mse", **data):
    return passing(X, Y, loss, sample_weight=array(*weight), **data)


def mean(reduction="mean_with_sample_weight"):
    return losses.MeanSquaredError(reduction=reduction)


def crossentropy(shape, weight=1.0):
    """The mean of weight · −log p of the true classes, by hand."""
    labels, p = one_hot(*shape).argmax(-1), simplex(*shape)
    return (weight * -np.log(np.take_along_axis(p, labels[..., None], -1)[..., 0])).mean()


def steps(weight):
    """The mean of weight · −log p of the true class of every step, by hand."""
    y = np.array([[0, 1, 2, 1], [1, 1, 0, 2]] * 2)
    return (weight * -np.log(np.take_along_axis(simplex(4, 4, 3), y[..., None], -1)[..., 0])).mean()


def masked_mean(rows):
    """The mean over what the mask of the examples keeps, by hand."""
    x, keep = drawn(rows, 5, 1, seed=3), np.arange(5) < np.array([5, 3, 2, 5, 1])[:rows, None]
    square = np.square(x * keep[..., None] - drawn(rows, 5, 1, seed=1))
    return square[keep].mean()


def weighed_steps(rows, columns):
    """The mean with the weights 1, 2, 3, 4 of the rows, by hand."""
    square = np.square(drawn(rows, columns, 1) - drawn(rows, columns, 1, seed=1))[..., 0]
    return (square * np.arange(1, 5)[:, None]).mean()


CLASS = np.array([1.0, 2.0, 3.0])  # the class weights of the planted cases
FIXED = {  # code, planted case (None: the example), the number that is meant
    "class-weight-refused": (
        None,
        crossentropy((4, 2, 2, 3), CLASS[one_hot(4, 2, 2, 3).argmax(-1)] / 2),
    ),
    "class-weight-refused beside weights": (
        planted.class_weight_with_weights,
        crossentropy((4, 3), CLASS[one_hot(4, 3).argmax(-1)] * [1, 2, 3, 4]),
    ),
    "not-finite weights": (planted.nan_weights, (ROWS * [1, 2, 3, 0]).mean()),
    "weights-scale": (None, (ROWS * [0.4, 0.8, 1.2, 1.6]).mean()),
    "targets-refused": (
        HAZARDS["targets-refused"].planted,
        -np.log(simplex(4, 3)[range(4), [0, 1, 2, 1]]).mean(),
    ),
    "class-weight-labels steps": (
        planted.class_weight_on_steps,
        steps(CLASS[[[0, 1, 2, 1], [1, 1, 0, 2]] * 2]),
    ),
    "targets-broadcast rank": (
        planted.rank_of_a_subclass,
        np.square(drawn(6, 1) - drawn(6, 1, seed=1)).mean(),
    ),
    "mask-refused": (None, masked_mean(4)),
    "mask-axis": (None, masked_mean(5)),
    "weights-axis": (None, weighed_steps(4, 4)),
    "weights-refused": (None, weighed_steps(4, 3)),
    "reduction-sum": (None, HAZARDS["reduction-sum"].planted(mended=True)),
    "reduction-none": (None, HAZARDS["reduction-none"].planted(mended=True)),
    "logits-as-probabilities": (None, HAZARDS["logits-as-probabilities"].planted(mended=True)),
    "logits-as-probabilities of classes": (
        planted.logits_of_classes_without_flag,
        planted.logits_of_classes_without_flag(mended=True),
    ),
    "probabilities-as-logits": (
        planted.flag_on_probabilities,
        -np.log(simplex(8, 4)[range(8), np.arange(8) % 4]).mean(),
    ),
    "weights-fewer": (
        None,
        (
            np.square(drawn(4, 3, 2) - drawn(4, 3, 2, seed=1)).mean((1, 2)) * [0.1, 0.2, 0.3, 0.4]
        ).sum(),
    ),
}


@pytest.mark.parametrize("name", FIXED)
def test_the_code_of_a_fix_ends_the_finding_and_gives_the_number(name):
    code, (plant, meant) = name.split()[0], FIXED[name]
    if VERSION < (3, 7) and code == "weights-fewer":
        pytest.skip("an older Keras has no such reduction")
    plant = plant or HAZARDS[code].planted
    mended = applied(the(audited(plant()), code), plant())
    assert code not in codes(audited(mended)) and not codes(audited(mended), "error")
    meant = evaluated(meant) if isinstance(meant, Example) else meant
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)


# --- nothing that counts


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("loss", [losses.MeanSquaredError, losses.MeanAbsoluteError])
def test_all_weights_are_0(reduction, loss):
    if VERSION < (3, 7) and reduction.startswith("mean"):
        pytest.skip("an older Keras has no such reduction")
    case = weighed(0, 0, 0, 0, loss=loss(reduction=reduction))
    assert evaluated(case) == 0
    finding = the(audited(case), "nothing-counts")
    assert finding.severity == "error" and "all weights are 0 in every batch" in finding.message
    mended = applied(finding, weighed(0, 0, 0, 0))
    assert evaluated(mended) == pytest.approx(ROWS.mean(), rel=1e-5)


def test_a_batch_whose_weights_are_0():
    case = weighed(1, 2, 0, 0, batch_size=2)
    finding = the(audited(case), "nothing-counts")
    assert finding.severity == "warning" and "in 1 of 2 batches" in finding.message
    mended = applied(finding, case)
    assert evaluated(mended) == pytest.approx((ROWS[0] + 2 * ROWS[1]) / 2, rel=1e-5)
    assert "nothing-counts" not in codes(audited(mended))


@pytest.mark.parametrize(
    ("lengths", "batch_size", "severity"),
    [
        ((0, 0, 0, 0), 4, "error"),
        ((0, 0, 0, 0), 2, "error"),
        ((5, 3, 0, 0), 2, "warning"),
        ((5, 0, 3, 0), 1, "warning"),
        ((5, 0, 3, 0), 2, None),
        ((1, 1, 1, 1), 1, None),
    ],
)
def test_a_batch_that_is_masked_throughout(lengths, batch_size, severity):
    def make():
        return masked((4, 5, 2), lengths, drawn(4, 5, 2, seed=1), "mse", batch_size=batch_size)

    found = [one.severity for one in audited(make()) if one.code == "nothing-counts"]
    assert found == ([severity] if severity else [])
    if severity == "error":
        assert evaluated(make()) == 0


def test_a_mask_and_weights_that_leave_nothing():
    case = masked((2, 5, 2), (2, 2), drawn(2, 5, 2, seed=1), "mse")
    case.data["sample_weight"] = np.array([[0, 0, 1, 1, 1]] * 2, "float32")
    assert evaluated(case) == 0 and "nothing-counts" in codes(audited(case), "error")


def test_class_weights_of_0():
    labels = np.array([0, 1, 2, 1])
    case = passing(simplex(4, 3), labels, "sparse_categorical_crossentropy")
    found = lb.audit(case.model, **case.data, class_weight={0: 0.0, 1: 0.0, 2: 0.0})
    assert "nothing-counts" in codes(found, "error")


# --- signs and sums


@pytest.mark.parametrize("weight", [(-1, -1, -1, -1), (-0.5, 0, -2, 0), (-1e-3, -1, -1, -1)])
def test_all_weights_are_below_0(weight):
    case = weighed(*weight)
    assert evaluated(case) < 0
    assert the(audited(case), "weights-negative").severity == "error"


@pytest.mark.parametrize("weight", [(1, 1, 1, -1), (5, -0.1, 2, 0), (-1, 3, 3, 3)])
def test_some_weights_are_below_0(weight):
    finding = the(audited(weighed(*weight)), "weights-negative")
    assert finding.severity == "warning" and finding.evidence["below 0"] == 1
    for code in ("np.abs", "np.maximum"):
        assert code in finding.fix
    mended = applied(finding, weighed(*weight))
    assert "weights-negative" not in codes(audited(mended))
    kept = np.maximum(weight, 0)
    assert evaluated(mended) == pytest.approx((ROWS * kept).sum() / 4, rel=1e-5)


@NEW
@pytest.mark.parametrize("weight", [(1, -1, 1, -1), (3, -1, -1, -1), (1, -0.99, 1, -1)])
def test_weights_that_cancel(weight):
    for loss, severity in ((mean(), "error"), (mean("sum_over_batch_size"), "warning")):
        finding = the(audited(weighed(*weight, loss=loss)), "weights-sum")
        assert finding.severity == severity
        mended = applied(finding, weighed(*weight, loss=loss))
        assert "weights-sum" not in codes(audited(mended))


def test_weights_that_cancel_in_one_batch():
    found = audited(weighed(1, -1, 2, 2, batch_size=2))
    assert "in 1 of 2 batches" in the(found, "weights-sum").message


@pytest.mark.parametrize("scale", [1e-4, 1e-9])
def test_weights_that_are_next_to_nothing(scale):
    def make():
        return weighed(*(scale * np.array([1, 2, 3, 2])))

    assert evaluated(make()) < 1e-3
    finding = the(audited(make()), "weights-sum")
    meant = (ROWS * [1, 2, 3, 2]).sum() / 8
    assert evaluated(applied(finding, make())) == pytest.approx(meant, rel=1e-5)


@pytest.mark.parametrize("weight", [(1, 2, 3, 4), (0.5, 0.5, 1, 1), (100, 1, 1, 1), (1, 0, 1, 1)])
def test_nothing_is_said_of_sound_weights(weight):
    assert not {"nothing-counts", "weights-negative", "weights-sum"} & set(
        codes(audited(weighed(*weight)))
    )


# --- class weights, as fit has them


def fitted(labels, class_weight):
    """Return what fit reports with a learning rate of 0."""
    model = compiled(passing(simplex(8, 3), labels, "mse").model, SPARSE, optimizer=_still())
    return model.fit(simplex(8, 3), labels, class_weight=class_weight, verbose=0).history["loss"][0]


def _still():
    return keras.optimizers.SGD(0.0)


SPARSE = "sparse_categorical_crossentropy"
LABELS = np.array([0, 1, 2, 1, 0, 0, 2, 1])


@pytest.mark.parametrize(
    "keys", [int, float, np.float32, np.float64, np.int64, bool], ids=lambda kind: kind.__name__
)
def test_keys_that_fit_takes(keys):
    labels = np.minimum(LABELS, 1)
    weight = {keys(0): 0.5, keys(1): 1.3}
    case = passing(simplex(8, 3), labels, SPARSE)
    assert fitted(labels, weight) == pytest.approx(fitted(labels, {0: 0.5, 1: 1.3}), rel=1e-6)
    assert codes(lb.audit(case.model, **case.data, class_weight=weight), "error") == []
    assert codes(lb.audit(case.model, **case.data, class_weight=weight)) == []


def test_float_labels_with_keys_out_of_them():
    labels = LABELS.astype("float64")
    weight = dict(zip(np.unique(labels), (0.75, 1.5, 0.6), strict=True))
    case = passing(simplex(8, 3), labels, SPARSE)
    found = lb.audit(case.model, **case.data, class_weight=weight)
    assert not {"class-weight-missing", "class-weight-refused"} & set(codes(found))


def test_keys_that_fit_does_not_take():
    weight = {"0": 2.0, "1": 1.0, "2": 3.0}
    assert fitted(LABELS, weight) == pytest.approx(fitted(LABELS, None), rel=1e-6)  # ignored
    case = passing(simplex(8, 3), LABELS, SPARSE, class_weight=weight)
    mended = applied(the(audited(case), "class-weight-missing"), case)
    assert mended.data["class_weight"] == {0: 2.0, 1: 1.0, 2: 3.0}


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.data")
def test_float_keys_with_a_dataset():
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices((simplex(8, 3), LABELS)).batch(4)
    case = passing(simplex(8, 3), LABELS, SPARSE)
    weight = {0.0: 0.75, 1.0: 1.5, 2.0: 0.75}
    with pytest.raises(TypeError):
        case.model.fit(dataset, class_weight=weight, verbose=0)
    finding = the(lb.audit(case.model, dataset, class_weight=weight), "class-weight-refused")
    space = {"class_weight": weight}
    exec(finding.fix.split("`")[1], space)
    found = lb.audit(case.model, dataset, class_weight=space["class_weight"])
    assert "class-weight-refused" not in codes(found)


def test_a_list_of_class_weights():
    case = passing(simplex(8, 3), LABELS, SPARSE, class_weight=[0.75, 1.5, 0.75])
    mended = applied(the(audited(case), "class-weight-refused"), case)
    assert mended.data["class_weight"] == {0: 0.75, 1: 1.5, 2: 0.75}


@pytest.mark.parametrize(
    "weight",
    [{0: 1.0, 1: 10.0, 2: 1.0}, {0: 5.0, 1: 5.0, 2: 5.0}, {0: 0.1, 1: 0.1, 2: 0.2}],
)
def test_class_weights_whose_mean_is_not_1(weight):
    case = passing(simplex(8, 3), LABELS, SPARSE, class_weight=weight)
    finding = the(audited(case), "class-weight-mean")
    assert finding.severity == "note"
    assert finding.evidence["mean"] == pytest.approx(np.mean([weight[n] for n in LABELS]), 1e-6)
    mended = applied(finding, case).data["class_weight"]
    assert fitted(LABELS, mended) * finding.evidence["mean"] == pytest.approx(
        fitted(LABELS, weight), rel=1e-4
    )
    again = passing(simplex(8, 3), LABELS, SPARSE, class_weight=mended)
    assert "class-weight-mean" not in codes(audited(again))


def test_balanced_class_weights_are_sound():
    counts = np.bincount(LABELS)
    weight = {number: len(LABELS) / (3 * count) for number, count in enumerate(counts)}
    case = passing(simplex(8, 3), LABELS, SPARSE, class_weight=weight)
    assert codes(audited(case)) == []


# --- marks for 'unknown'


def regression(value, rows, columns=1, loss="mse", **more):
    y = drawn(20, columns, seed=1, **more)
    y[rows] = value
    return passing(drawn(20, columns), y, loss)


def known(value, y, x):
    """Return the mean over the targets that are not marked."""
    keep = y != value
    return np.square(x - y)[keep].mean()


@NEW
@pytest.mark.parametrize(
    ("value", "loss"),
    [
        *[(-1, "mse"), (-99, "mae"), (-100, "huber"), (-999, "log_cosh")],
        *[(-9999, "mse"), (255, "mae"), (999, "huber"), (9999, "log_cosh")],
    ],
)
def test_a_mark_among_targets(value, loss):
    case = regression(value, slice(3, 7), loss=loss)
    finding = the(audited(case), "targets-sentinel")
    assert finding.severity == "warning" and f"4 of 20 targets are {value}" in finding.message
    mended = applied(finding, regression(value, slice(3, 7), loss=loss))
    keep = np.r_[0:3, 7:20]
    plain = passing(drawn(20, 1)[keep], drawn(20, 1, seed=1)[keep], loss)
    assert evaluated(mended) == pytest.approx(evaluated(plain), rel=1e-5)
    assert "targets-sentinel" not in codes(audited(mended))


@NEW
@pytest.mark.parametrize("columns", [1, 3])
def test_the_fix_keeps_the_options_of_the_loss(columns):
    x, y = drawn(20, columns), 3 * drawn(20, columns, seed=1)
    y[3:7, 0] = -999
    case = passing(x, y, losses.Huber(delta=0.25))
    mended = applied(the(audited(case), "targets-sentinel"), case)
    off, keep = np.abs(x - y), y != -999
    huber = np.where(off <= 0.25, off**2 / 2, 0.25 * off - 0.25**2 / 2) * keep
    meant = huber.sum() / keep.sum() if columns == 1 else (huber.sum(-1) / keep.sum(-1)).mean()
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)


@pytest.mark.parametrize("value", [-999, np.nan])
def test_the_fix_keeps_the_weights_that_there_are(value):
    x, y, weight = drawn(20, 1), drawn(20, 1, seed=1), np.arange(1, 21, dtype="float32")
    y[3:7] = value
    case = passing(x, y, "mse", sample_weight=weight)
    code = "not-finite" if np.isnan(value) else "targets-sentinel"
    mended = applied(the(audited(case), code), case)
    keep = np.r_[0:3, 7:20]
    meant = (weight[keep] * np.square(x - y)[keep, 0]).sum() / 20
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)


def test_a_mark_in_single_columns():
    rows = (np.array([1, 1, 5, 9]), np.array([0, 1, 2, 0]))
    case = regression(-999, rows, columns=3)
    x, y = case.data["x"], case.data["y"]
    mended = applied(the(audited(case), "targets-sentinel"), case)
    square, keep = np.square(x - y), y != -999
    meant = ((square * keep).sum(-1) / np.maximum(keep.sum(-1), 1)).mean()
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)
    assert "targets-sentinel" not in codes(audited(mended))


def test_a_mark_in_flat_targets():
    y = drawn(20, 1, seed=1)[:, 0] * 100
    y[4:9] = -1
    case = passing(drawn(20, 1), y, "mse")
    assert "targets-sentinel" in codes(audited(case))


def plain_loss(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def skipping_loss(y_true, y_pred):
    keep = ops.cast(y_true != -1, y_pred.dtype)
    return ops.sum(keep * ops.square(y_true - y_pred), axis=-1)


def test_a_loss_of_its_own_that_skips_the_mark_or_not():
    assert "targets-sentinel" in codes(audited(regression(-1, slice(3, 7), loss=plain_loss)))
    assert "targets-sentinel" not in codes(audited(regression(-1, slice(3, 7), loss=skipping_loss)))


def counts(y):
    return passing(drawn(len(y), 1), np.array(y, "float32")[:, None], "mse")


SOUND = {
    "weights over it": lambda: passing(
        drawn(6, 1),
        array(0.1, -1, 0.3, -1, 0.5, 0.7)[:, None],
        "mse",
        sample_weight=array(1, 0, 1, 0, 1, 1),
    ),
    "one alone": lambda: regression(-999, slice(3, 4)),
    "signs": lambda: counts([-1, 1, 1, -1, 1, -1]),
    "signs and nothing": lambda: counts([-1, 0, 1, 0, -1, 1]),
    "standardised": lambda: counts([-1, -1, 0.5, -1.7, 2.2, 0.1]),
    "pixels": lambda: counts([0, 255, 17, 255, 200, 128]),
    "images from -1 to 1": lambda: counts([-1, -1, 0.5, -0.7, 0.2, 1]),
    "coins": lambda: passing(drawn(6, 1), coins(6, 1), "binary_crossentropy"),
    "thousands": lambda: counts([999, 1200, 999, 800, 950, 40]),
    "temperatures": lambda: counts([-9, -9, 3, 5, -12, 1]),
    "one value": lambda: counts([-1] * 6),
    "two values": lambda: counts([-1, -1, 5, 5, 5, 5]),
}


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_said_of_other_targets(name):
    assert "targets-sentinel" not in codes(audited(SOUND[name]()))


@pytest.mark.skipif(VERSION < (3, 7), reason="texts of a newer Keras")
def test_the_head_says_what_was_seen():
    text = repr(audited(weighed(1, 2, 3, 4, batch_size=2))).splitlines()
    assert text[:2] == [
        "Nothing found.",
        "Seen: 4 rows, 2 batches, 1 output ('out'). Checked: structure, targets, predictions, "
        "values, weights, what depends on the batch. Not: class weights (none), masks (none), "
        "additional losses (none).",
    ]
    text = repr(audited(masked((4, 5, 2), (5, 3, 2, 5), drawn(4, 5, 2, seed=1), plain_loss)))
    assert "masks, additional" not in text and "(a loss of its own)" in text


def test_the_head_says_what_could_not_be_measured():
    class Four(keras.layers.Layer):
        def call(self, x):
            if x.shape[0] not in (None, 4):
                raise ValueError("four rows alone")
            return x * 1.0

        def compute_output_shape(self, shape):
            return shape

    inputs = keras.Input((3,))
    model = compiled(keras.Model(inputs, Four()(inputs)), "mse", run_eagerly=True)
    text = repr(lb.audit(model, np.tile(X, (2, 1)), np.tile(Y, (2, 1)), batch_size=4))
    assert "Not looked at: whether batch sizes matter, for a few rows fail" in text
    assert "what depends on the batch (no few rows could be tried)" in text


def test_no_data_is_an_error():
    case = weighed(1, 2, 3, 4)
    for data in ({"x": X[:0], "y": Y[:0]}, {"x": (one for one in ())}):
        with pytest.raises(ValueError, match="audit needs data with at least one row"):
            lb.audit(case.model, **data)


@NEW
@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
@pytest.mark.parametrize("columns", [1, 3])
def test_targets_of_nan(loss, columns):
    def make():
        y = drawn(20, columns, seed=1)
        y[3:6, 0] = np.nan
        return passing(drawn(20, columns), y, loss)

    assert np.isnan(evaluated(make()))
    mended = applied(the(audited(make()), "not-finite"), make())
    x, y = make().data["x"], make().data["y"]
    keep = np.isfinite(y)
    kind = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "huber": "huber"}[loss]
    each = np.array(getattr(losses, kind)(np.nan_to_num(y)[..., None], x[..., None])) * keep
    meant = each.sum() / keep.sum() if columns == 1 else (each.sum(-1) / keep.sum(-1)).mean()
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)
    assert "not-finite" not in codes(audited(mended))


@pytest.mark.skipif(BACKEND == "jax", reason="run eagerly, an ignored label is refused there")
@pytest.mark.parametrize("value", [-1, -100, 255])
def test_class_numbers_that_mean_unknown(value):
    labels = LABELS.copy()
    labels[[1, 4]] = value

    def make():
        return passing(simplex(8, 3), labels, SPARSE)

    mended = applied(the(audited(make()), "labels-range"), make())
    p, keep = simplex(8, 3), labels != value
    assert evaluated(mended) == pytest.approx(-np.log(p[keep, labels[keep]]).mean(), rel=1e-5)
    assert "labels-range" not in codes(audited(mended))


@pytest.mark.parametrize("value", [-1, 255])
def test_labels_of_several_tasks_that_mean_unknown(value):
    y, p = coins(8, 3), drawn(8, 3)
    y[1, 0] = y[4, 2] = value
    y[0] = 0

    def make():
        return passing(p, y, "binary_crossentropy")

    mended = applied(the(audited(make()), "labels-range"), make())
    keep = y != value
    each = -np.where(y == 1, np.log(p), np.log(1 - p)) * keep
    assert evaluated(mended) == pytest.approx((each.sum(-1) / keep.sum(-1)).mean(), rel=1e-4)
    assert "labels-range" not in codes(audited(mended))


# --- percentages of targets that are 0


def percentages(*targets, **data):
    y = np.array(targets, "float32")[:, None]
    return passing(drawn(len(targets), 1), y, "mean_absolute_percentage_error", **data)


@pytest.mark.parametrize("small", [0.0, 1e-9, -1e-6, 1e-4])
def test_a_target_next_to_0_under_a_percentage_error(small):
    case = percentages(0.5, 0.2, small, 0.8, batch_size=2)
    y, p = np.float64([0.5, 0.2, small, 0.8]), drawn(4, 1)[:, 0].astype(np.float64)
    errors = 100 * np.abs(y - p) / np.maximum(np.abs(y), 1e-7)
    assert evaluated(case) == pytest.approx(errors.mean(), rel=1e-5)
    finding = the(audited(case), "targets-zero")
    share = 100 * errors[2] / errors.sum()
    assert f"next to 0: 1 of 4. They make {share:.4g} % of the loss" in finding.message
    assert "targets-zero" not in codes(audited(applied(finding, case)))


def test_an_error_of_1_at_a_target_of_0():
    assert float(losses.mean_absolute_percentage_error(array([0]), array([1]))[0]) == 1e9


def test_a_percentage_error_within_a_loss():
    y, p = np.array([0.5, 0.2, 0.0, 0.8], "float32")[:, None], drawn(4, 1)
    case = passing(p, y, lambda t, q: 2 * losses.mean_absolute_percentage_error(t, q))
    assert "targets-zero" in codes(audited(case))


@pytest.mark.parametrize(
    ("targets", "data"),
    [
        ((0.5, -0.2, 0.1, 0.8), {}),
        ((0.5, 0.2, 0.0, 0.8), {"sample_weight": array(1, 1, 0, 1)}),
    ],
)
def test_targets_that_a_percentage_error_takes(targets, data):
    assert "targets-zero" not in codes(audited(percentages(*targets, **data)))


# --- rates, and numbers that float32 cannot hold


@pytest.mark.parametrize(("rate", "found"), [(200, True), (40, True), (3, False)])
def test_logarithms_of_rates(rate, found):
    """Of small rates nobody can tell."""
    y = np.random.default_rng(1).poisson(rate, (64, 1)).astype("float32")
    case = passing(np.full((64, 1), np.log(rate), "float32"), y, "poisson")
    assert ("log-rates" in codes(audited(case))) == found
    if found:
        finding = the(audited(case), "log-rates")
        by_hand = (rate - y * np.log(rate)).mean()
        assert finding.evidence["with the exponentials"] == pytest.approx(by_hand, rel=1e-4)
        assert evaluated(applied(finding, case)) == pytest.approx(by_hand, rel=1e-4)
    rates = passing(np.full((64, 1), rate, "float32"), y, "poisson")
    assert "log-rates" not in codes(audited(rates))


def test_predictions_below_0_may_be_logarithms_of_rates():
    y = np.array([[0], [1], [0], [2]], "float32")
    case = passing(np.log(array([0.3], [1.2], [0.4], [1.5])), y, "poisson")
    mended = applied(the(audited(case), "not-finite"), case)
    by_hand = (np.exp(case.data["x"]) - y * case.data["x"]).mean()
    assert evaluated(mended) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(
    ("y", "found"),
    [
        (1_700_000_000 + np.arange(0, 320, 40), True),
        (20_000_000.0 + np.arange(8), True),
        (40 * np.arange(8) - 1_700_000_000, True),
        (1_700_000_000 + 40 * np.arange(8, dtype="uint64"), True),
        (1_700_000_000 + 86_400 * np.arange(8), False),
        (np.arange(8) * 10_000_000, False),
        (16_777_216 - np.arange(8), False),
        (np.linspace(0, 1, 8), False),
    ],
)
def test_whole_numbers_that_float32_cannot_hold(y, found):
    case = passing(drawn(8, 1), y[:, None], "mae")
    assert ("targets-rounded" in codes(audited(case))) == found
    if found:
        finding = the(audited(case), "targets-rounded")
        off = np.abs(y - y.astype("float32").astype("float64")).max()
        assert finding.evidence["rounded by up to"] == off > 0
        assert codes(audited(applied(finding, case))) == []


def test_an_accuracy_of_one_unit_that_compares_classes():
    options = {"metrics": ["categorical_accuracy"]}
    y = np.array([[0], [1], [1], [0]], "float32")
    case = passing(drawn(4, 1), y, "binary_crossentropy", options=options)
    finding = the(audited(case), "metric-unfit")
    assert finding.evidence["categorical_accuracy"] == 1
    assert "metric-unfit" not in codes(audited(applied(finding, case)))
