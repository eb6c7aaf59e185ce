"""Hooks on Keras's layers and operations, while a model is called."""

import functools
import logging
import threading
from contextlib import contextmanager


@contextmanager
def operations_seen_by(path):
    """Let `path` know, in this thread, which operation is called with what and returns what.

    `path.enter(operation, arguments)` and `path.leave(operation, arguments, results)` are called
    around every layer, model and plain operation.
    """
    import keras

    watched_thread = threading.get_ident()

    def seen(original, plain=False, variables=0):
        @functools.wraps(original)
        def call(self, *args, **kwargs):
            skipped = plain and isinstance(self, keras.Layer)
            if skipped or threading.get_ident() != watched_thread:
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

    hooks = {  # the step of JAX calls the model by stateless_call
        (keras.Layer, "__call__"): {},
        (keras.Layer, "stateless_call"): {"variables": 2},
        (keras.Operation, "__call__"): {"plain": True},
    }
    originals = {(owner, name): getattr(owner, name) for owner, name in hooks}
    for (owner, name), options in hooks.items():
        setattr(owner, name, seen(originals[owner, name], **options))
    try:
        yield
    finally:
        for (owner, name), original in originals.items():
            setattr(owner, name, original)


@contextmanager
def no_hint_on_retracing():
    """Silence TensorFlow's advice not to trace a step anew: here it is done on purpose."""
    monitor = logging.getLogger("tensorflow")

    def other(record):
        return "triggered tf.function retracing" not in record.getMessage()

    monitor.addFilter(other)
    try:
        yield
    finally:
        monitor.removeFilter(other)
