"""Agents, physics, survival: scalars that are made of other things than labels."""

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
def deep_q():
    """The value of the action that was taken, against the next state's best."""
    network, target = dense(4, 3), dense(4, 3, seed=3)
    loss, following = losses.Huber(name="huber"), draws(5, 4, seed=2)

    def step(mark):
        future = tensor(RETURNS) + 0.9 * ops.max(target(following), axis=1)
        taken = ops.sum(network(STATES) * ops.one_hot(ACTIONS, 3), axis=1)
        return loss(ops.stop_gradient(future)[:, None], taken[:, None])

    future = RETURNS + 0.9 * numpy(target(following)).max(1)
    return step, {"huber": huber(future - numpy(network(STATES))[range(5), ACTIONS]).mean()}


@own_step
def proximal_policy():
    """The smaller of a ratio and the clipped ratio, times the advantage."""
    actor, before = dense(4, 3), draws(5, seed=4, low=-1.5, high=-0.5)

    def step(mark):
        log = ops.sum(ops.log_softmax(actor(STATES)) * ops.one_hot(ACTIONS, 3), axis=1)
        ratio = ops.exp(log - tensor(before))
        clipped = ops.clip(ratio, 0.8, 1.2)
        gain = tensor(RETURNS)
        return -ops.mean(mark("surrogate", ops.minimum(ratio * gain, clipped * gain)))

    ratio = np.exp(-cross_entropy(ACTIONS, numpy(actor(STATES))) - before)
    smaller = np.minimum(ratio * RETURNS, np.clip(ratio, 0.8, 1.2) * RETURNS)
    return step, {"surrogate": -smaller.mean()}


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
def survival():
    """The partial likelihood of Cox: one term for each event, over those at risk."""
    risk, time = draws(6, low=-1), np.array([3.0, 1, 4, 2, 6, 5])
    event = np.array([1.0, 1, 0, 1, 0, 1], "float32")
    at_risk = (time[None] >= time[:, None]).astype("float32")

    def step(mark):
        total = ops.sum(tensor(at_risk) * ops.exp(tensor(risk))[None], axis=1)
        terms = mark("likelihood", ops.log(total) - tensor(risk))
        return ops.sum(terms * tensor(event)) / event.sum()

    total = (at_risk * np.exp(np.float64(risk))).sum(1)
    return step, {"likelihood": ((np.log(total) - risk) * event).sum() / 4}


@own_step
def graph():
    """Links that are there and links that are drawn, each half of the batch."""
    nodes = draws(6, 3, low=-1)
    there, drawn = np.array([[0, 1], [2, 3], [4, 5]]), np.array([[0, 5], [1, 4], [2, 5]])
    loss = losses.BinaryCrossentropy(from_logits=True, name="links")

    def score(pairs):
        return ops.sum(ops.take(nodes, pairs[:, 0], 0) * ops.take(nodes, pairs[:, 1], 0), axis=1)

    def step(mark):
        logits = ops.concatenate([score(there), score(drawn)])[:, None]
        return loss(np.repeat([1.0, 0.0], 3)[:, None], logits)

    pairs, sign = np.concatenate([there, drawn]), np.repeat([1, -1], 3)
    logits = (np.float64(nodes)[pairs[:, 0]] * nodes[pairs[:, 1]]).sum(1)
    return step, {"links": np.log1p(np.exp(-sign * logits)).mean()}


@own_step
def recommender():
    """Both towers in one table of scores: the other rows are the wrong answers."""
    users, films = draws(5, 3, low=-1), draws(5, 3, seed=1, low=-1)
    loss = losses.CategoricalCrossentropy(from_logits=True, reduction="sum", name="retrieval")

    def step(mark):
        return loss(np.eye(5), tensor(users) @ tensor(films.T))

    return step, {"retrieval": cross_entropy(np.arange(5), np.float64(users) @ films.T).sum()}
