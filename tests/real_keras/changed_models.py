"""Random whole models that a reader has changed: losses, steps, results, strategies of their own.

Of each, `explain` has to report what the model's own `evaluate` prints; what separates that from
the parts is rounding or is said in its notes; and where a target of one row changes, the part of
that row of that output changes as `evaluate` does, and no other part does.
`make fuzz CHANGED=500` looks at many.
"""

import contextlib
import functools
import types
import warnings

import keras
import numpy as np
from keras import ops

import lossbook as lb
from tests.real_keras import whole_models

TENSORFLOW = keras.backend.backend() == "tensorflow"
ROUNDING = 2e-6  # of the magnitudes, for two passes over the same data


# --- losses ---------------------------------------------------------------------------------------


def function_of(loss):
    """Return a Loss object without its reduction, as a function of Keras's."""
    loss = keras.losses.get(loss)
    if isinstance(loss, keras.losses.Loss):
        return lambda y_true, y_pred: loss.call(y_true, y_pred)
    return loss


def scaled_under_its_name(loss):
    """Ten times the loss, under the name of Keras's function."""
    function = function_of(loss)
    named = keras.losses.mean_squared_error

    @functools.wraps(named)
    def scaled(y_true, y_pred):
        return 10 * function(y_true, y_pred)

    return scaled


def sum_of_two(loss):
    """The loss and half another one."""
    function = function_of(loss)

    def both(y_true, y_pred):
        other = ops.mean(ops.square(y_pred), axis=-1)
        return function(y_true, y_pred) + 0.5 * other

    return both


def mean_of_all(loss):
    """One number: the mean."""
    function = function_of(loss)
    return lambda y_true, y_pred: ops.mean(function(y_true, y_pred))


def sum_of_all(loss):
    """One number: the sum."""
    function = function_of(loss)
    return lambda y_true, y_pred: ops.sum(function(y_true, y_pred))


def mean_of_the_large(loss):
    """One number: the sum of what is above 0.1, divided by how many that are."""
    function = function_of(loss)

    def masked_mean(y_true, y_pred):
        values = function(y_true, y_pred)
        mask = ops.cast(ops.abs(ops.sum(y_pred, axis=-1)) > 0.1, "float32")
        return ops.sum(values * mask) / (ops.sum(mask) + 1e-3)

    return masked_mean


def root_of_the_mean(loss):
    """One number that is not linear in its elements."""
    function = function_of(loss)

    def root(y_true, y_pred):
        return ops.sqrt(ops.mean(ops.square(function(y_true, y_pred))) + 1e-3)

    return root


def patched(loss):
    """An object of Keras's whose `call` is another."""
    function = function_of(loss)
    found = keras.losses.MeanSquaredError()
    found.call = lambda y_true, y_pred: 3 * function(y_true, y_pred)
    return found


class Inherited(keras.losses.MeanAbsoluteError):
    """A subclass of one of Keras's losses that computes another."""

    def __init__(self, function, **options):
        super().__init__(**options)
        self.function = function

    def call(self, y_true, y_pred):
        return 0.3 * self.function(y_true, y_pred)


class Unweighted(keras.losses.Loss):
    """A loss that takes sample weights and ignores them."""

    def __init__(self, function):
        super().__init__(name="unweighted")
        self.function = function

    def call(self, y_true, y_pred):
        return self.function(y_true, y_pred)

    def __call__(self, y_true, y_pred, sample_weight=None):
        return super().__call__(y_true, y_pred)


LOSSES = (
    scaled_under_its_name,
    sum_of_two,
    mean_of_all,
    sum_of_all,
    mean_of_the_large,
    root_of_the_mean,
    patched,
    lambda loss: Inherited(function_of(loss)),
    lambda loss: Inherited(function_of(loss), reduction="sum"),
    lambda loss: Unweighted(function_of(loss)),
)


def wrapped(rng, loss):
    """Return this loss, or one of a reader's own made of it."""
    return loss if rng.random() < 0.5 else LOSSES[rng.integers(len(LOSSES))](loss)


# --- models ---------------------------------------------------------------------------------------


class Preparing(keras.Model):
    def evaluate(self, x=None, *args, **kwargs):
        return super().evaluate(x * 1, *args, **kwargs)


class OwnResult(keras.Model):
    def get_metrics_result(self):
        return {name: value / 3 for name, value in super().get_metrics_result().items()}


class OwnTestFunction(keras.Model):
    def make_test_function(self, force=False):
        super().make_test_function(force)  # returns it from the second call on
        step = self.test_function

        def doubled(iterator):
            return {name: 2 * value for name, value in step(iterator).items()}

        self.test_function = doubled
        return doubled


class MoreLoss(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        for output in keras.tree.flatten(y_pred):
            loss = loss + 0.1 * ops.mean(ops.square(output))
        return loss


class ScaledLoss(keras.Model):
    def compute_loss(self, *args, **kwargs):
        return 0.25 * super().compute_loss(*args, **kwargs)


class LogOfLoss(keras.Model):
    """Of which no part is linear."""

    def compute_loss(self, *args, **kwargs):
        return ops.log1p(ops.abs(super().compute_loss(*args, **kwargs)))


class OwnTestStep(keras.Model):
    """As Keras's guide has it, with the rows of a batch or without."""

    by_rows = True

    def test_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x, y, y_pred, weight, training=False)
        rows = ops.shape(keras.tree.flatten(x)[0])[0] if self.by_rows else None
        self._loss_tracker.update_state(loss, sample_weight=rows)
        return self.compute_metrics(x, y, y_pred, weight)


class MeanOfMeans(OwnTestStep):
    by_rows = False


class LastBatch(keras.Model):
    def test_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        return {"loss": self.compute_loss(x, y, self(x, training=False), weight, training=False)}


class Negated(keras.Model):
    """Hands Keras's result on, the other way round."""

    def test_step(self, *args, **kwargs):
        result = super().test_step(*args, **kwargs)
        return {name: -value for name, value in result.items()}


class OwnTracker(keras.Model):
    """With one that nobody updates."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.own = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.own]


def own_attribute(*args, **kwargs):
    """Make a model whose `compute_loss` is an attribute."""
    model = keras.Model(*args, **kwargs)
    inner = model.compute_loss

    def compute_loss(self, *args, **kwargs):
        return 2 * inner(*args, **kwargs)

    model.compute_loss = types.MethodType(compute_loss, model)
    return model


# Than they compute: of one output the last batch is a tracker that nobody updates.
REPORT_ANOTHER = (OwnResult, OwnTestFunction, Negated, OwnTracker, LastBatch)
STEPS_OF_TENSORFLOW_AND_TORCH = (OwnTestStep, MeanOfMeans, LastBatch)
MODELS = (
    keras.Model,
    keras.Model,
    Preparing,
    OwnResult,
    OwnTestFunction,
    MoreLoss,
    ScaledLoss,
    LogOfLoss,
    *(() if keras.backend.backend() == "jax" else STEPS_OF_TENSORFLOW_AND_TORCH),
    Negated,
    OwnTracker,
    own_attribute,
)


def strategies():
    """Return functions that make a strategy: none, one device, two where TensorFlow has them."""
    if not TENSORFLOW:
        return (contextlib.nullcontext,)
    import tensorflow as tf

    cpu, two = (
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * 2,
    )
    with contextlib.suppress(RuntimeError):  # TensorFlow has started with one
        tf.config.set_logical_device_configuration(cpu, two)
    kinds = [contextlib.nullcontext] * 6 + [tf.distribute.OneDeviceStrategy("CPU:0").scope]
    if len(tf.config.list_logical_devices("CPU")) > 1:
        kinds += [tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope] * 2
    return kinds


STRATEGIES = strategies()


def compare(seed):
    """Return (what became of this model, a line that says what is wrong or None)."""
    rng = np.random.default_rng([seed, 1])
    kind, strategy = (some[rng.integers(len(some))] for some in (MODELS, STRATEGIES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights that broadcast, for example
        with strategy():
            model, data, y, weights, batch_size, parts = whole_models.draw(seed, kind, wrapped)
        if strategy is not contextlib.nullcontext:
            model.run_eagerly = False
        settings = {"batch_size": batch_size, "sample_weight": weights}
        one = getattr(strategy, "__self__", None)
        name = f"{seed} ({kind.__name__}, {type(one).__name__})"
        roots = any(getattr(loss, "__name__", None) == "root" for loss in parts[0])
        linear = not roots and kind is not LogOfLoss
        return judged(model, data, y, settings, rng, name, linear, kind in REPORT_ANOTHER)


def judged(model, x, y, settings, rng, name, linear, reports_another):
    def evaluated(y):
        return float(np.ravel(model.evaluate(x, y, **settings, verbose=0))[0])

    try:
        printed = evaluated(y)
    except Exception as error:
        reason = f"refused by Keras ({type(error).__name__})"
        return reason, _unless_refused(model, x, y, settings, name, error)
    try:
        e = lb.explain(model, x, y, **settings)
    except ValueError as error:
        return f"refused: {str(error)[:60]}", None
    except Exception as error:
        return "raised", f"model {name}: {error!r}"
    if not np.isfinite(printed):
        wrong = np.isfinite(e.reported) or (np.isfinite(e.total) and not e.notes)
        return "not finite", f"model {name}: {printed} is explained as {e}" if wrong else None
    bound = ROUNDING * (e.groups.scale + abs(printed)) + 1e-7
    if not abs(e.reported - printed) <= bound:
        return "wrong", f"model {name}: reported {e.reported}, evaluate {printed}"
    if not abs(e.residual) <= max(e.rounding, bound):
        said = any("miss what evaluate reports" in note for note in e.notes)
        fine = said and reports_another
        return "said", None if fine else f"model {name}: residual {e.residual}, notes {e.notes}"
    if not e.rounding <= 1e-4 * e.groups.scale + 1e-6:
        return "wrong", f"model {name}: rounding {e.rounding} of {e.groups.scale}"
    again = evaluated(y)
    if not abs(again - printed) <= bound:
        return "wrong", f"model {name}: evaluate {printed}, after explain {again}"
    if not linear:
        return "exact, not linear", None
    return "exact", _moved(model, x, y, settings, rng, name, e, evaluated, again)


def _unless_refused(model, x, y, settings, name, error):
    try:
        e = lb.explain(model, x, y, **settings)
    except Exception:
        return None
    return f"model {name}: explained as {e.reported}, evaluate raises {error!r}"


def _moved(model, x, y, settings, rng, name, before, evaluated, printed):
    """Change a target of one row; the part of that row changes by what evaluate says."""
    names = model.output_names
    targets = keras.tree.flatten(y)
    i, row = int(rng.integers(len(targets))), int(rng.integers(len(x)))
    changed = [np.array(target) for target in targets]
    if np.issubdtype(changed[i].dtype, np.integer):
        changed[i][row] = (changed[i][row] + 1) % 2
    elif set(np.unique(changed[i])) <= {0, 1}:  # which hinge losses look at
        changed[i][row] = changed[i][row][..., ::-1]
    else:
        changed[i][row] += 0.25
    changed = keras.tree.pack_sequence_as(y, changed)
    after = lb.explain(model, x, changed, **settings)
    bound = ROUNDING * (before.groups.scale + after.groups.scale) * 4 + 1e-6
    delta = evaluated(changed) - printed
    if not abs(after.total - before.total - delta) <= bound:
        return f"model {name}: evaluate moves by {delta}, total by {after.total - before.total}"
    one, other = (e.by("output", "sample") for e in (before, after))
    moved = {
        key: other.get(key, 0.0) - one.get(key, 0.0)
        for key in {*one, *other}
        if not abs(other.get(key, 0.0) - one.get(key, 0.0)) <= bound
    }
    own = not {output for output, _ in one} & set(names)  # whose losses have their own names
    wrong = {
        (output, sample)
        for output, sample in moved
        if (sample != row and not isinstance(sample, str)) or not (own or output == names[i])
    }
    if not wrong:
        return None
    return f"model {name}: row {row} of {names[i]} changed; moved {moved}; evaluate {delta}"
