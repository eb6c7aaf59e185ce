"""Derivatives with respect to marks, on TensorFlow."""

from typing import Any


class Tape:
    """Two gradient tapes that watch the marks alone: for their derivative, and for its own."""

    def __init__(self) -> None:
        import tensorflow as tf

        settings: dict[str, Any] = {"persistent": True, "watch_accessed_variables": False}
        self.once, self.twice = tf.GradientTape(**settings), tf.GradientTape(**settings)
        self.graph = self._graph()

    def _graph(self):
        import tensorflow as tf

        return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()

    def reaches(self):
        """Say whether we are where the function runs, not in a function that is traced in it."""
        return self._graph() is self.graph

    def watch(self, given):
        import tensorflow as tf

        marked = tf.identity(given)
        self.once.watch(marked)
        self.twice.watch(marked)
        return marked

    def run(self, fn, recording, undo, first_order):
        with self.twice:
            with self.once:
                scalar = fn()
            found = recording.found
            self.marked = [mark.marked for mark in found]
            first, sums = first_order(scalar, [mark.given for mark in found], self.pull, self.along)
        bends = [self._derivatives(self.twice, total, None) for total in sums]
        return scalar, found, first, bends

    def pull(self, target, weights):
        return self._derivatives(self.once, target, weights)

    def _derivatives(self, tape, target, weights):
        import tensorflow as tf

        if not self.marked or not tf.is_tensor(target):
            return [None] * len(self.marked)
        found = tape.gradient(target, self.marked, output_gradients=weights)
        return [None if d is None else tf.convert_to_tensor(d) for d in found]

    def along(self, target, directions):
        import tensorflow as tf

        weights = tf.zeros_like(target)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            pulled = self.pull(target, weights)
            sums = [tf.reduce_sum(pulled[i] * d) for i, d in directions.items()]
            total = tf.add_n([tf.cast(s, "float32") for s in sums])
        return tape.gradient(total, weights, unconnected_gradients="zero")

    def leave(self):
        del self.once, self.twice, self.marked
