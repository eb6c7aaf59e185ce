"""What an exercise is: its right answer, the usual mistakes, the cases it is tried on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exercise:
    """One exercise: either a value is asked for, or a function.

    Attributes:
        expected: computes the right answer, from the arguments of a case.
        mistakes: pairs of a function that errs in a known way, and what to tell who errs so.
        cases: the arguments that a function is tried on, chosen so that the mistakes give something
            else than `expected`. An exercise that asks for a value has one case without arguments.
        made_from: for numbers that aggregate losses: from the arguments of a case, what
            `lossbook.identify` takes besides the number (`{"values": ..., "sample_weight": ...}`),
            in a tuple with one for each number of the answer (None: not this one). A wrong number
            that none of the mistakes explains is looked up there.
        see: where to read on after such a diagnosis, such as "the chapter Weights".
    """

    expected: Callable[..., Any]
    mistakes: tuple[tuple[Callable[..., Any], str], ...] = ()
    cases: tuple[tuple, ...] = ((),)
    made_from: Callable[..., Any] | None = None
    see: str = ""

    @property
    def asks_for_function(self):
        """Whether the answer is a function."""
        return self.cases != ((),)
