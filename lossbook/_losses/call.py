"""The call of one loss, as trace() is asked for it: name, options, logits, elementwise losses."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

import numpy as np

from lossbook import reduction as keras3
from lossbook._core import (
    asarray,
    attached_mask,
    check_axis,
    check_broadcast,
    check_dtype,
    check_mask,
    check_not_empty,
    check_values_exist,
    dtype_name,
    floatx,
    namespace,
    ops,
    shape_of,
    squeeze_or_expand_to_same_rank,
    to_numpy,
    warn,
)
from lossbook._losses.catalogue import (
    ALIASES,
    ATOMIC,
    LOSSES,
    KerasLoss,
    entry_of,
    known_options,
    options_of,
)
from lossbook._losses.whose import is_loss, keras_name, keras_objects, of_keras
from lossbook.elementwise import softmax

DEFAULT_REDUCTION = type("Default", (str,), {})("sum_over_batch_size")  # known by its identity


@dataclass(frozen=True, eq=False)
class LossCall:
    """One call of a loss, checked, in arrays of one namespace whose ranks have met.

    `shapes` are those of y_true and y_pred as they were given; `mask` is the one that was given or
    that Keras has attached to y_pred; `logits` are those that Keras finds behind it.
    """

    name: str
    loss: KerasLoss
    options: dict[str, Any]
    reduction: str
    dtype: str
    xp: Any
    y_true: Any
    y_pred: Any
    sample_weight: Any
    mask: Any
    logits: Any
    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    @property
    def axis(self) -> int:
        """The class axis."""
        return self.options.get("axis", -1)

    def elementwise(self) -> tuple[Any, Any]:
        """Return the elementwise losses, and which positions the loss itself keeps (None: all)."""
        if self.loss.atomic:
            losses, valid = _atomic_values(self)
        else:
            losses, valid = elementwise_losses(
                self.xp, self.loss, self.y_true, self.y_pred, self.logits, self.options
            )
        return asarray(self.xp, losses, self.dtype), valid  # CTC's kernel knows float32 only

    def check_pairs(self, elementwise: Any) -> None:
        """Warn where predictions and targets make more pairs than there are of either."""
        y_true, y_pred = self.shapes
        if self.loss.numbered:
            check_broadcast(shape_of(elementwise), y_true, y_pred, y_pred[:-1])
        else:
            pairs = np.broadcast_shapes(shape_of(self.y_true), shape_of(self.y_pred))
            check_broadcast(pairs, y_true, y_pred, y_pred)


def loss_call(
    loss: Any,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    mask: Any,
    reduction: str | None,
    dtype: Any,
    options: dict[str, Any],
) -> LossCall:
    """Bring the arguments of trace() into one form, and refuse what Keras refuses."""
    name, reduction, dtype, options = _settings(loss, reduction, dtype, options)
    xp = namespace(y_true=y_true, y_pred=y_pred, sample_weight=sample_weight, mask=mask)
    if mask is None:
        mask = attached_mask(y_pred)
    tensor = y_pred
    y_true, y_pred = asarray(xp, y_true, dtype, "y_true"), asarray(xp, y_pred, dtype, "y_pred")
    check_values_exist(xp, y_pred)
    logits = _logits_behind(name, y_true, tensor, dtype, options)
    shapes = shape_of(y_true), shape_of(y_pred)
    check_not_empty("y_pred", shapes[1])
    check_not_empty("y_true", shapes[0])
    y_true, y_pred = squeeze_or_expand_to_same_rank(xp, y_true, y_pred)
    check_mask(mask)
    return LossCall(
        name=name,
        loss=entry_of(name),
        options=options,
        reduction=reduction,
        dtype=dtype,
        xp=xp,
        y_true=y_true,
        y_pred=y_pred,
        sample_weight=sample_weight,
        mask=mask,
        logits=logits,
        shapes=shapes,
    )


def _settings(
    loss: Any, reduction: str | None, dtype: Any, options: dict[str, Any]
) -> tuple[str, str, str, dict[str, Any]]:
    """Return the loss's name, its reduction, dtype and options; a Loss object brings its own."""
    found = None if isinstance(loss, str) else of_keras(loss)
    if isinstance(loss, str) and loss in (*LOSSES, *ATOMIC, *ALIASES):
        name = ALIASES.get(loss, loss)
    elif found is None:
        _refuse_loss(loss)
    else:
        name, function, bound = found
        if is_loss(loss):
            _refuse_other_settings(loss, reduction, dtype, options)
            reduction, dtype = loss.reduction, loss.dtype
        options = known_options(name, function, {**bound, **options})
    unknown = [o for o in options if o not in options_of(name)]
    if unknown:
        takes = ", ".join(options_of(name)) or "no options"
        raise TypeError(f"{name} takes {takes}. Received: {', '.join(unknown)}.")
    dtype = check_dtype(floatx() if dtype is None else dtype)
    return name, str(keras3.standardize_reduction(reduction)), dtype, options


def _refuse_other_settings(
    loss: Any, reduction: str | None, dtype: Any, options: dict[str, Any]
) -> None:
    """Raise a TypeError for settings beside a Loss object that are not the object's own."""
    other = list(options)
    if reduction is not DEFAULT_REDUCTION:
        theirs = keras3.standardize_reduction(loss.reduction)
        other += ["reduction"] if keras3.standardize_reduction(reduction) != theirs else []
    if dtype is not None and check_dtype(dtype) != check_dtype(loss.dtype):
        other.append("dtype")
    if other:
        name = type(loss).__name__
        raise TypeError(
            f"{', '.join(other)}: a Loss object brings its own options. "
            f"Set them there, as in {name}({other[0]}=...), or pass the loss by name."
        )


def _refuse_loss(loss: Any) -> NoReturn:
    hint = "Of any other loss pass the values to aggregate()."
    if isinstance(loss, str):
        name = repr(loss)
        if loss in ("crossentropy", "ce"):
            hint = "compile() picks one of the three crossentropies by the shapes: name it."
        elif near := get_close_matches(loss, [*LOSSES, *ATOMIC], n=1):
            hint = f"Did you mean {near[0]!r}?"
    else:
        owner = loss if hasattr(loss, "__name__") and hasattr(loss, "__module__") else type(loss)
        name = f"{owner.__module__}.{owner.__name__}".removeprefix("builtins.")
        if keras_name(owner):
            hint = f"This one is of Keras's class, but calls another function. {hint}"
        elif owner.__name__ in (*LOSSES, *ATOMIC, *ALIASES):
            hint = f"This one bears the name of Keras's, but is another object. {hint}"
    raise ValueError(f"Unknown loss {name}. Known: Keras's {', '.join([*LOSSES, *ATOMIC])}. {hint}")


def _logits_behind(name: str, y_true: Any, y_pred: Any, dtype: str, options: dict[str, Any]) -> Any:
    """Return the logits that Keras finds behind y_pred, None where it finds none.

    On TensorFlow an activation leaves them on its output. They are lost when the tensor is cast
    or reshaped before the loss, which includes Keras's own alignment of ranks.
    References: keras/src/backend/tensorflow/nn.py::_get_logits, Keras 3.15.1.
    """
    loss, logits = entry_of(name), getattr(y_pred, "_keras_logits", None)
    if logits is None or not loss.finds_logits_with(options):
        return None
    from keras import backend, ops

    _, aligned = squeeze_or_expand_to_same_rank(ops, y_true, y_pred)
    cast_or_reshaped = dtype_name(y_pred) != dtype or len(aligned.shape) != len(y_pred.shape)
    if backend.backend() != "tensorflow" or cast_or_reshaped:
        return None
    axis = check_axis(options.get("axis", -1), shape_of(y_pred))
    made_by = loss.activation
    expected = ops.sigmoid(logits) if made_by == "sigmoid" else softmax(ops, logits, axis)
    if bool(ops.any(ops.abs(expected - y_pred) > 1e-3)):
        warn(
            f"{name} takes the logits that Keras finds behind y_pred for those of a {made_by}, "
            f"but another activation made y_pred: this is the loss of {made_by}(logits), not of "
            f"y_pred. Use a {made_by} output, or the crossentropy that fits the activation.",
            "activation-mismatch",
        )
    elif options.get("from_logits"):
        warn(
            f"from_logits=True, but y_pred came out of a {made_by}: Keras finds the logits behind "
            "it and uses those, so from_logits makes no difference here. Leave it out.",
            "probabilities-as-logits",
        )
    return logits


def elementwise_losses(
    xp: Any, loss: KerasLoss, y_true: Any, y_pred: Any, logits: Any, options: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Return the elementwise losses, and which positions the loss itself keeps (None: all)."""
    elementwise = elements(xp, loss, y_true, y_pred, logits, options)
    valid = None
    if options.get("ignore_class") is not None:
        valid = xp.reshape(y_true, shape_of(elementwise)) != options["ignore_class"]
    return elementwise, valid


def elements(
    xp: Any, loss: KerasLoss, y_true: Any, y_pred: Any, logits: Any, options: Mapping[str, Any]
) -> Any:
    """Return the elementwise losses."""
    assert loss.function is not None, "an atomic loss has no elements"
    arguments = dict(options)
    if loss.class_axis == "mean":
        arguments.pop("axis", None)  # the axis of the mean, which comes later
    if logits is not None:
        logits = asarray(xp, logits, dtype_name(y_pred))
        if loss.clips_logits:
            arguments["logits"] = logits
        else:
            y_pred, arguments["from_logits"] = logits, True
    return loss.function(y_true, y_pred, **arguments)


def _atomic_values(call: LossCall) -> tuple[Any, Any]:
    """Return what Keras's own function returns, and the mask that it attaches, if any."""
    y_true, y_pred = ops.convert_to_tensor(call.y_true), ops.convert_to_tensor(call.y_pred)
    try:
        values = keras_objects()[call.name](y_true, y_pred, **call.options)
    except Exception as error:
        raise ValueError(
            f"Keras's {call.name} refuses y_true of shape {shape_of(y_true)} with y_pred of shape "
            f"{shape_of(y_pred)}: {str(error).splitlines()[0]}"
        ) from error
    valid = attached_mask(values)
    if call.xp is np:
        values, valid = to_numpy(values), None if valid is None else to_numpy(valid)
    return values, valid
