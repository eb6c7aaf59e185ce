"""Which target, weight and loss Keras lets meet which output, asked of Keras itself, without data.

Keras's own CompileLoss is called with marks in place of arrays and of losses: what meets in it
meets in the model.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from lossbook._core import active_backend, keras, private

Path = tuple[Any, ...]


class Unmatched(Exception):
    """Keras hands something to a loss that is no target of the user's."""


@dataclass(frozen=True)
class Met:
    """One call of a loss: paths in the outputs, y, loss, loss_weights, sample_weight, or None."""

    output: Path
    target: Path
    loss: Path
    loss_weight: Path | None = None
    sample_weight: Path | None = None


@dataclass(frozen=True)
class Given:
    """What meets in the loss of a model: structures whose leaves have shapes, or are losses."""

    outputs: Any
    names: list[str]
    y: Any
    sample_weight: Any = None
    loss: Any = None
    loss_weights: Any = None
    metrics: Any = None
    weighted_metrics: Any = None


@dataclass
class _Marks:
    """Marks for the leaves of a structure, and the path of each."""

    paths: dict[int, Path] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)

    def of(self, structure, make):
        """Return the structure with a mark in place of each leaf that is not None."""

        def mark(path, leaf):
            if leaf is None:
                return None
            self.kept.append(make(path))
            self.paths[id(self.kept[-1])] = path
            return self.kept[-1]

        return mapped(mark, structure)

    def path(self, mark):
        """Return the path of a mark.

        Raises:
            Unmatched: for anything else.
        """
        if id(mark) not in self.paths:
            raise Unmatched(f"{type(mark).__name__} instead of a tensor")
        return self.paths[id(mark)]


def is_nested(structure: Any) -> bool:
    """Say whether this is a dict, list or tuple of other things."""
    return isinstance(structure, (dict, list, tuple))


def mapped(function: Any, structure: Any, path: Path = ()) -> Any:
    """Return a structure with `function(path, leaf)` in place of every leaf."""
    if isinstance(structure, dict):
        items = {key: mapped(function, part, (*path, key)) for key, part in structure.items()}
        return OrderedDict(items) if isinstance(structure, OrderedDict) else items
    if is_nested(structure):
        parts = [mapped(function, part, (*path, i)) for i, part in enumerate(structure)]
        if hasattr(structure, "_fields"):
            return type(structure)(*parts)
        return tuple(parts) if isinstance(structure, tuple) else parts
    return function(path, structure)


def leaves(structure: Any) -> dict[Path, Any]:
    """Return the leaves of a structure by their paths, in the order in which they were given."""
    found: dict[Path, Any] = {}
    mapped(found.__setitem__, structure)
    return found


def met(given: Given) -> tuple[list[Met], bool]:
    """Return every call of a loss, and whether all of them count in the total.

    Raises:
        Exception: whatever Keras raises where these don't fit.
    """
    from keras.src.trainers.compile_utils import CompileLoss

    outputs, targets, weights = _Marks(), _Marks(), _Marks()
    probes, calls = _Marks(), []

    class Probe(keras.losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            if y_true is None:
                raise Unmatched("None instead of targets")
            weight = None if sample_weight is None else weights.path(_only(sample_weight))
            calls.append(
                Met(outputs.path(y_pred), targets.path(y_true), probes.path(self), None, weight)
            )
            return keras.ops.ones(())

    def tensor(path):
        return keras.ops.ones((1,))

    y_pred = outputs.of(given.outputs, tensor)
    y_true = targets.of(_as_delivered(given.y), tensor)
    sample_weight = given.sample_weight
    if sample_weight is not None and not is_nested(sample_weight) and is_nested(given.y):
        sample_weight = mapped(lambda path, leaf: sample_weight, given.y)  # as Keras repeats it
    weight = weights.of(_as_delivered(sample_weight), tensor)
    loss = probes.of(given.loss, lambda path: Probe(name="probe"))
    names = list(given.names)
    total = CompileLoss(loss, None, output_names=names)(y_true, y_pred, weight)
    all_count = total is None or round(float(total)) == len(calls)
    if given.loss_weights is None:
        return calls, all_count
    factors: dict[float, Path] = {}
    calls = []

    def factor(path):
        factors[float(len(factors) + 1)] = path
        return float(len(factors))

    loss_weights = mapped(lambda path, leaf: factor(path), given.loss_weights)
    compiled = CompileLoss(loss, loss_weights, output_names=names)
    compiled(y_true, y_pred, weight)
    flat = private(compiled, "_flat_losses")
    calls = [
        Met(one.output, one.target, one.loss, factors.get(entry.loss_weights), one.sample_weight)
        for one, entry in zip(calls, flat, strict=True)
    ]
    return calls, all_count


def check_metrics(given: Given) -> None:
    """Let Keras distribute the metrics over the outputs.

    Raises:
        Exception: what Keras raises where they don't fit.
    """
    from keras.src.trainers.compile_utils import CompileMetrics

    class Probe(keras.metrics.Metric):
        def update_state(self, *arguments, **options):
            """Take nothing in."""

        def result(self):
            return keras.ops.zeros(())

    def probes(structure):
        return mapped(lambda path, leaf: None if leaf is None else Probe(name="p"), structure)

    def tensors(structure):
        return mapped(lambda path, leaf: keras.ops.ones((1,)), structure)

    CompileMetrics(
        probes(given.metrics), probes(given.weighted_metrics), output_names=list(given.names)
    ).build(tensors(_as_delivered(given.y)), tensors(given.outputs))


def compiled_with(model: Any) -> dict[str, Any]:
    """Return what compile() got: loss, loss_weights, metrics, weighted_metrics, as far as known."""
    compiled, metrics = private(model, "_compile_loss"), private(model, "_compile_metrics")
    found = {"loss": None, "loss_weights": None}
    if compiled is not None:
        found["loss"] = private(compiled, "_user_loss")
        found["loss_weights"] = private(compiled, "_user_loss_weights")
    if metrics is not None:
        found["metrics"] = private(metrics, "_user_metrics")
        found["weighted_metrics"] = private(metrics, "_user_weighted_metrics")
    return found


def outputs_of(model: Any, x: Any = None) -> tuple[Any, list[str]] | None:
    """Return the structure of the outputs, and their names, or None where x is needed for it.

    Where a model has a `call` of its own, x, a first batch, is passed through it.
    """
    names = getattr(model, "output_names", None) or []
    functional = private(keras.src.models, "Functional")
    if isinstance(model, functional) and type(model).call is functional.call:
        return _only(model.output), names
    if isinstance(model, keras.Sequential) and type(model).call is keras.Sequential.call:
        inner = private(model, "_functional")
        if inner is not None:
            return _only(inner.output), inner.output_names
    if x is None:
        return None
    tensors = keras.tree.map_structure(keras.ops.convert_to_tensor, x)
    return model(tensors, training=False), names


def _only(structure):
    """Return the one part of a list or tuple of one, which Keras unpacks, or all."""
    if isinstance(structure, (list, tuple)) and len(structure) == 1:
        return structure[0]
    return structure


def _as_delivered(structure):
    """Return lists as tuples, as tf.data hands them to the step."""
    if active_backend() != "tensorflow" or not is_nested(structure):
        return structure
    if isinstance(structure, dict):
        items = {key: _as_delivered(part) for key, part in structure.items()}
        return OrderedDict(items) if isinstance(structure, OrderedDict) else items
    return tuple(_as_delivered(part) for part in structure)
