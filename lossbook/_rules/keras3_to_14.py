"""What a mask weighed from Keras 3.0 to 3.14."""

from lossbook._core import asarray, divide_no_nan, epsilon, namespace, shape_of, size
from lossbook.reduction import Step, mask_weight


def mask_times_ratio(mask, reduction, dtype, guard=False):
    """Rescale a mask as before 3.15: multiply it by total / valid, whatever it holds.

    `guard`: before 3.13 the division by 0 was avoided by adding epsilon to `valid`; in float16
    total / epsilon is infinite, so there a batch without valid values is NaN.
    """
    if reduction not in ("sum_over_batch_size", "mean"):
        return mask_weight(mask, reduction, dtype)
    xp = namespace(mask=mask)
    mask = asarray(xp, mask, dtype)
    total = asarray(xp, float(size(shape_of(mask))), dtype)
    valid = xp.sum(mask)
    if guard:
        valid = valid + epsilon()
        ratio = total / valid
    else:
        ratio = divide_no_nan(xp, total, valid)
    value = asarray(xp, mask * ratio)
    return Step(value, value, valid / total)
