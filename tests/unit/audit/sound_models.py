"""Sound models of many kinds, most of them trained to convergence: audit has nothing to say.

    python -m tests.unit.audit.sound_models        builds, trains and audits all of them

`SAMPLE` says which of them `make test` takes. A warning that a practitioner would call wrong is
listed in `ACCEPTED`, with the reason why it stays.
"""

import os
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers, losses, ops

import lossbook as lb

MODELS = {}
_BATCH = {"loss-reduces-batch": "so it is, and with such a loss on purpose"}
ACCEPTED = {"unusual: survival": _BATCH, "unusual: a mask in y": _BATCH}
BACKEND = keras.backend.backend()


def sound(*names):
    """Register a function that takes one of these names and returns (model, data)."""

    def register(function):
        for name in names:
            MODELS[f"{function.__name__}: {name}"] = lambda name=name: function(name)
        return function

    return register


def numbers(rows=128, features=4, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, features)).astype("float32")


def trained(inputs, outputs, loss, x, y, epochs=20, rate=0.02, **options):
    """Compile and train a functional model; return it."""
    weights = {k: options.pop(k) for k in ("sample_weight", "class_weight") if k in options}
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(rate), loss, jit_compile=False, **options)
    if epochs:
        model.fit(x, y, epochs=epochs, verbose=0, batch_size=32, **weights)
    return model, {"x": x, "y": y, **weights}


def dense(units, activation=None, hidden=8, **options):
    """Return inputs (4,) and one output."""
    inputs = keras.Input((4,))
    x = layers.Dense(hidden, activation="tanh")(inputs) if hidden else inputs
    return inputs, layers.Dense(units, activation=activation, **options)(x)


SLOPES = np.array([[1.0], [2.0], [-1.0], [0.5]], "float32")


@sound("mse", "mae", "huber", "log_cosh", "noisy", "no signal", "untrained", "large targets")
def regression(name):
    x = numbers()
    y = x @ SLOPES
    if name in ("noisy", "no signal"):
        y = (name == "noisy") * y + 2 * numbers(128, 1, seed=9)
    y = y * 1000 if name == "large targets" else y
    loss = name if name in ("mae", "huber", "log_cosh") else "mse"
    return trained(*dense(1, hidden=0), loss, x, y, 0 if name == "untrained" else 60, 0.05)


@sound("L2 on a solved problem", "L1", "L2, wide and trained", "L2, deep and untrained", "noise")
def penalised(name):
    x = numbers()
    y = x @ SLOPES + (name == "noise") * 3 * numbers(128, 1, seed=5)
    penalty = keras.regularizers.L1(1e-3) if name == "L1" else keras.regularizers.L2(1e-3)
    if name in ("L2, wide and trained", "L2, deep and untrained"):
        inputs = h = keras.Input((4,))
        for _ in range(4 if "deep" in name else 1):
            h = layers.Dense(64, activation="relu", kernel_regularizer=penalty)(h)
        outputs = layers.Dense(1, kernel_regularizer=penalty)(h)
        return trained(inputs, outputs, "mse", x, y / 3, 0 if "untrained" in name else 40)
    return trained(*dense(1, hidden=0, kernel_regularizer=penalty), "mse", x, y, 80, 0.05)


@sound("softmax", "logits", "one-hot", "smoothed", "focal", "class weights", "L2", "untrained")
def classes(name):
    x = numbers()
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0.3)
    logits = name in ("logits", "class weights")
    loss = losses.SparseCategoricalCrossentropy(from_logits=logits)
    if name in ("one-hot", "smoothed", "focal"):
        y = np.eye(3, dtype="float32")[y]
        loss = losses.CategoricalCrossentropy(label_smoothing=0.1 * (name == "smoothed"))
        loss = losses.CategoricalFocalCrossentropy() if name == "focal" else loss
    more = {"class_weight": {0: 1.1, 1: 0.9, 2: 1.05}} if name == "class weights" else {}
    options = {"kernel_regularizer": keras.regularizers.L2(1e-3)} if name == "L2" else {}
    both = dense(3, None if logits else "softmax", **options)
    return trained(*both, loss, x, y, 0 if name == "untrained" else 60, **more)


@sound("sigmoid", "logits", "rare", "rare and weighted", "rare and untrained", "soft", "focal")
def yes_or_no(name):
    x = numbers(300)
    y = (x[:, :1] > (2.0 if "rare" in name else 0)).astype("float32")
    loss = "binary_focal_crossentropy" if name == "focal" else "binary_crossentropy"
    loss = losses.BinaryCrossentropy(from_logits=True) if name == "logits" else loss
    y = (1 / (1 + np.exp(-3 * x[:, :1]))).astype("float32") if name == "soft" else y
    more = {}
    if name == "rare and weighted":
        share = float(y.mean())
        more = {"class_weight": {0: 0.5 / (1 - share), 1: 0.5 / share}}
    both = dense(1, None if name == "logits" else "sigmoid")
    return trained(*both, loss, x, y, 0 if "untrained" in name else 100, **more)


@sound("sigmoid", "logits", "untrained", "unequal labels", "weights of all labels")
def multi_label(name):
    x = numbers()
    y = (x[:, :3] > np.array([0, 0.5, 1.0 if name == "unequal labels" else 0])).astype("float32")
    if name == "weights of all labels":
        inputs, outputs = dense(3, "sigmoid")
        weight = np.where(y == 1, 1.2, 0.8)[..., None].astype("float32")[..., 0]
        outputs = layers.Reshape((3, 1))(outputs)
        return trained(
            inputs, outputs, "binary_crossentropy", x, y[..., None], 40, sample_weight=weight
        )
    loss = losses.BinaryCrossentropy(from_logits=name == "logits")
    both = dense(3, None if name == "logits" else "sigmoid")
    return trained(*both, loss, x, y, 0 if name == "untrained" else 60)


@sound("importance", "exposure", "positions")
def weighted(name):
    x = numbers()
    weight = np.random.default_rng(1).gamma(2.0, 0.5, 128).astype("float32")
    if name == "positions":
        inputs = keras.Input((5, 4))
        x = np.repeat(x[:, None], 5, 1)
        outputs = layers.Dense(1)(inputs)
        weight = np.repeat(weight[:, None], 5, 1)
        return trained(inputs, outputs, "mse", x, x @ SLOPES, 20, sample_weight=weight)
    loss = "poisson" if name == "exposure" else "mse"
    y = np.random.default_rng(2).poisson(np.exp(0.3 * x[:, :1])).astype("float32")
    both = dense(1, "softplus" if name == "exposure" else None)
    return trained(*both, loss, x, y, 20, sample_weight=weight)


@sound("one solved", "one solved and one noise", "auxiliary", "a class and a number", "cosine")
def two_heads(name):
    x = numbers()
    inputs = keras.Input((4,))
    a, b = layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)
    y = [x @ SLOPES, x @ SLOPES[::-1] + 2 * numbers(128, 1, seed=4) * ("noise" in name)]
    loss, more = ["mse", "mse"], {}
    if name == "one solved":
        y[1] = y[1] + numbers(128, 1, seed=4)
    if name == "auxiliary":
        more = {"loss_weights": [1.0, 0.01]}
    if name == "a class and a number":
        b = layers.Dense(1, activation="sigmoid", name="c")(inputs)
        y[1], loss = (x[:, :1] > 0).astype("float32"), ["mse", "binary_crossentropy"]
    if name == "cosine":
        b = layers.Dense(2, name="d")(inputs)
        y[1], loss = x[:, :2], ["mse", "cosine_similarity"]
    return trained(inputs, [a, b], loss, x, y, 100, 0.05, **more)


class Sampling(layers.Layer):
    """The KL term of a variational autoencoder, one number for the batch."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor
        self.seed = keras.random.SeedGenerator(1)

    def call(self, mean, log_var):
        kl = -0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=-1)
        self.add_loss(self.factor * ops.mean(kl))
        noise = keras.random.normal(ops.shape(mean), seed=self.seed)
        return mean + ops.exp(0.5 * log_var) * noise


@sound("small KL", "KL and sums", "untrained")
def vae(name):
    x = numbers(128, 2) @ np.random.default_rng(3).normal(size=(2, 12)).astype("float32")
    inputs = keras.Input((12,))
    h = layers.Dense(16, activation="tanh")(inputs)
    z = Sampling(0.01 if name == "small KL" else 1 / 12)(layers.Dense(2)(h), layers.Dense(2)(h))
    outputs = layers.Dense(12)(layers.Dense(16, activation="tanh")(z))
    return trained(inputs, outputs, "mse", x, x, 0 if name == "untrained" else 40)


@sound("dense", "images", "denoising")
def autoencoder(name):
    x = np.random.default_rng(0).uniform(0, 1, (64, 4, 4, 1)).astype("float32")
    inputs = keras.Input((4, 4, 1))
    h = inputs
    if name == "images":
        h = layers.Conv2D(4, 3, padding="same", activation="relu")(h)
    h = layers.Dense(8, activation="relu")(layers.Flatten()(h))
    h = layers.Dropout(0.2)(h) if name == "denoising" else h
    outputs = layers.Reshape((4, 4, 1))(layers.Dense(16, activation="sigmoid")(h))
    return trained(inputs, outputs, "binary_crossentropy", x, x, 20)


@sound("trained", "untrained", "padded labels")
def ctc(name):
    rng = np.random.default_rng(0)
    y = rng.integers(1, 4, (32, 3))
    if name == "padded labels":
        y[::2, 2] = 0
    x = np.repeat(np.eye(4, dtype="float32")[y], 3, 1)
    inputs = keras.Input((9, 4))
    outputs = layers.Dense(4)(layers.Conv1D(8, 3, padding="same", activation="relu")(inputs))
    return trained(inputs, outputs, losses.CTC(), x, y, 0 if name == "untrained" else 30)


@sound("rare class", "rare and untrained", "dice", "tversky", "dice per image", "one-hot")
def segmentation(name):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 8, 8, 1)).astype("float32")
    y = (x > (1.8 if "rare" in name else 0.5)).astype("float32")
    inputs = keras.Input((8, 8, 1))
    h = layers.Conv2D(8, 1, activation="relu")(inputs)
    loss = {
        "dice": losses.Dice(),
        "tversky": losses.Tversky(),
        "dice per image": losses.Dice(axis=(1, 2, 3)),
    }.get(name, "binary_crossentropy")
    if name == "one-hot":
        y = np.concatenate([1 - y, y], -1)
        outputs = layers.Conv2D(2, 1, activation="softmax")(h)
        return trained(inputs, outputs, "categorical_crossentropy", x, y, 30)
    outputs = layers.Conv2D(1, 1, activation="sigmoid")(h)
    epochs = {"rare class": 400, "rare and untrained": 0}.get(name, 60)
    return trained(inputs, outputs, loss, x, y, epochs, 0.05)


@sound("tf.data", "PyDataset", "generator", "repeated")
def delivered(name):
    x = numbers()
    model, data = trained(*dense(1, hidden=0), "mse", x, x @ SLOPES, 20)
    if name == "generator":
        return model, {"x": ((x[i : i + 32], data["y"][i : i + 32]) for i in range(0, 128, 32))}
    if name == "PyDataset" or BACKEND != "tensorflow":

        class Sequence(keras.utils.PyDataset):
            num_batches = 4

            def __getitem__(self, i):
                return x[32 * i : 32 * i + 32], data["y"][32 * i : 32 * i + 32]

        return model, {"x": Sequence()}
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices((x, data["y"])).shuffle(64).batch(32)
    if name == "repeated":
        return model, {"x": dataset.repeat(), "steps": 3}
    return model, {"x": dataset}


@sound("one device")
def strategy(name):
    if BACKEND != "tensorflow":
        return regression("mse")
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        inputs, outputs = dense(1, hidden=0)
        return trained(inputs, outputs, "mse", numbers(), numbers() @ SLOPES, 20)


@sound("words", "untrained words", "masked", "tags", "next characters", "many rare words")
def language(name):
    rng = np.random.default_rng(0)
    size = 200 if name == "many rare words" else 20
    tokens = np.minimum(rng.zipf(1.3, (64, 12)), size - 1)
    if name == "masked":
        tokens[::2, 8:] = 0
        tokens[1::4, 5:] = 0
    y = np.roll(tokens, -1, 1) if name != "tags" else tokens % 3
    inputs = keras.Input((12,), dtype="int32")
    h = layers.Embedding(size, 8, mask_zero=name == "masked")(inputs)
    h = layers.GRU(8, return_sequences=True)(h) if name != "tags" else h
    outputs = layers.Dense(3 if name == "tags" else size, activation="softmax")(h)
    epochs = 0 if "untrained" in name else 8
    return trained(inputs, outputs, "sparse_categorical_crossentropy", tokens, y, epochs)


def distances(y_true, y_pred):
    """The contrastive loss of pairs, one value per row."""
    return ops.mean(
        y_true * ops.square(y_pred) + (1 - y_true) * ops.square(ops.maximum(1 - y_pred, 0)), -1
    )


@sound("pairs", "cosine", "circle")
def metric_learning(name):
    x = numbers()
    if name == "pairs":
        one, two = keras.Input((4,)), keras.Input((4,))
        embed = layers.Dense(3)
        outputs = layers.Lambda(
            lambda z: ops.sqrt(ops.sum(ops.square(z), -1, keepdims=True) + 1e-6),
            output_shape=(1,),
        )(layers.Subtract()([embed(one), embed(two)]))
        y = (np.arange(128)[:, None] % 2).astype("float32")
        return trained([one, two], outputs, distances, [x, x + (1 - y)], y, 20)
    if name == "cosine":
        return trained(*dense(3), "cosine_similarity", x, x[:, :3], 30)
    y = (np.arange(128) % 4).astype("int32")
    inputs = keras.Input((4,))
    outputs = layers.UnitNormalization()(layers.Dense(3)(inputs))
    return trained(inputs, outputs, losses.Circle(), x + y[:, None], y, 5)


@sound("batch normalisation", "dropout", "layer normalisation", "stateful", "attention", "LSTM")
def layered(name):
    x = numbers(128, 20).reshape(128, 5, 4)
    inputs = keras.Input((5, 4))
    h = {
        "batch normalisation": layers.BatchNormalization(),
        "dropout": layers.Dropout(0.5),
        "layer normalisation": layers.LayerNormalization(),
        "LSTM": layers.LSTM(4, return_sequences=True),
    }.get(name, layers.Dense(4))(inputs)
    if name == "attention":
        h = layers.MultiHeadAttention(2, 4)(h, h)
    if name == "stateful":
        inputs = keras.Input(batch_shape=(32, 5, 4))
        h = layers.GRU(4, stateful=True, return_sequences=True)(inputs)
    outputs = layers.Dense(1)(h)
    return trained(inputs, outputs, "mse", x, x @ SLOPES, 10)


@sound("one number", "rows", "class", "quantiles", "with epsilon")
def own_loss(name):
    class Own(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    def pinball(y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(0.9 * error, -0.1 * error), axis=-1)

    loss = {
        "one number": lambda t, p: ops.mean(ops.square(t - p)),
        "rows": lambda t, p: ops.mean(ops.square(t - p), axis=-1),
        "class": Own(),
        "quantiles": pinball,
        "with epsilon": lambda t, p: ops.mean(ops.sqrt(ops.square(t - p) + 1e-6), axis=-1),
    }[name]
    x = numbers(127)
    return trained(*dense(1), loss, x, x @ SLOPES, 20)


def _known(t, p):
    """A crossentropy of labels that are known, by hand."""
    values = losses.binary_crossentropy(ops.maximum(t, 0)[..., None], p[..., None])
    return ops.sum(ops.where(t < 0, 0.0, values), -1)


def _normal(t, p):
    mean, log = ops.split(p, 2, -1)
    return ops.mean(log + 0.5 * ops.square((t - mean) / ops.exp(log)), -1)


def _triplets(t, p):
    anchor, near, far = ops.split(p, 3, -1)
    apart = (ops.mean(ops.square(anchor - one), -1) for one in (near, far))
    return ops.maximum(0.0, next(apart) - next(apart) + 0.2)


def _dice_of_logits(t, p):
    p = ops.sigmoid(p)
    return 1 - (2 * ops.sum(t * p, -1) + 1) / (ops.sum(t + p, -1) + 1)


OWN = {  # units, activation, targets of x, loss
    "labels unknown": (4, "sigmoid", lambda x: np.where(x > 1, -1.0, x > 0), _known),
    "normal": (2, None, lambda x: x @ SLOPES, _normal),
    "triplets": (9, None, lambda x: 0 * x[:, :1], _triplets),
    "Dice of logits": (4, None, lambda x: x > 0, _dice_of_logits),
    "margin": (
        4,
        None,
        lambda x: np.eye(4)[x.argmax(-1)],
        lambda t, p: losses.categorical_crossentropy(t, 4 * (p - 0.2 * t), from_logits=True),
    ),
    "critic": (1, None, lambda x: np.sign(x[:, :1]), lambda t, p: ops.mean(t * ops.tanh(p), -1)),
    "hinge of 0 and 1": (
        1,
        None,
        lambda x: x[:, :1] > 0,
        lambda t, p: ops.mean(ops.maximum(1 - (2 * t - 1) * p, 0), -1),
    ),
    "least squares of labels": (
        1,
        None,
        lambda x: x[:, :1] > 0,
        lambda t, p: ops.mean(ops.square(t - p), -1),
    ),
    "pixels from a sigmoid": (
        4,
        "sigmoid",
        lambda x: 255 / (1 + np.exp(-x)),
        lambda t, p: ops.mean(ops.square(t / 255 - p), -1),
    ),
}


@sound(*OWN)
def what_own_losses_take(name):
    units, activation, targets, loss = OWN[name]
    x = numbers()
    return trained(*dense(units, activation), loss, x, targets(x).astype("float32"), 20)


def _at(mark):
    """Return a mean of squares over what isn't this mark, by hand."""

    def loss(t, p):
        known = ops.cast(t != mark, "float32")
        return ops.sum(ops.square(t - p) * known, -1) / ops.maximum(ops.sum(known, -1), 1.0)

    return loss


def _rest_unknown(x, mark):
    return np.where(np.arange(4) < 1 + np.arange(len(x))[:, None] % 4, x, mark)


def _noisy_labels(t, p):
    """The symmetric crossentropy: that of the labels, and that of the predictions."""
    return 0.1 * losses.categorical_crossentropy(t, p) - ops.sum(
        p * ops.log(ops.clip(t, 1e-4, 1)), -1
    )


def _evidential(t, p):
    mean, alpha = p[:, :1], 1.1 + ops.softplus(p[:, 1:])
    return (ops.log(alpha) + (alpha + 0.5) * ops.log1p(ops.square(t - mean) / alpha))[:, 0]


def _cox(t, p):
    """Of survival: the risk of each row against those of the rows that live longer."""
    later = ops.cast(t[:, 0][None] >= t[:, 0][:, None], "float32")
    return ops.log(ops.sum(later * ops.exp(p[:, 0])[None], -1)) - p[:, 0]


def _mixture(t, p):
    weight, mean, log = ops.split(p, 3, -1)
    log = ops.clip(log, -4, 4)
    parts = ops.log_softmax(weight, -1) - log - 0.5 * ops.square((t - mean) / ops.exp(log))
    return -ops.logsumexp(parts, -1)


UNUSUAL = {  # units, activation, targets of x, loss
    "steps left out, 0": (4, None, lambda x: _rest_unknown(x, 0), _at(0)),
    "steps left out, -1": (4, None, lambda x: _rest_unknown(np.abs(x), -1), _at(-1)),
    "crossentropy by hand": (
        4,
        "softmax",
        lambda x: np.eye(4)[x.argmax(-1)],
        lambda t, p: -ops.mean(t * ops.log(p + 1e-7), -1),
    ),
    "weighed by targets": (
        4,
        None,
        lambda x: np.maximum(x, 0),
        lambda t, p: ops.mean(t * ops.square(t - p), -1),
    ),
    "sum of steps that count": (
        4,
        None,
        lambda x: _rest_unknown(x, 0),
        lambda t, p: ops.sum(ops.square(t - p) * ops.cast(t != 0, "float32"), -1),
    ),
    "noisy labels": (4, "softmax", lambda x: np.eye(4)[x.argmax(-1)], _noisy_labels),
    "evidential": (2, None, lambda x: x @ SLOPES, _evidential),
    "survival": (1, None, lambda x: np.exp(x @ SLOPES / 3), _cox),
    "mixture": (6, None, lambda x: x @ SLOPES, _mixture),
    "rates by a softplus": (1, "softplus", lambda x: np.round(np.exp(x[:, :1])), "poisson"),
    "large rates": (1, "exponential", lambda x: np.round(200 + 20 * x[:, :1]), "poisson"),
    "small rates": (1, "softplus", lambda x: 1.0 * (x[:, :1] > 1.5), "poisson"),
    "gamma": (
        1,
        "softplus",
        lambda x: np.exp(x[:, :1]),
        lambda t, p: t / (p + 1e-6) + ops.log(p + 1e-6),
    ),
    "weights in y": (
        1,
        None,
        lambda x: np.concatenate([x @ SLOPES, np.exp(x[:, :1])], -1),
        lambda t, p: t[:, 1] * ops.square(t[:, 0] - p[:, 0]),
    ),
    "a mask in y": (
        1,
        None,
        lambda x: np.concatenate([x @ SLOPES, x[:, :1] > 0], -1),
        lambda t, p: ops.sum(t[:, 1] * ops.square(t[:, 0] - p[:, 0])) / (ops.sum(t[:, 1]) + 1e-6),
    ),
    "prices": (1, None, lambda x: np.round(1e8 * (2 + x[:, :1])) / 1e8, "mse"),
    "ranks": (
        4,
        None,
        lambda x: x,
        lambda t, p: (
            ops.logsumexp(p - ops.max(t, -1)[:, None], -1) - ops.sum(p * ops.softmax(4 * t), -1)
        ),
    ),
    "ordinal": (
        3,
        "sigmoid",
        lambda x: 1.0 * (x[:, :1] > np.array([-1, 0, 1])),
        "binary_crossentropy",
    ),
    "relative": (
        1,
        "softplus",
        lambda x: 1 + np.exp(x[:, :1]),
        lambda t, p: ops.mean(ops.abs(t - p) / t, -1),
    ),
    "angles": (
        2,
        None,
        lambda x: np.stack([np.sin(x[:, 0]), np.cos(x[:, 0])], -1),
        lambda t, p: 1 - ops.sum(t * p, -1) / (ops.norm(p, axis=-1) + 1e-6),
    ),
}


@sound(*UNUSUAL)
def unusual(name):
    units, activation, targets, loss = UNUSUAL[name]
    x = numbers()
    return trained(*dense(units, activation), loss, x, targets(x).astype("float32"), 30)


@sound("kl", "soft labels", "soft and smoothed")
def distributions(name):
    x = numbers()
    y = np.exp(x[:, :3])
    y = (y / y.sum(-1, keepdims=True)).astype("float32")
    loss = "kl_divergence" if name == "kl" else losses.CategoricalCrossentropy()
    return trained(*dense(3, "softmax"), loss, x, y, 60)


SAMPLE = [*list(MODELS)[::32], "regression: log_cosh"]  # solved: a loss that is rounding alone


def said(name):
    """Build, train and audit a model; return the errors and warnings that nobody accepts."""
    keras.utils.set_random_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, data = MODELS[name]()
        findings = lb.audit(model, **data)
    known = ACCEPTED.get(name, {})
    return [str(f) for f in findings if f.severity != "note" and f.code not in known]


def main():
    """Audit all; print what is said."""
    wrong = 0
    for name in MODELS:
        for text in said(name):
            wrong += 1
            print(f"{name}\n  {text}", flush=True)
        keras.backend.clear_session()
    accepted = sum(map(len, ACCEPTED.values()))
    print(f"{len(MODELS)} sound models: {wrong} errors and warnings, {accepted} accepted")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
