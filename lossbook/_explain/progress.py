"""Keras's own progress bar, for data that take long."""

import math
import time

from lossbook._core import keras

PATIENCE = 3.0  # seconds without a bar, after the first batch, which waits for compilation


def progress(verbose):
    """Return the callbacks that show how far a pass is.

    Raises:
        ValueError: for another verbose than "auto", 0 or 1.
    """
    if verbose not in ("auto", 0, 1):
        raise ValueError(f"verbose must be 'auto', 0 or 1. Received: {verbose!r}.")
    if not verbose:
        return ()

    class Progress(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.bar, self.done, self.start = None, 0, None

        def on_test_batch_end(self, batch, logs=None):
            if self.bar is None and (verbose == 1 or self.takes_long()):
                self.bar = keras.utils.Progbar(self.params.get("steps"), stateful_metrics=["loss"])
            self.done, self.loss = batch + 1, float(logs.get("loss", math.nan))
            if self.bar is not None:
                self.bar.update(self.done, values=[("loss", self.loss)], finalize=False)

        def takes_long(self):
            now = time.monotonic()
            self.start = now if self.start is None else self.start
            return now - self.start > PATIENCE

        def on_test_end(self, logs=None):
            if self.bar is not None:
                self.bar.update(self.done, values=[("loss", self.loss)], finalize=True)

    return (Progress(),)
