"""Models that make data: variational autoencoders, adversarial pairs, diffusion."""

import numpy as np
from keras import layers, losses, ops

from tests.real_keras.own_steps.step import (
    binary,
    dense,
    draws,
    numpy,
    own_step,
    square,
    tensor,
)


def _vae(x, noise):
    """Return encoder heads and decoder, and what they make of x, in NumPy."""
    mean, log_var, decoder = dense(6, 3), dense(6, 3, seed=2), dense(3, 6, seed=4)
    m, v = numpy(mean(x)), numpy(log_var(x))
    decoded = numpy(decoder(tensor(np.float32(m + np.exp(v / 2) * noise))))
    return (mean, log_var, decoder), (m, v, decoded)


def _divergence(m, v):
    return -0.5 * (1 + v - m**2 - np.exp(v))


@own_step
def vae():
    """Sum over pixels, mean over pictures; the divergence summed over the latents."""
    x, noise = draws(5, 6), draws(5, 3, seed=1, low=-1)
    (mean, log_var, decoder), (m, v, decoded) = _vae(x, noise)

    def step(mark):
        mu, var = mean(x), log_var(x)
        z = mu + ops.exp(var / 2) * tensor(noise)
        values = losses.binary_crossentropy(x[..., None], decoder(z)[..., None], from_logits=True)
        kl = mark("kl", -0.5 * (1 + var - ops.square(mu) - ops.exp(var)))
        return ops.mean(ops.sum(values, axis=1)) + ops.mean(ops.sum(kl, axis=1))

    pixels = binary(x, decoded).sum(1).mean()
    return step, {"binary_crossentropy": pixels, "kl": _divergence(m, v).sum(1).mean()}


@own_step
def vae_with_the_divergence_in_its_layer():
    """The sampling layer adds the divergence; the step reads model.losses."""
    x, noise = draws(5, 6), draws(5, 3, seed=1, low=-1)
    (mean, log_var, decoder), (m, v, decoded) = _vae(x, noise)

    class Sampling(layers.Layer):
        def call(self, mu, var):
            self.add_loss(-0.5 * ops.mean(1 + var - ops.square(mu) - ops.exp(var)))
            return mu + ops.exp(var / 2) * tensor(noise)

    sampling, mse = Sampling(name="sampling"), losses.MeanSquaredError(name="mse")

    def step(mark):
        z = sampling(mean(x), log_var(x))
        return mse(x, decoder(z)) + sum(sampling.losses)

    divergence = _divergence(m, v).mean()
    pixels = square(x, decoded).mean()
    return step, {"mse": pixels, "(additional) sampling/add_loss": divergence}


@own_step
def vq_vae():
    """A codebook: the nearest code, and two losses that pull code and encoding together."""
    x, codes = draws(7, 3), draws(4, 3, seed=1)
    decoder, mse = dense(3, 3), losses.MeanSquaredError(name="reconstruction")
    nearest = square(x[:, None], codes).sum(-1).argmin(-1)

    def step(mark):
        encoded = tensor(x)
        code = ops.take(tensor(codes), nearest, axis=0)
        commitment = mark("commitment", ops.square(ops.stop_gradient(code) - encoded))
        codebook = mark("codebook", ops.square(code - ops.stop_gradient(encoded)))
        straight = encoded + ops.stop_gradient(code - encoded)
        pull = 0.25 * ops.mean(commitment) + ops.mean(codebook)
        return mse(x, decoder(straight)) / 0.5 + pull

    pixels = square(x, numpy(decoder(tensor(codes[nearest])))).mean() / 0.5
    pull = square(x, codes[nearest]).mean()
    return step, {"reconstruction": pixels, "commitment": pull / 4, "codebook": pull}


@own_step
def gan_generator():
    """The generator's step through a discriminator, and the discriminator's, in one scalar."""
    latent, real = draws(4, 3), draws(4, 5, seed=1)
    generator, critic = dense(3, 5), dense(5, 1, seed=2)
    fake = numpy(critic(generator(latent)))
    true = numpy(critic(real))
    mistaken = losses.BinaryCrossentropy(from_logits=True, name="generator")
    seen = losses.BinaryCrossentropy(from_logits=True, name="discriminator")

    def step(mark):
        made = critic(generator(latent))
        discriminator = 0.5 * (seen(ops.ones((4, 1)), critic(real)) + seen(ops.zeros((4, 1)), made))
        return mistaken(ops.ones((4, 1)), made) + discriminator

    return step, {
        "discriminator": binary(1, true).mean() / 2,
        "discriminator_2": binary(0, fake).mean() / 2,
        "generator": binary(1, fake).mean(),
    }


@own_step
def diffusion():
    """The loss of the noise trains; the loss of the picture is computed, and only logged."""
    x, noise, rate = draws(4, 5), draws(4, 5, seed=1, low=-1), draws(4, 1, seed=2)
    network, mae = dense(5, 5), losses.MeanAbsoluteError(name="noise")
    seen = losses.MeanAbsoluteError(name="picture")
    noisy = np.float32(np.sqrt(1 - rate**2) * x + rate * noise)

    def step(mark):
        predicted = network(noisy)
        seen(x, (tensor(noisy) - tensor(rate) * predicted) / tensor(np.sqrt(1 - rate**2)))
        return mae(noise, predicted)

    return step, {"noise": abs(noise - numpy(network(noisy))).mean()}
