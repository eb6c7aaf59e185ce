"""identify(): the number as it was printed, what the answer looks like, what is refused."""

import pickle

import keras
import numpy as np
import pytest

import lossbook as lb
from lossbook._identify.printed import read
from lossbook._trace.trace import trace
from tests.unit.identify.draws import names
from tests.unit.identify.sample import KERAS, ROWS, SQUARE, M, P, V, W, Y

# --- the number as it was printed


@pytest.mark.parametrize(
    ("value", "number", "half_unit"),
    [
        ("0.3471", 0.3471, 0.00005),
        ("1.2e-03", 0.0012, 0.00005),
        (" 13 ", 13, 0.5),
        ("-0.50", -0.5, 0.005),
        ("0.0000", 0, 0.00005),
        (0.3471, 0.3471, 0.00005),
        (0.5, 0.5, 0.00005),
        (13, 13, 0.005),
        (0.0, 0, 0),
        (np.float32(0.3471), 0.3471, 0.00005),
        (np.float64(0.34712), 0.34712, 0.000005),
        (float(np.float32(1) / np.float32(3)), 0.33333334, 0.5e-8),  # as evaluate returns it
        (1 / 3, 1 / 3, 0.5e-16),
        (np.array([0.25]), 0.25, 0.00005),
    ],
)
def test_a_number_is_known_to_its_last_digit(value, number, half_unit):
    printed = read(value)
    np.testing.assert_allclose(printed.number, number, rtol=1e-15)
    np.testing.assert_allclose(printed.half_unit, half_unit, rtol=1e-12)
    assert lb.identify(value, [number]).tolerance == printed.half_unit


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ("0.3471", "float32"),
        (1 / 3, "float64"),
        ("0.3333333333", "float64"),
        (float(np.float32(0.1)), "float32"),
        (np.float16(0.1), "float16"),
        (np.float64(0.1), "float64"),
    ],
)
def test_the_dtype_that_a_number_may_come_from(value, dtype):
    assert read(value).dtype == dtype


def test_half_a_unit_is_the_border():
    assert lb.identify("0.35", [0.345]).matches
    assert lb.identify("0.35", [0.3551]).matches == ()
    assert lb.identify("0.35", [0.3551], rtol=0.02).matches
    assert lb.identify("0.35", [0.3499], rtol=1e-5).matches == ()


def test_rtol_0_is_exact():
    assert lb.identify(0.25, [0.25], rtol=0).matches
    assert lb.identify(0.25, [0.2500001], rtol=0).matches == ()


def test_computing_a_loss_costs_no_more_than_rounding():
    arguments = {"loss": "mse", "y_true": Y, "y_pred": P}
    number = np.mean((Y - P) ** 2)
    assert lb.identify(f"{number + 1e-8:.9f}", **arguments).matches
    assert lb.identify(f"{number + 3e-6:.9f}", **arguments).matches == ()


def test_numbers_that_are_none():
    values, masked = np.array([1.0, np.nan, 3.0]), [True, False, True]
    found = lb.identify("nan", values, mask=masked)
    assert found.matches[0].rule == KERAS  # 0 times NaN
    assert ("pytorch", "mean") not in names(found)  # leaves masked values out
    left_out = lb.identify("2.000", values, mask=masked)
    assert ("pytorch", "mean") in names(left_out)
    assert (
        left_out.matches[0].sentence == "Its formula is its own: see lb.RULES['pytorch'].formula."
    )
    assert lb.identify("inf", [1.0, np.inf]).matches[0].value == np.inf
    assert lb.identify("-inf", [1.0, np.inf]).matches == ()
    nothing = lb.identify("nan", [1.0, 2.0], mask=[False, False])
    assert ("keras-2.2", "sum_over_batch_size") in names(nothing)  # 0/0
    assert (KERAS, "sum_over_batch_size") not in names(nothing)


def test_losses_below_0_and_a_printed_0():
    found = lb.identify("-1.500", [-1.0, -2.0])
    assert found.matches[0].rule == KERAS
    found = lb.identify("0.0000", [0.00002, 0.00004])
    assert found.matches[0].rule == KERAS
    assert found.matches[0].relative_error == 1
    assert lb.identify(0.0, [0.00002, 0.00004]).matches == ()


def test_the_installed_keras_comes_first_and_slips_last():
    found = lb.identify("0.5", V / V.mean() / 2, np.full((6, 5), 1.0))
    assert (found.matches[0].rule, found.matches[0].reduction) == (KERAS, "sum_over_batch_size")
    slips = [match.slips for match in lb.identify("1", V, W, M, rtol=0.5).matches]
    assert slips == sorted(slips) and {0, 1, 2} >= set(slips) >= {1, 2}


# --- what it looks like


@pytest.mark.parametrize("value", ["1.875", "3.1"])
def test_as_text(value, snapshot):
    text = repr(lb.identify(value, [1.0, 2.0, 6.0, 5.0], [0.5, 1.0, 0.25, 0.75]))
    assert text.replace(KERAS, "THE INSTALLED KERAS") == snapshot


def test_two_that_fit_are_told_apart_by_more_digits():
    found = lb.identify("1", V, W, M, rtol=0.5)
    assert repr(found).splitlines()[0] == (
        f"1 ± 0.5: {len(found.matches)} choices of coefficients fit, perhaps by chance. More "
        "digits, or other data, tell more."
    )


def test_as_html_everything_is_escaped():
    found = lb.identify("3.1", [1.0, 2.0, 6.0, 5.0], [0.5, 1.0, 0.25, 0.75])
    html = found._repr_html_()
    assert html.startswith('<div class="lossbook"><p>3.1 ± 0.05: one choice')
    for match in found.matches:
        assert match.sentence in html
    object.__setattr__(found.matches[0], "sentence", "<script>'\"😀")
    object.__setattr__(found.matches[0], "rule", "<script>")
    assert "<script>" not in found._repr_html_()
    assert "&lt;script&gt;&#x27;&quot;😀" in found._repr_html_()
    nothing = lb.identify("99", V)._repr_html_()
    assert "<p>Nearest:</p><ul><li>" in nothing and "times that" in nothing


def test_a_match_shows_its_sentence():
    match = lb.identify("3.5", [3.0, 4.0]).matches[0]
    assert repr(match) == (
        f"Match({KERAS}, sum_over_batch_size: 3.5. The sum of the values, divided by the number of "
        "values, 2.)"
    )


def test_no_warning_comes_from_the_search():
    lb.identify("1", SQUARE, ROWS, mask=np.zeros((5, 5), bool))  # a warning would be an error


# --- what it refuses

OTHER = next(b for b in ("torch", "jax") if b != keras.backend.backend())
REFUSED = {
    "words": {"value": "loss: 0.3"},
    "None": {"value": None},
    "a bool": {"value": True},
    "a dict": {"value": {}},
    "two numbers": {"value": [1.0, 2.0]},
    "no values": {"values": None},
    "values and a loss": {"loss": "mse", "y_true": [1.0], "y_pred": [1.0]},
    "a loss alone": {"values": None, "loss": "mse"},
    "no predictions": {"values": None, "loss": "mse", "y_true": [1.0]},
    "an argument misspelt": {"weights": [1.0]},
    "a reduction": {"reduction": "sum"},
    "an empty batch": {"batch_size": 0},
    "batches of other rows": {"batch_size": [1, 2]},
    "no batches": {"batch_size": []},
    "a divisor of 0": {"divisor": 0},
    "a negative tolerance": {"rtol": -1},
    "two loss weights": {"loss_weight": np.ones(2)},
    "empty values": {"values": []},
    "values that are words": {"values": "abc"},
    "too many weights": {"sample_weight": [1.0, 2.0, 3.0]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors(name, snapshot):
    with pytest.raises((ValueError, TypeError)) as raised:
        lb.identify(**{"value": "0.3", "values": [1.0, 2.0], **REFUSED[name]})
    assert f"{raised.type.__name__}: {raised.value}" == snapshot


def test_tensors_of_another_framework_are_refused():
    foreign = type("Tensor", (), {"__module__": OTHER, "shape": (2,), "dtype": "float32"})()
    with pytest.raises(TypeError, match=f"values is a {OTHER} tensor, but Keras's active backend"):
        lb.identify("0.3", foreign)


def test_what_it_needs_is_trace():
    """The path of `loss=` is that of trace(), its errors included."""
    for call in (trace, lambda *a: lb.identify("1", loss=a[0], y_true=a[1], y_pred=a[2])):
        with pytest.raises(ValueError, match="mean_squared_error needs y_true and y_pred of the"):
            call("mse", [[1.0, 2.0, 3.0]], [[1.0, 2.0]])


def test_what_was_found_can_be_pickled():
    found = lb.identify("2.333", [1.0, 2.0, 6.0], sample_weight=[2.0, 1.0, 0.5])
    again = pickle.loads(pickle.dumps(found))
    assert again == found and repr(again) == repr(found)
    np.testing.assert_array_equal(again.matches[0].coefficients, found.matches[0].coefficients)
