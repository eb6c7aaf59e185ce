"""Which array namespace: NumPy, or keras.ops for tensors of the active Keras backend.

The algebra of lossbook is written once. NumPy arrays (and lists) stay with NumPy; a tensor of the
active Keras backend brings `keras.ops`, so that the result lives where its input lives.
"""

import importlib.metadata
import math
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import cache

import numpy as np

from lossbook._core.home import with_section

_FRAMEWORKS = {"tensorflow": "tensorflow", "jax": "jax", "jaxlib": "jax", "torch": "torch"}
UNKNOWN = 2**31 - 1  # stands for a length that a tensor does not know
_UNKNOWN: ContextVar[int | None] = ContextVar("unknown length", default=None)
_IN_A_TRANSFORM = ("doesn't have storage", "tensor subclasses")  # what PyTorch says there
_FLOATS = ("float16", "bfloat16", "float32", "float64")


def _framework(x):
    """Name the framework whose tensor `x` is, "keras" for a Keras variable, None for the rest."""
    for base in type(x).__mro__:
        root = base.__module__.partition(".")[0]
        if root in _FRAMEWORKS:
            return _FRAMEWORKS[root]
        if root == "keras":
            return "keras"
    return None


def namespace(**arrays):
    """Return `numpy`, or `keras.ops` if one of the named arrays is a tensor of the active backend.

    Raises:
        TypeError: for a tensor of another framework (names `KERAS_BACKEND`), for a symbolic
            `KerasTensor`, and for ragged or sparse tensors.
    """
    owners = {name: _framework(x) for name, x in arrays.items() if x is not None}
    tensors = {name: owner for name, owner in owners.items() if owner}
    if not tensors:
        return np
    from keras import backend, ops

    for name, owner in tensors.items():
        kind = type(arrays[name]).__name__
        if kind in ("KerasTensor", "RaggedTensor", "SparseTensor", "BCOO"):
            raise TypeError(
                f"{name} is a {kind}: it has no dense values to add up. "
                "Pass a NumPy array or an eager, dense tensor, such as model.predict(x)."
            )
        if owner not in ("keras", backend.backend()):
            raise TypeError(
                f"{name} is a {owner} tensor, but Keras's active backend is {backend.backend()}. "
                f"Set KERAS_BACKEND={owner} before Keras is imported, "
                f"or convert {name} to a NumPy array first."
            )
    return ops


def asarray(xp, x, dtype=None, name="the input"):
    """Convert `x` to an array of namespace `xp`; floats keep their dtype, the rest is float32.

    Raises:
        ValueError: if `x` (called `name` in the message) is no array of numbers, or is to be
            bfloat16 in NumPy.
    """
    if dtype is None:
        dtype = dtype_name(x) if is_float(x) else "float32"
    if xp is np and dtype == "bfloat16":
        raise ValueError(
            f"{name} is to be computed in bfloat16, which NumPy does not have: pass tensors, as "
            "from keras.ops.convert_to_tensor, or take another dtype."
        )
    try:
        if x is None:
            raise TypeError("None")
        if _framework(x) is None:
            with np.errstate(over="ignore"):  # beyond float16: infinity, of which trace warns
                x = np.asarray(x, dtype=numpy_dtype(dtype))
        return x if xp is np else xp.convert_to_tensor(x, dtype=dtype)
    except (TypeError, ValueError) as error:
        kind = "None" if x is None else f"a {type(x).__name__}"
        advice = "Pass an array or a tensor."
        if isinstance(x, dict):
            advice = "Pass one output at a time, by its key."
        elif isinstance(x, (list, tuple)):
            advice = "Its parts differ in length, or are no numbers. Pass one output at a time."
        raise ValueError(f"{name} is {kind}, not an array of numbers. {advice}") from error


def is_float(x):
    """Say whether `x` is an array or tensor of a floating dtype (a list of floats is not)."""
    return dtype_name(x) in _FLOATS


def dtype_name(x):
    """Return "float32" and the like for an array or tensor, None for anything else."""
    dtype = getattr(x, "dtype", None)
    return None if dtype is None else getattr(dtype, "name", str(dtype)).removeprefix("torch.")


def numpy_dtype(dtype):
    """Return NumPy's dtype for a name; bfloat16 is ml_dtypes', which TensorFlow and JAX bring."""
    if str(dtype) == "bfloat16":
        from ml_dtypes import bfloat16

        return np.dtype(bfloat16)
    return np.dtype(dtype)


def check_dtype(dtype):
    """Return `dtype` as one of the names of the floating dtypes, or raise a ValueError."""
    names = (getattr(dtype, a, None) for a in ("compute_dtype", "name", "__name__"))
    name = next((n for n in names if n), str(dtype).removeprefix("torch."))
    if name not in _FLOATS:
        raise ValueError(
            f"dtype={dtype!r} is not a floating dtype. Expected one of {', '.join(_FLOATS)}."
        )
    return name


def to_numpy(x):
    """Return an array or tensor as a NumPy array on the host; bfloat16 comes as float32."""
    if type(x) is np.ndarray:
        return x
    if type(x).__name__ == "EagerTensor" and x.dtype.name != "bfloat16":
        return x.numpy()  # of TensorFlow: the way below takes ten times as long
    if _framework(x) is None:
        return np.asarray(x)
    from keras import ops

    # The cast makes a tensor of a variable, too, which NumPy takes without a warning.
    x = ops.cast(x, dtype_name(x).replace("bfloat16", "float32"))
    return np.asarray(ops.convert_to_numpy(x))


def known_values(x):
    """Return a tensor as a NumPy array, None in a function being compiled: it has no values yet."""
    if _framework(x) == "tensorflow" and not hasattr(x, "numpy"):
        return None  # to_numpy fails too, but not without a warning of NumPy's
    try:
        return to_numpy(x)
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return None
    except RuntimeError as error:  # or memory, for example
        if not any(words in str(error) for words in _IN_A_TRANSFORM):
            raise
        return None


@contextmanager
def unknown_lengths():
    """Let `shape_of` take tensors that do not know all lengths: an unknown one equals another."""
    token = _UNKNOWN.set(UNKNOWN)
    try:
        yield
    finally:
        _UNKNOWN.reset(token)


def shape_of(x):
    """Return the static shape as a tuple of ints; refuse a tensor that does not know its own."""
    if _framework(x) is None:
        return tuple(np.shape(x))
    if _UNKNOWN.get() and getattr(x.shape, "rank", 0) is not None:
        return tuple(_UNKNOWN.get() if n is None else n for n in tuple(x.shape))
    if getattr(x.shape, "rank", 0) is None or None in tuple(x.shape):
        raise ValueError(
            f"A tensor has the shape {x.shape} here, in a compiled function: lossbook needs every "
            "length. Compile for full shapes, without None in the input_signature."
        )
    return tuple(x.shape)


def size(shape):
    """Return the number of entries of an array of that shape."""
    return math.prod(shape)


@cache
def installed_keras():
    """Return the version of the installed Keras (or its nightly) from its metadata, or None."""
    for name in ("keras", "keras-nightly"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return None


def active_backend():
    """Return the name of the active backend if Keras is loaded, "tensorflow" otherwise."""
    keras = sys.modules.get("keras")
    return keras.backend.backend() if hasattr(keras, "backend") else "tensorflow"


def epsilon():
    """Return Keras's fuzz factor: `keras.config.epsilon()`, or its default, 1e-7."""
    keras = sys.modules.get("keras")
    return keras.config.epsilon() if hasattr(keras, "config") else 1e-7


def floatx():
    """Return the dtype that a loss computes in unless told: `keras.config.floatx()`, or float32."""
    keras = sys.modules.get("keras")
    return keras.config.floatx() if hasattr(keras, "config") else "float32"


def attached_mask(x):
    """Return the mask that Keras has attached to a tensor, or None.

    JAX arrays take no attributes: Keras keeps their masks in a table of its own.
    """
    if _framework(x) is not None:
        try:
            from keras.src.backend.common.masking import get_keras_mask
        except ImportError:  # Keras 3.5
            pass
        else:
            return get_keras_mask(x)
    return getattr(x, "_keras_mask", None)


def divide_no_nan(xp, x, y):
    """Divide; where the divisor is 0 the result is 0, as in `keras.ops.divide_no_nan`."""
    zero = y == 0
    return xp.where(zero, xp.zeros_like(x), x / xp.where(zero, xp.ones_like(y), y))


def squeeze_or_expand_to_same_rank(xp, x1, x2):
    """Squeeze or expand a last axis of length 1 if the ranks differ by exactly one.

    All that Keras does to make ranks meet: no other axis is ever added.
    References: keras/src/losses/loss.py::squeeze_or_expand_to_same_rank, Keras 3.15.1.
    """
    rank1, rank2 = len(x1.shape), len(x2.shape)
    if rank1 == rank2 + 1 and x1.shape[-1] == 1:
        if rank2 == 1:
            return x1, xp.expand_dims(x2, -1)
        return xp.squeeze(x1, -1), x2
    if rank2 == rank1 + 1 and x2.shape[-1] == 1:
        if rank1 == 1:
            return xp.expand_dims(x1, -1), x2
        return x1, xp.squeeze(x2, -1)
    return x1, x2


_collected: ContextVar[list[str] | None] = ContextVar("collected", default=None)


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Collect what lossbook warns of, instead of issuing it: in this thread alone.

    The filters of `warnings` are those of all threads, and so are left as they are.
    """
    messages: list[str] = []
    with ExitStack() as undo:
        undo.callback(_collected.reset, _collected.set(messages))
        yield messages


def warn(message, code=None):
    """Warn with the position of the first line outside of lossbook, or let it be collected.

    `code` is that of the finding of audit which the warning is about, if there is one.
    """
    message = message if code is None else with_section(message, code)
    messages = _collected.get()
    if messages is not None:
        messages.append(message)
        return
    package = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)
