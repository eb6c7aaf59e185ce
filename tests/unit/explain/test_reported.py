"""`reported` is what the model's own evaluate prints; what separates it from the parts is said.

The expected numbers are Keras's own, or worked out by hand from x = 1, 2, 3, 4 and y = 0.
"""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossbook as lb

BACKEND = keras.backend.backend()
X = np.array([[1.0], [2.0], [3.0], [4.0]], "float32")
Y = np.zeros((4, 1), "float32")
compiles = pytest.mark.skipif(BACKEND == "torch", reason="PyTorch runs a step as it stands")


@pytest.fixture(autouse=True)
def fresh():
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)


def same(loss="mse", kind=keras.Sequential, layer=None, **settings):
    model = kind([keras.Input((1,)), layer or layers.Identity()])
    model.compile("sgd", loss, **settings)
    return model


def printed(model, x=X, y=Y, **settings):
    """What evaluate returns as a list begins with what it prints as the loss."""
    return np.ravel(model.evaluate(x, y, verbose=0, **settings))[0]


def explained(model, x=X, y=Y, **settings):
    e = lb.explain(model, x, y, **settings)
    assert e.reported == pytest.approx(printed(model, x, y, **settings), rel=1e-6)
    return e


def in_full(e):
    assert abs(e.residual) <= e.rounding and "≠" not in repr(e)
    return e


class Scaled(layers.Layer):
    factor = 0.0

    def call(self, inputs):
        self.add_loss(self.factor * ops.mean(ops.square(inputs)))
        return inputs


class ScaledLoss(keras.losses.Loss):
    factor = 1.0

    def call(self, y_true, y_pred):
        return self.factor * ops.mean(ops.square(y_true - y_pred), -1)


@compiles
def test_a_number_that_was_baked_into_the_step():
    layer = Scaled()
    model = same(layer=layer)
    assert printed(model) == pytest.approx(7.5)
    layer.factor = 2.0
    for _ in range(2):  # with a step that was kept, too
        e = explained(model)
        assert (e.reported, e.total) == pytest.approx((7.5, 22.5))
        assert "miss what evaluate reports by 15.00" in e.notes[0]
        assert "Compile the model again" in e.notes[1] and "keras.Variable" in e.notes[1]
        assert "reported 7.500 ≠ sum of the parts 22.50" in repr(e)
        assert "≠" in e._repr_html_() and "keras.Variable" in e._repr_html_()
    model.compile("sgd", "mse")
    if BACKEND == "jax":
        import jax

        assert "jax.clear_caches()" in e.notes[1]
        jax.clear_caches()  # compile() alone does not always do it
    assert in_full(explained(model)).total == pytest.approx(22.5)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="JAX traces other variables anew")
def test_a_layer_that_was_frozen_after_evaluate():
    layer = layers.Dense(
        1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(1.0)
    )
    model = same(layer=layer)
    assert printed(model) == pytest.approx(8.5)
    layer.trainable = False  # Keras counts the regularisers of what trains
    e = explained(model)
    assert (e.reported, e.total) == pytest.approx((8.5, 7.5)) and e.notes


@compiles
@pytest.mark.parametrize("kind", ["array", "generator", "dataset"])
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_whatever_the_data_come_in(kind):
    def data():
        batches = [(X[:2], Y[:2]), (X[2:], Y[2:])]
        return {"array": (X, Y), "generator": ((b for b in batches),), "dataset": (Batches(),)}[
            kind
        ]

    layer = Scaled()
    model = same(layer=layer)
    model.evaluate(*data(), batch_size=2, verbose=0)
    layer.factor = 2.0
    e = lb.explain(model, *data(), batch_size=2)
    assert (e.reported, e.total) == pytest.approx((7.5, 22.5)) and e.notes


class Batches(keras.utils.PyDataset):
    num_batches = 2

    def __getitem__(self, i):
        return X[2 * i : 2 * i + 2], Y[2 * i : 2 * i + 2]


def test_an_evaluate_that_prepares_its_data():
    class Preparing(keras.Sequential):
        def evaluate(self, x=None, *args, **kwargs):
            return super().evaluate(x / 100.0, *args, **kwargs)

    e = in_full(explained(same(kind=Preparing)))
    assert e.reported == pytest.approx(7.5e-4)
    assert e.by("sample")[3] == pytest.approx(16e-4 / 4)


def test_an_evaluate_that_takes_no_settings_or_predicts():
    class Short(keras.Sequential):
        def evaluate(self, inputs, targets):
            return super().evaluate(inputs, targets, verbose=0)

    class Predicting(keras.Sequential):
        def evaluate(self, x=None, y=None, **settings):
            return float(np.mean((self.predict(x, verbose=0) - y) ** 2))

    for kind in (Short, Predicting):
        e = in_full(lb.explain(same(kind=kind), X, Y))
        assert e.reported == pytest.approx(7.5)
        assert e.by("sample") == pytest.approx({0: 0.25, 1: 1.0, 2: 2.25, 3: 4.0})
    with pytest.raises(TypeError, match="sample_weight"):
        lb.explain(same(kind=Short), X, Y, sample_weight=np.ones(4))


@pytest.mark.skipif(BACKEND == "jax", reason="JAX keeps the numbers that it drew first")
@pytest.mark.parametrize("inside", [False, True])
def test_a_loss_that_draws_numbers_of_its_own(inside):
    """Another loss each time is no step that is outdated; the parts are those of one pass."""
    seed = keras.random.SeedGenerator(3)

    def loss(y_true, y_pred):
        factor = keras.random.uniform(ops.shape(y_pred)[:1], seed=seed)
        square = ops.mean(ops.square(y_true - y_pred), -1)
        return factor * (keras.losses.mean_squared_error(y_true, y_pred) if inside else square)

    model = same(loss)
    assert printed(model) != printed(model)
    e = in_full(lb.explain(model, X, Y))
    if BACKEND != "torch":
        assert e.notes[0].startswith("The loss is another one each time") and len(e.notes) == 1
        assert not [f for f in lb.audit(model, X, Y) if f.code == "step-outdated"]


def factors(where):
    """A factor that is another one at each call, by plain Python that no Loss object keeps."""
    counted, drawn = itertools.count(1), np.random.default_rng(3)
    return {"counts": lambda: float(next(counted)), "draws": lambda: float(drawn.random())}[where]


def changing(kind, place, eager):
    """A model whose loss is another one each time, since such a factor stands somewhere."""
    factor = factors(kind)

    class Scaled(layers.Layer):
        def call(self, x):
            return factor() * x

    class Model(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return factor() * ops.mean(ops.square(y_pred))

    model = {
        "loss": lambda: same(lambda y_true, y_pred: factor() * ops.mean(y_pred**2, -1)),
        "layer": lambda: same(layer=Scaled()),
        "step": lambda: same(kind=Model),
    }[place]()
    model.run_eagerly = eager
    return model


@pytest.mark.parametrize("kind", ["counts", "draws"])
@pytest.mark.parametrize("place", ["loss", "layer", "step"])
@pytest.mark.parametrize("eager", [False, True])
def test_plain_python_that_changes_from_call_to_call(kind, place, eager):
    """The next evaluate prints another number, also of a step that is compiled only then."""
    model = changing(kind, place, eager)
    changes, missed = "The loss is another one each time it is computed", "The parts miss what"
    for first in (True, False):
        stands = eager or BACKEND == "torch" or (first and BACKEND != "jax")  # no step of its own
        assert lb.explain(model, X, Y).notes[0].startswith(changes if stands else missed)


def test_a_result_of_its_own():
    class Doubled(keras.Sequential):
        def get_metrics_result(self):
            return {name: 2 * value for name, value in super().get_metrics_result().items()}

    e = explained(same(kind=Doubled))
    assert (e.reported, e.total) == pytest.approx((15, 7.5))
    assert "Doubled has get_metrics_result of its own" in e.notes[1]


def test_parts_that_are_nan_where_evaluate_reports_a_number():
    class Unlike(keras.Sequential):
        def get_metrics_result(self):
            return {name: ops.nan_to_num(v) for name, v in super().get_metrics_result().items()}

    e = lb.explain(same(kind=Unlike), X, np.array([[np.nan], [0], [0], [0]]))
    assert e.reported == 0 and np.isnan(e.total)
    assert e.notes[0] == "The parts add up to NaN, though evaluate reports 0.000."
    assert "reported 0.000 ≠ sum of the parts nan" in repr(e)


def test_a_tracker_that_nobody_updates():
    class OwnTracker(keras.Sequential):
        @property
        def metrics(self):
            return [self.tracker]

    for name in ("loss", "other"):
        model = OwnTracker([keras.Input((1,)), layers.Identity()])
        model.tracker = keras.metrics.Mean(name=name)
        model.compile("sgd", "mse")
        e = explained(model)
        assert (e.reported, e.total) == pytest.approx((0, 7.5))
        assert "OwnTracker has metrics of its own" in e.notes[1]
    model = same()
    model.tracker = keras.metrics.Mean(name="loss")
    e = explained(model)
    assert (e.reported, e.total) == pytest.approx((0, 7.5))
    assert e.notes[1].startswith("Two metrics of the model are named 'loss'")


@pytest.mark.skipif(BACKEND != "tensorflow", reason="its functions take what TensorFlow's take")
def test_a_test_function_of_its_own():
    class Doubled(keras.Sequential):
        def make_test_function(self, force=False):
            super().make_test_function(force=True)
            step = self.test_function
            self.test_function = lambda iterator: {"twice": 2 * step(iterator)["loss"]}

    e = explained(same(kind=Doubled))
    assert (e.reported, e.total) == pytest.approx((15, 7.5))
    assert "Doubled has make_test_function of its own" in e.notes[1]


def test_what_rounding_explains():
    """A sum of 4,000 signed values: float32 against float64, and the bound between them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 1)).astype("float32")
    model = same(lambda y_true, y_pred: y_pred - y_true)
    e = in_full(explained(model, x, np.zeros_like(x), batch_size=16))
    magnitude = np.abs(x.astype("float64")).mean()
    assert e.rounding == pytest.approx((16 + 250 / 2) * 2**-23 * magnitude, rel=1e-5)
    assert e.total == pytest.approx(x.mean(dtype="float64"), abs=e.rounding)


@compiles
def test_no_step_is_traced_anew_from_call_to_call():
    calls = []

    def loss(y_true, y_pred):
        calls.append(1)
        return ops.mean(ops.square(y_true - y_pred), -1)

    model = same(loss)
    printed(model)
    lb.explain(model, X, Y)
    before = len(calls)
    for _ in range(3):
        in_full(explained(model))
    assert len(calls) == before > 0


@pytest.mark.filterwarnings("ignore:.*sample_weight of shape")
def test_weights_of_another_rank():
    """One weight per sample, then one per value: nothing is traced for both at once."""
    model = keras.Sequential([keras.Input((2, 1)), layers.Identity()])
    model.compile("sgd", "mse")
    x, y = np.array([[[1.0], [2.0]], [[3.0], [4.0]]], "float32"), np.zeros((2, 2, 1), "float32")
    for _ in range(2):
        by_step = lb.explain(model, x, y, sample_weight=np.array([1.0, 2.0], "float32"))
        each = np.array([[1.0, 0.0], [0.0, 2.0]], "float32")
        assert by_step.reported == pytest.approx((1 + 8 + 9 + 32) / 4)
        assert lb.explain(model, x, y, sample_weight=each).reported == pytest.approx(33 / 4)


def test_a_step_in_the_form_of_another_backend():
    """Its own error is raised, though on JAX an evaluate that fails takes the variables along."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    def on_jax(self, state, data):
        return {}, state

    Model.test_step = (lambda self, data: {}) if BACKEND == "jax" else on_jax
    model = Model()
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match="positional argument"):
        lb.explain(model, X, Y)
