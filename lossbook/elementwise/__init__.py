"""Losses before any mean: one number for each element of the prediction.

One function per Keras loss, with Keras's name and options. NumPy arrays (or lists) in, NumPy arrays
out; tensors of the active Keras backend in, tensors on the same device out. The dtype is that of
`y_pred` (float32 for lists and integers), and it matters: the clip is done in that dtype.
"""

from lossbook.elementwise._crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from lossbook.elementwise._focal import binary_focal_crossentropy, categorical_focal_crossentropy
from lossbook.elementwise._hinge import (
    categorical_hinge,
    hinge,
    squared_hinge,
)
from lossbook.elementwise._inputs import smooth_labels
from lossbook.elementwise._inputs import softmax as softmax
from lossbook.elementwise._regression import (
    cosine_similarity,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)

__all__ = [
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "smooth_labels",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]
