"""What belongs to all threads while a model is called: Keras's classes, and TensorFlow's log."""

import functools
import logging
import threading
from contextlib import ExitStack, contextmanager
from typing import Any

from lossbook._core import keras

_lock = threading.Lock()
_watching: dict[object, Any] = {}  # for every watch its thread, and the path that watches there
_originals: dict[Any, Any] = {}  # (class, method): Keras's own, while the hooks are in place


@contextmanager
def operations_seen_by(path):
    """Let `path` know, in this thread, which operation is called with what and returns what.

    `path.enter(operation, arguments)` and `path.leave(operation, arguments, results)` are called
    around every layer, model and plain operation. Keras's classes are those of all threads: the
    first watch hooks them, the last takes the hooks out, and threads that watch nothing pass.
    """
    watch = object()
    with ExitStack() as undo:
        undo.callback(_leave, watch)
        undo.callback(_leave, watch)  # an interrupt may stop this one
        _enter(watch, path)
        yield


def _enter(watch, path):
    hooks = {  # the step of JAX calls the model by stateless_call
        (keras.Layer, "__call__"): {},
        (keras.Layer, "stateless_call"): {"variables": 2},
        (keras.Operation, "__call__"): {"plain": True},
    }
    with _lock:
        _watching[watch] = threading.get_ident(), path
        for (owner, name), options in hooks.items():
            if (owner, name) not in _originals:
                original = _originals[owner, name] = getattr(owner, name)
                setattr(owner, name, _seen(original, **options))


def _leave(watch):
    with _lock:
        _watching.pop(watch, None)
        if not _watching:
            for owner, name in list(_originals):
                setattr(owner, name, _originals[owner, name])
                del _originals[owner, name]


def _seen(original, plain=False, variables=0):
    """Return a method that tells the path of its thread what it is called with and returns."""

    @functools.wraps(original)
    def call(self, *args, **kwargs):
        here, watching = threading.get_ident(), tuple(_watching.values())
        path = next((path for thread, path in watching if thread == here), None)
        if path is None or (plain and isinstance(self, keras.Layer)):
            return original(self, *args, **kwargs)
        arguments = args[variables:], {} if variables else kwargs
        path.enter(self, arguments)
        results = None
        try:
            results = original(self, *args, **kwargs)
        finally:
            path.leave(self, arguments, results)
        return results

    return call


@contextmanager
def no_hint_on_retracing():
    """Silence TensorFlow's advice not to trace a step anew: in this thread it is on purpose."""
    monitor, here = logging.getLogger("tensorflow"), threading.get_ident()

    def other(record):
        return record.thread != here or "triggered tf.function retracing" not in record.getMessage()

    with ExitStack() as undo:
        undo.callback(monitor.removeFilter, other)
        monitor.addFilter(other)
        yield
