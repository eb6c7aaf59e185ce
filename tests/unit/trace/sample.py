"""The output that the tests of trace look at."""

import numpy as np

Y = np.array([[[1, 0], [0, 1], [1, 1]], [[0, 0], [1, 0], [0, 1]]], np.float32)
P = np.array(
    [[[0.9, 0.2], [0.3, 0.6], [0.5, 0.8]], [[0.1, 0.4], [0.7, 0.2], [0.5, 0.5]]], np.float32
)
WEIGHT, MASK = np.array([[2.0], [0.5]]), np.array([[1, 1, 0], [1, 1, 1]], bool)
