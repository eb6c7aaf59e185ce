"""Where a mask gets lost: the tensors of one call of a model, from layer to layer.

Layers pass masks on, and plain operations don't. `MaskPath` remembers for every tensor which mask
it once had, and which layer lost it; it also remembers the activation that made a tensor.
"""

from dataclasses import dataclass, replace
from typing import Any

from lossbook._core import attached_mask, dtype_name, keras

_RESHAPES = ("Reshape", "Flatten", "Permute", "Dropout", "Identity", "UnitNormalization")
_ACTIVATIONS = {"Sigmoid": "sigmoid", "Softmax": "softmax"}


@dataclass(frozen=True)
class Origin:
    """Where a tensor comes from: dtype, maker, activation, and which mask was lost where."""

    tensor: Any = None  # keeps the id from being used again
    dtype: str | None = None
    maker: str | None = None
    activation: str | None = None
    behind: str | None = None  # the activation that this one was taken of
    layer: str | None = None  # whose activation can be set
    lost: Any = None
    where: str | None = None
    settable: str | None = None  # a layer that would pass the mask on, if it said so

    def ending(self, activation, *code):
        """Return the way to another activation of the output as code, "" where none can be set."""
        if self.layer is None or activation == (self.activation or "linear"):
            return ""
        end = f"model.get_layer({self.layer!r}).activation = keras.activations.{activation}"
        return f": write `{'; '.join([end, *code])}` and compile again"


class MaskPath:
    """The tensors of the latest call of a model."""

    def __init__(self, model):
        self.model, self.stack, self.origins, self.inputs = model, [], {}, 0

    def forget(self):
        """Let the tensors go."""
        self.stack, self.origins = [], {}

    def enter(self, operation, arguments):
        """Note that an operation is called; the model itself begins anew."""
        if operation is self.model and not self.stack:
            self.origins = {}
        self.stack.append(operation)
        if isinstance(operation, keras.Model):
            if operation is self.model:  # JAX's step passes NumPy's arrays
                leaves = keras.tree.flatten(arguments)
                self.inputs = sum(hasattr(leaf, "shape") for leaf in leaves)
            for tensor in _tensors(arguments):
                self.origins.setdefault(id(tensor), Origin(tensor))

    def leave(self, operation, arguments, results):
        """Note the results of an operation, if a model called it; models are walked."""
        self.stack.pop()
        inside = bool(self.stack) and all(isinstance(outer, keras.Model) for outer in self.stack)
        if isinstance(operation, keras.Model):
            for result in _tensors(results):
                if id(result) not in self.origins and not _is_graph(operation):
                    self.origins[id(result)] = self._guess(result, "the output")
        elif inside:
            kind = "layer" if isinstance(operation, keras.Layer) else "operation"
            name = f"{kind} {operation.name!r} ({type(operation).__name__})"
            args, kwargs = arguments  # of a layer the first argument brings the mask
            first = args[:1] or next(iter(kwargs.values()), ())
            tensors = _tensors(first if kind == "layer" else arguments)
            sources = [self._origin(tensor, name) for tensor in tensors]
            for result in _tensors(results):
                self.origins[id(result)] = self._result(operation, name, sources, result)

    def origin_of(self, tensor):
        """Return the Origin of a tensor that reached the loss, and the mask that it has lost."""
        origin = self.origins.get(id(tensor), Origin())
        return replace(origin, dtype=dtype_name(tensor), tensor=None, lost=None), origin.lost

    def _origin(self, tensor, reader):
        if id(tensor) not in self.origins:
            graph = _is_graph(self.stack[-1])
            self.origins[id(tensor)] = Origin(tensor) if graph else self._guess(tensor, reader)
        return self.origins[id(tensor)]

    def _result(self, operation, name, sources, result):
        """Describe one result of an operation."""
        lost, where, settable = None, None, None
        if attached_mask(result) is None:
            for source in sources:
                mask = attached_mask(source.tensor)
                if hasattr(operation, "return_sequences") and not operation.return_sequences:
                    break  # takes the last step: the mask has done its work
                if mask is not None and _keeps(source.tensor, mask, result):
                    lost, where, settable = mask, f"in {name}", self._settable(operation)
                elif source.lost is not None and _keeps(source.tensor, source.lost, result):
                    lost, where, settable = source.lost, source.where, source.settable
        return Origin(
            result,
            maker=name,
            activation=_activation(operation, sources),
            behind=_behind(operation, sources),
            layer=self._layer(operation, sources),
            lost=lost,
            where=where,
            settable=settable,
        )

    def _layer(self, operation, sources):
        """Return the name of the layer of the model that gives its outputs their activation."""
        if _inherits(operation) and sources and sources[0].layer:
            return sources[0].layer
        return operation.name if self._own(operation) and _has_activation(operation) else None

    def _settable(self, operation):
        """Return the name of a layer that loses masks, and would pass them on if it said so."""
        if not isinstance(operation, keras.Layer) or operation.supports_masking:
            return None
        plain = keras.Layer.compute_mask is type(operation).compute_mask or _wraps(operation)
        return operation.name if plain and self._own(operation) else None

    def _own(self, operation):
        """Say whether the model has it among its layers."""
        return any(layer is operation for layer in getattr(self.model, "layers", ()))

    def _guess(self, tensor, reader):
        """Describe a tensor that no layer made: plain arithmetic in a subclassed model.

        Of a model with several inputs its source is not known.
        """
        if attached_mask(tensor) is None and self.inputs == 1:
            for source in reversed(self.origins.values()):
                mask = attached_mask(source.tensor)
                if mask is not None and _keeps(source.tensor, mask, tensor):
                    where = (
                        f"in plain operations between {source.maker or 'the input'} and {reader}"
                    )
                    return Origin(tensor, lost=mask, where=where)
                if source.lost is not None and _keeps(source.tensor, source.lost, tensor):
                    return replace(source, tensor=tensor, maker=None, activation=None)
        return Origin(tensor)


def _tensors(structure):
    return [leaf for leaf in keras.tree.flatten(structure) if keras.ops.is_tensor(leaf)]


def _is_graph(model):
    """Return whether a model is functional or Sequential: then every operation is seen."""
    return isinstance(model, keras.Sequential) or "Functional" in [
        base.__name__ for base in type(model).__mro__
    ]


def _keeps(before, mask, after):
    """Return whether the axes of a mask are still those of a later tensor."""
    old, new, kept = tuple(before.shape), tuple(after.shape), tuple(mask.shape)
    shorter = len(new) < len(old) and not (len(new) == len(old) - 1 and old[-1] == 1)
    same = all(a is None or b is None or a == b for a, b in zip(kept, new, strict=False))
    return not shorter and len(new) >= len(kept) and same


def _wraps(operation):
    """Return whether a layer has masks of its own, and loses them, as in Keras up to 3.15."""
    kinds = keras.layers.RNN, keras.layers.Bidirectional, keras.layers.TimeDistributed
    return isinstance(operation, kinds)


def _has_activation(operation):
    return callable(getattr(operation, "activation", None))


def _inherits(operation):
    own = getattr(getattr(operation, "activation", None), "__name__", None)
    kind = type(operation).__name__
    return kind in _RESHAPES or (kind == "Activation" and own == "linear")


def _behind(operation, sources):
    """Return the activation of what an activation alone is taken of, or None."""
    if not sources:
        return None
    if _inherits(operation):
        return sources[0].behind
    alone = type(operation).__name__ in (*_ACTIVATIONS, "Activation")
    return sources[0].activation if alone else None


def _activation(operation, sources):
    """Return the name of the activation that made a result, "linear" or None if unknown."""
    kind = type(operation).__name__
    if kind in _ACTIVATIONS:
        return _ACTIVATIONS[kind]
    own = getattr(getattr(operation, "activation", None), "__name__", None)
    if _inherits(operation):
        return sources[0].activation if sources else None
    return own
