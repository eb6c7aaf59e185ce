"""The data that the tests of identify share."""

import numpy as np

from lossbook.rules import resolve

KERAS = resolve("keras-3").name  # the family of the installed release
KEEPS = "the number of values that the mask keeps"
RNG = np.random.default_rng(8)
V, W = RNG.gamma(2, 1, (6, 5)), RNG.uniform(0.5, 2, (6, 5)).round(2)
W[2, 1:3] = W[5, 0] = 0
M = RNG.random((6, 5)) < 0.7
N = V.size
ROWS = np.array([2.0, 0.5, 1.0, 3.0, 0.25])  # weights of the rows of SQUARE
SQUARE = V[:5]
Y = np.eye(3)[RNG.integers(0, 3, (4, 6))].astype("float32")
P = RNG.dirichlet([2, 2, 2], (4, 6)).astype("float32")
