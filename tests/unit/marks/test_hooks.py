"""What measured() changes in Keras while it runs: nothing that others see, or that stays."""

import inspect
import threading

import keras
import numpy as np
import pytest
from keras import ops

import lossbook as lb
from lossbook._losses import keras_objects
from lossbook._marks import hooks, mark, measured
from tests.unit.faults.lines import executed, interrupted, shown

BACKEND = keras.backend.backend()


def codes():
    """Return the code of everything that may be hooked."""
    from keras.src.losses import loss

    functions = [f for f in keras_objects().values() if inspect.isfunction(f)]
    functions += [keras.losses.Loss.__call__, loss.reduce_weighted_values, keras.Layer.losses.fget]
    functions += [keras.Layer.add_loss, keras.Variable.assign]
    return {id(f): f.__code__ for f in functions}


def test_mark_is_the_identity_elsewhere():
    for anything in (ops.ones((2,)), np.ones(2), None, "a"):
        assert mark("name", anything) is anything


def test_functions_stay_what_they_are_while_they_are_hooked():
    before, seen = codes(), {}
    function = keras.losses.binary_crossentropy
    signature, source = inspect.signature(function), inspect.getsource(function)

    def fn():
        seen["same"] = keras.losses.binary_crossentropy is function
        seen["hooked"] = function.__code__ is not before[id(function)]
        seen["signature"] = inspect.signature(function) == signature
        seen["source"] = inspect.getsource(function) == source
        seen["known"] = lb.trace(function, [[1.0]], [[0.5]]).total
        return ops.mean(function(ops.ones((2, 1)), ops.full((2, 1), 0.5)))

    measured(fn)
    np.testing.assert_allclose(seen.pop("known"), np.log(2), rtol=1e-6)
    assert seen == {"same": True, "hooked": True, "signature": True, "source": True}
    assert codes() == before


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_nothing(error):
    before = codes()
    tracker = keras.metrics.Mean()

    def fn():
        loss = keras.losses.MeanSquaredError()(ops.ones((2, 1)), ops.zeros((2, 1)))
        tracker.update_state(loss)
        raise error("mine")

    with pytest.raises(error, match="mine"):
        lb.decompose(fn)
    assert codes() == before
    values = ops.ones((2,))
    assert mark("name", values) is values
    assert np.isfinite(float(tracker.result()))


def test_an_interrupt_at_any_line_leaves_nothing():
    """At one line in six."""
    loss, tracker = keras.losses.MeanSquaredError(name="mse"), keras.metrics.Mean()
    layer = keras.layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1")
    x, y = ops.ones((3, 2)), ops.zeros((3, 2))
    layer(x)

    def fn():
        value = loss(y, lb.mark("out", layer(x))) + sum(layer.losses)
        tracker.update_state(value)
        return value

    def call():
        lb.decompose(fn)

    call()
    before, left, lines = codes(), {}, executed(call)
    assert len(lines) > 150
    for i, line in enumerate(lines[::6]):
        interrupted(call, line, (ValueError, KeyboardInterrupt)[i % 2]())
        values = ops.ones((2,))
        if BACKEND == "torch":
            import torch

            assert torch.is_grad_enabled(), shown(line)
        clean = codes() == before and mark("name", values) is values and not hooks._users
        if not (clean and np.isfinite(float(tracker.result()))):
            left[shown(line)] = codes() == before
    assert not left
    call()


def test_one_inside_of_another():
    def inner():
        return ops.mean(mark("inner", ops.ones((2,))))

    def outer():
        found.append([m.name for m in measured(inner)[1]])
        return ops.mean(mark("outer", ops.ones((3,))))

    found = []
    found.append([m.name for m in measured(outer)[1]])
    assert found == [["inner"], ["outer"]]


def test_eight_threads_decompose_while_a_ninth_trains_with_the_same_loss():
    before = codes()
    loss = keras.losses.MeanSquaredError(name="shared")
    rng = np.random.default_rng(0)
    data = [rng.uniform(size=(2, 5, 3)).astype("float32") for _ in range(8)]
    wrong, stop = [], threading.Event()

    def decomposes(number):
        y, p = data[number]
        for _ in range(10):
            e = lb.decompose(lambda: loss(y, p) + ops.mean(lb.mark("kl", ops.convert_to_tensor(p))))
            got = e.by("source")
            wanted = {"shared": ((y - p) ** 2).mean(), "kl": p.mean()}
            if set(got) != set(wanted) or not np.allclose(
                list(got.values()), list(wanted.values())
            ):
                wrong.append((number, got, wanted))

    def trains():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
        model.compile("sgd", loss)
        x, y = data[0]
        while not stop.is_set():
            model.fit(x, y, epochs=1, verbose=0)
            plain = ((model.predict(x, verbose=0) - y) ** 2).mean()
            if not np.isclose(model.evaluate(x, y, verbose=0), plain, rtol=1e-4):
                wrong.append("evaluate")

    def guarded(work, *arguments):
        try:
            work(*arguments)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=guarded, args=(decomposes, i)) for i in range(8)]
    ninth = threading.Thread(target=guarded, args=(trains,))
    for thread in (ninth, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    ninth.join()
    assert not wrong
    assert codes() == before
    assert set(vars(loss)) == set(vars(keras.losses.MeanSquaredError()))
