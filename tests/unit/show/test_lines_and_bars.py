"""Budget bar, lines, the class axis, a table: what is drawn are the numbers of the package."""

import numpy as np
import pytest

import lossbook as lb
from lossbook.plots import _lines
from tests.unit.show.pictures import BARS, PANELS, crossentropies, drawn_new, number_of, words_of


def pieces(picture, name):
    return {
        patch.get_gid(): patch
        for patch in picture.axes[0].patches
        if (patch.get_gid() or "").startswith(f"{name} ")
    }


def test_the_lengths_on_a_budget_bar_are_the_coefficients():
    picture = drawn_new("budget")
    unit = pieces(picture, "plain")["plain 0"].get_width() * 4
    for name, row in BARS.items():
        found, end = pieces(picture, name), None
        for i, coefficient in enumerate(row.coefficients):
            piece = found.get(f"{name} {i}")
            assert (piece is None) == (coefficient == 0)
            if piece:
                assert piece.get_width() / unit == pytest.approx(coefficient)
                assert end is None or piece.get_x() == pytest.approx(end)
                end = piece.get_x() + piece.get_width()
    assert pieces(picture, "weight 0")["weight 0 hole"].get_width() / unit == pytest.approx(1 / 4)
    assert not [gid for gid in pieces(picture, "mask") if "hole" in gid]
    assert pieces(picture, "weight 3")["weight 3 over"].get_width() / unit == pytest.approx(1 / 2)
    assert words_of(picture)[0] == "coefficients as lengths, a mark at 1"
    grouped = lb.plots.budget({"a": [0.5, 0.5]}, groups=["batch 1", "batch 2"])
    assert words_of(grouped)[0].endswith("at 1: batch 1 dark, batch 2 light")
    sums = [word for word in words_of(picture) if " = " in word]
    assert sums == ["4 × 1/4 = 1", "3 × 1/3 = 1", "3 × 1/4 = 3/4", "3 × 1/4 + 3/4 = 3/2"]


def test_a_line_goes_through_its_numbers():
    (ax,) = drawn_new("lines").axes
    drawn = {line.get_gid(): line for line in ax.lines if line.get_gid()}
    zeros = [t.get_position()[1] for t in ax.texts if t.get_text() == "0"]
    for (title, lines_of), zero in zip(PANELS.items(), zeros, strict=True):
        places, heights = [], []
        for name, numbers in lines_of.items():
            x, y = drawn[f"{title} {name}"].get_data()
            assert np.isnan(y).tolist() == np.isnan(numbers).tolist()
            places.append(x)
            heights += [(n, h) for n, h in zip(numbers, y, strict=True) if not np.isnan(n)]
        assert np.allclose(np.diff(places), places[0][1] - places[0][0])
        numbers, heights = np.array(heights).T
        slope, start = np.polyfit(numbers, heights, 1)
        np.testing.assert_allclose(slope * numbers + start, heights, atol=1e-6)
        assert slope < 0 and start == pytest.approx(zero)


def test_a_history_is_sorted_into_losses_and_their_parts():
    history = {
        "loss": [3, 2], "val_loss": [4, 3], "accuracy": [0.1, 0.2],
        "val_loss/class_0": [1, 1], "val_loss/class_1": [3, 2], "val_loss/output_a": [4, 3],
    }  # fmt: skip
    found = _lines._panels(history)
    assert {title: list(lines_of) for title, lines_of in found.items()} == {
        "loss": ["loss", "val_loss"],
        "accuracy": ["accuracy"],
        "val_loss, by class": ["class 0", "class 1"],
        "val_loss, by output": ["output a"],
    }


def test_the_class_axis_shows_losses_values_and_total():
    (ax,) = drawn_new("collapse").axes
    shown = {t.get_gid(): t.get_text().replace("−", "-") for t in ax.texts if t.get_gid()}
    texts = {gid: number_of(text) for gid, text in shown.items()}
    for n, trace in enumerate(crossentropies()):
        grid = np.asarray(trace.elementwise).reshape(6, 5)
        for (i, j), loss in np.ndenumerate(grid):
            assert texts[f"{n} {i} {j}"] == pytest.approx(loss, rel=0.06)
        for i, value in enumerate(np.ravel(trace["values"].value)):
            assert texts[f"{n} value {i}"] == pytest.approx(value, rel=0.006)
        assert texts[f"{n} total"] == pytest.approx(trace.total, rel=6e-4)
    words = words_of(drawn_new("collapse"))
    assert words.count("mean of 5") == words.count("sum of 5") == 1
    assert words.count("mean of 6") == 2


def test_a_waterfall_of_named_parts_keeps_their_order():
    (ax,) = drawn_new("waterfall").axes
    bars = {patch.get_gid(): patch for patch in ax.patches}
    scale = bars["bar 3"].get_width() / (1.75 + 2.07 - 0.4)
    assert [bars[f"bar {i}"].get_width() / scale for i in range(3)] == pytest.approx(
        [1.75, 2.07, 0.4]
    )
    assert drawn_new("waterfall").alt == (
        "Waterfall of a loss: price × 0.5 1.75, kind × 2 2.07, R -0.4; they add up to the total, "
        "3.42."
    )


def test_what_cannot_be_drawn_is_refused_with_a_reason():
    t = lb.trace("mse", [[0.0] * 9], [[1.0] * 9])
    rows = lb.trace("mse", [[1.0]] * 2, [[2.0]] * 2, reduction=None)
    for draw, part in [
        (lambda: lb.plots.budget({}), "budget takes {name: coefficients}"),
        (lambda: lb.plots.budget({"a": [-1.0]}), "none below 0. Received for 'a'"),
        (lambda: lb.plots.budget({"a": [1.0]}, groups=[1, 2]), "Received 2."),
        (lambda: lb.plots.lines({"loss": {"a": [1, 2], "b": [1]}}), "Line 'b' has shape (1,)"),
        (lambda: lb.plots.lines({"loss": {"a": [np.nan]}}), "with a finite number"),
        (lambda: lb.plots.lines([1]), "lines takes {what is measured"),
        (lambda: lb.plots.collapse(t), "room for 8 classes and 12 values"),
        (lambda: lb.plots.collapse(rows), "one number"),
        (lambda: lb.plots.waterfall({"a": "1"}), "takes {name: number}"),
    ]:
        with pytest.raises(ValueError) as error:
            draw()
        assert part in str(error.value), str(error.value)
