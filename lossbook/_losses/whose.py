"""Whose a loss is: Keras's own is the object that Keras has made, whatever another is called.

A wrapper bears the name and the module of what it wraps, a subclass the functions of its base, and
`keras.losses.mean_squared_error` may be bound to something else: so objects are compared, no names.
"""

import functools
import inspect
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from lossbook._core import keras
from lossbook._losses.catalogue import ALIASES, ATOMIC, LOSSES


def of_keras(loss: Any) -> tuple[str, Callable, dict[str, Any]] | None:
    """Return name, function and bound options of a loss of Keras, None for any other object.

    Args:
        loss: a function of `keras.losses`, its `functools.partial` that binds options by name, one
            of its classes, or a `Loss` object that calls such a function as Keras calls it.
    """
    function: Any = loss
    options: dict[str, Any] = {}
    if is_loss(loss):
        if own_call(loss):
            return None
        function, options = function_of(loss), vars(loss).get("_fn_kwargs", {})
        if not isinstance(options, dict) or _computed(loss, "_fn_kwargs"):
            return None
    while type(function) is functools.partial and not function.args:
        function, options = function.func, {**function.keywords, **options}
    name = keras_name(function)
    makes_one = isinstance(function, type) and function is not loss  # a class, called for values
    return None if name is None or makes_one else (name, function, options)


def keras_name(function: Any) -> str | None:
    """Return the name of a loss function or class that is Keras's own, None for another object."""
    if "keras" not in sys.modules:
        return None
    names = (name for name, known in keras_objects().items() if known is function)
    return next((ALIASES.get(name, name) for name in names), None)


@cache
def keras_objects() -> dict[str, Any]:
    """Return the loss functions and classes that Keras listed when it made them, by name.

    References: keras/src/api_export.py::register_internal_serializable, Keras 3.15.1.
    """
    from keras import losses

    try:
        from keras.src.api_export import REGISTERED_NAMES_TO_OBJS as listed
    except ImportError:  # a newer Keras, perhaps: what the names stand for now
        listed = {f"keras.losses.{name}": value for name, value in vars(losses).items()}
    rooms = ("losses", "metrics")  # some functions are listed as metrics alone
    found = {
        name: next((known for room in rooms if (known := listed.get(f"keras.{room}.{name}"))), None)
        for name in (*LOSSES, *ATOMIC, *ALIASES)
    }
    return {name: known for name, known in found.items() if known is not None}


def is_loss(loss: Any) -> bool:
    """Say whether something is a Loss object of the Keras that is loaded."""
    keras: Any = sys.modules.get("keras")
    return hasattr(keras, "losses") and isinstance(loss, keras.losses.Loss)


def function_of(loss: Any) -> Callable | None:
    """Return the function that Keras's own `call` of a Loss calls, None where `call` is another."""
    own_call = "call" in vars(loss) or not _inherited(loss, "call")
    return None if own_call or _computed(loss, "fn") else vars(loss).get("fn")


def own_call(loss: Any) -> bool:
    """Say whether a Loss object has a `__call__` of its own."""
    return not _inherited(loss, "__call__")


def _computed(loss, name):
    """Say whether an attribute is a property of the class, which need not give what was set."""
    return inspect.isdatadescriptor(inspect.getattr_static(type(loss), name, None))


def _inherited(loss, method):
    """Say whether a method is the one of Keras's losses, and was written there."""
    function = getattr(type(loss), method)
    if function is not getattr(keras_objects()["MeanSquaredError"], method):
        return False
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    return file.startswith(os.path.join(os.path.dirname(keras.__file__), ""))
