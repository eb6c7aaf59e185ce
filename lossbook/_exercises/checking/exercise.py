"""What an exercise is: the right answer, what the known mistakes give, the cases it is tried on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Tensors = Mapping[str, Any]


class AnyOf(tuple):
    """What one mistake gives, where it gives several answers."""


@dataclass(frozen=True)
class Answers:
    """The answers to an exercise on one case.

    Attributes:
        right: the right one.
        mistakes: what to tell who errs in a known way, and the answer that is given then.
        identify_with: for numbers that aggregate losses: what `lossbook.identify` takes besides the
            number (`{"values": ..., "sample_weight": ...}`), in a tuple with one for each number of
            the answer (None: not this one). A wrong number that none of the mistakes explains is
            looked up there.
    """

    right: Any
    mistakes: Mapping[str, Any]
    identify_with: Tensors | tuple[Tensors | None, ...] | None = None


@dataclass(frozen=True)
class Exercise:
    """One exercise: a value is asked for, or a function, or what mends a Keras model.

    Attributes:
        name: such as "class-axis-1".
        solve: computes the answers from the arguments of a case.
        cases: the arguments that a function is tried on, chosen so that the mistakes give something
            else than the right answer. An exercise that asks for a value has one case without
            arguments.
        measure: for what mends a model: what real Keras prints with it, as numbers.
        see: where to read on after a number is looked up, such as "the chapter Weights".
    """

    name: str
    solve: Callable[..., Answers]
    cases: tuple[tuple, ...] = ((),)
    see: str = ""
    measure: Callable[[Any], Any] | None = None

    @property
    def asks_for_function(self) -> bool:
        """Whether the answer is a function."""
        return self.cases != ((),)

    @property
    def computed(self) -> bool:
        """Whether a machine made the numbers of an answer: they are compared more closely."""
        return self.asks_for_function or self.measure is not None

    def answers(self, *arguments: Any) -> Answers:
        """Return the answers on a case. The mistakes may divide by 0."""
        with np.errstate(all="ignore"):
            return self.solve(*arguments)

    def expected(self, *arguments: Any) -> Any:
        """Return the right answer on a case."""
        return self.answers(*arguments).right


def exercise(
    name: str,
    cases: tuple[tuple, ...] = ((),),
    see: str = "",
    measure: Callable[[Any], Any] | None = None,
) -> Callable[[Callable[..., Answers]], Exercise]:
    """Make an exercise of the function that computes its answers."""
    return lambda solve: Exercise(name, solve, cases, see, measure)
