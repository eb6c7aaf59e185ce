"""How far a number of ours may be from Keras's: what rounding explains, and no more.

Both add up the same terms, coefficient times elementwise loss, and round at other places. So the
bound grows with the sum of the terms' magnitudes, not with the total, in which they may cancel.
And a loss that subtracts numbers near 1 (poisson, log_cosh, 1 - p^q, 1 - y p) is rounded as those
numbers are, however small the loss: that part grows with the sum of the coefficients.

float32, and float64 too (Keras keeps constants such as epsilon and log 2 in float32):
    2e-6 * (sum of |contribution|) + 3e-7 * (sum of |coefficient|) + 1e-7.
float16 and bfloat16, whose largest rounding error is u = 2^-11 and 2^-8:
    12 u * (sum of |contribution| + sum of |coefficient|) + 1e-6,
for about a dozen rounded operations lie between a prediction and the total.
"""

import numpy as np

UNIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
ROUNDINGS = 12


def allowance(dtype, magnitude, coefficients=0.0):
    """Return the bound for the magnitude of some terms and the sum of their coefficients."""
    if dtype in UNIT:
        return ROUNDINGS * UNIT[dtype] * (magnitude + coefficients) + 1e-6
    return 2e-6 * magnitude + 3e-7 * coefficients + 1e-7


def close(ours, keras, allowed):
    """Compare within a bound; NaN equals NaN, and infinity the same infinity."""
    if np.shape(ours) != np.shape(keras):
        return False
    same = (ours == keras) | (np.isnan(ours) & np.isnan(keras))
    return bool(np.all(same | (np.abs(ours - keras) <= allowed)))


def finite_sum(array):
    """Add up the magnitudes of what is finite."""
    return np.abs(array[np.isfinite(array)]).sum()
