"""explain(): what the loss of a compiled model is made of, as parts that add up to it."""

from lossbook._explain.callback import callback
from lossbook._explain.explain import explain
from lossbook._explain.explanation import Explanation

explain.callback = callback

__all__ = ["Explanation", "explain"]
