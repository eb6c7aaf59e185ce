"""Names for arrays in signatures: those of a backend can't be named without importing it."""

from typing import Any, TypeAlias

Array: TypeAlias = Any  # a NumPy array, or a tensor of Keras's active backend
ArrayLike: TypeAlias = Any  # an Array, or nested lists of numbers
