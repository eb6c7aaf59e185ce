"""What is known to differ: from Keras's own arithmetic, and on one backend only. All of it narrow.

On JAX and PyTorch, Keras computes some calls otherwise than on TensorFlow, which is the one that
lossbook follows.
"""

import keras
import numpy as np

BACKEND = keras.backend.backend()
PYTORCH_NOISE = ("__array__ implementation doesn't accept", "Tensor.T is deprecated on 0-D")


def noise(message):
    """Say whether that warning is PyTorch's own, about how Keras and NumPy use it."""
    return BACKEND == "torch" and message.startswith(PYTORCH_NOISE)


def excused(case, refused, error):
    """Say whether it is known that Keras alone (`refused`) or we alone (`error`) refuse a call."""
    if refused and not error:
        # PyTorch: Keras multiplies the weights by the mask in place, so they can't grow to its
        # shape; and `ignore_class` and circle bring a mask of their own.
        masked = case.mask is not None or "ignore_class" in case.options or case.loss == "circle"
        grow = "doesn't match the broadcast shape" in str(refused)
        return BACKEND == "torch" and masked and case.sample_weight is not None and grow
    if error and not refused:
        # Single numbers have no axis to reduce. TensorFlow sums over it all the same, which only
        # the cosine similarity notices; the other backends take a mean, too.
        if "single numbers, shape ()" in str(error):
            return BACKEND != "tensorflow" or case.loss == "cosine_similarity"
        # Class numbers along another axis than the last: TensorFlow refuses them, and so do we.
        return BACKEND != "tensorflow" and "takes the last axis as class axis" in str(error)
    return False


def other_numbers(case, elementwise):
    """Say whether it is known that Keras's elementwise losses are finite where ours are not.

    In each case we have warned, for ours are NaN or infinite.
    """
    if np.isfinite(elementwise).all():
        return False
    # Keras takes the mean first and then 100 times; 100 times the largest ones is more than 65504.
    if case.loss == "mean_absolute_percentage_error" and case.dtype == "float16":
        return True
    # In half precision 1 - epsilon is 1, and the logarithm of 0 is what PyTorch's kernel cuts off.
    logs = "binary_crossentropy", "binary_focal_crossentropy"
    return BACKEND == "torch" and case.dtype in ("float16", "bfloat16") and case.loss in logs
