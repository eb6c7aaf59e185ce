"""One pass of the model's own evaluate, with recorders in place of the losses."""

import itertools
import math
import threading
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from lossbook._core import keras, private
from lossbook._model.check import overridden
from lossbook._model.data import (
    Batches,
    again,
    first_rows,
    form_of,
    ranks_of,
    refuse_nothing,
    rows_of,
)
from lossbook._model.evaluated import (
    close,
    compiles,
    evaluated,
    evaluated_eagerly,
    on_batch_eagerly,
    traced,
)
from lossbook._model.keras_private import additional_losses
from lossbook._model.operations import no_hint_on_retracing, operations_seen_by
from lossbook._model.outputs import recorded_losses
from lossbook._model.own_steps import call_of_mark, loss_in, measured_step, own_step
from lossbook._model.recorder import Batch, Call, Failure, Step, numbers_kept
from lossbook._model.state import keep_state, stand_still
from lossbook._model.step_outputs import of_replicas, replica_count, returned

_OURS = "lossbook/"  # logs of the step that are not Keras's: "lossbook/0/float32"
_KEPT = "_lossbook_watches"  # an attribute of the model's _compile_config, made anew by compile()
_FEW = 64  # a share of the rows that is worth running in eager mode


class Watch:
    """Runs `evaluate` of one model and hands over every batch; its step is compiled once.

    `look(batch)` chooses, while the step is traced, what leaves it: it returns (tensors, about),
    tensors a dict of str -> tensor, `about` anything hashable that is known by then. The data it
    gets is a `Batch` of tensors that may have no values yet. `path` follows the tensors of the
    model (`_audit.MaskPath`).

    After a pass `calls` holds a Call without tensors for every output, by number; `stale` says
    that the model's own compiled evaluation gives another loss than a step that is traced now,
    `random` are two losses of one batch where each call gives another; `counting` maps a loss to
    its plain numbers that change with each call; `log` names the loss in an own step's logs,
    `unseen` the losses in it that nothing can be measured of.

    After an error `failure` is that of a loss in the step, `unbuilt` while Keras built the model.

    `trains` runs the model's own train_step even where evaluate has a loss to compute.
    """

    def __init__(self, model, look, path=None, trains=False):
        self.model, self.look, self.path, self.trains = model, look, path, trains
        self.calls, self.about, self.failure, self.unbuilt = {}, [], None, None
        self.stale, self.random, self.counting = False, (), {}
        self.own_step, self.log, self.unseen = None, "loss", ()
        self._function, self._each = None, None
        self._models_step = None
        self._verified_function, self._verified_forms, self._form = None, {}, None
        self._ranks, self._ran = (), False
        self._threads = threading.local()

    @classmethod
    def of(cls, model, look, path_of=None):
        """Return the watch that a model has kept since it was compiled, or a new one.

        `path_of(model)` makes the path of a new one.
        """
        kept = getattr(getattr(model, "_compile_config", None), _KEPT, {}).get(look)
        return kept or cls(model, look, path_of and path_of(model))

    def keep(self):
        """Keep this watch, with its compiled step, until the model is compiled anew."""
        with suppress(AttributeError):
            vars(private(self.model, "_compile_config")).setdefault(_KEPT, {})[self.look] = self

    @property
    def step(self):
        """What this thread records just now, None while Keras builds the model."""
        return getattr(self._threads, "step", None)

    def evaluate(self, each, *, eager=False, caller="explain", callbacks=(), **data):
        """Run the model's own evaluate once and hand what left the step to `each`.

        A first batch is compared with the model's own compiled evaluation, which may have been
        traced when the model was another; and so may the step that this watch keeps.

        Args:
            each: called with (rows, replica, tensors, about) of every batch; with several replicas
                of what each of them has of a batch.
            eager: run the step without compiling it.
            caller: who says so if there are no data.
            callbacks: Keras's, for the pass.
            data: what evaluate takes: x, y, sample_weight, batch_size, steps.

        Returns:
            float: what the model's own evaluate reports as its loss.

        Raises:
            ValueError: where there was no batch, or no row in one.
        """
        refuse_nothing(rows_of(data["x"]), data["x"], caller)
        data |= {n: int(data[n]) for n in ("batch_size", "steps") if data.get(n) is not None}
        self.failure, self.unbuilt, self._form, model = None, None, None, self.model
        self.stale, self.random = False, ()
        ranks = ranks_of(data)
        if ranks != self._ranks:  # TensorFlow would trace one step for both, of unknown rank
            self._function, self._ranks = None, ranks
        with ExitStack() as state:

            def put_back():
                state.close()
                keep_state(model, state)

            keep_state(model, state)
            state.callback(setattr, model, "test_function", private(model, "test_function"))
            first, own, was_traced = None, None, traced(model)
            own_function = "make_test_function" in overridden(model)
            compared = not (own_function or eager)
            compiled = compared and compiles(model)
            if compiled and self.path and self._function:
                data = self._forget_if_old(data, put_back)
            older = compiled and model.built and bool(was_traced or self._function)
            if compared:
                first, data = first_rows(data, not (older and was_traced) and _FEW, forms=True)
            known = first is None or ((was_traced or not older) and self._verified(first, data))
            if older and not known:
                own = self._of_first(first, was_traced, put_back)
            with ExitStack() as undo:
                self._install(undo, eager)
                if own is not None:
                    self.stale, self.random = self._differs(own, first, put_back)
                apart = self.stale or own_function
                if apart and hasattr(data["x"], "__next__"):
                    data["x"] = Batches(data["x"])
                self._each, self._ran = each, False
                try:
                    reported = evaluated(model, **again(data), callbacks=callbacks or None)
                except StopIteration:  # on JAX Keras asks an empty data set for its first batch
                    if self._ran:
                        raise
                    return math.nan
                if not self._ran and "evaluate" in overridden(model):  # it predicts, for example
                    kept = {name: value for name, value in data.items() if value is not None}
                    keras.Model.evaluate(model, **kept, verbose=0)
            if not (older or known):
                put_back()
                with numbers_kept([call.output.loss for call in self.calls.values()]):
                    both = tuple(self._of_first(first, False, put_back) for _ in range(2))
                self.random = () if None in both or close(*both) else both
                self._verified_forms[self._form] = False, self.random
            if apart:
                put_back()
                reported = evaluated(model, **again(data))
            return reported

    def _of_first(self, first, compiled, put_back):
        """Return the loss of a first batch, None where it fails; the pass will say why.

        Of the model's own compiled evaluation, or of the model as it is just now.
        """
        loss, evaluate = None, evaluated if compiled else evaluated_eagerly
        with suppress(Exception):
            loss = evaluate(self.model, **first)
        put_back()
        return loss

    def _verified(self, first, data):
        """Say whether this was asked before, of data of this form: compiled steps never change."""
        function, form = self.model.test_function, form_of(first, data)
        if self._verified_function is not function:
            self._verified_function, self._verified_forms = function, {}
        self.stale, self.random = self._verified_forms.get(form, (False, ()))
        self._form = form
        return form in self._verified_forms

    def _forget_if_old(self, data, put_back):
        """Forget the compiled step unless it gives the loss of the model as it is now; return data.

        For the model's own compiled evaluation may be as old.
        """
        few, data = first_rows(data, _FEW)
        same = False
        with suppress(Exception):  # the pass will say why
            now = on_batch_eagerly(self.model, few)
            put_back()
            with ExitStack() as undo:
                self._install(undo, eager=False)
                self._each = lambda *seen: None
                same = close(now, evaluated(self.model, **few))
        put_back()
        if not same:
            self._function, self._verified_forms = None, {}
        return data

    def _differs(self, own, first, put_back):
        """Say whether the model's own evaluation gave another loss than a step traced now.

        Each of them begins with the same seeds and states. The second answer are two losses where
        one step gives them all the same, drawing with other seeds; then the first is not known.
        """
        self._each = lambda *seen: None

        def anew():
            try:
                return evaluated(self.model, **first)
            finally:
                put_back()

        differs, random = not close(own, anew()), ()
        if differs:
            self._function, self._verified_forms = None, {}  # it may be this one that is old
            self._compile(eager=False)
            found = anew()
            if differs := not close(own, found):
                other = anew()
                random = () if close(found, other) else (found, other)
                differs = not random
        self._verified_forms[self._form] = differs, random
        return differs, random

    def _install(self, undo, eager):
        """Put recorders into the model's losses and its step; `undo` takes them out again."""
        model, own = self.model, vars(self.model)
        for name in ("test_function", "steps_per_execution", "run_eagerly"):
            undo.callback(setattr, model, name, private(model, name))
        for name in ("test_step", "compute_loss", "make_test_function"):
            undo.callback(own.update, {name: own[name]} if name in own else {})
            undo.callback(own.pop, name, None)
        self._threads = threading.local()
        if self.path:
            undo.callback(self.path.forget)
            undo.enter_context(operations_seen_by(self.path))
        undo.enter_context(no_hint_on_retracing())
        model.steps_per_execution = 1
        model.run_eagerly = eager or model.run_eagerly
        self.own_step = "train_step" if self.trains else own_step(model)
        name = "train_step" if self.own_step == "train_step" else "test_step"
        self._models_step = own.get(name) or getattr(type(model), name).__get__(model)
        if self.own_step == "train_step":
            stand_still(model, undo)
        elif not self.own_step:
            own["compute_loss"] = self._compute_loss
            recorded_losses(self, private(model, "_compile_loss"), undo)
        self._compile(eager)

    def _compile(self, eager):
        """Let Keras make a test function of the step with the recorders; or take what it made."""
        model, own = self.model, vars(self.model)
        # A new function each time: JAX would remember the trace of a known one.
        own["test_step"] = lambda *arguments: self._stepped(self._models_step, arguments)
        function = None if eager else self._function
        if function is None:
            own.pop("make_test_function", None)
            model.test_function = None
            keras.Model.make_test_function(model)
            function = model.test_function
            if not eager:
                self._function, self.calls, self.about = function, {}, []
        model.test_function = lambda *arguments: self._run(function, arguments)
        own["make_test_function"] = lambda force=False: None

    def _run(self, function, arguments):
        """Run the compiled step, take what is ours out of its logs, and hand it over."""
        result, self._ran = function(*arguments), True
        logs = result[0] if isinstance(result, tuple) else result
        seen: dict[int, dict[str, Any]] = {}
        names = list(logs) if isinstance(logs, dict) else []
        for key in [name for name in names if str(name).startswith(_OURS)]:
            _, number, name = key.split("/", 2)
            seen.setdefault(int(number), {})[name] = logs.pop(key)
        for number, tensors in seen.items():
            about, layout = self.about[number]
            for replica, part in enumerate(of_replicas(tensors, layout)):
                self._each(int(part.pop("rows")), replica, part, about)
        return result

    def _stepped(self, step, arguments):
        """Run the model's own step, and add to its logs what was recorded."""
        if self.own_step:
            result, batch = measured_step(self.model, step, arguments)
            self.unseen = batch.unseen
            logs = result[0] if isinstance(result, tuple) else result
            self.log = loss_in(logs) if isinstance(logs, dict) and logs else "loss"
            self.calls.update({call.index: Call(call.output, call.index) for call in batch.calls})
            return _with_tensors(result, self._leaving(batch))
        self._threads.step = Step()
        try:
            result = step(*arguments)
            tensors = self.step.tensors
        finally:
            self.failure = self.step.failure or self.failure
            self._threads.step = None
        return _with_tensors(result, tensors) if tensors else result

    def _leaving(self, batch):
        """Return what leaves the step of a batch."""
        tensors, about = self.look(batch)
        tensors |= {"rows": keras.ops.convert_to_tensor(batch.rows, "int32")}
        tensors, layout = returned(tensors)
        if (about, layout) not in self.about:
            self.about.append((about, layout))
        number = self.about.index((about, layout))
        return {f"{_OURS}{number}/{name}": tensor for name, tensor in tensors.items()}

    def _compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Compute the model's loss as Keras does it, with the recorders in place."""
        compute = keras.Model.compute_loss
        step = self.step
        if step is None:  # Keras builds the model
            return compute(self.model, x, y, y_pred, sample_weight, training=training)
        try:
            loss = compute(self.model, x, y, y_pred, sample_weight, training=training)
        except Exception as error:
            computed = tuple(output for _, (output, _) in sorted(step.seen.items()))
            step.failure = replace(step.failure or Failure(error), computed=computed)
            raise
        seen = dict(sorted(step.seen.items()))
        if not any(isinstance(part, (list, tuple, dict)) for part in (y, y_pred)):
            seen = dict(itertools.islice(seen.items(), 1))  # more losses than outputs: Keras too
        first = next(leaf for leaf in keras.tree.flatten(x) if leaf is not None)
        rows = keras.ops.shape(first)[0]
        calls = self._calls(seen)
        step.tensors = self._leaving(Batch(rows, calls, additional_losses(self.model)))
        return loss

    def _calls(self, seen):
        """Return the Calls of all outputs, and of the losses within a user's own loss."""
        calls = []
        for output, fields in seen.values():
            marks = fields.pop("marks", ())
            calls += [call_of_mark(len(calls) + i, mark, output) for i, mark in enumerate(marks)]
            if marks:
                continue
            call = Call(output, len(calls))
            if self.path:
                origin, fields["lost_mask"] = self.path.origin_of(fields["given_y_pred"])
                call = replace(call, origin=origin)
            calls.append(replace(call, **fields))
        calls = [replace(c, coefficients=c.coefficients * replica_count()) for c in calls]
        self.calls.update(
            {call.index: Call(call.output, call.index, origin=call.origin) for call in calls}
        )
        return tuple(calls)


def _with_tensors(result, tensors):
    """Return the result of a step with more in its logs."""
    if isinstance(result, tuple):  # JAX: (logs, state)
        return {**result[0], **tensors}, *result[1:]
    return {**result, **tensors}
