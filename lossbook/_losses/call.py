"""The call of one loss, as trace() is asked for it: name, options, logits, elementwise losses."""

from difflib import get_close_matches

import numpy as np

from lossbook import reduction as keras3
from lossbook._core import (
    asarray,
    attached_mask,
    check_axis,
    check_dtype,
    dtype_name,
    floatx,
    shape_of,
    squeeze_or_expand_to_same_rank,
    to_numpy,
    warn,
)
from lossbook._losses.catalogue import (
    ALIASES,
    ATOMIC,
    LOSSES,
    known_options,
    loss_named,
    options_of,
)
from lossbook.elementwise import softmax


def settings(loss, reduction, dtype, options):
    """Return the loss's name, its reduction, dtype and options; a Loss object brings its own."""
    received, function = loss, None
    if not isinstance(loss, str) and hasattr(loss, "reduction"):
        name = type(loss).__name__
        if options or reduction not in ("sum_over_batch_size", loss.reduction):
            extra = [*options, *(["reduction"] if not options else [])]
            raise TypeError(
                f"{', '.join(extra)}: a Loss object brings its own options. "
                f"Set them there, as in {name}({extra[0]}=...), or pass the loss by name."
            )
        # Keras's losses are wrappers: the function, and the options that it is called with.
        options = dict(getattr(loss, "_fn_kwargs", {}))
        reduction, dtype = loss.reduction, loss.dtype
        loss = getattr(loss, "fn", None) if type(loss).__module__.startswith("keras.") else None
    if callable(loss):
        function = loss
        of_keras = str(getattr(loss, "__module__", "")).startswith("keras.")
        loss = getattr(loss, "__name__", None) if of_keras else None
    if loss not in (*LOSSES, *ATOMIC, *ALIASES):
        _refuse_loss(received)
    loss = ALIASES.get(loss, loss)
    if function is not None:
        options = known_options(loss, function, options)
    unknown = [o for o in options if o not in options_of(loss)]
    if unknown:
        takes = ", ".join(options_of(loss)) or "no options"
        raise TypeError(f"{loss} takes {takes}. Received: {', '.join(unknown)}.")
    dtype = check_dtype(floatx() if dtype is None else dtype)
    return loss, keras3.standardize_reduction(reduction), dtype, options


def _refuse_loss(loss):
    hint = "Of any other loss pass the values to aggregate()."
    if isinstance(loss, str):
        name = repr(loss)
        if loss in ("crossentropy", "ce"):
            hint = "compile() picks one of the three crossentropies by the shapes: name it."
        elif near := get_close_matches(loss, [*LOSSES, *ATOMIC], n=1):
            hint = f"Did you mean {near[0]!r}?"
    else:
        owner = loss if hasattr(loss, "__name__") else type(loss)
        name = f"{owner.__module__}.{owner.__name__}".removeprefix("builtins.")
    raise ValueError(f"Unknown loss {name}. Known: Keras's {', '.join([*LOSSES, *ATOMIC])}. {hint}")


def recovered_logits(loss, y_true, y_pred, dtype, options):
    """Return the logits that Keras finds behind y_pred, None where it finds none.

    On TensorFlow an activation leaves them on its output. They are lost when the tensor is cast
    or reshaped before the loss, which includes Keras's own alignment of ranks.
    References: keras/src/backend/tensorflow/nn.py::_get_logits, Keras 3.15.1.
    """
    logits = getattr(y_pred, "_keras_logits", None)
    entry, from_logits = loss_named(loss), options.get("from_logits")
    if logits is None or not entry.finds_logits or options.get("ignore_class") is not None:
        return None
    if entry.clips_logits and from_logits:
        return None  # a new sigmoid stands between
    from keras import backend, ops

    _, aligned = squeeze_or_expand_to_same_rank(ops, y_true, y_pred)
    cast_or_reshaped = dtype_name(y_pred) != dtype or len(aligned.shape) != len(y_pred.shape)
    if backend.backend() != "tensorflow" or cast_or_reshaped:
        return None
    axis = check_axis(options.get("axis", -1), shape_of(y_pred))
    name = entry.activation
    expected = ops.sigmoid(logits) if name == "sigmoid" else softmax(ops, logits, axis)
    if bool(ops.any(ops.abs(expected - y_pred) > 1e-3)):
        warn(
            f"{loss} takes the logits that Keras finds behind y_pred for those of a {name}, but "
            f"another activation made y_pred: this is the loss of {name}(logits), not of y_pred. "
            f"Use a {name} output, or the crossentropy that fits the activation."
        )
    elif from_logits:
        warn(
            f"from_logits=True, but y_pred came out of a {name}: Keras finds the logits behind it "
            "and uses those, so from_logits makes no difference here. Leave it out."
        )
    return logits


def elementwise_losses(xp, loss, y_true, y_pred, logits, options):
    """Return the elementwise losses, and which positions the loss itself keeps (None: all)."""
    entry, arguments = LOSSES[loss], dict(options)
    if entry.class_axis == "mean":
        arguments.pop("axis", None)  # the axis of the mean, which comes later
    if logits is not None:
        logits = asarray(xp, logits, dtype_name(y_pred))
        if entry.clips_logits:
            arguments["logits"] = logits
        else:
            y_pred, arguments["from_logits"] = logits, True
    elementwise = entry.function(y_true, y_pred, **arguments)
    valid = None
    if options.get("ignore_class") is not None:
        valid = xp.reshape(y_true, shape_of(elementwise)) != options["ignore_class"]
    return elementwise, valid


def atomic_values(xp, loss, y_true, y_pred, options):
    """Return what Keras's own function returns, and the mask that it attaches, if any."""
    from keras import losses, ops

    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    try:
        values = losses.get(loss)(y_true, y_pred, **options)
    except Exception as error:
        raise ValueError(
            f"Keras's {loss} refuses y_true of shape {shape_of(y_true)} with y_pred of shape "
            f"{shape_of(y_pred)}: {str(error).splitlines()[0]}"
        ) from error
    valid = attached_mask(values)
    if xp is np:
        values, valid = to_numpy(values), None if valid is None else to_numpy(valid)
    return values, valid
