"""A number as somebody saw it: what it is, and how precisely it is known."""

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from lossbook._core import dtype_name, to_numpy

# How far from the exact sum a computation in that dtype may end, per magnitude of its terms.
ROUNDING = {"float64": 1e-12, "float32": 2e-6, "bfloat16": 12 * 2.0**-8, "float16": 12 * 2.0**-11}
_DIGITS = 4  # what a number that is no text has at least, as in Keras's progress bar


@dataclass(frozen=True)
class Printed:
    """A number, half a unit of its last printed digit, and the coarsest dtype it may come from."""

    text: str
    number: float
    half_unit: float
    dtype: str


@dataclass(frozen=True)
class Fit:
    """How near a candidate has to come to the number that was printed."""

    printed: Printed
    relative: float
    absolute: float
    rtol: float | None

    @property
    def tolerance(self) -> float:
        """Half a unit of the last printed digit, or what rtol gives."""
        if self.rtol is None:
            return self.printed.half_unit
        return self.rtol * abs(self.printed.number)

    def width(self, of_values: Any, of_coefficients: Any = 0.0) -> Any:
        """Return the tolerance and the rounding of sums of such magnitudes."""
        rounding = self.relative * of_values
        if self.rtol is None:
            rounding = rounding + self.absolute * of_coefficients
        return self.tolerance * (1 + 1e-9) + rounding

    def __call__(self, candidate: Any) -> bool:
        """Say whether a candidate may be the number."""
        if not math.isfinite(self.printed.number):
            return np.array_equal(candidate.value, self.printed.number, equal_nan=True)
        width = self.width(candidate.sums[3], candidate.sums[4])
        return bool(abs(candidate.value - self.printed.number) <= width)


def read(value):
    """Read a number: a text as it is written, anything else by the digits that show it uniquely.

    A number that is no text has four significant digits at least, so 0.5 is 0.5000; its 0 is exact.

    Raises:
        ValueError: if it is no number; the message says what it is.
    """
    dtype, text = dtype_name(value), value
    if not isinstance(value, str):
        try:
            array = None if value is None or isinstance(value, bool) else to_numpy(value)
        except ValueError:  # a list of lists
            array = None
        if array is None or array.dtype.kind not in "iuf":
            raise ValueError(_not_a_number(value))
        if array.size != 1:
            raise ValueError(
                f"value must be the one number that was printed. Received an array of shape "
                f"{array.shape}: pass one of its entries, or their mean."
            )
        text = _shortest(array.reshape(())[()])
    try:
        written = Decimal(text.strip())
        number = float(written)
    except (InvalidOperation, ValueError):
        raise ValueError(_not_a_number(value)) from None
    if not written.is_finite():
        return Printed(text.strip(), number, 0.0, "float32")
    last = written.as_tuple().exponent
    if not isinstance(value, str):
        last = min(last, written.adjusted() - _DIGITS + 1)
    half_unit = float(Decimal(5).scaleb(last - 1))
    if number == 0 and not isinstance(value, str):
        half_unit = 0.0
    if dtype not in ROUNDING:
        dtype = "float32" if _of_float32(written) else "float64"
    return Printed(text.strip(), number, half_unit, dtype)


def _shortest(scalar):
    """Return the fewest digits that show a number: those of float32 if it is one of them."""
    with np.errstate(over="ignore"):
        single = np.float32(scalar)
    same = scalar.dtype.kind == "f" and float(single) == float(scalar)
    return str(single if same and scalar.dtype.itemsize > 2 else scalar)


def _of_float32(written):
    """Say whether float32 can have printed these digits, in its own way or as a Python float."""
    with np.errstate(over="ignore"):
        single = np.float32(float(written))
    return Decimal(str(single)) == written or float(single) == float(written)


def _not_a_number(value):
    kind = repr(value) if isinstance(value, (str, bool, type(None))) else type(value).__name__
    return (
        f"value must be a number as it was printed, such as '0.3471' or '1.2e-03'. "
        f"Received: {kind}."
    )
