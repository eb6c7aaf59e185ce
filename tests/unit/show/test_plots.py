"""The pictures say what the trace says, can be read by everybody, and leave nothing behind."""

import functools
import re
import subprocess
import sys
from fractions import Fraction

import matplotlib.style
import nbclient
import nbformat
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle

import lossbook as lb
from lossbook import atlas
from lossbook.plots import _canvas
from tools.notebooks.files import ROOT

STAGES = (
    "elementwise", "class axis", "mask", "weights",
    "reduction", "outputs", "additional losses", "epochs",
)  # fmt: skip
GRIDS = ("elementwise", "coefficients", "contributions")


def _pair(*shape):
    random = np.random.default_rng(7)
    return random.integers(0, 2, shape), random.uniform(0.05, 0.95, shape).round(2)


def _traces():
    """Build one trace of each kind that a ledger can show."""
    sparse = np.random.default_rng(7).dirichlet(np.ones(3), (2, 4))
    certain = np.tile([0.0, 1.0], (8, 4))
    mask = [[True, True, False], [True, True, True]]
    yield "rank-1", lb.trace("binary_crossentropy", *_pair(8))
    yield "rank-2", lb.trace("binary_crossentropy", *_pair(2, 3))
    weights = [1.0, 0.0, 0.5, -2.0]
    column = [[0.5], [1.0], [2.0], [1.0]]
    yield "one-class", lb.trace("mse", np.zeros((4, 1)), column, sample_weight=weights)
    weights = [[2.0], [1.0]]
    yield "rank-3", lb.trace("bce", *_pair(2, 3, 2), mask=mask, sample_weight=weights)
    yield "rank-4", lb.trace("mae", *_pair(2, 2, 2, 2))
    yield (
        "sparse",
        lb.trace("sparse_categorical_crossentropy", np.eye(4, dtype=int)[:2] % 3, sparse),
    )
    first = np.moveaxis(sparse, -1, 1)
    yield "channels-first", lb.trace("categorical_crossentropy", first > 0.4, first, axis=1)
    yield "none", lb.trace("categorical_crossentropy", sparse > 0.4, sparse, reduction=None)
    yield (
        "8-by-8",
        lb.trace("binary_crossentropy", *_pair(8, 8), sample_weight=np.sqrt(_pair(8, 1)[1])),
    )
    yield "certain", lb.trace("binary_crossentropy", _pair(8, 8)[0], certain)
    yield "half", lb.trace("mse", *_pair(2, 5), dtype="float16")


TRACES = dict(_traces())
_path = functools.cache(lb.plots.path)


@functools.cache
def _ledger(name):
    return lb.plots.ledger(TRACES[name])


PICTURES = {
    **{f"ledger {name}": (_ledger, name) for name in TRACES},
    **{f"path {name}": (_path, name) for name in (None, *STAGES)},
}


@pytest.fixture(params=PICTURES)
def picture(request):
    draw, argument = PICTURES[request.param]
    return draw(argument)


def _texts(picture):
    return [t for t in picture.axes[0].texts if t.get_text().strip()]


def _words(picture):
    return [t.get_text() for t in _texts(picture)]


def _cells(picture, title, kind="patches"):
    """Return the cells of one grid (or their texts) in the order of rows and columns."""
    found = {
        tuple(map(int, artist.get_gid().split()[1:])): artist
        for artist in getattr(picture.axes[0], kind)
        if (artist.get_gid() or "").startswith(f"{title} ")
    }
    return [found[key] for key in sorted(found)]


def _read(text):
    return float(Fraction(text)) if "/" in text else float(text)


# The path


def test_the_path_shows_every_stage_in_order():
    words = _words(lb.plots.path())
    assert [w for w in words if w in STAGES] == list(STAGES)
    shapes = [w for w in words if w == "one number" or w.startswith("(")]
    assert shapes == ["(B, H, W, C)"] * 2 + ["(B, H, W)"] * 3 + ["one number"] * 4


@pytest.mark.parametrize("name", STAGES)
def test_the_highlighted_stage_differs_in_more_than_colour(name):
    boxes = {p.get_gid()[6:]: p for p in _path(name).axes[0].patches if p.get_gid()}
    assert tuple(boxes) == STAGES
    widths = {stage: box.get_linewidth() for stage, box in boxes.items()}
    assert [stage for stage, width in widths.items() if width > 2] == [name]
    dark = [stage for stage, box in boxes.items() if _luminance(box.get_facecolor()) < 0.2]
    assert dark == [name]
    bold = [t.get_text() for t in _texts(_path(name)) if t.get_weight() == "bold"]
    usually = [t.get_text() for t in _texts(_path(None)) if t.get_weight() == "bold"]
    assert len(bold) == len(usually) + 2  # the formula and the shape of that stage


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
    assert lb.plots.path("epochs").alt == f"{plain} Highlighted stage: epochs."


# The ledger


@pytest.mark.parametrize("name", TRACES)
def test_every_cell_holds_the_number_of_the_trace(name):
    trace = TRACES[name]
    picture = _ledger(name)
    for title in GRIDS:
        values = np.asarray(getattr(trace, title), dtype=np.float64)
        if name == "channels-first":
            values = np.moveaxis(values, 1, -1)
        shown = [_read(t.get_text()) for t in _cells(picture, title, "texts")]
        assert len(_cells(picture, title)) == values.size
        # Two digits at least: half a unit of the second is 5 % at worst, of 1.0.
        np.testing.assert_allclose(shown, values.ravel(), rtol=0.051, atol=0)


@pytest.mark.parametrize("name", [n for n in TRACES if n not in ("8-by-8", "certain")])
def test_numbers_have_three_digits_or_more_where_there_is_room(name):
    picture = _ledger(name)
    for title in GRIDS:
        for text in (t.get_text() for t in _cells(picture, title, "texts")):
            digits = re.sub(r"e.*|\.|-", "", text).lstrip("0")
            assert "/" in text or _read(text) in (0, 1) or len(digits) >= 3, text


@pytest.mark.parametrize("name", TRACES)
def test_the_sum_under_the_ledger_is_the_total(name):
    trace = TRACES[name]
    words = [w for w in _words(_ledger(name)) if "total" in w or "reduction none" in w]
    if name == "none":
        assert words == ["reduction none: no sum, an array of shape (2, 4)"]
    else:
        assert words == [f"sum of contributions = total = {trace.total:#.4g}"]
        total = np.asarray(trace.contributions, dtype=np.float64).sum()
        assert float(words[0].split()[-1]) == pytest.approx(total, rel=6e-4)


def test_coefficients_are_fractions_where_they_are():
    def shown(name):
        return [t.get_text() for t in _cells(_ledger(name), "coefficients", "texts")]

    assert shown("rank-2") == ["1/6"] * 6
    assert shown("one-class") == ["1/4", "0", "1/8", "-1/2"]
    assert shown("rank-3") == ["1/5"] * 4 + ["0"] * 2 + ["1/10"] * 6
    assert not any("/" in text for text in shown("8-by-8")[:8])


def test_numbers_are_written_as_short_as_their_cell_needs():
    weights = [0.35 / 3, 3.0, 3e-9, 1.0]
    t = lb.trace("mse", np.zeros((4, 1)), [[1.0], [40.0], [3.0], [1e-4]], sample_weight=weights)
    picture = lb.plots.ledger(t)
    assert [c.get_text() for c in _cells(picture, "elementwise", "texts")] == [
        "1.000", "1600", "9.000", "1.000e-8"
    ]  # fmt: skip
    assert [c.get_text() for c in _cells(picture, "coefficients", "texts")] == [
        "7/240", "3/4", "7.500e-10", "1/4"
    ]  # fmt: skip


@pytest.mark.parametrize("name", TRACES)
def test_cells_that_do_not_count_are_hatched_and_explained(name):
    picture = _ledger(name)
    zero = (np.asarray(TRACES[name].coefficients) == 0).ravel()
    for title in GRIDS:
        hatched = [bool(cell.get_hatch()) for cell in _cells(picture, title)]
        assert hatched == ([False] * zero.size if title == "elementwise" else zero.tolist())
    note = "coefficient 0: there is a loss, it does not count"
    assert (note in _words(picture)) == zero.any()


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
    words = _words(_ledger(name))
    assert columns in words
    labels = [w for w in words if re.match(r"(sample|position|class) \d", w)]
    assert labels[: len(rows)] == rows
    assert bool(labels) == bool(rows)


def test_narrow_grids_stand_side_by_side_and_wide_ones_one_below_the_other():
    def corner(name, title):
        return _cells(_ledger(name), title)[0].get_xy()

    narrow, wide = ("one-class", "rank-3", "rank-4"), ("rank-1", "rank-2", "8-by-8")
    for name in (*narrow, *wide):
        (x1, y1), (x2, y2) = corner(name, "elementwise"), corner(name, "contributions")
        assert (x1 < x2 and y1 == y2) if name in narrow else (x1 == x2 and y1 < y2)


def test_a_fuller_colour_is_a_larger_magnitude():
    cells = _cells(_ledger("one-class"), "contributions")
    order = np.argsort([-_luminance(c.get_facecolor()) for c in cells])
    assert order.tolist() == np.argsort(np.abs(TRACES["one-class"].contributions[:, 0])).tolist()


def test_nan_and_infinity_are_shown_as_such():
    with pytest.warns(UserWarning, match="NaN or infinite"):
        t = lb.trace("mse", np.zeros((1, 3)), [[1.0, np.nan, np.inf]], sample_weight=[[0.0]])
    picture = lb.plots.ledger(t)
    words = [[c.get_text() for c in _cells(picture, title, "texts")] for title in GRIDS]
    assert words == [["1.000", "nan", "inf"], ["0", "0", "0"], ["0", "nan", "nan"]]
    assert "sum of contributions = total = nan" in _words(picture)
    assert "from 1 to inf" in picture.alt


def test_tensors_are_drawn_as_arrays_are():
    ops = pytest.importorskip("keras").ops
    y_true, y_pred = _pair(2, 3)
    arguments = [ops.convert_to_tensor(a, "float32") for a in (y_true, y_pred)]
    words = _words(lb.plots.ledger(lb.trace("mse", *arguments)))
    assert words == _words(lb.plots.ledger(lb.trace("mse", y_true, y_pred)))


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
    assert _ledger("one-class").alt == (
        "Ledger of mean_squared_error, sum_over_batch_size, shape (4, 1): elementwise losses from "
        "0.25 to 4, times coefficients (-1/2, 0, 1/8, 1/4), give the contributions; "
        "they add up to the total, 0.06250. Where the coefficient is 0, the cells are hatched."
    )
    assert _ledger("none").alt.endswith(
        "they are not added up, for the result is an array of shape (2, 4)."
    )
    assert "coefficients (between 0.00" in _ledger("8-by-8").alt


# Every picture


def _luminance(colour):
    rgb = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def _contrast(one, other):
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_text_has_enough_contrast(picture):
    renderer = FigureCanvasAgg(picture).get_renderer()
    patches = [(p.get_window_extent(renderer), p) for p in picture.axes[0].patches]
    for text in _texts(picture):
        box = text.get_window_extent(renderer)
        middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        behind = [picture, *(patch for extent, patch in patches if extent.contains(*middle))]
        paper = (text.get_bbox_patch() or behind[-1]).get_facecolor()
        contrast = _contrast(text.get_color(), paper)
        assert contrast >= 4.5, f"{text.get_text()!r}: {contrast:.2f}"


def test_black_or_white_reads_on_every_colour():
    for colour in np.random.default_rng(1).random((500, 3)):
        assert _contrast(_canvas.ink_on(colour), colour) >= 4.5


def test_every_text_stays_in_its_place(picture):
    renderer = FigureCanvasAgg(picture).get_renderer()
    texts = _texts(picture)
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
    for text in _texts(picture):
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


# The atlas


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
    words = _words(lb.plots.atlas({"pixels": "sw-mse-r4-b"}))
    assert words.count("×") == 30


def test_the_chapter_on_the_atlas_says_what_its_picture_says():
    """The alternative text in the notebook is that of the picture, made again."""
    nb = nbformat.read(ROOT / "book" / "15_atlas.ipynb", as_version=4)
    for cell in nb.cells:
        if "figure" in cell.metadata.get("tags", []):
            names = {"lb": lb, "re": re, "atlas": atlas}
            *lines, last = cell.source.rstrip().split("\n")
            exec("\n".join(lines), names)
            picture = eval(last, names)
            assert cell.metadata["mystnb"]["image"]["alt"] == picture.alt, cell.id
