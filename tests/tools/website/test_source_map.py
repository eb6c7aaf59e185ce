"""The map of the source: every call on it is in Keras, every link leads to lines and chapters."""

import importlib.util
import re
from pathlib import Path
from xml.etree import ElementTree

import keras
import pytest

import lossbook as lb
from tools.notebooks.files import chapters
from tools.sphinx_extensions.source_map import SIZES, STOPS, listed, parent, svg

BOOK = Path(__file__).parents[3] / "book"
CHAPTERS = chapters()

on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the map is drawn for TensorFlow"
)


@on_tensorflow
@pytest.mark.parametrize("index", range(1, len(STOPS)))
def test_the_caller_calls_it(index):
    above = STOPS[parent(index)]
    assert STOPS[index]["depth"] == above["depth"] + 1
    code = lb.source(above["name"]).code
    assert STOPS[index]["calls"] in code


def test_a_call_that_is_not_there_would_be_noticed():
    assert "apply_mask(" not in lb.source("reduce_values").code


@on_tensorflow
def test_every_box_links_to_the_lines_of_its_function_and_to_its_chapter():
    root = ElementTree.fromstring(svg())
    links = [(a.get("href"), a.get("aria-label")) for a in root.iter("a")]
    assert len(links) == 2 * len(STOPS)
    folder = Path(importlib.util.find_spec("keras").origin).parent.parent
    for stop, (href, label), (page, number) in zip(STOPS, links[::2], links[1::2], strict=True):
        found = re.fullmatch(r"https://github\.com/\S+/blob/v([\d.]+)/(\S+)#L(\d+)-L\d+", href)
        version, file, first = found.groups()
        assert version == keras.__version__
        line = (folder / file).read_text(encoding="utf-8").splitlines()[int(first) - 1]
        assert re.match(rf"\s*def {lb.source(stop['name']).function.rpartition('.')[2]}\(", line)
        assert f"lines {first} to " in label
        assert (BOOK / page.replace(".html", ".ipynb")).is_file()
        assert number == f"ch. {stop['chapter']}, {CHAPTERS[stop['chapter']][1]}"


@on_tensorflow
def test_the_boxes_lie_inside_the_drawing_and_can_be_hit():
    root = ElementTree.fromstring(svg())
    boxes = [{k: float(v) for k, v in r.attrib.items() if k != "class"} for r in root.iter("rect")]
    assert len(boxes) == 3 * len(STOPS)
    for box in boxes:
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= SIZES["WIDTH"]
        assert box["y"] + box["height"] <= float(root.get("height"))
        assert min(box["width"], box["height"]) >= 28  # 24 on a phone 340 wide
    for text in root.iter("text"):
        if text.get("class") == "lb-name":  # 12 px monospaced: 7.25 a letter
            assert float(text.get("x")) + 7.25 * len(text.text) < SIZES["WIDTH"] - 60


@on_tensorflow
def test_the_list_says_the_same():
    lines = listed().splitlines()
    assert len(lines) == len(STOPS)
    for stop, line in zip(STOPS, lines, strict=True):
        source = lb.source(stop["name"])
        assert f"[`{source.function}`]({source.permalink})" in line
        assert stop["does"] in line
        assert f"({CHAPTERS[stop['chapter']][0]}.ipynb)" in line
    assert "called by `CompileLoss.call`" in lines[4]


def test_a_nightly_has_no_lines_to_link_to(monkeypatch):
    nightly = "3.16.0.dev2026112103"
    monkeypatch.setattr("lossbook._trace.keras_source.installed_keras", lambda: nightly)
    root = ElementTree.fromstring(svg())
    assert len(list(root.iter("a"))) == len(STOPS)
    assert "github.com" not in listed()


def test_a_long_title_is_cut_at_its_colon():
    assert CHAPTERS[5][1] == "Weights"
    assert CHAPTERS[16][1] == "Rosetta"
