"""Scalars that are no sums of losses, terms that nobody has named: decompose has to say so."""

import numpy as np
from keras import losses, ops

from tests.real_keras.own_steps.step import draws, own_step, square, tensor

Y, P = draws(5, 3), draws(5, 3, seed=1)
MSE, MAE = square(Y, P).mean(), abs(np.float64(Y) - P).mean()
NOT_LINEAR = {"root", "perplexity", "likelihood_of_a_learned_width"}

mse, mae = losses.MeanSquaredError(name="mse"), losses.MeanAbsoluteError(name="mae")


@own_step
def root():
    """The root of a mean: the part is what it would change by at this rate."""
    return lambda mark: ops.sqrt(mse(Y, tensor(P))), {"mse": np.sqrt(MSE) / 2}


@own_step
def root_that_is_marked():
    """The same with a mark after the root: all of it, and the mse inside is not counted again."""

    def step(mark):
        return mark("root", ops.sqrt(mse(Y, tensor(P)))) + mae(Y, tensor(P))

    return step, {"root": np.sqrt(MSE), "mae": MAE}


@own_step
def geometric_mean():
    """No sum, but twice the losses give twice the scalar: so the rates add up to it."""
    root = np.sqrt(MSE * MAE)
    return (
        lambda mark: ops.sqrt(mse(Y, tensor(P)) * mae(Y, tensor(P))),
        {"mse": root / 2, "mae": root / 2},
    )


@own_step
def perplexity():
    """The exponential of a mean."""
    return lambda mark: ops.exp(mse(Y, tensor(P))), {"mse": np.exp(MSE) * MSE}


@own_step
def likelihood_of_a_learned_width():
    """Log of the mean: one factor for all, chosen by the loss itself."""
    return lambda mark: ops.log(mae(Y, tensor(P))) + mse(Y, tensor(P)), {"mae": 1, "mse": MSE}


@own_step
def a_term_that_nobody_named():
    """A penalty by hand stays unmarked."""

    def step(mark):
        return mse(Y, tensor(P)) + 0.3 * ops.mean(ops.square(tensor(P)))

    return step, {"mse": MSE, "(unmarked)": 0.3 * (np.float64(P) ** 2).mean()}
