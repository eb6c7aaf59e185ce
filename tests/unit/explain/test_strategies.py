"""explain over several replicas and devices, each run in a process of its own, against evaluate."""

import os
import subprocess
import sys
import textwrap

import keras
import pytest

BACKEND = keras.backend.backend()

HEAD = """
import keras, numpy as np, lossbook as lb
from keras import layers

rng = np.random.default_rng(0)
x = rng.normal(size=(70, 5)).astype("float32")
labels = rng.integers(0, 3, 70)
y = np.eye(3, dtype="float32")[labels]

def model():
    dense = layers.Dense(3, "softmax", kernel_regularizer=keras.regularizers.L2(0.1))
    model = keras.Sequential([keras.Input((5,)), dense])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    return model

def agree(model, batch_size):
    reported = model.evaluate(x, y, batch_size=batch_size, verbose=0)[0]
    e = lb.explain(model, x, y, batch_size=batch_size)
    assert abs(e.reported - reported) <= 1e-6 * reported, (e.reported, reported)
    assert abs(e.residual) <= e.rounding, (e.residual, e.rounding)
    assert not e.notes, e.notes
    return e
"""


def run(code, **environment):
    """Run code in a fresh process; on failure show what it printed last."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    code = textwrap.dedent(code) + "import os\nos._exit(0)"  # a replica's threads end with it
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]


TWO_CPUS = (
    """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
"""
    + HEAD
)
REPLICAS = """
with strategy.scope():
    mirrored = model()
batch_size = 64  # the last batch is 6 rows, 3 each
e = agree(mirrored, batch_size)
first, second = e.by("replica")[0], e.by("replica")[1]
assert abs(first + second - e.total) < 1e-9 and min(first, second) > 0.2 * e.total
# the first replica has the first half of every batch: its rows by hand
p = mirrored.predict(x, verbose=0)
loss = -np.log(p[np.arange(70), labels])
rows = np.concatenate([np.arange(s, s + min(batch_size, 70 - s) // 2)
                       for s in range(0, 70, batch_size)])
by_hand = loss[rows].sum() / 70
parts = e.by("output", "replica")
np.testing.assert_allclose(parts["dense", 0], by_hand, rtol=1e-5)
np.testing.assert_allclose(e.by("sample")[5], loss[5] / 70, rtol=1e-5)
assert isinstance(lb.audit(mirrored, x, y), tuple)
# a table, and a waterfall, of what each replica adds
table = lb.plots.table(e, "replica", "true_class")
words = {text.get_text() for text in table.axes[0].texts}
assert {"replica 0", "replica 1", f"{first:.3g}", f"{second:.3g}"} <= words, words
bars = " ".join(f"replica {n} {v:.3g}," for n, v in
                sorted(e.by("replica").items(), key=lambda part: -part[1]))
said = e.plot("replica").alt
assert said.startswith(f"Waterfall of a loss by replica: {bars[:-1]}; they add up"), said
"""
OWN_STEPS = """
class Quarter(keras.Model):
    def compute_loss(self, *args, **kwargs):
        return 0.25 * super().compute_loss(*args, **kwargs)

class OwnStep(keras.Model):
    def test_step(self, data):
        rows, targets = data
        loss = self.compute_loss(rows, targets, self(rows), None)
        self._loss_tracker.update_state(loss, sample_weight=keras.ops.shape(rows)[0])
        return {"loss": self._loss_tracker.result()}

for kind in (Quarter, OwnStep):
    with strategy.scope():
        inputs = keras.Input((5,))
        own = kind(inputs, layers.Dense(3, "softmax", kernel_regularizer="l2")(inputs))
        own.compile("sgd", "categorical_crossentropy")
    reported = own.evaluate(x[:69], y[:69], batch_size=4, verbose=0)  # 1 row at the end, and none
    e = lb.explain(own, x[:69], y[:69], batch_size=4)
    assert abs(e.reported - reported) <= 1e-6 * reported
    assert abs(e.residual) <= e.rounding, (kind, e)
    found = lb.audit(own, x[:69], y[:69], batch_size=4)
    assert not [f for f in found if f.severity == "error"], (kind, found)

class Halved(Quarter):
    def get_metrics_result(self):
        return {name: value / 2 for name, value in super().get_metrics_result().items()}

with strategy.scope():
    halved = Halved(inputs, own.outputs[0])
    halved.compile("sgd", "categorical_crossentropy")
found = [f.code for f in lb.audit(halved, x[:69], y[:69], batch_size=4)]
assert "reported-not-computed" in found, found

def root(targets, predictions):  # one number; of a replica without a row it is NaN
    return keras.ops.sqrt(keras.ops.mean(keras.ops.square(targets - predictions)))

with strategy.scope():
    own = keras.Sequential([keras.Input((5,)), layers.Dense(3)])
    own.compile("sgd", root)
e = lb.explain(own, x[:69], y[:69], sample_weight=np.ones(69), batch_size=4)
assert np.isfinite(e.reported) and abs(e.residual) <= e.rounding and not e.notes, e

for strategy in (tf.distribute.OneDeviceStrategy("CPU:0"),
                 tf.distribute.MultiWorkerMirroredStrategy()):
    with strategy.scope():
        one = model()
    agree(one, 32)
"""


@pytest.mark.skipif(BACKEND != "tensorflow", reason="a strategy of TensorFlow")
def test_replicas_of_tensorflow():
    """REPLICAS=all takes models with losses and steps of their own as well, as `make fuzz` does."""
    run(TWO_CPUS + REPLICAS + OWN_STEPS * (os.environ.get("REPLICAS") == "all"))


@pytest.mark.skipif(BACKEND != "jax", reason="a distribution of JAX")
@pytest.mark.parametrize("kind", ["DataParallel", "ModelParallel"])
def test_devices_of_jax(kind):
    run(
        HEAD
        + f"""
devices = keras.distribution.list_devices()
assert len(devices) == 2
if {kind!r} == "DataParallel":
    distribution = keras.distribution.DataParallel(devices=devices)
else:
    mesh = keras.distribution.DeviceMesh((1, 2), ["batch", "model"], devices)
    layout = keras.distribution.LayoutMap(mesh)
    layout["dense/bias"] = (None,)
    distribution = keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch")
keras.distribution.set_distribution(distribution)
spread = model()
agree(spread, 10)
values = [np.array(v) for v in spread.variables]
try:
    lb.explain(spread, x[:69], y[:69], batch_size=10)  # an odd batch, which Keras may refuse
except Exception as error:
    print(type(error))
for variable, value in zip(spread.variables, values):
    np.testing.assert_array_equal(np.array(variable), value)
agree(spread, 10)
""",
        XLA_FLAGS="--xla_force_host_platform_device_count=2",
    )
