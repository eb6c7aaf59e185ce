"""After explain, audit and the callback the model, and training, go on as if they had not been."""

import random

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossbook as lb
from lossbook._core import to_numpy
from lossbook._explain.groups import Groups

ROWS, STEPS, BATCH = 8, 2, 2
AS_EVALUATE = {  # attributes that Keras's own evaluate changes, interrupted or not
    *("test_function", "stop_evaluating", "_jax_state", "_jax_state_synced", "_losses_override"),
}


class Squares(keras.losses.Loss):
    """A user's own loss: nobody knows what it does."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


def by_callback(model, x, y=None, **data):
    """Run the callback as fit does at the end of an epoch."""
    callback = lb.explain.callback(x, y, **data)
    callback.set_model(model)
    callback.on_train_begin()
    callback.on_epoch_end(0, {})


TOOLS = {"explain": lb.explain, "audit": lb.audit, "callback": by_callback}
each_tool = pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)


@pytest.fixture(autouse=True)
def fresh():
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)


def random_model(eager=True):
    """Build a model that draws random numbers, keeps states, and has metrics and an optimizer."""
    inputs = keras.Input(batch_shape=(BATCH, STEPS, 3))
    x = layers.SimpleRNN(4, stateful=True, unroll=True, dropout=0.2, seed=1)(inputs)
    x = layers.GaussianNoise(0.5, seed=2)(x, training=True)
    x = layers.BatchNormalization()(layers.Dropout(0.5, seed=3)(x, training=True))
    model = keras.Model(inputs, layers.Dense(2, kernel_regularizer="l2")(x))
    model.compile("adam", Squares(), metrics=["mae"], weighted_metrics=["mse"], run_eagerly=eager)
    return model


def data():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, STEPS, 3)).astype("float32")
    return {"x": x, "y": rng.normal(size=(ROWS, 2)).astype("float32"), "batch_size": BATCH}


def values(model, metrics=True):
    """Return every variable's value: weights, states, seeds, optimizer, and metrics."""
    rnn = next(layer for layer in model.layers if isinstance(layer, layers.RNN))
    kinds = {"model": model.variables, "optimizer": model.optimizer.variables, "rnn": rnn.states}
    if metrics:
        kinds["metrics"] = model.metrics_variables
    return {
        f"{kind} {i} {v.path}": np.array(to_numpy(v))
        for kind, variables in kinds.items()
        for i, v in enumerate(variables)
    }


def metrics_of(model):
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def unchanged(before, after):
    assert before.keys() == after.keys()
    changed = [path for path in before if not np.array_equal(before[path], after[path])]
    assert not changed


def generators():
    """Return the states of the generators that belong to the process."""
    states = {"random": random.getstate(), "numpy": np.random.get_state()[1].tolist()}  # noqa: NPY002
    if keras.backend.backend() == "torch":
        import torch

        states["torch"] = torch.get_rng_state().tolist()
    return states


@each_tool
def test_every_variable_has_the_value_it_had(tool):
    model = random_model()
    model.fit(**data(), verbose=0)
    before, drawn, said = values(model), generators(), metrics_of(model)
    for _ in range(2):
        tool(model, **data())
        unchanged(before, values(model))
        assert generators() == drawn and metrics_of(model) == said


@pytest.mark.parametrize("factor", [0.0, 100.0])  # with the second audit asks for gradients
def test_a_few_rows_that_audit_tries(factor):
    class Noise(layers.Layer):  # in evaluate, too
        def __init__(self):
            super().__init__()
            self.seed = keras.random.SeedGenerator(1)

        def call(self, x):
            return x + 0.1 * keras.random.normal(keras.ops.shape(x), seed=self.seed)

    inputs = keras.Input((3,))
    x = layers.BatchNormalization()(Noise()(inputs))
    penalty = keras.regularizers.L2(factor)
    model = keras.Model(inputs, layers.Dense(2, kernel_regularizer=penalty)(x))
    model.compile("adam", "mse")
    rng = np.random.default_rng(3)
    x, y = (rng.normal(size=(16, n)).astype("float32") for n in (3, 2))
    model.fit(x, y, verbose=0)
    variables = [*model.variables, *model.optimizer.variables]
    before, drawn = [np.array(to_numpy(v)) for v in variables], generators()
    found = lb.audit(model, x, y, batch_size=8)
    assert ("regulariser-larger" in [f.code for f in found]) == bool(factor)
    assert "what depends on the batch (" not in repr(found)  # so the rows were tried
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(to_numpy(variable), value, variable.path)
    assert generators() == drawn


@each_tool
def test_a_model_that_was_only_compiled(tool):
    model = random_model()
    before = values(model, metrics=False)
    tool(model, **data())
    after = values(model, metrics=False)  # on JAX evaluate makes the optimizer's
    unchanged(before, {name: after[name] for name in before})


@each_tool
def test_what_evaluate_says_next_is_what_it_would_have_said(tool):
    def evaluated(between):
        keras.utils.set_random_seed(3)
        model = random_model(eager=False)
        said = [model.evaluate(**data(), verbose=0)]
        between(model, **data())
        return [*said, model.evaluate(**data(), verbose=0), model.evaluate(**data(), verbose=0)]

    assert evaluated(tool) == evaluated(lambda model, **data: None)


def test_explain_reports_what_evaluate_would_have_said_with_the_same_seeds():
    def evaluated(report):
        keras.utils.set_random_seed(3)
        model = random_model(eager=False)
        model.evaluate(**data(), verbose=0)
        return [report(model) for _ in range(2)]

    expected = evaluated(lambda model: model.evaluate(**data(), verbose=0)[0])[0]
    found = evaluated(lambda model: lb.explain(model, **data(), verbose=0))
    assert [e.reported for e in found] == pytest.approx([expected] * 2, rel=1e-6)
    assert [e.total for e in found] == pytest.approx([expected] * 2, rel=1e-5)


def test_training_goes_on_as_without_the_callback():
    def trained(*callbacks):
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        model = random_model(eager=False)
        history = model.fit(**data(), epochs=3, verbose=0, callbacks=list(callbacks)).history
        losses = {name: history[name] for name in ("loss", "mae", "mse")}
        return losses, values(model), metrics_of(model)

    alone, without, said = trained()
    beside, with_it, also_said = trained(lb.explain.callback(**data()))
    assert beside == alone
    unchanged(without, with_it)
    assert said == also_said


@each_tool
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_the_third_batch(tool, error):
    """JAX takes the variables out of the model while it evaluates."""

    class Broken(keras.utils.PyDataset):
        num_batches = ROWS // BATCH

        def __getitem__(self, index):
            if index == 2 and broken:
                raise error("this row is broken")
            rows = slice(index * BATCH, (index + 1) * BATCH)
            return data()["x"][rows], data()["y"][rows]

    model = random_model()
    model.fit(**data(), verbose=0)
    broken, before = True, values(model, metrics=False)
    attributes = dict(vars(model))
    # TensorFlow's own evaluate says that a function of the data failed, whatever the error was.
    if tool is lb.audit and error is ValueError:
        assert [finding.code for finding in tool(model, Broken())] == ["own-error"]
    else:
        with pytest.raises((error, Exception)):
            tool(model, Broken())
    unchanged(before, values(model, metrics=False))  # Keras's own leaves metrics half-way as well
    changed = {name for name in attributes if vars(model)[name] is not attributes[name]}
    assert changed | (vars(model).keys() - attributes.keys()) <= AS_EVALUATE
    broken = False
    assert np.isfinite(model.evaluate(Broken(), verbose=0)).all()
    tool(model, Broken())


def test_an_interrupted_by_is_forgotten(monkeypatch):
    """What it has added up so far is not added to, nor taken for the whole."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    model.compile(loss=["mse"])
    x, y = np.ones((5, 3), "float32"), np.arange(10.0).reshape(5, 2)
    explanation = lb.explain(model, x, y, batch_size=2)
    expected = lb.explain(model, x, y, batch_size=2).by("class")
    keep, calls = Groups._keep, []

    def interrupted(groups, view, *arguments):
        calls.append(view)
        if view == "class":
            raise KeyboardInterrupt
        keep(groups, view, *arguments)

    monkeypatch.setattr(Groups, "_keep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        explanation.by("class")
    monkeypatch.undo()
    assert calls[-1] == "class" and len(calls) > 1
    assert explanation.by("class") == expected
