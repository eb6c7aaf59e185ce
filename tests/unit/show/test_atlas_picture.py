"""The picture of the atlas says what the atlas says."""

import ast
import re

import nbformat
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

import lossbook as lb
from lossbook import atlas
from tests.unit.show.pictures import (
    words_of,
)
from tools.notebooks.files import ROOT


def _atlas_cells(picture):
    """Return {key of the row: [(x, width, colour), ...]}."""
    found = {}
    for patch in picture.axes[0].patches:
        if isinstance(patch, Rectangle) and patch.get_gid():
            x, width = patch.get_x(), patch.get_width()
            found.setdefault(patch.get_gid(), []).append((x, width, to_hex(patch.get_facecolor())))
    return found


def test_the_atlas_colours_a_number_by_the_newest_release_that_prints_it():
    rows = {"mask": "mask-mse-r3", "zeros": "sw-mse-r2-zeros", "images": "sw-mse-r4-b"}
    cells = _atlas_cells(lb.plots.atlas(rows))
    today, to_2_10, keras_2_2 = "#b7cbf5", "#e07a1f", "#1f2630"
    colours = {key: [colour for _, _, colour in row] for key, row in cells.items()}
    # A piece for each run of equal neighbours within Keras 2, tf.keras 1, 2, tf_keras, Keras 3.
    assert colours["mask-mse-r3"] == [today, to_2_10, to_2_10, to_2_10, today, today, today]
    assert colours["sw-mse-r2-zeros"] == [keras_2_2, *[today] * 5]
    assert colours["sw-mse-r4-b"] == [to_2_10] * 3  # nobody prints it any more; none refuses twice
    one = cells["sw-mse-r2-zeros"][-1][1] / 16  # sixteen releases of Keras 3
    assert cells["sw-mse-r2-zeros"][0][1] == pytest.approx(2 * one)


def test_the_atlas_says_it_in_words():
    alt = lb.plots.atlas({"zeros": "sw-mse-r2-zeros", "pixels": "sw-mse-r4-b"}).alt
    assert "2 rows of cases, 40 releases" in alt
    assert "zeros: 2 numbers, another than the newest in Keras 2.2" in alt
    assert "pixels: 1 number, 30 releases refuse" in alt
    many = lb.plots.atlas({"all": ["loss-mse-r2", "sw-mse-r2-zeros"]}).alt
    assert "all: 1 of 2 cases differ" in many


def test_many_rows_are_counted():
    rows = {f"row {i}": "sw-mse-r2-zeros" for i in range(17)}
    alt = lb.plots.atlas({**rows, "pixels": "sw-mse-r4-b"}).alt
    assert "Rows with another number: Keras 2.2 17, Keras 2.3 0, tf.keras 1.13 to 2.1 0, " in alt
    assert alt.endswith("Rows that some refuse: 1.")


def test_what_the_atlas_refuses_has_a_cross():
    words = words_of(lb.plots.atlas({"pixels": "sw-mse-r4-b"}))
    assert words.count("×") == 30


@pytest.mark.parametrize(
    ("key", "lines"),
    [
        ("sw-mse-r2-zeros", ["Keras 3.15: today's number", "Keras 2.2"]),
        ("sw-mse-r4-b", ["tf.keras 2.2 to 2.10", "× none: it is refused"]),
    ],
)
def test_the_legend_names_the_colours_that_are_shown_and_no_others(key, lines):
    words = words_of(lb.plots.atlas({"one": key}))
    assert words[words.index(next(w for w in words if w.startswith("The newest"))) + 1 :] == lines


def test_the_chapter_on_the_atlas_says_what_its_picture_says():
    """The alternative text in the notebook is that of the picture, made again."""
    nb = nbformat.read(ROOT / "book" / "15_atlas.ipynb", as_version=4)
    for cell in nb.cells:
        if "figure" in cell.metadata.get("tags", []):
            names = {"lb": lb, "re": re, "atlas": atlas}
            *before, last = ast.parse(cell.source).body
            exec(compile(ast.Module(before, []), "", "exec"), names)
            picture = eval(compile(ast.Expression(last.value), "", "eval"), names)
            assert cell.metadata["mystnb"]["image"]["alt"] == picture.alt, cell.id
