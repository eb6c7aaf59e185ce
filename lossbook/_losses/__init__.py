"""What a loss is: the catalogue of Keras's losses, and the call of one of them."""

from lossbook._losses.call import (
    DEFAULT_REDUCTION,
    LossCall,
    elements,
    elementwise_losses,
    loss_call,
)
from lossbook._losses.catalogue import (
    ALIASES,
    ATOMIC,
    LOSSES,
    KerasLoss,
    entry_of,
    known_options,
    loss_named,
    options_of,
)
from lossbook._losses.whose import function_of, keras_objects, of_keras, own_call

__all__ = [
    "ALIASES",
    "ATOMIC",
    "DEFAULT_REDUCTION",
    "LOSSES",
    "KerasLoss",
    "LossCall",
    "elements",
    "elementwise_losses",
    "entry_of",
    "function_of",
    "keras_objects",
    "known_options",
    "loss_call",
    "loss_named",
    "of_keras",
    "options_of",
    "own_call",
]
