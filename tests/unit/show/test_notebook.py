"""What a setup cell calls: `prepare` and `device`."""

import platform
from types import SimpleNamespace

import numpy as np
import pytest

import lossbook
from lossbook.notebook import _turn_tf32_off, device, prepare


def test_prepare_says_what_runs_and_makes_numbers_repeatable(capsys):
    import keras

    drawn = []
    for _ in range(2):
        prepare(seed=3)
        drawn.append([float(keras.random.normal(())), np.random.rand()])  # noqa: NPY002
    assert drawn[0] == drawn[1]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0] == lines[1]  # one line each time
    assert lines[0].startswith(f"Keras {keras.__version__} on {keras.backend.backend()} ")
    assert lines[0].endswith(
        f", device {device(keras.ops.ones(1))}, lossbook {lossbook.__version__}, "
        f"Python {platform.python_version()}"
    )


def test_prepare_turns_tf32_off():
    tf32 = pytest.importorskip("tensorflow").config.experimental
    tf32.enable_tensor_float_32_execution(True)
    prepare()
    assert not tf32.tensor_float_32_execution_enabled()


def test_tf32_goes_off_on_the_other_backends():
    settings = {}
    jax = SimpleNamespace(config=SimpleNamespace(update=settings.__setitem__))
    _turn_tf32_off("jax", jax)
    assert settings == {"jax_default_matmul_precision": "float32"}
    cudnn = SimpleNamespace(allow_tf32=True)
    precision = []
    torch = SimpleNamespace(
        set_float32_matmul_precision=precision.append, backends=SimpleNamespace(cudnn=cudnn)
    )
    _turn_tf32_off("torch", torch)
    assert precision == ["highest"] and cudnn.allow_tf32 is False


def test_device_of_arrays_and_tensors():
    import keras

    x = keras.ops.ones((2, 3))
    assert device(np.zeros(3)) == device(np.float32(0)) == "cpu"
    kind, _, number = device(x).partition(":")
    assert kind in ("cpu", "gpu", "tpu") and number.isdigit()
    assert device(keras.Variable(np.ones(3))) == device(x)
    assert device(keras.ops.convert_to_numpy(x)) != device(x)  # found out on a CPU too


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        (SimpleNamespace(device="/job:localhost/replica:0/task:0/device:GPU:1"), "gpu:1"),
        (SimpleNamespace(devices=lambda: [SimpleNamespace(platform="gpu", id=0)]), "gpu:0"),
        (SimpleNamespace(device=SimpleNamespace(type="cuda", index=2)), "gpu:2"),
        (SimpleNamespace(device=SimpleNamespace(type="cpu", index=None)), "cpu:0"),
    ],
)
def test_device_of_every_backend(tensor, says):
    assert device(tensor) == says


@pytest.mark.parametrize("thing", [[1.0], 1.0, None])
def test_device_of_what_lives_nowhere(thing):
    with pytest.raises(TypeError) as caught:
        device(thing)
    assert str(caught.value) == (
        f"device(x) needs an array or a tensor, got {type(thing).__name__}. "
        "Pass np.asarray(x) or keras.ops.convert_to_tensor(x)."
    )
