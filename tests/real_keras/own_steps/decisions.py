"""Agents, physics, recommenders: scalars that are made of other things than labels."""

import keras
import numpy as np
from keras import losses, ops

from tests.real_keras.own_steps.step import (
    cross_entropy,
    dense,
    draws,
    gradient,
    huber,
    numpy,
    own_step,
    softmax,
    square,
    tensor,
)

ACTIONS = np.array([0, 2, 1, 1, 0])
RETURNS, STATES = draws(5, seed=1, low=-1, high=2), draws(5, 4)


@own_step
def actor_critic():
    """Minus the log probability times the advantage, a critic by Huber, an entropy that is paid."""
    actor, critic = dense(4, 3), dense(4, 1, seed=3)
    loss = losses.Huber(reduction="sum", name="critic")

    def step(mark):
        log = ops.log_softmax(actor(STATES))
        value = critic(STATES)[:, 0]
        advantage = ops.stop_gradient(tensor(RETURNS) - value)
        chosen = ops.sum(log * ops.one_hot(ACTIONS, 3), axis=1)
        entropy = mark("entropy", -ops.sum(ops.exp(log) * log, axis=1))
        paid = ops.sum(mark("actor", -chosen * advantage)) - 0.01 * ops.sum(entropy)
        return paid + loss(RETURNS[:, None], value[:, None])

    value, log = numpy(critic(STATES))[:, 0], np.log(softmax(numpy(actor(STATES))))
    return step, {
        "entropy": 0.01 * (np.exp(log) * log).sum(),
        "actor": -(log[range(5), ACTIONS] * (RETURNS - value)).sum(),
        "critic": huber(RETURNS - value).sum(),
    }


@own_step
def physics_informed():
    """u' = u inside and u(0) = 1 at the edge: residuals at different numbers of points."""
    inside, edge = draws(7, 1), np.zeros((2, 1), "float32")
    network = keras.Sequential([dense(1, 4, activation="tanh"), dense(4, 1, seed=3)])
    network(inside)
    boundary = losses.MeanSquaredError(name="boundary")

    def step(mark):
        slope = gradient(lambda x: network(x), tensor(inside))
        equation = mark("equation", ops.square(slope - network(inside)))
        return ops.mean(equation) + 10 * boundary(np.ones((2, 1)), network(edge))

    first, second = network.layers
    hidden = numpy(first(inside))
    slope = ((1 - hidden**2) * numpy(first.kernel)[0]) @ numpy(second.kernel)
    return step, {
        "equation": square(slope, numpy(network(inside))).mean(),
        "boundary": 10 * square(1, numpy(network(edge))).mean(),
    }


@own_step
def recommender():
    """Both towers in one table of scores: the other rows are the wrong answers."""
    users, films = draws(5, 3, low=-1), draws(5, 3, seed=1, low=-1)
    loss = losses.CategoricalCrossentropy(from_logits=True, reduction="sum", name="retrieval")

    def step(mark):
        return loss(np.eye(5), tensor(users) @ tensor(films.T))

    return step, {"retrieval": cross_entropy(np.arange(5), np.float64(users) @ films.T).sum()}
