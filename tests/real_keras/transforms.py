"""What a training step does to a function: compile, map, differentiate; on any backend of Keras."""

import keras

BACKEND = keras.backend.backend()


def compiled(function, jit=None):
    """Compile a function as a training step is compiled; PyTorch runs it as it is."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False, jit_compile=jit)
    if BACKEND == "jax":
        import jax

        return jax.jit(function)
    return function


def mapped(function):
    """Let a function of one sample run over the first axis of its arguments."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return lambda *arrays: tf.vectorized_map(lambda rows: function(*rows), arrays)
    if BACKEND == "jax":
        import jax

        return jax.vmap(function)
    import torch

    return torch.func.vmap(function)


def gradient(function):
    """Return the gradient of a scalar function of one tensor, itself a function."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        def derived(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            return tape.gradient(y, x, unconnected_gradients="zero")

        return derived
    if BACKEND == "jax":
        import jax

        return jax.grad(function)
    import torch

    def derived(x):
        x = x if x.requires_grad else x.detach().requires_grad_()
        y = function(x)
        if not y.requires_grad:  # the slope of a straight line
            return torch.zeros_like(x)
        return torch.autograd.grad(y, x, create_graph=True, materialize_grads=True)[0]

    return derived
