"""audit says where evaluate reports another number than its step computes: x 1, 2, 3, 4, y 0."""

import keras
import numpy as np
import pytest
from keras import layers

import lossbook as lb
from tests.unit.explain.test_reported import Scaled, ScaledLoss, changing

BACKEND = keras.backend.backend()
X = np.array([[1.0], [2.0], [3.0], [4.0]], "float32")
Y = np.zeros((4, 1), "float32")
compiles = pytest.mark.skipif(BACKEND == "torch", reason="PyTorch runs a step as it stands")


def same(kind=keras.Sequential, loss="mse", layer=None):
    model = kind([keras.Input((1,)), layer or layers.Identity()])
    model.compile("sgd", loss)
    return model


def found(model, code, x=X, y=Y, **numbers):
    """The one finding is of this code, has what evaluate prints, and no other number."""
    (finding,) = lb.audit(model, x, y, batch_size=2)
    assert (finding.code, finding.severity) == (code, "error")
    printed = np.ravel(model.evaluate(x, y, batch_size=2, verbose=0))[0]
    numbers = {"reported": printed, **numbers}
    assert {name: finding.evidence[name] for name in numbers} == pytest.approx(numbers, rel=1e-6)
    return finding


@compiles
@pytest.mark.parametrize("kind", ["layer", "loss", "frozen"])
def test_a_step_that_was_compiled_when_the_model_was_another(kind):
    ones = {"kernel_initializer": "ones", "kernel_regularizer": keras.regularizers.L2(1.0)}
    layer = {"layer": Scaled(), "loss": layers.Identity(), "frozen": layers.Dense(1, **ones)}[kind]
    loss = ScaledLoss()
    model = same(loss=loss, layer=layer)
    before = model.evaluate(X, Y, batch_size=2, verbose=0)
    assert not [f for f in lb.audit(model, X, Y, batch_size=2) if f.severity == "error"]
    if kind == "frozen":
        layer.trainable = False
    else:
        (layer if kind == "layer" else loss).factor = 0.5
    computed = {"layer": 11.25, "loss": 3.75, "frozen": 7.5}[kind]
    if BACKEND == "jax" and kind == "frozen":  # other variables: JAX traces evaluate anew
        assert model.evaluate(X, Y, batch_size=2, verbose=0) == pytest.approx(computed)
        assert not [f for f in lb.audit(model, X, Y, batch_size=2) if f.severity == "error"]
        return
    finding = found(model, "step-outdated", reported=before, computed=computed)
    assert "Compile the model again" in finding.fix and "keras.Variable" in finding.fix
    model.compile("sgd", loss)
    if BACKEND == "jax":
        import jax

        assert "jax.clear_caches()" in finding.fix
        jax.clear_caches()
    assert model.evaluate(X, Y, batch_size=2, verbose=0) == pytest.approx(computed)
    assert not [f for f in lb.audit(model, X, Y, batch_size=2) if f.severity == "error"]


@pytest.mark.parametrize("kind", ["counts", "draws"])
@pytest.mark.parametrize("place", ["loss", "layer", "step"])
@pytest.mark.parametrize("eager", [False, True])
def test_a_loss_that_is_another_one_each_time(kind, place, eager):
    """No error: it may be meant to draw. explain has gone before on the second model."""
    for explained in (False, True):
        model = changing(kind, place, eager)
        if explained:
            lb.explain(model, X, Y)
        found_all = {f.code: f for f in lb.audit(model, X, Y)}
        if BACKEND == "jax" and not eager:  # whose evaluation is traced before, with its own number
            assert "step-outdated" in found_all
            continue
        finding = found_all["loss-changes"]
        assert finding.severity == "note" and "step-outdated" not in found_all
        once, again = finding.evidence["once"], finding.evidence["again"]
        assert once != again and "The loss of the same first rows is" in finding.message


class Calls(keras.losses.Loss):
    calls = 0

    def call(self, y_true, y_pred):
        self.calls += 1
        return keras.losses.mean_squared_error(y_true, y_pred)


@pytest.mark.parametrize("eager", [False, True])
def test_a_count_that_no_loss_depends_on_is_sound(eager):
    model = same(loss=Calls())
    model.run_eagerly = eager
    assert lb.explain(model, X, Y).notes == () and lb.audit(model, X, Y) == ()
    model = same(loss=Calls())
    model.run_eagerly = eager
    assert lb.audit(model, X, Y) == () and lb.explain(model, X, Y).notes == ()


@pytest.mark.parametrize(("name", "reported"), [("loss", 0.0), ("other", 7.5)])
def test_a_tracker_with_the_name_of_keras_s_own(name, reported):
    model = same()
    model.tracker = keras.metrics.Mean(name=name)
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["loss"] == pytest.approx(reported)
    if name == "loss":
        found_one = lb.audit(model, X, Y)[0]
        assert found_one.code == "tracker-not-updated" and found_one.evidence["computed"] == 7.5
    else:
        assert lb.audit(model, X, Y) == ()


class Doubled(keras.Sequential):
    def get_metrics_result(self):
        return {name: 2 * value for name, value in super().get_metrics_result().items()}


class Half(keras.Sequential):
    def evaluate(self, *args, return_dict=False, **kwargs):
        logs = super().evaluate(*args, return_dict=True, **kwargs)
        logs["loss"] /= 2
        return logs if return_dict else list(logs.values())


@pytest.mark.parametrize(("kind", "reported"), [(Doubled, 15.0), (Half, 3.75)])
def test_a_method_of_its_own(kind, reported):
    name = {"Doubled": "get_metrics_result", "Half": "evaluate"}[kind.__name__]
    finding = found(same(kind), "reported-not-computed", reported=reported, computed=7.5)
    assert finding.evidence["own"] == [name] and f"It has {name} of its own" in finding.message


def test_an_evaluate_that_prepares_its_data_is_sound():
    class Preparing(keras.Sequential):
        def evaluate(self, x=None, *args, **kwargs):
            return super().evaluate(x / 100.0, *args, **kwargs)

    model = same(Preparing)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(7.5e-4)
    assert lb.audit(model, X, Y) == ()


def test_what_rounding_explains_is_no_finding():
    x = np.random.default_rng(0).normal(size=(4000, 1)).astype("float32")
    model = same(loss=lambda y_true, y_pred: y_pred - y_true)
    assert lb.audit(model, x, np.zeros_like(x), batch_size=16) == ()


def test_float16_rounds_numbers_next_to_0():
    found = lb.audit(same(loss=keras.losses.MeanSquaredError(dtype="float16")), 5e-4 * X, Y)
    assert [finding.code for finding in found] == ["float16-loss"]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="a tensor without numpy() is one of a graph")
def test_the_step_is_traced_once():
    traced = []

    class Seen(layers.Layer):
        def call(self, inputs):
            traced.append(not hasattr(inputs, "numpy"))
            return inputs

    model = same(layer=Seen())
    model.evaluate(X, Y, batch_size=2, verbose=0)
    lb.audit(model, X, Y, batch_size=2)
    traced.clear()
    lb.audit(model, X, Y, batch_size=2)
    assert traced and not any(traced)
