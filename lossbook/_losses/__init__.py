"""What a loss is: the catalogue of Keras's losses, and the call of one of them."""

from lossbook._losses.call import atomic_values, elementwise_losses, recovered_logits, settings
from lossbook._losses.catalogue import (
    ALIASES,
    ATOMIC,
    LOSSES,
    KerasLoss,
    known_options,
    loss_named,
    options_of,
)

__all__ = [
    "ALIASES",
    "ATOMIC",
    "LOSSES",
    "KerasLoss",
    "atomic_values",
    "elementwise_losses",
    "known_options",
    "loss_named",
    "options_of",
    "recovered_logits",
    "settings",
]
