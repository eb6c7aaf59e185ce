"""The state that a pass moves, and how it comes back: variables, a generator of numbers."""

import numpy as np

from lossbook._core import keras, to_numpy
from lossbook._model.keras_private import private


def keep_state(model, undo):
    """Let `undo` put back metrics, states, seeds, and what layers have added to the loss.

    On JAX, which empties them, all variables.
    """
    backend = keras.backend.backend()
    variables = list(model.variables if backend == "jax" else model.non_trainable_variables)
    for variable in [*variables, *model.metrics_variables, *_states(model)]:
        if getattr(variable, "_value", None) is not None:  # else it is made when Keras builds
            undo.callback(variable.assign, _copy(variable, backend))
    for layer in private(model, "_flatten_layers")():
        for added in (private(layer, "_losses"), private(layer, "_loss_ids")):
            undo.callback(_refill, added, tuple(added))
    if model.built and backend == "jax":
        undo.callback(setattr, model, "_jax_state_synced", True)
    if backend == "torch":
        import torch

        undo.callback(torch.set_rng_state, torch.get_rng_state())


def _copy(variable, backend):
    """Copy the value of a variable; on JAX as an array of the same kind, or jit compiles anew."""
    if backend == "jax":
        import jax.numpy as jnp

        return jnp.copy(variable.value)
    return np.array(to_numpy(variable))


def _refill(container, items):
    """Let a list or set hold what it held."""
    container.clear()
    (container.extend if isinstance(container, list) else container.update)(items)


def stand_still(model, undo):
    """Let the optimizers of a model apply no gradient: a step that trains changes no weight."""
    optimizers = {id(o): o for o in [model.optimizer, *vars(model).values()]}
    for optimizer in optimizers.values():
        if isinstance(optimizer, keras.optimizers.Optimizer):
            own = vars(optimizer)
            undo.callback(own.update, {"apply": own["apply"]} if "apply" in own else {})
            undo.callback(own.pop, "apply", None)
            own["apply"] = lambda *arguments, **options: None


def _states(model):
    """Return the states of stateful RNN layers, which Keras counts to no layer's variables."""
    layers = private(model, "_flatten_layers")()
    states = keras.tree.flatten([getattr(layer, "states", None) for layer in layers])
    return [state for state in states if isinstance(state, keras.Variable)]
