"""What explain() says where it cannot explain, word for word."""

import math

import keras
import numpy as np
import pytest
from keras import layers

import lossbook as lb
from lossbook._core import private
from tests.unit.explain.test_explain import (
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


def not_compiled():
    return keras.Sequential([keras.Input((5,)), layers.Dense(3)])


def test_a_model_that_is_not_compiled(snapshot):
    model, x, y = not_compiled(), np.ones((2, 5)), np.ones((2, 3))
    assert refusal(lambda: lb.explain(model, x, y)) == snapshot


def test_no_model(snapshot):
    assert refusal(lambda: lb.explain(np.ones(3), np.ones(3)), TypeError) == snapshot


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("rows", [0, 2])
def test_nothing_to_explain_or_audit(rows, snapshot):
    """An array without rows, and a data set that is empty or ends before its first batch."""
    model = flat_model("mse")
    x, y = np.ones((rows, 5), "float32"), np.ones((rows, 3), "float32")
    data = {"x": x, "y": y} if rows == 0 else {"x": Dataset([])}
    texts = []
    for tool in (lb.explain, lb.audit):
        with pytest.raises(ValueError) as caught:
            tool(model, **data)
        texts.append(str(caught.value))
    if rows == 0:
        assert texts == snapshot
    assert np.isfinite(model.evaluate(np.ones((2, 5)), np.ones((2, 3)), verbose=0))


@pytest.mark.parametrize(
    "options",
    [{"by": "sample"}, {"by": ()}, {"by": ("class", "loss")}, {"every": 0}, {"every": 1.5}],
    ids=str,
)
def test_options_that_the_callback_does_not_take(options, snapshot):
    assert refusal(lambda: lb.explain.callback(np.ones(3), **options)) == snapshot


def test_groups_that_there_are_not(rng, monkeypatch, snapshot):
    monkeypatch.setattr("lossbook._explain.groups.RAW", 0)
    e = lb.explain(flat_model("mse"), *flat_data(rng)[:2])
    groups = ((), ("klass",), ("class", 1), ("sample", "position"))
    assert [refusal(lambda keys=keys: e.by(*keys)) for keys in groups] == snapshot


def test_verbose(snapshot):
    data = np.ones((2, 5)), np.ones((2, 3))
    assert refusal(lambda: lb.explain(flat_model("mse"), *data, verbose=2)) == snapshot


def test_class_weights_that_fit_refuses(rng, snapshot):
    model, (x, y, _) = flat_model("categorical_crossentropy", "softmax"), flat_data(rng)
    weights = {0: 2.0}
    data = {
        "both weights": {"x": x, "y": y, "sample_weight": x[:, 0], "class_weight": weights},
        "no dict": {"x": x, "y": y, "class_weight": [1.0, 2.0]},
        "several outputs": {"x": x, "y": [y, y], "class_weight": weights},
        "generator": {"x": iter([(x, y)]), "class_weight": weights},
        "own weights": {"x": Dataset([(x, y, x[:, 0])]), "class_weight": weights},
    }
    texts = {
        k: refusal(lambda given=given: lb.explain(model, **given)) for k, given in data.items()
    }
    assert texts == snapshot


def test_a_keras_that_has_moved_something(monkeypatch, snapshot):
    monkeypatch.setattr("lossbook._core.keras_private.installed_keras", lambda: "4.0.0")
    for owner in (keras.losses.MeanSquaredError(), math):
        assert refusal(lambda o=owner: private(o, "_moved"), RuntimeError) == snapshot


def test_heat_maps_that_cannot_be_drawn(rng, snapshot):
    e = lb.explain(flat_model("mse"), *flat_data(rng)[:2])
    assert refusal(lambda: lb.plots.heat_map(e, "mask")) == snapshot
    assert refusal(lambda: lb.plots.heat_map(e)) == snapshot


def test_pictures_say_what_they_show(rng, snapshot):
    model, (x, y) = image_model(), image_data(rng)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    e = lb.explain(model, x, y)
    pictures = e.plot(), e.plot("output"), lb.plots.heat_map(e)
    assert [picture.alt for picture in pictures] == snapshot
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


def test_two_keys_with_few_names_are_drawn_as_a_table(rng):
    model, (x, y) = image_model(), image_data(rng)
    e = lb.explain(model, x, y)
    picture = e.plot("true_class", "class")
    texts = {t.get_gid(): t.get_text() for t in picture.axes[0].texts if t.get_gid()}
    found = e.by("true_class", "class")
    rows, columns = (list(dict.fromkeys(names)) for names in zip(*found, strict=True))
    for (row, column), value in found.items():
        shown = texts[f"{rows.index(row)} {columns.index(column)}"]
        assert float(shown.replace("−", "-")) == pytest.approx(value, rel=6e-3)
    assert picture.alt.startswith(f"Loss {e.total:.4g} by true class and class: most in ")
    assert e.plot("class", "position").alt.startswith("Waterfall")


def test_a_heat_map_holds_the_contributions(rng):
    model, (x, y) = image_model(), image_data(rng)
    e = lb.explain(model, x, y)
    grid, _ = lb.plots.heat_map(e).axes[0].images
    for place, value in e.by("position").items():
        assert grid.get_array()[place] == pytest.approx(value)
