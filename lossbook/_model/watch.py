"""One pass of Keras's own evaluate, with recorders in place of the losses."""

import itertools
import logging
import math
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import numpy as np

from lossbook._model.keras_private import additional_losses, private
from lossbook._model.operations import operations_seen_by
from lossbook._model.recorder import Batch, Call, Failure, Recorder


class Watch:
    """Runs `evaluate` of one model and hands over every batch; its step is compiled once.

    Every call of explain or audit makes a new one: a step that was traced before holds numbers of
    then. `path` follows the tensors of the model (`_audit.MaskPath`).
    """

    def __init__(self, model, path=None):
        def test_step(*arguments):
            return type(model).test_step(model, *arguments)

        self.model, self.path, self.function = model, path, None
        self._test_step = test_step  # JAX would take the model's own for compiled already
        self.seen, self.tensors, self.outputs, self.origins = {}, {}, {}, {}
        self.names, self.predicted, self.failure = (), None, None

    def evaluate(self, each, *, eager=False, caller="explain", **data):
        """Run Keras's own evaluate once, hand every Batch to `each`, return the loss reported.

        Args:
            each: called with every Batch.
            eager: run the step without compiling it.
            caller: who says so if there are no data.
            data: what evaluate takes (x, y, sample_weight, batch_size, steps), and callbacks.

        Raises:
            ValueError: where there was no batch, or no row in one.
        """
        import keras

        watch, failed, rows = self, [], []

        class Collect(keras.callbacks.Callback):
            def on_test_batch_end(self, batch, logs=None):
                try:
                    got = watch._batch({k: v[0] for k, v in logs.items() if "/" in k})
                    rows.append(got.rows)
                    each(got)
                except Exception as error:  # on JAX the weights are out of the model just now
                    failed.append(error)
                    self.model.stop_evaluating = True

        self.failure = None
        _refuse_nothing(_length(data["x"]), data["x"], caller)
        callbacks = [Collect(), *data.pop("callbacks", ())]
        with self._installed(eager):
            logs = keras.Model.evaluate(
                self.model, **data, verbose=0, callbacks=callbacks, return_dict=True
            )
        if failed:
            raise failed[0]
        _refuse_nothing(sum(rows), data["x"], caller)
        return float(logs.get("loss", math.nan))

    @contextmanager
    def _installed(self, eager):
        """Put recorders into the model's compiled loss and step, and take them out again."""
        model, own = self.model, vars(self.model)
        compiled = private(model, "_compile_loss")
        before = private(model, "test_function"), private(model, "steps_per_execution")
        eagerly = model.run_eagerly
        hooks = {
            "test_step": self._test_step,
            "compute_loss": self._compute_loss,
            "compute_metrics": self._compute_metrics,
            "get_metrics_result": self._loss_alone,
        }
        replaced = {name: own[name] for name in hooks if name in own}
        own.update(hooks)
        model.test_function, model.steps_per_execution = None if eager else self.function, 1
        model.run_eagerly = eager or eagerly
        undo = self._wrapped(compiled) if compiled is not None else lambda: None
        values = _values_on_jax(model) if self.path else ()
        try:
            hooked = operations_seen_by(self.path) if self.path else nullcontext()
            with hooked, _no_hint_on_retracing():
                yield
        except Exception:
            for variable, value in values:
                variable.assign(value)
            raise
        finally:
            undo()
            self.function = self.function if eager else model.test_function
            model.test_function, model.steps_per_execution = before
            model.run_eagerly = eagerly
            for name in hooks:
                del own[name]
            own.update(replaced)
            self.seen, self.tensors, self.predicted = {}, {}, None
            if self.path:
                self.path.forget()

    def _wrapped(self, compiled):
        """Wrap the losses of a CompileLoss, now or as soon as it is built; return how to undo."""
        plain = "_flat_losses" if hasattr(compiled, "_flat_losses") else "flat_losses"  # up to 3.6

        def wrap():
            losses = saved["losses"] = private(compiled, plain)
            if plain == "_flat_losses":
                names = [entry.name if entry.path else "" for entry in losses]  # or the loss's
                names = _distinct(self.model, names)
                wrapped = [
                    entry._replace(loss=Recorder(self, i, entry.loss, entry.loss_weights, name))
                    for i, (entry, name) in enumerate(zip(losses, names, strict=True))
                ]
            else:
                names = private(compiled, "inferred_output_names") or [""]
                if len(names) != len(losses):
                    names = [getattr(loss, "name", "") for loss in losses]
                names = _distinct(self.model, names)
                weights = private(compiled, "flat_loss_weights")
                wrapped = [
                    None if loss is None else Recorder(self, i, loss, weight, name)
                    for i, (loss, weight, name) in enumerate(
                        zip(losses, weights, names, strict=True)
                    )
                ]
            setattr(compiled, plain, wrapped)

        def build(*arguments, **options):
            type(compiled).build(compiled, *arguments, **options)
            wrap()

        def undo():
            vars(compiled).pop("build", None)
            if "losses" in saved:
                setattr(compiled, plain, saved["losses"])

        saved = {}
        if private(compiled, "built"):
            wrap()
        else:
            vars(compiled)["build"] = build
        return undo

    def _compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Compute the model's loss as Keras does it, with the recorders in place."""
        import keras

        self.seen = {}
        try:
            loss = keras.Model.compute_loss(
                self.model, x, y, y_pred, sample_weight, training=training
            )
        except Exception as error:
            computed = tuple(output for _, (output, _) in sorted(self.seen.items()))
            self.failure = replace(self.failure or Failure(error), computed=computed)
            raise
        seen = dict(sorted(self.seen.items()))
        if not any(isinstance(part, (list, tuple, dict)) for part in (y, y_pred)):
            seen = dict(itertools.islice(seen.items(), 1))  # more losses than outputs: Keras too
        self.outputs.update({i: output for i, (output, _) in seen.items()})
        for i, (_, fields) in seen.items():
            given = fields.get("given_y_pred")
            if self.path:
                self.origins[i], fields["lost_mask"] = self.path.origin_of(given)
            else:
                del fields["given_y_true"], fields["given_y_pred"]
        tensors = {
            f"{i}/{field}": tensor
            for i, (_, fields) in seen.items()
            for field, tensor in fields.items()
            if tensor is not None
        }
        additional = additional_losses(self.model)
        self.names = tuple(name for name, _ in additional)
        tensors |= {f"additional/{i}": keras.ops.sum(t) for i, (_, t) in enumerate(additional)}
        first = next(leaf for leaf in keras.tree.flatten(x) if leaf is not None)
        tensors["batch/rows"] = keras.ops.convert_to_tensor(keras.ops.shape(first)[0])
        self.predicted, self.tensors = y_pred, tensors
        return loss

    def _compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Return the running loss and, of this very step, the tensors; leave the metrics alone.

        In tuples, for what can be turned into a number or a NumPy array Keras turns into one.
        """
        same = y_pred is self.predicted  # else Keras is building, and has traced these elsewhere
        tensors = self.tensors if same else {}
        return {**self._loss_alone(), **{key: (tensor,) for key, tensor in tensors.items()}}

    def _loss_alone(self):
        """Return the running loss, without the metrics, which nobody has updated."""
        return {"loss": _loss_tracker(self.model).result()}

    def _batch(self, tensors):
        """Sort the tensors of a batch by output."""
        calls = {}
        for key, tensor in tensors.items():
            owner, _, field = key.partition("/")
            if owner.isdigit():
                calls.setdefault(int(owner), {})[field] = tensor
        additional = {
            (i, name): float(tensors[f"additional/{i}"]) for i, name in enumerate(self.names)
        }
        return Batch(
            rows=int(tensors["batch/rows"]),
            calls=tuple(
                Call(self.outputs[i], **fields, origin=self.origins.get(i))
                for i, fields in sorted(calls.items())
            ),
            additional=additional,
        )


def _loss_tracker(model):
    return next(metric for metric in model.metrics if metric.name == "loss")


@contextmanager
def _no_hint_on_retracing():
    """Silence TensorFlow's advice not to trace a step anew: here it is done on purpose."""
    monitor = logging.getLogger("tensorflow")

    def other(record):
        return "triggered tf.function retracing" not in record.getMessage()

    monitor.addFilter(other)
    try:
        yield
    finally:
        monitor.removeFilter(other)


def _values_on_jax(model):
    """Return the variables of a model and their values, which JAX takes out while it evaluates."""
    import keras

    if keras.backend.backend() != "jax":
        return []
    return [(v, np.array(v)) for v in [*model.variables, *model.metrics_variables]]


def _length(x):
    """Return the rows of inputs that are arrays or tensors, None of anything else."""
    import keras

    if hasattr(x, "element_spec") or hasattr(x, "__next__"):
        return None
    shapes = [getattr(leaf, "shape", None) for leaf in keras.tree.flatten(x)]
    return next((shape[0] for shape in shapes if shape), None)


def _refuse_nothing(rows, x, caller):
    """Raise a ValueError if there are no rows; None stands for a number that is not known yet."""
    if rows == 0:
        shape = getattr(x, "shape", None)
        received = type(x).__name__ if shape is None else f"{type(x).__name__} of shape {shape}"
        raise ValueError(
            f"{caller} needs data with at least one row. Received: none, from x of type {received}."
            " Pass the data that evaluate is to see; a generator that has been read is empty, and "
            "has to be made again."
        )


def _distinct(model, names):
    """Return a name for each output: Keras's where it has one, numbered where it occurs twice."""
    if names == [""]:
        layers = getattr(model, "layers", None)
        own = getattr(model, "output_names", None)
        return [own[0] if own else layers[-1].name if _sequential(model) and layers else "output"]
    names = [name or "output" for name in names]
    counts = Counter(names)
    return [
        f"{name}_{names[: i + 1].count(name)}" if counts[name] > 1 else name
        for i, name in enumerate(names)
    ]


def _sequential(model):
    import keras

    return isinstance(model, keras.Sequential)
