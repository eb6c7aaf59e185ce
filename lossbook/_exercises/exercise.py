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
    """

    expected: Callable[..., Any]
    mistakes: tuple[tuple[Callable[..., Any], str], ...] = ()
    cases: tuple[tuple, ...] = ((),)

    @property
    def asks_for_function(self):
        """Whether the answer is a function."""
        return self.cases != ((),)
