"""The checks of audit, one file for each family of hazards.

A file holds everything about its hazards: code, severity, chapter and place on the path, the
condition, the message and the fix, and a planted example. A new file is imported here.
"""

from lossbook._audit.checks import (
    batches,
    by_loss,
    class_weights,
    classes,
    custom_losses,
    data,
    given,
    labels,
    masks,
    measured,
    not_finite,
    own_steps,
    precision,
    predictions,
    reported,
    targets,
    terms,
    weights,
)

__all__ = [
    "batches",
    "by_loss",
    "class_weights",
    "classes",
    "custom_losses",
    "data",
    "given",
    "labels",
    "masks",
    "measured",
    "not_finite",
    "own_steps",
    "precision",
    "predictions",
    "reported",
    "targets",
    "terms",
    "weights",
]
