"""What explain() says where it cannot explain, word for word."""

import math

import keras
import numpy as np
import pytest
from keras import layers

import lossbook as lb
from lossbook._model import keras_private
from tests.unit.explain.test_explain import (
    CLASSES,
    Dataset,
    flat_data,
    flat_model,
    image_data,
    image_model,
)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def refusal(call, kind=ValueError):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


class OwnStep(keras.Model):
    def test_step(self, *arguments):
        return super().test_step(*arguments)


class OwnLoss(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2 * super().compute_loss(x, y, y_pred, sample_weight, training=training)


@pytest.mark.parametrize(("kind", "method"), [(OwnStep, "test_step"), (OwnLoss, "compute_loss")])
def test_a_step_of_its_own(kind, method):
    inputs = keras.Input((5,))
    model = kind(inputs, layers.Dense(CLASSES)(inputs))
    model.compile("sgd", "mse")
    assert refusal(lambda: lb.explain(model, np.ones((2, 5)), np.ones((2, 3)))) == (
        f"{kind.__name__} has its own {method}: its loss need not be the sum of the compiled "
        "losses, and nothing says what it is made of. explain takes models whose loss Keras puts "
        "together: move your terms into a Loss or into add_loss, or pass the values to "
        "lossbook.aggregate()."
    )


def test_a_step_of_its_own_on_the_instance():
    model = flat_model("mse")
    model.compute_loss = lambda *arguments, **options: 0.0
    text = refusal(lambda: lb.explain(model, np.ones((2, 5)), np.ones((2, 3))))
    assert text.startswith("Sequential has its own compute_loss: ")


def test_no_model():
    assert refusal(lambda: lb.explain(np.ones(3), np.ones(3)), TypeError) == (
        "explain takes a compiled keras.Model. Received: ndarray. "
        "Of bare tensors, lossbook.trace() shows the path."
    )


def test_not_compiled():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(3)])
    assert refusal(lambda: lb.explain(model, np.ones((2, 5)), np.ones((2, 3)))) == (
        "explain needs a compiled model. Call model.compile(loss=...) first."
    )


def test_the_callback_refuses_the_same_models():
    inputs = keras.Input((5,))
    model = OwnLoss(inputs, layers.Dense(CLASSES)(inputs))
    model.compile("sgd", "mse")
    x, y = np.ones((2, 5)), np.ones((2, 3))
    callback = lb.explain.callback(x, y)
    text = refusal(lambda: model.fit(x, y, callbacks=[callback], verbose=0))
    assert text.startswith("OwnLoss has its own compute_loss")
    assert "the callback takes models whose loss Keras puts together" in text


@pytest.mark.parametrize("by", ["sample", (), ("class", "loss")])
def test_keys_that_the_callback_does_not_take(by):
    assert refusal(lambda: lb.explain.callback(np.ones(3), by=by)) == (
        "by takes one or several of output, source, class, true_class, for each makes logs of its "
        f"own. Received: {by!r}."
    )


@pytest.mark.parametrize("every", [0, 1.5])
def test_every_so_many_epochs(every):
    assert refusal(lambda: lb.explain.callback(np.ones(3), every=every)) == (
        f"every must be a whole number of epochs, 1 or more. Received: {every}."
    )


@pytest.mark.parametrize(
    ("keys", "received"), [((), "nothing"), (("klass",), "'klass'"), (("class", 1), "'class', 1")]
)
def test_unknown_keys(rng, keys, received):
    e = lb.explain(flat_model("mse"), *flat_data(rng)[:2])
    assert refusal(lambda: e.by(*keys)) == (
        "by() takes one or several of output, source, batch, sample, position, class, true_class. "
        f"Received: {received}."
    )


def test_sums_that_were_not_kept(rng, monkeypatch):
    monkeypatch.setattr("lossbook._explain.groups.RAW", 0)
    e = lb.explain(flat_model("mse"), *flat_data(rng)[:2])
    assert refusal(lambda: e.by("sample", "position")) == (
        "by('sample', 'position') needs more sums than were kept: this data has too many elements. "
        "Explain a part of it (up to 0 elements keep every grouping), or group by fewer keys."
    )


def test_verbose():
    model = flat_model("mse")
    text = refusal(lambda: lb.explain(model, np.ones((2, 5)), np.ones((2, 3)), verbose=2))
    assert text == "verbose must be 'auto', 0 or 1. Received: 2."


def test_class_weights_that_fit_refuses(rng):
    model, (x, y, _) = flat_model("categorical_crossentropy", "softmax"), flat_data(rng)
    weights = {0: 2.0}

    def generator():
        yield x, y

    texts = [
        refusal(lambda: lb.explain(model, x, y, sample_weight=x[:, 0], class_weight=weights)),
        refusal(lambda: lb.explain(model, x, y, class_weight=[1.0, 2.0])),
        refusal(lambda: lb.explain(model, x, [y, y], class_weight=weights)),
        refusal(lambda: lb.explain(model, generator(), class_weight=weights)),
        refusal(lambda: lb.explain(model, Dataset([(x, y, x[:, 0])]), class_weight=weights)),
    ]
    assert texts == [
        "class_weight and sample_weight were both given, which fit refuses: multiply them yourself "
        "and pass the product as sample_weight.",
        "class_weight must be a dict, class number -> weight. Received: list.",
        "class_weight is for models with a single output, in fit as here. Pass sample_weight, one "
        "array per output.",
        "class_weight cannot be given with data of type generator, nor can it in fit: let it yield "
        "(x, y, sample_weight).",
        "class_weight needs batches (x, y). This PyDataset yields tuples of length 3: weights of "
        "its own cannot be combined with class_weight.",
    ]


def test_a_keras_that_has_moved_something(monkeypatch):
    monkeypatch.setattr(keras_private, "installed_keras", lambda: "4.0.0")
    owner = keras.losses.MeanSquaredError()
    assert refusal(lambda: keras_private.private(owner, "_flat"), RuntimeError) == (
        "lossbook reads MeanSquaredError._flat of a compiled model, which Keras 4.0.0 does not "
        "have. A newer lossbook may know where it went: pip install -U lossbook."
    )
    assert refusal(lambda: keras_private.private(math, "_moved"), RuntimeError).startswith(
        "lossbook reads math._moved of a compiled model, which Keras 4.0.0 does not have."
    )


def test_heat_maps_that_cannot_be_drawn(rng):
    e = lb.explain(flat_model("mse"), *flat_data(rng)[:2])
    assert refusal(lambda: lb.plots.heat_map(e, "mask")) == (
        "heat_map needs one of the outputs: out. Received: output='mask'."
    )
    assert refusal(lambda: lb.plots.heat_map(e)) == (
        "Output 'out' has no rows and columns: a heat map needs predictions "
        "(batch, rows, columns, classes). See by('position')."
    )


def test_pictures_say_what_they_show(rng):
    model, (x, y) = image_model(), image_data(rng)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    e = lb.explain(model, x, y)
    assert e.plot().alt == (
        "Waterfall of a loss by class: class 0 0.231, class 1 0.231, class 2 0.231; they add up to "
        "the total, 0.6931."
    )
    assert e.plot("output").alt == (
        "Waterfall of a loss by output: mask 0.693; they add up to the total, 0.6931."
    )
    assert lb.plots.heat_map(e).alt == (
        "Heat map of what each of 4 × 6 positions of output mask adds to the loss, 0.6931 in all: "
        "most at row 0, column 0, 0.0289."
    )
    many = e.plot("class", "position").alt
    assert "60 others" in many and many.count("class ") == 13


def test_bars_start_where_the_last_one_ended(rng):
    model, (x, y) = image_model(), image_data(rng)
    e = lb.explain(model, x, y)
    (ax,) = e.plot("class").axes
    bars = {patch.get_gid(): patch for patch in ax.patches}
    assert len(bars) == 4
    scale = bars["bar 3"].get_width() / e.total
    ends = bars["bar 3"].get_x()
    for i, value in enumerate(sorted(e.by("class").values(), reverse=True)):
        assert bars[f"bar {i}"].get_x() == pytest.approx(ends)
        assert bars[f"bar {i}"].get_width() == pytest.approx(scale * value)
        ends += bars[f"bar {i}"].get_width()


def test_a_heat_map_holds_the_contributions(rng):
    model, (x, y) = image_model(), image_data(rng)
    e = lb.explain(model, x, y)
    grid, _ = lb.plots.heat_map(e).axes[0].images
    for place, value in e.by("position").items():
        assert grid.get_array()[place] == pytest.approx(value)
