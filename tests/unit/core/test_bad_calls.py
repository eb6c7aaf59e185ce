"""Bad calls of every public function: no error of Python, NumPy or a backend reaches the reader."""

import tracemalloc

import keras
import numpy as np
import pytest

import lossbook as lb
from lossbook import elementwise, plots, reduction, total
from tests.unit.core.bad_calls import calls


def test_no_error_is_raw(capsys):
    made = list(calls())
    capsys.readouterr()  # exercises.check prints
    assert len(made) > 2000
    assert [(call, repr(error)) for call, result, error in made if result == "raw"] == []


def explained(predictions):
    net = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Identity(name="map")])
    net.compile(loss="mse")
    x = np.full((2, 2, 2, 1), predictions, "float32")
    return lb.explain(net, x, 0 * np.nan_to_num(x))


UNEQUAL, AB = [[1.0], [1.0, 2.0]], {"a": 1.0, "b": 2.0}
TEXTS = {
    "rule=[]": lambda: lb.aggregate([1.0], rule=[]),
    "reduction": lambda: lb.aggregate([1.0], reduction=["sum"]),
    "epoch_loss(None, None)": lambda: lb.epoch_loss(None, None),
    "epoch_loss of words": lambda: lb.epoch_loss([1.0], "abc"),
    "batch_losses": lambda: lb.epoch_loss(0.5, 2),
    "huber(delta=None)": lambda: elementwise.huber([1.0], [0.5], delta=None),
    "focal": lambda: elementwise.categorical_focal_crossentropy(
        [[[1.0, 0.0]]], [[[0.5, 0.5]]], alpha=[0.1, 0.2, 0.3]
    ),
    "alpha of words": lambda: elementwise.categorical_focal_crossentropy(
        [[1.0, 0.0]], [[0.5, 0.5]], alpha=["a"]
    ),
    "gamma": lambda: elementwise.categorical_focal_crossentropy([[1.0]], [[0.5]], gamma="2"),
    "gamma of two": lambda: elementwise.binary_focal_crossentropy([1.0], [0.5], gamma="2"),
    "balancing": lambda: elementwise.binary_focal_crossentropy(
        [1.0], [0.5], apply_class_balancing="no"
    ),
    "ignore_class": lambda: elementwise.sparse_categorical_crossentropy(
        [0], [[0.5, 0.5]], ignore_class="0"
    ),
    "smoothing": lambda: elementwise.smooth_labels([1.0], "0.1"),
    "smoothed classes": lambda: elementwise.smooth_labels([1.0], 0.1, classes="2"),
    "smoothed objects": lambda: elementwise.smooth_labels(np.array([{}], object), 0.1),
    "reduction median": lambda: reduction.standardize_reduction("median"),
    "reduction auto": lambda: reduction.standardize_reduction("auto"),
    "reduction avg": lambda: reduction.standardize_reduction("avg"),
    "operation max": lambda: reduction.class_axis([[1.0]], "max"),
    "empty labels": lambda: reduction.class_weights(np.zeros((0, 3)), {}),
    "empty values": lambda: reduction.reduce_weighted_values(np.zeros((0, 3))),
    "weights that miss values": lambda: reduction.weigh(np.ones(3, "float32"), [1.0, 2.0]),
    "weights that miss the mask": lambda: reduction.effective_weight([1.0, 2.0], np.ones(3)),
    "values of two lengths": lambda: reduction.reduce_weighted_values(UNEQUAL),
    "weights of two lengths": lambda: reduction.reduce_weighted_values([1.0], UNEQUAL),
    "a mask of two lengths": lambda: reduction.reduce_weighted_values([1.0], mask=UNEQUAL),
    "q": lambda: elementwise.categorical_generalized_cross_entropy([0], [[0.5, 0.5]], q="half"),
    "class_weight": lambda: reduction.class_weights([0, 1], [1.0, 5.0]),
    "labels": lambda: reduction.class_weights(["cat", "dog"], {0: 1.0}),
    "operation": lambda: reduction.class_axis([[1.0]], operation=np.ones(2)),
    "class axis of words": lambda: reduction.class_axis([["a"]]),
    "no classes": lambda: reduction.class_axis(np.ones((2, 0))),
    "mask": lambda: reduction.mask_weight(["a"]),
    "a weight too few by name": lambda: total.weighted_losses(AB, {"a": 1.0}),
    "weights of other names": lambda: total.weighted_losses(AB, {"c": 1.0, "d": 1.0}),
    "a weight too few": lambda: total.weighted_losses([1.0, 2.0], [1.0]),
    "a loss of three": lambda: total.weighted_losses([np.ones(3), 2.0]),
    "a weight of two": lambda: total.weighted_losses([1.0], [[2.0, 3.0]]),
    "a penalty of six": lambda: total.activity_penalty(np.ones((2, 3)), 2),
    "a batch of two": lambda: total.reported_loss([np.ones(2)], 2),
    "no batch": lambda: lb.epoch_loss([], []),
    "a size too few": lambda: lb.epoch_loss([1.0, 2.0], [3]),
    "a size of 0": lambda: lb.epoch_loss([1.0, 2.0], [3, 0]),
    "batch_size": lambda: total.activity_penalty(1.0, 0),
    "additional": lambda: total.batch_loss([1.0], additional_losses=0.5),
    "additional words": lambda: total.batch_loss([1.0], additional_losses=["a"]),
    "source": lambda: lb.source(["apply_mask"]),
    "atlas": lambda: lb.atlas.recorded(None),
    "spans": lambda: lb.atlas.spans(["keras-9.9"]),
    "rows": lambda: plots.atlas(["a"]),
    "no scenes": lambda: lb.data.segmentation(0),
    "scenes and a half": lambda: lb.data.segmentation(2.5),
    "True scenes": lambda: lb.data.segmentation(True),
    "scenes in words": lambda: lb.data.segmentation("3"),
    "small scenes": lambda: lb.data.segmentation(1, size=8),
    "seed": lambda: lb.data.segmentation(1, 16, seed=-1),
    "worst('a')": lambda: explained(1.0).worst("a"),
    "by() of lists": lambda: explained(1.0).by([[1], [1, 2]]),
    "heat_map of NaN": lambda: plots.heat_map(explained(np.nan)),
    "heat_map of a model": lambda: plots.heat_map("model"),
    "ledger": lambda: plots.ledger([1.0]),
    "loss_weight": lambda: lb.identify("1", [1.0], loss_weight="abc"),
    "value": lambda: lb.identify([[1.0], [1.0, 2.0]], [1.0]),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_texts(name, snapshot):
    with pytest.raises((ValueError, TypeError)) as raised:
        TEXTS[name]()
    assert f"{raised.type.__name__}: {raised.value}" == snapshot


def test_a_heat_map_leaves_out_what_is_not_finite():
    net = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Identity(name="map")])
    net.compile(loss="mse")
    x = np.ones((2, 2, 2, 1), "float32")
    x[0, 0, 0] = np.nan
    picture = plots.heat_map(lb.explain(net, x, 0 * np.nan_to_num(x)))
    assert "most at row 0, column 1, 0.25" in picture.alt


def test_aggregate_warns_of_a_mask_that_is_none():
    with pytest.warns(UserWarning, match="mask holds other numbers than 0 and 1"):
        lb.aggregate([1.0, 2.0], mask=[0.5, 1.0])
    lb.aggregate([1.0, 2.0], mask=[0.0, 1.0])  # a warning would be an error


def test_a_ledger_of_ten_million_elements_is_refused_before_it_is_copied():
    trace = lb.trace("mse", np.zeros((2, 1), "float32"), np.ones((2, 1), "float32"))
    large = np.broadcast_to(np.float32(1), (10_000_000, 1))
    object.__setattr__(trace, "elementwise", large)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="this trace has 10,000,000, shape"):
            trace.interact()
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()
