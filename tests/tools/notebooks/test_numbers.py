"""Numbers in prose: which count, and what an output shows."""

import pytest
from nbformat.v4 import new_output

from tools.notebooks.files import (
    visible_text,
)
from tools.notebooks.numbers import numbers, shows


@pytest.mark.parametrize(
    ("written", "counted"),
    [
        ("0.0134 and .5, then 5.", ["0.0134", ".5"]),
        ("1e-7, $10^{-7}$, 10⁻⁷, 10<sup>-7</sup>", ["1e-7", "10^{-7}", "10^-7"]),
        (r"$2.4 \cdot 10^{-8}$ and $3\times10^{-8}$", ["2.4 × 10^{-8}", "3×10^{-8}"]),
        (r"327,680, $327{,}680$, $327\,680$ and 327680", ["327,680"] * 3 + ["327680"]),
        ("12 minutes, 999 elements, 10^2", []),
        ("shape (4,256,256,5) of float32 on a T4", []),
        ("Keras 3.8, Keras 3.15.1, release 2.2.4, Python 3.11", []),
        ("Keras 3.0 and 3.1, tf.keras to 2.10, Keras from 3.5 on, TF 1.14, 1.15.", []),
        ("Keras 3.8 and 0.25, Keras 3.8 and 3.125, Keras 3.8 to 1.5 %", ["0.25", "3.125", "1.5"]),
        ("(2019), 2026-11-21, #20410, K20410", []),
        ("https://stackoverflow.com/q/52034983", []),
        (r"$\frac{1}{1310720} \approx0.76e-6$", ["1310720", "0.76e-6"]),
        ("0.5,0.25 and 1024px", ["0.5", "0.25", "1024"]),
    ],
)
def test_which_numbers_count(written, counted):
    assert [n.text for n in numbers(written) if n.counts] == counted


@pytest.mark.parametrize(
    ("written", "output", "shown"),
    [
        ("16.12", "16.118", True),
        ("16.11", "16.118", False),
        ("16.1", "[0.5 16.118]", True),
        ("16.1181", "16.118", False),  # more digits than were shown
        ("0.5", "0.4621", False),  # one digit must be exact
        ("0.5", "0.500", True),
        ("0.50", "0.4961", True),
        ("1e-7", "1e-07", True),
        ("1e-7", "0.0000001", True),
        ("1e-7", "1.19e-07", False),
        ("1.2e-7", "1.1920929e-07", True),
        ("99.9 %", "0.9991", True),
        ("99.9 %", "99.91", True),
        ("99.9", "0.999", False),
        ("327,680", "327680", True),
        ("327680", "327,680 elements", True),
        ("327,680", "327679.8", True),
        ("0.25", "-0.25", True),
        ("3.15", "Keras 3.15.1", False),  # a release is no number
    ],
)
def test_what_an_output_shows(written, output, shown):
    (number,) = numbers(written)
    assert shows(numbers(output), number) is shown


def test_colours_hide_no_number():
    output = new_output("stream", text="Params: \x1b[38;5;34m327,680\x1b[0m")
    assert [n.text for n in numbers(visible_text(output))] == ["327,680"]
    output = new_output("display_data", {"text/html": "<b style='width:7.5em'>0.5 &lt; 1</b>"})
    assert [n.text for n in numbers(visible_text(output))] == ["0.5", "1"]
