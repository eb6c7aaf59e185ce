"""Axes for a drawing of one's own: they follow a dark page, and leave Matplotlib as it was."""

import re

import matplotlib
import nbformat
import numpy as np
import pytest

import lossbook as lb
from lossbook.plots import _canvas
from tools.notebooks.files import ROOT


def svg(picture):
    return picture._repr_mimebundle_()["image/svg+xml"]


def test_black_on_the_paper_becomes_ink_and_black_on_a_cell_stays():
    picture, (left, right) = lb.plots.subplots(1, 2, height=200)
    left.imshow(np.ones((2, 2)), vmin=0, vmax=2)
    on_a_cell = left.text(0, 0, "1")
    left.set(title="cells", xlabel="step")
    bars = right.bar([0, 1], [1.0, 2.0], color=_canvas.BLUE)
    (above, _) = right.bar_label(bars)
    on_a_bar = right.text(1, 1, "2", color="white", ha="center")
    in_a_box = right.text(1, 0.5, "3", ha="center", bbox={"facecolor": "white"})
    line = right.axhline(1.5, color="black")
    shown = svg(picture)
    assert on_a_cell.get_color() == "black" and on_a_bar.get_color() == "white"
    assert in_a_box.get_color() == "black"
    for artist in (above, line, left.title, left.xaxis.label):
        assert artist.get_color() == _canvas.INK
    ticks = [tick for ax in picture.axes for tick in ax.get_xticklabels() + ax.get_yticklabels()]
    assert {tick.get_color() for tick in ticks} == {_canvas.INK}
    assert f"fill: {_canvas.BLUE}" in shown and f"stroke: {_canvas.INK}" in shown
    assert "#000000" not in re.sub(r'(?s)<g id="text_\d+">.*?</g>', "", shown)
    assert shown.count("fill: #ffffff") == 3  # the paper, the box, the letter on the bar


def test_it_is_as_wide_as_the_others_and_leaves_no_setting_behind():
    before = dict(matplotlib.rcParams)
    picture, axes = lb.plots.subplots(2, 3, height=300, sharex=True)
    assert axes.shape == (2, 3)
    assert picture.get_size_inches() * 96 == pytest.approx([520, 300])
    svg(picture)
    assert dict(matplotlib.rcParams) == before


def test_it_has_the_words_that_it_is_given_or_those_of_its_axes():
    picture, (left, right) = lb.plots.subplots(1, 2)
    left.set_title("Truth")
    right.set(xlabel="step", ylabel="loss")
    assert picture._repr_mimebundle_()["text/plain"] == "Drawing: Truth; loss over step."
    picture.alt = "Two panels."
    assert "<title>Two panels.</title>" in svg(picture)


@pytest.mark.parametrize(("rows", "columns", "height"), [(0, 1, 200), (1, 1.5, 200), (1, 1, 9)])
def test_other_sizes_are_refused(rows, columns, height):
    with pytest.raises(ValueError) as error:
        lb.plots.subplots(rows, columns, height)
    assert str(error.value) == (
        "subplots takes 1 to 8 rows and columns, and a height of 60 to 2000 CSS pixels. Received: "
        f"rows={rows}, columns={columns}, height={height}."
    )


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("[01]*.ipynb")), ids=lambda p: p.stem)
def test_the_chapters_draw_on_paper_that_follows_the_page(path):
    nb = nbformat.read(path, as_version=4)
    assert not [cell.id for cell in nb.cells if "pyplot" in cell.source]
