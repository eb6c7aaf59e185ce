"""From the losses of the outputs to the reported loss: loss weights, additional losses, batches.

At this end of the path everything is one number: scalars (or tensors of one entry) in, floats out.
"""

from typing import NamedTuple

import numpy as np

from lossbook._core import (
    ArrayLike,
    asarray,
    described,
    is_number,
    listed,
    one_number,
    to_numpy,
    warn,
)


class Sum(NamedTuple):
    """A sum of parts: its value, and the factor of each part in it."""

    value: float
    coefficients: tuple


def weighted_losses(output_losses: ArrayLike, loss_weights: ArrayLike | None = None) -> Sum:
    """Add the losses of the outputs, each times its loss weight.

    Surprise: the weights are factors, not shares: they are not divided by their sum. And the loss
    that Keras logs for each output is the one *before* its weight.

    Formula: sum of loss_weight · output_loss.

    Args:
        output_losses: one scalar per output, as a number, list or dict by name; None for an
            output without a loss.
        loss_weights: None (all 1), or the same structure: a number, a list, a dict by name. Where
            a list meets a dict, Keras sorts the names of the dict; we do too, and warn.

    Returns:
        Sum: value; coefficients, one per output (0 for an output without a loss).

    Raises:
        ValueError: if the weights don't match the outputs; the message names both.

    Examples:
        >>> from lossbook import total
        >>> total.weighted_losses({"mask": 0.5, "label": 2.0}, {"label": 0.25, "mask": 1.0})
        Sum(value=1.0, coefficients=(1.0, 0.25))

    References:
        keras/src/trainers/compile_utils.py::CompileLoss.call, Keras 3.15.1.
    """
    names, losses = _by_name(output_losses)
    weights = [1.0] * len(losses)
    if loss_weights is not None:
        given, weights = _by_name(loss_weights)
        named = [isinstance(parts, dict) for parts in (output_losses, loss_weights)]
        if all(named) and set(given) != set(names):
            raise ValueError(
                f"loss_weights must name every output: expected {', '.join(names)}; "
                f"received {', '.join(given)}."
            )
        if len(weights) != len(losses):
            raise ValueError(
                f"loss_weights must give one weight per output: expected {len(losses)}, "
                f"received {len(weights)}. For an output without a loss pass None as its loss."
            )
        if all(named):
            weights = [weights[given.index(name)] for name in names]
        elif any(named) and len(losses) > 1:
            sort = sorted(names if named[0] else given)
            if named[0]:
                weights = [weights[sort.index(name)] for name in names]
            else:
                weights = [weights[given.index(name)] for name in sort]
            warn(
                "Losses and loss_weights are a dict and a list: Keras sorts the names of the dict "
                f"and pairs them with the list in the order {', '.join(sort)}. "
                "Give both as a dict, or both as a list.",
                "structure-order",
            )
    factors = tuple(
        0.0 if loss is None else 1.0 if weight is None else one_number("loss_weights", weight)
        for loss, weight in zip(losses, weights, strict=True)
    )
    parts = [
        factor * one_number("output_losses", loss)
        for loss, factor in zip(losses, factors, strict=True)
        if loss is not None
    ]
    return Sum(float(sum(parts)), factors)


def activity_penalty(penalty: float, batch_size: int) -> float:
    """Divide the penalty of an activity regulariser by the rows of the batch, as Keras 3.14 does.

    Surprise: kernel and bias penalties are not divided, and before 3.14 this one wasn't either.

    Formula: penalty / batch_size.

    Args:
        penalty: scalar, what the regulariser returns for the layer's output.
        batch_size: int, the number of rows of that output.

    Returns:
        float, as it stands in `model.losses`.

    Examples:
        >>> from lossbook import total
        >>> total.activity_penalty(5.0, batch_size=4)
        1.25

    References:
        keras/src/layers/layer.py::Layer.__call__, Keras 3.15.1.
    """
    if not is_number(batch_size) or not batch_size > 0:
        raise ValueError(
            f"batch_size must be a positive number, the rows of the batch. Received: "
            f"{described(batch_size)}."
        )
    return one_number("penalty", penalty) / batch_size


def batch_loss(
    output_losses: ArrayLike,
    loss_weights: ArrayLike | None = None,
    additional_losses: ArrayLike = (),
) -> Sum:
    """Add the weighted losses of the outputs and the additional losses: the loss of one batch.

    Surprise: additional losses are added as they are: not divided by the batch size, not touched
    by sample weights or loss weights, and in the validation loss too. A vector from `add_loss`
    is summed, not averaged.

    Formula: sum of loss_weight · output_loss + sum of additional losses.

    Args:
        output_losses: as in `weighted_losses`.
        loss_weights: as in `weighted_losses`.
        additional_losses: `model.losses`: penalties of regularisers and whatever `add_loss` got,
            each a scalar or an array.

    Returns:
        Sum: value; coefficients, one per output and then a 1 for each additional loss.

    Examples:
        >>> from lossbook import total
        >>> total.batch_loss([0.5, 2.0], [1.0, 0.25], additional_losses=[0.5]).value
        1.5

    References:
        keras/src/trainers/trainer.py::Trainer.compute_loss, Keras 3.15.1.
    """
    value, coefficients = weighted_losses(output_losses, loss_weights)
    additional = [
        float(_floats("additional_losses", loss).sum())
        for loss in listed("additional_losses", additional_losses, "penalty")
    ]
    return Sum(value + sum(additional), coefficients + (1.0,) * len(additional))


def reported_loss(batch_losses: ArrayLike, batch_sizes: ArrayLike) -> Sum:
    """Average the losses of the batches by their rows: what `evaluate` and `fit` report.

    Surprise: a batch counts with its number of rows, however many of its values are valid. So the
    loss of masked data depends on the batch size, and is not the loss of one big batch; so does
    that of "sum", and of weights under "mean_with_sample_weight".

    Formula: sum of rows · batch_loss / sum of rows.

    Args:
        batch_losses: one scalar per batch.
        batch_sizes: the number of rows of each batch, or one number for all.

    Returns:
        Sum: value; coefficients, the share of each batch.

    Raises:
        ValueError: if there is no batch, a size is not positive, or the lengths differ.

    Examples:
        >>> from lossbook import total
        >>> total.reported_loss([2.0, 8.0], batch_sizes=[3, 1])
        Sum(value=3.5, coefficients=(0.75, 0.25))

    References:
        keras/src/backend/tensorflow/trainer.py::TensorFlowTrainer.test_step, Keras 3.15.1.
    """
    each = listed("batch_losses", batch_losses, "batch")
    losses = np.array([one_number("batch_losses", loss) for loss in each])
    sizes = _floats("batch_sizes", batch_sizes)
    if losses.size == 0:
        raise ValueError("batch_losses is empty: an epoch has at least one batch.")
    if sizes.ndim and sizes.shape != losses.shape:
        raise ValueError(
            f"batch_sizes must give the rows of every batch: expected {losses.size} sizes, "
            f"received {sizes.size}."
        )
    if not (sizes > 0).all():
        raise ValueError(f"batch_sizes must be positive. Received: {batch_sizes}.")
    shares = np.broadcast_to(sizes, losses.shape) / np.broadcast_to(sizes, losses.shape).sum()
    return Sum(float(losses @ shares), tuple(float(share) for share in shares))


def _by_name(losses):
    """Return the names (or positions) and the parts of a number, a list or a dict."""
    if isinstance(losses, dict):
        return list(losses), list(losses.values())
    if isinstance(losses, (list, tuple)):
        return [str(i) for i in range(len(losses))], list(losses)
    return ["0"], [losses]


def _floats(name, x):
    """Return an array, tensor or list of numbers as a NumPy array of float64."""
    return asarray(np, to_numpy(x) if hasattr(x, "dtype") else x, "float64", name)
