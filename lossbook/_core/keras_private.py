"""What every room may need of Keras that Keras does not promise to keep."""

import inspect

from lossbook._core.arrays import installed_keras


def private(owner, name):
    """Return a private attribute of Keras, or say that this Keras has moved it."""
    try:
        return getattr(owner, name)
    except AttributeError:
        kind = owner.__name__ if inspect.ismodule(owner) else type(owner).__name__
        raise RuntimeError(
            f"lossbook reads {kind}.{name} of a compiled model, which Keras {installed_keras()} "
            "does not have. A newer lossbook may know where it went: pip install -U lossbook."
        ) from None


def attach_mask(tensor, mask):
    """Attach a mask to a tensor, as Keras's layers do."""
    try:
        from keras.src.backend.common.masking import set_keras_mask
    except ImportError:  # Keras 3.5
        tensor._keras_mask = mask
    else:
        set_keras_mask(tensor, mask)
