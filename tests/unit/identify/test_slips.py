"""identify(): what people compute instead of the rules, and how sure the answer is."""

import tracemalloc

import keras
import numpy as np
import pytest

import lossbook as lb
from lossbook._identify import by_rule
from tests.unit.identify.draws import draws, names
from tests.unit.identify.sample import KERAS, M, V, W
from tests.unit.identify.slip_draws import KINDS, place, slips, softmax

SQUARES = np.arange(10.0) ** 2
MEAN = "The sum of the values, divided by the number of values"

# --- random draws: `make fuzz` makes many more


def test_a_slip_is_listed_first_or_second():
    places = [(slip.kind, place(slip)) for slip in slips(6 * len(KINDS), 1)]
    missed = [kind for kind, at in places if at is None or at > 1]
    assert missed == []
    assert len({kind for kind, _ in places}) >= len(KINDS) - 1  # float32 is drawn now and then


NAMED = [kind for kind in KINDS if kind.__name__ != "float32_sum"]  # that one has its own test


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.__name__)
def test_how_a_slip_is_named(kind, snapshot):
    slip = kind(np.random.default_rng(11))
    match = lb.identify(f"{slip.number:#.6g}", **slip.arguments).matches[place(slip, 6)]
    assert match.sentence.replace(KERAS, "THE INSTALLED KERAS") == snapshot


# --- the cases that made them


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="its train_step takes a state")
def test_the_last_batch_alone_is_no_release_of_keras():
    """Own train_step that returns the loss itself: History shows the last batch."""
    net = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])

    class Last(keras.Model):
        def train_step(self, data):
            x, y = data
            return {"total": keras.ops.mean(keras.ops.square(y - self(x)))}

    x = np.arange(10.0)[:, None].astype("float32")
    model = Last(net.inputs, net.outputs)
    model.compile(optimizer="sgd", run_eagerly=True)
    history = model.fit(x, 0 * x, batch_size=4, shuffle=False, verbose=0).history
    assert history["total"] == [72.5]
    told = lb.identify("72.5", SQUARES, batch_size=4).matches[0]
    assert (told.rule, told.batch_size) == (None, 4)
    assert told.sentence == f"{MEAN}. That is one batch alone, the last of 3 batches of 4."
    assert told.also == ("keras-2.3, sum_over_batch_size: It is `evaluate` on a generator.",)
    untold = lb.identify("72.5", SQUARES).matches[0]
    assert untold.rule is None and "That is one batch alone, the last of" in untold.sentence


def test_twice_the_mean_is_no_sum_of_batches_of_2():
    found = lb.identify("57.00", SQUARES)
    (match,) = found.matches
    assert match.rule is None
    assert match.sentence == f"{MEAN}, 10. A plain factor of 2 doubles that."
    assert (
        "The sum of the values, divided by nothing. That is done in batches of 2, which are "
        "averaged by their rows."
    ) in match.also
    assert repr(found).endswith(
        "With these counts they coincide: the number cannot tell which of them it is."
    )


def test_a_sum_of_two_values_is_also_twice_their_mean():
    match = lb.identify("5.000", [1.0, 4.0]).matches[0]
    assert (match.rule, match.reduction) == (KERAS, "sum")
    assert f"{MEAN}, 2. A plain factor of 2 doubles that." in match.also


def test_batches_of_unequal_sizes():
    sizes = [5, 2, 3]
    means = [part.mean() for part in np.split(SQUARES, [5, 7])]
    by_rows = lb.identify(f"{np.average(means, weights=sizes):.6f}", SQUARES, batch_size=sizes)
    assert by_rows.matches[0].rule == KERAS
    alike = lb.identify(f"{np.mean(means):.6f}", SQUARES, batch_size=sizes)
    assert ("keras-3.0", "sum_over_batch_size") in names(alike)
    assert alike.matches[0].batch_size == (5, 2, 3)


def test_all_pairs():
    """K16836: y (8,) against p (8, 1) in a step of one's own."""
    rng = np.random.default_rng(3)
    y, p = rng.normal(0, 1, 8).astype("float32"), rng.normal(0, 1, (8, 1)).astype("float32")
    number = float(keras.ops.mean(keras.ops.square(y - p)))
    for target in (y, y[:, None]):
        match = lb.identify(f"{number:.4f}", loss="mse", y_true=target, y_pred=p).matches[0]
        assert "All pairs are compared: y of shape (8,) and p of shape (8, 1)" in match.sentence
    blocks = [float(np.square(y[b] - p[b]).mean()) for b in (slice(4), slice(4, 8))]
    found = lb.identify(f"{np.mean(blocks):.4f}", loss="mse", y_true=y, y_pred=p, batch_size=4)
    assert "So it is in each batch." in found.matches[0].sentence


def test_float32_along_the_outer_axes():
    """A sum of float32 ends where neighbours are far apart."""
    rng = np.random.default_rng(0)
    values = (0.69 + 0.02 * rng.standard_normal((1000, 1000, 2))).astype("float32")
    number = values.mean(axis=(0, 1)).mean()
    exact = values.mean(dtype="float64")
    assert f"{number:.4f}" != f"{exact:.4f}"
    match = lb.identify(f"{number:.4f}", values).matches[0]
    assert match.sentence.startswith("A float32 mean over the axes (0, 1), then over the others")
    assert f"The exact mean is {exact:.6g}." in match.sentence
    assert lb.identify(f"{exact:.4f}", values).matches[0].rule == KERAS
    ops = keras.ops  # chapter 2: TensorFlow's own mean is off alike on a CPU, the others' are not
    theirs = float(ops.mean(ops.mean(ops.convert_to_tensor(values), axis=(0, 1))))
    off = keras.backend.backend() == "tensorflow"
    assert f"{theirs:.4f}" == f"{number if off else exact:.4f}"


def test_an_activation_twice_and_none():
    labels, logits = np.array([1, 0, 2, 1]), np.random.default_rng(1).normal(0, 2, (4, 3))
    logits = logits.astype("float32")
    asked = {"loss": "sparse_categorical_crossentropy", "y_true": labels, "y_pred": logits}
    twice = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    number = float(twice(labels, softmax(logits)))
    match = lb.identify(f"{number:.4f}", **asked, from_logits=True).matches[0]
    assert "The softmax is taken twice: by the output layer, and by from_logits" in match.sentence
    number = float(keras.losses.SparseCategoricalCrossentropy()(labels, logits))
    match = lb.identify(f"{number:.4f}", **asked, from_logits=True).matches[0]
    assert "No softmax is taken: the logits pass for probabilities." in match.sentence


def test_dice_by_image_and_by_batch():
    rng = np.random.default_rng(2)
    y = (rng.random((6, 4, 4, 1)) < 0.4).astype("float32")
    p = rng.random((6, 4, 4, 1)).astype("float32")
    asked = {"loss": "dice", "y_true": y, "y_pred": p}
    each = np.mean([float(keras.losses.dice(y[i : i + 1], p[i : i + 1])) for i in range(6)])
    assert "of each image" in lb.identify(f"{each:.5f}", **asked).matches[0].sentence
    net = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Identity()])
    net.compile(loss="dice", optimizer="sgd")
    number = net.evaluate(p, y, batch_size=4, verbose=0)
    assert "of each batch" in lb.identify(number, **asked, batch_size=4).matches[0].sentence


# --- how sure it is


def test_a_slip_among_many_may_be_chance():
    found = lb.identify(f"{V.sum() / 30:.2f}", V, W, M)
    slip = next(match for match in found.matches if "mask is ignored" in match.sentence)
    assert slip.by_chance and slip.chance > 0.01
    assert "Perhaps by chance: of numbers with these digits" in repr(found)
    digits = lb.identify(f"{slip.value:.12g}", V, W, M).matches[0]
    assert digits.chance < 1e-6 and not digits.by_chance


def test_what_makes_no_difference_is_said():
    found = lb.identify("28.5", SQUARES, dtype="float32", y_true=[1.0])
    assert found.ignored == ("y_true=", "dtype=")
    assert repr(found).splitlines()[0].endswith("Ignored beside values: y_true=, dtype=.")


# --- large data


def test_two_million_values_take_less_than_three_times_their_memory():
    values = np.random.default_rng(0).random(2_000_000).astype("float32")
    number = f"{values.mean(dtype='float64') / 2:.6f}"
    tracemalloc.start()
    try:
        (match,) = lb.identify(number, values).matches
        assert tracemalloc.get_traced_memory()[1] < 3 * values.nbytes
    finally:
        tracemalloc.stop()
    assert "A plain factor of 1/2" in match.sentence


def test_formulas_stand_for_the_rules_of_large_data(monkeypatch):
    """As where every rule is asked itself, within float32."""

    def told(large, number, data, batch_size):
        monkeypatch.setattr(by_rule, "LARGE", large)
        found = lb.identify(number, *data, rtol=1e-6, batch_size=batch_size)
        return names(found)

    for data, made, pair in draws(12, 7):
        assert pair in told(0, f"{made.total:.9g}", data, None)
        for batch_size in (None, 2):
            number = f"{made.total:.9g}"
            by_formula = told(0, number, data, batch_size)
            more = by_formula - told(10**9, number, data, batch_size)
            assert {rule for rule, _ in more} <= {"sklearn"}  # refuses a batch without weight
