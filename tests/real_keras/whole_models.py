"""Random whole models: outputs, loss weights, masks, weights, penalties, short last batches.

Each is compared with `evaluate` and with one epoch of `fit` at learning rate 0. `make fuzz
MODELS=500` compares many.
"""

import warnings

import keras
import numpy as np

import lossbook as lb
from lossbook import total
from lossbook._core.arrays import to_numpy
from lossbook._losses.catalogue import LOSSES as KERAS
from lossbook.rules import resolve

FEATURES = 3
ACTIVATIONS = {
    "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
    "categorical_focal_crossentropy": "softmax",
    "kl_divergence": "softmax",
    "poisson": "softplus",
}
REAL = (
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "log_cosh",
    "cosine_similarity",
)
LOSSES = (*ACTIVATIONS, *REAL, "hinge", "squared_hinge", "categorical_hinge")
# How often Keras is asked before a number counts as another one. On JAX, with Keras 3.15, once in
# some 200 models a penalty is lost, and is there when the same model is asked again. Perhaps that
# is because Keras knows them by the ids of arrays (Layer._loss_ids), which others may get again.
ASKED = {"jax": 3}
# Where the cosine similarity of a zero vector has the gradient NaN, masked or not (and `Masking`
# makes zeros): `fit` goes on with weights that are NaN.
NAN = ("jax", "torch")
REDUCTIONS = [name for name in resolve("keras-3").reductions if name != "none"]


class AddsLoss(keras.layers.Layer):
    """Adds a scalar or a vector loss made of its input."""

    def __init__(self, vector):
        super().__init__()
        self.vector, self.supports_masking = vector, True

    def call(self, x):
        loss = 0.1 * keras.ops.mean(keras.ops.square(x), axis=tuple(range(1, len(x.shape))))
        self.add_loss(loss if self.vector else keras.ops.sum(loss))
        return x


def regulariser(rng):
    kinds = (None, None, keras.regularizers.L1(0.01), keras.regularizers.L2(0.02))
    return kinds[rng.integers(len(kinds))]


def body(rng, kind, form):
    """Return inputs, data for them, and what the outputs are made of; `form`: rows, steps, ..."""
    if kind == "embedding":
        inputs = keras.Input(form[1:], dtype="int32")
        data = rng.integers(0, 5, form).astype("int32")
        return inputs, data, keras.layers.Embedding(5, FEATURES, mask_zero=True)(inputs)
    inputs = keras.Input((*form[1:], FEATURES))
    data = rng.normal(size=(*form, FEATURES)).astype("float32")
    if kind != "masking":
        return inputs, data, inputs
    data[rng.random(form) < 0.3] = 0
    return inputs, data, keras.layers.Masking()(inputs)


def dense(rng, units, activation, dtype=None, scale=1.0, name=None, plain=False):
    penalty = (lambda rng: None) if plain else regulariser
    return keras.layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.RandomNormal(0, scale, seed=int(rng.integers(1000))),
        kernel_regularizer=penalty(rng),
        bias_regularizer=penalty(rng),
        activity_regularizer=None if dtype else penalty(rng),  # Keras adds no float16 to float32
        dtype=dtype,
        name=name,
    )


def head(rng, x, loss, units, name):
    """One output: a dense layer with the activation that the loss expects, or none."""
    logits = loss in ("binary_crossentropy", "categorical_crossentropy") and rng.random() < 0.3
    options = {"from_logits": True} if logits else {}
    if loss in ("binary_crossentropy", "categorical_crossentropy") and rng.random() < 0.3:
        options["label_smoothing"] = 0.1
    layer = dense(rng, units, None if logits else ACTIVATIONS.get(loss), name=name)
    reduction = str(rng.choice(REDUCTIONS))
    instance = getattr(keras.losses, KERAS[loss].names[-1])(reduction=reduction, **options)
    use_name = reduction == "sum_over_batch_size" and not options and rng.random() < 0.5
    return layer(x), loss if use_name else instance


def labels(rng, loss, shape):
    if loss == "sparse_categorical_crossentropy":
        return rng.integers(0, shape[-1], shape[:-1])
    if loss == "kl_divergence" or loss.startswith("categorical"):
        return np.eye(shape[-1], dtype="float32")[rng.integers(0, shape[-1], shape[:-1])]
    if loss in REAL:
        return rng.normal(size=shape).astype("float32")
    return rng.integers(0, 2, shape).astype("float32")


def weight_for(rng, form):
    """Return weights of a shape that fits the values of an output."""
    wide = form if rng.random() < 0.5 else (form[0], *[1] * (len(form) - 1))
    weight = rng.uniform(0, 2, wide).astype("float32")
    if keras.backend.backend() == "torch":
        weight = weight * np.ones(form, "float32")  # in place, so no broadcasting
    return weight


def packed(parts, structure, names):
    """Put one part per output into the structure of the outputs."""
    if structure == "single":
        return parts[0]
    if structure == "dict":
        return dict(zip(names, parts, strict=True))
    if structure == "nested":
        return {"a": parts[0], "b": {"c": parts[1], "d": parts[2]}}
    return list(parts)


def draw(seed, kind_of_model=keras.Model, wrapped=lambda rng, loss: loss):
    """Return a compiled model, its data and the batch size.

    `kind_of_model` is the class of the model; `wrapped(rng, loss)` may put another loss in the
    place of one of Keras's.
    """
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    rows, steps = int(rng.integers(3, 9)), int(rng.integers(2, 5))
    temporal = bool(rng.random() < 0.7)
    kind = str(rng.choice(["plain", "masking", "embedding"])) if temporal else "plain"
    form = (rows, steps) if temporal else (rows,)
    inputs, data, x = body(rng, kind, form)
    if rng.random() < 0.3:
        x = AddsLoss(vector=bool(rng.random() < 0.5))(x)
    count = int(rng.integers(1, 4))
    names = [f"out_{i}" for i in range(count)]
    outputs, losses, targets, weights = [], [], [], []
    for name in names:
        loss, units = str(rng.choice(LOSSES)), int(rng.integers(2, 4))
        if (loss, kind) == ("cosine_similarity", "masking") and keras.backend.backend() in NAN:
            loss = "mean_squared_error"
        y_pred, of_keras = head(rng, x, loss, units, name)
        outputs.append(y_pred)
        losses.append(wrapped(rng, of_keras))
        targets.append(labels(rng, loss, (*form, units)))
        weights.append(weight_for(rng, form))
    structure = "single" if count == 1 else "dict" if rng.random() < 0.5 else "list"
    weights = weights if rng.random() < 0.4 else None
    loss_weights = rng.uniform(0.1, 3, count).tolist() if rng.random() < 0.5 else None
    outputs, compiled, y, by_output, sample_weight = (
        parts and packed(parts, structure, names)
        for parts in (outputs, losses, targets, loss_weights, weights)
    )
    model = kind_of_model(inputs, outputs)
    model.compile(
        keras.optimizers.SGD(0.0),
        loss=compiled,
        loss_weights=by_output,
        run_eagerly=bool(rng.random() < 0.85),
    )
    parts = losses, targets, weights, loss_weights
    return model, data, y, sample_weight, int(rng.integers(1, rows + 1)), parts


def ours(model, data, parts, batch_size):
    """Compute the reported loss of that model with lossbook, batch by batch; and its magnitude."""
    losses, targets, weights, loss_weights = parts
    results, magnitudes, sizes = [], [], []
    for start in range(0, len(data), batch_size):
        part = slice(start, start + batch_size)
        y_preds = model(data[part])
        y_preds = list(y_preds.values()) if isinstance(y_preds, dict) else y_preds
        y_preds = y_preds if isinstance(y_preds, (list, tuple)) else [y_preds]
        traces = []
        for i, y_pred in enumerate(y_preds):
            weight = None if weights is None else weights[i][part]
            traces.append(lb.trace(losses[i], targets[i][part], y_pred, weight))
        batch = total.batch_loss([t.total for t in traces], loss_weights, model.losses)
        results.append(batch.value)
        factors = loss_weights or [1.0] * len(traces)
        magnitudes.append(
            sum(
                abs(f) * np.abs(to_numpy(t.contributions).astype("float64")).sum()
                for f, t in zip(factors, traces, strict=True)
            )
            + sum(np.abs(to_numpy(loss)).sum() for loss in model.losses)
        )
        sizes.append(len(data[part]))
    return lb.epoch_loss(results, sizes), total.reported_loss(magnitudes, sizes).value


def compare(seed):
    """Return a line that says what differs for this model, or None."""
    model, data, y, weights, batch_size, parts = draw(seed)
    settings = {"batch_size": batch_size, "sample_weight": weights, "verbose": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # broadcast weights are among the cases
        expected, magnitude = ours(model, data, parts, batch_size)
        bound = 2e-6 * magnitude + 1e-7
        for _ in range(ASKED.get(keras.backend.backend(), 1)):
            evaluated = model.evaluate(data, y, return_dict=True, **settings)["loss"]
            fitted = model.fit(data, y, shuffle=False, **settings).history["loss"][0]
            found = [
                f"model {seed}: {what} {number}, lossbook {expected}, allowed {bound:.2g}"
                for what, number in [("evaluate", evaluated), ("fit", fitted)]
                if not abs(number - expected) <= bound
            ]
            if not found:
                return None
    return found[0]
