"""Every picture can be read by everybody, and leaves nothing behind."""

import subprocess
import sys

import matplotlib.style
import nbclient
import nbformat
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

import lossbook as lb
from lossbook.plots import _canvas
from tests.unit.show.pictures import (
    PICTURES,
    TRACES,
    luminance,
    texts_of,
)


@pytest.fixture(params=PICTURES)
def picture(request):
    draw, argument = PICTURES[request.param]
    return draw(argument)


def _contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_has_enough_contrast(picture, dark):
    def shown(colour):
        if dark and colour is not None:
            return _canvas.DARK.get(to_hex(colour), colour)
        return colour

    renderer = FigureCanvasAgg(picture).get_renderer()
    patches = [(p.get_window_extent(renderer), p) for p in picture.axes[0].patches]
    for text in texts_of(picture):
        box = text.get_window_extent(renderer)
        middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        filled = (p for extent, p in patches if extent.contains(*middle) and p.get_facecolor()[3])
        behind = [picture, *filled]
        paper = (text.get_bbox_patch() or behind[-1]).get_facecolor()
        if dark and behind[-1] is picture and not text.get_bbox_patch():
            paper = _canvas.DARK_PAPER
        contrast = _contrast(shown(text.get_color()), shown(paper))
        assert contrast >= 4.5, f"{text.get_text()!r}: {contrast:.2f}"


def test_a_picture_brings_its_colours_for_a_dark_page():
    svg = lb.plots.path("mask")._repr_mimebundle_()["image/svg+xml"]
    style = svg[svg.index("@media (prefers-color-scheme: dark)") : svg.index("</style>")]
    for light, dark in _canvas.DARK.items():
        assert f'[style*="fill: {light}"] {{fill: {dark} !important}}' in style
    assert f"#patch_1 path {{fill: {_canvas.DARK_PAPER} !important}}" in style
    assert '<g id="patch_1">' in svg


@pytest.mark.parametrize("hue", [_canvas.BLUE, _canvas.ORANGE, _canvas.GREEN])
def test_no_cell_has_a_colour_that_changes_in_the_dark(hue):
    tints = {_canvas.mix(hue, "#ffffff", share) for share in np.linspace(0, 0.99, 2000)}
    assert not tints & set(_canvas.DARK)


def test_black_or_white_reads_on_every_colour():
    for colour in np.random.default_rng(1).random((500, 3)):
        assert _contrast(_canvas.ink_on(colour), colour) >= 4.5


def test_every_text_stays_in_its_place(picture):
    renderer = FigureCanvasAgg(picture).get_renderer()
    texts = texts_of(picture)
    boxes = [t.get_window_extent(renderer) for t in texts]
    page = picture.bbox
    cells = {c.get_gid(): c for c in picture.axes[0].patches if isinstance(c, Rectangle)}
    for text, box in zip(texts, boxes, strict=True):
        inside = cells[text.get_gid()].get_window_extent(renderer) if text.get_gid() else page
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1, text.get_text()
        assert inside.y0 <= box.y0 and box.y1 <= inside.y1, text.get_text()
    for i, one in enumerate(boxes):
        for j in range(i):
            overlap = one.padded(-1).overlaps(boxes[j].padded(-1))
            assert not overlap, (texts[i].get_text(), texts[j].get_text())


def test_letters_are_legible_on_a_phone(picture):
    scale = min(1, 360 / (picture.get_figwidth() * 96))
    for text in texts_of(picture):
        assert text.get_fontsize() * 96 / 72 * scale >= 8, text.get_text()
    assert picture.get_figwidth() * 96 == pytest.approx(520)


def test_the_readers_settings_neither_change_a_picture_nor_are_changed():
    def drawn():
        pictures = lb.plots.path("mask"), lb.plots.ledger(TRACES["rank-3"])
        return [picture._repr_mimebundle_() for picture in pictures]

    expected = drawn()
    hostile = {
        "font.family": "serif", "font.size": 30, "text.color": "red", "savefig.bbox": "tight",
        "figure.constrained_layout.use": True, "savefig.facecolor": "black", "savefig.dpi": 10,
        "figure.facecolor": "black", "svg.fonttype": "none", "hatch.linewidth": 5,
    }  # fmt: skip
    with matplotlib.style.context("dark_background"), matplotlib.rc_context(hostile):
        before = dict(matplotlib.rcParams)
        assert drawn() == expected
        assert dict(matplotlib.rcParams) == before


def test_a_picture_is_a_titled_svg_and_a_file():
    picture = lb.plots.path("mask")
    bundle = picture._repr_mimebundle_()
    assert sorted(bundle) == ["image/svg+xml", "text/plain"]
    assert bundle["text/plain"] == picture.alt
    assert f"<title>{picture.alt}</title>" in bundle["image/svg+xml"]
    assert "<text" not in bundle["image/svg+xml"]  # paths: no font is needed


def test_pyplot_is_not_touched():
    code = (
        "import sys, lossbook as lb\n"
        "lb.plots.path('mask')._repr_mimebundle_()\n"
        "lb.plots.ledger(lb.trace('mse', [[1.0]], [[2.0]]))._repr_mimebundle_()\n"
        "print([m for m in ('matplotlib.pyplot', 'keras', 'IPython') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_a_notebook_shows_each_picture_once():
    sources = [
        "import lossbook as lb; lb.plots.path('mask')",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nlb.plots.path('mask')",
        "picture = lb.plots.ledger(lb.trace('mse', [[1.0]], [[2.0]]))",
        "plt.get_fignums()",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    shown = [[sorted(o.get("data", o)) for o in cell.outputs] for cell in notebook.cells]
    assert shown[0] == [["image/svg+xml", "text/plain"]]
    assert len(shown[1]) == 1 and "image/svg+xml" in shown[1][0]
    assert shown[2] == []
    assert notebook.cells[3].outputs[0].data["text/plain"] == "[]"
