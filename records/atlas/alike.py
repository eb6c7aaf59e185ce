"""When two runs of Keras gave the same number: up to float32 rounding."""

import math

RTOL, ATOL = 2e-6, 1e-6


def flat(nested):
    """Return a number, or the numbers of a nested list, as a list of floats."""
    if isinstance(nested, list):
        return [number for part in nested for number in flat(part)]
    return [float(nested)]


def same(one, other):
    """Say whether two outcomes are the same number, or numbers, up to rounding."""
    one, other = flat(one), flat(other)
    return len(one) == len(other) and all(
        a == b or (a != a and b != b) or abs(a - b) <= RTOL * abs(b) + ATOL < math.inf
        for a, b in zip(one, other, strict=True)
    )
