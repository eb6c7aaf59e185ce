"""Tables, digits and fractions, as all rooms write them."""

import math

import pytest

from lossbook._core import four_digits, html_table, simple_fraction, text_table


def test_a_table_of_text_is_as_wide_as_its_cells_and_columns_may_end_at_the_right():
    rows = [("part", "share"), ("a longer one", "1 %"), ("b", "")]
    assert text_table(rows, right=(1,)) == [
        "part          share",
        "------------  -----",
        "a longer one    1 %",
        "b",
    ]


def test_heads_and_caption_of_a_table_in_html_are_escaped_and_its_cells_are_html():
    html = html_table(("<a>", "n"), [("<b>x</b>", "1")], "<caption>", right=(1,))
    assert ">&lt;a&gt;</th>" in html and ">&lt;caption&gt;</caption>" in html
    assert "<b>x</b></th>" in html and html.count("text-align:right") == 2
    assert "<caption" not in html_table(("n",), [])


def test_four_digits():
    assert [four_digits(x) for x in (0.25, 1234, 12345.6, 1e-7)] == [
        "0.2500",
        "1234",
        "1.235e+04",
        "1.000e-07",
    ]


@pytest.mark.parametrize(
    ("x", "text"),
    [(5 / 12, "5/12"), (-1 / 3, "-1/3"), (2.0, "2"), (10 / 11, None), (math.pi, None)],
)
def test_a_simple_fraction_has_a_numerator_below_10(x, text):
    assert simple_fraction(x, 1e-9) == text
