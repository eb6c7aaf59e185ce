"""The derivative of a scalar: on TensorFlow, JAX and PyTorch, compiled as in eager mode."""

from lossbook._core import keras


def derivative(function, x):
    """Return the derivative of `function(x)`, a scalar, with respect to the tensor x."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            scalar = function(x)
        return tape.gradient(scalar, x, unconnected_gradients="zero")
    if backend == "jax":
        import jax

        return jax.grad(function)(x)
    if backend == "torch":
        import torch

        with torch.enable_grad():
            x = x.detach().requires_grad_()
            scalar = function(x)
            if not scalar.requires_grad:
                return torch.zeros_like(x)
            (found,) = torch.autograd.grad(scalar, x, allow_unused=True)
        return torch.zeros_like(x) if found is None else found
    raise NotImplementedError(f"lossbook knows no derivative on the backend {backend}.")
