"""The path and the ledger: a picture says what the trace says."""

import re

import numpy as np
import pytest

import lossbook as lb
from tests.unit.show.pictures import (
    GRIDS,
    STAGES,
    TRACES,
    cells_of,
    drawn_ledger,
    drawn_path,
    luminance,
    number_of,
    pair,
    texts_of,
    words_of,
)

# The path


def test_the_path_shows_every_stage_in_order():
    words = words_of(lb.plots.path())
    assert [w for w in words if w in STAGES] == list(STAGES)
    shapes = [w for w in words if w == "one number" or w.startswith("(")]
    assert shapes == ["(B, H, W, C)"] * 2 + ["(B, H, W)"] * 3 + ["one number"] * 4


@pytest.mark.parametrize("name", STAGES)
def test_the_strip_lights_one_stage_by_more_than_colour(name):
    strip = drawn_path(name)
    assert words_of(strip) == list(STAGES)
    assert strip.get_figheight() * 96 == pytest.approx(64)
    dots = {p.get_gid()[6:]: p for p in strip.axes[0].patches if p.get_gid()}
    assert tuple(dots) == STAGES
    assert [stage for stage, dot in dots.items() if dot.get_linewidth() > 2] == [name]
    assert [stage for stage, dot in dots.items() if dot.get_radius() > 5] == [name]
    assert [t.get_text() for t in texts_of(strip) if t.get_weight() == "bold"] == [name]


def test_an_unknown_stage_is_refused_with_the_names():
    with pytest.raises(ValueError) as error:
        lb.plots.path("class_axis")
    assert str(error.value) == (
        "Unknown stage 'class_axis'. Expected None or one of: elementwise, class axis, mask, "
        "weights, reduction, outputs, additional losses, epochs."
    )


def test_the_path_in_words():
    plain = (
        "The path from a tensor to one number: (B, H, W, C) after elementwise; (B, H, W) after "
        "class axis, mask, weights; one number after reduction, outputs, additional losses, epochs."
    )
    assert lb.plots.path().alt == plain
    assert lb.plots.path("epochs").alt == (
        "The path of a loss, eight stages in a row: elementwise, class axis, mask, weights, "
        "reduction, outputs, additional losses, epochs (here)."
    )


# The ledger


@pytest.mark.parametrize("name", TRACES)
def test_every_cell_holds_the_number_of_the_trace(name):
    trace = TRACES[name]
    picture = drawn_ledger(name)
    for title in GRIDS:
        values = np.asarray(getattr(trace, title), dtype=np.float64)
        if name == "channels-first":
            values = np.moveaxis(values, 1, -1)
        shown = [number_of(t.get_text()) for t in cells_of(picture, title, "texts")]
        assert len(cells_of(picture, title)) == values.size
        # Two digits at least: half a unit of the second is 5 % at worst, of 1.0.
        np.testing.assert_allclose(shown, values.ravel(), rtol=0.051, atol=0)


@pytest.mark.parametrize("name", [n for n in TRACES if n not in ("8-by-8", "certain")])
def test_numbers_have_three_digits_or_more_where_there_is_room(name):
    picture = drawn_ledger(name)
    for title in GRIDS:
        for text in (t.get_text() for t in cells_of(picture, title, "texts")):
            digits = re.sub(r"e.*|\.|-", "", text).lstrip("0")
            assert "/" in text or number_of(text) in (0, 1) or len(digits) >= 3, text


@pytest.mark.parametrize("name", TRACES)
def test_the_sum_under_the_ledger_is_the_total(name):
    trace = TRACES[name]
    words = [w for w in words_of(drawn_ledger(name)) if "total" in w or "reduction none" in w]
    if name == "none":
        assert words == ["reduction none: no sum, an array of shape (2, 4)"]
    else:
        assert words == [f"sum of contributions = total = {trace.total:#.4g}"]
        total = np.asarray(trace.contributions, dtype=np.float64).sum()
        assert float(words[0].split()[-1]) == pytest.approx(total, rel=6e-4)


def test_coefficients_are_fractions_where_they_are():
    def shown(name):
        return [t.get_text() for t in cells_of(drawn_ledger(name), "coefficients", "texts")]

    assert shown("rank-2") == ["1/6"] * 6
    assert shown("one-class") == ["1/4", "0", "1/8", "-1/2"]
    assert shown("rank-3") == ["1/5"] * 4 + ["0"] * 2 + ["1/10"] * 6
    assert not any("/" in text for text in shown("8-by-8")[:8])


def test_numbers_are_written_as_short_as_their_cell_needs():
    weights = [0.35 / 3, 3.0, 3e-9, 1.0]
    t = lb.trace("mse", np.zeros((4, 1)), [[1.0], [40.0], [3.0], [1e-4]], sample_weight=weights)
    picture = lb.plots.ledger(t)
    assert [c.get_text() for c in cells_of(picture, "elementwise", "texts")] == [
        "1.000", "1600", "9.000", "1.000e-8"
    ]  # fmt: skip
    assert [c.get_text() for c in cells_of(picture, "coefficients", "texts")] == [
        "7/240", "3/4", "7.500e-10", "1/4"
    ]  # fmt: skip


@pytest.mark.parametrize("name", TRACES)
def test_cells_that_do_not_count_are_hatched_and_explained(name):
    picture = drawn_ledger(name)
    zero = (np.asarray(TRACES[name].coefficients) == 0).ravel()
    for title in GRIDS:
        hatched = [bool(cell.get_hatch()) for cell in cells_of(picture, title)]
        assert hatched == ([False] * zero.size if title == "elementwise" else zero.tolist())
    note = "coefficient 0: there is a loss, it does not count"
    assert (note in words_of(picture)) == zero.any()


@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [
        ("rank-1", "sample", []),
        ("rank-2", "class", ["sample 0", "sample 1"]),
        ("rank-3", "class", ["sample 0", "position 0", "position 1", "position 2", "sample 1"]),
        ("rank-4", "class", ["sample 0", "position 0, 0", "position 0, 1", "position 1, 0"]),
        ("sparse", "position", ["sample 0", "sample 1"]),
        ("channels-first", "class", ["sample 0", "position 0", "position 1", "position 2"]),
    ],
)
def test_axes_are_labelled(name, columns, rows):
    words = words_of(drawn_ledger(name))
    assert columns in words
    labels = [w for w in words if re.match(r"(sample|position|class) \d", w)]
    assert labels[: len(rows)] == rows
    assert bool(labels) == bool(rows)


def test_narrow_grids_stand_side_by_side_and_wide_ones_one_below_the_other():
    def corner(name, title):
        return cells_of(drawn_ledger(name), title)[0].get_xy()

    narrow, wide = ("one-class", "rank-3", "rank-4"), ("rank-1", "rank-2", "8-by-8")
    for name in (*narrow, *wide):
        (x1, y1), (x2, y2) = corner(name, "elementwise"), corner(name, "contributions")
        assert (x1 < x2 and y1 == y2) if name in narrow else (x1 == x2 and y1 < y2)


def test_a_fuller_colour_is_a_larger_magnitude():
    cells = cells_of(drawn_ledger("one-class"), "contributions")
    order = np.argsort([-luminance(c.get_facecolor()) for c in cells])
    assert order.tolist() == np.argsort(np.abs(TRACES["one-class"].contributions[:, 0])).tolist()


def test_nan_and_infinity_are_shown_as_such():
    with pytest.warns(UserWarning, match="NaN or infinite"):
        t = lb.trace("mse", np.zeros((1, 3)), [[1.0, np.nan, np.inf]], sample_weight=[[0.0]])
    picture = lb.plots.ledger(t)
    words = [[c.get_text() for c in cells_of(picture, title, "texts")] for title in GRIDS]
    assert words == [["1.000", "nan", "inf"], ["0", "0", "0"], ["0", "nan", "nan"]]
    assert "sum of contributions = total = nan" in words_of(picture)
    assert "from 1 to inf" in picture.alt


def test_tensors_are_drawn_as_arrays_are():
    ops = pytest.importorskip("keras").ops
    y_true, y_pred = pair(2, 3)
    arguments = [ops.convert_to_tensor(a, "float32") for a in (y_true, y_pred)]
    words = words_of(lb.plots.ledger(lb.trace("mse", *arguments)))
    assert words == words_of(lb.plots.ledger(lb.trace("mse", y_true, y_pred)))


@pytest.mark.parametrize(
    ("shape", "part"),
    [
        ((2, 256, 256, 5), ":2, :2, :2"),
        ((1, 9), ":2, :4"),
        ((17, 1), ":2"),
        ((13, 5), ":2"),
        ((9,), ":4"),
    ],
)
def test_a_trace_that_is_too_large_is_refused_with_a_way_out(shape, part):
    with pytest.raises(ValueError) as error:
        lb.plots.ledger(lb.trace("mse", np.zeros(shape), np.ones(shape)))
    assert str(error.value) == (
        "A ledger has room for 64 elements: at most 8 along the class axis (or the last one) and "
        f"16 along all others. This trace has shape {shape}. Trace a part, as in y_true[{part}], "
        f"y_pred[{part}]; its coefficients are its own, for it divides by fewer values."
    )
    index = tuple(slice(int(stop)) for stop in part.replace(":", "").split(", "))
    lb.plots.ledger(lb.trace("mse", np.zeros(shape)[index], np.ones(shape)[index]))


def test_the_ledger_in_words():
    assert drawn_ledger("one-class").alt == (
        "Ledger of mean_squared_error, sum_over_batch_size, shape (4, 1): elementwise losses from "
        "0.25 to 4, times coefficients (-1/2, 0, 1/8, 1/4), give the contributions; "
        "they add up to the total, 0.06250. Where the coefficient is 0, the cells are hatched."
    )
    assert drawn_ledger("none").alt.endswith(
        "they are not added up, for the result is an array of shape (2, 4)."
    )
    assert "coefficients (between 0.00" in drawn_ledger("8-by-8").alt
