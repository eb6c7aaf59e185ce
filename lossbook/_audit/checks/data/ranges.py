"""What activations can give."""

import numpy as np

RANGES = {
    **dict.fromkeys(
        ("sigmoid", "softmax", "hard_sigmoid", "sparsemax", "sparse_sigmoid"), (0.0, 1.0)
    ),
    **dict.fromkeys(("tanh", "softsign", "hard_tanh"), (-1.0, 1.0)),
    **dict.fromkeys(("relu", "softplus", "exponential"), (0.0, np.inf)),
    "relu6": (0.0, 6.0),
}


def ends_of(activation: str) -> str:
    """Say from where to where the numbers of an activation go."""
    low, high = RANGES[activation]
    return f"from {low:g} to {high:g}" if np.isfinite(high) else f"from {low:g} on"
