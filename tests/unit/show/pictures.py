"""The pictures that the tests of plots look at, and what stands in one."""

import functools
from fractions import Fraction

import numpy as np
from matplotlib.colors import to_rgb

import lossbook as lb

STAGES = (
    "elementwise", "class axis", "mask", "weights",
    "reduction", "outputs", "additional losses", "epochs",
)  # fmt: skip
GRIDS = ("elementwise", "coefficients", "contributions")


def pair(*shape):
    random = np.random.default_rng(7)
    return random.integers(0, 2, shape), random.uniform(0.05, 0.95, shape).round(2)


def traces():
    """Build one trace of each kind that a ledger can show."""
    sparse = np.random.default_rng(7).dirichlet(np.ones(3), (2, 4))
    certain = np.tile([0.0, 1.0], (8, 4))
    mask = [[True, True, False], [True, True, True]]
    yield "rank-1", lb.trace("binary_crossentropy", *pair(8))
    yield "rank-2", lb.trace("binary_crossentropy", *pair(2, 3))
    weights = [1.0, 0.0, 0.5, -2.0]
    column = [[0.5], [1.0], [2.0], [1.0]]
    yield "one-class", lb.trace("mse", np.zeros((4, 1)), column, sample_weight=weights)
    weights = [[2.0], [1.0]]
    yield "rank-3", lb.trace("bce", *pair(2, 3, 2), mask=mask, sample_weight=weights)
    yield "rank-4", lb.trace("mae", *pair(2, 2, 2, 2))
    yield (
        "sparse",
        lb.trace("sparse_categorical_crossentropy", np.eye(4, dtype=int)[:2] % 3, sparse),
    )
    first = np.moveaxis(sparse, -1, 1)
    yield "channels-first", lb.trace("categorical_crossentropy", first > 0.4, first, axis=1)
    yield "none", lb.trace("categorical_crossentropy", sparse > 0.4, sparse, reduction=None)
    yield (
        "8-by-8",
        lb.trace("binary_crossentropy", *pair(8, 8), sample_weight=np.sqrt(pair(8, 1)[1])),
    )
    yield "certain", lb.trace("binary_crossentropy", pair(8, 8)[0], certain)
    yield "half", lb.trace("mse", *pair(2, 5), dtype="float16")


TRACES = dict(traces())
drawn_path = functools.cache(lb.plots.path)


@functools.cache
def drawn_ledger(name):
    return lb.plots.ledger(TRACES[name])


BARS = {
    "plain": lb.aggregate([0.5, 1.0, 1.5, 2.0]),
    "mask": lb.aggregate([0.5, 1.0, 1.5, 2.0], mask=[1, 1, 1, 0]),
    "weight 0": lb.aggregate([0.5, 1.0, 1.5, 2.0], [1, 1, 1, 0]),
    "weight 3": lb.aggregate([0.5, 1.0, 1.5, 2.0], [1, 1, 1, 3]),
}
PANELS = {
    "loss": {"train": [3.0, 2.0, 1.0, 0.5], "val": [3.0, np.nan, 2.0, -1.0]},
    "IoU": {name: [0.1 * i, 0.5, 0.9, 0.91] for i, name in enumerate("abcdef")},
}


def crossentropies():
    labels = np.arange(6).reshape(2, 3) % 5
    p = np.random.default_rng(7).dirichlet(np.ones(5), (2, 3))
    return [
        lb.trace(f"{kind}_crossentropy", np.eye(5)[labels], p) for kind in ("binary", "categorical")
    ]


@functools.cache
def drawn_new(name):
    drawn = {
        "budget": lambda: lb.plots.budget(BARS),
        "budget, grouped": lambda: lb.plots.budget({"batches": [1 / 30] * 15 + [0.1] * 5},
                                                   groups=[0] * 15 + [1] * 5),
        "lines": lambda: lb.plots.lines(PANELS),
        "collapse": lambda: lb.plots.collapse(*crossentropies()),
        "waterfall": lambda: lb.plots.waterfall({"price × 0.5": 1.75, "kind × 2": 2.07, "R": -0.4}),
    }  # fmt: skip
    return drawn[name]()


NEW = ("budget", "budget, grouped", "lines", "collapse", "waterfall")
PICTURES = {
    **{name: (drawn_new, name) for name in NEW},
    **{f"ledger {name}": (drawn_ledger, name) for name in TRACES},
    **{f"path {name}": (drawn_path, name) for name in (None, *STAGES)},
}


def texts_of(picture):
    return [t for t in picture.axes[0].texts if t.get_text().strip()]


def words_of(picture):
    return [t.get_text() for t in texts_of(picture)]


def cells_of(picture, title, kind="patches"):
    """Return the cells of one grid (or their texts) in the order of rows and columns."""
    found = {
        tuple(map(int, artist.get_gid().split()[1:])): artist
        for artist in getattr(picture.axes[0], kind)
        if (artist.get_gid() or "").startswith(f"{title} ")
    }
    return [found[key] for key in sorted(found)]


def number_of(text):
    return float(Fraction(text)) if "/" in text else float(text)


def luminance(colour):
    """Return the relative luminance of WCAG."""
    rgb = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
