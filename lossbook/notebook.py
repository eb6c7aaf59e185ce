"""What every chapter's setup cell calls: seeds, full float32, and a line that says what runs.

Nothing else in lossbook needs this module. Importing it imports NumPy alone; `prepare` imports
Keras, and the framework that Keras runs on.
"""

import importlib
import platform
from typing import Any

import numpy as np

from lossbook._core import ArrayLike


def prepare(seed: int = 1) -> None:
    """Make the numbers of a notebook repeatable, and print what computes them.

    Sets the seeds of Python, NumPy and the backend. Turns TF32 off: on a recent GPU it would keep
    10 bits of every float32 factor in a matrix product, and the third printed digit would move.
    Runs one tiny operation, so that the backend's start-up messages appear here and not later.

    Args:
        seed: int, handed to `keras.utils.set_random_seed`.

    References:
        tf.config.experimental.enable_tensor_float_32_execution; jax.default_matmul_precision;
        torch.set_float32_matmul_precision and torch.backends.cudnn.allow_tf32.
    """
    import keras

    import lossbook

    keras.utils.set_random_seed(seed)
    backend = keras.backend.backend()
    framework = importlib.import_module(backend)
    _turn_tf32_off(backend, framework)
    if backend == "tensorflow":
        framework.get_logger().setLevel("ERROR")  # no hints on retracing among the outputs
    active_device = device(keras.ops.ones(1))
    print(
        f"Keras {keras.__version__} on {backend} {framework.__version__}, device {active_device}, "
        f"lossbook {lossbook.__version__}, Python {platform.python_version()}"
    )


def device(x: ArrayLike) -> str:
    """Name the device that holds `x`, in the same short form for every backend.

    A NumPy array is on `"cpu"`, a tensor on `"cpu:0"` or `"gpu:0"`: so the two differ on a machine
    without a GPU too, and a function that turned a tensor into a NumPy array is found out anywhere.

    Args:
        x: NumPy array or scalar, Keras variable, or tensor of TensorFlow, JAX or PyTorch.

    Returns:
        A string: the kind of device in lower case, a colon, its number.

    Raises:
        TypeError: if `x` lives on no device, as lists and Python numbers do.

    Examples:
        >>> import numpy as np
        >>> from lossbook.notebook import device
        >>> device(np.zeros(3))
        'cpu'
    """
    if isinstance(x, (np.ndarray, np.generic)):
        return "cpu"
    if type(x).__module__.startswith("keras."):
        x = getattr(x, "value", x)
    if hasattr(x, "devices"):  # JAX
        (one,) = x.devices()
        return f"{one.platform}:{one.id}"
    where: Any = getattr(x, "device", None)
    if isinstance(where, str):  # TensorFlow: /job:localhost/replica:0/task:0/device:GPU:0
        return where.rpartition("device:")[2].lower()
    if hasattr(where, "type"):  # PyTorch
        return f"{where.type.replace('cuda', 'gpu')}:{where.index or 0}"
    raise TypeError(
        f"device(x) needs an array or a tensor, got {type(x).__name__}. "
        "Pass np.asarray(x) or keras.ops.convert_to_tensor(x)."
    )


def _turn_tf32_off(backend, framework):
    """Compute float32 products in float32 on GPUs, for the named backend."""
    if backend == "tensorflow":
        framework.config.experimental.enable_tensor_float_32_execution(False)
    elif backend == "jax":
        framework.config.update("jax_default_matmul_precision", "float32")
    elif backend == "torch":
        framework.set_float32_matmul_precision("highest")
        framework.backends.cudnn.allow_tf32 = False
