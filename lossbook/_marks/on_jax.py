"""Derivatives with respect to marks, on JAX."""

from dataclasses import replace
from typing import Any

from lossbook._core import private


class Tape:
    """jax.vjp of the function, and of that again: a mark notes what comes back to it.

    A mark is the identity of its tensor and of a zero; with respect to that zero the function is
    differentiated, so that nothing before the first mark is. The function runs once.
    """

    def __init__(self) -> None:
        self.place: Any = None
        self.once: dict[int, Any] = {}  # what has come back, by the number of the mark
        self.twice: dict[int, Any] = {}
        self.zeros: tuple[Any, ...] = ()
        self.variables: list[Any] = []  # that were assigned tracers
        self.count, self.depending = 0, set[int]()  # how many marks; those that others go into

    def reaches(self):
        """Say whether we are where the function runs, not in a function that is traced in it."""
        return _place() == self.place

    def watch(self, given):
        number = self.count
        self.count += 1
        once, twice = self.zeros
        if type(given) is type(once):
            self.depending.add(number)
        return _noted(_noted(given, twice, self.twice, number), once, self.once, number)

    def before(self, variable, value, undo):
        """Note the value of a variable that is about to be assigned a tracer."""
        import jax

        if isinstance(value, jax.core.Tracer) and _scope() is self.scope:
            self.variables.append(variable)
            if self.scope is None:
                undo.callback(setattr, variable, "_value", variable._value)

    def run(self, fn, recording, undo, first_order):
        import jax
        import jax.numpy as jnp

        self.scope, self.recording = _scope(), recording

        def once(zero):
            self.zeros, self.place = (zero, self.zeros[0]), _place()
            scalar = fn()
            tensors = [mark.tensors for mark in recording.found]
            given = [mark.given for mark in recording.found]
            return (scalar, *given), (tensors, self._left_behind())

        def twice(zero):
            self.zeros = (zero,)
            self.outputs, self.back, aside = jax.vjp(once, jnp.zeros(()), has_aux=True)
            scalar, *given = self.outputs
            first, sums = first_order(scalar, given, self.pull, self.along)
            return [jnp.asarray(total, "float32") for total in sums], (self.outputs, first, aside)

        sums, back, aside = jax.vjp(twice, jnp.zeros(()), has_aux=True)
        (scalar, *given), first, (tensors, self.left) = aside
        bends = []
        for i in range(len(sums)):
            one_of_them = [jnp.asarray(float(i == j)) for j in range(len(sums))]
            bends.append(self._noted_by(self.twice, back, one_of_them))
        found = [
            replace(mark, given=g, marked=None, tensors=t)
            for mark, g, t in zip(recording.found, given, tensors, strict=True)
        ]
        return scalar, found, first, bends

    def pull(self, target, weights):
        import jax.numpy as jnp

        place = next(i for i, output in enumerate(self.outputs) if output is target)
        if place and place - 1 not in self.depending:
            return [None] * self.count
        back = [jnp.zeros_like(output) for output in self.outputs]
        back[place] = jnp.ones_like(target) if weights is None else weights
        return self._noted_by(self.once, self.back, tuple(back))

    def _noted_by(self, notes, back, weights):
        notes.clear()
        back(weights)
        return [notes.get(number) for number in range(self.count)]

    def along(self, target, directions):
        import jax
        import jax.numpy as jnp

        def pulled(weights):
            found = self.pull(target, weights)
            return sum(jnp.sum(found[i] * d).astype("float32") for i, d in directions.items())

        total, back = jax.vjp(pulled, jnp.zeros_like(target))
        return back(jnp.ones_like(total))[0]

    def _left_behind(self):
        """Return what the function has put into variables and layers: tracers, in part."""
        layers = self.recording.layers
        mapping = None if self.scope is None else self.scope.state_mapping
        values = [v._value if mapping is None else mapping.get(id(v)) for v in self.variables]
        return values, [list(private(layer, "_losses")) for layer in layers]

    def leave(self):
        """Put values in place of the tracers."""
        values, losses = self.left
        for variable, value in zip(self.variables, values, strict=True):
            if self.scope is None:
                variable._value = value
            elif value is not None:
                self.scope.state_mapping[id(variable)] = value
        for layer, of_layer in zip(self.recording.layers, losses, strict=True):
            private(layer, "_losses").extend(of_layer)


def _scope():
    from keras.src.backend.common.stateless_scope import get_stateless_scope

    return get_stateless_scope()


def _place():
    from jax.extend.core import get_opaque_trace_state

    return get_opaque_trace_state(convention="flax")


def _noted(given, zero, notes, number):
    """Return the tensor; a derivative that comes back to it is noted by its number."""
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def identity(x, zero):
        return x

    def back(_, derivative):
        notes[number] = derivative
        return derivative, jnp.zeros(())

    def forward(x, zero):
        return identity(x, zero), None  # for whoever differentiates this

    identity.defvjp(forward, back)
    return identity(given, zero)
