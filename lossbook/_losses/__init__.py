"""What a loss is: the catalogue of Keras's losses, and the call of one of them."""

from lossbook._losses.call import (
    DEFAULT_REDUCTION,
    LossCall,
    elements,
    elementwise_losses,
    loss_call,
)
from lossbook._losses.catalogue import (
    ATOMIC,
    LOSSES,
    KerasLoss,
    entry_of,
    known_options,
    loss_named,
    options_of,
)
from lossbook._losses.whose import function_of, keras_objects, of_keras, own_call
