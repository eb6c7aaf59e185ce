"""How other libraries weigh and divide: PyTorch, optax, scikit-learn, Transformers.

`values` are what the library's loss gives without a reduction, one for each sample, position or
tag; `sample_weight` is what each of them is multiplied by, so for class weights `weight[labels]`;
`mask` is what counts at all, so `labels != ignore_index`. Recorded runs of these libraries
(records/rosetta/results.json) confirm each rule, and each gradient: coefficient · gradient of the
value.
"""

from functools import partial
from types import MappingProxyType

import numpy as np

from lossbook._core import (
    asarray,
    check_not_empty,
    described,
    dtype_name,
    listed,
    namespace,
    one_number,
    shape_of,
)
from lossbook._rules.epochs_and_extras import batches_alike, each_alone
from lossbook._rules.families import Rule
from lossbook.reduction import Step
from lossbook.total import reported_loss

_MEAN = ("mean", "sum_over_batch_size")  # the second is what lossbook.aggregate asks by default
_PYTORCH = (*_MEAN, "sum", "none")


# --- what the weighted sum is divided by: (array namespace, values, weight, mask) -> scalar


def _by_weight(xp, values, weight, mask):
    return xp.sum(xp.where(mask, weight, xp.zeros_like(weight)))


def _by_count(xp, values, weight, mask):
    return xp.sum(xp.where(mask, xp.ones_like(values), xp.zeros_like(values)))


# --- what weights and masks a library takes


def _full(name, given, shape):
    """Only the shape of the values: a weight or an ignored label belongs to one of them."""
    return given == shape


def _from_the_right(name, given, shape):
    """Anything that NumPy's rule makes the shape of the values."""
    try:
        return np.broadcast_shapes(given, shape) == shape
    except ValueError:
        return False


def _fit(rule, xp, name, array, shape, dtype, fits):
    """Return weight or mask in the shape of the values, or raise a ValueError."""
    if fits is None:
        instead = {"sample_weight": "weights", "mask": "mask"}[name]
        raise ValueError(f"The rule {rule} knows no {instead}: {_WAY_OUT[rule, name]}")
    array = asarray(xp, array, dtype, name)
    given = shape_of(array)
    if not fits(name, given, shape):
        wide = "" if fits is _full else ", or one that broadcasts to it from the last axis"
        raise ValueError(
            f"{name} of shape {given} does not fit values of shape {shape} under the rule {rule}. "
            f"Give it the shape {shape}{wide}."
        )
    return xp.broadcast_to(array, shape)


_ZERO_ONE = "multiply by weights of 0 and 1, or leave the values out yourself."
_WAY_OUT = {
    ("pytorch-elementwise", "mask"): _ZERO_ONE,
    ("sklearn", "mask"): "leave the rows out, or give them the weight 0.",
    ("transformers", "sample_weight"): (
        "write a compute_loss_func for the Trainer, or multiply the values before you aggregate."
    ),
}


def _stages(name, reductions, divisor, weights, masks):
    """Return the stages of a library: mask, weight, weighted values, total."""

    def stages(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
        reduction = "none" if reduction is None else reduction
        if not isinstance(reduction, str) or reduction not in reductions:
            known = ", ".join(r for r in reductions if r != "sum_over_batch_size")
            raise ValueError(
                f"reduction={described(reduction)} is not one of the rule {name}, which knows "
                f"{known}."
            )
        xp = namespace(values=values, sample_weight=sample_weight, mask=mask)
        values = asarray(xp, values, name="values")
        shape, dtype = shape_of(values), dtype_name(values)
        check_not_empty("values", shape)
        ones, zeros = xp.ones_like(values), xp.zeros_like(values)
        weight, masked, kept = ones, None, ones != 0
        if sample_weight is not None:
            weight = _fit(name, xp, "sample_weight", sample_weight, shape, dtype, weights)
            if name == "sklearn" and xp is np and not weight.any():
                raise ValueError("scikit-learn refuses sample weights that are all zero.")
        if mask is not None:
            mask = _fit(name, xp, "mask", mask, shape, dtype, masks)
            masked, kept = Step(mask, mask, 1), mask != 0
        # What the mask drops is not multiplied but left out: a NaN there stays out of the sum.
        product = xp.where(kept, weight * xp.where(kept, values, zeros), zeros)
        factor = xp.where(kept, weight, zeros)
        one = asarray(xp, 1.0, dtype)
        if reduction in _MEAN:
            denominator = divisor(xp, values, weight, kept)
        elif reduction == "batchmean":
            denominator = one * (shape[0] if shape else 1)
        else:
            denominator = one
        with np.errstate(invalid="ignore", divide="ignore"):  # 0/0 is what these libraries print
            total = product if reduction == "none" else xp.sum(product) / denominator
            coefficients = xp.where(kept, factor / denominator, zeros)
        weighed = None if sample_weight is None and mask is None else factor
        step = Step(total, coefficients, denominator)
        return masked, weighed, Step(product, factor, 1), step

    return stages


# --- the epoch


def _no_epoch(library, batch_losses, batch_sizes):
    raise ValueError(
        f"{library} reports no loss of an epoch: the loop that you write averages the batches. "
        "The plain mean is np.mean(batch_losses); by rows, as Keras: rule='keras-3'."
    )


def _finite_by_rows(batch_losses, batch_sizes):
    """Average by rows, as Trainer.evaluate does, which leaves out batches that are NaN."""
    each = listed("batch_losses", batch_losses, "batch")
    losses = [one_number("batch_losses", loss) for loss in each]
    whole = reported_loss(losses, batch_sizes)  # for its checks
    finite = np.isfinite(losses)
    if finite.all() or not finite.any():
        return whole
    sizes = np.broadcast_to(np.asarray(batch_sizes, "float64"), len(losses))
    shares = np.where(finite, sizes, 0) / sizes[finite].sum()
    value = reported_loss(np.asarray(losses)[finite], sizes[finite]).value
    return whole._replace(value=value, coefficients=tuple(shares.tolist()))


def _library(
    name, library, recorded, formula, reference, reductions, divisor, weights, masks, **of
):
    epoch = of.get("epoch", partial(_no_epoch, library))
    return Rule(
        name=name,
        framework=library,
        versions=recorded,
        formula=formula,
        reference=reference,
        reductions=reductions,
        stages=_stages(name, reductions, divisor, weights, masks),
        epoch=epoch,
        from_generator=epoch,
        on_batch=each_alone,
        extras=MappingProxyType({"accumulate": of.get("accumulate", batches_alike)}),
        for_losses=of.get("for_losses", ""),
    )


_BY_WEIGHT = r"\frac{\sum_i m_i\,w_i\,\ell_i}{\sum_i m_i\,w_i}"
_BY_VALID = r"\frac{1}{\#\{m_i=1\}}\sum_i m_i\,w_i\,\ell_i"

# `extras["accumulate"](losses, items)` is the loss whose gradient a step of several micro-batches
# takes: each counting once, or by its items.
ELSEWHERE = {
    rule.name: rule
    for rule in (
        _library(
            "pytorch",
            "PyTorch",
            "2.13",
            _BY_WEIGHT,
            "torch/nn/functional.py::cross_entropy",
            _PYTORCH,
            _by_weight,
            weights=_full,
            masks=_full,
            for_losses="cross_entropy",
        ),
        _library(
            "pytorch-elementwise",
            "PyTorch",
            "2.13",
            r"\frac{1}{n}\sum_i w_i\,\ell_i",
            "torch/nn/functional.py::binary_cross_entropy_with_logits",
            (*_PYTORCH, "batchmean"),
            _by_count,
            weights=_from_the_right,
            masks=None,
            for_losses="other losses, as binary_cross_entropy (not mse_loss, l1_loss with weights)",
        ),
        _library(
            "optax",
            "optax",
            "0.2.8 on JAX 0.10.2",
            _BY_VALID,
            "jax/_src/numpy/reductions.py::mean",
            _PYTORCH,
            _by_count,
            weights=_from_the_right,
            masks=_from_the_right,
        ),
        _library(
            "sklearn",
            "scikit-learn",
            "1.9.1",
            r"\frac{\sum_i w_i\,\ell_i}{\sum_i w_i}",
            "sklearn/metrics/_classification.py::log_loss",
            (*_MEAN, "sum"),
            _by_weight,
            weights=_full,
            masks=None,
        ),
        _library(
            "transformers",
            "Transformers",
            "5.23.0",
            r"\frac{1}{\mathrm{num\ items\ in\ batch}}\sum_i m_i\,\ell_i",
            "transformers/loss/loss_utils.py::fixed_cross_entropy",
            (*_MEAN, "sum"),
            _by_count,
            weights=None,
            masks=_full,
            epoch=_finite_by_rows,
            accumulate=reported_loss,
        ),
    )
}
