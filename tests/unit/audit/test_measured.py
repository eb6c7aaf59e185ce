"""What audit measures: batch sizes, weights, masks, CTC; and that sound models stay quiet."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

import lossbook as lb
from lossbook._audit.checks.by_loss import ctc
from lossbook._audit.checks.by_loss.ctc import PAD_FRAMES
from lossbook._audit.examples import coins, compiled, drawn, passing, simplex
from lossbook._core import to_numpy
from tests.unit.audit.fixes import applied, audited, codes
from tests.unit.audit.sound_models import MODELS, SAMPLE, said

RAMP = np.arange(1, 6, dtype="float32")[:, None]


def squares(y_true, y_pred):
    return ops.square(y_true - y_pred)


def of_ramp(loss, rows=5, **data):
    return passing(RAMP[:rows], 0 * RAMP[:rows], loss, **data)


# --- the same rows in one batch and in two


@pytest.mark.parametrize(
    ("loss", "factor"),
    [
        (lambda t, p: ops.sum(squares(t, p)), 2),
        (lambda t, p: ops.mean(ops.sum(squares(t, p), axis=0), axis=-1), 2),
        (lambda t, p: ops.mean(squares(t, p)) / ops.cast(ops.shape(p)[0], "float32"), 0.5),
        (lambda t, p: ops.mean(squares(t, p), -1) / ops.cast(ops.shape(p)[0], "float32"), 0.5),
    ],
    ids=["sum", "sum over the batch", "divided twice", "rows divided twice"],
)
def test_a_loss_that_grows_or_shrinks_with_its_batch(loss, factor):
    case = of_ramp(loss, 4)
    (finding,) = (f for f in audited(case) if f.code == "loss-grows")
    by_keras = {
        size: case.model.evaluate(RAMP[:4], 0 * RAMP[:4], batch_size=size, verbose=0)
        for size in (2, 4)
    }
    assert finding.evidence["in batches of 2"] == pytest.approx(by_keras[2], rel=1e-5)
    assert finding.evidence["in one batch of 4"] == pytest.approx(by_keras[4], rel=1e-5)
    assert by_keras[4] == pytest.approx(factor * by_keras[2], rel=1e-5)


def test_a_mean_of_the_batch_has_no_short_batch():
    case = of_ramp(lambda t, p: ops.mean(squares(t, p)), batch_size=2)
    assert case.model.evaluate(**case.data, verbose=0) == pytest.approx(11, rel=1e-6)
    assert codes(audited(case), "error", "warning") == []
    summed = of_ramp(lambda t, p: ops.sum(squares(t, p)), batch_size=2)
    assert codes(audited(summed)) == ["loss-grows", "short-batch"]


@pytest.mark.parametrize(
    ("loss", "how"),
    [
        (lambda t, p: squares(t, p)[:, 0] / ops.sum(p), "divided by the number of rows twice"),
        (lambda t, p: ops.sum(squares(t, p)) / ops.mean(p), "it adds up its rows"),
        (lambda t, p: ops.sum(squares(t, p)) / ops.sum(p), None),  # a ratio, whatever the rows
    ],
)
def test_what_the_batch_has_of_something_divides_as_well(loss, how):
    case = of_ramp(loss, rows=4)
    found = {f.code: f for f in audited(case)}
    assert "loss-reduces-batch" in found and ("loss-grows" in found) == (how is not None)
    if how is not None:
        assert how in found["loss-grows"].message
        x = np.concatenate([RAMP[:4]] * 2)
        by_keras = case.model.evaluate(x, 0 * x, batch_size=8, verbose=0)
        evidence = found["loss-grows"].evidence
        assert evidence["every row twice"] == pytest.approx(by_keras, rel=1e-5)


def test_additional_losses_are_those_of_keras():
    class Adds(layers.Layer):
        def call(self, x):
            self.add_loss(ops.mean(ops.square(x), axis=-1))
            return x

    inputs = keras.Input((3,))
    model = compiled(keras.Model(inputs, Adds(name="adds")(inputs)), "mse")
    x = drawn(8, 3)
    finding = next(f for f in lb.audit(model, x, x) if f.code == "add-loss-grows")
    for size, name in ((4, "in batches of 4"), (8, "in one batch of 8")):
        by_keras = model.evaluate(x, x, batch_size=size, verbose=0)  # the data add nothing
        assert finding.evidence[name] == pytest.approx(by_keras, rel=1e-5)


# --- class weights by label (chapter 5), Dice with weights


def test_weights_by_label_as_the_fix_says():
    y = np.array([[0, 1, 1, 0, 0, 1], [1, 1, 0, 0, 0, 0]] * 4, "float32")
    p = drawn(8, 6)
    case = passing(p, y, "binary_crossentropy", class_weight={0: 0.1, 1: 0.9})
    (finding,) = (f for f in audited(case) if f.code == "class-weight-labels")
    assert "Reshape((6, 1))" in finding.fix and "np.where(y == 1, 0.9, 0.1)" in finding.fix
    inputs = keras.Input((6,))
    model = compiled(keras.Model(inputs, layers.Reshape((6, 1))(inputs)), "binary_crossentropy")
    weight = np.where(y == 1, 0.9, 0.1)
    loss = model.evaluate(p, y[..., None], sample_weight=weight, verbose=0)
    meant = np.mean(-weight * np.log(np.where(y == 1, p, 1 - p)))
    assert loss == pytest.approx(meant, rel=1e-5)


def test_dice_with_weights_as_the_warning_says():
    y, p, weight = np.ones((2, 2, 2, 1), "float32"), drawn(2, 2, 2, 1), np.array([1.0, 2.0])
    with pytest.warns(UserWarning, match=r"axis=\(1, 2, 3\)"):
        lb.trace("dice", y, p, sample_weight=weight)
    found = lb.trace("dice", y, p, sample_weight=weight, axis=(1, 2, 3)).total
    each = 1 - 2 * (y * p).sum((1, 2, 3)) / (y.sum((1, 2, 3)) + p.sum((1, 2, 3)))
    assert float(found) == pytest.approx((weight * each).mean(), rel=1e-5)


# --- CTC, against all paths


def by_all_paths(labels, logits, blank):
    """Return -log of the probability of all paths that read as these labels."""
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(p.shape[1]), repeat=len(p)):
        read = [unit for unit, _ in itertools.groupby(path) if unit != blank]
        total += np.prod(p[np.arange(len(p)), path]) * (read == list(labels))
    return -np.log(total)


def test_ctc_is_that_of_all_paths_once_it_is_mended():
    for plant, labels, blank in (
        (ctc.padded_with_minus_one, ([1, 2], [3, 1, 2]), 0),
        (ctc.blank_last, ([0, 1, 2], [0, 1, 1]), 3),
    ):
        case, mended = plant(), plant(mended=True)
        x = case.data["x"].astype("float64")
        meant = np.mean([by_all_paths(y, row, blank) for y, row in zip(labels, x, strict=True)])
        assert mended.model.evaluate(**mended.data, verbose=0) == pytest.approx(meant, rel=1e-5)
        assert case.model.evaluate(**case.data, verbose=0) != pytest.approx(meant, rel=1e-2)


def test_what_keras_makes_of_labels_that_ctc_cannot_read():
    logits = drawn(1, 4, 4, low=-2, high=2)

    def of(*labels):
        return float(to_numpy(losses.ctc(np.array([labels]), logits))[0])

    assert of(0, 1, 2) == of(0, 1, 3) != of(0, 3, 2)  # two are not 0: it reads two from the left
    too_long = of(1, 1, 1)
    with np.errstate(divide="ignore"):
        assert np.isinf(by_all_paths([1, 1, 1], logits[0].astype("float64"), 0))
    assert np.isinf(too_long) if keras.backend.backend() == "torch" else 100 < too_long < np.inf


def test_frames_that_say_blank_add_nothing_to_ctc():
    logits, labels = drawn(1, 5, 4, low=-2, high=2), np.array([[1, 2]])
    mask, classes = np.array([[True, True, True, False, False]]), 4
    assert "keras.ops.where(mask[..., None], logits, -1e4" in PAD_FRAMES
    padded = ops.where(mask[..., None], logits, -1e4 * (np.arange(classes) > 0))
    found = float(to_numpy(losses.ctc(labels, padded))[0])
    assert found == pytest.approx(by_all_paths([1, 2], logits[0, :3].astype("float64"), 0), 1e-5)


# --- what is well trained is left alone


def test_a_rare_class_that_weights_balance_and_an_untrained_model():
    y = np.zeros((300, 1), "float32")
    y[:3] = 1
    untrained = np.full((300, 1), 0.3, "float32")
    collapsed = np.full((300, 1), 0.01, "float32")
    found = passing(collapsed, y, "binary_crossentropy")
    assert codes(audited(found)) == ["class-forgotten"]
    assert codes(audited(passing(untrained, y, "binary_crossentropy"))) == []
    weight = np.where(y[:, 0] == 1, 50, 300 / 594).astype("float32")
    balanced = passing(collapsed, y, "binary_crossentropy", sample_weight=weight)
    assert codes(audited(balanced)) == []


def test_an_output_that_is_solved_is_not_dwarfed():
    inputs = keras.Input((3,))
    heads = [layers.Activation("linear", name=name)(inputs) for name in ("noise", "solved")]
    model = compiled(keras.Model(inputs, heads), ["mse", "mse"])
    x, off = drawn(32, 3), 10 * drawn(32, 3, seed=1)
    assert "output-dwarfed" not in codes(lb.audit(model, x, [off, x + 1e-3]))
    assert "output-dwarfed" in codes(lb.audit(model, x, [off, x[::-1]]))


def test_a_penalty_that_steers_is_said_and_one_that_does_not_is_not():
    def of(kernel, factor, y):
        inputs = keras.Input((1,))
        penalty = keras.regularizers.L2(factor)
        start = keras.initializers.Constant(kernel)
        one = layers.Dense(1, kernel_initializer=start, kernel_regularizer=penalty)
        model = compiled(keras.Model(inputs, one(inputs)), "mse")
        found = codes(lb.audit(model, x, y), "error", "warning")
        data = model.evaluate(x, y, verbose=0) - factor * kernel**2
        assert factor * kernel**2 > data  # it is the larger part
        return found

    x = 1e-3 * drawn(16, 1, low=-1)
    y = 0.2 + 0.05 * drawn(16, 1, seed=1, low=-1)
    assert of(10, 1e-2, y) == ["regulariser-larger"]  # gradients: 0.2 of it, 0.4 of the data
    if keras.backend.backend() != "jax":  # which has no gradients of a model with a state
        assert of(10, 1e-3, y) == []  # 0.02
    assert of(1, 1, x + 1e-5) == []  # learned


def test_many_rare_classes_are_a_bounded_message():
    rng = np.random.default_rng(0)
    y = np.where(rng.random(3000) < 0.9, 0, rng.integers(1, 400, 3000))
    p = np.tile((np.bincount(y, minlength=400) + 0.01) / 3004, (3000, 1)).astype("float32")
    (finding,) = audited(passing(p, y, "sparse_categorical_crossentropy"))
    assert finding.code == "class-forgotten" and len(str(finding)) < 2000


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sound_model(name):
    assert said(name) == []


def test_there_are_sixty_sound_models():
    assert len(MODELS) >= 60


# --- a mask of the user's own, and what its mean divides by


def steps(mark, kind="float32"):
    y = drawn(8, 6, low=1, high=5, seed=1).astype(kind)
    y[:, 4:] = mark
    return y


def masked_mean(t, p):
    return ops.mean(ops.square(t - p) * ops.cast(t != 0, "float32"), -1)


def of_nan(t, p):
    known = ops.isfinite(t)
    return ops.mean(ops.where(known, ops.square(ops.where(known, t, 0.0) - p), 0.0), -1)


def of_tokens(t, p):
    values = losses.sparse_categorical_crossentropy(t, p)
    return ops.mean(values * ops.cast(t != 0, values.dtype))


@pytest.mark.parametrize(
    ("loss", "mark", "p"),
    [
        (masked_mean, 0, drawn(8, 6)),
        (lambda t, p: ops.mean(masked_mean(t, p)), 0, drawn(8, 6)),
        (of_nan, np.nan, drawn(8, 6)),
        (of_tokens, 0, simplex(8, 6, 5)),
    ],
)
def test_a_mask_of_the_users_own_that_divides_by_all(loss, mark, p):
    case = passing(p, steps(mark, "int32" if loss is of_tokens else "float32"), loss)
    (finding,) = (f for f in audited(case) if f.code == "mask-in-the-mean")
    assert finding.evidence["rows of one pair"] == pytest.approx(
        2 * finding.evidence["half of it marked"], rel=1e-5
    )
    before = case.model.evaluate(**case.data, verbose=0)
    mended = applied(finding, case)
    assert "mask-in-the-mean" not in codes(audited(mended))
    after = mended.model.evaluate(**mended.data, verbose=0)
    assert after == pytest.approx(before * 6 / 4, rel=1e-5)  # a third of the steps is marked


@pytest.mark.parametrize(
    "loss",
    [
        lambda t, p: ops.sum(ops.square(t - p) * ops.cast(t != 0, "float32"), -1),
        lambda t, p: masked_mean(t, p) / ops.mean(ops.cast(t != 0, "float32"), -1),
        lambda t, p: ops.mean(t * ops.square(t - p), -1),
        lambda t, p: ops.mean(ops.square(t - p), -1),
    ],
    ids=["a sum", "divided by its mask", "weights that are 0", "no mask"],
)
def test_nothing_is_said_of_other_sums(loss):
    assert "mask-in-the-mean" not in codes(audited(passing(drawn(8, 6), steps(0), loss)))


# --- arguments and shapes of a loss by hand


def crossentropy(t, p):
    p = ops.clip(p, 1e-7, 1 - 1e-7)
    return -ops.mean(t * ops.log(p) + (1 - t) * ops.log(1 - p), -1)


def symmetric(t, p):
    return 0.1 * crossentropy(t, p) - ops.mean(p * ops.log(ops.clip(t, 1e-4, 1)), -1)


@pytest.mark.parametrize("swapped", [True, False])
def test_a_crossentropy_by_hand_with_its_arguments_swapped(swapped):
    loss = (lambda a, b: crossentropy(b, a)) if swapped else crossentropy
    case = passing(drawn(8, 3), coins(8, 3), loss)
    assert ("arguments-swapped" in codes(audited(case))) == swapped
    assert "arguments-swapped" not in codes(audited(passing(drawn(8, 3), coins(8, 3), symmetric)))


@pytest.mark.parametrize(
    ("loss", "found"),
    [
        (lambda t, p: ops.mean(ops.square(t - p), (1, 2)), True),
        (lambda t, p: ops.mean(t[..., 1] * ops.square(t[..., 0] - p[..., 0]), 1), False),
    ],
)
def test_one_prediction_for_several_columns(loss, found):
    case = passing(drawn(8, 4, 1), drawn(8, 4, 3, seed=1), loss)
    said = [f for f in audited(case) if f.code == "targets-broadcast"]
    assert [f.severity for f in said] == ["warning"] * found
    if found:
        assert not codes(audited(applied(said[0], case)))


def test_one_prediction_for_several_columns_that_are_all_right():
    """A loss of 0 is no error of audit's own."""
    case = passing(np.zeros((8, 1)), np.zeros((8, 3)), lambda t, p: ops.mean(ops.square(t - p), -1))
    assert "targets-broadcast" in codes(audited(case))


BY_CLASS = np.array([1, 2, 5], "float32")
BY_PLACE = np.outer(BY_CLASS, [1, 0, -1]).astype("float32")
CCE = keras.losses.categorical_crossentropy


@pytest.mark.parametrize(
    ("loss", "weights"),
    [
        (lambda t, p: CCE(t, p) * ops.array(BY_CLASS), BY_CLASS * 3 / 8),
        (lambda t, p: ops.mean(CCE(t, p) * ops.array(BY_CLASS)), BY_CLASS * 3 / 8),
        (lambda t, p: ops.sum(CCE(t, p) * ops.array(BY_CLASS)) / 8, BY_CLASS * 3 / 8),
        (lambda t, p: ops.mean(ops.square(t[:2] - p[:2])), [1.5, 1.5, 0]),
        (lambda t, p: CCE(t, p) * ops.sum(ops.array(BY_CLASS) * t, -1), None),
        (lambda t, p: ops.mean(-BY_CLASS * t * ops.log(p)), None),
        (lambda t, p: ops.mean(ops.square(t - p + ops.array(BY_PLACE)), -1), None),
        (lambda t, p: ops.mean(ops.square(p[:2] - p[1:])), None),  # from row to row
        (lambda t, p: -ops.mean(p[:, 0] - ops.log(ops.cumsum(ops.exp(p[:, 0])))), None),  # Cox's
    ],
    ids=[
        "rows",
        "scalar",
        "over the weights",
        "two rows",
        "class",
        "element",
        "added",
        "steps",
        "risk",
    ],
)
def test_weights_by_the_place_in_the_batch(loss, weights):
    case = passing(simplex(3, 3), np.eye(3, dtype="float32"), loss)
    said = [f for f in audited(case) if f.code == "weights-by-place"]
    assert len(said) == (weights is not None)
    if said:
        assert said[0].evidence["weights of the places"] == pytest.approx(weights, rel=1e-4)


def test_an_argmax_is_no_softmax():
    def errors(t, p):
        return ops.mean(ops.cast(ops.argmax(t, -1) != ops.argmax(p, -1), "float32"))

    case = passing(simplex(8, 3), np.eye(3, dtype="float32")[np.arange(8) % 3], errors)
    assert "softmax-twice" not in codes(audited(case))
