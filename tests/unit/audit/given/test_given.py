"""Errors of the user's own code, kinds of arrays, masks of NumPy, losses made in a loop."""

import functools

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

from lossbook._audit.examples import Example, compiled, drawn, passing, simplex, written
from lossbook._core import to_numpy
from tests.unit.audit.fixes import applied, audited, evaluated, the
from tests.unit.audit.planted import BACKEND

pytestmark = pytest.mark.filterwarnings(
    "ignore:Your input ran out of data",
    "ignore:.*masked element",
    "ignore:In the future",
)
ROWS = 11
X, Y = drawn(ROWS, 3), drawn(ROWS, 3, seed=1)


# --- errors of the user's own code

HEAD = "import keras\nimport numpy as np\nfrom keras import ops\n\n\n"
LOSSES = {
    "a name": "def loss(t, p):\n    return ops.mean(ops.square(t - p), axis=axes)",
    "an attribute": "def loss(t, p):\n    return ops.meen(t - p, axis=-1)",
    "a key": "def loss(t, p):\n    return {'a': 1.0}['b'] * t",
    "its own raise": (
        "def loss(t, p):\n    if p.shape[-1] != 4:\n        raise ValueError('four classes')\n"
        "    return t"
    ),
    "an assertion": "def loss(t, p):\n    assert t.shape[-1] == 7, 'seven'\n    return t",
    "shapes of its own": "def loss(t, p):\n    return t - ops.concatenate([p, p], axis=-1)",
    "a reshape": "def loss(t, p):\n    return ops.reshape(t, (7, 2))[:, 0]",
    "a division": "def loss(t, p):\n    return t / (1 // 0)",
    "a helper": (
        "def helper(a):\n    return undefined(a)\n\n\ndef loss(t, p):\n    return helper(p)"
    ),
    "arguments": "def loss(t, p):\n    return ops.mean(t, p, 1, 2, 3)",
    "no return": "def loss(t, p):\n    ops.mean(t - p, axis=-1)",
    "a class": (
        "class Own(keras.losses.Loss):\n    def call(self, t, p):\n"
        "        return self.alpha * t\n\n\nloss = Own()"
    ),
    "a class that is called": (
        "class Own(keras.losses.Loss):\n"
        "    def __call__(self, t, p, sample_weight=None):\n        return self.alpha * t\n\n\n"
        "loss = Own()"
    ),
}


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("name", LOSSES)
def test_an_error_of_a_loss_is_its_own(name, eager):
    if not eager and BACKEND == "torch":
        pytest.skip("PyTorch's compiler is not installed everywhere")
    source = HEAD + LOSSES[name] + "\n"
    loss = written("own_losses.py", source)["loss"]
    case = passing(X, Y, loss, options={"run_eagerly": eager})
    with pytest.raises(Exception):  # noqa: B017 - each backend has its own
        evaluated(case)
    finding = the(audited(case), "own-error")
    line = int(finding.evidence["at"].partition(":")[2].partition(",")[0])
    assert finding.message.startswith("The loss of output 'out' ")
    assert finding.evidence["line"] == source.splitlines()[line - 1].strip()
    assert f"Mend line {line} of own_losses.py" in finding.fix
    assert finding.evidence["y_true.shape"] == (ROWS, 3) and "Give y_true" not in finding.fix


def test_a_shape_that_the_loss_cannot_take_is_still_the_targets():
    for loss in (losses.mean_squared_error, lambda t, p: ops.mean(ops.square(t - p), axis=-1)):
        finding = the(audited(passing(X, Y[:, :2], loss)), "targets-refused")
        assert finding.fix == "Give y_true the shape (11, 3)."


class Scaled(layers.Layer):
    """A layer that breaks after it was built."""

    broken = False

    def call(self, x):
        return x * self.missing if self.broken else x * 1.0


class Summing(keras.metrics.Metric):
    def update_state(self, y_true, y_pred, sample_weight=None):
        raise RuntimeError("no such thing")

    def result(self):
        return 0.0


def metric(y_true, y_pred):
    return ops.mean(y_true) + undefined  # noqa: F821


def broken_layer():
    layer = Scaled(name="scaled")
    model = compiled(keras.Sequential([keras.Input((3,)), layer]), "mse")
    layer.broken = True
    return Example(model, {"x": X, "y": Y})


def yielding(batches):
    for _ in range(batches):
        yield X, Y
    yield X, undefined  # noqa: F821


class Batches(keras.utils.PyDataset):
    def __init__(self, good):
        super().__init__()
        self.good = good

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return (X, Y) if i < self.good else (X, {}["q"])


OTHERS = {
    "a layer": (broken_layer, "The layer 'scaled' raises AttributeError", "in call"),
    "a metric": (
        lambda: passing(X, Y, "mse", options={"metrics": [Summing(name="summing")]}),
        "The metric 'summing' raises RuntimeError: no such thing",
        "in update_state",
    ),
    "a metric function": (
        lambda: passing(X, Y, "mse", options={"metrics": [metric]}),
        "NameError: name 'undefined' is not defined",
        "in metric",
    ),
    "a generator": (
        lambda: Example(passing(X, Y, "mse").model, {"x": yielding(2)}),
        "The generator raises NameError",
        "in yielding",
    ),
    "a generator at once": (
        lambda: Example(passing(X, Y, "mse").model, {"x": yielding(0)}),
        "NameError",
        "in yielding",
    ),
    "a PyDataset": (
        lambda: Example(passing(X, Y, "mse").model, {"x": Batches(1)}),
        "KeyError: 'q'",
        "in __getitem__",
    ),
    "a PyDataset at once": (
        lambda: Example(passing(X, Y, "mse").model, {"x": Batches(0)}),
        "KeyError: 'q'",
        "in __getitem__",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_error_of_another_part_is_its_own(name):
    make, words, at = OTHERS[name]
    (finding,) = audited(make())
    assert finding.code == "own-error" and words in finding.message
    assert finding.evidence["at"].startswith("test_given.py:") and at in finding.evidence["at"]
    head = repr(audited(make())).splitlines()[1]
    assert head.startswith(("Seen: ", "Nothing was computed: Keras refuses this, or fails."))


# --- kinds of arrays

NAMES = np.array(["cat", "dog", "emu", "dog"])
CLASSES = np.array([0, 1, 2, 1])
PROBABILITIES = simplex(4, 3)


def numbered(y):
    return passing(PROBABILITIES, y, "sparse_categorical_crossentropy")


def days():
    return np.datetime64("2020-01-01") + np.arange(4).astype("timedelta64[D]")


def structured():
    y = np.zeros(4, dtype=[("u", "f4"), ("v", "f4")])
    y["u"], y["v"] = 1, 2
    return y


SPARSE = "sparse_categorical_crossentropy"
KINDS = {  # name: (case, what y should have been)
    "names": (lambda: numbered(NAMES), CLASSES),
    "names in a column": (lambda: numbered(NAMES[:, None]), CLASSES[:, None]),
    "names as objects": (lambda: numbered(NAMES.astype(object)), CLASSES),
    "bytes": (lambda: numbered(NAMES.astype("S")), CLASSES),
    "numbers as strings": (lambda: numbered(CLASSES.astype(str)), CLASSES),
    "numbers as objects": (lambda: numbered(CLASSES.astype(object)), CLASSES),
    "a list of numbers": (lambda: numbered(CLASSES.tolist()), CLASSES),
    "a list of rows": (
        lambda: passing(drawn(4, 3), drawn(4, 3, seed=1).tolist(), "mse"),
        drawn(4, 3, seed=1),
    ),
    "rows as objects": (
        lambda: passing(drawn(4, 3), np.array([[1, 2, 3.5]] * 4, dtype=object), "mse"),
        np.array([[1, 2, 3.5]] * 4),
    ),
    "dates": (lambda: passing(drawn(4, 1), days()[:, None], "mse"), np.arange(4.0)[:, None]),
    "durations": (
        lambda: passing(drawn(4, 1), (days() - days()[0])[:, None], "mse"),
        np.arange(4.0)[:, None],
    ),
    "fields": (lambda: passing(drawn(4, 2), structured(), "mse"), np.array([[1.0, 2.0]] * 4)),
    "rows of unequal length": (
        lambda: passing(
            drawn(4, 3),
            np.array([[1.0], [1.0, 2.0], [1.0, 2.0, 3.0], [4.0]], dtype=object),
            "mse",
        ),
        np.array([[1, 0, 0], [1, 2, 0], [1, 2, 3], [4, 0, 0]]),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_that_keras_refuses(name):
    make, meant = KINDS[name]
    with pytest.raises(Exception):  # noqa: B017 - each backend has its own
        evaluated(make())
    finding = the(audited(make()), "kind-refused")
    mended = applied(finding, make())
    np.testing.assert_allclose(np.asarray(mended.data["y"], float), meant)
    case = make()
    expected = case.model.evaluate(case.data["x"], meant, verbose=0)
    assert evaluated(mended) == pytest.approx(expected, rel=1e-5)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tensors of TensorFlow")
@pytest.mark.parametrize("kind", ["ragged", "sparse", "strings"])
def test_a_kind_of_tensorflow(kind):
    import tensorflow as tf

    y = {
        "ragged": lambda: tf.ragged.constant([[1.0], [1.0, 2.0], [1.0, 2.0, 3.0], [4.0]]),
        "sparse": lambda: tf.sparse.from_dense(drawn(4, 3, seed=1)),
        "strings": lambda: tf.constant(NAMES),
    }[kind]()
    case = passing(PROBABILITIES, y, SPARSE if kind == "strings" else "mse")
    found = [one.code for one in audited(case) if one.severity == "error"]
    assert found == ["kind-refused"]
    if kind != "strings":
        mended = applied(the(audited(case), "kind-refused"), case)
        assert np.isfinite(evaluated(mended))


WEIGHT_KINDS = {
    "strings": np.array(["1", "2", "3", "4"]),
    "objects": np.array([1, 2, 3, 4], dtype=object),
    "a list": [1.0, 2.0, 3.0, 4.0],
}


@pytest.mark.parametrize("name", WEIGHT_KINDS)
def test_weights_of_a_kind_that_keras_refuses(name):
    case = passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=WEIGHT_KINDS[name])
    mended = applied(the(audited(case), "kind-refused"), case)
    by_row = np.square(drawn(4, 3) - drawn(4, 3, seed=1)).mean(-1)
    assert evaluated(mended) == pytest.approx((by_row * [1, 2, 3, 4]).sum() / 4, rel=1e-5)


MASKS = {
    "rows": np.repeat([[False], [True], [False], [False]], 3, axis=1),
    "elements": np.eye(4, 3, dtype=bool),
    "all but one": np.arange(12).reshape(4, 3) > 0,
}


@pytest.mark.parametrize("name", MASKS)
def test_the_mask_of_a_numpy_array(name):
    plain, mask = drawn(4, 3, seed=1), MASKS[name]

    def make():
        y = np.ma.masked_array(np.where(mask, 1000, plain).astype("float32"), mask=mask)
        return passing(drawn(4, 3), y, "mse")

    assert evaluated(make()) > 1e4  # Keras counts what lies under the mask
    mended = applied(the(audited(make()), "masked-array"), make())
    square, keep = np.square(drawn(4, 3) - plain), ~mask
    rows = (square * keep).sum(-1) / np.maximum(keep.sum(-1), 1)
    meant = rows[keep.any(-1)].mean() if name == "rows" else rows.mean()
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)
    assert not [one for one in audited(mended) if one.severity == "error"]


@pytest.mark.parametrize("name", MASKS)
def test_the_mask_of_a_numpy_array_under_a_loss_with_options(name):
    plain, mask = 3 * drawn(4, 3, seed=1), MASKS[name]
    y = np.ma.masked_array(np.where(mask, 1000, plain).astype("float32"), mask=mask)
    case = passing(drawn(4, 3), y, losses.Huber(delta=0.25))
    mended = applied(the(audited(case), "masked-array"), case)
    off, keep = np.abs(drawn(4, 3) - plain), ~mask
    huber = np.where(off <= 0.25, off**2 / 2, 0.25 * off - 0.25**2 / 2)
    rows = (huber * keep).sum(-1) / np.maximum(keep.sum(-1), 1)
    meant = rows[keep.any(-1)].mean() if name == "rows" else rows.mean()
    assert evaluated(mended) == pytest.approx(meant, rel=1e-5)


def test_a_loss_that_no_code_is_known_for_is_told_so():
    y = np.ma.masked_array(drawn(4, 3, seed=1), mask=MASKS["elements"])
    finding = the(audited(passing(drawn(4, 3), y, lambda t, p: ops.square(t - p))), "masked-array")
    assert finding.fix == (
        "Fill it, `y = y.filled(np.nan)`, and let the loss leave out where y_true is NaN."
    )


def test_the_mask_of_inputs_and_of_weights():
    x = np.ma.masked_array(drawn(4, 3), mask=MASKS["elements"])
    weight = np.ma.masked_array(np.ones(4), mask=[True, False, False, False])
    for name, case in (
        ("x", passing(x, drawn(4, 3, seed=1), "mse")),
        ("sample_weight", passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=weight)),
    ):
        finding = the(audited(case), "masked-array")
        assert finding.message.startswith(f"{name} is a NumPy masked array")
        assert "masked-array" not in [one.code for one in audited(applied(finding, case))]


def test_a_mask_of_nothing_and_other_plain_kinds_are_sound():
    for y in (
        np.ma.masked_array(Y, mask=np.zeros(Y.shape, bool)),
        Y.astype("float64"),
        Y.astype("float16"),
        (Y > 0.5),
        (Y > 0.5).astype("uint8"),
        ops.convert_to_tensor(Y),
        [Y],
    ):
        codes = [one.code for one in audited(passing(X, y, "mse"))]
        assert not {"masked-array", "kind-refused"} & set(codes), (type(y), codes)


def test_bool_weights_are_those_of_keras():
    weight = np.array([True, False, True, True])
    case = passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=weight)
    as_numbers = passing(
        drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=weight.astype("float32")
    )
    assert evaluated(case) == pytest.approx(evaluated(as_numbers), rel=1e-6)
    (finding,) = audited(case)
    (other,) = audited(as_numbers)
    assert str(finding) == str(other) and finding.code == "weights-zero"


# --- losses made in a loop

LOOP = "from keras import ops\n\nquantiles = (0.1, 0.5, 0.9)\n"
LOOPS = {
    "a list": "losses = [lambda t, p: ops.mean(q * (t - p), axis=-1) for q in quantiles]",
    "a for": (
        "losses = []\nfor q in quantiles:\n"
        "    losses.append(lambda t, p: ops.mean(q * (t - p), axis=-1))"
    ),
    "a def": (
        "losses = []\nfor q in quantiles:\n    def loss(t, p):\n"
        "        return ops.mean(q * (t - p), axis=-1)\n    losses.append(loss)"
    ),
    "in a function": (
        "def made():\n    found = []\n    for q in quantiles:\n"
        "        found.append(lambda t, p: ops.mean(q * (t - p), axis=-1))\n    return found\n"
        "losses = made()"
    ),
    "a variable of the loop's body": (
        "losses = []\nfor q in quantiles:\n    weight = 2 * q\n"
        "    losses.append(lambda t, p: ops.mean(weight * (t - p), axis=-1))"
    ),
    "two variables": (
        "losses = [lambda t, p: ops.mean(q * (t - i), axis=-1) for i, q in enumerate(quantiles)]"
    ),
    "a tensor": (
        "losses = []\nfor row in ops.eye(3):\n"
        "    losses.append(lambda t, p: ops.mean(row[0] * (t - p), axis=-1))"
    ),
    "a while": (
        "losses, q = [], 0.0\nwhile q < 0.3:\n    q += 0.1\n"
        "    losses.append(lambda t, p: ops.mean(q * (t - p), axis=-1))"
    ),
}
BOUND = {
    "a default": "losses = [lambda t, p, q=q: ops.mean(q * (t - p), axis=-1) for q in quantiles]",
    "a maker": (
        "def pinball(q):\n    return lambda t, p: ops.mean(q * (t - p), axis=-1)\n"
        "losses = [pinball(q) for q in quantiles]"
    ),
    "one loss three times": (
        "def loss(t, p):\n    return ops.mean(t - p, axis=-1)\nlosses = [loss] * 3"
    ),
    "nothing of the loop": (
        "scale = 2.0\nlosses = [lambda t, p: ops.mean(scale * (t - p), axis=-1) for _ in range(3)]"
    ),
    "an array of outside": (
        "table = ops.eye(3)\n"
        "losses = [lambda t, p: ops.mean(table[0] * (t - p), axis=-1) for _ in quantiles]"
    ),
}


def heads(source):
    loss = written("loops.py", LOOP + source + "\n")["losses"]
    inputs = keras.Input((3,))
    outputs = [layers.Activation("linear", name=f"head_{i}")(inputs) for i in range(3)]
    y = [drawn(4, 3, seed=i) for i in range(1, 4)]
    return Example(compiled(keras.Model(inputs, outputs), loss[:3]), {"x": drawn(4, 3), "y": y})


@pytest.mark.parametrize("name", LOOPS)
def test_losses_of_a_loop_that_read_its_last_value(name):
    case = heads(LOOPS[name])
    first, *others = (
        to_numpy(loss(*map(ops.convert_to_tensor, (Y, X)))) for loss in case.model.loss
    )
    for other in others:  # they are one loss
        np.testing.assert_array_equal(first, other)
    finding = the(audited(case), "last-of-a-loop")
    assert finding.message.startswith("3 losses were made in one place, loops.py:")


@pytest.mark.parametrize("name", BOUND)
def test_losses_of_a_loop_that_bind_their_value(name):
    assert "last-of-a-loop" not in [one.code for one in audited(heads(BOUND[name]))]


def test_a_partial_binds_its_value():
    def pinball(q, y_true, y_pred):
        return ops.mean(q * (y_true - y_pred), axis=-1)

    case = heads(BOUND["a default"])
    case.model.compile("sgd", [functools.partial(pinball, q) for q in (0.1, 0.5, 0.9)])
    assert "last-of-a-loop" not in [one.code for one in audited(case)]
