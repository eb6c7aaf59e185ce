"""What all threads share stays as it is, whatever one of them does."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import layers

import lossbook as lb
from lossbook._core import collected_warnings
from lossbook._model import operations
from tests.unit.core.threads import run
from tests.unit.faults.lines import executed, interrupted

HOOKED = ((keras.Layer, "__call__"), (keras.Layer, "stateless_call"), (keras.Operation, "__call__"))
METHODS = [vars(owner)[name] for owner, name in HOOKED]


def methods():
    return [vars(owner)[name] for owner, name in HOOKED]


@pytest.mark.filterwarnings("ignore:Layer '.*' .* was passed an input with a mask")
def test_eight_threads_at_once():
    """With two Loss objects for all; `make threads` takes 200 rounds, half without."""
    assert run(1, shared=True) == []


def warned():
    """Make lossbook warn: weights that act on the wrong axis."""
    return lb.aggregate(np.ones((2, 2)), np.array([1.0, 2.0])).total


def test_warnings_are_collected_in_one_thread_alone():
    filters = list(warnings.filters)
    with ThreadPoolExecutor(1) as other, collected_warnings() as outer:
        with collected_warnings() as inner:
            warned()
        with pytest.warns(UserWarning, match="meets values"):
            other.submit(warned).result()
        warned()
    assert [len(outer), len(inner)] == [1, 1]
    assert warnings.filters == filters
    with pytest.warns(UserWarning, match="meets values"):
        warned()


class Path:
    """Keeps the names of the operations that it was told of."""

    def __init__(self):
        self.seen = []

    def enter(self, operation, arguments):
        self.seen.append(operation.name)

    def leave(self, operation, arguments, results):
        self.seen.append(operation.name)


def test_a_path_sees_its_own_thread_alone():
    """Two threads watch and overlap; a third one that watches nothing passes."""
    first, second, step = Path(), Path(), threading.Barrier(2, timeout=60)

    def watch(path, name, leaves_first):
        with operations.operations_seen_by(path):
            step.wait()
            layers.Identity(name=name)(np.ones((1, 1)))
            step.wait()
            if not leaves_first:
                step.wait()
                layers.Identity(name=f"{name} alone")(np.ones((1, 1)))
        if leaves_first:
            assert methods() != METHODS  # the other one needs them
            step.wait()

    with ThreadPoolExecutor(3) as pool:
        both = pool.submit(watch, first, "a", True), pool.submit(watch, second, "b", False)
        pool.submit(layers.Identity(name="c"), np.ones((1, 1))).result()
        assert [future.result() for future in both] == [None, None]
    assert (first.seen, second.seen) == (["a"] * 2, ["b"] * 2 + ["b alone"] * 2)
    assert methods() == METHODS and not operations._watching


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupt_leaves_no_hook(error):
    """At whatever line of it: a second attempt makes up for an undo that was stopped."""

    def watch():
        with operations.operations_seen_by(Path()):
            layers.Identity()(np.ones((1, 1)))

    lines = [line for line in executed(watch) if line[0] == operations.__file__]
    assert len(lines) > 20
    for line in lines:
        reached, came = interrupted(watch, line, error("here"))
        assert reached and isinstance(came, error), line
        assert methods() == METHODS and not operations._watching, line


def test_an_interrupt_leaves_no_warning_collected():
    def collect():
        with collected_warnings():
            warned()

    for line in executed(collect):
        interrupted(collect, line, KeyboardInterrupt())
        with pytest.warns(UserWarning, match="meets values"):
            warned()
