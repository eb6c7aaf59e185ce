"""What shapes say of a pass: of what Keras refuses the finding that explains it; warnings."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from lossbook import reduction as keras3
from lossbook._core import collected_warnings, with_section
from lossbook._model import Call, Given, Watch, compiled_with, leaves, met, outputs_of, overridden
from lossbook._trace import trace

_AUDIT = "lossbook.audit, with the same arguments, looks for the cause"
_LABELS = "label value of -?\\d+ which is outside the valid range"  # TensorFlow's words


def explained_by(error: Exception, watch: Watch, data: dict[str, Any]) -> str:
    """Return what to add to an error: its kind, if that is certain, and where it is explained.

    Args:
        error: what the pass has raised.
        watch: what has run the pass.
        data: x, y, sample_weight and batch_size of the pass.
    """
    for kind in (_not_dense(watch), _unlike(watch, data), _unmatched(watch.model, data)):
        with contextlib.suppress(Exception):
            return next(kind)
    if re.search(_LABELS, str(error)):
        message = "Labels are class numbers, from 0 to one less than y_pred has classes."
        return with_section(message, "labels-range")
    return f"{_AUDIT}: sides that do not fit, your own code."


def _not_dense(watch: Watch) -> Iterator[str]:
    """Yield that a loss of Keras failed with ragged or sparse targets or weights."""
    failure = watch.failure or watch.unbuilt
    if failure is None or failure.output is None or failure.output.keras_loss is None:
        return
    for name, given in (("y", failure.y_true), ("sample_weight", failure.sample_weight)):
        kind = type(given).__name__
        if kind.startswith(("Ragged", "Sparse")):
            message = f"{name} is a {kind}; a loss of Keras takes dense arrays."
            yield with_section(message, "kind-refused")


def _unlike(watch: Watch, data: dict[str, Any]) -> Iterator[str]:
    """Yield how lossbook refuses the shapes that a loss failed with, or the step that was traced.

    Without the shapes where nothing says how many rows there are.
    """
    rows, failure = min(_rows(data) | {data["batch_size"]}), watch.failure or watch.unbuilt
    try:
        if failure is None:
            for (_, given, *_), _ in watch.about:
                list(warnings_of(rows, watch.calls, given))
        elif failure.output is not None and failure.output.keras_loss is not None:
            parts = failure.y_true, failure.y_pred, failure.sample_weight
            with np.errstate(all="ignore"), collected_warnings():
                trace(failure.output.loss, *(_ones(rows, lengths_of(x)) for x in parts))
    except ValueError as refusal:
        text, see, place = str(refusal).partition(" See: ")
        if see:
            yield f"{text if _rows(data) else _AUDIT + '.'}{see}{place}"


def lengths_of(x: Any) -> tuple[int | None, ...] | None:
    """Return a shape with None for lengths that a step knows only when it runs."""
    return None if x is None else tuple(x.shape)


def _ones(rows: int, shape: tuple[int | None, ...] | None) -> Any:
    if shape is None:
        return None
    if None in shape[1:]:
        raise TypeError("Nothing says how long an axis is that is not that of the rows.")
    return np.ones([rows if n is None else n for n in shape])


def warnings_of(rows: int, calls: dict[int, Call], given: Any) -> Iterator[str]:
    """Yield what trace would warn of, by the shapes: weights along another axis and the like.

    Args:
        rows: of the batch.
        calls: the calls of all losses, by number.
        given: (number, shapes of values, weights and mask) of each call.

    Raises:
        ValueError: as trace does, for shapes that Keras refuses.
    """
    for index, *shapes in given:
        _, weight, mask = shapes
        if weight is mask is None or any(shape and None in shape[1:] for shape in shapes):
            continue
        values, weight, mask = (_ones(rows, shape) for shape in shapes)
        output = calls[index].output
        with collected_warnings() as collected:
            reduction = keras3.standardize_reduction(output.loss.reduction)
            keras3.walk(values, weight, mask, reduction)
        for message in collected:
            yield f"Output {output.name!r}: {message}"


def _unmatched(model: Any, data: dict[str, Any]) -> Iterator[str]:
    """Yield that the sides of a loss cannot be paired, whatever their values."""
    if len(_rows(data)) > 1:
        words = "x, y and sample_weight differ in their rows."
        yield with_section(f"{_AUDIT}: {words}", "structure-refused")
    own = {"test_step", "train_step", "compute_loss"} & set(overridden(model))
    known = None if own or data["y"] is None else outputs_of(model)
    if known is None:
        return
    try:
        met(Given(*known, data["y"], data["sample_weight"], **compiled_with(model)))
    except Exception:
        words = "outputs, y, losses and weights do not match."
        yield with_section(f"{_AUDIT}: {words}", "structure-refused")


def _rows(data: dict[str, Any]) -> set[int]:
    """Return the lengths of the first axes of all arrays."""
    parts = [data[name] for name in ("x", "y", "sample_weight")]
    shapes = [tuple(getattr(leaf, "shape", ())) for leaf in leaves(parts).values()]
    return {shape[0] for shape in shapes if shape}
