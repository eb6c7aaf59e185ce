"""How a Trace looks, as text and as HTML."""

import dataclasses
from html.parser import HTMLParser

import keras
import numpy as np
import pytest

import lossbook as lb
from tests.unit.trace.sample import MASK, WEIGHT, P, Y

BACKEND = keras.backend.backend()


def test_the_text_of_a_trace(snapshot):
    assert repr(lb.trace("binary_crossentropy", Y, P, WEIGHT, MASK)) == snapshot
    assert repr(lb.trace("mse", [[0.0, 0.0]] * 2, [[1.0, 2.0]] * 2, reduction=None)) == snapshot


@pytest.mark.parametrize(
    ("weight", "line"),
    [
        (None, "coefficients: the same for all 4 elements: 1/4"),
        ([1.0, -1.0], "coefficients: -1/4 (2×), 1/4 (2×)"),
        ([2.0, 1.4], "coefficients: 0.35 (2×), 1/2 (2×)"),
        ([0.0, 4e-20], "coefficients: 0 (2×), 1e-20 (2×)"),
        ([40.0, 8.0], "coefficients: 2 (2×), 10 (2×)"),
    ],
)
def test_coefficients_are_written_as_fractions_where_they_are(weight, line):
    t = lb.trace("mse", [[0.0, 0.0]] * 2, [[1.0, 2.0]] * 2, weight)
    assert repr(t).splitlines()[-1] == line
    many = lb.trace("mse", np.zeros((5, 1)), np.ones((5, 1)), [0.1, 0.2, 0.3, 0.4, 0.5])
    assert repr(many).splitlines()[-1] == "coefficients: 5 different ones, from 0.02 to 0.1"


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("reduction", lb.reduction.REDUCTIONS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0])
def test_odd_numbers_do_not_break_the_text(bad, reduction):
    for arguments in (
        {"y_true": np.array([[bad], [1.0]]), "y_pred": np.zeros((2, 1))},
        {"y_true": np.ones((2, 1)), "y_pred": np.zeros((2, 1)), "sample_weight": [bad, bad]},
    ):
        t = lb.trace("mse", **arguments, reduction=reduction)
        assert "coefficients" in repr(t) and "coefficients" in t._repr_html_()


class Checker(HTMLParser):
    """Parse strictly: every element closed in order; collect tags, attributes, text."""

    EMPTY = ("br",)

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parse(html):
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert not checker.open
    return checker


def test_the_html_of_a_trace():
    t = lb.trace("binary_crossentropy", Y, P, WEIGHT, MASK)
    page = parse(t._repr_html_())
    assert page.tags.count("tr") == 1 + len(t.stages) and page.tags.count("caption") == 1
    assert page.attributes.count(("scope", "col")) == 5
    assert page.attributes.count(("scope", "row")) == len(t.stages)
    assert {"script", "iframe", "link", "img"}.isdisjoint(page.tags)
    assert not any(name.startswith("on") or name in ("href", "src") for name, _ in page.attributes)
    text = " ".join(page.text)
    for stage in t.stages:
        assert stage.name in text and stage.operation in text and str(stage.shape) in text
    assert "total = sum of coefficient · elementwise = 0.3683" in text
    # the colours of the page around it, light or dark
    style = " ".join(value for name, value in page.attributes if name == "style")
    assert "color:inherit" in style and "#fff" not in style and "background:transparent" in style


def test_hostile_names_are_escaped():
    hostile = "<script>alert('1')</script>&\""
    t = lb.trace("mse", Y, P)
    stages = tuple(
        dataclasses.replace(stage, name=hostile, operation=hostile, formula=hostile)
        for stage in t.stages
    )
    t = dataclasses.replace(
        t, loss=hostile, reduction=hostile, rule=hostile, dtype=hostile, stages=stages
    )
    page = parse(t._repr_html_())
    assert "script" not in page.tags and "alert" not in str(page.attributes)
    assert "".join(page.text).count(hostile) == 4 + 3 * len(stages)


def test_a_large_trace_is_shown_in_few_characters():
    p = np.random.default_rng(1).random((8, 64, 64, 5), dtype=np.float32)
    weight = np.random.default_rng(2).random((8, 64, 64), dtype=np.float32)
    t = lb.trace("binary_crossentropy", np.round(p), p, weight)
    assert len(repr(t)) < 2000 and len(t._repr_html_()) < 6000
    assert t.coefficients.shape == p.shape
