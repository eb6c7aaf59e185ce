"""What the model's own evaluate reports, against what its step computes."""

import math

from lossbook._audit.examples import Example, array, compiled
from lossbook._audit.finding import Hazard
from lossbook._core import four_digits
from lossbook._explain import ONCE_MORE, also_on_jax, counted_once_more, rounding
from lossbook._model import overridden

STEP_OUTDATED = Hazard(
    "step-outdated",
    "error",
    "13_your_model.ipynb",
    370,
    means="The model's compiled evaluation keeps a number of the time when it was compiled.",
    why=(
        "Keras compiles a step once. A plain number in a layer or a loss becomes a constant in "
        "it, and what is frozen later is not seen."
    ),
    ignore="Never: what is shown is not the loss of the model as it is.",
    symptoms=("shown", "by-hand"),
    asked=("https://github.com/keras-team/keras/issues/13826",),
)
TRACKER_NOT_UPDATED = Hazard(
    "tracker-not-updated",
    "error",
    "13_your_model.ipynb",
    380,
    means="What is shown as the loss is a metric that no step updates.",
    why=(
        "Keras shows the results of model.metrics by their names. A tracker of your own called "
        "'loss', or a metrics property that leaves out Keras's own, takes the place of the loss "
        "and stays at 0."
    ),
    ignore="Never: the number shown is none.",
    symptoms=("shown",),
    asked=("https://github.com/keras-team/keras/issues/14705",),
)
REPORTED_NOT_COMPUTED = Hazard(
    "reported-not-computed",
    "error",
    "13_your_model.ipynb",
    390,
    means="What evaluate reports is another number than the loss that its step computes.",
    why=(
        "A method of your own, such as get_metrics_result or test_step, may return any number: "
        "Keras shows it as the loss."
    ),
    ignore="If another number is meant to be shown under that name.",
    symptoms=("shown", "by-hand"),
)
LOSS_CHANGES = Hazard(
    "loss-changes",
    "warning",
    "13_your_model.ipynb",
    375,
    means="The loss is another one each time it is computed, on the same rows.",
    why=(
        "Python that counts runs once where Keras compiles a step, and then stays; run eagerly it "
        "counts every batch, those of evaluate as well. Numbers drawn without a seed that the "
        "model keeps are others each time."
    ),
    ignore="If the loss is meant to draw new numbers each time; it is a note then.",
    symptoms=("shown", "by-hand"),
)
_STEP = 2.0**-22  # float16 counts in steps of 2**-24 next to 0
_TREES = 32  # additions in a row, of Keras's sum of a batch and of ours


class Reported:
    """The loss that the step computes in every batch, weighed as evaluate weighs it."""

    def __init__(self):
        self.total, self.magnitude, self.weight, self.batches = 0.0, 0.0, 0.0, 0
        self.dtypes = set()

    def see(self, weight, value, magnitude, dtypes, tracked, replica=0):
        """Take in one batch; of a loss that no metric keeps the last one alone is reported."""
        if not tracked and replica == 0:
            self.total, self.magnitude, self.weight = 0.0, 0.0, 0.0
        self.total += weight * value
        self.magnitude += weight * magnitude
        self.weight += weight
        self.batches += 1
        self.dtypes.update(dtypes)

    def findings(self, watch, reported):
        """Yield the findings: a loss that changes, or that is reported as another one."""
        if watch.random:
            yield _changes(watch)
        yield from self._missed(watch.model, reported, watch.stale)

    def _missed(self, model, reported, stale):
        """Yield the finding that what is reported is not what is computed, beyond rounding."""
        if not self.weight:
            return
        computed = self.total / self.weight
        scale = max(self.magnitude / self.weight, abs(reported))
        bound = rounding(scale, self.batches, self.dtypes, _TREES)
        bound += _STEP * ("float16" in self.dtypes)
        if not math.isfinite(computed) or abs(computed - reported) <= bound:
            return
        numbers = f"evaluate reports {four_digits(reported)}; its step computes " + (
            f"{four_digits(computed)}."
        )
        if math.isnan(reported):
            numbers = f"evaluate reports no loss; its step computes {four_digits(computed)}."
        evidence = {"reported": reported, "computed": computed, "rounding": bound}
        numbers = f"{type(model).__name__}: {numbers}"
        alike = self.weight == self.batches
        if alike and counted_once_more(reported, computed, self.batches, bound):
            happens, fix = ONCE_MORE
            yield REPORTED_NOT_COMPUTED.found(f"{numbers} {happens}", fix, evidence)
            return
        yield _finding(model, stale, numbers, evidence)


def _changes(watch):
    """Return the finding that the same rows have another loss each time."""
    one, other = map(four_digits, watch.random)
    whose = [f"{name} changes {', '.join(names)}" for name, names in watch.counting.items()]
    cause = (
        f"{' and '.join(whose)} with each call"
        if whose
        else (
            "something counts in plain Python, or draws numbers without a seed that the model keeps"
        )
    )
    return LOSS_CHANGES.found(
        f"The loss of the same first rows is {one}, then {other}: {cause}. evaluate prints another "
        "number each time, and a compiled step keeps that of its trace.",
        "Keep a number that is to change in a keras.Variable, and change it in a callback; draw "
        "with keras.random and a SeedGenerator that is made once and kept by the model, its layer "
        "or its loss.",
        {"once": watch.random[0], "again": watch.random[1]},
        None if whose else "note",
    )


def _finding(model, stale, numbers, evidence):
    """Return the finding by its likely cause."""
    own = [name for name in overridden(model) if name not in ("call", "train_step")]
    if stale:
        return STEP_OUTDATED.found(
            f"{numbers} The model's own evaluation was compiled when the model was another, and "
            "keeps numbers of then: a plain number in a layer or a loss, a layer frozen since. "
            "The step that fit has compiled does so, too.",
            f"Compile the model again after a change{also_on_jax()}, or write "
            "`model.make_train_function(force=True); model.make_test_function(force=True)`; keep a "
            "number that is to change in a keras.Variable.",
            evidence,
        )
    trackers = [m.name for m in model.metrics]
    if "loss" not in trackers or trackers.count("loss") > 1 or "metrics" in own:
        return TRACKER_NOT_UPDATED.found(
            f"{numbers} The metrics that it shows are {', '.join(trackers) or 'none'}: no step of "
            "evaluate updates the one that is shown as the loss.",
            "Delete a metrics property of your own, for Keras finds metrics that are attributes, "
            "and name your trackers otherwise than 'loss', which is Keras's own; or update the "
            "tracker in a test_step of your own.",
            {**evidence, "metrics": trackers},
        )
    whose = f" It has {' and '.join(own)} of its own." if own else ""
    return REPORTED_NOT_COMPUTED.found(
        f"{numbers}{whose} So the number shown is not the one that is minimised.",
        "Let it return, as 'loss', what Keras's own returns, and show other numbers under other "
        "names; update the metric 'loss' with the loss of every batch and sample_weight=rows.",
        {**evidence, "own": own},
    )


_X, _Y = array([1], [2], [3], [4]), array([0], [0], [0], [0])


def _same(kind, layer=None, **options):
    """Return an example whose model returns its inputs: 7.5 is its loss."""
    import keras

    model = kind([keras.Input((1,)), layer or keras.layers.Identity()])
    return Example(compiled(model, "mse", **options), {"x": _X, "y": _Y})


@STEP_OUTDATED.example(
    "A `keras.Variable` for what is to change", "Compiled again after the change"
)
def baked_in(mended=0):
    """A penalty whose factor, a plain number, is changed after the step was compiled."""
    import keras

    class Penalty(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            value = keras.Variable(0.0, trainable=False) if mended == 1 else 0.0
            self.factor = value

        def call(self, inputs):
            self.add_loss(self.factor * keras.ops.mean(keras.ops.square(inputs)))
            return inputs

    layer = Penalty()
    jitted = keras.backend.backend() == "jax"  # which compiles nothing else
    options = {"run_eagerly": False, "jit_compile": jitted}
    example = _same(keras.Sequential, layer, **options)
    example.model.evaluate(**example.data, verbose=0)
    if mended == 1:
        layer.factor.assign(0.5)
    else:
        layer.factor = 0.5
    if mended == 2:
        compiled(example.model, "mse", **options)
    return example


@LOSS_CHANGES.example("A `keras.Variable` that a callback changes")
def counts_its_calls(mended=0):
    """A loss that is to grow from epoch to epoch, and grows with each call."""
    import keras

    class Growing(keras.losses.Loss):
        def __init__(self):
            super().__init__()
            self.factor = keras.Variable(1.0, trainable=False) if mended else 1.0

        def call(self, y_true, y_pred):
            if not mended:
                self.factor += 0.5
            return self.factor * keras.losses.mean_squared_error(y_true, y_pred)

    model = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])
    return Example(compiled(model, Growing()), {"x": _X, "y": _Y})


@TRACKER_NOT_UPDATED.example("Another name than 'loss'")
def own_tracker(mended=0):
    """A tracker with the name of Keras's own, for a train_step; evaluate shows it as well."""
    import keras

    class Tracked(keras.Sequential):
        def __init__(self, layers):
            super().__init__(layers)
            self.tracker = keras.metrics.Mean(name="own" if mended else "loss")

    return _same(Tracked)


@REPORTED_NOT_COMPUTED.example(
    "What Keras's own returns, as 'loss'", "Other numbers under other names"
)
def own_result(mended=0):
    """A get_metrics_result that returns another number."""
    import keras

    class Scaled(keras.Sequential):
        def get_metrics_result(self):
            logs = super().get_metrics_result()
            name = "twice" if mended == 2 else "loss"
            return {**logs, name: logs["loss"] * (1 if mended == 1 else 2)}

    return _same(Scaled)
