"""NumPy and keras.ops side by side: the same rules for shapes, dtypes and zeros."""

import functools
import subprocess
import sys
from itertools import product

import keras
import numpy as np
import pytest
from keras import ops
from keras.src import backend
from keras.src.losses import loss as keras_loss

from lossbook._core import arrays as _arrays

BACKEND = keras.backend.backend()
SHAPES = [shape for rank in range(5) for shape in product((1, 2), repeat=rank)]


@pytest.mark.parametrize("first", SHAPES, ids=str)
def test_ranks_meet_as_in_keras(first):
    for second in SHAPES:
        ours = _arrays.squeeze_or_expand_to_same_rank(np, np.zeros(first), np.zeros(second))
        theirs = keras_loss.squeeze_or_expand_to_same_rank(ops.zeros(first), ops.zeros(second))
        assert [x.shape for x in ours] == [tuple(x.shape) for x in theirs], second


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_division_is_keras_own():
    numbers = np.array([0.0, 1.0, -2.5, np.inf, -np.inf, np.nan], np.float32)
    x, y = (grid.ravel() for grid in np.meshgrid(numbers, numbers))
    theirs = _arrays.to_numpy(ops.divide_no_nan(x, y))
    np.testing.assert_array_equal(_arrays.divide_no_nan(np, x, y), theirs)


def test_arrays_and_lists_are_numpys():
    assert _arrays.namespace(a=np.zeros(1), b=[1, 2], c=None, d=3.0) is np
    assert _arrays.namespace() is np


def test_one_tensor_makes_it_keras():
    variable = keras.Variable(1.0)  # its value is a variable of the framework, if it has any
    for tensor in (ops.zeros(1), ops.zeros(1, "int32"), variable, variable.value):
        assert _arrays.namespace(a=np.zeros(1), b=tensor) is ops


@pytest.mark.parametrize(
    ("module", "framework"),
    [
        ("torch", "torch"),
        ("torch.nn.parameter", "torch"),
        ("jaxlib._jax", "jax"),
        ("jax.core", "jax"),
        ("torchvision.tensors", None),  # no tensor of PyTorch's, for all we know
        ("numpy.ma", None),
    ],
)
def test_a_tensor_belongs_to_the_framework_of_its_class(module, framework):
    cls = type("Tensor", (), {"__module__": module})
    assert _arrays._framework(cls()) == framework
    assert _arrays._framework(type("Mine", (cls,), {})()) == framework


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64:UserWarning")  # JAX's
@pytest.mark.parametrize("xp", [np, ops], ids=["numpy", "keras.ops"])
def test_floats_keep_their_dtype_and_the_rest_is_float32(xp):
    widest = "float32" if BACKEND == "jax" and xp is ops else "float64"
    for array, dtype in (
        (np.ones(2, "float16"), "float16"),
        (np.ones(2, "float64"), widest),
        (np.ones(2, "int64"), "float32"),
        (np.ones(2, "bool"), "float32"),
        ([True, False], "float32"),
        ([1, 2], "float32"),
        ([1.5, 2.5], "float32"),
        (2, "float32"),
    ):
        converted = _arrays.asarray(xp, array)
        assert _arrays.dtype_name(converted) == dtype
        np.testing.assert_array_equal(_arrays.to_numpy(converted), array)
        assert _arrays.dtype_name(_arrays.asarray(xp, array, "float64")) == widest


def test_what_has_the_dtype_already_is_not_copied():
    array, tensor = np.ones(2, np.float32), ops.ones(2)
    assert _arrays.asarray(np, array, "float32") is array
    assert _arrays.asarray(ops, tensor, "float32") is tensor


def test_a_mask_is_found_where_keras_keeps_it():
    tensor = ops.zeros(1)
    assert _arrays.attached_mask(tensor) is None and _arrays.attached_mask([0.0]) is None
    backend.set_keras_mask(tensor, "the mask")
    assert _arrays.attached_mask(tensor) == "the mask"
    # JAX's arrays take no attributes
    array = type("Array", (), {"__module__": "jaxlib", "__slots__": ("__weakref__",)})()
    assert _arrays.attached_mask(array) is None
    backend.set_keras_mask(array, "the mask")
    assert _arrays.attached_mask(array) == "the mask"


def test_arrays_go_to_the_host():
    half = ops.convert_to_tensor([1.5], dtype="bfloat16")
    for x in (ops.convert_to_tensor([1.5]), keras.Variable([1.5]), half, [1.5]):
        array = _arrays.to_numpy(x)
        assert type(array) is np.ndarray and array.tolist() == [1.5]


def test_shapes_are_tuples_of_ints():
    zeros = np.zeros((2, 3))
    for x in (zeros, ops.zeros((2, 3)), keras.Variable(zeros), [[0] * 3] * 2):
        assert _arrays.shape_of(x) == (2, 3) and type(_arrays.shape_of(x)) is tuple
    assert _arrays.shape_of(1.0) == () and _arrays.size(()) == 1 and _arrays.size((2, 0)) == 0


def test_epsilon_is_keras_own():
    before = keras.config.epsilon()
    try:
        keras.config.set_epsilon(1e-5)
        assert _arrays.epsilon() == 1e-5
    finally:
        keras.config.set_epsilon(before)


def test_nothing_of_this_needs_keras():
    code = """
import sys, types
sys.modules["keras"] = None  # an import of it would raise
import lossbook as lb
from lossbook._core import arrays as _arrays
assert _arrays.epsilon() == 1e-7 and _arrays.active_backend() == "tensorflow"
t = lb.trace("bce", [[1, 0]], [[0.5, 0.5]], sample_weight=[2.0], mask=[True])
assert abs(t.total - 1.3862944) < 1e-6, t.total
assert "1.386" in repr(t)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_installed_keras_is_found_without_importing_it(monkeypatch):
    assert _arrays.installed_keras() == keras.__version__
    found = {"keras-nightly": "3.16.0.dev2026112103"}

    def version(name):
        if name in found:
            return found[name]
        raise _arrays.importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(_arrays.importlib.metadata, "version", version)
    installed = _arrays.installed_keras.__wrapped__  # the answer is looked up once
    assert installed() == "3.16.0.dev2026112103"
    found.clear()
    assert installed() is None


def test_an_attached_mask_in_keras_3_5_which_has_no_module_for_it(monkeypatch):
    variable = keras.Variable([0.0])
    monkeypatch.setitem(sys.modules, "keras.src.backend.common.masking", None)
    assert _arrays.attached_mask(variable) is None
    variable._keras_mask = "the mask"
    assert _arrays.attached_mask(variable) == "the mask"


def test_a_device_that_fails_is_not_taken_for_a_value_that_is_not_known(monkeypatch):
    def full(x):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(_arrays, "to_numpy", full)
    with pytest.raises(RuntimeError, match="out of memory"):
        _arrays.known_values(ops.ones(2))


@pytest.mark.skipif(BACKEND != "torch", reason="its transforms, its words")
@pytest.mark.parametrize("name", ["grad", "vmap", "fake"])
def test_pytorch_knows_no_values_in_a_transform(name):
    import torch
    from torch.fx.experimental.proxy_tensor import make_fx

    def step(x):
        assert _arrays.known_values(x) is None
        return x.sum()

    fake = functools.partial(make_fx, tracing_mode="fake")
    {"grad": torch.func.grad, "vmap": torch.func.vmap, "fake": fake}[name](step)(torch.ones(2, 3))
