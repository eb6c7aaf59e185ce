"""identify(): what real Keras and recorded releases printed, and the rule behind it."""

import keras
import numpy as np
import pytest

import lossbook as lb
from lossbook.rules import resolve
from records.atlas.releases import RELEASES
from records.atlas.summary import outcomes
from tests.atlas.path import CASES, expected, output_rule, values_of, weights_of
from tests.unit.identify.draws import names
from tests.unit.identify.sample import KEEPS, KERAS, M, N, V, W


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
    assert last.matches[0].rule is None
    assert "That is one batch alone, the last of 2 batches of 4." in last.matches[0].sentence
    assert last.matches[0].also == (
        "keras-2.3, sum_over_batch_size: It is `evaluate` on a generator.",
    )
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
    families = {}
    for release in sorted(RELEASES):
        families.setdefault(resolve(release).name, release)
    for case in CASES:
        output = case["outputs"][0]
        plain = len(case["outputs"]) == 1 and output["loss"] and not case["loss_weights"]
        plain = plain and not output["penalties"] and output["add_loss"] is None
        reduction = output["options"].get("reduction", "sum_over_batch_size")
        if not plain or reduction not in ("sum_over_batch_size", "sum"):
            continue
        losses = {}
        for release in families.values():
            outcome = outcomes(release).get(case["id"], {}).get("test_on_batch", {})
            if isinstance(outcome.get("loss"), float):
                losses.setdefault(outcome["loss"], release)
        if len(losses) > 1:
            yield from ((case, release, loss) for loss, release in losses.items())


def test_recorded_releases_are_named():
    """The atlas: what real releases printed, 9 digits, with the values that `trace` computes."""
    asked = named = 0
    for case, release, loss in recorded():
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
