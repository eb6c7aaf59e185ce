"""explain(): what the loss of a compiled model is made of, as parts that add up to it."""

from typing import Any

from lossbook._explain.callback import callback, explain_callback
from lossbook._explain.data import with_class_weight
from lossbook._explain.decompose import decompose
from lossbook._explain.explain import explain
from lossbook._explain.explanation import Explanation
from lossbook._explain.gap import ONCE_MORE, also_on_jax, counted_once_more
from lossbook._explain.groups import rounding
from lossbook._explain.parts import elementwise_of, part_of

explain.callback = callback  # type: ignore[attr-defined]


def __getattr__(name: str) -> Any:
    if name == "ExplainCallback":  # its class is Keras's
        return explain_callback()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
